"""The watch for silence. When a subject's silence becomes a matter is a stored, indexed time (``subject_state.expected_by``), set when
a contact comes; the watch looks only at what is due. Nobody is missing for the time of our own outage, nor of a whole area's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.contact import Spell, due_us
from corrections.domain.model import Rule, SubjectStatus, from_us, to_us
from corrections.monitor.contact import earliest, excused_spans, monitored_until, shortest_intervals, stop_watching, threshold_us
from corrections.monitor.spells import settle_spells
from corrections.settings import Settings, Silence
from corrections.store.rulebook import load_lawful
from corrections.store.tables import AreaSilence, Bureau, Report, StreamPosition, Subject, SubjectState

LATE_INTERVALS = 1.5  # missed, after which a subject counts as late when it is asked whether a whole area is


@dataclass(frozen=True, slots=True)
class _Missed:
    state: SubjectState
    subject: Subject
    threshold_us: int
    until_us: int
    due_us: int


def watch_silence(session: Session, bureau_id: int, settings: Settings, now: datetime) -> int:
    """Look at the subjects of a bureau whose contact is overdue; returns how many violations were raised.

    1. Wait while reports are not yet evaluated, or another process holds the bureau. 2. Leave out who is not monitored, and put off
    who is excused for part of the time. 3. When so many are late that it is the area, note one matter and put all of them off.
    4. Raise the rest; nothing more is expected of them until they are back.
    """
    place = session.exec(select(StreamPosition).where(StreamPosition.bureau_id == bureau_id).with_for_update(skip_locked=True)).first()
    newer = select(Report.id).where(Report.bureau_id == bureau_id, col(Report.id) > (place.position if place else 0)).limit(1)
    if place is None or session.exec(newer).first() is not None:
        return 0
    area = _watch_area(session, bureau_id, settings, now)
    s = SubjectState
    due = session.exec(select(s).where(s.bureau_id == bureau_id, col(s.expected_by) <= now).order_by(col(s.subject_id))).all()
    if not due:
        return 0
    missed = _missed(session, due, settings, now)
    if area is None and missed:
        area = _area_falls_silent(session, bureau_id, settings, now)
    if area is not None:
        for one in missed:
            one.state.expected_by = now + timedelta(microseconds=one.threshold_us)
        return 0
    timezone = ZoneInfo(session.get_one(Bureau, bureau_id).timezone)
    for one in missed:
        contact = one.state.last_contact_at
        last = to_us(contact) if contact is not None else one.due_us - one.threshold_us
        spell = Spell(Rule.SILENCE, last, one.due_us, None)
        settle_spells(session, one.subject, [spell], one.until_us, one.threshold_us, timezone, settings.rules, now)
        one.state.expected_by = None
    return len(missed)


def _missed(session: Session, due: Sequence[SubjectState], settings: Settings, now: datetime) -> list[_Missed]:
    ids = [state.subject_id for state in due]
    people = {s.id: s for s in session.exec(select(Subject).where(col(Subject.id).in_(ids)))}
    lawful = load_lawful(session, list(people.values()))
    intervals = shortest_intervals(session, ids)
    excused = excused_spans(session, {due[0].bureau_id}, earliest(due), now)
    missed: list[_Missed] = []
    for state in due:
        subject, interval_s = people[state.subject_id], intervals.get(state.subject_id)
        until = monitored_until(lawful, state.subject_id, to_us(now))
        if interval_s is None or until is None or subject.status != SubjectStatus.ACTIVE:
            stop_watching(session, subject, state, lawful, now)
            continue
        threshold = threshold_us(settings.rules.silence, interval_s)
        assert state.expected_by is not None
        # One who never reported is awaited from her enrolment on: expected_by says until when.
        last = to_us(state.last_contact_at) if state.last_contact_at is not None else to_us(state.expected_by) - threshold
        moment = max(to_us(state.expected_by), due_us(last, threshold, excused))
        if moment > to_us(now):
            state.expected_by = from_us(moment)
        else:
            missed.append(_Missed(state, subject, threshold, until, moment))
    return missed


def _watch_area(session: Session, bureau_id: int, settings: Settings, now: datetime) -> AreaSilence | None:
    """The area-wide silence in progress; ended here when fewer than half of what makes one are late."""
    area = session.exec(select(AreaSilence).where(AreaSilence.bureau_id == bureau_id, col(AreaSilence.ended_at).is_(None))).first()
    if area is None:
        return None
    late, monitored = _late(session, bureau_id, now)
    if len(late) * 2 >= _enough(settings.rules.silence, monitored):
        area.subjects = max(area.subjects, len(late))
        return area
    area.ended_at = now
    return None


def _area_falls_silent(session: Session, bureau_id: int, settings: Settings, now: datetime) -> AreaSilence | None:
    late, monitored = _late(session, bureau_id, now)
    if len(late) < _enough(settings.rules.silence, monitored):
        return None
    began = from_us(round(median(to_us(at) for at in late)))
    area = AreaSilence(bureau_id=bureau_id, began_at=began, subjects=len(late))
    session.add(area)
    session.flush()
    return area


def _enough(silence: Silence, monitored: int) -> float:
    return max(float(silence.area_least), silence.area_share * monitored)


def _late(session: Session, bureau_id: int, now: datetime) -> tuple[list[datetime], int]:
    """Last contacts of the watched subjects that are late now, and how many are watched (a contact of theirs is awaited)."""
    s = SubjectState
    watched = session.exec(
        select(s.subject_id, s.last_contact_at).where(
            s.bureau_id == bureau_id, col(s.expected_by).is_not(None), col(s.last_contact_at).is_not(None)
        )
    ).all()
    intervals = shortest_intervals(session, [subject_id for subject_id, _ in watched])
    late = [
        at for subject_id, at in watched
        if at is not None and subject_id in intervals and at + timedelta(seconds=LATE_INTERVALS * intervals[subject_id]) < now
    ]  # fmt: skip
    return late, len(watched)
