"""The forms that inputs and answers share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

MOST_ID = 2**53 - 1  # the largest integer that JSON readers agree on
Item = TypeVar("Item")


def _storable(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("unprintable", "holds a NUL character")
    return text


def _sane(at: datetime) -> datetime:
    """Moments that calendars of every time zone can hold, in UTC."""
    if not 1900 <= at.year <= 2200:
        raise PydanticCustomError("year_out_of_range", "the year is out of range")
    return at.astimezone(UTC)


def sane_day(day: date) -> date:
    """The day, if its year is one that calendars of every time zone can hold."""
    if not 1900 <= day.year <= 2200:
        raise PydanticCustomError("year_out_of_range", "the year is out of range")
    return day


Text = Annotated[str, StringConstraints(max_length=5000), AfterValidator(_storable)]
Document = Annotated[str, StringConstraints(max_length=30_000_000), AfterValidator(_storable)]
Moment = Annotated[AwareDatetime, AfterValidator(_sane)]
Id = Annotated[int, Field(ge=1, le=MOST_ID)]
PathId = Annotated[int, Path(ge=1, le=MOST_ID)]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
AfterId = Annotated[int, Query(ge=0, le=MOST_ID, description="`after` of the page before.")]
BeforeId = Annotated[int | None, Query(ge=1, le=MOST_ID, description="`after` of the page before.")]
Purpose = Annotated[
    Text, Query(min_length=1, max_length=500, description="Why the location is looked at; it is recorded in the audit trail.")
]


class Given(BaseModel):
    """An input: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """An answer, taken from the attributes of what a service function returned."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[Item]):
    """Some of a list."""

    items: list[Item]
    after: int | None = Field(description="What to pass for the next page (`after` or `before`); null on the last one.")


class Done(BaseModel):
    """It was done."""

    done: bool = True


def page_of(items: list[Item], rows: list[Any], limit: int) -> Page[Item]:
    """A page of ``items`` made from ``rows`` in order of their ids; a full page may have one after it."""
    return Page(items=items, after=rows[-1].id if len(rows) == limit else None)
