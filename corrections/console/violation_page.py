"""One violation: why, the evidence (once a purpose was given), its history, and the forms of its review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import shapely
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from corrections.console import wording
from corrections.console.course import Course, draw_course, thresholds
from corrections.console.pages import page
from corrections.console.queue_page import View, Viewing, listing
from corrections.console.sketch import Place, Sketch, draw
from corrections.console.steps import Step, carry_out, open_steps, takers
from corrections.console.visit import Form, PathId, Visit, Visiting, typed_words
from corrections.domain.model import Decision, FalseAlarmCause, ZoneVersion, from_us
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid
from corrections.monitor.present import NextStep, step_of
from corrections.records.audit import audited_location_read
from corrections.records.whereabouts import fixes_about
from corrections.review import queue
from corrections.review.reviewing import LONGEST_TEXT, Answer, Means
from corrections.store.access import Action, violation_for
from corrections.store.rulebook import as_version
from corrections.store.tables import Officer, Violation, Zone, ZoneRevision

router = APIRouter(prefix="/console/violations")
AROUND = timedelta(hours=1)  # of the track shown before and after
MOST_AROUND = 1_000  # fixes of it
CHOICES = {
    "Step": Step, "means": list(Means), "answers": list(Answer), "decisions": list(Decision), "causes": list(FalseAlarmCause),
    "longest": LONGEST_TEXT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a violation rests on, places included. ``fixes`` are the deciding ones, each with ``at`` and its ``parts`` in the story;
    ``drawn`` is what the map shows: the zone as GeoJSON, the deciding fixes, and the track shortly before and after.
    ``against`` is what speaks against it, None where the evidence does not keep that, or there is no edge."""

    fixes: list[dict[str, Any]]
    sketch: Sketch | None
    drawn: dict[str, Any] | None
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
def show(violation_id: PathId, visit: Visiting, view: Viewing, done: Step | None = None) -> Response:
    """Once she has said why she looks at locations places are shown, and the read is recorded; before, all but the places."""
    return _shown(visit, violation_id, view, done=done)


@router.get("/{violation_id}/revision")
def revision(violation_id: PathId, visit: Visiting) -> dict[str, int]:
    """Whether what a page shows is still how it stands; no location."""
    with visit.reading() as session:
        return {"revision": violation_for(session, visit.actor, violation_id, Action.REVIEW).revision}


@router.post("/{violation_id}/{step}")
def take_step(form: Form, violation_id: PathId, step: Step, visit: Visiting, view: Viewing) -> Response:
    """What is refused shows the violation as it stands now, why, and what was typed."""
    try:
        with visit.writing() as session:
            carry_out(session, visit, violation_id, step, form)
    except (Conflict, Invalid, Forbidden) as error:
        return _shown(visit, violation_id, view, error=error, failed=step, typed=form)
    return RedirectResponse(_address(violation_id, view, done=step), 303)


def _address(violation_id: int, view: View, **more: str) -> str:
    query = view.query(**more)
    return f"/console/violations/{violation_id}" + (f"?{query}" if query else "")


def _shown(
    visit: Visit,
    violation_id: int,
    view: View,
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
        alone = visit.request.headers.get("hx-target") == "detail"
        beside = {"view": view.of(visit)} if alone else listing(session, visit, view.of(visit)) | {"chosen": violation_id}
    kept = typed_words(typed) if typed and failed not in possible else {}  # where no form is left that shows them
    return page(
        visit, "violation_detail.html.j2" if alone else "violation.html.j2", status=error.status if error else 200,
        here=_address(violation_id, view), **beside, item=item, steps=steps, people=people, silence=silence, evidence=evidence,
        open=possible, takers=offered, error=error, failed=failed, typed=typed or {}, kept=kept, done=done, **CHOICES,
    )  # fmt: skip


def _evidence(session: Session, violation: Violation, timezone: ZoneInfo) -> Evidence:
    content = violation.evidence
    fixes = _deciding(violation)
    places = [Place(str(i), fix["lat"], fix["lon"], fix["accuracy_m"]) for i, fix in enumerate(fixes, 1)]
    revision = session.get(ZoneRevision, violation.zone_revision_id) if violation.zone_revision_id is not None else None
    zone = as_version(session.get_one(Zone, revision.zone_id), revision) if revision else None
    sketch = draw(places, revision.outline if revision else None)
    drawn = _drawn(session, violation, zone, fixes)
    levels = thresholds(content.get("settings", {}), violation.rule, zone)
    course = draw_course(content, levels, violation.opened_at, violation.ended_at, timezone)
    spoke = wording.against(content["against"]) if zone is not None and "against" in content else None
    return Evidence(fixes, sketch, drawn, course, spoke, zone.version if zone else None, content)


def _drawn(session: Session, violation: Violation, zone: ZoneVersion | None, fixes: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """What the map of the evidence shows; nothing where there is no place in it. Times are milliseconds since 1970, for scripts."""
    if not fixes:
        return None
    end = violation.ended_at or violation.last_fix_at
    about = fixes_about(session, violation.subject_id, violation.started_at - AROUND, end + AROUND, limit=MOST_AROUND)
    outline = None if zone is None else shapely.geometry.mapping(shapely.from_wkb(zone.wkb))
    return {
        "zone": None if zone is None else {"kind": zone.kind, "name": zone.name, "outline": outline},
        "fixes": [[fix["lon"], fix["lat"], fix["accuracy_m"]] for fix in fixes],
        "track": [[row.lon, row.lat, row.accuracy_m, round(row.fix_time.timestamp() * 1_000)] for row in about],
        "edge_m": violation.evidence.get("peak_distance_m") or 0.0, "from": round(violation.started_at.timestamp() * 1_000),
        "until": round(end.timestamp() * 1_000),
    }  # fmt: skip


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
