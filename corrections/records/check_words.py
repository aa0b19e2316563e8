"""The words of schedules and check-ins, (Chinese, English)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from corrections.domain.casework import CheckInState, NotAsked, Unlocated
from corrections.domain.checks import Counted, Kind, Per

Words = Mapping[str, tuple[str, str]]

CHECK_IN_STATES: Words = {
    CheckInState.OPEN: ("待签到", "waiting"),
    CheckInState.ANSWERED: ("已签到", "checked in"),
    CheckInState.MISSED: ("未签到", "missed"),
    CheckInState.SKIPPED: ("未要求", "not asked"),
}
NOT_ASKED: Words = {
    NotAsked.NOT_MONITORED: ("当时不得定位", "she might not be located then"),
    NotAsked.OUTAGE: ("当时服务未运行", "the service did not run then"),
    NotAsked.ASKED: ("当时已在要求签到", "she was being asked already"),
}
UNLOCATED: Words = {
    Unlocated.CUSTODY: ("被限制人身自由，停止定位", "in custody: not located"),
    Unlocated.NEVER_LOCATED: ("该类对象不定位", "of a category that is never located"),
    Unlocated.NO_AUTHORITY: ("没有有效的定位依据", "no legal basis in force"),
    Unlocated.NO_POSITION: ("尚无定位", "no position yet"),
}
CHECKS: dict[type[StrEnum], Words] = {
    CheckInState: CHECK_IN_STATES,
    NotAsked: NOT_ASKED,
    Unlocated: UNLOCATED,
    Kind: {Kind.FIXED: ("定时", "at fixed times"), Kind.EVERY: ("按间隔", "every so often"), Kind.RANDOM: ("随机", "at random")},
    Per: {Per.WINDOW: ("每时段", "a window"), Per.DAY: ("每日", "a day"), Per.WEEK: ("每周", "a week")},
    Counted: {Counted.EXACTLY: ("固定次数", "exactly"), Counted.ON_AVERAGE: ("平均次数", "on average")},
}
