"""管理: what is kept in the console; offices, gateways, and the roster. Accounts, importing and the outbox have pages of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from corrections.console.forms import moment
from corrections.console.pages import page
from corrections.console.visit import Form, PathId, Visit, Visiting, number
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import directory, gateways, register, roster
from corrections.store.access import Action

router = APIRouter(prefix="/console/admin")
MOST = 500
AHEAD = timedelta(days=60)  # of the roster
REFUSALS = (Invalid, Conflict, NotFound, Forbidden)


@router.get("")
def show(visit: Visiting) -> Response:
    visit.actor.require(Action.WRITE_ROSTER)
    return page(visit, "admin.html.j2")


# ---- offices


@router.get("/offices")
def list_offices(visit: Visiting) -> Response:
    return _offices(visit)


@router.post("/offices")
def save_office(form: Form, visit: Visiting) -> Response:
    """A new one, or another name for one."""
    try:
        with visit.writing() as session:
            names = {"name": form.get("name", "").strip(), "name_en": form.get("name_en", "").strip()}
            if form.get("office"):
                register.change_office(session, visit.actor, number(form, "office"), **names, now=visit.now)
            else:
                code = form.get("code", "").strip()
                register.create_office(session, visit.actor, bureau_id=visit.actor.bureau_id, code=code, **names, now=visit.now)
    except REFUSALS as error:
        return _offices(visit, error=error, typed=form)
    return RedirectResponse("/console/admin/offices?done=saved", 303)


def _offices(visit: Visit, *, error: CorrectionsError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    visit.actor.require(Action.WRITE_ACCOUNTS)
    with visit.reading() as session:
        return page(
            visit, "offices.html.j2", status=error.status if error else 200, here="/console/admin/offices",
            offices=directory.list_offices(session, visit.actor), error=error, typed=typed or {}, done="done" in visit.request.query_params,
        )  # fmt: skip


# ---- gateways


@router.get("/gateways")
def list_gateways(visit: Visiting) -> Response:
    return _gateways(visit)


@router.post("/gateways")
def create_gateway(form: Form, visit: Visiting) -> Response:
    """Its credential is shown this once."""
    try:
        with visit.writing() as session:
            made, credential = gateways.create_gateway(
                session, visit.actor, visit.actor.bureau_id, name=form.get("name", ""), now=visit.now
            )
    except REFUSALS as error:
        return _gateways(visit, error=error, typed=form)
    return _gateways(visit, made=(made.name, credential))


@router.post("/gateways/{gateway_id}/revoke")
def revoke_gateway(_form: Form, gateway_id: PathId, visit: Visiting) -> Response:
    with visit.writing() as session:
        gateways.revoke_gateway(session, visit.actor, gateway_id, now=visit.now)
    return RedirectResponse("/console/admin/gateways?done=saved", 303)


def _gateways(
    visit: Visit, *, error: CorrectionsError | None = None, typed: Mapping[str, str] | None = None, made: tuple[str, str] | None = None
) -> Response:
    with visit.reading() as session:
        return page(
            visit, "gateways.html.j2", status=error.status if error else 200, here="/console/admin/gateways",
            gateways=gateways.gateways_of(session, visit.actor, visit.actor.bureau_id), error=error, typed=typed or {}, made=made,
            done="done" in visit.request.query_params,
        )  # fmt: skip


# ---- roster


@router.get("/roster")
def show_roster(visit: Visiting) -> Response:
    return _roster(visit)


@router.post("/roster")
def plan(form: Form, visit: Visiting) -> Response:
    """A duty or an absence, or the end of one."""
    try:
        with visit.writing() as session:
            if form.get("cancel_duty"):
                roster.cancel_duty(session, visit.actor, number(form, "cancel_duty"), now=visit.now)
            elif form.get("end_absence"):
                roster.end_absence(session, visit.actor, number(form, "end_absence"), now=visit.now)
            else:
                span = {"starts_at": moment(visit, form, "starts_at"), "ends_at": moment(visit, form, "ends_at")}
                officer = number(form, "officer")
                if form.get("what") == "absence":
                    deputy = number(form, "deputy") if form.get("deputy") else None
                    more: dict[str, Any] = span | {"deputy_id": deputy, "reason": form.get("reason", "")}
                    roster.record_absence(session, visit.actor, officer, **more, now=visit.now)
                else:
                    office = number(form, "office") if form.get("office") else None
                    roster.plan_duty(session, visit.actor, officer_id=officer, office_id=office, **span, now=visit.now)
    except REFUSALS as error:
        return _roster(visit, error=error, typed=form)
    return RedirectResponse("/console/admin/roster?done=saved", 303)


def _roster(visit: Visit, *, error: CorrectionsError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    visit.actor.require(Action.WRITE_ROSTER)
    ahead = {"from_": visit.now - timedelta(days=1), "until": visit.now + AHEAD}
    with visit.reading() as session:
        staff = directory.list_officers(session, visit.actor, active=True, limit=MOST)
        return page(
            visit, "roster.html.j2", status=error.status if error else 200, here="/console/admin/roster", staff=staff,
            names={one.id: one.name for one in staff}, offices=directory.list_offices(session, visit.actor),
            duties=roster.list_duties(session, visit.actor, **ahead), absences=roster.list_absences(session, visit.actor, **ahead),
            on_duty=roster.on_duty_now(session, visit.actor, now=visit.now), error=error, typed=typed or {},
            done="done" in visit.request.query_params,
        )  # fmt: skip
