"""Asking for a fresh fix: where one cannot tell where a subject is, and where an officer wants to know.

A wish is a stored row that ends by itself at ``expires_at``; the phone is told in the reply to its next message, where its client takes
commands there (OwnTracks), and whatever fix was measured after the asking answers it, asked or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from sqlmodel import Session, col, select

from corrections.domain.model import AskReason, Reports, from_us, to_us
from corrections.errors import Conflict, Invalid, NotFound
from corrections.monitor.contact import monitored_until
from corrections.records.audit import record_by
from corrections.records.whereabouts import Point, track
from corrections.settings import Settings
from corrections.store.access import Action, Actor, subject_for
from corrections.store.rulebook import load_lawful
from corrections.store.tables import FixRequest, SubjectState


class Wish(StrEnum):
    """Where a wish for a fresh fix stands."""

    WAITING = "waiting"
    TOLD = "told"  # the phone was
    ANSWERED = "answered"
    EXPIRED = "expired"


def ask(
    session: Session, subject_id: int, reason: AskReason, now: datetime, *, settings: Settings, asked_by: int | None = None
) -> FixRequest | None:
    """Wish for a fresh fix of a subject; None where one is wished for already or, for the service itself, was too short a time ago."""
    return _ask(session, {subject_id}, reason, now, settings, asked_by).get(subject_id)


def ask_where_uncertain(session: Session, states: Iterable[SubjectState], settings: Settings, now: datetime) -> int:
    """Wish for a fresh fix of each of these subjects of whom one cannot tell, for some minutes already, on which side she is; returns
    of how many."""
    since = now - timedelta(minutes=settings.rules.asking.uncertain_minutes)
    doubtful = {state.subject_id for state in states if state.uncertain_since is not None and state.uncertain_since <= since}
    return len(_ask(session, doubtful, AskReason.UNCERTAIN, now, settings, None)) if doubtful else 0


def ask_in_round(session: Session, subject_ids: Collection[int], settings: Settings, now: datetime) -> int:
    """Wish for a fresh fix of each of these subjects of a check round; returns of how many."""
    return len(_ask(session, set(subject_ids), AskReason.ROUND, now, settings, None)) if subject_ids else 0


def request_fix(session: Session, actor: Actor, subject_id: int, purpose: str, settings: Settings, now: datetime) -> FixRequest:
    """An officer asks for a fresh fix; that she does, and why, is recorded.

    Raises Invalid (no purpose), Conflict (one is wished for already; the subject may not be located), Forbidden, NotFound.
    """
    subject = subject_for(session, actor, subject_id, Action.READ_LOCATION)
    if not purpose.strip():
        raise Invalid("Say why you ask for a fix: the purpose is recorded.", "请填写请求定位的目的，系统将留痕。", field="purpose")
    if monitored_until(load_lawful(session, [subject]), subject_id, to_us(now)) is None:
        raise Conflict("There is no legal basis in force to locate this person.", "该对象没有有效的定位依据，不能请求定位。")
    request = ask(session, subject_id, AskReason.OFFICER, now, settings=settings, asked_by=actor.officer_id)
    if request is None:
        raise Conflict("A fresh fix was asked for already; wait for it.", "已请求过定位，请等待手机上报。")
    detail = {"request": request.id, "expires_at": request.expires_at}
    record_by(session, actor, "fix.request", subject_id=subject_id, purpose=purpose.strip(), detail=detail, now=now)
    return request


def open_requests(session: Session, actor: Actor, subject_id: int, now: datetime) -> Sequence[FixRequest]:
    """The wishes about a subject that are not answered and not over; no location. Raises Forbidden, NotFound."""
    subject_for(session, actor, subject_id, Action.READ_LOCATION)
    return _open(session, [subject_id], now)


@dataclass(frozen=True, slots=True)
class FixAnswer:
    """How a wish for a fresh fix stands. ``waited_s`` is until the answer or, without one, until now or its end. ``point`` is the position
    that answered, for who looks with a purpose."""

    request: FixRequest
    state: Wish
    waited_s: int
    point: Point | None


def answer_of(
    session: Session, actor: Actor, subject_id: int, request_id: int, settings: Settings, now: datetime, *, purpose: str = ""
) -> FixAnswer:
    """How a wish about a subject stands, to be asked again while it waits. With a ``purpose``, in a writing session, the look at the
    position that answered is recorded and the position told.

    Raises Forbidden, NotFound.
    """
    subject_for(session, actor, subject_id, Action.READ_LOCATION)
    request = session.get(FixRequest, request_id)
    if request is None or request.subject_id != subject_id:
        raise NotFound(f"There is no request {request_id} about this subject.", f"该对象没有编号 {request_id} 的定位请求。")
    until = request.answered_at or min(now, request.expires_at)
    point = None
    if request.answered_at is not None and purpose.strip():
        ends = request.answered_at + timedelta(seconds=settings.ingest.future_tolerance_s + 1)  # a phone's clock may be ahead
        points = track(session, actor, subject_id, request.asked_at, ends, purpose, settings, now).points
        real = [p for p in points if p.lat is not None and not p.mock]
        point = min(real, key=lambda p: (p.received_at, p.fix_time), default=None)
    return FixAnswer(request, _wish(request, now), round((until - request.asked_at).total_seconds()), point)


def _wish(request: FixRequest, now: datetime) -> Wish:
    if request.answered_at is not None:
        return Wish.ANSWERED
    if request.expires_at <= now:
        return Wish.EXPIRED
    return Wish.WAITING if request.told_at is None else Wish.TOLD


def note_answers(session: Session, fresh: Reports, subject_ids: Iterable[int], now: datetime) -> int:
    """Note which open wishes these reports answer: by a real position that was measured after the asking. Returns how many."""
    answered = 0
    real = ~np.isnan(fresh.lat) & ~fresh.mock
    for request in _open(session, subject_ids, now):
        measured = fresh.received_us[real & (fresh.subject == request.subject_id) & (fresh.fix_us >= to_us(request.asked_at))]
        if len(measured):
            request.answered_at = from_us(int(measured.min()))
            answered += 1
    return answered


def _ask(
    session: Session, subject_ids: set[int], reason: AskReason, now: datetime, settings: Settings, asked_by: int | None
) -> Mapping[int, FixRequest]:
    """A request for each of these subjects who has none open and, unless an officer asks, had none lately; by subject."""
    f, rule = FixRequest, settings.rules.asking
    lately = now - timedelta(minutes=0.0 if reason is AskReason.OFFICER else rule.apart_minutes)
    standing = (col(f.expires_at) > now) & col(f.answered_at).is_(None)
    recent = select(f.subject_id).where(col(f.subject_id).in_(subject_ids), standing | (col(f.asked_at) > lately))
    waiting: Sequence[int] = session.exec(recent).all()
    free = sorted(subject_ids.difference(waiting))
    expires = now + timedelta(minutes=rule.expires_minutes)
    made = {
        subject_id: f(subject_id=subject_id, reason=reason.value, asked_at=now, asked_by=asked_by, expires_at=expires)
        for subject_id in free
    }
    session.add_all(made.values())
    session.flush()
    return made


def _open(session: Session, subject_ids: Iterable[int], now: datetime) -> Sequence[FixRequest]:
    f = FixRequest
    statement = select(f).where(col(f.expires_at) > now, col(f.answered_at).is_(None), col(f.subject_id).in_(list(subject_ids)))
    return session.exec(statement.order_by(col(f.id))).all()
