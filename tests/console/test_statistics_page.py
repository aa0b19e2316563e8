"""Figures in the console and as a table to take along."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from corrections.console.table_file import csv_file
from corrections.store.database import writing
from corrections.store.tables import Office, Subject
from tests.console.desk import PLACE, Desk, a_breach
from tests.review.scene import HOUR, NOW


def decided(desk: Desk, number: int, decision: str = "false_alarm", cause: str | None = "position_error") -> None:
    """So many breaches of zone 1 that were decided an hour after they were found."""
    with writing(desk.engine) as session:
        subject = session.get_one(Subject, 1)
        for n in range(number):
            one = a_breach(session, subject, zone_id=1, ended_at=NOW - timedelta(minutes=n + 1), other_id=100 + n)
            one.detected_at, one.decided_at, one.due_at = NOW - 2 * HOUR, NOW - HOUR, NOW + HOUR
            one.review_state, one.decision, one.cause, one.decided_by = "decided", decision, cause, 1
            session.flush()


def test_they_are_told_by_office_zone_device_and_rule_in_both_languages(desk: Desk) -> None:
    chinese, english = (desk.get("bureau", "/console/statistics", language=language).text for language in ("zh", "en"))

    for word in ("按司法所", "按电子围栏", "按定位设备", "按规则", "按定位程序", "目前的队列", "办结用时中位数"):
        assert word in chinese
    for word in ("By office", "By zone", "By device", "By rule", "By client program", "The queue now", "median time to decide"):
        assert word in english
    assert PLACE not in chinese


def test_a_zone_with_many_false_alarms_is_remarked_on_with_its_link(desk: Desk) -> None:
    decided(desk, 12)
    page = desk.get("head", "/console/statistics").text

    assert "此围栏 12 次核查中有 12 次误报" in page
    assert 'href="/console/zones/1"' in page
    assert "100%" in page
    assert "定位误差 12" in page
    assert "This zone raised 12 false alarms of 12: move the line." in desk.get("head", "/console/statistics", language="en").text


def test_of_few_cases_no_share_is_told_but_their_number(desk: Desk) -> None:
    decided(desk, 1)
    decided(desk, 2, "confirmed", None)
    page = desk.get("head", "/console/statistics").text

    assert "1/3" in page
    assert "件数少，比率没有意义" in page
    assert "33%" not in page
    assert "建议处理" not in page


def test_officers_are_shown_to_heads_alone(desk: Desk) -> None:
    decided(desk, 1)

    assert "按工作人员" in desk.get("head", "/console/statistics").text
    assert "按工作人员" not in desk.get("liming", "/console/statistics").text


@pytest.mark.parametrize(("login", "status"), [("auditor", 403), ("admin", 403), ("liming", 200)])
def test_who_reviews_nothing_is_refused(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, "/console/statistics").status_code == status
    assert desk.get(login, "/console/statistics/statistics.csv").status_code == status


def test_another_offices_figures_are_not_told(desk: Desk) -> None:
    decided(desk, 12)
    page = desk.get("head2", "/console/statistics").text

    assert "第0司法所" not in page
    assert 'href="/console/zones/1"' not in page


def test_days_the_wrong_way_round_are_refused_with_the_usual_ones_shown(desk: Desk) -> None:
    answer = desk.get("bureau", "/console/statistics?since=2026-03-02&until=2026-03-01")

    assert answer.status_code == 422
    assert "起止日期有误" in answer.text
    assert 'value="2026-03-02"' in answer.text


def test_the_spans_end_today_in_the_bureaus_days(desk: Desk) -> None:
    page = desk.get("bureau", "/console/statistics?days=7").text

    assert 'name="since" value="2026-02-24"' in page
    assert 'name="until" value="2026-03-02"' in page
    assert page.count('<th scope="row" class="when">2026-') == 7


def test_the_table_has_the_figures_in_the_readers_language(desk: Desk) -> None:
    decided(desk, 2)
    chinese = desk.get("head", "/console/statistics/statistics.csv?days=7")
    english = desk.get("head", "/console/statistics/statistics.csv?days=7", language="en")
    rows = {(row[0], row[1]): row[2:] for row in csv.reader(io.StringIO(english.content.decode("utf-8-sig")))}

    assert chinese.content.startswith(b"\xef\xbb\xbf")
    assert "办结用时中位数" in chinese.text
    assert rows["zone", "活动区 (Z1)"][:6] == ["3", "2", "2", "2", "0", ""]
    assert rows["office", "第0司法所"] == ["3", "2", "2", "2", "0", "1.0", "1", "0"]
    assert rows["day", "2026-03-02"][:3] == ["3", "2", "2"]
    assert rows["cause of false alarms", "position error"] == ["", "", "2"]


def test_no_name_is_a_formula_to_a_spreadsheet(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Office, 1).name = "=1+1"

    assert ",'=1+1," in desk.get("head", "/console/statistics/statistics.csv").text
    assert bytes(csv_file("x.csv", ["a"], [[None], [-1.5], ["-x"]]).body).decode().splitlines()[1:] == ['""', "-1.5", "'-x"]
