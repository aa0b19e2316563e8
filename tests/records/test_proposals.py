"""A grave measure passes through two hands, after the subject was heard; what was decided becomes a measure, which counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.casework import MeasureKind, ProposalState
from corrections.domain.measures import Second
from corrections.domain.model import Category, Decision, FalseAlarmCause, NoticeKind, SubjectStatus
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import clocks, measures, proposals, statements
from corrections.review import reviewing
from corrections.review.deadlines import Deadlines
from corrections.review.reviewing import Means
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, Notice, Proposal, Subject, Violation
from tests.review.scene import HOUR, NOW, a_subject, a_violation, an_actor, away, settle

SETTINGS = Settings()
K, DAY = MeasureKind, timedelta(days=1)
TODAY = date(2026, 3, 2)


@pytest.fixture
def office(database: Engine) -> Engine:
    with writing(database) as session:
        confirmed(session, settle(session))
    return database


def confirmed(session: Session, subject: Subject, decision: Decision = Decision.CONFIRMED) -> Violation:
    violation = a_violation(session, subject, started_at=NOW - 2 * HOUR, ended_at=NOW)
    cause = FalseAlarmCause.OTHER if decision is Decision.FALSE_ALARM else None
    seen = {"revision": violation.revision, "decision": decision, "cause": cause, "reason": "已核实"}
    return reviewing.decide(session, an_actor(session, "head"), violation.id, now=NOW, **seen)


def hear(session: Session, subject_id: int = 1, **changes: Any) -> int:
    terms: dict[str, Any] = {"text": "当时在医院", "means": Means.VISIT, "settings": SETTINGS, "now": NOW} | changes
    return statements.record_statement(session, an_actor(session, "liming"), subject_id, **terms).id


def propose(session: Session, by: str = "liming", subject_id: int = 1, now: Any = NOW, **changes: Any) -> Proposal:
    terms: dict[str, Any] = {
        "measure": K.WARNING, "ground": "warning.rules", "facts": "未经批准外出", "violation_ids": [1], "settings": SETTINGS,
    } | changes  # fmt: skip
    if "statement_id" not in terms:
        terms["statement_id"] = hear(session, subject_id)
    return proposals.propose(session, an_actor(session, by), subject_id, now=now, **terms)


def second(session: Session, proposal: Proposal, by: str = "head", **changes: Any) -> Proposal:
    terms: dict[str, Any] = {"revision": proposal.revision, "agree": True, "settings": SETTINGS, "now": NOW} | changes
    return proposals.second(session, an_actor(session, by), proposal.id, **terms)


def outcome(session: Session, proposal: Proposal, by: str = "head", **changes: Any) -> Any:
    terms: dict[str, Any] = {
        "revision": proposal.revision, "granted": True, "decided_on": TODAY, "decided_by": "云溪区社区矫正管理局",
        "document": "云矫警〔2026〕1号", "now": NOW + HOUR,
    } | changes  # fmt: skip
    return proposals.record_outcome(session, an_actor(session, by), proposal.id, **terms)


def told(session: Session) -> list[tuple[str, int | None, bool]]:
    found = session.exec(select(Notice).where(Notice.kind == NoticeKind.SECOND_WANTED.value).order_by(Notice.id))
    return [(notice.recipient, notice.officer_id, notice.done_at is not None) for notice in found]


def test_a_warning_from_proposal_to_register(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session)
        assert (proposal.state, proposal.revision, told(session)) == (ProposalState.PROPOSED, 1, [("office_head", 3, False)])
        second(session, proposal)
        assert (proposal.state, proposal.seconded_by, told(session)) == (ProposalState.SECONDED, 3, [("office_head", 3, True)])
        _, measure = outcome(session, proposal)

        assert (proposal.state, proposal.document) == (ProposalState.GRANTED, "云矫警〔2026〕1号")
        assert (measure.kind, measure.category, measure.proposal_id, measure.ground) == ("warning", "probation", 1, "warning.rules")
        assert measure.decided_on == NOW - timedelta(hours=9)  # the local midnight of the day
        assert measures.counts(session, 1) == {K.WARNING: 1}
        done = session.exec(select(AuditEvent.action).where(AuditEvent.subject_id == 1).order_by(AuditEvent.id)).all()
        assert done[-5:] == ["statement.record", "proposal.make", "proposal.second", "proposal.outcome", "measure.record"]


def test_an_admonition_needs_neither_statement_nor_second_officer(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session, measure=K.ADMONITION, ground="admonition.rules", statement_id=None)

        assert (proposal.state, proposal.seconded_by, told(session)) == (ProposalState.SECONDED, None, [])
        assert outcome(session, proposal)[1].kind == K.ADMONITION


def test_who_was_not_heard_is_not_proposed_for(office: Engine) -> None:
    with writing(office) as session:
        with pytest.raises(Invalid, match="Hear her first"):
            propose(session, statement_id=None)

        assert propose(session, statement_id=hear(session, declined=True, text="电话询问，表示不陈述")).statement_id == 1


def test_the_statement_is_hers_about_these_violations_and_after_them(office: Engine) -> None:
    with writing(office) as session:
        other = confirmed(session, a_subject(session, "S2"))
        again = confirmed(session, session.get_one(Subject, 1))
        for statement_id in (
            99, hear(session, 2, violation_id=other.id), hear(session, violation_id=again.id), hear(session, taken_at=NOW - 3 * HOUR)
        ):  # fmt: skip
            with pytest.raises(Invalid) as fault:
                propose(session, statement_id=statement_id)
            assert fault.value.field == "statement_id"


def test_it_rests_on_violations_that_were_confirmed(office: Engine) -> None:
    with writing(office) as session:
        wrong = confirmed(session, session.get_one(Subject, 1), Decision.FALSE_ALARM)
        waiting = a_violation(session, session.get_one(Subject, 1))
        another = confirmed(session, a_subject(session, "S2"))
        for violation in (wrong, waiting, another):
            with pytest.raises(Invalid, match=f"were not: {violation.id}"):
                propose(session, violation_ids=[1, violation.id])


def test_a_measure_that_her_category_does_not_know_is_refused(office: Engine) -> None:
    with writing(office) as session:
        session.get_one(Subject, 1).category = Category.PAROLE.value
        with pytest.raises(Invalid) as fault:
            propose(session, measure=K.SECURITY_PENALTY, ground="security_penalty.rules")
        assert fault.value.field == "measure"
        with pytest.raises(Invalid, match=r"revoke_parole\.warned_twice") as fault:
            propose(session, measure=K.REVOKE_PAROLE, ground="revoke_probation.warned_twice")
        assert fault.value.field == "ground"


def test_nobody_seconds_her_own_proposal_whatever_her_rank(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session, "head")

        assert told(session) == [("bureau", None, False)]
        with pytest.raises(Forbidden):
            second(session, proposal)
        assert second(session, proposal, "bureau").state == ProposalState.SECONDED


def test_where_the_head_is_away_the_bureau_is_told(office: Engine) -> None:
    with writing(office) as session:
        away(session, "head", NOW + DAY)
        propose(session)

        assert told(session) == [("bureau", None, False)]


def test_of_two_who_second_at_once_one_is_told_of_the_other(office: Engine) -> None:
    with writing(office) as session:
        propose(session)
    together = Barrier(2)

    def act(login: str, agree: bool) -> ProposalState | None:
        together.wait()
        try:
            with writing(office) as session:
                proposal = proposals.proposal_for(session, an_actor(session, login), 1)
                return ProposalState(second(session, proposal, login, revision=1, agree=agree, note="意见").state)
        except Conflict:
            return None

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(act, ("head", "bureau"), (True, False)))

    with writing(office) as session:
        kept = session.get_one(Proposal, 1)
        assert (kept.revision, found.count(None)) == (2, 1)
        assert kept.state in found


def test_the_gravest_are_seconded_by_the_bureau_alone(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session, measure=K.REVOKE_PROBATION, ground="revoke_probation.other")

        for login in ("liming", "wangfang", "head"):
            with pytest.raises(Forbidden):
                second(session, proposal, login)
        assert second(session, proposal, "bureau").seconded_by == 4


def test_a_refusal_says_why_and_ends_it(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session)
        with pytest.raises(Invalid):
            second(session, proposal, agree=False)
        second(session, proposal, agree=False, note="事实不清")

        assert (proposal.state, proposal.note) == (ProposalState.REFUSED, "事实不清")
        with pytest.raises(Conflict):
            outcome(session, proposal)


def test_what_rests_on_a_violation_since_reopened_can_only_be_refused(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session)
        violation = session.get_one(Violation, 1)
        seen = {"revision": violation.revision, "reason": "证据有疑", "deadlines": Deadlines.of(SETTINGS), "now": NOW}
        reviewing.reopen(session, an_actor(session, "head"), 1, **seen)

        with pytest.raises(Conflict, match="no longer confirmed: 1"):
            second(session, proposal)
        assert second(session, proposal, agree=False, note="证据有疑").state == ProposalState.REFUSED


def test_only_the_proposer_takes_it_back(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session)
        with pytest.raises(Forbidden):
            proposals.withdraw(session, an_actor(session, "wangfang"), 1, revision=1, reason="误提", now=NOW)
        proposals.withdraw(session, an_actor(session, "liming"), 1, revision=1, reason="误提", now=NOW)

        assert (proposal.state, told(session)) == (ProposalState.WITHDRAWN, [("office_head", 3, True)])
        assert propose(session).id == 2  # and it may be proposed anew


def test_who_acts_on_what_she_has_not_seen_is_told_how_it_stands(office: Engine) -> None:
    with writing(office) as session:
        proposal = propose(session)
        second(session, proposal)

        with pytest.raises(Conflict, match="now: seconded, revision 2"):
            second(session, proposal, "bureau", revision=1)
        with pytest.raises(Conflict):
            outcome(session, proposal, revision=1)


def test_the_same_measure_is_not_proposed_twice_at_a_time(office: Engine) -> None:
    with writing(office) as session:
        propose(session)

        with pytest.raises(Conflict, match="proposal 1"):
            propose(session, "wangfang")


def test_the_day_of_the_decision_lies_between_the_proposal_and_today(office: Engine) -> None:
    with writing(office) as session:
        proposal = second(session, propose(session))
        for day in (TODAY - DAY, TODAY + DAY):
            with pytest.raises(Invalid, match="between"):
                outcome(session, proposal, decided_on=day)
        dismissed, measure = outcome(session, proposal, granted=False)

        assert (dismissed.state, measure, measures.counts(session, 1)) == (ProposalState.DISMISSED, None, {})


def test_who_is_out_of_reach_or_over_is_not_proposed_for(office: Engine) -> None:
    with writing(office) as session:
        with pytest.raises(NotFound):
            propose(session, "zhao", statement_id=hear(session))
        session.get_one(Subject, 1).status = SubjectStatus.ENDED.value
        with pytest.raises(Conflict):
            propose(session)


def test_the_options_say_what_fits_and_what_it_asks_for(office: Engine) -> None:
    with writing(office) as session:
        head, officer = an_actor(session, "head"), an_actor(session, "liming")
        for number in (1, 2):
            terms = {"kind": K.WARNING, "decided_on": TODAY, "decided_by": "区局", "document": f"{number}号"}
            measures.record_measure(session, head, 1, settings=SETTINGS, now=NOW, **terms)
        found = proposals.options(session, officer, 1, settings=SETTINGS, now=NOW)

        assert {one.ground.key for one in found if one.fits} == {"revoke_probation.warned_twice"}
        grave = next(one for one in found if one.measure is K.REVOKE_PROBATION)
        assert (found[0].measure, grave.second, grave.needs_statement) == (K.COMMENDATION, Second.BUREAU, True)

        clocks.start_clock(
            session, officer, 1, kind=clocks.ClockKind.OUT_OF_CONTACT, starts_at=NOW - HOUR, basis="失联", settings=SETTINGS, now=NOW
        )  # fmt: skip
        over = proposals.options(session, officer, 1, settings=SETTINGS, now=NOW + 11 * DAY)
        assert "warning.off_supervision" in {one.ground.key for one in over if one.fits}


def test_a_measure_from_paper_counts_once_until_it_is_taken_back(office: Engine) -> None:
    terms: dict[str, Any] = {
        "kind": K.ADMONITION,
        "decided_on": TODAY - DAY,
        "decided_by": "区局",
        "document": "训1号",
        "settings": SETTINGS,
    }
    with writing(office) as session:
        head = an_actor(session, "head")
        measure = measures.record_measure(session, head, 1, now=NOW, **terms)
        with pytest.raises(Conflict):
            measures.record_measure(session, head, 1, now=NOW, **terms)
        with pytest.raises(Forbidden):
            measures.record_measure(session, an_actor(session, "liming"), 1, now=NOW, **terms)
        assert measures.counts(session, 1) == {K.ADMONITION: 1}

        measures.revoke_measure(session, head, measure.id, reason="复核有误", now=NOW)
        assert measures.counts(session, 1) == {}
        assert [row.revoked_reason for row in measures.list_measures(session, head, in_force=False)] == ["复核有误"]
        with pytest.raises(Conflict):
            measures.revoke_measure(session, head, measure.id, reason="再撤", now=NOW)


@pytest.mark.parametrize("changes", [{"decided_on": TODAY + DAY}, {"decided_by": " "}, {"document": "两\n行"}, {"kind": K.REVOKE_PAROLE}])
def test_a_measure_that_cannot_be_is_refused(office: Engine, changes: dict[str, Any]) -> None:
    terms: dict[str, Any] = {"kind": K.WARNING, "decided_on": TODAY, "decided_by": "区局", "document": "1号", "settings": SETTINGS}
    with writing(office) as session, pytest.raises(Invalid):
        measures.record_measure(session, an_actor(session, "head"), 1, now=NOW, **terms | changes)


def test_proposals_are_listed_within_reach(office: Engine) -> None:
    with writing(office) as session:
        propose(session)
        lists = {login: proposals.list_proposals(session, an_actor(session, login)) for login in ("liming", "zhao", "bureau")}

        assert {login: len(rows) for login, rows in lists.items()} == {"liming": 1, "zhao": 0, "bureau": 1}
        assert proposals.list_proposals(session, an_actor(session, "bureau"), state=ProposalState.SECONDED) == []
        with pytest.raises(Forbidden):
            proposals.list_proposals(session, an_actor(session, "auditor"))
