"""The supervision log as a page: readable, in both languages, self-contained, and harmless whatever people typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Datum, Decision, NoticeKind, Recipient, Rule, ZoneKind
from corrections.records import log_page, logs, outlines, permits, words, zones
from corrections.records.zones import Terms
from corrections.review import notices, queue, reviewing
from corrections.review.deadlines import Deadlines
from corrections.review.reviewing import Answer, Means
from corrections.store.database import writing
from corrections.store.tables import Outage, Subject
from tests.records.scene import DAY, HOUR, LAT, LON, SETTINGS, a_violation, an_actor, every, local, report, settle

MONDAY = date(2026, 3, 2)
START, END = local("2026-03-02"), local("2026-03-03")
NIGHT = END + 2 * HOUR
NASTY = "<script>alert('x')</script>\"'&"
VOID = {"meta", "input", "rect", "line", "circle", "br", "link", "img"}


class Reader(HTMLParser):
    """The texts that a reader of one language sees, and what the page would run or load."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.hidden_class = {"zh": "en", "en": "zh"}[language]
        self.stack: list[bool] = []
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            hidden = self.hidden_class in (attributes.get("class") or "").split() or tag in ("style", "title")
            self.stack.append(hidden or bool(self.stack and self.stack[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if not (self.stack and self.stack[-1]):
            self.text += data


def read(page: str, language: str = "zh") -> Reader:
    reader = Reader(language)
    reader.feed(page)
    reader.text = re.sub(r"[ \n]+", " ", reader.text)
    return reader


def full_day(session: Session) -> None:
    """A day with something of everything, typed by somebody with bad intentions."""
    report(session, every(START, START + 10 * HOUR))
    report(session, every(START + 10 * HOUR, START + 12 * HOUR), north_m=9000)
    report(session, every(START + 18 * HOUR, END))
    violation = a_violation(session, START + 10 * HOUR, START + 12 * HOUR, reason_zh="原因" + NASTY, reason_en="why" + NASTY)
    liming, at = an_actor(session), START + 13 * HOUR
    reviewing.claim(session, liming, 1, revision=violation.revision, deadlines=Deadlines.of(SETTINGS), now=at)
    reviewing.contact(
        session,
        liming,
        1,
        revision=violation.revision,
        means=Means.PHONE,
        whom=NASTY,
        answer=Answer.NOT_REACHED,
        text=NASTY,
        deadlines=Deadlines.of(SETTINGS),
        now=at,
    )
    logs.add_entry(session, liming, 1, kind=logs.EntryKind.TALK, content=NASTY, at=at, now=NIGHT)
    permits.grant_leave(session, None, 1, destination=NASTY, valid_from=at, valid_until=END, approved_by=NASTY, now=START)
    session.add(Outage(began_at=START + HOUR, ended_at=START + 2 * HOUR))


def the_page(database: Engine, fill: Callable[[Session], None] = full_day, *, minor: bool = False, **options: Any) -> str:
    with writing(database) as session:
        settle(session, minor=minor)
        fill(session)
        logs.write_day(session, 1, MONDAY, SETTINGS, NIGHT)
        return log_page.render(logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY, "核查", NIGHT), **options)


def test_it_reads_in_chinese_by_default(database: Engine) -> None:
    page = the_page(database)

    text = read(page).text
    for words_in_order in (
        "监管日志", "云溪区司法局 · 城关司法所", "对象编号S1姓名张三丰", "缓刑", "严管", "2026-03-02 星期一",
        "已归档 2026-03-03 02:00", "应监测",
        "24 小时 00 分", "活动范围 HOME", "上报情况", "信息化核查", "第 1 号 越界", "等级 中", "原因", "核查中，李明",
        "认领：李明", "联络：李明，电话", "未联系上", "外出审批",
        "本系统中断：2026-03-02 01:00 至 2026-03-02 02:00", "个别谈话，李明", "社区矫正法第三十四条",
    ):  # fmt: skip
        assert words_in_order in text
        text = text[text.index(words_in_order) :]
    assert ("input", "chinese") in [(tag, a.get("id")) for tag, a in read(page).tags if "checked" in a]


def test_it_reads_in_english_where_asked(database: Engine) -> None:
    page = the_page(database, language="en")

    text = read(page, "en").text
    for words_in_order in (
        "Supervision log",
        "Monday",
        "Closed 2026-03-03 02:00",
        "24 h 00 min",
        "No. 1 outside the permitted area",
        "claimed, 李明",
        "not reached",
    ):
        assert words_in_order in text
        text = text[text.index(words_in_order) :]
    assert "违规" not in text
    assert ("input", "english") in [(tag, a.get("id")) for tag, a in read(page).tags if "checked" in a]


def test_a_breach_of_a_prohibited_area_is_not_headed_as_leaving_a_permitted_one(database: Engine) -> None:
    def at_a_school(session: Session) -> None:
        terms = Terms(code="SCHOOL", name="学校", kind=ZoneKind.EXCLUSION)
        outline = outlines.circle(LAT, LON, 300.0, datum=Datum.WGS84)
        school = zones.publish_zone(session, None, 1, terms, outline, valid_from=START, now=START)
        report(session, every(START, END))
        a_violation(session, START + HOUR, START + 2 * HOUR, zone_id=school.zone_id, zone_revision_id=school.id)

    page = the_page(database, at_a_school)

    assert "第 1 号 进入禁止区域 · 学校" in read(page).text
    assert "越界" not in read(page).text
    assert "No. 1 in a prohibited area · 学校" in read(page, "en").text


def test_what_the_service_said_in_a_step_is_told_in_the_readers_language(database: Engine) -> None:
    def told_and_changed(session: Session) -> None:
        violation = a_violation(session, START + HOUR, None, rule="silence", nature="technical", zone_id=0, zone_revision_id=None)
        text = ("请检查手机", "Check your phone")
        notice = notices.notify(session, session.get_one(Subject, 1), Recipient.SUBJECT, NoticeKind.SILENCE, text, START + HOUR)
        notices.tell_of(session, violation, notice, START + HOUR)
        said = [("开始时间提前 40 分钟", "began 40 minutes earlier"), ("依据后到的 12 次定位", "from 12 late fixes")]
        queue.revise(session, violation, {"started_at": START}, START + 2 * HOUR, note="later evidence", told=said)

    page = the_page(database, told_and_changed)

    assert "提醒 → 本人：请检查手机" in read(page).text
    assert "证据更新：开始时间提前 40 分钟；依据后到的 12 次定位" in read(page).text
    english = read(page, "en").text
    assert "notice → the subject: Check your phone" in english
    assert "evidence changed: began 40 minutes earlier; from 12 late fixes" in english
    assert "later evidence" not in read(page).text


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_its_own_words_at_every_kind_of_zone(rule: Rule) -> None:
    others = {words.rule(other, None) for other in Rule if other is not rule}

    for kind in (*ZoneKind, None):
        zh, en = words.rule(rule, kind)
        assert all((zh, en))
        assert (zh, en) not in others
        assert zh != rule.value


def test_whatever_people_typed_is_only_text(database: Engine) -> None:
    page = the_page(database, printed_by=NASTY)

    assert "<script" not in page
    assert read(page).text.count("<script>alert('x')</script>") == 7
    assert not [name for _, attributes in read(page).tags for name in attributes if name.startswith("on")]


def test_nothing_is_loaded_from_elsewhere(database: Engine) -> None:
    page = the_page(database)

    loaded = [a for _, attributes in read(page).tags for a in attributes if a in ("src", "href", "action", "data")]
    assert loaded == []
    assert "http" not in page
    assert "@import" not in page
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#wrong-2026-03-02", "#unknown-2026-03-02"}


def test_tags_are_balanced(database: Engine) -> None:
    reader = read(the_page(database))

    assert reader.stack == []


def test_the_bar_shows_the_spans_to_scale(database: Engine) -> None:
    page = the_page(database)

    bars = [
        (float(a["x"] or 0), float(a["width"] or 0), a["fill"]) for tag, a in read(page).tags if tag == "rect" and a.get("height") == "33"
    ]
    assert sum(width for _, width, _ in bars) == pytest.approx(960, abs=0.1)
    assert [fill for _, _, fill in bars if "wrong" in str(fill)] == ["url(#wrong-2026-03-02)"]
    wrong = next(bar for bar in bars if "wrong" in str(bar[2]))
    assert wrong[0] == pytest.approx(10 / 24 * 960, abs=15)
    assert wrong[1] == pytest.approx(2 / 24 * 960, abs=15)


@pytest.mark.parametrize(
    ("day", "marks"),
    [
        (date(2026, 6, 1), {0: 0, 3: 120, 12: 480, 24: 960}),
        (date(2026, 3, 29), {0: 0, 3: 2 / 23 * 960, 12: 11 / 23 * 960, 24: 960}),
        (date(2026, 10, 25), {0: 0, 3: 4 / 25 * 960, 12: 13 / 25 * 960, 24: 960}),
    ],
)
def test_hour_marks_stand_where_the_hours_really_were(database: Engine, day: date, marks: dict[int, float]) -> None:
    start = local(day.isoformat(), "Europe/Berlin")
    with writing(database) as session:
        settle(session, "Europe/Berlin", enrolled=start - DAY)
        logs.write_day(session, 1, day, SETTINGS, start + 2 * DAY)
        page = log_page.render(logs.read_log(session, an_actor(session), 1, day, day, "核查", start + 2 * DAY))

    found = {int(hour): float(x) for x, hour in re.findall(r'<text x="([\d.]+)"[^>]*>(\d+)</text>', page)}
    assert {hour: found[hour] for hour in marks} == pytest.approx(marks, abs=0.01)


def test_a_minor_is_marked_and_not_named(database: Engine) -> None:
    page = the_page(database, minor=True)

    assert "未成年社区矫正对象：身份信息依法保密" in read(page).text
    assert "三丰" not in page
    assert "未成年" not in the_page_of_nobody()


def the_page_of_nobody() -> str:
    return log_page.render([])


def test_an_empty_span_says_so() -> None:
    assert "所选日期没有日志" in read(the_page_of_nobody()).text


def test_additions_are_told_with_what_was_said_before(database: Engine) -> None:
    the_page(database)
    with writing(database) as session:
        reviewing.decide(
            session, an_actor(session, "wangfang"), 1, revision=3, decision=Decision.AUTHORISED_ABSENCE, reason="已批假", now=NIGHT + HOUR
        )
        report(session, [START + 15 * HOUR], late=2 * DAY)
        logs.write_day(session, 1, MONDAY, SETTINGS, NIGHT + 2 * HOUR)
        page = log_page.render(logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY, "核查", NIGHT + 2 * HOUR))

    text = read(page).text
    assert "其后补充 1 次" in text
    assert "补充 1 2026-03-03 04:00：收到补传的上报；违规的证据或处置有更新" in text
    assert "违规 / 1 / 结论—已批准外出" in re.sub(r" ?\n ?", "", text)
    assert "上报情况 / 上报数108109" in text
    assert "已办结：已批准外出，王芳" in text


def test_an_open_day_is_told_to_be_open(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        days = logs.read_log(session, an_actor(session), 1, MONDAY, MONDAY, "核查", START + 5 * HOUR, settings=SETTINGS)

    assert "未归档，截至 2026-03-02 05:00" in read(log_page.render(days)).text


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0 小时 00 分", "0 h 00 min"),
        (59, "59 秒", "59 s"),
        (3630, "1 小时 01 分", "1 h 01 min"),
        (86_400, "24 小时 00 分", "24 h 00 min"),
    ],
)
def test_lengths_of_time_are_told_to_the_minute(seconds: int, zh: str, en: str) -> None:
    assert log_page._duration(seconds) == (zh, en)


