"""The console's pages as its menu shows them: to whom, in what order, under which words, with which keys. The one list of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from corrections.console.visit import Visit
from corrections.store.access import Action

Both = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """``section`` is what a page calls itself, ``key`` what is pressed after ``g``."""

    section: str
    address: str
    words: Both
    action: Action
    key: str

    @property
    def icon(self) -> str:
        """The data of an SVG path in a box of 20 by 20."""
        return _ICONS[self.section]


WORK: Both = ("工作", "Work")
PEOPLE: Both = ("对象与区域", "People and places")
KEEPING: Both = ("汇总与管理", "Keeping")

MENU: tuple[tuple[Both, tuple[Entry, ...]], ...] = (
    (
        WORK,
        (
            Entry("today", "/console/", ("今日", "Today"), Action.REVIEW, "t"),
            Entry("queue", "/console/queue", ("核查队列", "Queue"), Action.REVIEW, "q"),
            Entry("map", "/console/map", ("地图", "Map"), Action.READ_LOCATION, "m"),
            Entry("checks", "/console/checks", ("定位核查", "Checks"), Action.CHECK, "c"),
            Entry("leave", "/console/leave", ("外出请假", "Leave"), Action.REVIEW, "l"),
            Entry("agenda", "/console/agenda", ("法定期限", "Legal terms"), Action.SEARCH, "d"),
            Entry("notices", "/console/notices", ("提醒", "Notices"), Action.REVIEW, "n"),
        ),
    ),
    (
        PEOPLE,
        (
            Entry("subjects", "/console/subjects", ("矫正对象", "Subjects"), Action.READ_REGISTER, "s"),
            Entry("zones", "/console/zones", ("电子围栏", "Zones"), Action.READ_REGISTER, "z"),
        ),
    ),
    (
        KEEPING,
        (
            Entry("log", "/console/log", ("监管日志", "Log"), Action.READ_LOCATION, "j"),
            Entry("statistics", "/console/statistics", ("统计", "Statistics"), Action.REVIEW, "x"),
            Entry("faults", "/console/faults", ("故障与疑点", "Faults"), Action.READ_FAULTS, "f"),
            Entry("admin", "/console/admin", ("管理", "Administration"), Action.WRITE_ROSTER, "a"),
            Entry("audit", "/console/audit", ("审计记录", "Audit"), Action.READ_AUDIT, "u"),
        ),
    ),
)  # fmt: skip

_ICONS = {
    "today": "M3 8h14M3 5h14v12H3zM7 3v4M13 3v4M7 12h2M11 12h2",
    "queue": "M4 5h12M4 10h12M4 15h7M15 13v5M12.5 15.5h5",
    "map": "M3 5l5-2 4 2 5-2v12l-5 2-4-2-5 2zM8 3v12M12 5v12",
    "checks": "M4 4h12v13H4zM7 10l2 2 4-4M8 2h4v3H8z",
    "leave": "M8 4H4v12h4M8 10h9M13 6l4 4-4 4",
    "agenda": "M10 3v14M5 17h10M3 7h14M3 7l-1 5h5L5 7M15 7l-2 5h5l-2-5",
    "notices": "M5 14V9a5 5 0 0110 0v5l1 1H4zM8.500 17h3",
    "subjects": "M10 9a3 3 0 100-6 3 3 0 000 6zM4 17a6 6 0 0112 0z",
    "zones": "M4 6l7-3 6 5-2 8-9 1-3-6z",
    "log": "M5 3h10v14H5zM8 7h4M8 10h4M8 13h3",
    "statistics": "M4 17V9M9 17V4M14 17v-6M3 17h14",
    "faults": "M10 3l8 14H2zM10 8v4M10 14.500v.5",
    "audit": "M9 4a5 5 0 100 10A5 5 0 009 4zM13 13l4 4",
    "admin": (
        "M10 7a3 3 0 100 6 3 3 0 000-6zM10 2v3M10 15v3M2 10h3M15 10h3M4.500 4.500l2 2M13.500 13.500l2 2M4.500 15.500l2-2M13.500 6.500l2-2"
    ),
}


def groups(visit: Visit) -> Iterator[tuple[Both, list[Entry]]]:
    """What the visitor may open, by group."""
    for words, entries in MENU:
        if open_ := [entry for entry in entries if visit.may(entry.action)]:
            yield words, open_


def first_page(visit: Visit) -> str:
    """Where somebody begins: today's work, or the first page that her role may open."""
    return next((entry.address for _, entries in groups(visit) for entry in entries), "/console/subjects")
