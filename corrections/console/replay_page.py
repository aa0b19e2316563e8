"""轨迹回放: one subject's day on a time line, with the zones in force at each moment and what was found."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import Session, col, select

from corrections.console.forms import YEARS
from corrections.console.pages import page
from corrections.console.visit import PathId, Visit, Visiting
from corrections.domain.model import ReviewState, ZoneVersion, from_us, to_us
from corrections.domain.zones import window_spans
from corrections.errors import Invalid
from corrections.records import whereabouts, words
from corrections.records.presence import hold_s
from corrections.records.stays import Fix, stays
from corrections.store.access import Action, subject_for
from corrections.store.rulebook import Rulebooks
from corrections.store.tables import Subject, Violation

router = APIRouter(prefix="/console/subjects")


@router.get("/{subject_id}/replay")
def replay(subject_id: PathId, visit: Visiting, day: Annotated[date | None, Query()] = None) -> Response:
    """A local day, today's unless another is asked for; once she has said why she looks at locations."""
    today = visit.now.astimezone(visit.timezone).date()
    shown = day or today
    if not YEARS[0] < shown.year < YEARS[1]:
        raise Invalid("The day is out of range.", "日期超出范围。", field="day")
    start = datetime.combine(shown, time(), visit.timezone)
    end = datetime.combine(shown + timedelta(days=1), time(), visit.timezone)
    drawn: dict[str, Any] | None = None
    with visit.writing() if visit.purpose else visit.reading() as session:
        subject = subject_for(session, visit.actor, subject_id, Action.READ_LOCATION)
        if visit.purpose:
            drawn = _drawn(session, visit, subject, start, end)
        return page(
            visit, "replay.html.j2", subject=subject, day=shown, before=shown - timedelta(days=1),
            after=shown + timedelta(days=1) if shown < today else None, drawn=drawn,
        )  # fmt: skip


def _drawn(session: Session, visit: Visit, subject: Subject, start: datetime, end: datetime) -> dict[str, Any]:
    """What the script plays: fixes, stays, zones with when they bind, violations. Times are milliseconds since 1970."""
    assert subject.id is not None
    found = whereabouts.track(session, visit.actor, subject.id, start, end, visit.purpose, visit.settings, visit.now)
    fixes = [one for one in found.points if one.lat is not None and one.lon is not None and not one.mock]
    return {
        "start": _ms(start), "end": _ms(end),
        "fixes": [
            [_ms(one.fix_time), one.lon, one.lat, one.accuracy_m, one.speed_mps, one.side.value, one.source.value, one.battery_pct]
            for one in fixes
        ],
        "stays": [
            [_ms(stay.start), _ms(stay.end), stay.lon, stay.lat, round(stay.radius_m)]
            for stay in stays([Fix(one.fix_time, one.lat or 0.0, one.lon or 0.0, one.accuracy_m) for one in fixes])
        ],
        "zones": list(_zones(session, subject, start, end)),
        "violations": list(_violations(session, subject, start, end)),
        "interval_s": hold_s(session, subject.id) // 2,
    }  # fmt: skip


def _zones(session: Session, subject: Subject, start: datetime, end: datetime) -> Any:
    """Each version that bound her on that day: [name, kind, GeoJSON, spans of time]."""
    assert subject.id is not None
    book = Rulebooks().load(session, subject.bureau_id, [subject.id])
    mine = book.bindings.versions_of(subject.id, book.zones)
    for version in book.zones.versions:
        spans = _spans(version, book.timezone, to_us(start), to_us(end)) if version.id in mine else []
        if spans:
            outline = shapely.geometry.mapping(shapely.from_wkb(version.wkb))
            yield [version.name, version.kind, outline, [[_ms(from_us(a)), _ms(from_us(b))] for a, b in spans]]


def _spans(version: ZoneVersion, timezone: Any, start: int, end: int) -> list[tuple[int, int]]:
    a, b = max(start, version.valid_from_us), min(end, version.valid_until_us)
    if a >= b:
        return []
    if not version.windows:
        return [(a, b)]
    opens, shuts = window_spans(version.windows, timezone, a, b)
    spans = zip(opens.tolist(), shuts.tolist(), strict=True)
    return [(max(a, opened), min(b, shut)) for opened, shut in spans if max(a, opened) < min(b, shut)]


def _violations(session: Session, subject: Subject, start: datetime, end: datetime) -> Any:
    v = Violation
    over = select(v).where(v.subject_id == subject.id, v.review_state != ReviewState.WITHDRAWN.value, col(v.started_at) < end)
    for one in session.exec(over.where(col(v.ended_at).is_(None) | (col(v.ended_at) > start)).order_by(col(v.started_at))):
        zh, en = words.RULES.get(one.rule, (one.rule, one.rule))
        yield [one.id, zh, en, _ms(one.started_at), _ms(min(one.ended_at or end, end)), one.severity]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1_000)
