"""查找: searches for subjects who are out of contact (社区矫正法 Art 30), step by step."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from corrections.api.context import Call, Calling
from corrections.api.models import BeforeId, Given, Id, Limit, Moment, Page, PathId, Shown, Text, page_of
from corrections.api.routes.clocks import ProposedShown
from corrections.domain.casework import ClockKind, SearchOutcome, SearchStepKind
from corrections.domain.model import SubjectStatus
from corrections.records import clocks, searches
from corrections.store.tables import SearchCase

router = APIRouter(tags=["searches"])

Said = Annotated[Text, Field(min_length=1, max_length=clocks.LONGEST_TEXT)]


class StepShown(Shown):
    id: int
    at: datetime
    officer_id: int
    kind: SearchStepKind
    text: str
    found: bool
    recorded_at: datetime


class SearchShown(Shown):
    id: int
    subject_id: int
    clock_id: int | None = Field(description="The term out of contact that runs with it.")
    violation_id: int | None
    opened_by: int
    opened_at: datetime
    reason: str
    closed_at: datetime | None
    closed_by: int | None
    outcome: SearchOutcome | None
    outcome_note: str
    police_told_at: datetime | None
    procuratorate_told_at: datetime | None
    status_wanted: SubjectStatus | None = Field(description="What its outcome says is to be registered of the subject, and is not yet.")
    steps: list[StepShown]


class OpenedShown(SearchShown):
    proposed: ProposedShown | None = Field(description="From when the term out of contact could start; null where it runs.")


class NewSearch(Given):
    reason: Said
    violation_id: Id | None = Field(None, description="The violation (a silence) that it comes from, and that shows it then.")
    clock_from: Moment | None = Field(None, description="Start the term out of contact from then, with the same reason.")


class NewStep(Given):
    kind: SearchStepKind
    text: Said = Field(description="What was done, with whom, and what came of it.")
    at: Moment | None = Field(None, description="When it was done; now, where it is left out.")
    found: bool = Field(False, description="It found her. The search stays open until it is closed.")


class SearchEnd(Given):
    outcome: SearchOutcome
    note: Said
    at: Moment | None = Field(None, description="Since when it is so; now, where it is left out.")
    register_status: bool = Field(False, description="Register custody or death with it; for those who may write the register.")


@router.get("/searches", summary="Searches within reach")
def list_searches(
    call: Calling,
    open: Annotated[bool | None, Query(description="True: those that are open; false: those that are closed.")] = None,
    subject_id: Annotated[Id | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[SearchShown]:
    """Newest first."""
    with call.reading() as session:
        rows = searches.list_searches(session, call.actor, open=open, subject_id=subject_id, before=before, limit=limit)
        return page_of([_shown(session, row) for row in rows], list(rows), limit)


@router.get("/searches/{search_id}", summary="A search with its steps")
def get_search(search_id: PathId, call: Calling) -> SearchShown:
    with call.reading() as session:
        return _shown(session, searches.search_for(session, call.actor, search_id))


@router.post("/subjects/{subject_id}/searches", status_code=201, summary="Open a search")
def open_search(subject_id: PathId, given: NewSearch, call: Calling) -> OpenedShown:
    """The head is told. A term out of contact that runs is bound to it; else it is started with `clock_from`, or proposed."""
    with call.writing() as session:
        case = searches.open_search(session, call.actor, subject_id, **given.model_dump(), settings=call.settings, now=call.now)
        return OpenedShown(**_shown(session, case).model_dump(), proposed=_proposed(session, call, case))


@router.post("/searches/{search_id}/steps", status_code=201, summary="Record a step of a search")
def add_step(search_id: PathId, given: NewStep, call: Calling) -> StepShown:
    """Steps are added and never changed."""
    with call.writing() as session:
        return StepShown.model_validate(searches.add_step(session, call.actor, search_id, **given.model_dump(), now=call.now))


@router.post("/searches/{search_id}/close", summary="Close a search")
def close_search(search_id: PathId, given: SearchEnd, call: Calling) -> SearchShown:
    """Unless she was not found, the term out of contact ends with it. Custody and death are to be registered (`status_wanted`)."""
    with call.writing() as session:
        case = searches.close_search(session, call.actor, search_id, **given.model_dump(), settings=call.settings, now=call.now)
        return _shown(session, case)


def _proposed(session: Session, call: Call, case: SearchCase) -> ProposedShown | None:
    if case.clock_id is not None:
        return None
    return ProposedShown.model_validate(clocks.propose_start(session, call.actor, case.subject_id, ClockKind.OUT_OF_CONTACT, call.now))


def _shown(session: Session, case: SearchCase) -> SearchShown:
    state = searches.state_of(session, case)
    return SearchShown(
        **case.model_dump(include=set(SearchShown.model_fields)),
        police_told_at=state.police_told_at,
        procuratorate_told_at=state.procuratorate_told_at,
        status_wanted=state.status_wanted,
        steps=[StepShown.model_validate(step) for step in state.steps],
    )
