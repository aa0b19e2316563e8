"""异议: what subjects object to, as officers take it down and heads answer it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Given, Id, Limit, Page, PathId, Shown, Text, page_of
from corrections.domain.casework import ObjectedTo, ObjectionOutcome
from corrections.records import objections

router = APIRouter(tags=["objections"])


class OwnObjectionShown(Shown):
    """An objection as she sees it herself."""

    id: int
    about: ObjectedTo
    about_id: int | None
    text: str
    at: datetime
    due_at: datetime = Field(description="By when it is answered.")
    answered_at: datetime | None
    outcome: ObjectionOutcome | None
    answer: str


class ObjectionShown(OwnObjectionShown):
    subject_id: int
    recorded_by: int | None = Field(description="The officer who took it down; null: she wrote it herself.")
    answered_by: int | None
    escalation: int = Field(description="How often the bureau was told that it waits.")
    escalate_at: datetime | None = Field(description="The next reminder or escalation.")


class ObjectionBody(Given):
    about: ObjectedTo
    about_id: Id | None = Field(None, description="The violation, measure or leave request; none for data and other.")
    text: Text = Field(min_length=1, max_length=objections.LONGEST_TEXT)


class Answer(Given):
    outcome: ObjectionOutcome
    text: Text = Field(min_length=1, max_length=objections.LONGEST_TEXT, description="The answer that she reads, with its reasons.")


@router.get("/objections", summary="Objections")
def list_objections(
    call: Calling,
    open: Annotated[bool | None, Query(description="True: those that wait for an answer; false: those answered.")] = None,
    subject_id: Annotated[Id | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[ObjectionShown]:
    """Within reach, newest first."""
    with call.reading() as session:
        rows = objections.list_objections(session, call.actor, open=open, subject_id=subject_id, before=before, limit=limit)
        return page_of([ObjectionShown.model_validate(row) for row in rows], list(rows), limit)


@router.get("/objections/{objection_id}", summary="An objection")
def get_objection(objection_id: PathId, call: Calling) -> ObjectionShown:
    with call.reading() as session:
        return ObjectionShown.model_validate(objections.objection_for(session, call.actor, objection_id))


@router.post("/subjects/{subject_id}/objections", status_code=201, summary="Take down an objection")
def make_objection(subject_id: PathId, given: ObjectionBody, call: Calling) -> ObjectionShown:
    """For a subject who says it to an officer. The office head is told, or the bureau where the head had a part in it."""
    with call.writing() as session:
        made = objections.object_(session, call.actor, subject_id, **given.model_dump(), settings=call.settings, now=call.now)
        return ObjectionShown.model_validate(made)


@router.post("/objections/{objection_id}/answer", summary="Answer an objection")
def answer(objection_id: PathId, given: Answer, call: Calling) -> ObjectionShown:
    """By a head who had no part in what is objected to. It changes nothing by itself: reopen the violation or revoke the measure, too."""
    with call.writing() as session:
        found = objections.answer(session, call.actor, objection_id, **given.model_dump(), now=call.now)
        return ObjectionShown.model_validate(found)
