"""One violation: why, the evidence (once a purpose was given), its history, and the forms of its review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from corrections.console import wording
from corrections.console.course import Course, draw_course, thresholds
from corrections.console.pages import page
from corrections.console.sketch import Place, Sketch, draw
from corrections.console.steps import Step, carry_out, open_steps, takers
from corrections.console.visit import Form, PathId, Visit, Visiting, typed_words
from corrections.domain.model import Decision, FalseAlarmCause, from_us
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid
from corrections.monitor.present import NextStep, step_of
from corrections.records.audit import audited_location_read
from corrections.review import queue
from corrections.review.reviewing import LONGEST_TEXT, Answer, Means
from corrections.store.access import Action, violation_for
from corrections.store.rulebook import as_version
from corrections.store.tables import Officer, Violation, Zone, ZoneRevision

router = APIRouter(prefix="/console/violations")
CHOICES = {
    "Step": Step, "means": list(Means), "answers": list(Answer), "decisions": list(Decision), "causes": list(FalseAlarmCause),
    "longest": LONGEST_TEXT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a violation rests on, places included. ``fixes`` are the deciding ones, each with ``at`` and its ``parts`` in the story;
    ``against`` is what speaks against it, None where the evidence does not keep that, or there is no edge."""

    fixes: list[dict[str, Any]]
    sketch: Sketch | None
    course: Course | None
    against: list[wording.Both] | None
    zone_version: int | None
    content: dict[str, Any]


class Silence(NamedTuple):
    """Why somebody is or was silent, what that is based on, and what comes next."""

    cause: str
    basis: dict[str, Any]
    step: NextStep | None


@router.get("/{violation_id}")
def show(violation_id: PathId, visit: Visiting, done: Step | None = None) -> Response:
    """Once she has said why she looks at locations places are shown, and the read is recorded; before, all but the places."""
    return _shown(visit, violation_id, done=done)


@router.post("/{violation_id}/{step}")
def take_step(form: Form, violation_id: PathId, step: Step, visit: Visiting) -> Response:
    """What is refused shows the violation as it stands now, why, and what was typed."""
    try:
        with visit.writing() as session:
            carry_out(session, visit, violation_id, step, form)
    except (Conflict, Invalid, Forbidden) as error:
        return _shown(visit, violation_id, error=error, failed=step, typed=form)
    return RedirectResponse(f"{_address(violation_id)}?done={step}", 303)


def _address(violation_id: int) -> str:
    return f"/console/violations/{violation_id}"


def _shown(
    visit: Visit,
    violation_id: int,
    *,
    error: CorrectionsError | None = None,
    failed: Step | None = None,
    typed: dict[str, str] | None = None,
    done: Step | None = None,
) -> Response:
    with visit.writing() if visit.purpose else visit.reading() as session:
        violation = violation_for(session, visit.actor, violation_id, Action.REVIEW)
        evidence = None
        if visit.purpose:
            audited_location_read(session, visit.actor, [violation.subject_id], visit.purpose, visit.now)
            evidence = _evidence(session, violation, visit.timezone)
        item = queue.queue_item(session, visit.actor, violation_id, now=visit.now)
        steps = queue.history(session, visit.actor, violation_id)
        possible = open_steps(item, visit)
        offered = takers(session, violation, visit) if Step.HAND_OVER in possible else []
        people, silence = _people(session, steps), _silence(violation)
    kept = typed_words(typed) if typed and failed not in possible else {}  # where no form is left that shows them
    return page(
        visit, "violation.html.j2", status=error.status if error else 200, here=_address(violation_id),
        item=item, steps=steps, people=people, silence=silence, evidence=evidence, open=possible, takers=offered,
        error=error, failed=failed, typed=typed or {}, kept=kept, done=done, **CHOICES,
    )  # fmt: skip


def _evidence(session: Session, violation: Violation, timezone: ZoneInfo) -> Evidence:
    content = violation.evidence
    fixes = _deciding(violation)
    places = [Place(str(i), fix["lat"], fix["lon"], fix["accuracy_m"]) for i, fix in enumerate(fixes, 1)]
    revision = session.get(ZoneRevision, violation.zone_revision_id) if violation.zone_revision_id is not None else None
    zone = as_version(session.get_one(Zone, revision.zone_id), revision) if revision else None
    sketch = draw(places, revision.outline if revision else None)
    levels = thresholds(content.get("settings", {}), violation.rule, zone)
    course = draw_course(content, levels, violation.opened_at, violation.ended_at, timezone)
    spoke = wording.against(content["against"]) if zone is not None and "against" in content else None
    return Evidence(fixes, sketch, course, spoke, zone.version if zone else None, content)


def _deciding(violation: Violation) -> list[dict[str, Any]]:
    """The deciding fixes, each with when it was and which part it has in the story."""
    fixes = [fix | {"at": from_us(fix["fix_us"])} for fix in violation.evidence.get("deciding", [])]
    farthest = max((fix["distance_m"] for fix in fixes), default=0.0) if violation.zone_revision_id is not None else 0.0
    for fix in fixes:
        told = {
            "first": fix["at"] == violation.started_at,
            "opening": fix["at"] == violation.opened_at,
            "deepest": fix["distance_m"] == farthest > 0,
            "last": fix["at"] == violation.last_fix_at,
        }
        fix["parts"] = [part for part, applies in told.items() if applies]
    return fixes


def _silence(violation: Violation) -> Silence | None:
    """Why she is or was silent, where the evidence of a violation about contact says so."""
    cause, basis = violation.evidence.get("cause"), violation.evidence.get("basis", {})
    return None if cause is None else Silence(cause, basis, step_of(violation))


def _people(session: Session, steps: Sequence[queue.Step]) -> dict[int, str]:
    """The names of those to whom something was given, by id."""
    ids = {step.content["to"] for step in steps if step.content.get("to") is not None}
    return {id_: name for id_, name in session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(ids))) if id_ is not None}
