"""陈述、申辩: what subjects say, as officers take it down or as they give it themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Given, Id, Limit, Moment, Page, PathId, Shown, Text, page_of
from corrections.api.own import OwnCalling
from corrections.records import statements
from corrections.records.clocks import LONGEST_TEXT
from corrections.review.reviewing import Means

router = APIRouter(tags=["statements"])
About = Annotated[Id | None, Query(description="Only those about this violation.")]
Said = Annotated[Text, Field(min_length=1, max_length=LONGEST_TEXT)]


class OwnStatementShown(Shown):
    """A statement as she sees it herself."""

    id: int
    violation_id: int | None = Field(description="The violation it is about; null: no single one.")
    taken_at: datetime
    means: Means
    declined: bool = Field(description="She was heard and would not say anything; the text tells how she was asked.")
    text: str
    recorded_at: datetime


class StatementShown(OwnStatementShown):
    subject_id: int
    taken_by: int | None = Field(description="Null: she gave it herself.")


class OwnStatement(Given):
    text: Said
    violation_id: Id | None = None


class NewStatement(OwnStatement):
    means: Means = Field(description="How she was heard.")
    declined: bool = False
    taken_at: Moment | None = Field(None, description="When she was heard; now, where it is left out.")


@router.get("/subjects/{subject_id}/statements", summary="A subject's statements")
def list_statements(
    subject_id: PathId, call: Calling, violation_id: About = None, before: BeforeId = None, limit: Limit = 100
) -> Page[StatementShown]:
    """Newest first."""
    with call.reading() as session:
        rows = statements.list_statements(session, call.actor, subject_id, violation_id=violation_id, before=before, limit=limit)
        return page_of([StatementShown.model_validate(row) for row in rows], list(rows), limit)


@router.post("/subjects/{subject_id}/statements", status_code=201, summary="Take down a statement")
def record_statement(subject_id: PathId, given: NewStatement, call: Calling) -> StatementShown:
    """Statements are added and never changed. Grave measures are proposed on one that was recorded before."""
    with call.writing() as session:
        made = statements.record_statement(
            session, call.actor, subject_id, **given.model_dump(), settings=call.settings, now=call.now
        )  # fmt: skip
        return StatementShown.model_validate(made)


@router.get("/statements/{statement_id}", summary="A statement")
def get_statement(statement_id: PathId, call: Calling) -> StatementShown:
    with call.reading() as session:
        return StatementShown.model_validate(statements.statement_for(session, call.actor, statement_id))


@router.get("/own/statements", summary="My statements", tags=["a subject's own view"])
def list_own_statements(call: OwnCalling) -> list[OwnStatementShown]:
    """Newest first; those that an officer took down, too."""
    with call.reading() as session:
        return [OwnStatementShown.model_validate(row) for row in statements.list_statements(session, call.own, call.own.subject_id)]


@router.post("/own/statements", status_code=201, summary="State my case", tags=["a subject's own view"])
def give_statement(given: OwnStatement, call: OwnCalling) -> OwnStatementShown:
    with call.writing() as session:
        made = statements.record_statement(
            session, call.own, call.own.subject_id, **given.model_dump(), settings=call.settings, now=call.now
        )  # fmt: skip
        return OwnStatementShown.model_validate(made)
