"""What changed is told: late evidence revises a violation in plain words, and what an officer has decided stands, with a mark."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from corrections.domain.model import Decision, FalseAlarmCause, Rule
from corrections.monitor.violations import close_ended
from corrections.records import permits
from corrections.records.accounts import actor_by_login
from corrections.review import reviewing
from corrections.review.deadlines import Deadlines
from corrections.store.database import reading, writing
from corrections.store.tables import ReviewEvent, Violation
from tests.monitor.conftest import NOW, District

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = NOW - 6 * HOUR
OUT = [0, 0, *[9_000] * 12]
BACK = [0] * 6


def boundary(district: District) -> Violation:
    (violation,) = (v for v in district.violations(withdrawn=True) if v.rule == Rule.BOUNDARY)
    return violation


def events(district: District) -> list[ReviewEvent]:
    with reading(district.engine) as session:
        statement = select(ReviewEvent).where(ReviewEvent.violation_id == boundary(district).id)
        found = list(session.exec(statement.order_by(col(ReviewEvent.id))).all())
        session.expunge_all()
    return found


def told(district: District) -> list[list[str]]:
    """What was told in English, event by event."""
    return [event.content["told"]["en"] for event in events(district) if "told" in event.content]


def came(district: District, rows: list[dict[str, Any]]) -> None:
    district.store(rows)
    district.evaluate()


def decide(district: District, decision: Decision, cause: FalseAlarmCause | None = None) -> None:
    violation = boundary(district)
    with writing(district.engine) as session:
        actor = actor_by_login(session, "liming", "test")
        claimed = reviewing.claim(
            session, actor, violation.id, revision=violation.revision, deadlines=Deadlines.of(district.settings), now=NOW
        )
        reviewing.decide(session, actor, violation.id, revision=claimed.revision, decision=decision, cause=cause, reason="已核实", now=NOW)


def inside_meanwhile(district: District) -> list[dict[str, Any]]:
    """Fixes that speak for the subject: one a minute within the area, while she seemed to be out of it, and after."""
    return [district.report(0, START + 20 * MINUTE + i * MINUTE + timedelta(seconds=30), 0.0, received_at=NOW) for i in range(120)]


def test_that_it_began_earlier_is_told_with_the_number_of_late_fixes(district: District) -> None:
    rows = district.walk(0, START, OUT)
    came(district, [row for i, row in enumerate(rows) if i not in (2, 3, 4, 5)])
    came(district, rows)

    (said,) = told(district)

    assert said[0] == "began 40 minutes earlier, at 2026-03-02 06:20"
    assert said[1].startswith("certain enough ")
    assert said[-1] == "from 4 late fixes"
    assert events(district)[-1].content["note"] == "later evidence"
    assert events(district)[-1].content["told"]["zh"][0] == "开始时间提前 40 分钟，为 2026-03-02 06:20"


def test_that_it_had_ended_while_it_seemed_to_last_is_told(district: District) -> None:
    out = district.walk(0, START, OUT)
    again = district.walk(0, START + 260 * MINUTE, [9_000] * 4)
    came(district, out + again)
    came(district, district.walk(0, START + 140 * MINUTE, BACK))

    with reading(district.engine) as session:
        first = session.exec(select(Violation).where(Violation.rule == Rule.BOUNDARY.value).order_by(col(Violation.id))).first()
        assert first is not None
        said = [e.content["told"]["en"] for e in session.exec(select(ReviewEvent).where(ReviewEvent.violation_id == first.id))
                if "told" in e.content]  # fmt: skip

    assert said[0][0].startswith("ended at 2026-03-02 08:")
    assert said[0][0].endswith(" instead of lasting")


def test_an_end_that_came_in_its_order_is_told_as_no_correction(district: District) -> None:
    came(district, district.walk(0, START, OUT))
    came(district, district.walk(0, START + 140 * MINUTE, BACK))

    (said,) = told(district)

    assert len(said) == 1
    assert said[0].startswith("ended at 2026-03-02 08:")
    assert "instead" not in said[0]


def test_that_it_goes_deeper_is_told(district: District) -> None:
    came(district, district.walk(0, START, [0, 0, *[6_000] * 6]))
    came(district, district.walk(0, START + 80 * MINUTE, [9_000, 9_000]))

    (said,) = told(district)

    assert said == ["goes 3.0 km deeper, 4.0 km from the edge at most"]


def test_that_it_only_goes_on_is_not_told(district: District) -> None:
    for row in district.walk(0, START, OUT):
        came(district, [row])

    assert told(district) == []


def test_a_withdrawal_tells_that_the_subject_was_inside_and_how_many_fixes_say_so(district: District) -> None:
    came(district, district.walk(0, START, [0, 0, *[9_000] * 6]))
    came(district, inside_meanwhile(district))

    assert boundary(district).review_state == "withdrawn"
    assert told(district)[-1] == ["withdrawn: the subject was inside, 50 late fixes"]
    assert events(district)[-1].content["told"]["zh"] == ["撤回：对象在区域之内，后到的定位 50 次"]


def test_what_leave_takes_back_is_told_without_late_fixes(district: District) -> None:
    came(district, district.walk(0, START, OUT))
    with writing(district.engine) as session:
        permits.grant_leave(
            session, None, district.subjects[0], destination="沈阳", valid_from=START, valid_until=NOW, approved_by="所长", now=NOW
        )
    district.evaluate()

    (said,) = told(district)

    assert said[0].startswith("withdrawn: judged anew by the zones, leaves, authorities")


def test_that_evidence_bears_it_out_again_is_told(district: District) -> None:
    came(district, district.walk(0, START, OUT))
    with writing(district.engine) as session:
        leave = permits.grant_leave(
            session, None, district.subjects[0], destination="沈阳", valid_from=START, valid_until=NOW, approved_by="所长", now=NOW
        )
        session.flush()
        leave_id = leave.id
    district.evaluate()
    with writing(district.engine) as session:
        permits.revoke_leave(session, None, leave_id, at=START, now=NOW)
    district.evaluate()

    assert boundary(district).review_state == "queued"
    assert told(district)[-1] == ["late evidence bears it out again"]


def test_what_ends_with_its_window_is_told(district: District) -> None:
    district.forbid("BAR", 2_000, windows=[{"start": "08:00", "until": "11:00"}])
    district.store(district.walk(0, NOW - 2 * HOUR, [2_000] * 5))
    district.evaluate(NOW - 75 * MINUTE)
    with writing(district.engine) as session:
        close_ended(session, NOW)

    (said,) = told(district)

    assert said == ["ended at 2026-03-02 11:00, when its window, zone version or authority was over"]


@pytest.mark.parametrize(("decision", "cause"), [(Decision.CONFIRMED, None), (Decision.FALSE_ALARM, FalseAlarmCause.POSITION_ERROR)])
def test_what_an_officer_has_decided_stands_with_a_mark(district: District, decision: Decision, cause: FalseAlarmCause | None) -> None:
    came(district, district.walk(0, START, [0, 0, *[9_000] * 6]))
    decide(district, decision, cause)
    assert not boundary(district).new_evidence

    came(district, inside_meanwhile(district))

    after = boundary(district)
    assert (after.review_state, after.decision, after.cause, after.new_evidence) == (
        "decided", decision.value, cause.value if cause else None, True,
    )  # fmt: skip
    assert told(district)[-2] == ["no longer borne out: the subject was inside, 50 late fixes"]
    assert told(district)[-1][0].startswith("no longer counted as in progress")


def test_a_decided_one_that_stands_again_says_so_and_stays_decided(district: District) -> None:
    came(district, district.walk(0, START, OUT))
    decide(district, Decision.CONFIRMED)
    with writing(district.engine) as session:
        leave = permits.grant_leave(
            session, None, district.subjects[0], destination="沈阳", valid_from=START, valid_until=NOW, approved_by="所长", now=NOW
        )
        session.flush()
        leave_id = leave.id
    district.evaluate()
    with writing(district.engine) as session:
        permits.revoke_leave(session, None, leave_id, at=START, now=NOW)
    district.evaluate()

    assert (boundary(district).review_state, boundary(district).decision) == ("decided", "confirmed")
    assert ["late evidence bears it out again"] in told(district)
    assert [e.content["borne_out"] for e in events(district) if "borne_out" in e.content] == [False, True]
