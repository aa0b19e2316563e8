"""Faults as a page: what was put aside is visible, and can be tried again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import Session

from corrections.console import faults_page
from corrections.store.database import reading, writing
from corrections.store.tables import AreaSilence, DeviceFlag, Outage, SetAside, SubjectState
from tests.console.desk import Desk
from tests.review.scene import HOUR, NOW

PAGE = "/console/faults"
DOUBT = {"declared": "WGS84", "looks_like": "GCJ02", "nights": [], "zh": "停留位置都偏移约 480 米", "en": "it rested about 480 m off"}


def a_flag(session: Session, **changes: Any) -> None:
    terms: dict[str, Any] = {"device_id": 1, "subject_id": 1, "kind": "gcj02_offset", "since": NOW - HOUR, "detail": DOUBT} | changes
    session.add(DeviceFlag(**terms))


def a_message(session: Session, number: int, subject_id: int | None = 1, reason: str = "null_island") -> None:
    row = SetAside(digest=number, received_at=NOW, last_at=NOW, subject_id=subject_id, device_id=1, wire="osmand", reason=reason, count=7)
    session.add(row)
    session.flush()


def test_doubts_about_devices_are_told_in_words_on_this_page_and_the_subjects(desk: Desk) -> None:
    with writing(desk.engine) as session:
        a_flag(session)
        a_flag(session, kind="bd09_offset", until=NOW)

    for page in (PAGE, "/console/subjects/1"):
        chinese, english = (desk.get("liming", page, language=language).text for language in ("zh", "en"))
        assert "疑似未换算的 GCJ-02 坐标" in chinese
        assert "停留位置都偏移约 480 米" in chinese
        assert "positions look like GCJ-02" in english
        assert "it rested about 480 m off" in english
        assert "BD-09" not in chinese


def test_messages_set_aside_are_told_with_their_reason_in_words(desk: Desk) -> None:
    with writing(desk.engine) as session:
        a_message(session, 1)
        a_message(session, 2, reason="something_new")

    page = desk.get("liming", PAGE).text

    for word in ("phone-1", "osmand", "S1", "经纬度均为 0", '<td class="number">7</td>', "something_new"):
        assert word in page


def test_the_messages_are_turned_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults_page, "ROWS", 2)
    with writing(desk.engine) as session:
        for number in range(1, 6):
            a_message(session, number)

    address, seen = PAGE, 0
    while address:
        page = desk.get("liming", address).text
        seen += page.count("osmand")
        found = re.search(r'class="next" href="([^"#]+)', page)
        address = found[1] if found else ""

    assert seen == 5


def test_a_subject_who_cannot_be_evaluated_is_tried_again(desk: Desk) -> None:
    with writing(desk.engine) as session:
        state = session.get_one(SubjectState, 1)
        state.fault, state.fault_at = "ValueError: 30.105", NOW

    page = desk.get("liming", PAGE).text
    answer = desk.post("liming", f"{PAGE}/subjects/1/retry")

    assert "ValueError" in page
    assert "30.105" not in page
    assert answer.status_code == 303
    with reading(desk.engine) as session:
        assert session.get_one(SubjectState, 1).fault_at is None
    assert "即将重试" in desk.get("liming", PAGE).text


def test_times_in_which_nobody_was_missing_are_told(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.add(Outage(began_at=NOW - 2 * HOUR, ended_at=NOW - HOUR))
        session.add(AreaSilence(bureau_id=1, began_at=NOW - HOUR, subjects=120))

    page = desk.get("liming", PAGE).text

    for word in ("本服务中断", "2026-03-02 07:00", "大面积通信中断", "120 人", "进行中"):
        assert word in page


def test_an_office_is_the_boundary_and_the_auditor_sees_nothing(desk: Desk) -> None:
    with writing(desk.engine) as session:
        a_flag(session)
        a_message(session, 1)

    assert "GCJ-02" not in desk.get("zhao", PAGE).text
    assert "osmand" not in desk.get("zhao", PAGE).text
    assert desk.get("auditor", PAGE).status_code == 403
    assert "GCJ-02" in desk.get("admin", PAGE).text
    assert desk.post("zhao", f"{PAGE}/subjects/1/retry").status_code == 404
