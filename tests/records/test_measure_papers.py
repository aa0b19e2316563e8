"""The paper says what it is, what it rests on and whose hands it went through, and quotes no law that was not read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from corrections.domain.casework import MeasureKind
from corrections.domain.model import Rule
from corrections.errors import NotFound
from corrections.records import measure_papers, proposals
from corrections.records.papers import Language
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, Subject, Violation
from tests.records.test_proposals import confirmed, hear, outcome, propose, second
from tests.review.scene import NOW, an_actor, settle

SETTINGS = Settings()
QUOTED = [article.text_zh for article in SETTINGS.legal.articles if article.quoted]


@pytest.fixture
def office(database: Engine) -> Engine:
    with writing(database) as session:
        confirmed(session, settle(session))
    return database


def fetch(session: Any, proposal_id: int = 1, lang: Language = "zh", login: str = "liming") -> measure_papers.Draft:
    return measure_papers.proposal_paper(session, an_actor(session, login), proposal_id, lang, settings=SETTINGS, now=NOW)


def texts(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def test_a_proposal_waiting_says_that_it_may_not_go_out(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session)
        first = fetch(session).data
        second(session, proposal)
        then = fetch(session).data
        done = session.exec(AuditEvent.__table__.select().where(AuditEvent.action == "proposal.paper")).all()

    assert first["banner"] == "本文书为处理建议，不是决定　·　待复核，不得发出"
    assert then["banner"] == "本文书为处理建议，不是决定"
    assert len(done) == 2


def test_it_says_why_nobody_has_seconded_it(office: Engine) -> None:
    with writing(office) as session:
        propose(session)
        waiting = texts(fetch(session).data)
        proposals.withdraw(session, an_actor(session, "liming"), 1, revision=1, reason="误提", now=NOW)
        withdrawn = texts(fetch(session).data)
        propose(session, measure=MeasureKind.ADMONITION, ground="admonition.rules", statement_id=None)
        unasked = texts(fetch(session, 2).data)

    assert '["复核人", "待复核"]' in waiting
    assert '["复核人", "未复核"]' in withdrawn
    assert '["复核人", "本措施无须复核"]' in unasked


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_tells_who_what_why_and_whose_hands(office: Engine, lang: Language) -> None:
    with writing(office) as session:
        statement_id = hear(session, declined=True, text="电话中询问，本人表示不说。")
        second(session, propose(session, facts="第一段\n第二段", statement_id=statement_id), note="同意")
        draft = fetch(session, lang=lang)

    said = texts(draft.data)
    assert draft.paper().content.startswith(b"%PDF-")
    assert draft.name == f"proposal-1-{lang}.pdf"
    for needed in ("对象S1", "S1", "第一段", "V1", "已核实", "liming名", "head名", "同意", "电话中询问"):
        assert needed in said
    for zh, en in (
        ("放弃", "declined"),
        ("68%", "68 %"),
        ("人民检察院", "procuratorate"),
        ("信息化核查", "information-based"),
        ("缓刑", "probation"),
    ):
        assert (zh if lang == "zh" else en) in said
    assert all(section["blocks"] for section in draft.data["sections"])


def test_only_law_that_was_read_is_quoted(office: Engine) -> None:
    with writing(office) as session:
        propose(session, statement_id=hear(session), ground="warning.admonished_twice")
        first = fetch(session).data
        propose(session, measure=MeasureKind.COMMENDATION, ground="commendation.conduct", statement_id=None, violation_ids=[])
        then = fetch(session, 2).data

    quotes = [
        block["text"] for data in (first, then) for section in data["sections"] for block in section["blocks"] if block["kind"] == "quote"
    ]
    assert quotes
    assert set(quotes) <= set(QUOTED)
    assert "非条文原文" in texts(first)
    assert "依据由本局核定（unverified" in texts(then)
    assert "定位信息" not in texts(then)  # it rests on no position


def test_a_decision_is_a_draft_and_a_request_elsewhere_a_notice(office: Engine) -> None:
    with writing(office) as session:
        head = an_actor(session, "head")
        _, warning = outcome(session, second(session, propose(session)))
        grave = propose(session, measure=MeasureKind.REVOKE_PROBATION, ground="revoke_probation.other")
        _, revoked = outcome(session, second(session, grave, "bureau"), document="刑更1号", decided_by="云溪区人民法院")
        own, notice = (
            measure_papers.measure_paper(session, head, measure.id, "zh", settings=SETTINGS, now=NOW).data for measure in (warning, revoked)
        )

    assert (own["title"], own["seal"]) == ("社区矫正警告决定书", "云溪区社区矫正管理局")
    assert (notice["title"], notice["seal"]) == ("社区矫正提请撤销缓刑告知书", "云溪区司法局")
    assert own["banner"].startswith("草稿")
    assert "云矫警〔2026〕1号" in texts(own)
    assert [signature["label"] for signature in own["signatures"]][-1] == "本人签收"


def test_a_minor_s_paper_says_that_it_is_confidential(office: Engine) -> None:
    with writing(office) as session:
        session.get_one(Subject, 1).minor = True
        propose(session)
        draft = fetch(session)

    assert "身份信息保密" in texts(draft.data)


def test_a_protected_person_is_not_named(office: Engine) -> None:
    with writing(office) as session:
        violation = session.get_one(Violation, 1)
        violation.rule, violation.reason_zh = Rule.TOGETHER.value, "与对象 S-other 的位置"
        propose(session)
        draft = fetch(session)

    assert "S-other" not in texts(draft.data)
    assert "不得接近的人员" in texts(draft.data)


def test_what_is_out_of_reach_is_not_there(office: Engine) -> None:
    with writing(office) as session:
        propose(session)
        with pytest.raises(NotFound):
            fetch(session, login="zhao")
        with pytest.raises(NotFound):
            measure_papers.measure_paper(session, an_actor(session, "head"), 1, "zh", settings=SETTINGS, now=NOW)
