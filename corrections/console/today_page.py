"""今日: what is to be done, on one page. No places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from corrections.console.menu import first_page
from corrections.console.pages import page
from corrections.console.visit import Visit, Visiting
from corrections.domain.casework import RequestState, RoundState
from corrections.domain.legal import DueKind
from corrections.domain.model import Role, Rule
from corrections.monitor.round_steps import RoundItem, list_rounds
from corrections.records import leave
from corrections.records.agenda import Due, agenda
from corrections.review import notices, queue
from corrections.review.items import QueueItem
from corrections.review.queue import Counts
from corrections.store.access import Action
from corrections.store.tables import LeaveRequest, Subject

router = APIRouter()
ROWS = 5  # of each kind: the page fits on a screen
AHEAD = timedelta(days=7)  # of legal terms
SOON = timedelta(hours=24)  # that a leave ends in
MOST_LEAVE = 200
ELSEWHERE = frozenset({DueKind.LEAVE_DECISION, DueKind.LEAVE_RETURN, DueKind.ROUND})  # of the agenda, what has its own card


@dataclass(frozen=True, slots=True)
class Leave:
    """A request for leave, and whose it is."""

    request: LeaveRequest
    number: str
    name: str
    minor: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Today:
    """What is to be done: for each kind how many there are and the most pressing."""

    waiting: Counts
    violations: Sequence[QueueItem]
    silences: Sequence[QueueItem]
    rounds: Sequence[RoundItem]
    to_decide: Sequence[Leave]
    ending: Sequence[Leave]
    due: Sequence[Due]
    more_due: bool
    notices: Sequence[notices.NoticeItem]


@router.get("/console/")
def today(visit: Visiting) -> Response:
    """Who reviews nothing begins with what her role is for. The cards alone where a script asks for them anew."""
    if not visit.may(Action.REVIEW):
        return RedirectResponse(first_page(visit), 303)
    mine = visit.actor.role is Role.OFFICER
    template = "today_cards.html.j2" if visit.request.headers.get("hx-target") == "today" else "today.html.j2"
    with visit.reading() as session:
        return page(visit, template, today=_today(session, visit, mine), mine=mine, rows=ROWS, DueKind=DueKind)


def _today(session: Session, visit: Visit, mine: bool) -> Today:
    actor, now = visit.actor, visit.now
    asked = _leaves(session, leave.list_requests(session, actor, state=RequestState.REQUESTED, limit=MOST_LEAVE), now)
    away = leave.list_requests(session, actor, away_at=now, limit=MOST_LEAVE)
    ending = _leaves(session, [one for one in away if one.returns_at <= now + SOON], now)
    found = agenda(session, actor, until=now + AHEAD, limit=100, settings=visit.settings, now=now)
    due = [one for one in found.items if one.kind not in ELSEWHERE and (not mine or one.officer_id in (None, actor.officer_id))]
    rounds = list_rounds(session, actor, visit.settings, now, mine=mine, state=RoundState.OPEN)
    return Today(
        waiting=queue.counts(session, actor, mine=mine, now=now),
        violations=queue.list_queue(session, actor, mine=mine, limit=ROWS, now=now).items,
        silences=queue.list_queue(session, actor, mine=mine, rule=Rule.SILENCE, going_on=True, limit=ROWS, now=now).items,
        rounds=sorted(rounds, key=lambda one: one.due_at), to_decide=sorted(asked, key=lambda one: one.request.due_at),
        ending=sorted(ending, key=lambda one: one.request.returns_at), due=due, more_due=found.more,
        notices=notices.list_notices(session, actor, done=False, before=None, limit=ROWS),
    )  # fmt: skip


def _leaves(session: Session, requests: Sequence[LeaveRequest], now: datetime) -> list[Leave]:
    ids = {request.subject_id for request in requests}
    columns = select(Subject.id, Subject.number, Subject.name, Subject.minor).where(col(Subject.id).in_(ids))
    people = {id_: (number, name, minor) for id_, number, name, minor in session.exec(columns)}
    late = {request.id: (request.due_at if request.state == RequestState.REQUESTED else request.returns_at) <= now for request in requests}
    return [Leave(request, *people[request.subject_id], late=late[request.id]) for request in requests]
