"""A violation as a page: places only for a purpose, and each step of its review through a form."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from corrections.console.steps import Step
from corrections.domain.model import Datum, NoticeKind, Recipient, to_us
from corrections.errors import CorrectionsError
from corrections.records import outlines, roster, zones
from corrections.review import notices, queue, reviewing
from corrections.review.escalation import escalate_due
from corrections.review.events import EventKind
from corrections.review.reviewing import Answer, Means
from corrections.store.database import writing
from corrections.store.tables import Subject, Violation
from tests.console.desk import DAY, PLACE, Desk, forms_of
from tests.review.scene import DEADLINES, HOUR, MINUTE, NOW, SETTINGS, an_actor, kinds

CONTACT = {"means": "phone", "whom": "其母", "answer": "reached", "text": "在医院陪护"}


def test_places_are_shown_for_a_purpose_alone_and_the_look_is_recorded(desk: Desk) -> None:
    before = desk.get("liming", "/console/violations/1").text

    assert "在活动范围“活动区”之外" in before
    assert "查看目的" in before
    assert PLACE not in before
    assert '<svg class="sketch"' not in before
    assert desk.purposes() == []

    told = desk.get("liming", "/console/violations/1", purpose="核查违规").text

    for word in (f"{PLACE}, 120.050000", "外侧 554 米", "97%", "± 20 米", "03-02 08:00:00", '<svg class="sketch"', "第 1 版"):
        assert word in told
    assert desk.purposes() == [("liming名", 1, "核查违规")]


def test_a_violation_about_contact_says_that_it_rests_on_no_fix(desk: Desk) -> None:
    told = desk.get("zhao", "/console/violations/2", purpose="核查").text

    assert "没有定位点" in told
    assert "失去联系" in told


@pytest.mark.parametrize(
    ("login", "status"), [("zhao", 404), ("head2", 404), ("auditor", 403), ("admin", 403), ("bureau", 200), ("head", 200)]
)
def test_an_office_is_the_boundary_of_what_is_seen_and_done(desk: Desk, login: str, status: int) -> None:
    shown = desk.get(login, "/console/violations/1", purpose="看看")
    noted = desk.step(login, "note", text="看过")

    assert shown.status_code == status
    assert noted.status_code == (303 if status == 200 else status)
    assert (PLACE in shown.text) == (status == 200)
    assert len(desk.purposes()) == (status == 200)


def test_claim_contact_and_decide_through_the_forms(desk: Desk) -> None:
    claimed = desk.step("liming", "claim")
    contacted = desk.step("liming", "contact", **CONTACT)
    decided = desk.step("liming", "decide", decision="reasonable_excuse", cause="", reason="就医，材料已核")

    assert claimed.headers["location"] == "/console/violations/1?done=claim"
    assert [answer.status_code for answer in (claimed, contacted, decided)] == [303, 303, 303]
    violation = desk.violation()
    assert (violation.review_state, violation.decision, violation.decided_by) == ("decided", "reasonable_excuse", 1)
    page = desk.get("liming", decided.headers["location"]).text
    for word in ("已办结。", "有正当理由", "电话 · 其母 · 已联系上", "在医院陪护", "就医，材料已核", "认领"):
        assert word in page


def test_each_form_carries_the_revision_that_was_seen(desk: Desk) -> None:
    page = desk.get("liming", "/console/violations/1", purpose="核查<1>").text

    forms = re.findall(r"<form method=\"post\" action=\"/console/violations/1/.*?</form>", page, re.DOTALL)
    steps = [form for form in forms if "/attach?" not in form]  # which changes nothing of what it is attached to
    assert len(steps) == 4
    for form in steps:
        assert 'name="revision" value="1"' in form


def test_of_two_who_decide_at_once_one_is_told_who_was_first_and_keeps_her_words(desk: Desk) -> None:
    desk.step("liming", "claim")
    seen = desk.violation().revision
    first = desk.post("head", "/console/violations/1/decide", {"revision": seen, "decision": "confirmed", "reason": "属实"})

    second = desk.post(
        "liming", "/console/violations/1/decide", {"revision": seen, "decision": "false_alarm", "cause": "other", "reason": "我认为是误报"}
    )

    assert (first.status_code, second.status_code) == (303, 409)
    assert "head名已先行操作（办结" in second.text
    assert "现状态：已办结" in second.text
    assert "我认为是误报" in second.text
    assert desk.violation().decision == "confirmed"


def test_a_refused_form_is_shown_again_as_it_was_filled_in(desk: Desk) -> None:
    desk.step("liming", "claim")

    answer = desk.step("liming", "decide", decision="false_alarm", cause="", reason="定位漂移")

    assert answer.status_code == 422
    assert "须选择误报原因" in answer.text
    assert 'value="false_alarm" required checked' in answer.text
    assert ">定位漂移</textarea>" in answer.text
    assert desk.violation().decision is None


def test_what_a_conflict_left_no_form_for_is_not_lost(desk: Desk) -> None:
    desk.step("liming", "claim")
    desk.step("liming", "decide", decision="confirmed", reason="属实")

    answer = desk.step("liming", "decide", decision="confirmed", reason="另一个理由")

    assert answer.status_code == 409
    assert "decide" not in forms_of(answer)
    assert "另一个理由" in answer.text


@pytest.mark.parametrize(
    ("step", "form"),
    [
        ("decide", {"decision": "guilty", "reason": "x"}),
        ("decide", {"reason": "x"}),
        ("decide", {"decision": "confirmed", "reason": " "}),
        ("contact", CONTACT | {"means": "owl"}),
        ("contact", CONTACT | {"whom": ""}),
        ("note", {}),
        ("note", {"text": "x", "revision": ""}),
        ("note", {"text": "x", "revision": "99999999999999999999"}),
        ("note", {"text": "\x00"}),
        ("note", {"text": "x" * 5001}),
        ("hand-over", {"to": "x", "reason": "x"}),
        ("hand-over", {"to": "1", "reason": "x"}),
        ("hand-over", {"to": "999", "reason": "x"}),
    ],
)
def test_input_at_fault_is_told_and_changes_nothing(desk: Desk, step: str, form: dict[str, str]) -> None:
    desk.step("liming", "claim")
    before = desk.violation().revision

    answer = desk.step("liming", step, **form)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert desk.violation().revision == before


def test_a_form_that_is_too_long_or_unreadable_is_refused_on_a_page(desk: Desk) -> None:
    for body in (b"text=" + b"x" * 300_000, b"\xff\xfe", b"a=%ff", b"&".join(b"a=1" for _ in range(99))):
        headers = {"Cookie": "corrections_session=liming", "Origin": "http://testserver"}
        answer = desk.client.post("/console/violations/1/note", content=body, headers=headers)

        assert answer.status_code == 422
        assert "表单" in answer.text


def test_a_violation_goes_to_whom_it_is_handed_over(desk: Desk) -> None:
    page = desk.get("liming", "/console/violations/1").text
    offered = re.findall(r'<option value="(\d+)">(\w+)</option>', page)

    answer = desk.step("liming", "hand-over", to="2", reason="我出差")

    assert offered == [("2", "wangfang名"), ("3", "head名"), ("4", "bureau名")]
    assert answer.status_code == 303
    told = desk.get("wangfang", "/console/violations/1").text
    assert "→ wangfang名" in told
    assert "我出差" in told


def test_an_absent_officer_is_not_offered(desk: Desk) -> None:
    with writing(desk.engine) as session:
        roster.record_absence(session, None, 2, starts_at=NOW, ends_at=NOW + DAY, now=NOW)

    assert "wangfang名" not in desk.get("liming", "/console/violations/1").text


def test_what_later_evidence_changed_is_told_in_words_and_without_places(desk: Desk) -> None:
    desk.step("liming", "claim")
    with writing(desk.engine) as session:
        violation = session.get_one(Violation, 1)
        changes = {"ended_at": NOW, "severity": "high", "evidence": {"deciding": []}, "reason_zh": "新说明", "reason_en": "New reason"}
        queue.revise(session, violation, changes, NOW, note="later evidence")
        queue.withdraw(session, violation, NOW, note="later evidence does not bear it out")

    chinese, english = (desk.get("liming", "/console/violations/1", language=language).text for language in ("zh", "en"))

    for word in ("后到的证据", "— → 2026-03-02 09:00", "中 → 高", "新说明", "证据不再支持该违规", "有新证据", "确认新证据"):
        assert word in chinese
    for word in ("later evidence", "medium → high", "New reason", "no longer bears it out"):
        assert word in english
    assert PLACE not in chinese + english


def test_what_changed_is_told_in_the_readers_language(desk: Desk) -> None:
    told = [("开始时间提前 40 分钟", "began 40 minutes earlier"), ("依据后到的 12 次定位", "from 12 late fixes")]
    with writing(desk.engine) as session:
        violation = session.get_one(Violation, 1)
        queue.revise(session, violation, {"started_at": NOW - 2 * HOUR}, NOW, note="later evidence", told=told)

    chinese, english = (desk.get("liming", "/console/violations/1", language=language).text for language in ("zh", "en"))

    for zh, en in told:
        assert zh in chinese
        assert zh not in english
        assert en in english
    assert "2026-03-02 08:00 → 2026-03-02 07:00" in english


# ---- the forms are those that the review would take


def _queued(session: Any) -> None:
    """As found."""


def _claimed(session: Any) -> None:
    reviewing.claim(session, an_actor(session, "liming"), 1, revision=1, deadlines=DEADLINES, now=NOW)


def _lies_still(session: Any) -> None:
    reviewing.claim(
        session, an_actor(session, "liming"), 1, revision=1, deadlines=DEADLINES, now=NOW - timedelta(minutes=SETTINGS.queue.claim_minutes)
    )


def _changed(session: Any) -> None:
    _claimed(session)
    queue.revise(session, session.get_one(Violation, 1), {"severity": "high"}, NOW, note="later evidence")


def _decided(session: Any) -> None:
    _claimed(session)
    reviewing.decide(session, an_actor(session, "liming"), 1, revision=2, decision="confirmed", reason="属实", now=NOW)  # type: ignore[arg-type]


def _nobodys(session: Any) -> None:
    session.get_one(Violation, 1).officer_id = None


DOING: dict[Step, Callable[..., Any]] = {
    Step.CLAIM: lambda *who, **terms: reviewing.claim(*who, deadlines=DEADLINES, **terms),
    Step.RELEASE: reviewing.release,
    Step.NOTE: lambda *who, **terms: reviewing.note(*who, text="看过", deadlines=DEADLINES, **terms),
    Step.CONTACT: lambda *who, **terms: reviewing.contact(
        *who, means=Means.PHONE, whom="本人", answer=Answer.REACHED, text="在家", deadlines=DEADLINES, **terms
    ),
    Step.HAND_OVER: lambda *who, **terms: reviewing.hand_over(*who, to=4, reason="出差", **terms),
    Step.DECIDE: lambda *who, **terms: reviewing.decide(*who, decision="confirmed", reason="属实", **terms),
    Step.REOPEN: lambda *who, **terms: reviewing.reopen(*who, reason="新情况", deadlines=DEADLINES, **terms),
}


class _Undone(Exception):
    pass


@pytest.mark.parametrize("login", ["liming", "wangfang", "head", "bureau"])
@pytest.mark.parametrize("state", [_queued, _claimed, _lies_still, _changed, _decided, _nobodys], ids=lambda state: state.__name__)
def test_only_the_forms_that_state_and_role_allow_are_shown(desk: Desk, login: str, state: Callable[[Any], None]) -> None:
    with writing(desk.engine) as session:
        state(session)

    shown = forms_of(desk.get(login, "/console/violations/1")) - {"watch", "attach"}

    taken = {step.value for step in DOING if _is_taken(desk, login, step)}
    # Going on to hold what one holds is taken, too, but offered only where it acknowledges something new.
    superfluous = {"claim"} if login == "liming" and state in (_claimed, _lies_still) else set()
    assert shown == taken - superfluous


def _is_taken(desk: Desk, login: str, step: Step) -> bool:
    """Whether the review takes the step, which is then undone."""
    try:
        with writing(desk.engine) as session:
            revision = session.get_one(Violation, 1).revision
            DOING[step](session, an_actor(session, login), 1, revision=revision, now=NOW)
            raise _Undone
    except _Undone:
        return True
    except CorrectionsError:
        return False


def test_every_step_of_the_page_leaves_its_event(desk: Desk) -> None:
    desk.step("liming", "claim")
    desk.step("liming", "release", note="先去开会")
    desk.step("liming", "claim")
    desk.step("liming", "note", text="看过")
    desk.step("liming", "contact", **CONTACT)
    desk.step("liming", "decide", decision="confirmed", reason="属实")
    desk.step("head", "reopen", reason="有新情况")
    desk.step("head", "hand-over", to="2", reason="请你办")

    with writing(desk.engine) as session:
        assert kinds(session, session.get_one(Violation, 1))[2:] == [
            EventKind.CLAIMED, EventKind.RELEASED, EventKind.CLAIMED, EventKind.NOTED, EventKind.CONTACTED, EventKind.DECIDED,
            EventKind.REOPENED, EventKind.HANDED_OVER,
        ]  # fmt: skip
    page = desk.get("wangfang", "/console/violations/1").text
    for word in ("先去开会", "有新情况", "请你办", "→ wangfang名"):
        assert word in page


def test_an_exclusion_zone_tells_distances_the_other_way_round(desk: Desk) -> None:
    with writing(desk.engine) as session:
        terms = zones.Terms(code="X", name="学校", kind=zones.ZoneKind.EXCLUSION)
        outline = outlines.circle(30.105, 120.05, 700.0, datum=Datum.WGS84)
        published = zones.publish_zone(session, None, 1, terms, outline, valid_from=NOW - HOUR - MINUTE, now=NOW)
        violation = session.get_one(Violation, 1)
        violation.zone_id, violation.zone_revision_id = published.zone_id, published.id

    told = desk.get("liming", "/console/violations/1", purpose="核查").text

    assert "内侧 554 米" in told
    assert "进入禁止区域" in told
    assert 'class="zone exclusion"' in told


# ---- certainty over time, what spoke against it, and why somebody is silent


def change_evidence(desk: Desk, violation_id: int = 1, **changes: Any) -> None:
    with writing(desk.engine) as session:
        violation = session.get_one(Violation, violation_id)
        violation.evidence = violation.evidence | changes


def test_certainty_over_time_is_drawn_with_its_thresholds_for_a_purpose_alone(desk: Desk) -> None:
    rows = [[to_us(NOW - HOUR), 300.0, 0.5], [to_us(NOW - HOUR + MINUTE), 554.2, 0.97]]
    settings = {"open_at": {"inclusion": 0.92, "curfew": 0.965, "exclusion": 0.6, "grave": 0.5}, "close_at": 0.2}
    change_evidence(desk, course=rows, settings=settings)

    before, told = (desk.get("liming", "/console/violations/1", **terms).text for terms in ({}, {"purpose": "核查"}))

    assert 'class="certainty"' not in before
    assert '<path class="certainty" d="M' in told
    for word in ("认定 92%", "结束 20%"):
        assert word in told
    assert "style=" not in told  # the policy lets no style in but the console's own


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"right_side": 2, "coarse": 1, "doubtful": 0}, ["2 次定位在边界的合规一侧", "1 次定位的精度半径"]),
        ({"right_side": 0, "coarse": 0, "doubtful": 0}, ["定位中没有相反的情况"]),
    ],
)
def test_what_speaks_against_it_is_told(desk: Desk, counts: dict[str, int], says: list[str]) -> None:
    change_evidence(desk, against=counts)

    told = desk.get("liming", "/console/violations/1", purpose="核查").text

    assert all(word in told for word in says)


def test_how_probably_a_fix_is_wrong_is_told_where_the_evidence_says_so(desk: Desk) -> None:
    old = desk.get("liming", "/console/violations/1", purpose="核查").text
    fix = desk.violation().evidence["deciding"][0]
    change_evidence(desk, deciding=[fix | {"doubt": 0.31}])

    told = desk.get("liming", "/console/violations/1", purpose="核查").text

    assert "<td>31%</td>" in told
    assert "<td>—</td>" in old
    for word in ("不利于该判断", 'class="certainty"'):
        assert word not in old


def test_why_somebody_is_silent_and_what_comes_next_is_told_without_a_purpose(desk: Desk) -> None:
    outage = [[to_us(NOW - 3 * HOUR), to_us(NOW - 2 * HOUR)]]
    basis = {"battery_pct": 6.0, "charging": False, "state": "power_save", "outages": outage, "fixes": 4, "covered": 0.5}
    change_evidence(desk, 2, cause="battery_empty", basis=basis)
    with writing(desk.engine) as session:
        violation = session.get_one(Violation, 2)
        violation.rung, violation.rung_due_at = 2, NOW + 3 * HOUR

    chinese, english = (desk.get("zhao", "/console/violations/2", language=language).text for language in ("zh", "en"))

    for word in (
        "可能没电",
        "6% 未充电",
        "省电模式",
        "2026-03-02 06:00 – 2026-03-02 07:00",
        "4 次定位，覆盖 50%",
        "2026-03-02 12:00",
        "报告司法所所长",
    ):
        assert word in chinese
    for word in ("battery probably empty", "not charging", "power-save mode", "the office head is told"):
        assert word in english


def test_a_silence_of_before_causes_were_kept_still_shows(desk: Desk) -> None:
    page = desk.get("zhao", "/console/violations/2")

    assert page.status_code == 200
    assert "失联原因" not in page.text


def test_a_notice_in_the_history_is_told_in_the_readers_language(desk: Desk) -> None:
    with writing(desk.engine) as session:
        text = ("请检查手机", "Check your phone")
        notice = notices.notify(session, session.get_one(Subject, 1), Recipient.SUBJECT, NoticeKind.SILENCE, text, NOW)
        notices.tell_of(session, session.get_one(Violation, 1), notice, NOW)

    chinese, english = (desk.get("liming", "/console/violations/1", language=language).text for language in ("zh", "en"))

    assert "→ 本人" in chinese
    assert "请检查手机</p>" in chinese
    assert "Check your phone" not in chinese
    assert "Check your phone</p>" in english


def test_conduct_and_technical_matters_are_marked_apart(desk: Desk) -> None:
    conduct, technical = 'class="nature conduct">行为', 'class="nature technical">技术'

    for page in ("/console/violations/1", "/console/queue?tab=office", "/console/subjects/1"):
        told = desk.get("liming", page).text
        assert conduct in told
        assert technical not in told
    for page in ("/console/violations/2", "/console/queue?tab=office", "/console/subjects/2"):
        told = desk.get("zhao", page).text
        assert technical in told
        assert conduct not in told


def test_a_fake_position_has_no_edge_to_speak_for_or_against(desk: Desk) -> None:
    nothing = {"right_side": 0, "coarse": 0, "doubtful": 0}
    change_evidence(desk, against=nothing)
    with writing(desk.engine) as session:
        violation = session.get_one(Violation, 1)
        violation.rule, violation.zone_id, violation.zone_revision_id = "mock_location", 0, None

    told = desk.get("liming", "/console/violations/1", purpose="核查").text

    assert "疑似虚假定位" in told
    for word in ("不利于该判断", "误差嫌疑", "确信度"):
        assert word not in told


def test_to_whom_it_has_gone_up_is_told(desk: Desk) -> None:
    with writing(desk.engine) as session:
        escalate_due(session, SETTINGS, session.get_one(Violation, 1).due_at)

    page = desk.get("liming", "/console/violations/1", purpose="核实").text

    assert "已上报</dt><dd>head名" in page
    assert "升级上报" in page
