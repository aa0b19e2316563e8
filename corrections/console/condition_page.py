"""运行状况 and 设置: how the service is, and the settings in force with what they mean and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from corrections.console.pages import page
from corrections.console.visit import Visiting
from corrections.records.condition import condition
from corrections.settings.shown import Value, shown_settings
from corrections.store.access import Action

router = APIRouter(prefix="/console/admin")
SECTIONS: Mapping[str, tuple[str, str]] = {
    "database_url": ("数据库", "database"), "service": ("服务", "service"), "ingest": ("上报接收", "intake of reports"),
    "rules": ("违规规则", "rules"), "schedules": ("任务间隔", "intervals of the jobs"), "calendar": ("工作日历", "working calendar"),
    "checks": ("定位核查与签到", "checks and check-ins"), "leave": ("外出", "leave"), "legal": ("法律条文与期限", "law and terms"),
    "map": ("地图", "map"), "measures": ("奖惩", "measures"), "attachments": ("附件", "attachments"),
    "false_alarms": ("误报统计", "figures of false alarms"), "notify": ("通知", "notification"),
    "portal": ("本人查询", "the subject's own view"), "queue": ("核查队列", "queue"),
}  # fmt: skip
CHECKS: Mapping[str, tuple[str, str]] = {
    "pulse": ("监测运行", "the watch"), "waiting": ("待判定", "waiting"), "clock": ("时钟", "clock"), "set-aside": ("搁置", "set aside"),
    "undelivered": ("通知", "notification"), "base-map": ("底图", "base map"),
}  # fmt: skip
MOST_FOUND = 200


@router.get("/condition")
def show_condition(visit: Visiting) -> Response:
    with visit.reading() as session:
        found = condition(session, visit.desk.engine, visit.actor, visit.settings, visit.now)
        return page(visit, "condition.html.j2", found=found, checks=CHECKS)


@router.get("/settings")
def show_settings(
    visit: Visiting, section: Annotated[str, Query(max_length=40)] = "", find: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """One section, or what of all sections holds the words that are looked for. What is secret is not shown."""
    visit.actor.require(Action.WRITE_ROSTER)
    told = shown_settings(visit.settings, visit.now.astimezone(visit.timezone).date())
    chosen = section if section in told else next(name for name in told if name == "rules")
    wanted = find.strip().lower()
    values = [one for part in told.values() for one in part if wanted in f"{one.name} {one.value} {one.meaning}".lower()]
    shown = values[:MOST_FOUND] if wanted else told[chosen]
    return page(
        visit, "settings.html.j2", sections=[(name, SECTIONS.get(name, (name, name)), len(part)) for name, part in told.items()],
        chosen="" if wanted else chosen, find=find, parts=list(_parts(shown)), found=len(values) if wanted else None, most=MOST_FOUND,
    )  # fmt: skip


def _parts(values: Sequence[Value]) -> Iterator[tuple[str, list[Value]]]:
    for part, inside in groupby(values, key=lambda value: value.part):
        yield part, list(inside)
