"""What phones say of themselves as their reports come in: a low battery and a withdrawn location permission are told to the subject at
once, and to the officer when contacts show that they last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from corrections.domain.contact import Spell, Worry, battery_low, follow_worry
from corrections.domain.contact_reasons import notice_text
from corrections.domain.model import Bools, ClientState, Floats, Ints, NoticeKind, Recipient, Reports, Rule, from_us, to_us
from corrections.monitor.spells import Terms
from corrections.review import notices
from corrections.store.tables import Notice, Report, Subject, SubjectState, Violation

NEWS_US = 900_000_000  # what a report says of its phone is news when it was received so soon after its fix; a buffered one is history
_R: Any = Report.__table__.c  # type: ignore[attr-defined]
SELECTED = (_R.battery_pct, _R.charging, _R.client_state)
"""The columns of ``report`` that ``as_words`` reads."""


@dataclass(slots=True)
class Words:
    """What reports say of their phones, one entry a report: battery per cent (nan: nothing), whether charging (None: nothing), the
    state of the client."""

    battery_pct: Floats
    charging: list[bool | None]
    state: list[str]


def as_words(rows: Sequence[Any]) -> Words:
    """Rows of ``SELECTED`` as columns, in the order given."""
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(SELECTED)
    battery = np.array([np.nan if level is None else level for level in columns[0]], dtype=np.float64)
    return Words(battery, list(columns[1]), list(columns[2]))


def follow_phone(
    session: Session,
    subject: Subject,
    state: SubjectState,
    fresh: Reports,
    words: Words,
    rows: Ints,
    raised: Collection[Rule],
    terms: Terms,
) -> list[Spell]:
    """The spells about a subject's phone that her fresh reports (``rows``, in order of received and then of fix time) show or end.
    ``raised`` are those in progress as violations. Moves her state, and writes or ends her reminders."""
    news = fresh.received_us[rows] - fresh.fix_us[rows] <= NEWS_US
    levels = rows[news & ~np.isnan(words.battery_pct[rows])]
    if len(levels):
        state.battery_pct = float(words.battery_pct[levels[-1]])
    spells: list[Spell] = []
    battery = [_low(words, row, terms) if ok else None for row, ok in zip(rows.tolist(), news.tolist(), strict=True)]
    permission = _withdrawn(state, fresh, words, rows, news)
    for rule, kind, bad, column in (
        (Rule.LOW_BATTERY, NoticeKind.LOW_BATTERY, battery, "low_battery_since"),
        (Rule.PERMISSION_OFF, NoticeKind.PERMISSION_OFF, permission, "permission_off_since"),
    ):
        since: datetime | None = getattr(state, column)
        if since is None and True not in bad:
            continue
        memory = Worry(None if since is None else to_us(since), rule in raised)
        found, after = follow_worry(rule, memory, fresh.received_us[rows].tolist(), bad, terms.after_us(rule), terms.excuses.all)
        spells += found
        setattr(state, column, None if after.since_us is None else from_us(after.since_us))
        if after.since_us != memory.since_us:
            _tell(session, subject, kind, after.since_us, terms, from_us(int(fresh.received_us[rows[-1]])))
    return spells


def bind_reminder(session: Session, violation: Violation, now: datetime) -> None:
    """Have the history of a new violation about a phone show that the subject was reminded."""
    kind = {Rule.LOW_BATTERY: NoticeKind.LOW_BATTERY, Rule.PERMISSION_OFF: NoticeKind.PERMISSION_OFF}.get(Rule(violation.rule))
    if kind is None:
        return
    n = Notice
    mine = select(n).where(n.subject_id == violation.subject_id, n.kind == kind.value, n.at == violation.started_at)
    if (reminder := session.exec(mine.order_by(col(n.id).desc()).limit(1)).first()) is not None:
        notices.tell_of(session, violation, reminder, now)


def _low(words: Words, row: int, terms: Terms) -> bool | None:
    level = float(words.battery_pct[row])
    rule = terms.rules.battery
    return battery_low(None if np.isnan(level) else level, words.charging[row], rule.below_pct, rule.back_pct)


def _withdrawn(state: SubjectState, fresh: Reports, words: Words, rows: Ints, news: Bools) -> list[bool | None]:
    """For each report whether it says that the app may not read the location, that it may, or nothing. A position that was measured
    after the permission was known to be withdrawn says that it may."""
    known = None if state.permission_off_since is None else to_us(state.permission_off_since)
    if known is None and not any(words.state[row] for row in rows.tolist()):
        return [None] * len(rows)
    told: list[bool | None] = []
    for row, new in zip(rows.tolist(), news.tolist(), strict=True):
        word: bool | None = None
        if new and words.state[row]:
            word = {ClientState.PERMISSION_OFF: True, ClientState.ALLOWED: False}.get(ClientState(words.state[row]))
        if word is None and known is not None and not np.isnan(fresh.lat[row]) and not fresh.mock[row] and fresh.fix_us[row] > known:
            word = False
        if word is not None:
            known = int(fresh.received_us[row]) if word and known is None else known if word else None
        told.append(word)
    return told


def _tell(session: Session, subject: Subject, kind: NoticeKind, since_us: int | None, terms: Terms, at: datetime) -> None:
    """End the reminder of what is over, and write the one of what has begun."""
    assert subject.id is not None
    notices.end_of_subject(session, subject.id, [kind], at)
    if since_us is not None:
        text = notice_text(kind, Recipient.SUBJECT, since_us, terms.timezone)
        notices.notify(session, subject, Recipient.SUBJECT, kind, text, from_us(since_us))
