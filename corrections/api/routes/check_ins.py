"""签到: asking a subject to check in, and the door for her answer, which needs no log-in: the link is the credential. And how a wish for a
fresh fix stands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from corrections import clock
from corrections.api.context import Calling, Serving
from corrections.api.models import BeforeId, Given, Limit, Moment, Page, PathId, Shown, Text, page_of
from corrections.api.routes.notices import FixRequestShown
from corrections.api.routes.whereabouts import PointShown
from corrections.domain.casework import CheckInState, NotAsked
from corrections.ingest.check_in import Answer, Position, answer_check_in
from corrections.ingest.writer import Ingest
from corrections.monitor import asking
from corrections.monitor.asking import Wish
from corrections.monitor.check_ins import ask_check_in
from corrections.records import check_ins
from corrections.web import origin_of

router = APIRouter(tags=["check-ins"])

Token = Annotated[str, Path(max_length=100)]


class CheckInShown(Shown):
    """One check-in; without a position."""

    id: int
    subject_id: int
    schedule: str = Field(description="Empty: an officer asked.")
    slot_at: datetime
    asked_at: datetime
    asked_by: int | None = Field(description="Null: the service itself.")
    asked_by_name: str | None
    purpose: str
    expires_at: datetime
    state: CheckInState
    answered_at: datetime | None
    located: bool = Field(description="The answer held a position that could be kept.")
    missed_at: datetime | None
    skipped: NotAsked | str = Field(description="Why she was not asked at a schedule's moment; empty where she was.")


class CountsShown(Shown):
    days: int
    asked: int = Field(description="In so many days, those that are over.")
    answered: int
    missed: int


class CheckInsShown(Shown):
    counts: CountsShown
    page: Page[CheckInShown]


class CheckInAsked(Given):
    purpose: Text = Field(min_length=1, max_length=500, description="Why; it is recorded in the audit trail.")
    minutes: int | None = Field(None, ge=1, le=1440, description="In which she has to answer; by the settings where it is not said.")


class AskedShown(Shown):
    """What was asked, with its link, which is told this once beside the notice to the subject."""

    check_in: CheckInShown
    token: str
    link: str = Field(description="What her phone opens; without the service's address in the settings, the part after it.")


class QuestionShown(Shown):
    """What is asked of whoever has the link."""

    state: CheckInState
    asked_at: datetime
    expires_at: datetime


class PositionGiven(Given):
    """A position of the browser's Geolocation API, WGS-84."""

    lat: float
    lon: float
    accuracy_m: float | None = Field(None, ge=0)
    measured_at: Moment
    sent_at: Moment | None = Field(None, description="The phone's clock at the sending, by which a clock that is wrong does no harm.")


class AnsweredShown(Shown):
    """She has checked in."""

    result: Answer = Field(description="stored, or refused: nobody may locate her now, and the position was not kept.")


class FixAnswerShown(Shown):
    """How a wish for a fresh fix stands."""

    request: FixRequestShown
    state: Wish
    waited_s: int = Field(description="Until the answer; without one, until now or its end.")
    answered_at: datetime | None
    point: PointShown | None = Field(description="The position that answered, where a purpose was given; the look is recorded.")


@router.post("/subjects/{subject_id}/check-ins", status_code=201, summary="Ask a subject to check in")
def ask(subject_id: PathId, given: CheckInAsked, call: Calling) -> AskedShown:
    with call.writing() as session:
        made, token = ask_check_in(session, call.actor, subject_id, given.purpose, call.settings, call.now, minutes=given.minutes)
        shown = CheckInShown.model_validate(check_ins.item_of(session, made))
        return AskedShown(check_in=shown, token=token, link=check_ins.link_of(token, call.settings))


@router.get("/subjects/{subject_id}/check-ins", summary="A subject's check-ins, and how she answered lately")
def list_check_ins(subject_id: PathId, call: Calling, before: BeforeId = None, limit: Limit = 100) -> CheckInsShown:
    """Newest first."""
    with call.reading() as session:
        rows = list(check_ins.list_check_ins(session, call.actor, subject_id, before=before, limit=limit))
        counts = CountsShown.model_validate(check_ins.counts_of(session, call.actor, subject_id, call.settings, call.now))
        return CheckInsShown(counts=counts, page=page_of([CheckInShown.model_validate(row) for row in rows], rows, limit))


@router.get("/check-ins/{token}/answer", summary="What a link asks, and until when")
def get_question(token: Token, house: Serving) -> QuestionShown:
    """Nothing of the person is in it. 404 for a link that is not known."""
    with house.reading() as session:
        made = check_ins.by_token(session, token)
        ends = check_ins.deadline_of(session, made)
        return QuestionShown(state=check_ins.state_of(made), asked_at=made.asked_at, expires_at=ends)


@router.post("/check-ins/{token}/answer", summary="Check in")
def answer(token: Token, given: PositionGiven, request: Request, house: Serving) -> AnsweredShown:
    """Answered once the position is stored as durably as any report. 404 for a link that is not known, 409 for one that was answered
    already or whose time is over, 422 for a position that is none, or not of now: the page may try again."""
    ingest = house.ingest or Ingest(house.engine, house.settings)
    position = Position(given.lat, given.lon, given.accuracy_m, given.measured_at, given.sent_at)
    return AnsweredShown(result=answer_check_in(house.engine, ingest, token, position, clock.now(), origin_of(request)))


@router.get("/subjects/{subject_id}/fix-requests/{request_id}", summary="How a wish for a fresh fix stands")
def get_fix_request(
    subject_id: PathId,
    request_id: PathId,
    call: Calling,
    purpose: Annotated[Text, Query(max_length=500, description="Why the position is looked at; it is recorded.")] = "",
) -> FixAnswerShown:
    """To be asked again while it waits: without a purpose until it is answered, then once with one."""
    with call.writing() as session:
        found = asking.answer_of(session, call.actor, subject_id, request_id, call.settings, call.now, purpose=purpose)
        return FixAnswerShown(
            request=FixRequestShown.model_validate(found.request),
            state=found.state,
            waited_s=found.waited_s,
            answered_at=found.request.answered_at,
            point=None if found.point is None else PointShown.model_validate(found.point),
        )
