"""Terms that the law ties to a fact and that a person starts: reporting in, out of contact."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from corrections.api.context import Call, Calling
from corrections.api.models import BeforeId, Given, Id, Limit, Moment, Page, PathId, Shown, Text, page_of
from corrections.domain.casework import ClockKind
from corrections.domain.legal import Contact, ContactSource, Edge
from corrections.records import clocks
from corrections.store.tables import LegalClock

router = APIRouter(tags=["legal terms"])

Said = Annotated[Text, Field(min_length=1, max_length=clocks.LONGEST_TEXT)]


class EdgeShown(Shown):
    edge: Edge
    at: datetime = Field(description="The first moment beyond it: a local midnight of the bureau.")
    reached: bool


class ClockShown(Shown):
    """A term, and how far it has come (one that is over: as it was at its end)."""

    id: int
    subject_id: int
    kind: ClockKind
    starts_at: datetime
    proposed_at: datetime | None = Field(description="What the service would have started it from.")
    basis: str = Field(description="Why from that moment, by her who set it.")
    set_by: int
    set_at: datetime
    ended_at: datetime | None
    ended_by: int | None = Field(description="Null where it ended by itself, with the supervision.")
    end_note: str
    day: int = Field(description="The local day it is in; 0 is the day of the start, which is not counted.")
    contact: Contact | None = Field(description="Out of contact: beyond which edges.")
    edges: list[EdgeShown]
    tell_at: datetime | None = Field(description="When officer and head are told next.")


class ProposedShown(Shown):
    """What a term could start from. A person decides."""

    kind: ClockKind
    at: datetime | None = Field(description="Null: nothing is known.")
    source: ContactSource | None
    ref: str = Field(description="The record it is known from, as `log_entry:12`; empty for reports of the phone and for the register.")


class NewClock(Given):
    kind: ClockKind
    starts_at: Moment = Field(description="Not in the future.")
    basis: Said = Field(description="Why from that moment.")


class NewStart(Given):
    starts_at: Moment
    reason: Said


class ClockEnd(Given):
    note: Said = Field(description="What ended it: she was found, has reported in.")
    at: Moment | None = Field(None, description="When that was; now, where it is left out.")


@router.get("/clocks", summary="Legal terms within reach")
def list_clocks(
    call: Calling,
    running: Annotated[bool | None, Query(description="True: those that run; false: those that are over.")] = None,
    subject_id: Annotated[Id | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[ClockShown]:
    """Newest first."""
    with call.reading() as session:
        rows = clocks.list_clocks(session, call.actor, running=running, subject_id=subject_id, before=before, limit=limit)
        return page_of([_shown(session, call, row) for row in rows], list(rows), limit)


@router.get("/clocks/{clock_id}", summary="A legal term")
def get_clock(clock_id: PathId, call: Calling) -> ClockShown:
    with call.reading() as session:
        return _shown(session, call, clocks.clock_for(session, call.actor, clock_id))


@router.get("/subjects/{subject_id}/clocks/proposed", summary="From when a legal term could start")
def propose_start(subject_id: PathId, kind: ClockKind, call: Calling) -> ProposedShown:
    """Out of contact: the last contact that is recorded. Reporting in: the beginning of the term. With where it is known from."""
    with call.reading() as session:
        return ProposedShown.model_validate(clocks.propose_start(session, call.actor, subject_id, kind, call.now))


@router.post("/subjects/{subject_id}/clocks", status_code=201, summary="Start a legal term")
def start_clock(subject_id: PathId, given: NewClock, call: Calling) -> ClockShown:
    """From the moment that the officer sets; what the service would have proposed is kept beside it."""
    with call.writing() as session:
        clock = clocks.start_clock(session, call.actor, subject_id, **given.model_dump(), settings=call.settings, now=call.now)
        return _shown(session, call, clock)


@router.post("/clocks/{clock_id}/change-start", status_code=201, summary="Let a running legal term start at another moment")
def change_start(clock_id: PathId, given: NewStart, call: Calling) -> ClockShown:
    """The old one ends, with the reason; the new one is answered."""
    with call.writing() as session:
        clock = clocks.change_start(session, call.actor, clock_id, **given.model_dump(), settings=call.settings, now=call.now)
        return _shown(session, call, clock)


@router.post("/clocks/{clock_id}/end", summary="End a legal term")
def end_clock(clock_id: PathId, given: ClockEnd, call: Calling) -> ClockShown:
    with call.writing() as session:
        return _shown(session, call, clocks.end_clock(session, call.actor, clock_id, **given.model_dump(), now=call.now))


def _shown(session: Session, call: Call, clock: LegalClock) -> ClockShown:
    state = clocks.state_of(session, clock, call.settings, call.now)
    edges = [EdgeShown(edge=edge, at=at, reached=at <= state.at) for edge, at in state.edges]
    return ClockShown(**clock.model_dump(exclude={"told"}), day=state.day, contact=state.contact, edges=edges)
