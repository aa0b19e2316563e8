"""Her pages: in both languages, for her alone, safe in a browser, and nothing of others or of the staff's own in them."""

from __future__ import annotations

import re

import pytest

from corrections.portal.app import ROOMS
from corrections.settings import Settings
from corrections.settings.portal import Portal
from corrections.store.database import reading, writing
from corrections.store.tables import Measure, Objection, OwnLink, Subject, SubjectState
from tests.portal.phone import DAY, HERS, SECRETS, SETTINGS, Phone, serving
from tests.review.scene import HOUR, NOW

PAGES = [
    "/me", "/me/rules", "/me/map", "/me/map?zone=3", "/me/data", "/me/matters", "/me/objections", "/me/objections/new",
    "/me/leave", "/me/leave/new", "/me/objections/new?about=violation&about_id=1",
]  # fmt: skip
FILES = ["/me/copy.json", "/me/positions.csv", "/me/positions.geojson"]
LEAVINGS = re.compile(r"\b(None|null|Undefined|queued|grave|exclusion|inclusion|false_alarm|technical|leave_request)\b")


def words(html: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style|head).*?</\1>", " ", html, flags=re.DOTALL))


def told(html: str) -> str:
    """The same in one breath, for what is said in Chinese."""
    return re.sub(r"\s+", "", words(html))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_speaks_her_language_and_shows_nothing_of_others(phone: Phone, path: str, language: str) -> None:
    answer = phone.get(path, language=language)

    assert answer.status_code == 200
    assert answer.headers["content-language"] == ("en" if language == "en" else "zh-CN")
    for secret in SECRETS:
        assert secret not in answer.text
    said = words(answer.text)
    assert not LEAVINGS.search(said), LEAVINGS.search(said)
    assert str(HERS[0]) not in answer.text  # no page tells where she was


@pytest.mark.parametrize("path", PAGES)
def test_in_english_only_names_and_what_people_wrote_are_chinese(small_phone: Phone, path: str) -> None:
    said = words(small_phone.get(path, language="en").text)
    for name in ("城区", "住处", "第一中学", "幸福小区", "对象S1", "第0司法所", "云溪区司法局", "liming名", "沈阳", "手机坏了", "中文"):
        said = said.replace(name, "")
    said = re.sub(r"每周核查|节日点名|超过 60 分钟没有上报", "", said)

    assert not re.findall(r"[一-鿿]+", said)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_safe_in_a_browser_and_kept_nowhere(small_phone: Phone, path: str) -> None:
    answer = small_phone.get(path)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert not re.findall(r'(?:src|href|action)="(?!/)(?!tel:|#)', answer.text)  # nothing of other hosts
    assert not re.findall(r"\son\w+=|<style|style=|<script>", answer.text)


def test_the_link_leaves_the_address_bar_and_scripts_cannot_read_it(phone: Phone) -> None:
    token = phone.new_link()

    answer = phone.get(f"/me/{token}", None)

    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert phone.get("/me", token).status_code == 200
    assert "secure" in phone.client.get(f"https://testserver/me/{token}").headers["set-cookie"].lower()


@pytest.mark.parametrize("path", [*PAGES, *FILES])
def test_without_a_link_there_is_only_how_to_get_one(small_phone: Phone, path: str) -> None:
    for token in (None, "guess"):
        answer = small_phone.get(path, token)

        assert answer.status_code == 401
        assert "二维码" in answer.text
        assert "对象S1" not in answer.text


def test_a_link_that_has_ended_says_so(phone: Phone) -> None:
    with writing(phone.engine) as session:
        session.get_one(OwnLink, 1).revoked_at = NOW

    for answer in (phone.get("/me/own-1", None), phone.get("/me")):
        assert answer.status_code == 401
        assert "这个链接已经失效" in answer.text


def test_closing_forgets_the_link_on_this_phone(phone: Phone) -> None:
    answer = phone.post("/me/close")

    assert 'corrections_own=""' in answer.headers["set-cookie"]
    assert phone.get("/me").status_code == 200  # the link itself still opens


