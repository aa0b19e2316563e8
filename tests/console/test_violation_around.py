"""What is beside a violation on its page: what else is open of the subject, attachments, watching, and the fixes of its curve."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from corrections.domain.model import to_us
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, ReviewEvent, Subject, Violation, ViolationWatch
from tests.console.desk import HOST, Desk, forms_of
from tests.review.scene import HOUR, MINUTE, NOW, a_violation

CONTACT = {"means": "phone", "whom": "本人", "answer": "reached", "text": "在医院"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def another(desk: Desk, rule: str = "silence") -> int:
    """A further violation of the subject, open beside the first."""
    with writing(desk.engine) as session:
        made = a_violation(session, session.get_one(Subject, 1), rule=rule)
        assert made.id is not None
        return made.id


def whole(desk: Desk, login: str, step: str, other: int, **form: Any) -> Any:
    seen = {f"seen-{other}": desk.violation(other).revision, "matter": desk.violation().matter_id, "whole": "yes"}
    return desk.step(login, step, **seen | form)


def contacts(desk: Desk) -> list[int]:
    with reading(desk.engine) as session:
        return [e.violation_id for e in session.exec(select(ReviewEvent).where(ReviewEvent.kind == "contacted").order_by(ReviewEvent.id))]


def attach(desk: Desk, login: str, *files: tuple[str, bytes, str], note: str = "") -> Any:
    desk.client.cookies.clear()
    headers = {"Cookie": f"corrections_session={login}", "Origin": HOST}
    sent = [("file", file) for file in files]
    return desk.client.post("/console/violations/1/attach", data={"note": note}, files=sent, headers=headers)


def test_one_violation_alone_is_no_matter(desk: Desk) -> None:
    assert 'id="matter"' not in desk.get("liming", "/console/violations/1").text


def test_what_is_open_of_one_subject_is_claimed_and_contacted_about_at_once(desk: Desk) -> None:
    other = another(desk)
    page = desk.get("liming", "/console/violations/1").text
    assert "同一对象的 2 件待办违规" in page
    assert f'href="/console/violations/{other}?' in page
    assert "全部认领（2 件）" in page

    assert whole(desk, "liming", "claim", other).status_code == 303
    assert {desk.violation(id_).claimed_by for id_ in (1, other)} == {1}
    assert whole(desk, "liming", "contact", other, **CONTACT).status_code == 303
    assert contacts(desk) == [1, other]
    desk.step("liming", "contact", **CONTACT)
    assert contacts(desk) == [1, other, 1]
    assert whole(desk, "liming", "hand-over", other, to="2", reason="出差").status_code == 303
    assert {desk.violation(id_).officer_id for id_ in (1, other)} == {2}


def test_a_matter_that_has_grown_since_is_not_taken_unseen_and_what_was_typed_stays(desk: Desk) -> None:
    other = another(desk)
    another(desk, "low_battery")

    answer = whole(desk, "liming", "contact", other, **CONTACT)

    assert answer.status_code == 409
    assert "在医院" in answer.text
    assert contacts(desk) == []


def test_a_violation_of_others_is_watched_and_left_alone_again(desk: Desk) -> None:
    assert "watch" not in forms_of(desk.get("liming", "/console/violations/1"))
    assert "watch" in forms_of(desk.get("head", "/console/violations/1"))

    assert desk.step("head", "watch").status_code == 303
    with reading(desk.engine) as session:
        assert session.get(ViolationWatch, (1, 3)) is not None
    assert forms_of(desk.get("head", "/console/violations/1")) >= {"unwatch"}
    desk.step("head", "unwatch")
    assert "watch" in forms_of(desk.get("head", "/console/violations/1"))


def test_photos_and_documents_stand_beside_it_and_opening_one_is_recorded(desk: Desk) -> None:
    answer = attach(desk, "liming", ("现场.png", PNG, "image/png"), ("说明.pdf", b"%PDF-1.7\n", "application/pdf"), note="门牌")

    assert "done=attach" in answer.headers["location"]
    page = desk.get("liming", "/console/violations/1").text
    for word in ("现场.png", "说明.pdf", "门牌", 'loading="lazy" src="/console/attachments/1"'):
        assert word in page
    assert page.count("<img") == 1
    with reading(desk.engine) as session:
        assert session.exec(select(AuditEvent).where(AuditEvent.action == "attachment.read")).first() is None
    assert desk.get("liming", "/console/attachments/1").content == PNG
    with reading(desk.engine) as session:
        assert session.exec(select(AuditEvent).where(AuditEvent.action == "attachment.read")).one().subject_id == 1


@pytest.mark.parametrize("files", [(), (("x.png", b"no picture", "image/png"),)])
def test_what_cannot_be_attached_is_said_and_its_note_kept(desk: Desk, files: tuple[Any, ...]) -> None:
    answer = attach(desk, "liming", *files, note="门牌照片")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="门牌照片"' in answer.text


def test_who_does_not_reach_it_attaches_nothing(desk: Desk) -> None:
    assert attach(desk, "zhao", ("现场.png", PNG, "image/png")).status_code == 404


def test_each_fix_of_the_curve_is_told_with_its_place_where_that_is_known(desk: Desk) -> None:
    rows = [[to_us(NOW - HOUR + at * MINUTE), metres, sure] for at, metres, sure in ((0, 554.2, 0.5), (1, 600.0, 0.97), (9, -5.0, 0.1))]
    with writing(desk.engine) as session:
        violation = session.get_one(Violation, 1)
        violation.evidence = violation.evidence | {"course": rows}

    before = desk.get("liming", "/console/violations/1").text
    told = re.findall(r"<li([^>]*data-x[^>]*)>([^<]*)</li>", desk.get("liming", "/console/violations/1", purpose="核查").text)

    assert "data-x" not in before
    assert [words for _, words in told] == [
        "03-02 08:00:00 · 外侧 554 米 · 精度 ± 20 米 · 确信度 50%", "03-02 08:01:00 · 外侧 600 米 · 确信度 97% · 认定",
        "03-02 08:09:00 · 内侧 5 米 · 确信度 10%",
    ]  # fmt: skip
    assert ["data-lon" in attributes for attributes, _ in told] == [True, False, False]


def test_its_days_can_be_replayed(desk: Desk) -> None:
    page = desk.get("liming", "/console/violations/1", language="en").text

    assert '/console/subjects/1/replay?day=2026-03-02">Replay this day' in page
