"""What happens to a violation, step by step, as append-only events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from corrections.domain.model import EPOCH, ReviewState
from corrections.store.tables import ReviewEvent, Violation


class EventKind(StrEnum):
    DETECTED = "detected"
    ASSIGNED = "assigned"
    REVISED = "revised"  # later evidence changed it
    WITHDRAWN = "withdrawn"  # later evidence took it back before anybody claimed it
    REVIVED = "revived"  # still later evidence bears it out again
    NOTIFIED = "notified"  # a subject, an officer or an office head is to be told of it
    CLAIMED = "claimed"
    RELEASED = "released"
    NOTED = "noted"
    CONTACTED = "contacted"
    HANDED_OVER = "handed_over"
    DECIDED = "decided"
    REOPENED = "reopened"


def append(
    session: Session, violation: Violation, kind: EventKind, content: Mapping[str, Any], now: datetime, officer_id: int | None = None
) -> None:
    """Add one event in the caller's transaction. ``officer_id`` None is the service itself; times in ``content`` become ISO 8601."""
    assert violation.id is not None
    plain = {key: _plain(value) for key, value in content.items()}
    session.add(ReviewEvent(violation_id=violation.id, at=now, officer_id=officer_id, kind=kind.value, content=plain))
    session.flush()  # ids in the order of what happened


def last(session: Session, violation_id: int) -> ReviewEvent | None:
    """The newest event of a violation."""
    statement = select(ReviewEvent).where(ReviewEvent.violation_id == violation_id)
    return session.exec(statement.order_by(col(ReviewEvent.id).desc()).limit(1)).first()


def last_steps(session: Session, violations: list[Violation]) -> dict[int, datetime]:
    """When the officer who holds each claimed violation last did something about it, by violation. Others are left out."""
    held = {v.id: v.claimed_by for v in violations if v.id is not None and v.review_state == ReviewState.CLAIMED}
    if not held:
        return {}
    steps: dict[int, datetime] = {}
    statement = select(ReviewEvent.violation_id, ReviewEvent.officer_id, ReviewEvent.at)
    for violation_id, officer_id, at in session.exec(statement.where(col(ReviewEvent.violation_id).in_(held))):
        if officer_id == held[violation_id]:
            steps[violation_id] = max(at, steps.get(violation_id, EPOCH))
    return steps


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
