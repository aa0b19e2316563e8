"""To whom a violation goes, and that it always has somebody."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import Role
from corrections.records import accounts, register
from corrections.review.assignment import Assignment, Why, assignment_for, may_take
from corrections.review.reassigning import reassign_due
from corrections.store.database import writing
from corrections.store.tables import Officer, Violation
from tests.review.scene import DEADLINES, HOUR, NOW, SETTINGS, a_subject, a_violation, an_officer, away, kinds, last_event, settle

TOMORROW = NOW + 24 * HOUR
LIMING, WANGFANG, HEAD, BUREAU = 1, 2, 3, 4


def change(session: Session, *logins: str, **values: object) -> None:
    for login in logins:
        officer = an_officer(session, login)
        for name, value in values.items():
            setattr(officer, name, value)
    session.flush()


def depute(session: Session, login: str, deputy: str) -> None:
    change(session, login, deputy_id=an_officer(session, deputy).id)


CASES = [
    # absent, inactive, wangfang deputises for liming -> whom, why
    ([], [], True, LIMING, Why.SUBJECTS_OFFICER),
    (["liming"], [], True, WANGFANG, Why.DEPUTY),
    (["liming"], [], False, HEAD, Why.OFFICE_HEAD),
    ([], ["liming"], True, WANGFANG, Why.DEPUTY),
    (["liming", "wangfang"], [], True, HEAD, Why.OFFICE_HEAD),
    (["liming", "wangfang", "head"], [], True, BUREAU, Why.BUREAU),
    (["liming", "head", "bureau"], [], False, WANGFANG, Why.OFFICE),
    (["liming", "wangfang", "head", "bureau"], [], True, LIMING, Why.SUBJECTS_OFFICER),
    (["wangfang", "head", "bureau"], ["liming"], False, HEAD, Why.OFFICE_HEAD),
    ([], ["liming", "wangfang", "head", "bureau"], True, None, Why.NOBODY),
]


@pytest.mark.parametrize(("absent", "inactive", "deputy", "whom", "why"), CASES)
def test_a_violation_goes_to_the_first_who_is_there(
    database: Engine, absent: list[str], inactive: list[str], deputy: bool, whom: int | None, why: Why
) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        if deputy:
            depute(session, "liming", "wangfang")
        for login in absent:
            away(session, login, TOMORROW)
        change(session, *inactive, active=False)

        assert assignment_for(session, violation, DEADLINES, NOW) == Assignment(whom, why)


@pytest.mark.parametrize(("until", "why"), [(NOW, Why.SUBJECTS_OFFICER), (TOMORROW, Why.OFFICE_HEAD)])
def test_an_absence_ends_when_it_says(database: Engine, until: datetime, why: Why) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        away(session, "liming", until)

        assert assignment_for(session, violation, DEADLINES, NOW).why is why


def test_an_officer_of_another_office_who_could_not_see_it_does_not_get_it(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        violation = a_violation(session, a_subject(session, "S2", office_id=1, officer="zhao"))

        assert violation.officer_id == HEAD
        assert may_take(session, an_officer(session, "zhao").id, violation, NOW) is None


def test_of_two_heads_the_first_gets_it(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        accounts.create_officer(session, None, office_id=1, login="head2", name="副所长", role=Role.OFFICE_HEAD, now=NOW)
        subject.officer_id = None

        assert a_violation(session, subject).officer_id == HEAD


LOSSES = [
    ("her account ends", lambda session: accounts.deactivate_officer(session, None, LIMING, settings=SETTINGS, now=NOW)),
    (
        "she becomes an auditor",
        lambda session: accounts.change_officer(session, None, LIMING, role=Role.AUDITOR, settings=SETTINGS, now=NOW),
    ),
    ("she goes to another office", lambda session: accounts.change_officer(session, None, LIMING, office_id=2, settings=SETTINGS, now=NOW)),
]


@pytest.mark.parametrize(("_", "lose"), LOSSES, ids=[name for name, _ in LOSSES])
@pytest.mark.parametrize("claimed", [False, True])
def test_what_an_officer_leaves_behind_finds_another(database: Engine, _: str, lose: object, claimed: bool) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        if claimed:
            violation.review_state, violation.claimed_by = "claimed", LIMING
        lose(session)

        assert (violation.officer_id, violation.review_state, violation.claimed_by, violation.revision) == (HEAD, "queued", None, 2)
        assert kinds(session, violation) == ["detected", "assigned", "assigned"]
        assert reassign_due(session, SETTINGS, NOW) == 0


def test_a_claim_of_somebody_who_left_comes_back_to_its_owner(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        violation.review_state, violation.claimed_by = "claimed", WANGFANG

        accounts.deactivate_officer(session, None, WANGFANG, settings=SETTINGS, now=NOW)

        assert (violation.officer_id, violation.review_state, violation.claimed_by) == (LIMING, "queued", None)


def test_a_claim_outlives_the_owner(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        violation.review_state, violation.claimed_by = "claimed", WANGFANG

        accounts.deactivate_officer(session, None, LIMING, settings=SETTINGS, now=NOW)

        assert (violation.officer_id, violation.review_state, violation.claimed_by) == (HEAD, "claimed", WANGFANG)


def test_an_open_violation_follows_its_subject_to_another_office(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        violation, decided = a_violation(session, subject), a_violation(session, subject, rule="boundary")
        decided.review_state = "decided"
        register.change_subject(session, None, subject.id, office_id=2, officer_id=an_officer(session, "zhao").id, now=NOW)

        assert reassign_due(session, SETTINGS, NOW) == 1

        assert (violation.office_id, violation.officer_id) == (2, an_officer(session, "zhao").id)
        assert decided.office_id == 1
        assert last_event(session, violation).content["why"] == "subjects_officer"


def test_what_nobody_could_take_is_given_to_the_first_who_comes(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        change(session, "liming", "wangfang", "head", "bureau", active=False)
        violation = a_violation(session, subject)
        assert (violation.officer_id, reassign_due(session, SETTINGS, NOW), violation.revision) == (None, 0, 1)

        newcomer = accounts.create_officer(session, None, office_id=1, login="new", name="新来的", role=Role.OFFICER, now=NOW)

        assert (reassign_due(session, SETTINGS, NOW), violation.officer_id) == (1, newcomer.id)


def test_every_open_violation_has_an_owner_who_may_decide_it(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        for number in range(5):
            a_violation(session, a_subject(session, f"T{number}", office_id=1 + number % 2, officer=None))
            a_violation(session, subject, zone_id=number + 1)
        change(session, "liming", active=False)
        change(session, "head", office_id=2)
        reassign_due(session, SETTINGS, NOW)

        for violation in session.exec(select(Violation).where(col(Violation.review_state) == "queued")):
            assert isinstance(may_take(session, violation.officer_id, violation, NOW), Officer)
