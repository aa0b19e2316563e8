"""Contact, as reports come: by received time, what they end and when the next is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlmodel import Session, col, select

from corrections.domain.contact import Contacts, Spell, due_us, follow_contacts
from corrections.domain.contact_reasons import HEARD_BEFORE
from corrections.domain.model import Ints, NoticeKind, Reports, ReviewState, Rule, from_us, to_us
from corrections.domain.rules import Rulebook, Spans, merged
from corrections.monitor.phones import Words, bind_reminder, follow_phone
from corrections.monitor.spells import RULES, Excuses, Terms, end_contact_violations, explain_again, settle_spells
from corrections.monitor.violations import let_go
from corrections.review import notices, queue
from corrections.review.deadlines import Deadlines
from corrections.settings import Settings, Silence
from corrections.store.tables import AreaSilence, Device, Outage, Subject, SubjectState, Violation

MINUTE_US = 60_000_000
HEARD_MEANWHILE = "she was heard before it was a matter"


@dataclass(frozen=True, slots=True)
class Expected:
    """How often a subject's phone is expected to report (s), and whether its client is quiet when still."""

    interval_s: int
    quiet_when_still: bool


def take_contacts(
    session: Session,
    book: Rulebook,
    states: Mapping[int, SubjectState],
    fresh: Reports,
    words: Words,
    settings: Settings,
    now: datetime,
) -> None:
    """Follow the contacts of fresh reports (in order of commit, positions or not): end what they end, and set when the next is due.

    A subject who is not monitored now has nothing expected of her, and what was in progress about her contact ends.
    """
    people = {s.id: s for s in session.exec(select(Subject).where(col(Subject.id).in_(states)))}
    expected = expected_intervals(session, states, settings.rules.silence)
    excuses = load_excuses(session, {s.bureau_id for s in people.values()}, earliest(states.values()), now)
    standing = _in_progress(session, states)
    told = notices.open_about(session, states)
    mine = _by_subject(fresh)
    for subject_id, state in states.items():
        subject = people[subject_id]
        until = monitored_until(book.lawful, subject_id, to_us(now))
        if until is None:
            stop_watching(session, subject, state, book.lawful, now)
            continue
        rows = mine.get(subject_id)
        if rows is None or subject_id not in expected:
            continue
        interval = expected[subject_id]
        threshold = threshold_us(settings.rules.silence, interval.interval_s)
        terms = Terms(
            interval.interval_s * 1_000_000, interval.quiet_when_still, threshold, until, excuses, book.timezone, settings.rules,
            Deadlines.of(settings),
        )  # fmt: skip
        _follow(session, subject, state, fresh, words, rows, standing[subject_id], subject_id in told, terms, now)


def _follow(
    session: Session,
    subject: Subject,
    state: SubjectState,
    fresh: Reports,
    words: Words,
    rows: Ints,
    standing: Mapping[Rule, Violation],
    told: bool,
    terms: Terms,
    now: datetime,
) -> None:
    """1. Her contacts. 2. Her phone. 3. What they show or end. 4. Silences that are over, where more of the time came in. 5. When the
    next contact is due."""
    excused = terms.excuses.all
    received, positioned = fresh.received_us[rows], ~np.isnan(fresh.lat[rows])
    memory = Contacts(_us(state.last_contact_at), _us(state.last_position_at), Rule.NO_POSITION in standing)
    spells, after = follow_contacts(memory, received.tolist(), positioned.tolist(), terms.threshold_us, excused)
    if (silence := standing.get(Rule.SILENCE)) is not None:
        spells = _over(session, silence, int(received[0]), spells, now)
    if told:
        assert subject.id is not None
        notices.end_of_subject(session, subject.id, [NoticeKind.SILENCE, NoticeKind.SEARCH], now)
    spells += follow_phone(session, subject, state, fresh, words, rows, standing.keys(), terms)
    for violation in settle_spells(session, subject, spells, terms, now):
        bind_reminder(session, violation, now)
    _explain_late(session, subject, fresh, rows[positioned], terms, now)
    state.last_contact_at, state.last_position_at = _moment(after.last_contact_us), _moment(after.last_position_us)
    assert after.last_contact_us is not None
    state.expected_by = from_us(due_us(after.last_contact_us, terms.threshold_us, excused))


def _over(session: Session, silence: Violation, heard_us: int, spells: list[Spell], now: datetime) -> list[Spell]:
    """The spells, with the end of the silence that is a violation: the first contact ends it, also where nothing else tells of it (a
    phone's first contact of all). One that she was heard before, while it was being raised, is taken back."""
    if spells and spells[0].rule is Rule.SILENCE and spells[0].last_us == to_us(silence.started_at):
        return spells
    if heard_us >= to_us(silence.opened_at):
        return [Spell(Rule.SILENCE, to_us(silence.started_at), to_us(silence.opened_at), heard_us), *spells]
    queue.withdraw(session, silence, now, note=HEARD_MEANWHILE, told=[HEARD_BEFORE])
    if silence.review_state != ReviewState.WITHDRAWN:
        queue.revise(session, silence, {"ended_at": silence.opened_at}, now, note=HEARD_MEANWHILE, told=[HEARD_BEFORE])
    let_go(session, silence, now)
    return spells