@pytest.mark.parametrize("path", ["/me/close", "/me/language", "/me/objections"])
@pytest.mark.parametrize("origin", ["https://evil.example", None])
def test_pages_of_other_sites_change_nothing(small_phone: Phone, path: str, origin: str | None) -> None:
    answer = small_phone.post(path, {"about": "other", "text": "x", "language": "en"}, origin=origin)

    assert answer.status_code == 403
    with reading(small_phone.engine) as session:
        assert session.get(Objection, 1) is None


def test_the_language_is_kept_and_nobody_is_led_elsewhere(small_phone: Phone) -> None:
    answer = small_phone.post("/me/language", {"language": "en", "next": "/me/rules"})
    assert (answer.headers["location"], "corrections_own_language=en" in answer.headers["set-cookie"]) == ("/me/rules", True)

    for address in ("https://evil.example", "//evil.example", "/console/", "/me/\\evil"):
        assert small_phone.post("/me/language", {"language": "zh", "next": address}).headers["location"] == "/me"


def test_home_says_whether_the_phone_is_in_touch(phone: Phone) -> None:
    assert "手机已连上" in phone.get("/me").text
    assert "10 分钟前" in phone.get("/me").text

    phone.clock.advance(2 * HOUR)
    late = phone.get("/me").text
    assert "手机很久没有上报了" in late
    assert "给手机充电" in late

    with writing(phone.engine) as session:
        session.get_one(SubjectState, 1).last_contact_at = None
        session.get_one(SubjectState, 1).permission_off_since = NOW
    assert "手机还没有上报过" in phone.get("/me").text


def test_home_says_when_nothing_is_asked_of_her_any_more(phone: Phone) -> None:
    with writing(phone.engine) as session:
        subject = session.get_one(Subject, 1)
        subject.status, subject.status_from = "custody", NOW

    said = phone.get("/me").text
    assert "现在没有用手机监管" in said
    assert "手机很久没有上报了" not in said


def test_her_rules_are_told_in_plain_words(phone: Phone) -> None:
    said = told(phone.get("/me/rules").text)

    for rule in (
        "任何时候，不能离开“城区”", "每天 22:00 到第二天 06:00，要在“住处”里", "任何时候，不能进入“第一中学”",
        "任何时候，不能进入“幸福小区”", "不能接近某位受保护的人（200 米以内）", "手机每 10 分钟上报一次", "您现在有外出批准（沈阳）",
    ):  # fmt: skip
        assert rule.replace(" ", "") in said
    assert "现在不限制，从今天22:00开始" in said

    phone.clock.set(NOW.replace(hour=15))  # 23:00 in Shanghai
    assert "现在要遵守，到明天06:00" in told(phone.get("/me/rules").text)


def test_the_map_holds_her_zones_with_names_scale_and_north(phone: Phone) -> None:
    drawn = phone.get("/me/map").text

    for name in ("城区", "住处", "第一中学", "幸福小区"):
        assert re.search(rf'<text class="name"[^>]*>{name}</text>', drawn)
    assert "北</text>" in drawn
    assert "2 公里</text>" in drawn
    assert phone.get("/me/map?zone=5").status_code == 404  # another's


def test_a_place_that_the_order_keeps_from_her_is_told_but_not_shown(small_phone: Phone) -> None:
    settings = Settings(portal=Portal(show_grave_zones=False))
    with serving(small_phone.engine, settings) as phone:
        for path in ("/me/rules", "/me/map"):
            said = phone.get(path).text
            assert "幸福小区" not in said
            assert "这里不显示位置" in said
        assert phone.get("/me/map?zone=4").status_code == 404
        shown = phone.api("GET", "/own/conditions").json()["zones"]
        assert [zone["outline"] is None for zone in shown] == [not zone["name"] for zone in shown]
        assert "幸福小区" not in phone.api("GET", "/own/copy").text


