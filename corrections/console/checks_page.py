"""定位核查（点名）: rounds to be signed, and one round with its subjects, to be gone through and signed."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from corrections.console.pages import page
from corrections.console.visit import MOST_ID, Form, PathId, Visit, Visiting, choice, number
from corrections.domain.casework import Finding, RoundState
from corrections.domain.model import Level, Role
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid
from corrections.monitor import asking, round_steps, rounds
from corrections.monitor.check_figures import check_figures
from corrections.monitor.round_steps import EntryItem, Found
from corrections.records.check_words import UNLOCATED
from corrections.store.access import Action

router = APIRouter(prefix="/console/checks")
ROWS = 40
FIGURES = timedelta(days=30)


class Step(StrEnum):
    CONFIRM = "confirm"
    FIND = "find"
    SIGN = "sign"
    ASK = "ask"
    HAND_OVER = "hand-over"


@router.get("")
def show(visit: Visiting, before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    """Open ones first, those that are due soonest on top; then the past ones."""
    return _listed(visit, before)


def _listed(visit: Visit, before: int | None = None, *, error: CorrectionsError | None = None, whole: bool = False) -> Response:
    mine = visit.actor.role is Role.OFFICER
    with visit.reading() as session:
        waiting = round_steps.list_rounds(session, visit.actor, visit.settings, visit.now, mine=mine, state=RoundState.OPEN, limit=200)
        past = round_steps.list_rounds(session, visit.actor, visit.settings, visit.now, before=before, limit=ROWS + 1)
        figures = check_figures(session, visit.actor, visit.now - FIGURES, visit.now, visit.settings, visit.now)
    more = past[ROWS - 1].id if len(past) > ROWS else None
    shown = [one for one in past[:ROWS] if one.state != RoundState.OPEN]
    return page(
        visit, "checks.html.j2", status=error.status if error else 200, here="/console/checks" if error else None,
        waiting=sorted(waiting, key=lambda one: one.due_at), past=shown, before=more, first=before is None, figures=figures, mine=mine,
        error=error, whole=whole, RoundState=RoundState,
    )  # fmt: skip


@router.post("")
def begin(form: Form, visit: Visiting) -> Response:
    """A round of her own subjects, or of all of the office, now."""
    whole = form.get("whole") == "yes"
    try:
        with visit.writing() as session:
            made = rounds.begin_round(session, visit.actor, visit.settings, visit.now, office_id=None, whole_office=whole)
    except (Invalid, Conflict) as error:
        return _listed(visit, error=error, whole=whole)
    return RedirectResponse(f"/console/checks/{made.id}", 303)


@router.get("/{round_id}")
def show_one(round_id: PathId, visit: Visiting, done: str | None = None) -> Response:
    """Positions are in it once she has said why she looks at locations; that is recorded."""
    return _shown(visit, round_id, done=done)


@router.post("/{round_id}/{step}")
def take_step(form: Form, round_id: PathId, step: Step, visit: Visiting) -> Response:
    try:
        if step is Step.ASK:
            return _ask(visit, round_id, form)
        with visit.writing() as session:
            revision, terms = number(form, "revision"), {"settings": visit.settings, "now": visit.now}
            if step is Step.CONFIRM:
                entries = [int(name.removeprefix("entry-")) for name in form if name.removeprefix("entry-").isdigit()]
                round_steps.confirm_in_place(session, visit.actor, round_id, entries, revision=revision, **terms)  # type: ignore[arg-type]
            elif step is Step.FIND:
                found = Found(number(form, "entry"), choice(form, "finding", Finding), form.get("note", ""))
                round_steps.find(session, visit.actor, round_id, [found], revision=revision, **terms)  # type: ignore[arg-type]
            elif step is Step.HAND_OVER:
                to, reason = number(form, "to"), form.get("reason", "")
                round_steps.hand_over(session, visit.actor, round_id, to, revision=revision, reason=reason, **terms)  # type: ignore[arg-type]
            else:
                round_steps.sign(session, visit.actor, round_id, revision=revision, note=form.get("note", ""), now=visit.now)
    except (Invalid, Conflict, Forbidden) as error:
        return _shown(visit, round_id, error=error, failed=step, typed=form)
    anchor = f"#entry-{form['entry']}" if step is Step.FIND else ""
    return RedirectResponse(f"/console/checks/{round_id}?done={step}{anchor}", 303)


def _ask(visit: Visit, round_id: int, form: dict[str, str]) -> Response:
    """Ask a subject's phone for a fresh fix; that needs a purpose, which is recorded."""
    with visit.writing() as session:
        asking.request_fix(session, visit.actor, number(form, "subject"), visit.purpose, visit.settings, visit.now)
    return RedirectResponse(f"/console/checks/{round_id}?done=ask", 303)


def _shown(
    visit: Visit, round_id: int, *, done: str | None = None, error: CorrectionsError | None = None, failed: Step | None = None,
    typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    purpose = visit.purpose if visit.may(Action.READ_LOCATION) else ""
    with visit.writing() as session:
        shown = round_steps.show_round(session, visit.actor, round_id, visit.settings, visit.now, purpose=purpose)
        offered = round_steps.takers(session, visit.actor, round_id, visit.settings, visit.now)
    sure = [one for one in shown.entries if one.in_place and one.finding is None]
    values: dict[str, Any] = {"Finding": Finding, "Level": Level, "RoundState": RoundState, "Step": Step, "unlocated": UNLOCATED}
    return page(
        visit, "round.html.j2", status=error.status if error else 200, here=f"/console/checks/{round_id}", round=shown.round,
        entries=sorted(shown.entries, key=_first), sure=sure, takers=offered, done=done, error=error, failed=failed,
        typed=typed or {}, **values,
    )  # fmt: skip


def _first(entry: EntryItem) -> tuple[bool, bool, str]:
    """Those that need a look before those that the program shows in place, and what is found last."""
    return entry.finding is not None, entry.in_place, entry.subject_number
