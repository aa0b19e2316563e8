"""期限清单: what is due, by when, what may be proposed next and on what it rests."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Call, Calling
from corrections.api.models import Moment, PathId, Shown
from corrections.domain.casework import MeasureKind
from corrections.domain.legal import Contact, DueKind, Edge, Why
from corrections.records.agenda import MOST_ROWS, agenda

router = APIRouter(tags=["legal terms"])

Until = Annotated[Moment | None, Query(description="How far to look; as many days ahead as the settings say, where it is left out.")]
Most = Annotated[int, Query(ge=1, le=MOST_ROWS, description="How many at most.")]


class BasisShown(Shown):
    """An article or a rule."""

    key: str
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    quoted: bool = Field(description="The Chinese text are its own words; else it is told in ours.")
    verified: bool = Field(description="It was read at its source.")


class MayShown(Shown):
    """A measure that may be proposed; whether she has mended, and whether there is a good reason, a person judges."""

    measure: MeasureKind
    why: Why
    ground: str | None = Field(description="The key of the ground to propose it on, of those that the measures have.")
    basis: BasisShown | None


class DueShown(Shown):
    kind: DueKind
    ref: str = Field(description="What is due, as `clock:3`.")
    subject_id: int | None
    subject_number: str | None
    subject_name: str | None
    minor: bool
    office_id: int
    officer_id: int | None
    at: datetime
    days_left: int = Field(description="Local days of the bureau; 0: today, negative: so many days ago.")
    overdue: bool
    edge: Edge | None
    contact: Contact | None
    day: int | None = Field(description="The day a term is in; the day of its start is not counted.")
    heard_at: datetime | None = Field(description="Her phone was heard since the term began: look whether she is found.")
    may: list[MayShown]
    bases: list[BasisShown]
    counts: dict[MeasureKind, int] = Field(description="Measures that stand, by kind.")


class AgendaShown(Shown):
    items: list[DueShown]
    more: bool


@router.get("/agenda", summary="What is due")
def get_agenda(call: Calling, until: Until = None, limit: Most = 500) -> AgendaShown:
    """Within reach, by time: terms, searches, ends of term and of legal bases, measures that lead on, and what waits for an answer."""
    return _agenda(call, None, until, limit)


@router.get("/subjects/{subject_id}/agenda", summary="What is due about a subject")
def get_subject_agenda(subject_id: PathId, call: Calling, until: Until = None, limit: Most = 500) -> AgendaShown:
    return _agenda(call, subject_id, until, limit)


def _agenda(call: Call, subject_id: int | None, until: datetime | None, limit: int) -> AgendaShown:
    with call.reading() as session:
        found = agenda(session, call.actor, subject_id=subject_id, until=until, limit=limit, settings=call.settings, now=call.now)
        return AgendaShown.model_validate(found)