def test_who_looked_is_told_by_office_role_and_purpose(phone: Phone) -> None:
    said = told(phone.get("/me/data").text)

    assert "第0司法所，工作人员，查看了您的位置为了：每周核查" in said
    assert "第0司法所，司法所所长，查看了您的位置为了：节日点名" in said
    assert "liming名" not in said


def test_she_objects_and_reads_the_answer(phone: Phone) -> None:
    sent = phone.post("/me/objections", {"about": "violation", "about_id": "1", "text": "手机坏了"})
    assert sent.headers["location"] == "/me/objections?done=true"
    assert phone.audited("objection.make") == [("subject", 1)]
    assert "等待答复" in phone.get("/me/objections?done=true").text
    assert "您已提出异议" in phone.get("/me/matters").text

    with writing(phone.engine) as session:
        objection = session.get_one(Objection, 1)
        objection.answered_at, objection.outcome, objection.answer = NOW + DAY, "upheld", "已改正"
    answered = phone.get("/me/objections").text
    assert "您说得对" in answered
    assert "已改正" in answered


def test_a_measure_is_told_and_can_be_objected_to(phone: Phone) -> None:
    with writing(phone.engine) as session:
        session.add(
            Measure(subject_id=1, kind="admonition", category="probation", decided_on=NOW, decided_by="云溪区司法局", recorded_at=NOW)
        )

    assert "训诫" in phone.get("/me/matters").text
    assert "训诫" not in phone.get("/me/matters", "own-2").text
    assert phone.api("GET", "/own/measures").json()[0]["kind"] == "admonition"
    assert phone.post("/me/objections", {"about": "measure", "about_id": "1", "text": "太重"}, "own-2").status_code == 404
    assert phone.post("/me/objections", {"about": "measure", "about_id": "1", "text": "太重"}).status_code == 303


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"about": "violation", "about_id": "4", "text": "别人的"}, 404),
        ({"about": "violation", "about_id": "3", "text": "还没告诉我的"}, 404),
        ({"about": "other", "text": "  "}, 422),
        ({"about": "nothing", "text": "x"}, 422),
        ({"about": "violation", "about_id": "x", "text": "x"}, 422),
    ],
)
def test_what_cannot_be_taken_keeps_what_she_wrote(small_phone: Phone, form: dict[str, str], status: int) -> None:
    answer = small_phone.post("/me/objections", form)

    assert answer.status_code == status
    if form["about"] != "nothing" and form["text"].strip():
        assert form["text"] in answer.text
    with reading(small_phone.engine) as session:
        assert session.get(Objection, 1) is None


@pytest.mark.parametrize("path", ["/me/nothing/here", "/me/objections/new?about=x", "/me/map?zone=x", "/c/"])
def test_where_there_is_no_page_it_says_so(small_phone: Phone, path: str) -> None:
    answer = small_phone.get(path)

    assert answer.status_code == 404
    assert "没有这个页面" in answer.text


def test_many_unknown_links_make_their_address_wait(small_phone: Phone) -> None:
    codes = [small_phone.get("/me/guess", None).status_code for _ in range(SETTINGS.portal.wrong_links + 1)]

    assert codes == [401] * SETTINGS.portal.wrong_links + [429]


def test_what_fails_unforeseen_is_a_page_too(small_phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    from corrections.portal import home_page

    def fail(*_: object) -> None:
        raise RuntimeError("30.05")

    monkeypatch.setattr(home_page, "home", fail)
    answer = small_phone.get("/me")

    assert answer.status_code == 500
    assert "系统出错了" in answer.text
    assert "30.05" not in answer.text


def test_every_address_of_the_pages_is_tried_here() -> None:
    served = {route.path for room in ROOMS for route in room.router.routes if "GET" in route.methods}  # type: ignore[attr-defined]

    assert {path for path in served if "{" not in path} == {path.partition("?")[0] for path in (*PAGES, *FILES)}
