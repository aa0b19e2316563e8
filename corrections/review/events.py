"""What happens to a violation, step by step, as append-only events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

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
    ATTACHED = "attached"  # a photo or document
    HANDED_OVER = "handed_over"
    ESCALATED = "escalated"  # not decided in time: somebody further up answers for it, too
    DECIDED = "decided"
    REOPENED = "reopened"


IN_WORDS = {
    EventKind.DETECTED: ("发现", "detected"),
    EventKind.ASSIGNED: ("分派", "assigned"),
    EventKind.REVISED: ("证据更新", "revised"),
    EventKind.WITHDRAWN: ("撤回", "withdrawn"),
    EventKind.REVIVED: ("恢复", "revived"),
    EventKind.NOTIFIED: ("提醒", "notified"),
    EventKind.CLAIMED: ("认领", "claimed"),
    EventKind.RELEASED: ("退回", "released"),
    EventKind.NOTED: ("备注", "noted"),
    EventKind.CONTACTED: ("联络", "contacted"),
    EventKind.ATTACHED: ("添加附件", "attached a file"),
    EventKind.HANDED_OVER: ("移交", "handed over"),
    EventKind.ESCALATED: ("升级上报", "escalated"),
    EventKind.DECIDED: ("办结", "decided"),
    EventKind.REOPENED: ("重新打开", "reopened"),
}
"""As what was done, in sentences."""


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


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
