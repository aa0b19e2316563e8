"""Raising, revising, withdrawing and reviving: what the monitor does to the queue, and what it may not undo."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from corrections.review import queue
from corrections.store.database import writing
from corrections.store.tables import Violation
from tests.review.scene import DEADLINES, HOUR, NOW, a_violation, kinds, last_event, settle


def set_state(violation: Violation, state: str) -> None:
    violation.review_state = state
    violation.claimed_by = 1 if state == "claimed" else None


# NOW is Monday, 9:00; the bureau works from 8:30 to 12:00 and from 13:30 to 17:30.
@pytest.mark.parametrize(("severity", "hours"), [("grave", 1), ("high", 4), ("medium", 24.5), ("low", 73.5)])
def test_a_violation_is_assigned_and_due_by_its_severity(database: Engine, severity: str, hours: float) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session), severity=severity)

        assert (violation.review_state, violation.officer_id, violation.revision) == ("queued", 1, 1)
        assert violation.due_at == NOW + timedelta(hours=hours)
        assert kinds(session, violation) == ["detected", "assigned"]


def test_an_episode_that_only_goes_on_leaves_no_event(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))

        queue.revise(session, violation, {"last_fix_at": NOW + HOUR}, NOW + HOUR, note="continues")
        queue.revise(session, violation, {"last_fix_at": NOW + 2 * HOUR}, NOW + 2 * HOUR, note="continues")

        assert (violation.last_fix_at, violation.revision) == (NOW + 2 * HOUR, 3)
        assert kinds(session, violation) == ["detected", "assigned"]


def test_what_ends_while_it_waits_is_told(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))

        queue.revise(session, violation, {"ended_at": NOW + HOUR, "reason_en": "Ended"}, NOW + HOUR, note="ended")

        assert last_event(session, violation).content == {
            "note": "ended",
            "changes": {"ended_at": {"from": None, "to": "2026-03-02T02:00:00+00:00"}},
        }
        assert (violation.new_evidence, violation.reason_en) == (False, "Ended")


def test_what_changed_is_kept_in_both_languages_as_data(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))

        queue.revise(session, violation, {"evidence": {"fixes": []}}, NOW, note="deeper", told=[("深入 1.2 公里", "goes 1.2 km deeper")])
        revised = last_event(session, violation).content
        queue.withdraw(session, violation, NOW + HOUR, note="late", told=[("撤回：对象在区域之内", "withdrawn: the subject was inside")])
        withdrawn = last_event(session, violation).content
        queue.revive(session, violation, DEADLINES, NOW + HOUR, told=[("后到的证据", "late evidence")])

        assert revised == {"note": "deeper", "changes": {}, "told": {"zh": ["深入 1.2 公里"], "en": ["goes 1.2 km deeper"]}}
        assert withdrawn["told"] == {"zh": ["撤回：对象在区域之内"], "en": ["withdrawn: the subject was inside"]}
        assert last_event(session, violation).content["told"]["en"] == ["late evidence"]


@pytest.mark.parametrize("state", ["claimed", "decided"])
def test_what_somebody_has_seen_is_marked_and_keeps_its_old_values(database: Engine, state: str) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        set_state(violation, state)

        queue.revise(session, violation, {"evidence": {"fixes": []}}, NOW + HOUR, note="late reports")

        assert (violation.review_state, violation.new_evidence, violation.revision) == (state, True, 2)
        change = last_event(session, violation).content["changes"]["evidence"]
        assert change == {"from": {"fixes": [{"lat": 30.1, "lon": 120.2}]}, "to": {"fixes": []}}


def test_a_revision_that_changes_nothing_is_none(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        set_state(violation, "decided")

        queue.revise(session, violation, {"severity": "medium", "ended_at": None}, NOW, note="same")

        assert (violation.revision, violation.new_evidence, kinds(session, violation)) == (1, False, ["detected", "assigned"])


def test_one_that_nobody_has_seen_is_withdrawn_and_revived_with_a_new_due_time(database: Engine) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))

        queue.withdraw(session, violation, NOW + HOUR, note="late reports")
        queue.withdraw(session, violation, NOW + HOUR, note="late reports")
        withdrawn = violation.review_state
        queue.revive(session, violation, DEADLINES, NOW + 2 * HOUR)

        assert (withdrawn, violation.review_state, violation.revision) == ("withdrawn", "queued", 3)
        assert violation.due_at == NOW + 26.5 * HOUR
        assert kinds(session, violation) == ["detected", "assigned", "withdrawn", "revived"]


@pytest.mark.parametrize("state", ["claimed", "decided"])
def test_one_that_somebody_has_seen_stays_when_evidence_takes_it_back(database: Engine, state: str) -> None:
    with writing(database) as session:
        violation = a_violation(session, settle(session))
        set_state(violation, state)

        for _ in range(2):  # the monitor says so each time it derives the episode anew; it is told once
            queue.withdraw(session, violation, NOW + HOUR, note="late reports")

        assert (violation.review_state, violation.new_evidence, violation.revision) == (state, True, 2)
        assert last_event(session, violation).content == {"note": "late reports", "borne_out": False}

        queue.revive(session, violation, DEADLINES, NOW + 2 * HOUR)

        assert last_event(session, violation).content["borne_out"] is True
        assert kinds(session, violation) == ["detected", "assigned", "revised", "revised"]


def test_the_monitor_sees_a_step_that_was_taken_since_it_read(database: Engine) -> None:
    with writing(database) as session:
        id_ = a_violation(session, settle(session)).id
    with writing(database) as session:
        read_earlier = session.get_one(Violation, id_)
    with writing(database) as session:
        set_state(session.get_one(Violation, id_), "claimed")

    with writing(database) as session:
        session.add(read_earlier)
        queue.withdraw(session, read_earlier, NOW + HOUR, note="late reports")

    with writing(database) as session:
        assert session.get_one(Violation, id_).review_state == "claimed"
