"""社区矫正对象: the register, without locations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from corrections.api.context import Calling
from corrections.api.models import AfterId, Given, Id, Limit, Moment, Page, PathId, Shown, Text, page_of
from corrections.domain.model import Category, Level, SubjectStatus
from corrections.records import directory, register
from corrections.store.access import Action, subject_for

router = APIRouter(prefix="/subjects", tags=["subjects"])
Name = Annotated[Text, Field(min_length=1, max_length=200)]


class SubjectShown(Shown):
    id: int
    office_id: int
    number: str = Field(description="The bureau's own (社区矫正对象编号).")
    name: str
    category: Category
    level: Level
    minor: bool
    status: SubjectStatus
    status_from: datetime | None
    officer_id: int | None
    term_from: datetime
    term_until: datetime
    phone: str


class NewSubject(Given):
    office_id: Id
    number: Name
    name: Name
    category: Category
    level: Level
    term_from: Moment
    term_until: Moment = Field(description="The first moment after the term.")
    minor: bool = False
    officer_id: Id | None = Field(None, description="The officer assigned to her.")
    phone: Text = Field("", max_length=100)


@with_config(ConfigDict(extra="forbid"))
class SubjectChange(TypedDict, total=False):
    """What is left out stays as it is."""

    name: Name
    office_id: Id
    officer_id: Id | None
    category: Category
    level: Level
    minor: bool
    term_from: Moment
    term_until: Moment
    phone: Annotated[Text, Field(max_length=100)]


class NewStatus(Given):
    status: SubjectStatus
    since: Moment = Field(description="From when on; not in the future. Any but active ends monitoring then.")


@router.get("", summary="Subjects within reach")
def list_subjects(
    call: Calling,
    office_id: Annotated[Id | None, Query()] = None,
    officer_id: Annotated[Id | None, Query()] = None,
    status: SubjectStatus | None = None,
    level: Level | None = None,
    search: Annotated[Text, Query(description="Part of a name or number.")] = "",
    uncertain: Annotated[bool, Query(description="Only those of whom one cannot tell on which side they are.")] = False,
    after: AfterId = 0,
    limit: Limit = 100,
) -> Page[SubjectShown]:
    with call.reading() as session:
        rows = directory.list_subjects(
            session, call.actor, office_id=office_id, officer_id=officer_id, status=status, level=level, search=search,
            uncertain=uncertain, after=after, limit=limit,
        )  # fmt: skip
        return page_of([SubjectShown.model_validate(row) for row in rows], rows, limit)


@router.post("", status_code=201, summary="Put a person on the register")
def create_subject(given: NewSubject, call: Calling) -> SubjectShown:
    """Nothing is located before an authority is recorded and a device enrolled."""
    with call.writing() as session:
        subject = register.create_subject(session, call.actor, **given.model_dump(), now=call.now)
        return SubjectShown.model_validate(subject)


@router.get("/{subject_id}", summary="A subject")
def get_subject(subject_id: PathId, call: Calling) -> SubjectShown:
    with call.reading() as session:
        return SubjectShown.model_validate(subject_for(session, call.actor, subject_id, Action.READ_REGISTER))


@router.patch("/{subject_id}", summary="Change a subject")
def change_subject(subject_id: PathId, given: Annotated[SubjectChange, Body()], call: Calling) -> SubjectShown:
    with call.writing() as session:
        return SubjectShown.model_validate(register.change_subject(session, call.actor, subject_id, **given, now=call.now))


@router.put("/{subject_id}/status", summary="Set a subject's status")
def change_status(subject_id: PathId, given: NewStatus, call: Calling) -> SubjectShown:
    """The end of the measure, custody and death end monitoring; the end of the measure and death end the legal bases, too."""
    with call.writing() as session:
        rules = call.settings.rules
        subject = register.change_status(session, call.actor, subject_id, **given.model_dump(), rules=rules, now=call.now)
        return SubjectShown.model_validate(subject)
