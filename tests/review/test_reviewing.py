"""The steps of a review: who may take which, in which state, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Decision, FalseAlarmCause
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import accounts
from corrections.review import queue, reviewing
from corrections.review.reviewing import Answer, Means
from corrections.store.database import writing
from corrections.store.tables import Violation
from tests.review.scene import DEADLINES, HOUR, MINUTE, NOW, SETTINGS, a_violation, an_actor, an_officer, away, kinds, last_event, settle


def claim(session: Session, login: str, violation: Violation, now: datetime = NOW) -> Violation:
    return reviewing.claim(session, an_actor(session, login), violation.id, revision=violation.revision, deadlines=DEADLINES, now=now)


def decide(session: Session, login: str, violation: Violation, now: datetime = NOW, **changes: Any) -> Violation:
    terms = {"decision": Decision.CONFIRMED, "reason": "本人承认外出", "revision": violation.revision} | changes
    return reviewing.decide(session, an_actor(session, login), violation.id, **terms, now=now)


def release(session: Session, login: str, violation: Violation) -> Violation:
    return reviewing.release(session, an_actor(session, login), violation.id, revision=violation.revision, now=NOW)


def note(session: Session, login: str, violation: Violation, text: str = "已看") -> Violation:
    return reviewing.note(
        session, an_actor(session, login), violation.id, revision=violation.revision, text=text, deadlines=DEADLINES, now=NOW
    )


def contact(session: Session, login: str, violation: Violation, now: datetime = NOW, whom: str = "本人") -> Violation:
    actor, seen = an_actor(session, login), violation.revision
    terms: dict[str, Any] = {"means": Means.PHONE, "whom": whom, "answer": Answer.NOT_REACHED, "text": "无人接听"}
    return reviewing.contact(session, actor, violation.id, revision=seen, **terms, deadlines=DEADLINES, now=now)


def hand_over(session: Session, login: str, violation: Violation, to: str, reason: str = "出差") -> Violation:
    actor, taker = an_actor(session, login), an_officer(session, to).id
    return reviewing.hand_over(session, actor, violation.id, revision=violation.revision, to=taker, reason=reason, now=NOW)


def reopen(session: Session, login: str, violation: Violation, now: datetime = NOW, reason: str = "有新情况") -> Violation:
    actor, seen = an_actor(session, login), violation.revision
    return reviewing.reopen(session, actor, violation.id, revision=seen, reason=reason, deadlines=DEADLINES, now=now)


def in_state(session: Session, state: str) -> Violation:
    """A violation of liming's: queued, claimed by her, decided by her, or withdrawn."""
    violation = a_violation(session, settle(session))
    if state == "withdrawn":
        queue.withdraw(session, violation, NOW, note="late reports")
    if state in ("claimed", "decided"):
        claim(session, "liming", violation)
    if state == "decided":
        decide(session, "liming", violation)
    return violation


def test_from_claim_to_decision_every_step_is_kept(database: Engine) -> None:
    with writing(database) as session:
        violation = in_state(session, "claimed")

        contact(session, "liming", violation)
        note(session, "liming", violation, " 家属称在医院 ")
        decide(session, "liming", violation, decision=Decision.REASONABLE_EXCUSE, reason="就医，已核实", now=NOW + HOUR)

        assert (violation.review_state, violation.decision, violation.cause) == ("decided", "reasonable_excuse", None)
        assert (violation.decided_by, violation.decided_at, violation.claimed_by, violation.revision) == (1, NOW + HOUR, None, 5)
        assert kinds(session, violation) == ["detected", "assigned", "claimed", "contacted", "noted", "decided"]
        steps = queue.history(session, an_actor(session, "head"), violation.id)
        assert [step.officer_name for step in steps] == [None, None, *["liming名"] * 4]
        assert steps[3].content == {"means": "phone", "whom": "本人", "answer": "not_reached", "text": "无人接听"}
        assert steps[4].content == {"text": "家属称在医院"}


Q, C, D, W = "queued", "claimed", "decided", "withdrawn"
STATES: list[tuple[str, Callable[..., Any], set[str]]] = [
    ("claim", claim, {Q, C}),
    ("release", release, {C}),
    ("note", note, {Q, C, D, W}),
    ("contact", contact, {Q, C, D, W}),
    ("hand over", lambda session, login, violation: hand_over(session, login, violation, "wangfang"), {Q, C}),
    ("decide", decide, {Q, C}),
    ("reopen", reopen, {D}),
]


