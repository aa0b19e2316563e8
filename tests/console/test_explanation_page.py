"""A violation derived again, as a page: only for a purpose, identical or not, and the account in both languages."""

from __future__ import annotations

import pytest

from corrections.monitor import explain
from corrections.monitor.explain import Difference, Explanation, Verdict
from tests.console.desk import PLACE, Desk
from tests.review.scene import HOUR, NOW

PAGE = "/console/violations/1/explanation"


def told(verdict: Verdict, *, agrees: bool, **changes: object) -> Explanation:
    terms = {
        "violation_id": 1, "subject_number": "S1", "rule": "boundary", "verdict": verdict, "agrees": agrees, "waiting": False, "why_zh": "",
        "why_en": "", "paragraph_zh": "根据保存的定位记录", "paragraph_en": "By the stored fixes", "differences": [], "zone": None,
        "started_at": NOW - HOUR, "opened_at": NOW, "ended_at": None, "evidence": {}, "timezone": "Asia/Shanghai", "unchecked": [],
        "reports": 81, "judged_from": NOW - HOUR,
    } | changes  # fmt: skip
    return Explanation(**terms)  # type: ignore[arg-type]


def test_it_asks_for_a_purpose_first(desk: Desk) -> None:
    page = desk.get("liming", PAGE)

    assert page.status_code == 200
    assert "查看目的" in page.text
    assert desk.purposes() == []


def test_what_cannot_be_derived_again_says_so_and_the_look_is_recorded(desk: Desk) -> None:
    answer = desk.get("liming", PAGE, purpose="法庭")

    assert answer.status_code == 200
    assert "无法重新推算" in answer.text
    assert desk.purposes() == [("liming名", 1, "法庭")]


@pytest.mark.parametrize(
    ("verdict", "agrees", "word", "mark"),
    [
        (Verdict.IDENTICAL, True, "结果与记载逐位一致", "notice good"),
        (Verdict.DIFFERENT, False, "结果与记载不一致", "notice bad"),
        (Verdict.NOT_BORNE_OUT, True, "与此相符", "notice good"),
        (Verdict.NOT_BORNE_OUT, False, "该情形不成立", "notice bad"),
    ],
)
def test_the_verdict_is_told_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, agrees: bool, word: str, mark: str
) -> None:
    monkeypatch.setattr(explain, "explain", lambda *_: told(verdict, agrees=agrees))

    page = desk.get("liming", PAGE, purpose="核查").text

    assert word in page
    assert mark in page
    assert "81 条重新判定，自 2026-03-02 08:00 起" in page


def test_the_account_and_the_differences_are_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Difference("severity", "medium", "high<")]
    monkeypatch.setattr(explain, "explain", lambda *_: told(Verdict.DIFFERENT, agrees=False, differences=found, waiting=True))

    chinese, english = (desk.get("liming", PAGE, purpose="核查", language=language).text for language in ("zh", "en"))

    for word in ("根据保存的定位记录", "<code>severity</code>", "high&lt;", "等待判定"):
        assert word in chinese
    for word in ("By the stored fixes", "it comes out different", "still wait for evaluation"):
        assert word in english


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("admin", 403), ("auditor", 403), ("bureau", 200)])
def test_an_office_is_the_boundary(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, PAGE).status_code == status
    assert desk.get(login, PAGE, purpose="核查").status_code == status
    assert len(desk.purposes()) == (status == 200)


def test_the_violations_page_leads_there(desk: Desk) -> None:
    plain = desk.get("liming", "/console/violations/1").text

    assert f'href="{PAGE}"' in plain
    assert PLACE not in plain
