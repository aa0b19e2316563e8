"""The watch for silence. When a subject's silence becomes a matter, and when it is the officer's, is a stored, indexed time
(``subject_state.expected_by``), set when a contact comes; the watch looks only at what is due. Nobody is missing for the time of our
own outage, nor of a whole area's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.contact import Rung, Spell, due_us
from corrections.domain.model import Rule, SubjectStatus, from_us, to_us
from corrections.domain.rules import merged
from corrections.monitor import ladder
from corrections.monitor.contact import Expected, earliest, expected_intervals, load_excuses, monitored_until, stop_watching, threshold_us
from corrections.monitor.spells import Excuses, Terms
from corrections.review.deadlines import Deadlines
from corrections.settings import Settings, Silence
from corrections.store.rulebook import load_lawful
from corrections.store.tables import AreaSilence, Bureau, Notice, Report, StreamPosition, Subject, SubjectState

LATE_INTERVALS = 1.5  # missed, after which a subject counts as late when it is asked whether a whole area is
BACKLOG = timedelta(minutes=1)  # reports that wait longer for their evaluation: who is silent cannot be told
MOST_WAITING = 20_000
POSTPONED = timedelta(minutes=1)  # at least, before one is looked at again while the whole area is silent


@dataclass(frozen=True, slots=True)
class _Missed:
    """One for whom a step is due: the last contact, when her silence became a matter, her reminder, the steps that are due now, and
    when the next one is."""

    state: SubjectState
    subject: Subject
    terms: Terms
    last_us: int
    opened_us: int
    reminder: Notice | None
    rungs: Sequence[Rung]
    next_us: int | None


def watch_silence(session: Session, bureau_id: int, settings: Settings, now: datetime) -> int:
    """Take the steps that are due about the silence of a bureau's subjects; returns how many violations were raised.

    1. Wait while reports lie unevaluated, or another process holds the bureau. 2. Leave out who is not monitored, and put off who is
    excused for part of the time. 3. When so many are late that it is the area, note one matter and put all of them off. 4. Remind the
    others, and raise those whom the reminder did not bring back. 5. Climb the ladder of the silences that are raised.
    """
    place = session.exec(select(StreamPosition).where(StreamPosition.bureau_id == bureau_id).with_for_update(skip_locked=True)).first()
    heard = None if place is None else _waiting(session, place, now)
    if heard is None:
        return 0
    area = _watch_area(session, bureau_id, settings, heard, now)
    timezone = ZoneInfo(session.get_one(Bureau, bureau_id).timezone)
    missed = _missed(session, bureau_id, settings, timezone, heard, now)
    if area is None and missed:
        area = _area_falls_silent(session, bureau_id, settings, heard, now)
    if area is not None:
        _put_off(missed, area, now)
    raised = 0 if area is not None else sum(_step(session, one, now) for one in missed)
    ladder.climb(session, bureau_id, settings.rules, Deadlines.of(settings), timezone, heard, now)
    return raised


def _waiting(session: Session, place: StreamPosition, now: datetime) -> set[int] | None:
    """The subjects whose reports are not yet evaluated: they were heard. None when reports wait for so long, or so many, that one
    cannot tell who is silent."""
    r = Report
    newer = select(r.subject_id, r.received_at).where(r.bureau_id == place.bureau_id, col(r.id) > place.position)
    rows = session.exec(newer.order_by(col(r.id)).limit(MOST_WAITING)).all()
    if len(rows) == MOST_WAITING or any(received_at < now - BACKLOG for _, received_at in rows):
        return None
    return {subject_id for subject_id, _ in rows}


def _step(session: Session, one: _Missed, now: datetime) -> int:
    """Remind a subject, or raise her silence; whether it was raised."""
    terms = one.terms
    reminder = one.reminder or ladder.remind(session, one.subject, one.last_us, one.opened_us, terms.timezone)
    if Rung.OFFICER not in one.rungs:
        one.state.expected_by = None if one.next_us is None else from_us(one.next_us)
        return 0
    spell = Spell(Rule.SILENCE, one.last_us, one.opened_us, None)
    ladder.raise_silence(session, one.subject, spell, terms, reminder, one.rungs, one.next_us, now)
    one.state.expected_by = None
    return 1


def _missed(
    session: Session, bureau_id: int, settings: Settings, timezone: ZoneInfo, heard: Collection[int], now: datetime
) -> list[_Missed]:
    """Those for whom a step is due now; the others are put off, or not watched any more."""
    s = SubjectState
    found = session.exec(select(s).where(s.bureau_id == bureau_id, col(s.expected_by) <= now).order_by(col(s.subject_id))).all()
    due = [state for state in found if state.subject_id not in heard]
    if not due:
        return []
    ids = [state.subject_id for state in due]
    people = {p.id: p for p in session.exec(select(Subject).where(col(Subject.id).in_(ids)))}
    lawful = load_lawful(session, list(people.values()))
    expected = expected_intervals(session, ids, settings.rules.silence)
    excuses = load_excuses(session, {bureau_id}, earliest(due), now)
    reminders = ladder.reminders(session, due)
    missed: list[_Missed] = []
    for state in due:
        subject, interval = people[state.subject_id], expected.get(state.subject_id)
        until = monitored_until(lawful, state.subject_id, to_us(now))
        if interval is None or until is None or subject.status != SubjectStatus.ACTIVE:
            stop_watching(session, subject, state, lawful, now)
            continue
        terms = _terms(settings, interval, until, excuses, timezone)
        one = _look(state, subject, terms, reminders.get(state.subject_id), now)
        if one.rungs:
            missed.append(one)
        else:
            state.expected_by = None if one.next_us is None else from_us(one.next_us)
    return missed


def _terms(settings: Settings, interval: Expected, until: int, excuses: Excuses, timezone: ZoneInfo) -> Terms:
    threshold = threshold_us(settings.rules.silence, interval.interval_s)
    return Terms(
        interval.interval_s * 1_000_000,
        interval.quiet_when_still,
        threshold,
        until,
        excuses,
        timezone,
        settings.rules,
        Deadlines.of(settings),
    )


def _look(state: SubjectState, subject: Subject, terms: Terms, reminder: Notice | None, now: datetime) -> _Missed:
    """Where a subject stands on the ladder. One who never reported, since her enrolment or since she is watched again, is awaited until
    ``expected_by``, and is then her officer's matter at once: the phone was never made to work."""
    assert state.expected_by is not None
    awaited, excused = to_us(state.expected_by), terms.excuses.all
    last = None if state.last_contact_at is None else to_us(state.last_contact_at)
    opened = None if last is None else due_us(last, terms.threshold_us, excused)
    if reminder is not None:
        opened = to_us(reminder.at)
    elif last is None or opened is None or awaited > opened + terms.threshold_us:
        last, opened = awaited - terms.threshold_us if last is None else last, awaited
        rungs, after = terms.ladder.climb(Rung.OFFICER, opened, excused, to_us(now))
        return _Missed(state, subject, terms, last, opened, None, [Rung.SUBJECT, Rung.OFFICER, *rungs], after)
    rungs, after = terms.ladder.climb(0 if reminder is None else Rung.SUBJECT, opened, excused, to_us(now))
    return _Missed(state, subject, terms, opened - terms.threshold_us if last is None else last, opened, reminder, rungs, after)


