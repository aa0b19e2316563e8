"""The ladder of a silence: remind the subject, tell the officer, tell the office head, propose a search. The program proposes; people
decide.

When the next step is due is a stored, indexed time: ``subject_state.expected_by`` until the silence is in the officer's queue, then
``violation.rung_due_at``. Each step is taken once, whoever runs and however late; ``violation.rung`` counts them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.contact import Rung, Spell
from corrections.domain.contact_reasons import notice_text
from corrections.domain.model import EPOCH, NoticeKind, Recipient, Severity, from_us, to_us
from corrections.monitor.contact import load_excuses
from corrections.monitor.spells import Terms, graver, ladder_of, settle_spells
from corrections.records.searches import open_search_of
from corrections.review import notices, queue
from corrections.review.assignment import OPEN
from corrections.review.deadlines import Deadlines
from corrections.settings import Rules
from corrections.store.tables import Notice, Subject, SubjectState, Violation

SEARCH_PROPOSED = "search proposed"


def reminders(session: Session, states: Collection[SubjectState]) -> dict[int, Notice]:
    """The reminder of each of these subjects that belongs to her present silence, by subject; one that somebody gave her stands."""
    n, since = Notice, {state.subject_id: state.last_contact_at or EPOCH for state in states}
    statement = select(n).where(col(n.subject_id).in_(since), n.kind == NoticeKind.SILENCE.value, n.recipient == Recipient.SUBJECT.value)
    statement = statement.where(col(n.violation_id).is_(None), col(n.done_at).is_(None) | col(n.done_by).is_not(None))
    found = session.exec(statement.order_by(col(n.id)))
    return {notice.subject_id: notice for notice in found if notice.subject_id is not None and notice.at > since[notice.subject_id]}


def remind(session: Session, subject: Subject, last_us: int, opened_us: int, timezone: ZoneInfo) -> Notice:
    """Write the subject's reminder of a silence that has become a matter."""
    text = notice_text(NoticeKind.SILENCE, Recipient.SUBJECT, last_us, timezone)
    return notices.notify(session, subject, Recipient.SUBJECT, NoticeKind.SILENCE, text, from_us(opened_us))


def raise_silence(
    session: Session,
    subject: Subject,
    spell: Spell,
    terms: Terms,
    reminder: Notice,
    rungs: Sequence[Rung],
    next_us: int | None,
    now: datetime,
) -> None:
    """Put a silence that lasts into the officer's queue, with the steps that are due besides. One that is there already (she was heard
    and lost again before anybody looked) goes on."""
    for violation in settle_spells(session, subject, [spell], terms, now):
        violation.rung = Rung.SUBJECT
        notices.tell_of(session, violation, reminder, now)
        take(session, violation, rungs, terms.rules, terms.deadlines, terms.timezone, now)
        violation.rung_due_at = None if next_us is None else from_us(next_us)


def climb(
    session: Session, bureau_id: int, rules: Rules, deadlines: Deadlines, timezone: ZoneInfo, heard: Collection[int], now: datetime
) -> int:
    """Take the steps that are due of the silences in progress in a bureau; returns how many were taken.

    1. Find, by the stored time, the violations that are due; rows that somebody works on, and those of subjects who were ``heard`` and
    whose reports are not yet evaluated, wait for the next call. 2. Count again, for
    our outages and area-wide losses put a step off. 3. Take each step once, in order. 4. Store when the next is due. A decided
    violation does not climb; one that is reopened goes on.
    """
    v = Violation
    due = select(v).where(v.bureau_id == bureau_id, col(v.rung_due_at) <= now, col(v.ended_at).is_(None))
    found = session.exec(due.where(col(v.review_state).in_(OPEN)).order_by(col(v.id)).with_for_update(skip_locked=True)).all()
    silent = [violation for violation in found if violation.subject_id not in heard]
    if not silent:
        return 0
    excused = load_excuses(session, {bureau_id}, min(violation.opened_at for violation in silent), now).all
    taken = 0
    for violation in silent:
        rungs, next_us = ladder_of(rules).climb(violation.rung, to_us(violation.opened_at), excused, to_us(now))
        take(session, violation, rungs, rules, deadlines, timezone, now)
        violation.rung_due_at = None if next_us is None else from_us(next_us)
        taken += len(rungs)
    return taken


def take(
    session: Session,
    violation: Violation,
    rungs: Sequence[Rung],
    rules: Rules,
    deadlines: Deadlines,
    timezone: ZoneInfo,
    now: datetime,
) -> None:
    """Take steps of a silence that is in the queue, each with its notices and its mark in the history. A search is not proposed to
    those who have opened one."""
    searched = Rung.SEARCH in rungs and open_search_of(session, violation.subject_id) is not None
    for rung in rungs:
        for recipient, kind in () if rung is Rung.SEARCH and searched else TOLD[rung]:
            _tell(session, violation, rung, recipient, kind, rules, timezone, now)
        if rung is Rung.SEARCH:
            severity = graver(Severity(violation.severity), rules.ladder.search_severity)
            queue.revise(session, violation, {"severity": severity.value}, now, note=SEARCH_PROPOSED, deadlines=deadlines)
        violation.rung = max(violation.rung, rung.value)


TOLD: Mapping[Rung, Sequence[tuple[Recipient, NoticeKind]]] = {
    Rung.SUBJECT: (),  # she was reminded before the violation was
    Rung.OFFICER: ((Recipient.OFFICER, NoticeKind.SILENCE),),
    Rung.OFFICE_HEAD: ((Recipient.OFFICE_HEAD, NoticeKind.SILENCE),),
    Rung.SEARCH: ((Recipient.OFFICER, NoticeKind.SEARCH), (Recipient.OFFICE_HEAD, NoticeKind.SEARCH)),
}
"""Who is told what at each step of a silence that is in the queue."""


def _tell(
    session: Session,
    violation: Violation,
    rung: Rung,
    recipient: Recipient,
    kind: NoticeKind,
    rules: Rules,
    timezone: ZoneInfo,
    now: datetime,
) -> None:
    officer = violation.officer_id if recipient is Recipient.OFFICER else notices.head_of(session, violation.office_id, now)
    text = notice_text(kind, recipient, to_us(violation.started_at), timezone)
    since = from_us(ladder_of(rules).rung_us(rung, to_us(violation.opened_at), ()))
    subject, severity = session.get_one(Subject, violation.subject_id), Severity(violation.severity)
    notice = notices.notify(session, subject, recipient, kind, text, min(since, now), severity=severity, officer_id=officer)
    notices.tell_of(session, violation, notice, now)
