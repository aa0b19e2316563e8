"""统计: alarms and false alarms by office, zone, device and rule; how fast they were decided; what is overdue."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.console.pages import download, page
from corrections.console.visit import Visit, Visiting
from corrections.domain.model import Decision
from corrections.records.figures import false_alarms
from corrections.records.statistics import statistics

router = APIRouter(prefix="/console/statistics")
SPANS = (7, 30, 90)
PLOT = {"width": 720, "height": 140}
Day = Annotated[date | None, Query()]


@router.get("")
def show(visit: Visiting, since: Day = None, until: Day = None) -> Response:
    found = _found(visit, since, until)
    top = max((row[1] for row in found["stats"].by_day), default=0)
    return page(visit, "statistics.html.j2", **found, spans=SPANS, top=max(top, 1), plot=PLOT, Decision=Decision, days_before=_before)


@router.get("/statistics.csv")
def export(visit: Visiting, since: Day = None, until: Day = None) -> Response:
    """The same figures as a table: kind, name, found, decided, false alarms, median hours, waiting, overdue."""
    found = _found(visit, since, until)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["kind", "name", "found", "decided", "false_alarms", "in_time", "median_hours", "waiting", "overdue"])
    for row in found["stats"].offices:
        hours = "" if row.median_hours is None else f"{row.median_hours:.2f}"
        table.writerow(["office", row.name, row.found, row.decided, row.false_alarms, row.in_time, hours, row.waiting, row.overdue])
    for kind, rows in (("zone", found["alarms"].by_zone), ("client", found["alarms"].by_client), ("rule", found["alarms"].by_rule)):
        table.writerows([kind, row.name_zh, "", row.decided, row.false_alarms] for row in rows)
    return download(("\ufeff" + out.getvalue()).encode(), "text/csv; charset=utf-8", "statistics.csv")


def _found(visit: Visit, since: date | None, until: date | None) -> dict[str, Any]:
    last = until or visit.now.astimezone(visit.timezone).date()
    first = since or last - timedelta(days=29)
    terms = visit.settings.false_alarms
    with visit.reading() as session:
        stats = statistics(session, visit.actor, first, last, settings=terms, now=visit.now)
        return {"stats": stats, "alarms": false_alarms(session, visit.actor, first, last, settings=terms), "least": terms.remark_decided}


def _before(day: date, days: int) -> date:
    return day - timedelta(days=days - 1)
