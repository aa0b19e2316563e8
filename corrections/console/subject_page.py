"""One subject on one page: who she is, how she stands, what is due, what binds her, and what was asked of her. No places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlmodel import Session

from corrections.console.agenda_page import KINDS, link_of
from corrections.console.pages import page
from corrections.console.visit import Form, PathId, Visit, Visiting, checked_purpose, number
from corrections.domain.casework import CheckInState
from corrections.domain.model import ReviewState
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.monitor import asking
from corrections.monitor.check_ins import ask_check_in
from corrections.monitor.present import NextStep, Phone, Present, next_step, phone, present
from corrections.records import check_ins, contact_bans, directory, measures, own, own_rules
from corrections.records.agenda import agenda
from corrections.review.items import QueueItem
from corrections.review.queue import list_queue
from corrections.store.access import Action, subject_for
from corrections.store.tables import Office, Officer, Subject, SubjectState

router = APIRouter(prefix="/console/subjects")
LATEST = 10  # decided violations
MOST_OPEN = 50
DUE_AHEAD = timedelta(days=60)
MOST_DUE = 20
CHECK_INS = 3
LOG_DAYS = 7  # offered as links
REFUSALS = (Invalid, Conflict, NotFound, Forbidden)


class Now(NamedTuple):
    """How a subject stands, what her phone last said, and what comes next of a silence."""

    stand: Present
    phone: Phone
    step: NextStep | None


@dataclass(frozen=True, slots=True)
class Told:
    """A link that is told this once, with its QR code where a phone can open it."""

    what: Literal["own_link", "check_in"]
    address: str
    qr: Markup | None


@router.get("/{subject_id}")
def subject(subject_id: PathId, visit: Visiting) -> Response:
    return _subject(visit, subject_id)


@router.post("/{subject_id}/fix-requests")
def ask_for_fix(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """Ask for a fresh fix. What is refused shows the subject as she stands now, and why."""
    try:
        purpose = checked_purpose(form.get("purpose", ""))
        with visit.writing() as session:
            asking.request_fix(session, visit.actor, subject_id, purpose, visit.settings, visit.now)
    except (Invalid, Conflict) as error:
        return _subject(visit, subject_id, error=error, asked="fix")
    return RedirectResponse(f"/console/subjects/{subject_id}?done=asked", 303)


@router.post("/{subject_id}/check-ins")
def ask_to_check_in(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """Ask her to check in. The link is told this once, besides in the notice that is to be brought to her."""
    try:
        purpose = checked_purpose(form.get("purpose", ""))
        with visit.writing() as session:
            _, token = ask_check_in(session, visit.actor, subject_id, purpose, visit.settings, visit.now)
    except REFUSALS as error:
        return _subject(visit, subject_id, error=error, asked="check_in")
    return _subject(visit, subject_id, told=_told(visit, "check_in", f"{_base(visit)}{check_ins.PAGE}/{token}"))


@router.post("/{subject_id}/own-links")
def keep_links(form: Form, subject_id: PathId, visit: Visiting) -> Response:
    """A new link to her own view, told this once, which ends those before it; or the end of one."""
    try:
        with visit.writing() as session:
            if form.get("revoke"):
                own.revoke_link(session, visit.actor, number(form, "revoke"), visit.now)
                return RedirectResponse(f"/console/subjects/{subject_id}?done=saved", 303)
            _, token = own.make_link(session, visit.actor, subject_id, visit.settings.portal, visit.now)
    except REFUSALS as error:
        return _subject(visit, subject_id, error=error)
    return _subject(visit, subject_id, told=_told(visit, "own_link", own.address_of(token, _base(visit))))


def _base(visit: Visit) -> str:
    """Where phones reach the service: as the settings say, else as this page was reached."""
    return visit.settings.portal.address.rstrip("/") or str(visit.request.base_url).rstrip("/")


def _told(visit: Visit, what: Literal["own_link", "check_in"], address: str) -> Told:
    return Told(what, address, Markup(own.qr_svg(address)))  # noqa: S704  # drawn by the program


def _subject(
    visit: Visit, subject_id: int, *, error: CorrectionsError | None = None, asked: str = "", told: Told | None = None
) -> Response:
    """``asked`` names the form that was refused."""
    with visit.reading() as session:
        row = subject_for(session, visit.actor, subject_id, Action.READ_REGISTER)
        zones, _ = own_rules.binding(session, row, visit.now, visit.desk.books)
        officer = session.get(Officer, row.officer_id) if row.officer_id is not None else None
        state = session.get(SubjectState, subject_id)
        return page(
            visit, "subject.html.j2", status=error.status if error else 200, here=f"/console/subjects/{subject_id}", subject=row,
            office=session.get_one(Office, row.office_id), officer=officer,
            authorities=directory.authorities_of(session, visit.actor, subject_id), zones=zones,
            bans=contact_bans.list_contact_bans(session, visit.actor, subject_id=subject_id),
            devices=directory.devices_of(session, visit.actor, subject_id), leaves=directory.leaves_of(session, visit.actor, subject_id),
            last_contact=state.last_contact_at if state else None, flags=directory.flags_of(session, visit.actor, subject_id),
            days_left=_days_left(visit, row), days=_days(visit), public=bool(visit.settings.portal.address), error=error, asked=asked,
            told=told, done=visit.request.query_params.get("done", ""), link_of=link_of,
            **_for_staff(session, visit, subject_id), **KINDS, CheckInState=CheckInState,
        )  # fmt: skip


def _for_staff(session: Session, visit: Visit, subject_id: int) -> dict[str, Any]:
    """What those see who supervise; nothing of it for who keeps the register alone."""
    if not visit.may(Action.REVIEW):
        return {"now": None, "violations": None, "due": None, "standing": {}, "check_ins": None, "check_in_counts": None, "links": None}
    found = agenda(
        session, visit.actor, subject_id=subject_id, until=visit.now + DUE_AHEAD, limit=MOST_DUE, settings=visit.settings, now=visit.now
    )
    return {
        "now": _now(session, visit, subject_id),
        "violations": _violations(session, visit, subject_id),
        "due": found.items,
        "standing": measures.counts(session, subject_id),
        "check_ins": check_ins.list_check_ins(session, visit.actor, subject_id, limit=CHECK_INS),
        "check_in_counts": check_ins.counts_of(session, visit.actor, subject_id, visit.settings, visit.now),
        "links": [link for link in own.links_of(session, visit.actor, subject_id) if not link.revoked_at and link.expires_at > visit.now],
    }


def _now(session: Session, visit: Visit, subject_id: int) -> Now | None:
    """How she stands now; None before anything is known."""
    stand = present(session, visit.actor, [subject_id], visit.now).get(subject_id)
    if stand is None:
        return None
    return Now(stand, phone(session, visit.actor, subject_id, visit.now), next_step(session, visit.actor, subject_id))


def _violations(session: Session, visit: Visit, subject_id: int) -> tuple[list[QueueItem], list[QueueItem]]:
    """What asks for attention, in the order of the queue; and the latest that were decided."""
    open_ = list_queue(session, visit.actor, subject_id=subject_id, limit=MOST_OPEN, now=visit.now).items
    decided = list_queue(session, visit.actor, state=ReviewState.DECIDED, subject_id=subject_id, limit=500, now=visit.now).items
    known = {item.id for item in open_}
    latest = sorted((item for item in decided if item.id not in known), key=lambda item: item.started_at, reverse=True)
    return open_, latest[:LATEST]


def _days_left(visit: Visit, row: Subject) -> int:
    today = visit.now.astimezone(visit.timezone).date()
    return (row.term_until.astimezone(visit.timezone).date() - today).days


def _days(visit: Visit) -> list[date]:
    today = visit.now.astimezone(visit.timezone).date()
    return [today - timedelta(days=back) for back in range(LOG_DAYS)]
