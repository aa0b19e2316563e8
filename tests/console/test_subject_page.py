"""Subjects as pages: the register without places, and the log for a purpose."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest
from sqlmodel import select

from corrections.console import subjects_page
from corrections.domain.model import NoticeKind, Recipient
from corrections.records import contact_bans
from corrections.review import notices
from corrections.store.credentials import hash_credential
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, FixRequest, OwnLink, Report, Subject, SubjectState
from tests.console.desk import DAY, Desk
from tests.review.scene import MINUTE, NOW, a_subject

OWN_LINKS = "/console/subjects/1/own-links"
LOG = "/console/subjects/1/log/2026-03-01"


@pytest.mark.parametrize(("login", "seen"), [("liming", ["S1"]), ("zhao", ["S2"]), ("bureau", ["S1", "S2"]), ("admin", ["S1", "S2"])])
def test_the_list_holds_who_is_within_reach(desk: Desk, login: str, seen: list[str]) -> None:
    page = desk.get(login, "/console/subjects").text

    assert re.findall(r'href="/console/subjects/\d+">(\w+)</a>', page) == seen


def test_the_list_is_searched_and_turned_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects_page, "ROWS", 2)
    with writing(desk.engine) as session:
        for number in ("S3", "S4", "S5", "T6"):
            a_subject(session, number)

    address, seen = "/console/subjects?search=S&standing=active", []
    while address:
        page = desk.get("liming", address).text
        seen += re.findall(r'href="/console/subjects/\d+">(\w+)</a>', page)
        found = re.search(r'class="next" href="([^"]+)"', page)
        address = found[1].replace("&amp;", "&") if found else ""

    assert seen == ["S1", "S3", "S4", "S5"]
    assert "没有符合条件" in desk.get("liming", "/console/subjects", search="nobody\x00").text


def test_a_subjects_page_tells_the_register_the_authority_the_device_and_its_last_contact(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(SubjectState, 1).last_contact_at = NOW - 5 * MINUTE

    page = desk.get("liming", "/console/subjects/1").text

    for word in ("对象S1", "缓刑", "普管", "第0司法所", "liming名", "社区矫正法第二十六条", "王局长", "phone-1", "5 分钟前", "越界", LOG):
        assert word in page
    assert "30.10" not in page
    assert desk.purposes() == []


def test_the_administrator_sees_the_register_and_neither_violations_nor_the_log(desk: Desk) -> None:
    page = desk.get("admin", "/console/subjects/1").text

    assert "对象S1" in page
    assert "/console/violations/" not in page
    assert "/log" not in page.partition('<main id="content">')[2]
    assert desk.get("admin", LOG).status_code == 403


def test_a_minors_page_says_that_the_identity_is_confidential(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).minor = True

    assert "不得泄露" in desk.get("liming", "/console/subjects/1").text


@pytest.mark.parametrize("page", ["/console/subjects/1", LOG, LOG + "?x=1", "/console/subjects/1/log?day=2026-03-01"])
def test_a_subject_of_another_office_is_not_there(desk: Desk, page: str) -> None:
    answer = desk.get("zhao", page)
    if answer.status_code == 303:
        answer = desk.get("zhao", answer.headers["location"])

    assert answer.status_code == 404
    assert "对象S1" not in answer.text
    assert desk.purposes() == []


def test_the_log_is_shown_for_a_purpose_and_the_look_is_recorded(desk: Desk) -> None:
    asked = desk.get("liming", LOG).text

    assert "查看目的" in asked
    assert desk.purposes() == []

    told = desk.get("liming", "/console/subjects/1/log/2026-03-02", purpose="日常监管")

    assert told.status_code == 200
    assert '<h1><span class="zh" lang="zh">监管日志' in told.text
    assert desk.purposes() == [("liming名", 1, "日常监管")]


def test_the_logs_own_style_is_let_in_by_its_hash_alone(desk: Desk) -> None:
    answer = desk.get("liming", "/console/subjects/1/log/2026-03-02", purpose="日常监管")
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    policy = answer.headers["content-security-policy"]

    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_a_day_is_chosen_by_a_form(desk: Desk) -> None:
    assert desk.get("liming", "/console/subjects/1/log?day=2026-03-01").headers["location"] == LOG
    assert desk.get("liming", "/console/subjects/1/log?day=x").status_code == 404
    assert desk.get("liming", "/console/subjects/1/log/0001-01-01", purpose="x").status_code == 422


# ---- how she stands now


def stands(desk: Desk, subject_id: int = 1, **state: Any) -> None:
    with writing(desk.engine) as session:
        row = session.get_one(SubjectState, subject_id)
        for name, value in ({"fix_time": NOW - MINUTE, "last_contact_at": NOW - MINUTE} | state).items():
            setattr(row, name, value)


def test_that_one_cannot_tell_is_told_with_since_when_and_how_sure(desk: Desk) -> None:
    stands(desk, side="unknown", certainty=0.62, uncertain_since=NOW - 25 * MINUTE)

    for page in ("/console/subjects", "/console/subjects/1"):
        chinese, english = (desk.get("liming", page, language=language).text for language in ("zh", "en"))
        for word in ("无法确定", "自 03-02 08:35", "较有可能（62%）"):
            assert word in chinese
        for word in ("cannot tell", "since 03-02 08:35", "more likely than not (62%)"):
            assert word in english
    assert desk.purposes() == []


@pytest.mark.parametrize(("minutes", "told"), [(19, "符合要求"), (21, "不足以判断现在")])
def test_a_fix_that_is_too_old_does_not_tell_where_somebody_is_now(desk: Desk, minutes: int, told: str) -> None:
    stands(desk, side="right", certainty=0.01, fix_time=NOW - minutes * MINUTE)  # the device reports every ten

    page = desk.get("liming", "/console/subjects/1").text

    assert told in page
    assert ("无法确定" in page) == (minutes == 21)


def test_the_list_keeps_those_of_whom_one_cannot_tell(desk: Desk) -> None:
    with writing(desk.engine) as session:
        a_subject(session, "S3")
    stands(desk, side="unknown", certainty=0.5, uncertain_since=NOW - MINUTE)

    page = desk.get("liming", "/console/subjects?uncertain=true").text

    assert re.findall(r'href="/console/subjects/\d+">(\w+)</a>', page) == ["S1"]
    assert desk.get("admin", "/console/subjects?uncertain=true").status_code == 403


def test_the_phone_is_told_as_it_last_was(desk: Desk) -> None:
    stands(desk, low_battery_since=NOW - 90 * MINUTE, permission_off_since=NOW - 60 * MINUTE)
    with writing(desk.engine) as session:
        session.add(
            Report(
                bureau_id=1, subject_id=1, device_id=1, fix_time=NOW - MINUTE, received_at=NOW - MINUTE, digest=5, battery_pct=9.0,
                charging=False, client_state="power_save", raw=b"",
            )
        )  # fmt: skip

    page = desk.get("liming", "/console/subjects/1").text

    for word in ("9%", "未充电", "省电模式", "电量低，自 03-02 07:30", "定位权限关闭，自 03-02 08:00"):
        assert word in page


def test_what_comes_next_of_a_silence_is_told(desk: Desk) -> None:
    stands(desk, expected_by=NOW + 30 * MINUTE)
    before = desk.get("liming", "/console/subjects/1").text
    with writing(desk.engine) as session:
        notices.notify(session, session.get_one(Subject, 1), Recipient.SUBJECT, NoticeKind.SILENCE, ("请检查手机", "Check"), NOW)

    after = desk.get("liming", "/console/subjects/1").text

    assert "03-02 09:30</span><small>提醒本人" in before
    assert "03-02 09:30</span><small>进入工作人员的核查队列" in after


def test_an_officer_asks_for_a_fresh_fix_and_sees_what_becomes_of_it(desk: Desk) -> None:
    stands(desk)

    asked = desk.post("liming", "/console/subjects/1/fix-requests", {"purpose": "核实行踪"})

    assert (asked.status_code, asked.headers["location"]) == (303, "/console/subjects/1?done=asked")
    waits = desk.get("liming", asked.headers["location"]).text
    for word in ("已请求定位，并已留痕", "liming名", "等待手机联系", "有效至 03-02 10:00"):
        assert word in waits
    assert 'action="/console/subjects/1/fix-requests"' not in waits
    assert "已请求定位" in desk.get("liming", "/console/subjects").text
    for change, word in (({"told_at": NOW}, "已通知手机"), ({"answered_at": NOW}, "已有新定位，03-02 09:00")):
        with writing(desk.engine) as session:
            for name, value in change.items():
                setattr(session.get_one(FixRequest, 1), name, value)
        assert word in desk.get("liming", "/console/subjects/1").text
    with reading(desk.engine) as session:
        (event,) = session.exec(select(AuditEvent).where(AuditEvent.action == "fix.request")).all()
        assert (event.actor, event.subject_id, event.purpose) == ("liming名", 1, "核实行踪")


def test_a_wish_that_nothing_answered_is_over(desk: Desk) -> None:
    stands(desk)
    desk.post("liming", "/console/subjects/1/fix-requests", {"purpose": "核实行踪"})
    with writing(desk.engine) as session:
        session.get_one(FixRequest, 1).expires_at = NOW

    page = desk.get("liming", "/console/subjects/1").text

    assert "已过期，没有新定位" in page
    assert 'action="/console/subjects/1/fix-requests"' in page


@pytest.mark.parametrize(
    ("login", "purpose", "status", "says"),
    [
        ("liming", " ", 422, "请填写请求定位的目的"),
        ("liming", "长" * 501, 422, "不超过 500"),
        ("zhao", "核实", 404, ""),
        ("admin", "核实", 403, ""),
    ],
)
def test_a_wish_without_a_purpose_or_right_is_refused(desk: Desk, login: str, purpose: str, status: int, says: str) -> None:
    stands(desk)

    answer = desk.post(login, "/console/subjects/1/fix-requests", {"purpose": purpose})

    assert answer.status_code == status
    assert says in answer.text
    with reading(desk.engine) as session:
        assert session.exec(select(FixRequest)).all() == []


def test_whoever_may_not_be_located_is_not_said_to_be_somewhere(desk: Desk) -> None:
    stands(desk, 2, side="unknown", certainty=0.5, uncertain_since=NOW - MINUTE)

    page, answer = desk.get("zhao", "/console/subjects/2").text, desk.post("zhao", "/console/subjects/2/fix-requests", {"purpose": "核实"})

    assert "不定位" in page
    assert "无法确定" not in page.partition('id="now"')[2].partition("</section>")[0]
    assert answer.status_code == 409
    assert "没有有效的定位依据" in answer.text


def test_the_administrator_sees_nothing_of_where_somebody_stands(desk: Desk) -> None:
    stands(desk, side="wrong", certainty=0.99)

    for page in ("/console/subjects", "/console/subjects/1"):
        told = desk.get("admin", page).text
        assert "不符合要求" not in told
        assert "99" not in told.partition('<main id="content">')[2].partition("</main>")[0]


# ---- what is due, what binds her, what is asked of her


def test_what_is_due_and_what_binds_her_stand_on_her_page(desk: Desk) -> None:
    with writing(desk.engine) as session:
        session.get_one(Subject, 1).term_until = NOW + 10 * DAY
        contact_bans.impose_contact_ban(
            session, None, 1, 2, basis="禁止令", distance_m=200, minutes=15, valid_from=NOW - DAY, approved_by="法院", now=NOW
        )

    page = desk.get("liming", "/console/subjects/1").text

    for word in ("矫正期满", "还有 10 天", "活动区", "现在有效", "不得接触", ">S2<"):
        assert word in page
    assert page.index('id="now"') < page.index("待办与期限") < page.index("待核查的违规") < page.index("定位依据")
    assert "待办与期限" not in desk.get("admin", "/console/subjects/1").text


def test_she_is_asked_to_check_in_and_the_link_is_told_once(desk: Desk) -> None:
    stands(desk)

    told = desk.post("liming", "/console/subjects/1/check-ins", {"purpose": "核实行踪"})

    address = re.search(r'<code class="once" lang="zxx">([^<]+)</code>', told.text)
    assert address is not None
    assert re.fullmatch(r"http://testserver/c/\w+", address[1])
    assert "<svg" in told.text
    again = desk.get("liming", "/console/subjects/1").text
    assert address[1] not in again
    assert "待签到" in again
    assert "请等待其答复" in desk.post("liming", "/console/subjects/1/check-ins", {"purpose": "核实行踪"}).text
    with reading(desk.engine) as session:
        (event,) = session.exec(select(AuditEvent).where(AuditEvent.action == "check_in.ask")).all()
        assert (event.actor, event.purpose) == ("liming名", "核实行踪")


def test_a_link_to_her_own_view_is_told_once_and_the_next_one_ends_it(desk: Desk) -> None:
    def make() -> str:
        found = re.search(r'<code class="once" lang="zxx">http://testserver/me/(\w+)</code>', desk.post("liming", OWN_LINKS).text)
        assert found is not None
        return found[1]

    first, second = make(), make()
    with reading(desk.engine) as session:
        ended = {link.token_hash: link.revoked_at for link in session.exec(select(OwnLink))}
    assert ended == {hash_credential(first): NOW, hash_credential(second): None}
    assert second not in desk.get("liming", "/console/subjects/1").text

    assert desk.post("liming", OWN_LINKS, {"revoke": "2"}).status_code == 303
    assert "没有可用的链接" in desk.get("liming", "/console/subjects/1").text
    assert desk.post("liming", OWN_LINKS, {"revoke": "2"}).status_code == 409


@pytest.mark.parametrize(("login", "status"), [("zhao", 404), ("admin", 403), ("auditor", 403)])
def test_nobody_else_asks_her_for_anything(desk: Desk, login: str, status: int) -> None:
    assert desk.post(login, OWN_LINKS).status_code == status
    assert desk.post(login, "/console/subjects/1/check-ins", {"purpose": "核实"}).status_code == status
    with reading(desk.engine) as session:
        assert not session.exec(select(OwnLink)).all()
