"""Figures in the console and as a table to take along."""

from __future__ import annotations

import pytest

from tests.console.desk import PLACE, Desk


def test_they_are_told_by_office_in_both_languages(desk: Desk) -> None:
    chinese, english = (desk.get("bureau", "/console/statistics", language=language).text for language in ("zh", "en"))

    assert "按司法所" in chinese
    assert "median time to decide" in english
    assert PLACE not in chinese


def test_a_decided_one_counts_and_a_false_alarm_has_its_zone(desk: Desk) -> None:
    desk.step("liming", "claim")
    desk.step("liming", "decide", decision="false_alarm", cause="position_error", reason="漂移")

    page = desk.get("head", "/console/statistics").text

    assert 'href="/console/zones/1"' in page
    assert "件数少" in page
    assert "zone,活动区" in desk.get("head", "/console/statistics/statistics.csv").text


@pytest.mark.parametrize(("login", "status"), [("auditor", 403), ("admin", 403), ("liming", 200)])
def test_who_reviews_nothing_is_refused(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, "/console/statistics").status_code == status


def test_days_the_wrong_way_round_are_refused(desk: Desk) -> None:
    assert desk.get("bureau", "/console/statistics?since=2026-03-02&until=2026-03-01").status_code == 422