def _explain_late(session: Session, subject: Subject, fresh: Reports, rows: Ints, terms: Terms, now: datetime) -> None:
    """Look again at why she was silent where fixes that were measured meanwhile have come in."""
    late = rows[fresh.received_us[rows] - fresh.fix_us[rows] > terms.interval_us]
    if not len(late):
        return
    fix_us = np.sort(fresh.fix_us[late])
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, v.rule == Rule.SILENCE.value, v.review_state != ReviewState.WITHDRAWN.value)
    for stored in session.exec(statement.where(v.started_at < from_us(int(fix_us[-1])), col(v.ended_at) > from_us(int(fix_us[0])))):
        assert stored.ended_at is not None
        if ((fix_us > to_us(stored.started_at)) & (fix_us < to_us(stored.ended_at))).any():
            explain_again(session, subject, stored, terms, now)


def threshold_us(silence: Silence, interval_s: int) -> int:
    """How long a subject may be silent: so many missed intervals, at least so many minutes."""
    return max(round(silence.missed_intervals * interval_s * 1_000_000), round(silence.least_minutes * MINUTE_US))


def expected_intervals(session: Session, subject_ids: Iterable[int], silence: Silence) -> dict[int, Expected]:
    """The shortest interval at which one of each subject's active devices is expected to report, by its own interval and by what its
    client does while the phone lies still; subjects without one are left out."""
    found: dict[int, Expected] = {}
    devices = select(Device.subject_id, Device.interval_s, Device.client).where(col(Device.subject_id).in_(list(subject_ids)))
    for subject_id, interval_s, client in session.exec(devices.where(col(Device.active).is_(True)).order_by(col(Device.id))):
        quiet_s = silence.quiet_s(client)
        expected = Expected(max(interval_s, round(quiet_s)), quiet_s > 0)
        if subject_id not in found or expected.interval_s < found[subject_id].interval_s:
            found[subject_id] = expected
    return found


def monitored_until(lawful: Mapping[int, Spans], subject_id: int, now_us: int) -> int | None:
    """The end (µs) of the span in which a subject may be located now; None when she may not."""
    return next((end for start, end in lawful.get(subject_id, ()) if start <= now_us < end), None)


def load_excuses(session: Session, bureau_ids: Iterable[int], since: datetime | None, now: datetime) -> Excuses:
    """Our own outages and the area-wide silences of these bureaus since a moment: nobody is missing for that time."""
    outages = select(Outage) if since is None else select(Outage).where(col(Outage.ended_at) >= since)
    own = [(to_us(o.began_at), to_us(o.ended_at)) for o in session.exec(outages)]
    areas: list[tuple[int, int]] = []
    for area in session.exec(select(AreaSilence).where(col(AreaSilence.bureau_id).in_(list(bureau_ids)))):
        if area.ended_at is None or since is None or area.ended_at >= since:
            areas.append((to_us(area.began_at), to_us(area.ended_at or now)))
    return Excuses(merged(own), merged(areas))


def stop_watching(session: Session, subject: Subject, state: SubjectState, lawful: Mapping[int, Spans], now: datetime) -> None:
    """Expect nothing more of a subject who is not monitored, and end what is in progress about her contact and her phone."""
    state.expected_by = state.low_battery_since = state.permission_off_since = None
    ends = [end for _, end in lawful.get(state.subject_id, ()) if end <= to_us(now)]
    end_contact_violations(session, subject, from_us(max(ends)) if ends else now, now)


def earliest(states: Iterable[SubjectState]) -> datetime | None:
    """The earliest last contact, with a position or not, of these subjects, and since when their phones are not as they should be."""
    columns = ("last_contact_at", "last_position_at", "low_battery_since", "permission_off_since")
    known = [at for state in states for name in columns if (at := getattr(state, name)) is not None]
    return min(known, default=None)


def _in_progress(session: Session, states: Mapping[int, SubjectState]) -> dict[int, dict[Rule, Violation]]:
    """The violations about contact that are in progress, by subject and rule."""
    v, found = Violation, defaultdict[int, dict[Rule, Violation]](dict)
    statement = select(v).where(col(v.subject_id).in_(states), col(v.rule).in_([rule.value for rule in RULES]), col(v.ended_at).is_(None))
    for violation in session.exec(statement.where(v.review_state != ReviewState.WITHDRAWN.value)):
        found[violation.subject_id][Rule(violation.rule)] = violation
    return found


def _by_subject(fresh: Reports) -> dict[int, Ints]:
    """The rows of each subject, in order of received, then of fix time."""
    order = np.lexsort((fresh.fix_us, fresh.received_us, fresh.subject))
    parts = np.split(order, np.flatnonzero(np.diff(fresh.subject[order])) + 1) if len(order) else []
    return {int(fresh.subject[rows[0]]): rows for rows in parts}


def _us(at: datetime | None) -> int | None:
    return None if at is None else to_us(at)


def _moment(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
