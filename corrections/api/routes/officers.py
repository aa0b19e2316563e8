"""工作人员: accounts, roles, deputies and absence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import ConfigDict, Field, with_config
from sqlmodel import Session
from typing_extensions import TypedDict

from corrections.api.context import Call, Calling
from corrections.api.models import AfterId, Done, Given, Id, Limit, Page, PathId, Shown, Text, page_of
from corrections.domain.model import Role
from corrections.records import accounts, directory
from corrections.review.roster import absences
from corrections.store.tables import Officer

router = APIRouter(prefix="/officers", tags=["officers"])
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Password = Annotated[Text, Field(min_length=12, max_length=1024)]


class OfficerShown(Shown):
    id: int
    office_id: int
    login: str
    name: str
    role: Role
    active: bool
    deputy_id: int | None = Field(description="Who gets her new violations while she is absent, unless the absence names another.")
    absent_until: datetime | None = Field(None, description="Until when she is away; null: she is there.")


class NewOfficer(Given):
    office_id: Id
    login: Name
    name: Name
    role: Role
    password: Password | None = Field(None, description="Without one she cannot log in.")


@with_config(ConfigDict(extra="forbid"))
class OfficerChange(TypedDict, total=False):
    """What is left out stays as it is. The deputy may be set by the officer herself and the heads; the rest by the
    administrator."""

    name: Name
    role: Role
    office_id: Id
    deputy_id: Id | None


class NewPassword(Given):
    password: Password
    current: Text | None = Field(None, description="The one in force, from an officer who sets her own.")


@router.get("", summary="The bureau's staff")
def list_officers(
    call: Calling, office_id: Annotated[Id | None, Query()] = None, active: bool | None = None, after: AfterId = 0, limit: Limit = 100
) -> Page[OfficerShown]:
    with call.reading() as session:
        rows = directory.list_officers(session, call.actor, office_id=office_id, active=active, after=after, limit=limit)
        return page_of(_shown(session, call, rows), rows, limit)


@router.post("", status_code=201, summary="Create an account")
def create_officer(given: NewOfficer, call: Calling) -> OfficerShown:
    """By the administrator."""
    with call.writing() as session:
        officer = accounts.create_officer(session, call.actor, **given.model_dump(), now=call.now)
        return _shown(session, call, [officer])[0]


@router.get("/{officer_id}", summary="A member of staff")
def get_officer(officer_id: PathId, call: Calling) -> OfficerShown:
    with call.reading() as session:
        return _shown(session, call, [directory.officer_in_reach(session, call.actor, officer_id)])[0]


@router.patch("/{officer_id}", summary="Change an account or a deputy")
def change_officer(officer_id: PathId, given: Annotated[OfficerChange, Body()], call: Calling) -> OfficerShown:
    with call.writing() as session:
        officer = accounts.change_officer(session, call.actor, officer_id, **given, settings=call.settings, now=call.now)
        return _shown(session, call, [officer])[0]


@router.post("/{officer_id}/deactivate", summary="End an account")
def deactivate_officer(officer_id: PathId, call: Calling) -> OfficerShown:
    """By the administrator. Its sessions end at once, and its open violations go to somebody else."""
    with call.writing() as session:
        officer = accounts.deactivate_officer(session, call.actor, officer_id, settings=call.settings, now=call.now)
        return _shown(session, call, [officer])[0]


@router.put("/{officer_id}/password", summary="Set a password")
def set_password(officer_id: PathId, given: NewPassword, call: Calling) -> Done:
    """Her own by an officer, anybody's by the administrator. All sessions of the account end."""
    with call.writing() as session:
        accounts.set_password(session, call.actor, officer_id, given.password, current=given.current, now=call.now)
    return Done()


def _shown(session: Session, call: Call, officers: Sequence[Officer]) -> list[OfficerShown]:
    shown = [OfficerShown.model_validate(officer) for officer in officers]
    away = absences(session, call.now, [one.id for one in shown])
    return [one.model_copy(update={"absent_until": away[one.id].ends_at}) if one.id in away else one for one in shown]
