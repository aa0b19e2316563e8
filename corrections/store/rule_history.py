"""Which settings of the boundary rule were in force when: what was measured is judged by those of its fix time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from corrections.domain.in_force import RulesInForce
from corrections.domain.model import EPOCH, to_us
from corrections.domain.rules import BoundaryRule
from corrections.settings import Settings
from corrections.store.rulebook import boundary_rule
from corrections.store.tables import RuleSettings


def remember_rule(session: Session, rule: BoundaryRule, now: datetime) -> None:
    """Note the settings that a process starts with as in force from ``now`` on, unless they are already; the very first hold for all
    time before, too."""
    last = session.exec(select(RuleSettings).order_by(col(RuleSettings.id).desc()).limit(1)).first()
    content = as_json(rule)
    if last is None or last.boundary != content:
        since = EPOCH if last is None else max(now, last.valid_from)
        session.add(RuleSettings(valid_from=since, boundary=content))
        session.flush()


def rules_in_force(session: Session) -> RulesInForce:
    """All settings there ever were, in order of time; empty where nothing was ever evaluated. Raises msgspec.ValidationError for one
    that this version of the program cannot read."""
    rows = session.exec(select(RuleSettings).order_by(col(RuleSettings.id))).all()
    return tuple((to_us(row.valid_from), msgspec.convert(row.boundary, BoundaryRule)) for row in rows)


def rules_at_hand(session: Session, settings: Settings) -> RulesInForce:
    """``rules_in_force``; the settings of today where nothing was ever evaluated."""
    return rules_in_force(session) or ((to_us(EPOCH), boundary_rule(settings.rules.boundary)),)


def as_json(rule: BoundaryRule) -> dict[str, Any]:
    """Settings as they are stored, and as evidence keeps them."""
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asdict(rule)))
    return content
