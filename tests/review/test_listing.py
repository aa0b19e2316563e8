"""The queue as officers read it: its order, its pages, who sees what, and that it shows no places."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Decision, ReviewState, Severity, ZoneKind
from corrections.errors import CorrectionsError, Forbidden, Invalid, NotFound
from corrections.review import queue, reviewing
from corrections.store.database import reading, writing
from corrections.store.tables import Subject, Violation, Zone
from tests.review.scene import DEADLINES, HOUR, NOW, a_subject, a_violation, an_actor, settle


def a_zone(session: Session, kind: ZoneKind, code: str) -> Zone:
    zone = Zone(bureau_id=1, code=code, name=f"围栏{code}", kind=kind.value)
    session.add(zone)
    session.flush()
    return zone


def a_breach(session: Session, subject: Subject, zone: Zone, **changes: Any) -> Violation:
    return a_violation(session, subject, rule="boundary", nature="conduct", zone_id=zone.id, **changes)


def listed(session: Session, login: str = "head", **terms: Any) -> list[int]:
    return [item.id for item in queue.list_queue(session, an_actor(session, login), **terms, now=NOW).items]


def test_a_breach_in_progress_at_an_exclusion_zone_comes_first_then_severity_then_due_time(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        inclusion, exclusion, other = (
            a_zone(session, kind, code) for kind, code in ((ZoneKind.INCLUSION, "A"), (ZoneKind.EXCLUSION, "B"), (ZoneKind.EXCLUSION, "C"))
        )
        medium_later = a_violation(session, subject, NOW + HOUR)
        medium = a_violation(session, subject, zone_id=99)
        over = a_breach(session, subject, other, severity="high", ended_at=NOW)
        grave = a_breach(session, subject, inclusion, severity="grave")
        in_progress = a_breach(session, subject, exclusion, severity="low")

        assert listed(session) == [v.id for v in (in_progress, grave, over, medium, medium_later)]


def test_an_item_tells_names_and_what_presses_and_no_place(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        a_breach(session, subject, a_zone(session, ZoneKind.EXCLUSION, "学校"))
        reviewing.claim(session, an_actor(session, "wangfang"), 1, revision=1, deadlines=DEADLINES, now=NOW)

        page = queue.list_queue(session, an_actor(session, "liming"), now=NOW + 25 * HOUR)

    item = page.items[0]
    assert (item.subject_name, item.office_name, item.zone_name, item.zone_kind) == ("对象S1", "第0司法所", "围栏学校", "exclusion")
    assert (item.officer_name, item.claimed_by_name, item.claimed_until) == ("liming名", "wangfang名", NOW + 2 * HOUR)
    assert (item.urgent, item.overdue, item.revision, page.after) == (True, True, 2, None)
    assert "30.1" not in repr(page)


@pytest.mark.parametrize(("after", "overdue"), [(24.5 * HOUR - timedelta(microseconds=1), False), (24.5 * HOUR, True)])
def test_overdue_begins_at_the_due_time(database: Engine, after: timedelta, overdue: bool) -> None:
    with writing(database) as session:
        a_violation(session, settle(session))

        assert queue.list_queue(session, None, now=NOW + after).items[0].overdue is overdue


WHO: list[tuple[str, list[int] | type[CorrectionsError]]] = [
    ("liming", [1]), ("head", [1]), ("zhao", [2]), ("bureau", [1, 2]), ("auditor", Forbidden), ("admin", Forbidden),
]  # fmt: skip


@pytest.mark.parametrize(("login", "seen"), WHO)
def test_everyone_sees_what_is_within_her_reach(database: Engine, login: str, seen: list[int] | type[CorrectionsError]) -> None:
    with writing(database) as session:
        a_violation(session, settle(session))
        a_violation(session, a_subject(session, "S2", office_id=2, officer="zhao"))

        if isinstance(seen, list):
            assert listed(session, login) == seen
        else:
            with pytest.raises(seen):
                listed(session, login)


def test_mine_is_what_i_own_or_hold_and_what_nobody_owns(database: Engine) -> None:
    with writing(database) as session:
        subject = settle(session)
        own, held, foreign, nobodys = (a_violation(session, subject, zone_id=n) for n in range(4))
        for violation in (held, foreign):
            violation.officer_id = 3
        nobodys.officer_id = None
        session.flush()
        reviewing.claim(session, an_actor(session, "liming"), held.id, revision=1, deadlines=DEADLINES, now=NOW)

        assert listed(session, "liming", mine=True) == [own.id, held.id, nobodys.id]


def test_a_decision_that_later_evidence_touched_asks_for_attention_again(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        reviewing.decide(session, an_actor(session, "head"), 1, revision=1, decision=Decision.CONFIRMED, reason="属实", now=NOW)
        assert (listed(session), listed(session, state=ReviewState.DECIDED)) == ([], [1])

        queue.revise(session, violation, {"ended_at": NOW}, NOW, note="late reports")

        assert listed(session, mine=True) == [1]


def test_states_and_subjects_can_be_picked(database: Engine) -> None:
    with writing(database) as session:
        first = a_violation(session, settle(session))
        second = a_violation(session, a_subject(session, "S2"))
        queue.withdraw(session, first, NOW, note="late reports")

        assert listed(session, state=ReviewState.WITHDRAWN) == [first.id]
        assert listed(session, subject_id=second.subject_id) == [second.id]
        assert queue.sizes(session) == {"queued": 1, "claimed": 0}


@pytest.mark.parametrize("terms", [{"limit": 0}, {"limit": 501}, {"after": "x"}, {"after": "9.9.9.9"}, {"after": "0.1.2.3'; --"}])
def test_a_faulty_page_is_refused(database: Engine, terms: dict[str, Any]) -> None:
    with writing(database) as session:
        settle(session)

        with pytest.raises(Invalid) as refusal:
            listed(session, **terms)
        assert refusal.value.field in terms


@pytest.fixture
def zoned(database: Engine) -> Engine:
    """A settled bureau with an inclusion zone (1) and an exclusion zone (2)."""
    with writing(database) as session:
        settle(session)
        for kind in ZoneKind:
            a_zone(session, kind, kind)
    return database


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from(list(Severity)), st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=12),
    limit=st.integers(1, 5),
)
def test_the_pages_together_are_the_queue(zoned: Engine, rows: list[tuple[Severity, int, int, bool]], limit: int) -> None:
    with zoned.connect() as connection, Session(connection) as session:
        for n, (severity, hour, zone_id, ended) in enumerate(rows):
            terms = {"severity": severity.value, "rule": "boundary", "zone_id": zone_id, "ended_at": NOW if ended else None}
            a_violation(session, a_subject(session, f"N{n}"), NOW + hour * HOUR, **terms)

        whole, paged, after = listed(session), [], None
        while True:
            page = queue.list_queue(session, an_actor(session, "head"), limit=limit, after=after, now=NOW)
            paged += [item.id for item in page.items]
            after = page.after
            if after is None:
                break

        assert paged == whole
        assert len(set(whole)) == len(rows)


def test_one_violation_is_shown_as_in_the_listing(database: Engine) -> None:
    with writing(database) as session:
        a_violation(session, settle(session))

        assert queue.queue_item(session, an_actor(session, "liming"), 1, now=NOW) == queue.list_queue(session, None, now=NOW).items[0]
        with pytest.raises(NotFound):
            queue.queue_item(session, an_actor(session, "zhao"), 1, now=NOW)


def test_a_history_keeps_places_back_until_they_are_asked_for(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        reviewing.claim(session, an_actor(session, "liming"), 1, revision=1, deadlines=DEADLINES, now=NOW)
        queue.revise(session, violation, {"evidence": {"fixes": []}, "ended_at": NOW}, NOW, note="late reports")
        liming = an_actor(session, "liming")

        assert list(queue.history(session, liming, 1)[-1].content["changes"]) == ["ended_at"]
        assert "evidence" in queue.history(session, liming, 1, with_evidence=True)[-1].content["changes"]


def test_reading_the_queue_needs_no_writer(database: Engine) -> None:
    with writing(database) as session:
        a_violation(session, settle(session))

    with reading(database) as session:
        assert listed(session) == [1]
