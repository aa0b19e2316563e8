"""账号: the staff of the bureau, and one account with what may be changed of it. A password is made here and shown once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting, choice, number
from corrections.domain.model import Role
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import accounts, directory
from corrections.store.access import Action

router = APIRouter(prefix="/console/admin/accounts")
ROWS = 50
MOST_DEPUTIES = 500
REFUSALS = (Invalid, Conflict, NotFound, Forbidden)
OfId = Annotated[int, Query(ge=0, le=MOST_ID)]
Made = tuple[str, str]  # a login and its new password


@router.get("")
def list_accounts(
    visit: Visiting, search: Annotated[str, Query(max_length=100)] = "", office: OfId = 0, closed: bool = False, after: OfId = 0
) -> Response:
    return _list(visit, search, office, closed=closed, after=after)


@router.post("")
def create_account(form: Form, visit: Visiting) -> Response:
    """Its first password is made here and shown this once."""
    login, password = form.get("login", "").strip(), accounts.new_password()
    try:
        with visit.writing() as session:
            accounts.create_officer(
                session, visit.actor, office_id=number(form, "office"), login=login, name=form.get("name", "").strip(),
                role=choice(form, "role", Role), password=password, now=visit.now,
            )  # fmt: skip
    except REFUSALS as error:
        return _list(visit, error=error, typed=form)
    return _list(visit, search=login, made=(login, password))


@router.get("/{officer_id}")
def show(officer_id: PathId, visit: Visiting) -> Response:
    return _one(visit, officer_id)


@router.post("/{officer_id}")
def change(form: Form, officer_id: PathId, visit: Visiting) -> Response:
    """One of: its terms, the deputy, the addresses, a new password (shown this once), its end."""
    visit.actor.require(Action.WRITE_ACCOUNTS)
    made: Made | None = None
    try:
        with visit.writing() as session:
            match form.get("do"):
                case "password" if officer_id == visit.actor.officer_id:
                    raise Invalid("Change your own password under My account.", "自己的密码请在“我的账号”中更改。")
                case "password":
                    made = (form.get("login", ""), accounts.new_password())
                    accounts.set_password(session, visit.actor, officer_id, made[1], now=visit.now)
                case "deactivate":
                    accounts.deactivate_officer(session, visit.actor, officer_id, settings=visit.settings, now=visit.now)
                case "addresses":
                    given = {channel.name: form.get(f"to-{channel.name}", "").strip() for channel in visit.settings.notify.channels}
                    said = {name: address for name, address in given.items() if address}
                    accounts.set_addresses(session, visit.actor, officer_id, said, settings=visit.settings, now=visit.now)
                case _:
                    terms = _terms(form)
                    accounts.change_officer(session, visit.actor, officer_id, **terms, settings=visit.settings, now=visit.now)
    except REFUSALS as error:
        return _one(visit, officer_id, error=error, typed=form)
    return _one(visit, officer_id, made=made) if made else RedirectResponse(f"/console/admin/accounts/{officer_id}?done=saved", 303)


def _terms(form: Mapping[str, str]) -> dict[str, Any]:
    """What a form changes of an account: the deputy, or who she is. Raises Invalid."""
    given = dict(form)
    if given.get("do") == "deputy":
        return {"deputy_id": number(given, "deputy") if given.get("deputy") else None}
    name = given.get("name", "").strip()
    if not name:
        raise Invalid("A member of staff has a name.", "请填写工作人员姓名。", field="name")
    return {"name": name, "role": choice(given, "role", Role), "office_id": number(given, "office")}


def _list(
    visit: Visit, search: str = "", office: int = 0, *, closed: bool = False, after: int = 0, error: CorrectionsError | None = None,
    typed: Mapping[str, str] | None = None, made: Made | None = None,
) -> Response:  # fmt: skip
    visit.actor.require(Action.WRITE_ACCOUNTS)
    with visit.reading() as session:
        wanted: dict[str, Any] = {"office_id": office or None, "active": None if closed else True, "search": search}
        staff = directory.list_officers(session, visit.actor, **wanted, after=after, limit=ROWS + 1)
        asked = {"search": search, "office": office, "closed": "true" if closed else ""}
        return page(
            visit, "accounts.html.j2", status=error.status if error else 200, here="/console/admin/accounts", staff=staff[:ROWS],
            offices=directory.list_offices(session, visit.actor), asked={name: value for name, value in asked.items() if value},
            after=staff[ROWS - 1].id if len(staff) > ROWS else None, first=after == 0, error=error, typed=typed or {}, made=made,
            roles=list(Role),
        )  # fmt: skip


def _one(
    visit: Visit, officer_id: int, *, error: CorrectionsError | None = None, typed: Mapping[str, str] | None = None,
    made: Made | None = None,
) -> Response:  # fmt: skip
    visit.actor.require(Action.WRITE_ACCOUNTS)
    with visit.reading() as session:
        officer = directory.officer_in_reach(session, visit.actor, officer_id)
        colleagues = directory.list_officers(session, visit.actor, office_id=officer.office_id, active=True, limit=MOST_DEPUTIES)
        return page(
            visit, "account.html.j2", status=error.status if error else 200, here=f"/console/admin/accounts/{officer_id}", officer=officer,
            deputies=[one for one in colleagues if one.id != officer_id], offices=directory.list_offices(session, visit.actor),
            channels=visit.settings.notify.channels, roles=list(Role), error=error, typed=typed or {}, made=made,
            done="done" in visit.request.query_params,
        )  # fmt: skip
