"""审计记录: who did or saw what, whose, when and why, for the auditor; and whether the chain is whole."""

from __future__ import annotations

import csv
import io
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import Session, col, select

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, Visit, Visiting
from corrections.errors import NotFound
from corrections.records import audit, audit_reading
from corrections.records.audit_words import ACTIONS
from corrections.store.access import Action
from corrections.store.tables import AuditEvent, Subject

router = APIRouter(prefix="/console/audit")
ROWS = 50
MOST_ROWS = 500  # of a file
Words = Annotated[str, Query(max_length=100)]


@router.get("")
def show(
    visit: Visiting, action: Words = "", number: Words = "", before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None
) -> Response:
    visit.actor.require(Action.READ_AUDIT)
    with visit.reading() as session:
        events = _events(session, visit, action, number, before, ROWS + 1)
        more = events[ROWS - 1].id if len(events) > ROWS else None
        wanted = {"action": action, "number": number}
        return page(
            visit, "audit.html.j2", events=events[:ROWS], numbers=_numbers(session, events), actions=ACTIONS, action=action, number=number,
            before=more, first=before is None, wanted={name: value for name, value in wanted.items() if value}, checked=None, head=None,
        )  # fmt: skip


@router.get("/events.csv")
def export(visit: Visiting, action: Words = "", number: Words = "") -> Response:
    """The newest events of a choice, as a table; with the hashes, so that they can be found in the chain."""
    visit.actor.require(Action.READ_AUDIT)
    with visit.reading() as session:
        events = _events(session, visit, action, number, None, MOST_ROWS)
        numbers = _numbers(session, events)
        rows = [[*_columns(one)[:4], numbers.get(one.subject_id, ""), *_columns(one)[4:]] for one in events]
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["id", "at", "actor", "action", "subject", "purpose", "origin", "detail", "hash"])
    table.writerows(rows)
    headers = {"Content-Disposition": "attachment; filename=audit.csv"}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/verify")
def verify(form: Form, visit: Visiting) -> Response:
    """The whole chain is walked; a hash that was kept elsewhere proves that its end was not cut off."""
    kept = form.get("kept_head", "").strip()
    with visit.reading() as session:
        faults = audit_reading.verify_chain(session, visit.actor, kept_head=kept or None)
        head = audit.head(session)
        events = _events(session, visit, "", "", None, ROWS)
        return page(
            visit, "audit.html.j2", here="/console/audit", events=events, numbers=_numbers(session, events), actions=ACTIONS, action="",
            number="", before=None, first=True, wanted={}, checked=faults, head=head,
        )  # fmt: skip


def _columns(one: AuditEvent) -> list[object]:
    return [one.id, one.at.isoformat(), one.actor, one.action, one.purpose, one.origin, one.detail, one.hash]


def _events(session: Session, visit: Visit, action: str, number: str, before: int | None, limit: int) -> list[AuditEvent]:
    subject_id = None
    if number.strip():
        subject_id = session.exec(
            select(Subject.id).where(Subject.number == number.strip(), Subject.bureau_id == visit.actor.bureau_id)
        ).first()
        if subject_id is None:
            raise NotFound(f"There is no subject {number} in your bureau.", f"本局没有编号 {number} 的社区矫正对象。")
    return audit_reading.list_events(session, visit.actor, subject_id=subject_id, action=action or None, before=before, limit=limit)


def _numbers(session: Session, events: list[AuditEvent]) -> dict[int | None, str]:
    ids = {event.subject_id for event in events if event.subject_id is not None}
    return dict(session.exec(select(Subject.id, Subject.number).where(col(Subject.id).in_(ids))).all())
