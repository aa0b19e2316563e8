"""What is open of one subject at a time is one matter: shown together, taken in hand together, each violation with its own history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Decision, ZoneKind
from corrections.errors import Conflict, Invalid, NotFound
from corrections.review import matters, queue, reviewing
from corrections.review.reviewing import Answer, Means
from corrections.store.database import writing
from corrections.store.tables import Subject, Violation, Zone
from tests.review.scene import DEADLINES, HOUR, NOW, a_subject, a_violation, an_actor, kinds, settle


def decide(session: Session, violation: Violation) -> None:
    terms: dict[str, Any] = {"revision": violation.revision, "decision": Decision.CONFIRMED, "reason": "属实", "now": NOW}
    reviewing.decide(session, an_actor(session, "head"), violation.id or 0, **terms)


def two(session: Session) -> tuple[Violation, Violation]:
    subject = settle(session)
    return a_violation(session, subject, zone_id=98), a_violation(session, subject, zone_id=99)


def listed(session: Session, login: str = "head", **terms: Any) -> list[tuple[int, list[int]]]:
    page = matters.list_matters(session, an_actor(session, login), **terms, now=NOW)
    return [(matter.id, [item.id for item in matter.items]) for matter in page.items]


def test_a_violation_joins_what_is_open_of_its_subject_else_it_begins_a_matter(database: Engine) -> None:
    with writing(database) as session:
        first, second = two(session)
        other = a_violation(session, a_subject(session, "S2"))
        decide(session, first)
        third = a_violation(session, _subject(session), zone_id=4)
        decide(session, second)
        decide(session, third)
        later = a_violation(session, _subject(session), zone_id=5)

        assert [v.matter_id for v in (first, second, other, third, later)] == [1, 1, 3, 1, later.id]


@pytest.mark.parametrize("how", ["reopened", "revived"])
def test_what_comes_back_joins_what_is_open_by_then(database: Engine, how: str) -> None:
    with writing(database) as session:
        first = a_violation(session, settle(session), zone_id=1)
        if how == "reopened":
            decide(session, first)
        else:
            queue.withdraw(session, first, NOW, note="late reports")
        second = a_violation(session, _subject(session), zone_id=2)
        assert (first.matter_id, second.matter_id) == (1, 2)

        if how == "reopened":
            terms: dict[str, Any] = {"revision": first.revision, "reason": "有新情况", "deadlines": DEADLINES, "now": NOW}
            reviewing.reopen(session, an_actor(session, "head"), 1, **terms)
        else:
            queue.revive(session, first, DEADLINES, NOW)

        assert first.matter_id == 2


def test_matters_come_by_their_gravest_consequence_and_then_by_what_is_due_first(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        zone = Zone(bureau_id=1, code="学校", name="学校", kind=ZoneKind.EXCLUSION.value)
        session.add(zone)
        session.flush()
        subjects = [a_subject(session, f"T{n}") for n in range(4)]
        a_violation(session, subjects[0], NOW + HOUR, zone_id=90)  # 1: medium, later
        a_violation(session, subjects[1], severity="low", zone_id=90)  # 2: with a high one
        a_violation(session, subjects[1], severity="high", zone_id=91)
        a_violation(session, subjects[2], severity="low", rule="boundary", zone_id=zone.id)  # 4: a breach in progress
        a_violation(session, subjects[3], zone_id=90)  # 5: medium, sooner

        whole = listed(session)
        assert whole == [(4, [4]), (2, [3, 2]), (5, [5]), (1, [1])]

        head, paged, after = an_actor(session, "head"), [], None
        for _ in range(4):
            page = matters.list_matters(session, head, limit=1, after=after, now=NOW)
            paged += [(matter.id, [item.id for item in matter.items]) for matter in page.items]
            after = page.after
        assert (paged, after) == (whole, None)


def test_a_matter_tells_what_presses_most(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        a_violation(session, subject, zone_id=1)
        high = a_violation(session, subject, severity="high", zone_id=2)
        decided = a_violation(session, subject, severity="grave", zone_id=3)
        decide(session, decided)
        queue.revise(session, decided, {"ended_at": NOW}, NOW, note="late reports")

        told = matters.matter(session, an_actor(session, "liming"), 1, now=high.due_at)

        assert (told.due_at, told.overdue, told.urgent, told.subject_number) == (high.due_at, True, False, "S1")
        assert [item.id for item in told.items] == [2, 1, 3]  # the decided one asks for another look, after what is open


def test_mine_are_those_with_something_of_mine(database: Engine) -> None:
    with writing(database) as session:
        first, second = two(session)
        a_violation(session, a_subject(session, "S2", officer="wangfang"))
        second.officer_id = 2
        session.flush()

        assert listed(session, "liming", mine=True) == [(1, [first.id, second.id])]
        assert [id_ for id_, _ in listed(session, "wangfang", mine=True)] == [1, 3]


CONTACT: dict[str, Any] = {"means": Means.PHONE, "whom": "本人", "answer": Answer.NOT_REACHED, "text": "关机"}
STEPS: list[tuple[str, Callable[..., Any]]] = [
    ("claimed", lambda session, who, seen: matters.claim(session, who, 1, revisions=seen, deadlines=DEADLINES, now=NOW)),
    ("contacted", lambda session, who, seen: matters.contact(session, who, 1, revisions=seen, **CONTACT, deadlines=DEADLINES, now=NOW)),
    ("handed_over", lambda session, who, seen: matters.hand_over(session, who, 1, revisions=seen, to=2, reason="出差", now=NOW)),
]


@pytest.mark.parametrize(("event", "step"), STEPS, ids=[event for event, _ in STEPS])
def test_a_step_is_taken_at_each_violation(database: Engine, event: str, step: Callable[..., Any]) -> None:
    with writing(database) as session:
        both = two(session)

        told = step(session, an_actor(session, "liming"), {1: 1, 2: 1})

        assert [kinds(session, violation)[2:] for violation in both] == [[event]] * 2
        assert [item.revision for item in told.items] == [2, 2]


@pytest.mark.parametrize("seen", [{1: 1}, {1: 1, 2: 1, 3: 1}, {1: 1, 2: 2}, {}])
@pytest.mark.parametrize(("_", "step"), STEPS, ids=[event for event, _ in STEPS])
def test_a_matter_that_is_not_as_it_was_seen_is_left_as_it_is(database: Engine, _: str, step: Callable[..., Any], seen: Any) -> None:
    with writing(database) as session:
        two(session)
        a_violation(session, a_subject(session, "S2"))

    with pytest.raises(Conflict) as refusal, writing(database) as session:
        step(session, an_actor(session, "liming"), seen)

    assert refusal.value.field == "revisions" or refusal.value.field == "revision"
    with writing(database) as session:
        assert [kinds(session, session.get_one(Violation, id_)) for id_ in (1, 2)] == [["detected", "assigned"]] * 2


def test_what_is_hers_already_stays_hers_when_the_matter_is_handed_to_her(database: Engine) -> None:
    with writing(database) as session:
        first, second = two(session)
        second.officer_id = 2
        session.flush()

        matters.hand_over(session, an_actor(session, "head"), 1, revisions={1: 1, 2: 1}, to=2, reason="一并处理", now=NOW)

        assert (first.officer_id, second.officer_id, second.revision) == (2, 2, 1)


def test_a_matter_of_which_all_is_decided_is_none(database: Engine) -> None:
    with writing(database) as session:
        for violation in two(session):
            decide(session, violation)

        assert listed(session) == []
        for step in (lambda who: matters.matter(session, who, 1, now=NOW), lambda who: STEPS[0][1](session, who, {1: 2})):
            with pytest.raises(NotFound):
                step(an_actor(session, "liming"))


@pytest.mark.parametrize("terms", [{"limit": 0}, {"limit": 501}, {"after": "x"}])
def test_a_faulty_page_is_refused(database: Engine, terms: dict[str, Any]) -> None:
    with writing(database) as session:
        settle(session)

        with pytest.raises(Invalid):
            listed(session, **terms)


def _subject(session: Session) -> Subject:
    return session.get_one(Subject, 1)
