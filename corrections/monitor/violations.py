"""What the rules found, as violations: new ones into the queue, known ones extended or revised, unfounded ones taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.changes import (
    NOTHING_LATE,
    Both,
    Late,
    Said,
    borne_out_again,
    no_longer_going_on,
    over_by_time,
    taken_back,
    told,
)
from corrections.domain.episodes import Known, reconcile
from corrections.domain.model import CONDUCT, FOREVER_US, Episode, Nature, NoticeKind, ReviewState, Rule, Severity, ZoneKind, from_us, to_us
from corrections.review import notices, queue
from corrections.review.deadlines import Deadlines
from corrections.store.tables import Bureau, Subject, Violation

LATER_EVIDENCE = "later evidence"
DEEPER = "deeper"
ENDED_BY_TIME = "ended by time"
NOT_BORNE_OUT = "later evidence does not bear it out"
# What changes while an episode only goes on: it is written, but it is no news and no new revision.
EXTENSION = {"last_fix_at", "evidence", "reason_zh", "reason_en", "ends_at"}
ABOUT_CONTACT = (NoticeKind.SILENCE, NoticeKind.SEARCH, NoticeKind.LOW_BATTERY, NoticeKind.PERMISSION_OFF)
"""The notices that are needless once what they are about is over."""
DEEPER_FACTOR, DEEPER_LEAST_M = 2.0, 500.0


LateWithin = Callable[[int, int, int | None], Late]
"""What came late from one fix time (µs) to another, as seen from a zone version (its id)."""


def nothing_late(_from_us: int, _until_us: int, _revision_id: int | None) -> Late:
    """Where all evidence came in its order."""
    return NOTHING_LATE


def settle(
    session: Session,
    subject: Subject,
    derived: Sequence[Episode],
    rules: Collection[Rule],
    since_us: int,
    until_us: int,
    columns: Callable[[Episode], dict[str, Any]],
    deadlines: Deadlines,
    now: datetime,
    late: LateWithin = nothing_late,
) -> None:
    """Make a subject's stored violations of these rules those that ``derived`` says, for fix times after ``since_us`` and before
    ``until_us``. ``columns`` tells the columns of a violation from its episode, ``late`` which fixes came late."""
    stored = {v.id: v for v in _stored(session, subject, rules, since_us, until_us, derived) if v.id is not None}
    changes = reconcile([as_known(v) for v in stored.values()], derived)
    for known in changes.gone:
        if known.ended_us is None or known.ended_us > since_us:
            _take_back(session, stored[known.key], now, late)
    # What ends comes before what goes on: of one rule and zone only one is in progress at a time.
    for known, episode in sorted(changes.same, key=lambda pair: pair[1].ended_us is None):
        _update(session, stored[known.key], columns(episode), deadlines, now, late)
    for episode in changes.new:
        queue.raise_violation(session, new_violation(subject, episode.rule, columns(episode), now), deadlines, now)


def as_known(v: Violation) -> Known:
    """A stored violation as reconciling needs it."""
    assert v.id is not None
    return Known(v.id, Rule(v.rule), v.zone_id, to_us(v.started_at), None if v.ended_at is None else to_us(v.ended_at), v.other_id)


def open_violation(session: Session, subject: Subject, rule: Rule) -> Violation | None:
    """The violation of a rule without a zone that is in progress, if there is one."""
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, v.rule == rule.value, col(v.ended_at).is_(None))
    return session.exec(statement.where(v.review_state != ReviewState.WITHDRAWN.value)).first()


def close_ended(session: Session, now: datetime) -> int:
    """End the violations whose window, zone version or authority is over; returns how many."""
    v = Violation
    due = select(v).where(col(v.ended_at).is_(None), col(v.ends_at) <= now)
    found = session.exec(due.where(v.review_state != ReviewState.WITHDRAWN.value)).all()
    for violation in found:
        assert violation.ends_at is not None
        said = over_by_time(to_us(violation.ends_at), timezone_of(session, violation.bureau_id))
        queue.revise(session, violation, {"ended_at": violation.ends_at}, now, note=ENDED_BY_TIME, told=said)
        let_go(session, violation, now)
    return len(found)


def let_go(session: Session, violation: Violation, now: datetime) -> None:
    """No step of a ladder is due about a violation that is over, and nobody needs to be told that it goes on; its review does."""
    assert violation.id is not None
    violation.rung_due_at = None
    notices.end_of_violation(session, violation.id, ABOUT_CONTACT, now)


def changes_told(session: Session, stored: Violation, columns: Mapping[str, Any], late: Late = NOTHING_LATE) -> list[Both]:
    """In plain words, how what ``columns`` say of a violation differs from what is stored."""
    changed = _said({name: columns.get(name, getattr(stored, name)) for name in SAID})
    before = _said({name: getattr(stored, name) for name in SAID})
    return told(before, changed, timezone_of(session, stored.bureau_id), late)


def timezone_of(session: Session, bureau_id: int) -> ZoneInfo:
    """The time zone of a bureau's wall clocks."""
    return ZoneInfo(session.get_one(Bureau, bureau_id).timezone)


