"""What is open of one subject at a time, as one matter: listed, claimed, contacted about and handed over at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import MOST_ID, Given, Id, Limit, PathId, Shown, Text
from corrections.api.routes.violations import Reason, ViolationShown
from corrections.review import matters
from corrections.review.deadlines import Deadlines
from corrections.review.reviewing import Answer, Means

router = APIRouter(prefix="/matters", tags=["matters"])
Revisions = Annotated[
    dict[Id, Annotated[int, Field(ge=1, le=MOST_ID)]],
    Field(min_length=1, max_length=500, description="The revision of each open violation that you saw, by its id: of all or none."),
]


class MatterShown(Shown):
    """What is open of a subject, the most urgent first; without places."""

    id: int
    subject_id: int
    subject_number: str
    subject_name: str
    minor: bool
    office_id: int
    office_name: str
    urgent: bool = Field(description="A breach in progress at an exclusion zone is among them.")
    due_at: datetime | None = Field(description="The earliest of the open ones; null when none is open.")
    overdue: bool
    items: list[ViolationShown] = Field(description="Open ones, then decided ones that later evidence changed.")


class MatterPage(Shown):
    items: list[MatterShown]
    after: str | None = Field(description="What to pass for the next page; null on the last one.")


class MatterSeen(Given):
    revisions: Revisions


class MatterContact(MatterSeen):
    means: Means
    whom: Reason = Field(description="The subject, or who else.")
    answer: Answer
    text: Reason = Field(description="What was said, or why nobody was reached.")


class MatterHandOver(MatterSeen):
    to: Id = Field(description="Another officer who may review this office's violations.")
    reason: Reason


@router.get("", summary="The queue by matters")
def list_matters(
    call: Calling,
    mine: Annotated[bool, Query(description="Only those with an open violation that is yours or nobody's.")] = False,
    limit: Limit = 100,
    after: Annotated[Text | None, Query(max_length=100, description="`after` of the page before.")] = None,
) -> MatterPage:
    """By their gravest consequence, then by what is due first."""
    with call.reading() as session:
        return MatterPage.model_validate(matters.list_matters(session, call.actor, mine=mine, limit=limit, after=after, now=call.now))


@router.get("/{matter_id}", summary="A matter")
def get_matter(matter_id: PathId, call: Calling) -> MatterShown:
    with call.reading() as session:
        return MatterShown.model_validate(matters.matter(session, call.actor, matter_id, now=call.now))


@router.post("/{matter_id}/claim", summary="Take a matter in hand")
def claim(matter_id: PathId, given: MatterSeen, call: Calling) -> MatterShown:
    """All its open violations or none; each keeps its own history and decision."""
    with call.writing() as session:
        deadlines = Deadlines.of(call.settings)
        done = matters.claim(session, call.actor, matter_id, **given.model_dump(), deadlines=deadlines, now=call.now)
        return MatterShown.model_validate(done)


@router.post("/{matter_id}/contact", summary="Record an attempt to contact somebody about a matter")
def contact(matter_id: PathId, given: MatterContact, call: Calling) -> MatterShown:
    with call.writing() as session:
        deadlines = Deadlines.of(call.settings)
        done = matters.contact(session, call.actor, matter_id, **given.model_dump(), deadlines=deadlines, now=call.now)
        return MatterShown.model_validate(done)


@router.post("/{matter_id}/hand-over", summary="Give a matter to another officer")
def hand_over(matter_id: PathId, given: MatterHandOver, call: Calling) -> MatterShown:
    with call.writing() as session:
        return MatterShown.model_validate(matters.hand_over(session, call.actor, matter_id, **given.model_dump(), now=call.now))
