"""What changed, in plain words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from corrections.domain.changes import Late, Said, borne_out_again, over_by_time, taken_back, told
from corrections.domain.model import Severity, ZoneKind
from corrections.records import words

MINUTE, HOUR = 60_000_000, 3_600_000_000
NOON = 1_772_424_000_000_000  # 2026-03-02 12:00 in the district
SHANGHAI = ZoneInfo("Asia/Shanghai")
LASTING = Said(NOON, NOON + 10 * MINUTE, None, NOON + HOUR, Severity.MEDIUM, 400.0)
ENDED = replace(LASTING, ended_us=NOON + 2 * HOUR)


@pytest.mark.parametrize(
    ("before", "changes", "zh", "en"),
    [
        (LASTING, {"started_us": NOON - 40 * MINUTE}, "提前 40 分钟，为 2026-03-02 11:20", "began 40 minutes earlier, at 2026-03-02 11:20"),
        (LASTING, {"started_us": NOON + 61 * MINUTE}, "开始时间推后 1 小时 1 分钟", "began 1 hour 1 minute later"),
        (LASTING, {"opened_us": NOON + 11 * MINUTE}, "认定时间推后 1 分钟", "certain enough 1 minute later"),
        (LASTING, {"ended_us": NOON + 20 * MINUTE}, "而非仍在持续", "ended at 2026-03-02 12:20 instead of lasting"),
        (LASTING, {"ended_us": NOON + 2 * HOUR}, "已于 2026-03-02 14:00 结束", "ended at 2026-03-02 14:00"),
        (ENDED, {"ended_us": None}, "仍在持续", "lasts instead of having ended at 2026-03-02 14:00"),
        (ENDED, {"ended_us": NOON + 2 * HOUR + 30_000_000}, "结束时间推后 30 秒", "ended 30 seconds later, at 2026-03-02 14:00"),
        (LASTING, {"peak_distance_m": 1_600.0}, "深入 1.2 公里，距边界最远 1.6 公里", "goes 1.2 km deeper, 1.6 km from the edge at most"),
        (LASTING, {"peak_distance_m": 300.0}, "深度减少 100 米", "goes 100 m less deep"),
        (LASTING, {"severity": Severity.GRAVE}, "等级由“中”改为“严重”", "severity grave instead of medium"),
    ],
)  # fmt: skip
def test_each_change_has_its_sentence(before: Said, changes: dict[str, Any], zh: str, en: str) -> None:
    ((said_zh, said_en),) = told(before, replace(before, **changes), SHANGHAI)

    assert zh in said_zh
    assert en in said_en


def test_what_did_not_change_is_not_told() -> None:
    on_and_on = replace(LASTING, last_us=NOON + 3 * HOUR, peak_distance_m=420.0)

    assert told(LASTING, on_and_on, SHANGHAI, Late(12, 12)) == []


def test_how_many_late_fixes_changed_it_is_told_last() -> None:
    said = told(LASTING, replace(LASTING, started_us=NOON - HOUR), SHANGHAI, Late(12, 0))

    assert [en for _, en in said][1:] == ["from 12 late fixes"]


@pytest.mark.parametrize(
    ("kind", "late", "seen", "zh", "en"),
    [
        (ZoneKind.INCLUSION, Late(12, 11), False, "撤回：对象在区域之内，后到的定位", "withdrawn: the subject was inside, 12 late fixes"),
        (ZoneKind.EXCLUSION, Late(1, 1), False, "撤回：对象在区域之外", "withdrawn: the subject was outside, 1 late fix"),
        (ZoneKind.INCLUSION, Late(12, 6), False, "已不能确定", "withdrawn: with 12 late fixes it is no longer certain enough"),
        (ZoneKind.INCLUSION, Late(), False, "重新判定", "judged anew by the zones, leaves, authorities and fixes on record now"),
        (None, Late(3, 0), True, "现有证据不再支持", "no longer borne out: with 3 late fixes"),
    ],
)  # fmt: skip
def test_why_a_violation_is_taken_back_is_told(kind: ZoneKind | None, late: Late, seen: bool, zh: str, en: str) -> None:
    ((said_zh, said_en),) = taken_back(kind, late, seen=seen)

    assert zh in said_zh
    assert en in said_en


def test_what_stands_again_and_what_is_over_by_time_is_told() -> None:
    assert [en for _, en in borne_out_again(Late(2, 0))] == ["late evidence bears it out again", "from 2 late fixes"]
    assert "2026-03-02 12:00" in over_by_time(NOON, SHANGHAI)[0][1]


def test_the_severities_are_called_as_everywhere() -> None:
    from corrections.domain.changes import SEVERITIES

    assert dict(words.SEVERITIES) == SEVERITIES