def _stored(
    session: Session, subject: Subject, rules: Collection[Rule], since_us: int, until_us: int, derived: Sequence[Episode]
) -> Sequence[Violation]:
    """Violations that reach into the span, or that began with a derived episode and ended before it; withdrawn ones included
    (evidence may bear them out again)."""
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, col(v.rule).in_([rule.value for rule in rules]))
    if until_us < FOREVER_US:
        statement = statement.where(v.started_at < from_us(until_us))
    if since_us > -FOREVER_US:
        began = [from_us(episode.started_us) for episode in derived]
        statement = statement.where(col(v.ended_at).is_(None) | (col(v.ended_at) > from_us(since_us)) | col(v.started_at).in_(began))
    return session.exec(statement.order_by(col(v.id))).all()


def _update(session: Session, stored: Violation, columns: Mapping[str, Any], deadlines: Deadlines, now: datetime, late: LateWithin) -> None:
    """1. Bring back what was taken back. 2. Write a mere extension quietly. 3. Revise for anything else, and for what is deeper."""
    if stored.review_state == ReviewState.WITHDRAWN:
        stored.ended_at = columns["ended_at"]  # as what goes on it might stand beside another that still does
    if stored.review_state in (ReviewState.WITHDRAWN, *queue.SEEN):
        queue.revive(session, stored, deadlines, now, told=borne_out_again(_late(stored, columns, late)))
    differing = {name for name, value in columns.items() if getattr(stored, name) != value}
    before, after = _peak_m(stored.evidence), _peak_m(columns["evidence"])
    deeper = after >= DEEPER_FACTOR * before and after >= before + DEEPER_LEAST_M
    if differing <= EXTENSION and not deeper:
        for name in differing:
            setattr(stored, name, columns[name])
        session.flush()
    else:
        said = changes_told(session, stored, columns, _late(stored, columns, late))
        queue.revise(session, stored, columns, now, note=DEEPER if deeper else LATER_EVIDENCE, told=said, deadlines=deadlines)


def _take_back(session: Session, stored: Violation, now: datetime, late: LateWithin) -> None:
    """A violation that nobody has seen is withdrawn; one that somebody has seen stays, but no longer as in progress."""
    if stored.review_state == ReviewState.WITHDRAWN:
        return
    kind = stored.evidence.get("zone", {}).get("kind")
    said = taken_back(ZoneKind(kind) if kind else None, _late(stored, {}, late), seen=stored.review_state in queue.SEEN)
    queue.withdraw(session, stored, now, note=NOT_BORNE_OUT, told=said)
    if stored.ended_at is None and stored.review_state != ReviewState.WITHDRAWN:
        said = no_longer_going_on(to_us(stored.last_fix_at), timezone_of(session, stored.bureau_id))
        queue.revise(session, stored, {"ended_at": stored.last_fix_at}, now, note=NOT_BORNE_OUT, told=said)


def _late(stored: Violation, columns: Mapping[str, Any], late: LateWithin) -> Late:
    """What came late while the violation lasted, by what was said of it before or is said now."""
    began = min(stored.started_at, columns.get("started_at", stored.started_at))
    ends = [stored.ended_at, columns.get("ended_at", stored.ended_at)]
    until = FOREVER_US if None in ends else max(to_us(end) for end in ends if end is not None)
    return late(to_us(began), until, stored.zone_revision_id)


SAID = ("started_at", "opened_at", "ended_at", "last_fix_at", "severity", "evidence")


def _said(values: Mapping[str, Any]) -> Said:
    ended = values["ended_at"]
    return Said(
        to_us(values["started_at"]),
        to_us(values["opened_at"]),
        None if ended is None else to_us(ended),
        to_us(values["last_fix_at"]),
        Severity(values["severity"]),
        _peak_m(values["evidence"]),
    )


def _peak_m(evidence: Mapping[str, Any]) -> float:
    return float(evidence.get("peak_distance_m", 0.0))


def new_violation(subject: Subject, rule: Rule, columns: Mapping[str, Any], now: datetime) -> Violation:
    """A violation that is not yet stored, as the queue takes it."""
    assert subject.id is not None
    return Violation(
        bureau_id=subject.bureau_id,
        office_id=subject.office_id,
        subject_id=subject.id,
        rule=rule.value,
        nature=(Nature.CONDUCT if rule in CONDUCT else Nature.TECHNICAL).value,
        detected_at=now,
        **columns,
    )


def moment(us: int) -> datetime | None:
    """A time in µs as the store keeps it; None for one that never comes."""
    return None if us >= FOREVER_US else from_us(us)