# ---- a whole area


def _put_off(missed: Sequence[_Missed], area: AreaSilence, now: datetime) -> None:
    """Look at them again when, without the area's silence so far, a step would be due."""
    for one in missed:
        excused = merged([*one.terms.excuses.all, (to_us(area.began_at), to_us(now))])
        due = one.terms.ladder.rung_us(Rung.OFFICER, one.opened_us, excused) if one.reminder else due_us(
            one.last_us, one.terms.threshold_us, excused
        )  # fmt: skip
        one.state.expected_by = max(from_us(due), now + POSTPONED)


def _watch_area(session: Session, bureau_id: int, settings: Settings, heard: Collection[int], now: datetime) -> AreaSilence | None:
    """The area-wide silence in progress; ended here when fewer than half of what makes one are late."""
    area = session.exec(select(AreaSilence).where(AreaSilence.bureau_id == bureau_id, col(AreaSilence.ended_at).is_(None))).first()
    if area is None:
        return None
    late, monitored = _late(session, bureau_id, settings.rules.silence, heard, now)
    if len(late) * 2 >= _enough(settings.rules.silence, monitored):
        area.subjects = max(area.subjects, len(late))
        return area
    area.ended_at = now
    return None


def _area_falls_silent(session: Session, bureau_id: int, settings: Settings, heard: Collection[int], now: datetime) -> AreaSilence | None:
    late, monitored = _late(session, bureau_id, settings.rules.silence, heard, now)
    if len(late) < _enough(settings.rules.silence, monitored):
        return None
    began = from_us(round(median(to_us(at) for at in late)))
    area = AreaSilence(bureau_id=bureau_id, began_at=began, subjects=len(late))
    session.add(area)
    session.flush()
    return area


def _enough(silence: Silence, monitored: int) -> float:
    return max(float(silence.area_least), silence.area_share * monitored)


def _late(session: Session, bureau_id: int, silence: Silence, heard: Collection[int], now: datetime) -> tuple[list[datetime], int]:
    """Last contacts of the watched subjects that are late now, and how many are watched (a contact of theirs is awaited)."""
    s = SubjectState
    watched = session.exec(
        select(s.subject_id, s.last_contact_at).where(
            s.bureau_id == bureau_id, col(s.expected_by).is_not(None), col(s.last_contact_at).is_not(None)
        )
    ).all()
    expected = expected_intervals(session, [subject_id for subject_id, _ in watched], silence)
    late = [
        at for subject_id, at in watched
        if at is not None and subject_id in expected and subject_id not in heard
        and at + timedelta(seconds=LATE_INTERVALS * expected[subject_id].interval_s) < now
    ]  # fmt: skip
    return late, len(watched)
