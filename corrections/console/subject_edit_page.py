"""A person put on the register; and the register of one, changed where the role allows: who she is, her status, her legal basis, whom
she must keep from, and her phones with their setup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlmodel import Session

from corrections.console.forms import day, moment
from corrections.console.pages import page
from corrections.console.visit import Form, PathId, Visit, Visiting, choice, number
from corrections.domain.model import Category, Datum, Level, SubjectStatus
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import contact_bans, directory, permits, register
from corrections.records.enrolment import setups
from corrections.records.permits import Basis, Ground
from corrections.store.access import Action, subject_for
from corrections.store.tables import Device

router = APIRouter(prefix="/console/subjects")
MOST_STAFF = 500
REFUSALS = (Invalid, Conflict, NotFound, Forbidden)
KINDS: dict[str, Any] = {
    "Level": Level, "Category": Category, "SubjectStatus": SubjectStatus, "Basis": Basis, "Ground": Ground, "Datum": Datum,
}  # fmt: skip


@router.get("/new")
def new(visit: Visiting) -> Response:
    return _new(visit)


@router.post("/new")
def create(form: Form, visit: Visiting) -> Response:
    """Put a person on the register; what else she needs is recorded on the page that follows. The last day of a term counts whole."""
    try:
        officer = number(form, "officer") if form.get("officer") else None
        with visit.writing() as session:
            made = register.create_subject(
                session, visit.actor, office_id=number(form, "office"), number=form.get("number", ""), name=form.get("name", ""),
                category=choice(form, "category", Category), level=choice(form, "level", Level), minor=form.get("minor") == "yes",
                officer_id=officer, phone=form.get("phone", ""), term_from=_midnight(visit, form, "term_from"),
                term_until=_midnight(visit, form, "term_until") + timedelta(days=1), now=visit.now,
            )  # fmt: skip
            made_id = made.id
    except REFUSALS as error:
        return _new(visit, error=error, typed=form)
    return RedirectResponse(f"/console/subjects/{made_id}/edit?done=created", 303)


def _midnight(visit: Visit, form: Mapping[str, str], name: str) -> datetime:
    return datetime.combine(day(form, name), time(), visit.timezone)


def _new(visit: Visit, *, error: CorrectionsError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    visit.actor.require(Action.WRITE_REGISTER)
    with visit.reading() as session:
        return page(
            visit, "subject_new.html.j2", status=error.status if error else 200, here="/console/subjects/new",
            staff=directory.list_officers(session, visit.actor, active=True, limit=MOST_STAFF),
            offices=directory.list_offices(session, visit.actor), error=error, typed=typed or {}, **KINDS,
        )  # fmt: skip


@router.get("/{subject_id}/edit")
def edit(subject_id: PathId, visit: Visiting) -> Response:
    return _form(visit, subject_id)


@router.post("/{subject_id}/edit")
def change(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """Her terms, her status or a legal basis, by ``do``."""
    try:
        with visit.writing() as session:
            _change(session, visit, subject_id, form)
    except REFUSALS as error:
        return _form(visit, subject_id, error=error, typed=form)
    return RedirectResponse(f"/console/subjects/{subject_id}/edit?done=saved", 303)


def _change(session: Session, visit: Visit, subject_id: int, form: dict[str, str]) -> None:
    if form.get("do") == "status":
        since = moment(visit, form, "since") if form.get("since") else visit.now
        status = choice(form, "status", SubjectStatus)
        register.change_status(session, visit.actor, subject_id, status=status, since=since, rules=visit.settings.rules, now=visit.now)
    elif form.get("do") == "authority":
        ground = choice(form, "ground", Ground) if form.get("ground") else None
        approved_on = _midnight(visit, form, "approved_on")
        permits.grant_authority(
            session,
            visit.actor,
            subject_id,
            basis=choice(form, "basis", Basis),
            ground=ground,
            valid_from=moment(visit, form, "valid_from"),
            valid_until=moment(visit, form, "valid_until"),
            approved_by=form.get("approved_by", ""),
            approved_on=approved_on,
            rules=visit.settings.rules,
            now=visit.now,
        )
    elif form.get("do") == "revoke":
        permits.revoke_authority(session, visit.actor, number(form, "authority"), at=visit.now, now=visit.now)
    elif form.get("do") == "ban":
        other = directory.subject_by_number(session, visit.actor, form.get("other", ""), "other")
        assert other.id is not None
        contact_bans.impose_contact_ban(
            session, visit.actor, subject_id, other.id, basis=form.get("ban_basis", ""), distance_m=number(form, "distance_m"),
            minutes=number(form, "minutes"), valid_from=moment(visit, form, "ban_from"),
            valid_until=moment(visit, form, "ban_until") if form.get("ban_until") else None, approved_by=form.get("ban_by", ""),
            now=visit.now,
        )  # fmt: skip
    elif form.get("do") == "unban":
        contact_bans.revoke_contact_ban(session, visit.actor, number(form, "ban"), at=visit.now, now=visit.now)
    else:
        officer = number(form, "officer") if form.get("officer") else None
        register.change_subject(
            session, visit.actor, subject_id, name=form.get("name", "").strip(), phone=form.get("phone", "").strip(),
            level=choice(form, "level", Level), category=choice(form, "category", Category), office_id=number(form, "office"),
            officer_id=officer, minor=form.get("minor") == "yes", now=visit.now,
        )  # fmt: skip


@router.post("/{subject_id}/devices")
def enrol(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """A new phone, or a new credential for one: its setup is shown this once, to be scanned or printed."""
    try:
        with visit.writing() as session:
            if form.get("revoke"):
                register.revoke_device(session, visit.actor, number(form, "revoke"), now=visit.now)
                return RedirectResponse(f"/console/subjects/{subject_id}/edit?done=saved", 303)
            if form.get("rotate"):
                credential = register.rotate_credential(session, visit.actor, number(form, "rotate"), now=visit.now)
                device = session.get_one(Device, number(form, "rotate"))
            else:
                terms: dict[str, Any] = {"identifier": form.get("identifier", "").strip(), "client": form.get("client", "").strip()}
                terms |= {"interval_s": number(form, "interval_s"), "datum": choice(form, "datum", Datum)}
                device, credential = register.enrol_device(
                    session, visit.actor, subject_id, **terms, rules=visit.settings.rules, now=visit.now
                )
            subject = subject_for(session, visit.actor, subject_id, Action.READ_REGISTER)
            base = visit.settings.portal.address.rstrip("/") or str(visit.request.base_url).rstrip("/")
            found = setups(base, device.identifier, credential, device.interval_s)
            return page(
                visit, "enrolled.html.j2", here=f"/console/subjects/{subject_id}/edit", subject=subject, device=device, setups=found,
                Markup=Markup, public=bool(visit.settings.portal.address),
            )  # fmt: skip
    except REFUSALS as error:
        return _form(visit, subject_id, error=error, typed=form)


def _form(visit: Visit, subject_id: int, *, error: CorrectionsError | None = None, typed: dict[str, str] | None = None) -> Response:
    with visit.reading() as session:
        subject = subject_for(session, visit.actor, subject_id, Action.WRITE_REGISTER)
        return page(
            visit, "subject_edit.html.j2", status=error.status if error else 200, here=f"/console/subjects/{subject_id}/edit",
            subject=subject, staff=directory.list_officers(session, visit.actor, active=True, limit=MOST_STAFF),
            offices=directory.list_offices(session, visit.actor), devices=directory.devices_of(session, visit.actor, subject_id),
            authorities=directory.authorities_of(session, visit.actor, subject_id),
            bans=contact_bans.list_contact_bans(session, visit.actor, subject_id=subject_id), error=error, typed=typed or {},
            done=visit.request.query_params.get("done", ""), **KINDS,
        )  # fmt: skip
