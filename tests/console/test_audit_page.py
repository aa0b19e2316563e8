"""The audit trail as the auditor reads it, and the check of its chain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import corrections
from corrections.records.audit import head
from corrections.records.audit_words import ACTIONS
from corrections.store.database import reading
from tests.console.desk import Desk


def test_it_tells_who_did_what_in_words(desk: Desk) -> None:
    desk.get("liming", "/console/violations/1", purpose="核查违规")

    page = desk.get("auditor", "/console/audit").text

    for word in ("liming名", "查看位置", "S1", "核查违规", "登记定位设备"):
        assert word in page
    assert "location looked at" in desk.get("auditor", "/console/audit", language="en").text


@pytest.mark.parametrize(("login", "status"), [("liming", 403), ("bureau", 403), ("admin", 403), ("auditor", 200)])
def test_it_is_for_the_auditor_alone(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, "/console/audit").status_code == status
    assert desk.get(login, "/console/audit/events.csv").status_code == status
    assert desk.post(login, "/console/audit/verify").status_code == status


def test_one_action_of_one_subject_is_kept(desk: Desk) -> None:
    desk.get("liming", "/console/violations/1", purpose="核查违规")
    page = desk.get("auditor", "/console/audit?action=location.read&number=S1").text

    assert page.count('<tr><td class="when">') == 1
    assert desk.get("auditor", "/console/audit?number=nobody").status_code == 404


def test_a_table_can_be_taken_along(desk: Desk) -> None:
    answer = desk.get("auditor", "/console/audit/events.csv?action=device.enrol")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "device.enrol" in answer.text


def test_the_chain_is_checked_and_its_end_told(desk: Desk) -> None:
    with reading(desk.engine) as session:
        last = head(session)
    whole = desk.post("auditor", "/console/audit/verify", {"kept_head": last}).text
    cut = desk.post("auditor", "/console/audit/verify", {"kept_head": "0" * 64}).text

    assert "审计链完整" in whole
    assert last in whole
    assert "审计链有 1 处问题" in cut


def test_every_action_of_the_code_has_its_words() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in Path(corrections.__file__).parent.rglob("*.py"))
    after = r'", (?:subject_id|purpose|detail|origin)='
    acts = set(re.findall(r'record(?:_by)?\([^"]*"([a-z_]+\.[a-z_]+)"', code)) | set(re.findall(r'"([a-z_]+\.[a-z_]+)' + after, code))

    assert len(acts) > 40
    assert acts - set(ACTIONS) == set()
    for zh, en in ACTIONS.values():
        assert zh
        assert en
