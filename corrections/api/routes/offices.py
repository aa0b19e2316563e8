"""司法所: the bureau's places of work."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Given, PathId, Shown, Text
from corrections.records import directory, register

router = APIRouter(prefix="/offices", tags=["offices"])
Name = Annotated[Text, Field(min_length=1, max_length=200)]


class OfficeShown(Shown):
    id: int
    bureau_id: int
    code: str
    name: str
    name_en: str


class NewOffice(Given):
    code: Name
    name: Name
    name_en: Text = ""


class OfficeChange(Given):
    name: Name
    name_en: Text = ""


@router.get("", summary="The bureau's offices")
def list_offices(call: Calling) -> list[OfficeShown]:
    with call.reading() as session:
        return [OfficeShown.model_validate(office) for office in directory.list_offices(session, call.actor)]


@router.post("", status_code=201, summary="Create an office")
def create_office(given: NewOffice, call: Calling) -> OfficeShown:
    """By the bureau and its administrator."""
    with call.writing() as session:
        office = register.create_office(session, call.actor, bureau_id=call.actor.bureau_id, **given.model_dump(), now=call.now)
        return OfficeShown.model_validate(office)


@router.put("/{office_id}", summary="Rename an office")
def change_office(office_id: PathId, given: OfficeChange, call: Calling) -> OfficeShown:
    """By the bureau and its administrator."""
    with call.writing() as session:
        office = register.change_office(session, call.actor, office_id, **given.model_dump(), now=call.now)
        return OfficeShown.model_validate(office)
