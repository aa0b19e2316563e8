"""Spells of a rule about contact, as violations: raised, ended when contact resumes or monitoring stops."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from corrections.domain.contact import Spell
from corrections.domain.model import Rule, from_us
from corrections.domain.reasons import contact_reason
from corrections.monitor.violations import LATER_EVIDENCE, moment, new_violation, open_violation
from corrections.review import queue
from corrections.settings import Rules
from corrections.store.tables import Subject

CONTACT_RESUMED = "contact resumed"
MONITORING_ENDED = "monitoring ended"


def settle_spells(
    session: Session,
    subject: Subject,
    spells: Iterable[Spell],
    lawful_until_us: int,
    threshold_us: int,
    timezone: ZoneInfo,
    rules: Rules,
    now: datetime,
) -> None:
    """Raise and end violations about contact."""
    for spell in spells:
        columns = _contact_columns(spell, lawful_until_us, threshold_us, timezone, rules)
        stored = open_violation(session, subject, spell.rule)
        if stored is not None:
            queue.revise(session, stored, columns, now, note=CONTACT_RESUMED if spell.ended_us is not None else LATER_EVIDENCE)
        else:
            queue.raise_violation(session, new_violation(subject, spell.rule, columns, now), rules.due, now)


def end_contact_violations(session: Session, subject: Subject, at: datetime, now: datetime) -> None:
    """End what is in progress about the contact of a subject who is not monitored any more."""
    for rule in (Rule.SILENCE, Rule.NO_POSITION):
        if (stored := open_violation(session, subject, rule)) is not None:
            queue.revise(session, stored, {"ended_at": max(at, stored.started_at)}, now, note=MONITORING_ENDED)


def _contact_columns(spell: Spell, lawful_until_us: int, threshold_us: int, timezone: ZoneInfo, rules: Rules) -> dict[str, Any]:
    zh, en = contact_reason(spell, threshold_us, timezone)
    return {
        "severity": rules.silence.severity.value,
        "started_at": from_us(spell.last_us),
        "opened_at": from_us(spell.due_us),
        "ended_at": None if spell.ended_us is None else from_us(spell.ended_us),
        "ends_at": moment(lawful_until_us),
        "last_fix_at": from_us(spell.last_us),
        "evidence": {"last_us": spell.last_us, "due_us": spell.due_us, "threshold_us": threshold_us},
        "reason_zh": zh,
        "reason_en": en,
    }
