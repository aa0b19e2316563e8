"""Contact, as reports come: by received time, what they end and when the next is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
from sqlalchemy import func
from sqlmodel import Session, col, select

from corrections.domain.contact import Contacts, due_us, follow_contacts
from corrections.domain.model import Reports, Rule, from_us, to_us
from corrections.domain.rules import Rulebook, Spans, merged
from corrections.monitor.spells import end_contact_violations, settle_spells
from corrections.monitor.violations import open_violation
from corrections.settings import Settings, Silence
from corrections.store.tables import AreaSilence, Device, Outage, Subject, SubjectState

MINUTE_US = 60_000_000


def take_contacts(
    session: Session, book: Rulebook, states: Mapping[int, SubjectState], fresh: Reports, settings: Settings, now: datetime
) -> None:
    """Follow the contacts of fresh reports (in order of commit, positions or not): end what they end, and set when the next is due.

    A subject who is not monitored now has nothing expected of her, and what was in progress about her contact ends.
    """
    people = {s.id: s for s in session.exec(select(Subject).where(col(Subject.id).in_(states)))}
    intervals = shortest_intervals(session, states)
    excused = excused_spans(session, {s.bureau_id for s in people.values()}, earliest(states.values()), now)
    for subject_id, state in states.items():
        subject = people[subject_id]
        rows = np.flatnonzero(fresh.subject == subject_id)
        until = monitored_until(book.lawful, subject_id, to_us(now))
        if until is None:
            stop_watching(session, subject, state, book.lawful, now)
            continue
        if not len(rows) or subject_id not in intervals:
            continue
        threshold = threshold_us(settings.rules.silence, intervals[subject_id])
        received = np.sort(fresh.received_us[rows])
        positioned = ~np.isnan(fresh.lat[rows][np.argsort(fresh.received_us[rows], kind="stable")])
        spells, memory = follow_contacts(_memory(session, subject, state), received.tolist(), positioned.tolist(), threshold, excused)
        settle_spells(session, subject, spells, until, threshold, book.timezone, settings.rules, now)
        state.last_contact_at, state.last_position_at = _moment(memory.last_contact_us), _moment(memory.last_position_us)
        assert memory.last_contact_us is not None
        state.expected_by = from_us(due_us(memory.last_contact_us, threshold, excused))


def threshold_us(silence: Silence, interval_s: int) -> int:
    """How long a subject may be silent: so many missed intervals, at least so many minutes."""
    return max(round(silence.missed_intervals * interval_s * 1_000_000), round(silence.least_minutes * MINUTE_US))


def shortest_intervals(session: Session, subject_ids: Iterable[int]) -> dict[int, int]:
    """The shortest expected interval (s) of each subject's active devices; subjects without one are left out."""
    statement = select(Device.subject_id, func.min(Device.interval_s)).where(col(Device.subject_id).in_(list(subject_ids)))
    return dict(session.exec(statement.where(col(Device.active).is_(True)).group_by(col(Device.subject_id))).all())


def monitored_until(lawful: Mapping[int, Spans], subject_id: int, now_us: int) -> int | None:
    """The end (µs) of the span in which a subject may be located now; None when she may not."""
    return next((end for start, end in lawful.get(subject_id, ()) if start <= now_us < end), None)


def excused_spans(session: Session, bureau_ids: Iterable[int], since: datetime | None, now: datetime) -> Spans:
    """Our own outages and the area-wide silences of these bureaus since a moment: nobody is missing for that time."""
    spans: list[tuple[int, int]] = []
    outages = select(Outage) if since is None else select(Outage).where(col(Outage.ended_at) >= since)
    spans += [(to_us(o.began_at), to_us(o.ended_at)) for o in session.exec(outages)]
    for area in session.exec(select(AreaSilence).where(col(AreaSilence.bureau_id).in_(list(bureau_ids)))):
        if area.ended_at is None or since is None or area.ended_at >= since:
            spans.append((to_us(area.began_at), to_us(area.ended_at or now)))
    return merged(spans)


def _memory(session: Session, subject: Subject, state: SubjectState) -> Contacts:
    contact = None if state.last_contact_at is None else to_us(state.last_contact_at)
    position = None if state.last_position_at is None else to_us(state.last_position_at)
    return Contacts(contact, position, open_violation(session, subject, Rule.NO_POSITION) is not None)


def stop_watching(session: Session, subject: Subject, state: SubjectState, lawful: Mapping[int, Spans], now: datetime) -> None:
    """Expect nothing more of a subject who is not monitored, and end what is in progress about her contact."""
    state.expected_by = None
    ends = [end for _, end in lawful.get(state.subject_id, ()) if end <= to_us(now)]
    end_contact_violations(session, subject, from_us(max(ends)) if ends else now, now)


def earliest(states: Iterable[SubjectState]) -> datetime | None:
    """The earliest last contact, with a position or not, of these subjects."""
    every = list(states)
    known = [s.last_contact_at for s in every if s.last_contact_at is not None]
    positions = [s.last_position_at for s in every if s.last_position_at is not None]
    return min([*known, *positions], default=None)


def _moment(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
