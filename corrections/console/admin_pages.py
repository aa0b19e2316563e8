"""管理: accounts and offices, importing with a preview of errors, the settings in force, and the roster."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from corrections.console.forms import moment
from corrections.console.pages import page
from corrections.console.visit import Form, PathId, Uploading, Visit, Visiting, choice, number
from corrections.domain.model import Role
from corrections.errors import Conflict, CorrectionsError, Forbidden, ImportRejected, Invalid, NotFound
from corrections.records import accounts, directory, register, roster
from corrections.records.imports import Imported, Register, import_register
from corrections.records.roster_file import import_duties
from corrections.settings.shown import shown_settings
from corrections.store.access import Action

router = APIRouter(prefix="/console/admin")
MOST = 500
AHEAD = timedelta(days=60)  # of the roster
NEEDED = {Register.OFFICERS: Action.WRITE_ACCOUNTS}
DUTIES = "duties"
REFUSALS = (Invalid, Conflict, NotFound, Forbidden)


@router.get("")
def show(visit: Visiting) -> Response:
    visit.actor.require(Action.WRITE_ROSTER)
    with visit.reading() as session:
        staff = directory.list_officers(session, visit.actor, limit=MOST)
        offices = directory.list_offices(session, visit.actor)
    return page(visit, "admin.html.j2", staff=len(staff), offices=len(offices))


# ---- accounts and offices


@router.get("/accounts")
def list_accounts(visit: Visiting) -> Response:
    return _accounts(visit)


@router.post("/accounts")
def create_account(form: Form, visit: Visiting) -> Response:
    """Its first password is made here and shown this once."""
    try:
        password = accounts.new_password()
        with visit.writing() as session:
            terms = {"office_id": number(form, "office"), "login": form.get("login", "").strip(), "name": form.get("name", "").strip()}
            accounts.create_officer(session, visit.actor, **terms, role=choice(form, "role", Role), password=password, now=visit.now)  # type: ignore[arg-type]
    except REFUSALS as error:
        return _accounts(visit, error=error, typed=form)
    return _accounts(visit, made=(form.get("login", "").strip(), password))


@router.post("/accounts/{officer_id}")
def change_account(form: Form, officer_id: PathId, visit: Visiting) -> Response:
    """One of: its terms, a new password (shown this once), its end."""
    made: tuple[str, str] | None = None
    try:
        with visit.writing() as session:
            if form.get("do") == "password":
                made = (form.get("login", ""), accounts.new_password())
                accounts.set_password(session, visit.actor, officer_id, made[1], now=visit.now)
            elif form.get("do") == "deactivate":
                accounts.deactivate_officer(session, visit.actor, officer_id, settings=visit.settings, now=visit.now)
            else:
                deputy = number(form, "deputy") if form.get("deputy") else None
                terms: dict[str, Any] = {"role": choice(form, "role", Role), "office_id": number(form, "office"), "deputy_id": deputy}
                name = form.get("name", "").strip()
                accounts.change_officer(session, visit.actor, officer_id, name=name, **terms, settings=visit.settings, now=visit.now)
    except REFUSALS as error:
        return _accounts(visit, error=error)
    return _accounts(visit, made=made) if made else RedirectResponse("/console/admin/accounts?done=saved", 303)


def _accounts(
    visit: Visit, *, error: CorrectionsError | None = None, typed: Mapping[str, str] | None = None, made: tuple[str, str] | None = None
) -> Response:
    visit.actor.require(Action.WRITE_ACCOUNTS)
    with visit.reading() as session:
        staff = directory.list_officers(session, visit.actor, limit=MOST)
        offices = directory.list_offices(session, visit.actor)
        return page(
            visit, "accounts.html.j2", status=error.status if error else 200, here="/console/admin/accounts", staff=staff, offices=offices,
            error=error, typed=typed or {}, made=made, done="done" in visit.request.query_params, roles=list(Role),
        )  # fmt: skip


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


# ---- importing


class Do(StrEnum):
    CHECK = "check"
    IMPORT = "import"


@router.get("/import")
def import_form(visit: Visiting) -> Response:
    return _import(visit, {})


@router.post("/import")
def import_file(sent: Uploading, visit: Visiting) -> Response:
    """First what the file would bring in, or every fault with its row; then the same file is taken in. Secrets are shown here, once."""
    form = sent.fields
    try:
        do = choice(form, "do", Do)
        if sent.files:
            form["filename"], content = sent.files[0].name, sent.files[0].content
            form["content"] = base64.b64encode(content).decode()
        else:
            content = _again(form)
        done = _take(visit, form, content, dry_run=do is Do.CHECK)
    except ImportRejected as error:
        return _import(visit, form, error=error, faults=error.rows)
    except REFUSALS as error:
        return _import(visit, form, error=error)
    return _import(visit, form, done=done)


def _again(form: Mapping[str, str]) -> bytes:
    """The file that was looked through before, as its form brought it back."""
    try:
        content = base64.b64decode(form.get("content", ""), validate=True)
    except binascii.Error:
        content = b""
    if not content:
        raise Invalid("Choose a file.", "请选择文件。", field="file")
    return content


def _take(visit: Visit, form: Mapping[str, str], content: bytes, *, dry_run: bool) -> Imported:
    terms: dict[str, Any] = {"bureau_id": visit.actor.bureau_id, "dry_run": dry_run, "now": visit.now}
    name = form.get("filename", "")
    with visit.writing() as session:
        if form.get("kind") == DUTIES:
            made = import_duties(session, visit.actor, content, name, **terms)
            return Imported(counts={DUTIES: made.duties}, dry_run=dry_run)
        kind = choice(dict(form), "kind", Register)
        visit.actor.require(NEEDED.get(kind, Action.WRITE_REGISTER))
        return import_register(session, visit.actor, kind, content, name, settings=visit.settings, **terms)


def _import(
    visit: Visit, form: Mapping[str, str], *, error: CorrectionsError | None = None, faults: Any = (), done: Imported | None = None
) -> Response:
    visit.actor.require(Action.WRITE_ROSTER)
    kinds = [kind.value for kind in Register if visit.may(NEEDED.get(kind, Action.WRITE_REGISTER))] + [DUTIES]
    return page(
        visit, "import.html.j2", status=error.status if error else 200, here="/console/admin/import", kinds=kinds, form=form, error=error,
        faults=faults, imported=done,
    )  # fmt: skip


# ---- settings and roster


@router.get("/settings")
def settings(visit: Visiting) -> Response:
    """What is in force, what each value means, and where it comes from; what is secret is not shown."""
    visit.actor.require(Action.WRITE_ROSTER)
    return page(visit, "settings.html.j2", sections=shown_settings(visit.settings))


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