@pytest.mark.parametrize(("share", "told"), [(None, "—"), (0.0, "0%"), (1.0, "100%"), (0.9999, "99.9%"), (0.5, "50.0%")])
def test_a_share_is_never_rounded_up_to_all(share: float | None, told: str) -> None:
    assert log_page._percent(share) == told


@pytest.mark.parametrize("kind", list(words.ALL), ids=lambda kind: kind.__name__)
def test_every_word_of_the_model_has_its_words_on_screen(kind: type[StrEnum]) -> None:
    assert set(words.ALL[kind]) == set(kind)
    assert all(zh and en for zh, en in words.ALL[kind].values())


def test_every_field_of_the_log_has_a_name(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        full_day(session)
        content = logs.write_day(session, 1, MONDAY, SETTINGS, NIGHT).content["log"]

    assert sorted(_fields(content) - set(log_page.FIELDS)) == []


def _fields(value: Any, path: tuple[str, ...] = ()) -> set[str]:
    """Names of fields that an addition may name; numbers and codes that key things are none, nor what is never told."""
    if isinstance(value, list):
        return set().union(*(_fields(item, path) for item in value))
    if not isinstance(value, dict) or any(path[: len(hidden)] == hidden for hidden in log_page.UNTOLD):
        return set()
    names = {key for key in value if not key.isdigit() and not key.isupper() and (*path, key)[:2] not in log_page.UNTOLD}
    names -= {"day", "length_s", "sources", "spans"}
    return names.union(*(_fields(item, (*path, key)) for key, item in value.items()))
