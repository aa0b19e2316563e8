"""统计: alarms and false alarms by office, zone, device and rule; how fast they were decided; what waits and is overdue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.console.pages import page
from corrections.console.table_file import csv_file
from corrections.console.visit import Visit, Visiting, language_of
from corrections.domain.model import Decision
from corrections.errors import Invalid
from corrections.records import words
from corrections.records.statistics import Age, Row, Statistics, statistics

router = APIRouter(prefix="/console/statistics")
SPANS = (7, 30, 90)
USUAL = 30  # days
SHOWN, IN_FILE = 15, 500  # zones and devices
FEW = 3  # remarks that are told at once
PLOT = {"width": 400, "height": 150, "foot": 20, "top": 16}
Day = Annotated[date | None, Query()]
Days = Annotated[int, Query(ge=1, le=366)]
KINDS: Mapping[str, tuple[str, str]] = {
    "offices": ("司法所", "office"), "officers": ("工作人员", "officer"), "zones": ("电子围栏", "zone"), "devices": ("定位设备", "device"),
    "clients": ("定位程序", "client"), "rules": ("规则", "rule"),
}  # fmt: skip
HEADER = (
    ("类别", "kind"), ("名称", "name"), ("发现", "found"), ("办结", "decided"), ("误报", "false alarms"), ("按期办结", "decided in time"),
    ("逾期办结", "decided late"), ("办结用时中位数（小时）", "median hours to decide"), ("目前待核查", "waiting now"),
    ("目前超期", "overdue now"),
)  # fmt: skip


@router.get("")
def show(visit: Visiting, since: Day = None, until: Day = None, days: Days = USUAL) -> Response:
    """Of ``since`` to ``until``, or of so many days up to today; days that cannot be are told, with the usual ones."""
    error = None
    try:
        found = _found(visit, since, until, days, SHOWN)
    except Invalid as refused:
        error, found = refused, _found(visit, None, None, USUAL, SHOWN)
    top = max((max(day.found, day.false_alarms) for day in found.days), default=0)
    kinds = [(kind, getattr(found, kind)) for kind in ("zones", "rules", "clients", "devices")]
    remarks = [(kind, row) for kind, rows in kinds for row in rows if row.remark]
    return page(
        visit, "statistics.html.j2", status=error.status if error else 200, error=error, stats=found, ages=list(_ages(found.ages)),
        spans=SPANS, today=visit.now.astimezone(visit.timezone).date(), plot=PLOT, top=max(top, 4), remarks=remarks, few=FEW, most=SHOWN,
        least=visit.settings.false_alarms.remark_decided, Decision=Decision,
    )  # fmt: skip


@router.get("/statistics.csv")
def export(visit: Visiting, since: Day = None, until: Day = None, days: Days = USUAL) -> Response:
    """The same figures as one table, a row for each office, officer, zone, device, client, rule, day and outcome."""
    found, language = _found(visit, since, until, days, IN_FILE), language_of(visit.request, visit.desk)
    said = 1 if language == "en" else 0
    rows = list(_rows(found, said))
    return csv_file(f"statistics-{found.first}-{found.last}.csv", [both[said] for both in HEADER], rows)


def _rows(found: Statistics, said: int) -> Iterator[list[Any]]:
    yield [("合计", "in all")[said], "", *_figures(found.total)]
    for kind, both in KINDS.items():
        for row in getattr(found, kind):
            yield [both[said], row.name[said], *_figures(row)]
    for day in found.days:
        yield [("日期", "day")[said], day.day.isoformat(), day.found, day.decided, day.false_alarms]
    for decision, number in found.decisions.items():
        yield [("结论", "outcome")[said], words.DECISIONS.get(Decision(decision), (decision, decision))[said], None, number]
    for cause, number in found.total.causes.items():
        yield [("误报原因", "cause of false alarms")[said], words.CAUSES.get(cause, (cause or "—",) * 2)[said], None, None, number]


def _figures(row: Row) -> list[Any]:
    hours = None if row.median_s is None else round(row.median_s / 3600, 2)
    return [row.found, row.decided, row.false_alarms, row.in_time, row.late, hours, row.waiting, row.overdue]


def _found(visit: Visit, since: date | None, until: date | None, days: int, most: int) -> Statistics:
    last = until or visit.now.astimezone(visit.timezone).date()
    first = since or last - timedelta(days=days - 1)
    with visit.reading() as session:
        return statistics(session, visit.actor, first, last, settings=visit.settings.false_alarms, now=visit.now, most=most)


def _ages(ages: Sequence[Age]) -> Iterator[tuple[tuple[str, str], Age]]:
    """What waits, with how long it has done so in words."""
    before: timedelta | None = None
    for age in ages:
        if age.until is None:
            zh, en = _length(before or timedelta())
            yield (f"超过 {zh}", f"over {en}"), age
        elif before is None:
            zh, en = _length(age.until)
            yield (f"{zh}以内", f"up to {en}"), age
        else:
            (zh, en), longest = _length(before), _length(age.until)
            yield (f"{zh}至 {longest[0]}", f"{en} to {longest[1]}"), age
        before = age.until


def _length(length: timedelta) -> tuple[str, str]:
    hours = int(length / timedelta(hours=1))
    return (f"{hours // 24} 天", f"{hours // 24} d") if hours >= 24 else (f"{hours} 小时", f"{hours} h")
