"""Searches: opened at once by a person, recorded step by step, closed with what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.casework import ClockKind, SearchOutcome, SearchStepKind
from corrections.domain.model import SubjectStatus
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import clocks, register, searches
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, LegalClock, Notice, SearchCase, SearchStep, Subject, Violation
from tests.review.scene import NOW, RULES, a_subject, a_violation, an_actor, an_officer, last_event, settle

SETTINGS = Settings()
DAY, HOUR, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with writing(database) as session:
        settle(session)
        a_subject(session, "S2", office_id=2, officer="zhao")
        yield session


@pytest.fixture
def violation(session: Session) -> Violation:
    """Of subject 1: a silence."""
    return a_violation(session, session.get_one(Subject, 1))


def opened(session: Session, login: str = "liming", subject_id: int = 1, now: datetime = NOW, **terms: object) -> SearchCase:
    given = {"reason": "电话不通，家中无人", "settings": SETTINGS, "now": now} | terms
    return searches.open_search(session, an_actor(session, login), subject_id, **given)


def close(session: Session, case: SearchCase, outcome: SearchOutcome, login: str = "liming", **terms: object) -> SearchCase:
    given = {"note": "结果", "settings": SETTINGS, "now": NOW + DAY} | terms
    return searches.close_search(session, an_actor(session, login), case.id, outcome=outcome, **given)


def step(session: Session, case: SearchCase, kind: SearchStepKind = SearchStepKind.PHONE, **terms: object) -> SearchStep:
    given = {"text": "无人接听", "now": NOW + HOUR} | terms
    return searches.add_step(session, an_actor(session, "liming"), case.id, kind=kind, **given)


def told(session: Session) -> list[tuple[str, int | None, bool]]:
    """Recipient, officer and whether it is over, of the notices about searches."""
    statement = select(Notice).where(col(Notice.about).startswith("search:")).order_by(col(Notice.id))
    found = session.exec(statement.execution_options(populate_existing=True)).all()
    return [(n.recipient, n.officer_id, n.done_at is not None) for n in found]


def audited(session: Session) -> list[str]:
    return list(session.exec(select(AuditEvent.action).where(col(AuditEvent.action).startswith("search.")).order_by(col(AuditEvent.id))))


# ---- opening


def test_an_officer_opens_it_by_hand_and_the_head_is_told(session: Session) -> None:
    case = opened(session)

    assert (case.opened_at, case.opened_by, case.violation_id, case.clock_id) == (NOW, an_officer(session, "liming").id, None, None)
    assert told(session) == [("office_head", an_officer(session, "head").id, False)]
    assert audited(session) == ["search.open"]


def test_without_a_term_that_runs_its_start_is_proposed(session: Session) -> None:
    opened(session)

    assert clocks.propose_start(session, an_actor(session, "liming"), 1, ClockKind.OUT_OF_CONTACT, NOW).kind is ClockKind.OUT_OF_CONTACT
    assert clocks.running(session, 1, ClockKind.OUT_OF_CONTACT) is None  # only a person starts it


def test_the_term_can_be_started_with_it(session: Session) -> None:
    case = opened(session, clock_from=NOW - 2 * DAY)

    clock = session.get_one(LegalClock, case.clock_id)
    assert (clock.kind, clock.starts_at, clock.basis) == ("out_of_contact", NOW - 2 * DAY, "电话不通，家中无人")
    with pytest.raises(Conflict):
        opened(session)


def test_a_term_that_runs_is_bound_to_it_and_one_that_is_started_later_too(session: Session) -> None:
    terms = {"kind": ClockKind.OUT_OF_CONTACT, "starts_at": NOW - DAY, "basis": "失联", "settings": SETTINGS, "now": NOW}
    first = opened(session)
    clock = clocks.start_clock(session, an_actor(session, "liming"), 1, **terms)
    session.refresh(first)
    close(session, first, SearchOutcome.NOT_FOUND)

    second = opened(session, now=NOW + DAY)

    assert (first.clock_id, second.clock_id) == (clock.id, clock.id)
    close(session, second, SearchOutcome.NOT_FOUND)
    with pytest.raises(Conflict):
        opened(session, clock_from=NOW)


def test_a_violation_shows_that_a_search_was_opened_from_it_and_closed(session: Session, violation: Violation) -> None:
    case = opened(session, violation_id=violation.id)

    assert searches.searches_of_violation(session, violation.id) == [case]
    assert (last_event(session, violation).kind, last_event(session, violation).content["search"]) == ("noted", case.id)
    close(session, case, SearchOutcome.FOUND)
    assert last_event(session, violation).content["outcome"] == "found"


@pytest.mark.parametrize(
    ("login", "terms", "error"),
    [
        ("liming", {"reason": " "}, Invalid),
        ("liming", {"clock_from": NOW + INSTANT}, Invalid),
        ("zhao", {}, NotFound),
        ("auditor", {}, Forbidden),
        ("admin", {}, Forbidden),
    ],
)
def test_what_is_not_opened(session: Session, login: str, terms: dict[str, object], error: type[CorrectionsError]) -> None:
    with pytest.raises(error):
        opened(session, login, **terms)


def test_another_persons_violation_is_refused(session: Session, violation: Violation) -> None:
    with pytest.raises(Invalid):
        opened(session, "bureau", 2, violation_id=violation.id)


def test_nobody_in_custody_is_searched_for(session: Session) -> None:
    register.change_status(session, None, 1, status=SubjectStatus.CUSTODY, since=NOW, rules=RULES, now=NOW)

    with pytest.raises(Conflict):
        opened(session)


# ---- steps


def test_steps_are_added_in_the_order_of_what_was_done(session: Session) -> None:
    case = opened(session)
    step(session, case, SearchStepKind.POLICE, text="已通知派出所", at=NOW + HOUR)
    step(session, case, SearchStepKind.PHONE, text="三次无人接听", at=NOW - HOUR)  # before the search was opened
    step(session, case, SearchStepKind.PROCURATORATE, text="已通报", now=NOW + 2 * HOUR)

    state = searches.state_of(session, case)

    assert [each.kind for each in state.steps] == ["phone", "police", "procuratorate"]
    assert (state.police_told_at, state.procuratorate_told_at) == (NOW + HOUR, NOW + 2 * HOUR)
    assert audited(session) == ["search.open", *["search.step"] * 3]


@pytest.mark.parametrize("terms", [{"at": NOW + HOUR + INSTANT}, {"at": NOW + HOUR - 14 * DAY - INSTANT}, {"text": ""}])
def test_a_step_says_what_was_done_and_lies_in_the_past(session: Session, terms: dict[str, object]) -> None:
    case = opened(session)

    with pytest.raises(Invalid):
        step(session, case, **terms)


def test_a_closed_search_takes_no_more_steps(session: Session) -> None:
    case = opened(session)
    close(session, case, SearchOutcome.NOT_FOUND)

    with pytest.raises(Conflict):
        step(session, case)


def test_a_step_that_found_her_is_a_contact(session: Session) -> None:
    case = opened(session, clock_from=NOW - DAY)
    step(session, case, SearchStepKind.VISIT, text="在亲戚家", found=True)

    proposed = clocks.propose_start(session, an_actor(session, "liming"), 1, ClockKind.OUT_OF_CONTACT, NOW + DAY)

    assert (proposed.at, proposed.source, proposed.ref) == (NOW + HOUR, "search", "search_step:1")
    assert case.closed_at is None  # a person closes it


# ---- closing


def test_found_ends_the_term_when_she_was_found(session: Session) -> None:
    case = opened(session, clock_from=NOW - 2 * DAY)

    close(session, case, SearchOutcome.FOUND, at=NOW + HOUR)

    clock = session.get_one(LegalClock, case.clock_id)
    assert (case.outcome, case.closed_at, clock.ended_at, clock.end_note) == ("found", NOW + DAY, NOW + HOUR, "结果")
    assert searches.state_of(session, case).status_wanted is None
    assert told(session) == [("office_head", an_officer(session, "head").id, True)]


def test_not_found_leaves_the_term_running(session: Session) -> None:
    case = opened(session, clock_from=NOW - 2 * DAY)

    close(session, case, SearchOutcome.NOT_FOUND)

    assert session.get_one(LegalClock, case.clock_id).ended_at is None


@pytest.mark.parametrize(
    ("outcome", "status"), [(SearchOutcome.CUSTODY, SubjectStatus.CUSTODY), (SearchOutcome.DECEASED, SubjectStatus.DECEASED)]
)
def test_custody_or_death_is_to_be_registered_and_who_may_is_told(session: Session, outcome: SearchOutcome, status: SubjectStatus) -> None:
    case = opened(session, clock_from=NOW - 2 * DAY)

    close(session, case, outcome)

    assert searches.state_of(session, case).status_wanted is status
    assert session.get_one(Subject, 1).status == SubjectStatus.ACTIVE  # an officer may not
    assert told(session)[1:] == [("office_head", an_officer(session, "head").id, False)]
    assert session.get_one(LegalClock, case.clock_id).ended_at == NOW + DAY


def test_an_officer_does_not_register_it_herself(session: Session) -> None:
    case = opened(session)

    with pytest.raises(Forbidden):
        close(session, case, SearchOutcome.CUSTODY, register_status=True)
    assert (case.closed_at, session.get_one(Subject, 1).status) == (None, "active")


def test_a_head_registers_custody_since_it_is_known(session: Session) -> None:
    case = opened(session)

    close(session, case, SearchOutcome.CUSTODY, "head", at=NOW + HOUR, register_status=True)

    subject = session.get_one(Subject, 1)
    assert (subject.status, subject.status_from) == ("custody", NOW + HOUR)
    assert searches.state_of(session, case).status_wanted is None


def test_it_is_closed_once_and_not_from_the_future(session: Session) -> None:
    case = opened(session)

    for terms in ({"at": NOW + DAY + INSTANT}, {"note": ""}, {"register_status": True}):
        with pytest.raises(Invalid):
            close(session, case, SearchOutcome.FOUND, **terms)
    close(session, case, SearchOutcome.FOUND)
    with pytest.raises(Conflict):
        close(session, case, SearchOutcome.FOUND)


def test_searches_are_listed_within_reach(session: Session) -> None:
    closed = opened(session)
    close(session, closed, SearchOutcome.FOUND)
    opened(session, now=NOW + DAY)
    opened(session, "zhao", 2)

    def ids(login: str, **terms: object) -> list[int | None]:
        return [case.id for case in searches.list_searches(session, an_actor(session, login), **terms)]

    assert (ids("liming"), ids("bureau", open=True), ids("zhao"), ids("bureau", subject_id=1)) == ([2, 1], [3, 2], [3], [2, 1])
    with pytest.raises(NotFound):
        searches.search_for(session, an_actor(session, "zhao"), 1)