@pytest.mark.parametrize("state", [Q, C, D, W])
@pytest.mark.parametrize(("_", "step", "possible"), STATES, ids=[name for name, _, _ in STATES])
def test_which_step_is_possible_when(database: Engine, _: str, step: Callable[..., Any], possible: set[str], state: str) -> None:
    with writing(database) as session:
        violation = in_state(session, state)
        before = violation.revision

        if state in possible:
            assert step(session, "head" if step is not claim else "liming", violation).revision == before + 1
        else:
            with pytest.raises(Conflict):
                step(session, "head", violation)
            assert violation.revision == before


ROLES: list[tuple[str, Callable[..., Any], str, str, type[CorrectionsError] | None]] = [
    ("a colleague may claim what waits", claim, Q, "wangfang", None),
    ("the bureau may claim", claim, Q, "bureau", None),
    ("a colleague may not claim what is held", claim, C, "wangfang", Conflict),
    ("an officer decides only what she claimed", decide, Q, "liming", Conflict),
    ("a colleague may not decide what is held", decide, C, "wangfang", Conflict),
    ("a head may decide what waits", decide, Q, "head", None),
    ("a head may decide what is held", decide, C, "head", None),
    ("the bureau may decide", decide, C, "bureau", None),
    ("a colleague may not release", release, C, "wangfang", Conflict),
    ("a head may release", release, C, "head", None),
    ("an officer may not reopen", reopen, D, "liming", Forbidden),
    ("the bureau may reopen", reopen, D, "bureau", None),
    ("a colleague may note", note, C, "wangfang", None),
    *[
        (f"{login} may not {name}", step, state, login, error)
        for login, error in (("zhao", NotFound), ("auditor", Forbidden), ("admin", Forbidden))
        for name, step, state in (
            ("claim", claim, Q), ("release", release, C), ("note", note, Q), ("contact", contact, Q), ("decide", decide, C),
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize(("_", "step", "state", "login", "error"), ROLES, ids=[row[0] for row in ROLES])
def test_who_may_take_which_step(
    database: Engine, _: str, step: Callable[..., Any], state: str, login: str, error: type[CorrectionsError] | None
) -> None:
    with writing(database) as session:
        violation = in_state(session, state)

        if error is None:
            step(session, login, violation)
            assert last_event(session, violation).officer_id == an_officer(session, login).id
        else:
            with pytest.raises(error):
                step(session, login, violation)


def test_a_claim_that_lies_still_may_be_taken_over(database: Engine) -> None:
    with writing(database) as session:
        violation = in_state(session, "claimed")

        with pytest.raises(Conflict, match=r"liming名 has claimed this violation.+from 2026-03-02 11:00 on"):
            claim(session, "wangfang", violation, NOW + 120 * MINUTE - MINUTE)
        claim(session, "wangfang", violation, NOW + 120 * MINUTE)

        assert violation.claimed_by == an_officer(session, "wangfang").id
        assert last_event(session, violation).content == {"from": 1}


@pytest.mark.parametrize("step", [claim, contact])
def test_a_claim_is_kept_alive_by_work_on_it(database: Engine, step: Callable[..., Any]) -> None:
    with writing(database) as session:
        violation = in_state(session, "claimed")
        step(session, "liming", violation, NOW + 119 * MINUTE)

        with pytest.raises(Conflict):
            claim(session, "wangfang", violation, NOW + 238 * MINUTE)
        claim(session, "wangfang", violation, NOW + 239 * MINUTE)


def test_a_colleagues_remark_does_not_keep_a_claim_alive(database: Engine) -> None:
    with writing(database) as session:
        violation = in_state(session, "claimed")
        contact(session, "head", violation, NOW + 119 * MINUTE)

        assert claim(session, "wangfang", violation, NOW + 121 * MINUTE).claimed_by == 2


def test_what_had_no_owner_belongs_to_her_who_claims_it(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        violation.officer_id = None
        session.flush()

        claim(session, "wangfang", violation)

        assert violation.officer_id == 2


def test_a_released_violation_waits_for_its_owner_again(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        claim(session, "wangfang", violation)

        release(session, "wangfang", violation)

        assert (violation.review_state, violation.officer_id, violation.claimed_by) == ("queued", 1, None)


HANDOVERS: list[tuple[str, str, str, str, type[CorrectionsError] | None]] = [
    ("its owner", Q, "liming", "wangfang", None),
    ("its holder", C, "liming", "head", None),
    ("a head", Q, "head", "wangfang", None),
    ("to the bureau", Q, "liming", "bureau", None),
    ("a colleague who does not hold it", Q, "wangfang", "head", Forbidden),
    ("to the owner herself", Q, "head", "liming", Invalid),
    ("to another office", Q, "liming", "zhao", Invalid),
    ("to an auditor", Q, "bureau", "auditor", Invalid),
]


@pytest.mark.parametrize(("_", "state", "login", "to", "error"), HANDOVERS, ids=[row[0] for row in HANDOVERS])
def test_who_hands_over_to_whom(database: Engine, _: str, state: str, login: str, to: str, error: type[CorrectionsError] | None) -> None:
    with writing(database) as session:
        violation = in_state(session, state)

        if error is None:
            hand_over(session, login, violation, to)
            taker = an_officer(session, to).id
            assert (violation.review_state, violation.officer_id, violation.claimed_by) == ("queued", taker, None)
            assert last_event(session, violation).content == {"from": 1, "to": taker, "reason": "出差"}
        else:
            with pytest.raises(error):
                hand_over(session, login, violation, to)


@pytest.mark.parametrize(("absent", "active"), [(True, True), (False, False)])
def test_nothing_is_handed_to_somebody_who_is_not_there(database: Engine, absent: bool, active: bool) -> None:
    with writing(database) as session:
        violation = in_state(session, Q)
        an_officer(session, "wangfang").active = active
        if absent:
            away(session, "wangfang", NOW + HOUR)
        session.flush()

        with pytest.raises(Invalid) as refusal:
            hand_over(session, "liming", violation, "wangfang")
        assert refusal.value.field == "to"


@pytest.mark.parametrize(
    ("decision", "cause", "faulty"),
    [
        (Decision.FALSE_ALARM, FalseAlarmCause.POSITION_ERROR, False),
        (Decision.FALSE_ALARM, None, True),
        (Decision.CONFIRMED, FalseAlarmCause.OTHER, True),
        (Decision.AUTHORISED_ABSENCE, None, False),
    ],
)
def test_a_false_alarm_and_nothing_else_has_a_cause(
    database: Engine, decision: Decision, cause: FalseAlarmCause | None, faulty: bool
) -> None:
    with writing(database) as session:
        violation = in_state(session, "claimed")

        if faulty:
            with pytest.raises(Invalid) as refusal:
                decide(session, "liming", violation, decision=decision, cause=cause)
            assert refusal.value.field == "cause"
        else:
            assert decide(session, "liming", violation, decision=decision, cause=cause).cause == cause


@pytest.mark.parametrize("text", ["", "  \n", "x" * 5001, "a\x00b"])
@pytest.mark.parametrize(
    ("step", "state", "name"),
    [
        (lambda session, violation, text: decide(session, "liming", violation, reason=text), C, "reason"),
        (lambda session, violation, text: hand_over(session, "liming", violation, "wangfang", text), C, "reason"),
        (lambda session, violation, text: reopen(session, "head", violation, reason=text), D, "reason"),
        (lambda session, violation, text: note(session, "liming", violation, text), Q, "text"),
        (lambda session, violation, text: contact(session, "liming", violation, whom=text), Q, "whom"),
    ],
)
def test_reasons_and_remarks_are_given_in_words(database: Engine, step: Callable[..., Any], state: str, name: str, text: str) -> None:
    with writing(database) as session:
        violation = in_state(session, state)

        with pytest.raises(Invalid) as refusal:
            step(session, violation, text)
        assert refusal.value.field == name


def test_a_reopened_violation_is_due_anew_and_its_decision_stays_in_the_history(database: Engine) -> None:
    with writing(database) as session:
        violation = in_state(session, "decided")

        reopen(session, "head", violation, NOW + HOUR)

        assert (violation.review_state, violation.officer_id, violation.due_at) == ("queued", 1, NOW + 25.5 * HOUR)
        assert (violation.decision, violation.decided_by, violation.decided_at) == (None, None, None)
        assert last_event(session, violation).content["decision"] == "confirmed"


def test_a_reopened_violation_goes_to_somebody_who_is_there(database: Engine) -> None:
    with writing(database) as session:
        violation = in_state(session, "decided")
        accounts.deactivate_officer(session, None, 1, settings=SETTINGS, now=NOW)

        assert reopen(session, "head", violation).officer_id == an_officer(session, "head").id


@pytest.mark.parametrize(("login", "cleared"), [("liming", True), ("head", True), ("wangfang", False)])
def test_that_a_decision_stands_in_spite_of_new_evidence_is_said_by_who_answers_for_it(database: Engine, login: str, cleared: bool) -> None:
    with writing(database) as session:
        violation = in_state(session, "decided")
        queue.revise(session, violation, {"ended_at": NOW}, NOW, note="late reports")

        note(session, login, violation, "结论不变")

        assert (violation.new_evidence, violation.review_state) == (not cleared, "decided")


def test_who_claims_anew_has_seen_the_new_evidence(database: Engine) -> None:
    with writing(database) as session:
        violation = in_state(session, "claimed")
        queue.revise(session, violation, {"ended_at": NOW}, NOW, note="late reports")

        assert claim(session, "liming", violation).new_evidence is False
