"""轨迹回放: one subject's day on a time line, with the zones in force at each moment and what was found."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.console.forms import YEARS
from corrections.console.pages import page
from corrections.console.visit import PathId, Visiting
from corrections.domain.model import Side, to_us
from corrections.errors import Invalid
from corrections.records import words
from corrections.records.replay import Replay, replay
from corrections.store.access import Action, subject_for
from corrections.store.tables import Office

router = APIRouter(prefix="/console/subjects")
SIDES = list(Side)
DETAIL_DEG = 0.00001  # a metre, by which outlines may be simplified for the map
MOST_LISTED = 500  # fixes in the table


@router.get("/{subject_id}/replay")
def show(subject_id: PathId, visit: Visiting, day: Annotated[date | None, Query()] = None) -> Response:
    """A local day, today's unless another is asked for; once she has said why she looks at locations."""
    today = visit.now.astimezone(visit.timezone).date()
    shown = day or today
    if not YEARS[0] < shown.year < YEARS[1]:
        raise Invalid("The day is out of range.", "日期超出范围。", field="day")
    start = datetime.combine(shown, time(), visit.timezone)
    end = datetime.combine(shown + timedelta(days=1), time(), visit.timezone)
    with visit.writing() if visit.purpose else visit.reading() as session:
        subject = subject_for(session, visit.actor, subject_id, Action.READ_LOCATION)
        found = replay(session, visit.actor, subject_id, start, end, visit.purpose, visit.settings, visit.now) if visit.purpose else None
        step = 1 if found is None else -(-len(found.fixes) // MOST_LISTED) or 1
        return page(
            visit, "replay.html.j2", subject=subject, office=session.get_one(Office, subject.office_id), day=shown,
            before=shown - timedelta(days=1), after=shown + timedelta(days=1) if shown < today else None, today=today, found=found,
            drawn=None if found is None else _drawn(found, start, end, visit.now), listed=found.fixes[::step] if found else [], step=step,
        )  # fmt: skip


def _drawn(found: Replay, start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
    """What the script plays. Times are milliseconds since 1970, speeds metres a second, a side is its place in ``Side``. A speed is
    [value, whether the phone said it, whether she may not have moved at all]."""
    return {
        "start": _ms(start), "end": _ms(end), "now": _ms(now), "hold": found.hold_s * 1_000,
        "fixes": [
            [
                _ms(one.fix_time), one.lon, one.lat, one.accuracy_m, SIDES.index(one.side),
                None if speed is None else [round(speed.mps, 2), speed.own, speed.uncertain],
            ]
            for one, speed in found.fixes
        ],
        "stays": [[_ms(stay.start), _ms(stay.end), stay.lon, stay.lat, round(stay.radius_m)] for stay in found.stays],
        "sides": [[span.start_us // 1_000, span.end_us // 1_000, SIDES.index(span.side)] for span in found.sides],
        "zones": [
            [zone.name, zone.kind, zone.version, shapely.geometry.mapping(shapely.from_wkb(zone.wkb).simplify(DETAIL_DEG)), _spans(spans)]
            for zone, spans in found.zones
        ],
        "leaves": _spans(found.leaves),
        "violations": [
            [v.id, *words.rule(v.rule, kind), _ms(max(v.started_at, start)), _ms(min(v.ended_at or now, end)), v.ended_at is None]
            for v, kind in found.violations
        ],
    }  # fmt: skip


def _spans(spans: Any) -> list[list[int]]:
    return [[a // 1_000, b // 1_000] for a, b in spans]


def _ms(at: datetime) -> int:
    return to_us(at) // 1_000
