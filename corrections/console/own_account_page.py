"""我的账号: what the service holds of her who is logged in, her password, who stands in for her, and where notices reach her."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from corrections.console.door import LOGIN
from corrections.console.pages import page
from corrections.console.visit import Form, Visit, Visiting, number
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound, Unauthenticated
from corrections.records import accounts, directory
from corrections.store.access import Action
from corrections.store.tables import Office, Officer
from corrections.web import clear_cookie

router = APIRouter(prefix="/console/account")
MOST_DEPUTIES = 500


@router.get("")
def show(visit: Visiting) -> Response:
    return _page(visit)


@router.post("")
def change(form: Form, visit: Visiting) -> Response:
    """One of: the deputy, the addresses, or the password, which ends all her log-ins: she logs in with the new one."""
    officer_id = visit.actor.officer_id
    try:
        with visit.writing() as session:
            match form.get("do"):
                case "password":
                    _set_password(visit, session, form)
                case "addresses":
                    said = {channel.name: form.get(f"to-{channel.name}", "").strip() for channel in visit.settings.notify.channels}
                    given = {name: address for name, address in said.items() if address}
                    accounts.set_addresses(session, visit.actor, officer_id, given, settings=visit.settings, now=visit.now)
                case _:
                    deputy_id = number(form, "deputy") if form.get("deputy") else None
                    accounts.change_officer(session, visit.actor, officer_id, deputy_id=deputy_id, settings=visit.settings, now=visit.now)
    except Unauthenticated as error:  # she is who she is: it is what she typed that is wrong
        return _page(visit, error=Invalid(error.en, error.zh, field="current"))
    except (Invalid, Conflict, NotFound, Forbidden) as error:
        return _page(visit, error=error, typed=form)
    if form.get("do") != "password":
        return RedirectResponse("/console/account?done=saved", 303)
    answer = RedirectResponse(f"{LOGIN}?{urlencode({'done': 'password'})}", 303)
    clear_cookie(visit.request, answer)
    return answer


def _set_password(visit: Visit, session: Session, form: Mapping[str, str]) -> None:
    new = form.get("password", "")
    if new != form.get("again", ""):
        raise Invalid("The new password was not typed twice alike.", "两次输入的新密码不一致。", field="again")
    accounts.set_password(session, visit.actor, visit.actor.officer_id, new, current=form.get("current", ""), now=visit.now)


def _page(visit: Visit, *, error: CorrectionsError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    with visit.reading() as session:
        officer = accounts.addresses_of(session, visit.actor, visit.actor.officer_id)
        colleagues: Sequence[Officer] = ()
        if visit.may(Action.READ_REGISTER):
            colleagues = directory.list_officers(session, visit.actor, office_id=officer.office_id, active=True, limit=MOST_DEPUTIES)
        return page(
            visit, "own_account.html.j2", status=error.status if error else 200, here="/console/account", officer=officer,
            office=session.get_one(Office, officer.office_id), deputies=[one for one in colleagues if one.id != officer.id],
            channels=visit.settings.notify.channels, least=accounts.LEAST_PASSWORD, error=error, typed=typed or {},
            done="done" in visit.request.query_params,
        )  # fmt: skip
