"""The leave certificate: of an approved leave alone, says what is permitted and no more, and when it counts no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.casework import LeaveKind, LeaveReportKind
from corrections.errors import Conflict, Forbidden, NotFound
from corrections.records import certificates, leave, outlines, permits
from corrections.records.paper_parts import desk_for
from corrections.records.papers import Language
from corrections.store.access import Own
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, LeaveRequest, Subject
from tests.records.test_leave import DAY, OWN, SETTINGS, approve, ask, wanted
from tests.review.scene import HOUR, NOW, an_actor, settle


@pytest.fixture
def office(database: Engine) -> Engine:
    with writing(database) as session:
        settle(session)
    return database


def content(session: Session, request: LeaveRequest, lang: Language = "zh", now: Any = NOW) -> dict[str, Any]:
    return certificates.content(desk_for(session, request.subject_id, lang, SETTINGS, now), request)


def said(session: Session, request: LeaveRequest, lang: Language = "zh") -> str:
    return json.dumps(content(session, request, lang), ensure_ascii=False)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_is_a_pdf_whose_making_is_recorded(office: Engine, lang: Language) -> None:
    with writing(office) as session:
        request = approve(session, ask(session))
        for by in (an_actor(session, "liming"), OWN):
            made = certificates.certificate(session, by, request.id, lang, settings=SETTINGS, now=NOW)

        assert made.paper().content.startswith(b"%PDF-")
        assert made.name == f"leave-1-{lang}.pdf"
        found = session.exec(select(AuditEvent).where(AuditEvent.action == "leave.certificate")).all()
        assert [event.subject_id for event in found] == [1, 1]


def test_it_says_who_where_when_and_by_whom(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session), conditions="每日电话报告")

        for lang, words in (("zh", ("就医", "司法所", "批准")), ("en", ("medical treatment", "the office", "certify"))):
            told = said(session, request, lang)
            for needed in ("对象S1", "S1", "省城医院", "2026-03-06 09:00", "2026-03-06 18:00", "head名", "每日电话报告", *words):
                assert needed in told, needed


def test_it_tells_nothing_of_her_sentence(office: Engine) -> None:
    with writing(office) as session:
        told = said(session, approve(session, ask(session, want=wanted(details="母亲手术"))))

        for word in ("缓刑", "普管", "矫正期限", "母亲手术"):
            assert word not in told


def test_regular_activity_names_its_hours_and_that_the_area_binds(office: Engine) -> None:
    windows = [{"start": "22:00", "until": "06:00", "weekdays": [0, 1, 2]}]
    with writing(office) as session:
        want = wanted(lasts=90 * DAY, kind=LeaveKind.REGULAR, windows=windows, outline=outlines.circle(41.5, 122.7, 5_000))
        request = approve(session, ask(session, want=want), "bureau")

        told = content(session, request)
        assert told["subtitle"] == "（经常性跨市、县活动）"
        assert told["seal"] == "云溪区司法局"
        assert "周一到周三 22:00 到第二天 06:00" in said(session, request)
        assert "限于批准的区域和路线" in said(session, request)


def test_it_says_when_it_counts_no_more(office: Engine) -> None:
    with writing(office) as session:
        first = approve(session, ask(session, want=wanted(NOW - DAY, 2 * DAY)))
        valid = content(session, first)["banner"]
        expired = content(session, first, now=NOW + DAY)["banner"]
        longer = approve(session, ask(session, want=wanted(first.returns_at, DAY), extends=first.id))
        extended = content(session, first)["banner"]
        permits.revoke_leave(session, an_actor(session, "head"), longer.permit_id, at=longer.leaves_at + HOUR, now=NOW)
        revoked = content(session, longer)["banner"]
        leave.report_leave(session, OWN, longer.id, LeaveReportKind.RETURN, at=NOW, now=NOW)

        assert valid == ""
        assert expired == "已期满，本证明失效"
        assert extended == f"已延长，另见编号 L{longer.id} 的证明"
        assert revoked == "自 2026-03-03 10:00 起撤销，其后本证明无效"
        assert content(session, first)["banner"] == content(session, longer)["banner"] == "已于 2026-03-02 09:00 销假，本证明失效"


def test_a_minor_s_certificate_says_that_it_is_confidential(office: Engine) -> None:
    with writing(office) as session:
        session.get_one(Subject, 1).minor = True

        assert "身份信息依法保密" in said(session, approve(session, ask(session)))


@pytest.mark.parametrize(("by", "error"), [("zhao", NotFound), ("admin", Forbidden), ("auditor", Forbidden), (Own(2), NotFound)])
def test_nobody_else_gets_it(office: Engine, by: str | Own, error: type[Exception]) -> None:
    with writing(office) as session:
        request = approve(session, ask(session))
        who = by if isinstance(by, Own) else an_actor(session, by)

        with pytest.raises(error):
            certificates.certificate(session, who, request.id, "zh", settings=SETTINGS, now=NOW)


def test_there_is_none_before_the_approval(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session)

        with pytest.raises(Conflict):
            certificates.certificate(session, OWN, request.id, "zh", settings=SETTINGS, now=NOW)
