"""How subjects stand now, for officers: whether one can tell on which side they are, what a phone says of itself, what comes next of a
silence, whether a fresh fix was asked for. No place is in any of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from corrections.domain.contact import Rung
from corrections.domain.model import ClientState, ReviewState, Rule, Side, to_us
from corrections.monitor.contact import monitored_until
from corrections.monitor.ladder import reminders
from corrections.monitor.spells import last_words
from corrections.records.presence import holds_s
from corrections.store.access import Action, Actor, within_reach
from corrections.store.rulebook import load_lawful
from corrections.store.tables import FixRequest, Officer, Subject, SubjectState, Violation


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest wish for a fresh fix; ``asked_by`` None is the service itself, ``told_at`` when the phone was told."""

    reason: str
    asked_at: datetime
    asked_by: str | None
    expires_at: datetime
    told_at: datetime | None
    answered_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.answered_at is None and self.expires_at > now


@dataclass(frozen=True, slots=True)
class Present:
    """How one subject stands. ``monitored``: she may be located now. ``side`` and ``certainty`` (that she is on the wrong side) are
    those of her last evaluated fix, at ``fix_time``; where ``stale``, that is too old to tell of now. ``uncertain_since``: the fix
    time from which on one cannot tell. ``expected_by``: when her silence becomes a matter, or, once she was reminded, the officer's."""

    monitored: bool
    side: Side
    certainty: float | None
    fix_time: datetime | None
    stale: bool
    uncertain_since: datetime | None
    last_contact_at: datetime | None
    expected_by: datetime | None
    low_battery_since: datetime | None
    permission_off_since: datetime | None
    asked: Asked | None

    @property
    def side_now(self) -> Side:
        return Side.UNKNOWN if self.stale else self.side


@dataclass(frozen=True, slots=True)
class Phone:
    """What a phone last said of itself, None (or nothing) where it did not in the last day; ``said_at`` is when that was received."""

    battery_pct: float | None
    charging: bool | None
    state: ClientState
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next step of the ladder of a silence, and when it is due. ``violation_id`` None: the silence is no violation yet."""

    rung: Rung
    due_at: datetime
    violation_id: int | None


def present(session: Session, actor: Actor, subject_ids: Iterable[int], now: datetime) -> dict[int, Present]:
    """How those of these subjects stand who are within reach, by subject. Raises Forbidden."""
    actor.require(Action.REVIEW)
    reached = select(Subject).where(col(Subject.id).in_(list(subject_ids)), within_reach(actor, Subject))
    people = {subject.id: subject for subject in session.exec(reached) if subject.id is not None}
    states = session.exec(select(SubjectState).where(col(SubjectState.subject_id).in_(people))).all()
    lawful = load_lawful(session, list(people.values()))
    holds, asked = holds_s(session, people), _newest_requests(session, people)
    return {
        state.subject_id: _present(
            state,
            monitored_until(lawful, state.subject_id, to_us(now)) is not None,
            now - timedelta(seconds=holds[state.subject_id]),
            asked.get(state.subject_id),
        )
        for state in states
    }


def phone(session: Session, actor: Actor, subject_id: int, now: datetime) -> Phone:
    """What a subject's phone last said of itself, in the last day. Raises Forbidden."""
    actor.require(Action.REVIEW)
    said = last_words(session, subject_id, to_us(now))
    at = None if said.at_us is None else now + timedelta(microseconds=said.at_us - to_us(now))
    return Phone(said.battery_pct, said.charging, said.state, at)


def next_step(session: Session, actor: Actor, subject_id: int) -> NextStep | None:
    """What comes next while a subject stays silent: of the violation where there is one, else the reminder of herself or, after it, the
    officer. None where nothing is expected of her, or no step is left. Raises Forbidden."""
    actor.require(Action.REVIEW)
    v = Violation
    silence = select(v).where(v.subject_id == subject_id, v.rule == Rule.SILENCE.value, col(v.ended_at).is_(None))
    if (found := session.exec(silence.where(v.review_state != ReviewState.WITHDRAWN.value)).first()) is not None:
        return step_of(found)
    state = session.get(SubjectState, subject_id)
    if state is None or state.expected_by is None:
        return None
    return NextStep(Rung.OFFICER if subject_id in reminders(session, [state]) else Rung.SUBJECT, state.expected_by, None)


def step_of(silence: Violation) -> NextStep | None:
    """The next step of a silence that is a violation; None where none is left, or it does not climb any more."""
    climbs = silence.ended_at is None and silence.review_state in (ReviewState.QUEUED, ReviewState.CLAIMED)
    if silence.rung_due_at is None or silence.rung >= Rung.SEARCH or not climbs:
        return None
    return NextStep(Rung(silence.rung + 1), silence.rung_due_at, silence.id)


def _present(state: SubjectState, monitored: bool, fresh_from: datetime, asked: Asked | None) -> Present:
    same = {name: getattr(state, name) for name in Present.__dataclass_fields__ if name in SubjectState.model_fields}
    stale = state.fix_time is None or state.fix_time < fresh_from
    return Present(**same | {"side": Side(state.side)}, monitored=monitored, stale=stale, asked=asked)


def _newest_requests(session: Session, subject_ids: Iterable[int]) -> Mapping[int, Asked]:
    f = FixRequest
    newest = select(func.max(f.id)).where(col(f.subject_id).in_(list(subject_ids))).group_by(col(f.subject_id))
    statement = select(f, Officer.name).outerjoin(Officer, col(Officer.id) == col(f.asked_by)).where(col(f.id).in_(newest))
    return {
        request.subject_id: Asked(
            request.reason, request.asked_at, name, request.expires_at, request.told_at, request.answered_at
        )
        for request, name in session.exec(statement)
    }  # fmt: skip
