"""One violation: why, the evidence (once a purpose was given), its history, and the forms of its review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
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
from corrections.console.steps import Step, carry_out, matter_of, open_steps, takers
from corrections.console.visit import Form, PathId, Uploading, Visit, Visiting, typed_words
from corrections.domain.casework import AttachedTo
from corrections.domain.files import FileType
from corrections.domain.model import Decision, FalseAlarmCause, ZoneVersion, from_us, to_us
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid
from corrections.monitor.present import NextStep, step_of
from corrections.records import attachments
from corrections.records.audit import audited_location_read
from corrections.records.whereabouts import fixes_about
from corrections.review import queue
from corrections.review.assignment import OPEN
from corrections.review.reviewing import LONGEST_TEXT, Answer, Means
from corrections.store.access import Action, violation_for
from corrections.store.rulebook import as_version
from corrections.store.tables import Officer, Report, Violation, Zone, ZoneRevision

router = APIRouter(prefix="/console/violations")
AROUND = timedelta(hours=1)  # of the track shown before and after
MOST_AROUND = 1_000  # fixes of it
CHOICES = {
    "Step": Step, "means": list(Means), "answers": list(Answer), "decisions": list(Decision), "causes": list(FalseAlarmCause),
    "longest": LONGEST_TEXT, "OPEN": OPEN, "accepted": ",".join(FileType), "shown_types": (FileType.JPEG, FileType.PNG),
    "longest_note": attachments.LONGEST_NOTE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a violation rests on, places included. ``fixes`` are the deciding ones, each with ``at`` and its ``parts`` in the story;
    ``drawn`` is what the map shows: the zone as GeoJSON, the deciding fixes, and the track shortly before and after. ``places`` are the
    known fixes by their time (µs): (longitude, latitude, accuracy). ``against`` is what speaks against it, None where the evidence does
    not keep that, or there is no edge."""

    fixes: list[dict[str, Any]]
    sketch: Sketch | None
    drawn: dict[str, Any] | None
    course: Course | None
    places: dict[int, tuple[float, float, float | None]]
    against: list[wording.Both] | None
    zone_version: int | None
    content: dict[str, Any]


class Attached(NamedTuple):
    """A photo or document beside it."""

    id: int
    name: str
    note: str
    added_at: datetime
    media_type: str
    size: int


Done = Step | Literal["attach"] | None


class Silence(NamedTuple):
    """Why somebody is or was silent, what that is based on, and what comes next."""

    cause: str
    basis: dict[str, Any]
    step: NextStep | None


@router.get("/{violation_id}")
def show(violation_id: PathId, visit: Visiting, view: Viewing, done: Done = None) -> Response:
    """Once she has said why she looks at locations places are shown, and the read is recorded; before, all but the places."""
    return _shown(visit, violation_id, view, done=done)


@router.get("/{violation_id}/revision")
def revision(violation_id: PathId, visit: Visiting) -> dict[str, int]:
    """Whether what a page shows is still how it stands; no location."""
    with visit.reading() as session:
        return {"revision": violation_for(session, visit.actor, violation_id, Action.REVIEW).revision}


@router.post("/{violation_id}/attach")
def attach(sent: Uploading, violation_id: PathId, visit: Visiting, view: Viewing) -> Response:
    """Photos and documents beside it: all that were chosen, or none of them."""
    try:
        if not sent.files:
            raise Invalid("Choose a photo or a document.", "请选择照片或文件。", field="file")
        with visit.writing() as session:
            for file in sent.files:
                attachments.attach(
                    session, visit.actor, AttachedTo.VIOLATION, violation_id, content=file.content, media_type=file.media_type,
                    name=file.name, note=sent.fields.get("note", ""), settings=visit.settings, now=visit.now,
                )  # fmt: skip
    except (Conflict, Invalid, Forbidden) as error:
        return _shown(visit, violation_id, view, error=error, failed="attach", typed=sent.fields)
    return RedirectResponse(_address(violation_id, view, done="attach"), 303)


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
    failed: Done = None,
    typed: dict[str, str] | None = None,
    done: Done = None,
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
        files = _files(session, visit, violation_id)
        matter = matter_of(session, item, visit)
        alone = visit.request.headers.get("hx-target") == "detail"
        beside = {"view": view.of(visit)} if alone else listing(session, visit, view.of(visit)) | {"chosen": violation_id}
    kept = typed_words(typed) if typed and failed != "attach" and failed not in possible else {}  # where no form is left that shows them
    return page(
        visit, "violation_detail.html.j2" if alone else "violation.html.j2", status=error.status if error else 200,
        here=_address(violation_id, view), **beside, item=item, steps=steps, people=people, silence=silence, evidence=evidence,
        files=files, matter=matter, open=possible, takers=offered, error=error, failed=failed, typed=typed or {}, kept=kept, done=done,
        **CHOICES,
    )  # fmt: skip


def _evidence(session: Session, violation: Violation, timezone: ZoneInfo) -> Evidence:
    content = violation.evidence
    fixes = _deciding(violation)
    places = [Place(str(i), fix["lat"], fix["lon"], fix["accuracy_m"]) for i, fix in enumerate(fixes, 1)]
    revision = session.get(ZoneRevision, violation.zone_revision_id) if violation.zone_revision_id is not None else None
    zone = as_version(session.get_one(Zone, revision.zone_id), revision) if revision else None
    sketch = draw(places, revision.outline if revision else None)
    about = _about(session, violation) if fixes else []
    drawn = _drawn(violation, zone, fixes, about) if fixes else None
    known = [(to_us(row.fix_time), row.lon, row.lat, row.accuracy_m) for row in about]
    known += [(fix["fix_us"], fix["lon"], fix["lat"], fix["accuracy_m"]) for fix in fixes]
    where = {us: (lon, lat, accuracy) for us, lon, lat, accuracy in known if lon is not None and lat is not None}
    levels = thresholds(content.get("settings", {}), violation.rule, zone)
    course = draw_course(content, levels, violation.opened_at, violation.ended_at, timezone)
    spoke = wording.against(content["against"]) if zone is not None and "against" in content else None
    return Evidence(fixes, sketch, drawn, course, where, spoke, zone.version if zone else None, content)


def _about(session: Session, violation: Violation) -> Sequence[Report]:
    """Her track of the time, and shortly before and after."""
    end = violation.ended_at or violation.last_fix_at
    return fixes_about(session, violation.subject_id, violation.started_at - AROUND, end + AROUND, limit=MOST_AROUND)


def _drawn(violation: Violation, zone: ZoneVersion | None, fixes: Sequence[dict[str, Any]], about: Sequence[Report]) -> dict[str, Any]:
    """What the map of the evidence shows. Times are milliseconds since 1970, for scripts."""
    end = violation.ended_at or violation.last_fix_at
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


def _files(session: Session, visit: Visit, violation_id: int) -> list[Attached]:
    found = attachments.list_attachments(session, visit.actor, AttachedTo.VIOLATION, violation_id)
    return [Attached(one.id or 0, one.name, one.note, one.added_at, file.media_type, file.size) for one, file in found]


def _people(session: Session, steps: Sequence[queue.Step]) -> dict[int, str]:
    """The names of those to whom something was given, by id."""
    ids = {step.content["to"] for step in steps if step.content.get("to") is not None}
    return {id_: name for id_, name in session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(ids))) if id_ is not None}
