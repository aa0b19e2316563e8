"""A permit for regular cross-area activity: away is no violation within its hours, for late reports too, and is one outside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from corrections.domain.model import Rule
from corrections.records import outlines, permits
from corrections.store.database import writing
from corrections.store.tables import Violation
from tests.monitor.conftest import LAT, LON, M_PER_DEG_LON, NOW, District

ZONE = ZoneInfo("Asia/Shanghai")
AWAY_M = 12_000.0
WEEKDAYS = [{"start": "08:00", "until": "18:00", "weekdays": [0, 1, 2, 3, 4]}]
NIGHTS = [{"start": "22:00", "until": "06:00", "weekdays": [0, 1, 2, 3, 4]}]


def permit(district: District, windows: list[dict[str, object]]) -> None:
    """To within 3 km of a place 12 km east of the centre, in these hours."""
    with writing(district.engine) as session:
        permits.grant_leave(
            session, None, district.subjects[0], destination="邻县工地", valid_from=NOW - timedelta(days=3),
            valid_until=NOW + timedelta(days=90), outline=outlines.circle(LAT, LON + AWAY_M / M_PER_DEG_LON, 3_000), windows=windows,
            approved_by="区司法局", now=NOW - timedelta(days=3),
        )  # fmt: skip


def boundary(district: District) -> list[Violation]:
    return [v for v in district.violations() if v.rule in (Rule.BOUNDARY, Rule.OVERDUE_RETURN)]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("windows", "start", "violations"),
    [
        (WEEKDAYS, "2026-03-02 09:00", 0),  # a Monday
        (WEEKDAYS, "2026-03-01 09:00", 1),  # a Sunday
        (WEEKDAYS, "2026-03-02 05:00", 1),
        (NIGHTS, "2026-03-03 01:00", 0),  # the window that began on Monday evening
        (NIGHTS, "2026-03-01 01:00", 1),  # Saturday's would have begun it: there is none
    ],
)
def test_its_hours_are_what_counts(district: District, windows: list[dict[str, object]], start: str, violations: int) -> None:
    permit(district, windows)
    district.store(district.walk(0, local(start) - timedelta(hours=2), [0.0]))
    district.store(district.walk(0, local(start), [AWAY_M] * 6))

    district.evaluate(max(NOW, local(start) + timedelta(hours=2)))

    assert len(boundary(district)) == violations


def test_reports_that_come_late_are_judged_by_the_hours_in_which_they_were_measured(district: District) -> None:
    permit(district, WEEKDAYS)
    rows = district.walk(0, local("2026-03-02 09:00"), [AWAY_M] * 6)
    for row in rows:
        row["received_at"] = local("2026-03-02 23:00")

    district.store(rows)
    district.evaluate(local("2026-03-02 23:00"))

    assert boundary(district) == []


def test_who_is_still_away_when_the_hours_end_is_in_violation(district: District) -> None:
    permit(district, WEEKDAYS)

    district.store(district.walk(0, local("2026-03-02 16:00"), [AWAY_M] * 20))
    district.evaluate(local("2026-03-02 20:00"))

    (violation,) = boundary(district)
    assert violation.started_at >= local("2026-03-02 18:00")


def test_within_its_hours_a_prohibited_area_binds_all_the_same(district: District) -> None:
    district.forbid("SCHOOL", AWAY_M)
    permit(district, WEEKDAYS)
    district.store(district.walk(0, local("2026-03-02 09:00"), [AWAY_M] * 6))

    district.evaluate()

    assert [v.evidence["zone"]["name"] for v in boundary(district)] == ["SCHOOL"]


@pytest.mark.parametrize(("east_m", "violations"), [(8_000.0, 0), (AWAY_M, 0), (18_000.0, 1)])
def test_a_place_and_the_way_there_are_one_area(district: District, east_m: float, violations: int) -> None:
    way = outlines.corridor([(LON, LAT), (LON + AWAY_M / M_PER_DEG_LON, LAT)], 300)
    place = outlines.circle(LAT, LON + AWAY_M / M_PER_DEG_LON, 3_000)
    with writing(district.engine) as session:
        permits.grant_leave(
            session, None, district.subjects[0], destination="邻县", valid_from=local("2026-03-02 06:00"),
            valid_until=local("2026-03-02 22:00"), outline=outlines.union([place, way]), approved_by="所长", now=NOW,
        )  # fmt: skip
    district.store(district.walk(0, local("2026-03-02 08:00"), [0.0, *[east_m] * 6]))

    district.evaluate()

    assert len(boundary(district)) == violations
