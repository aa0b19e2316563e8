"""Rules in plain words: windows over midnight, weekdays, zones, bans."""

from __future__ import annotations

from datetime import time

import pytest

from corrections.domain.model import Window, ZoneKind
from corrections.records.own_words import ban_words, interval_words, windows_words, zone_words

NIGHT, SCHOOL = (time(22), time(6)), (time(7), time(17))
EVERY, WORK, WEEKEND = frozenset(range(7)), frozenset(range(5)), frozenset({5, 6})


def window(hours: tuple[time, time], days: frozenset[int] = EVERY) -> Window:
    return Window(*hours, days)


@pytest.mark.parametrize(
    ("windows", "zh", "en"),
    [
        ([], "任何时候", "at all times"),
        ([window(NIGHT)], "每天 22:00 到第二天 06:00", "every day from 22:00 to 06:00 of the next day"),
        ([window(SCHOOL, WORK)], "周一到周五 07:00 到 17:00", "on Monday to Friday from 07:00 to 17:00"),
        ([window(NIGHT, frozenset({4, 5}))], "周五、周六 22:00 到第二天 06:00", "on Friday, Saturday from 22:00 to 06:00 of the next day"),
        ([window(SCHOOL, frozenset({0, 2, 3, 4, 6}))], "周一、周三到周五、周日 07:00 到 17:00",
         "on Monday, Wednesday to Friday, Sunday from 07:00 to 17:00"),
        ([window((time(20), time()))], "每天 20:00 到 24:00", "every day from 20:00 to midnight"),
        ([window((time(), time()), WEEKEND)], "周六、周日 全天", "on Saturday, Sunday all day"),
        ([window((time(8), time(8)))], "每天 08:00 到第二天 08:00", "every day from 08:00 to 08:00 of the next day"),
        ([window((time(), time(5, 30)))], "每天 00:00 到 05:30", "every day from 00:00 to 05:30"),
        (
            [window(NIGHT, WORK), window((time(20), time(8)), WEEKEND)],
            "周一到周五 22:00 到第二天 06:00；周六、周日 20:00 到第二天 08:00",
            "on Monday to Friday from 22:00 to 06:00 of the next day; on Saturday, Sunday from 20:00 to 08:00 of the next day",
        ),
        ([window(NIGHT, frozenset({0})), window(NIGHT, EVERY - {0})], "每天 22:00 到第二天 06:00",
         "every day from 22:00 to 06:00 of the next day"),
    ],
)  # fmt: skip
def test_windows_are_told_as_people_speak(windows: list[Window], zh: str, en: str) -> None:
    assert windows_words(windows) == (zh, en)


@pytest.mark.parametrize(
    ("kind", "windows", "zh", "en"),
    [
        (ZoneKind.INCLUSION, [], "任何时候，不能离开“家”", "At all times, stay inside “家”"),
        (ZoneKind.INCLUSION, [window(NIGHT)], "每天 22:00 到第二天 06:00，要在“家”里",
         "Every day from 22:00 to 06:00 of the next day, be inside “家”"),
        (ZoneKind.EXCLUSION, [], "任何时候，不能进入“家”", "At all times, keep out of “家”"),
        (ZoneKind.EXCLUSION, [window(SCHOOL, WORK)], "周一到周五 07:00 到 17:00，不能进入“家”",
         "On Monday to Friday from 07:00 to 17:00, keep out of “家”"),
    ],
)  # fmt: skip
def test_a_zone_says_what_it_asks_and_when(kind: ZoneKind, windows: list[Window], zh: str, en: str) -> None:
    assert zone_words(kind, "家", windows) == (zh, en)


def test_a_ban_names_nobody() -> None:
    zh, en = ban_words(150.0)

    assert "某位受保护的人" in zh
    assert "150 米" in zh
    assert "a person who is protected" in en


@pytest.mark.parametrize(
    ("interval_s", "zh", "en"),
    [
        (60, "手机每 1 分钟上报一次", "The phone reports every minute"),
        (600, "手机每 10 分钟上报一次", "The phone reports every 10 minutes"),
        (7200, "手机每 2 小时上报一次", "The phone reports every 2 hours"),
        (10, "手机每 1 分钟上报一次", "The phone reports every minute"),
    ],
)
def test_how_often_the_phone_reports(interval_s: int, zh: str, en: str) -> None:
    assert interval_words(interval_s) == (zh, en)
