"""From stored reports to a violation in an officer's queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from corrections.domain.model import Nature, Rule, Severity
from corrections.records import outlines, permits, zones
from corrections.store.database import reading, writing
from corrections.store.tables import Authority, Checkpoint, StreamPosition, SubjectState, Zone
from tests.monitor.conftest import LAT, LON, NOW, District

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = NOW - 6 * HOUR
OUT = [0, 0, 6_000, 9_000, 9_000, 9_000]
BACK = [0, 0, 0]


def test_a_subject_who_leaves_the_permitted_area_is_put_before_her_officer(district: District) -> None:
    district.store(district.walk(0, START, OUT))

    district.evaluate()

    (violation,) = district.violations()
    assert (violation.rule, violation.nature, violation.severity) == (Rule.BOUNDARY, Nature.CONDUCT, Severity.MEDIUM)
    assert (violation.officer_id, violation.review_state, violation.due_at) == (district.officer_id, "queued", NOW + 26 * HOUR)
    assert (violation.started_at, violation.ended_at, violation.last_fix_at) == (START + 20 * MINUTE, None, START + 50 * MINUTE)
    assert violation.evidence["peak_distance_m"] == pytest.approx(4_000, rel=0.01)
    assert "云溪城区" in violation.reason_zh
    assert "4.0 公里" in violation.reason_zh
    assert "outside the permitted area" in violation.reason_en.lower()


def test_one_fix_alone_is_not_enough(district: District) -> None:
    district.store(district.walk(0, START, [0, 0, 9_000, 0, 0]))

    district.evaluate()

    assert district.violations() == []


def test_a_fix_whose_error_reaches_over_the_edge_proves_nothing(district: District) -> None:
    district.store([district.report(0, START + i * 10 * MINUTE, 5_200.0, accuracy_m=800.0) for i in range(20)])

    district.evaluate()

    assert district.violations() == []
    with reading(district.engine) as session:
        assert session.exec(select(SubjectState)).one().side == "unknown"


def test_an_episode_ends_when_she_is_back(district: District) -> None:
    district.store(district.walk(0, START, OUT + BACK))

    district.evaluate()

    (violation,) = district.violations()
    assert violation.ended_at is not None
    assert violation.ended_at >= START + 60 * MINUTE


def test_one_episode_is_one_violation_however_many_reports_it_has(district: District) -> None:
    for row in district.walk(0, START, OUT + [9_000] * 20):
        district.store([row])
        district.evaluate()

    (violation,) = district.violations()
    assert violation.evidence["fixes"] == 24
    assert violation.revision == 1


def test_coming_near_a_victims_home_is_told_and_entering_it_ends_the_matter_of_coming_near(district: District) -> None:
    district.forbid("HOME", 3_000.0)
    district.store(district.walk(0, START, [0, 900, 1_900, 2_550, 2_560, 2_570, 3_000, 3_010, 2_500, 2_490]))

    district.evaluate()

    assert [(v.rule, v.nature) for v in district.violations()] == [(Rule.APPROACH, Nature.CONDUCT), (Rule.BOUNDARY, Nature.CONDUCT)]


def test_an_area_that_is_not_grave_has_no_approach(district: District) -> None:
    district.forbid("BAR", 3_000.0, severity=Severity.HIGH)
    district.store(district.walk(0, START, [0, 900, 1_900, 2_550, 2_560, 2_570]))

    district.evaluate()

    assert district.violations() == []


def test_who_is_still_away_when_her_leave_is_over_is_overdue(district: District) -> None:
    with writing(district.engine) as session:
        until = START + 45 * MINUTE
        terms = {"destination": "沈阳", "valid_from": START - DAY, "valid_until": until, "approved_by": "王所长"}
        permits.grant_leave(session, None, district.subjects[0], **terms, now=START - DAY)
    district.store(district.walk(0, START, [0, 6_000, 20_000, 40_000, 40_010, 40_000, 40_020, 39_990]))

    district.evaluate()

    (violation,) = district.violations()
    assert (violation.rule, violation.started_at) == (Rule.OVERDUE_RETURN, START + 50 * MINUTE)


def test_an_exclusion_zone_is_told_with_its_own_severity(district: District) -> None:
    zone_id = district.forbid("SCHOOL", 2_000)
    district.store(district.walk(0, START, [0, 2_000, 2_000, 2_000, 2_000]))

    district.evaluate()

    (violation,) = district.violations()
    assert (violation.zone_id, violation.severity) == (zone_id, Severity.GRAVE)
    assert "禁止区域“SCHOOL”之内" in violation.reason_zh


def test_each_night_of_a_curfew_is_a_violation_of_its_own(district: District) -> None:
    night = [{"start": "22:00", "until": "06:00"}]
    zone_id = district.forbid("BAR", 2_000, windows=night)
    evening = NOW + 8 * HOUR  # 20:00
    district.store(district.walk(0, evening, [2_000] * 170))

    district.evaluate(NOW + 2 * DAY)

    first, second = district.violations()
    assert {first.zone_id, second.zone_id} == {zone_id}
    assert (first.started_at, first.ended_at) == (evening + 2 * HOUR, evening + 10 * HOUR)
    assert second.started_at == evening + 26 * HOUR


def test_a_late_report_takes_back_what_nobody_has_seen(district: District) -> None:
    rows = district.walk(0, START, [0, 0, 9_000, 9_000, 9_000])
    district.store(rows)
    district.evaluate()
    assert len(district.violations()) == 1

    between = [district.report(0, START + 20 * MINUTE + i * MINUTE, 0.0, received_at=NOW) for i in range(1, 20) if i != 10]
    district.store(between)
    district.evaluate()

    assert [v.rule for v in district.violations()] == [Rule.SILENCE]
    assert [v.review_state for v in district.violations(withdrawn=True) if v.rule == Rule.BOUNDARY] == ["withdrawn"]


def test_a_late_report_finds_what_was_missed_with_its_true_time(district: District) -> None:
    rows = district.walk(0, START, OUT + BACK + [0] * 10)
    district.store([row for i, row in enumerate(rows) if i not in (2, 3, 4, 5)])
    district.evaluate()
    assert district.violations() == []

    district.store(rows)
    district.evaluate()

    (violation,) = district.violations()
    assert violation.started_at == START + 20 * MINUTE
    assert violation.detected_at == NOW


def test_approved_leave_frees_from_the_permitted_area(district: District) -> None:
    with writing(district.engine) as session:
        permits.grant_leave(
            session, None, district.subjects[0], destination="沈阳", valid_from=START, valid_until=NOW, approved_by="所长", now=START
        )
    district.store(district.walk(0, START, OUT))

    district.evaluate()

    assert district.violations() == []


def test_leave_approved_afterwards_takes_the_violation_back(district: District) -> None:
    district.store(district.walk(0, START, OUT))
    district.evaluate()
    assert len(district.violations()) == 1

    with writing(district.engine) as session:
        permits.grant_leave(
            session, None, district.subjects[0], destination="沈阳", valid_from=START, valid_until=NOW, approved_by="所长", now=NOW
        )
    district.evaluate()

    assert district.violations() == []


def test_leave_to_one_place_does_not_cover_another(district: District) -> None:
    there = outlines.circle(LAT + 0.5, LON, 10_000)
    with writing(district.engine) as session:
        permits.grant_leave(
            session, None, district.subjects[0], destination="北", outline=there, valid_from=START, valid_until=NOW, approved_by="所长",
            now=START,
        )  # fmt: skip
    district.store(district.walk(0, START, OUT))

    district.evaluate()

    assert len(district.violations()) == 1


def test_leave_never_frees_from_a_prohibited_area(district: District) -> None:
    district.forbid("SCHOOL", 9_000)
    with writing(district.engine) as session:
        permits.grant_leave(
            session, None, district.subjects[0], destination="沈阳", valid_from=START, valid_until=NOW, approved_by="所长", now=START
        )
    district.store(district.walk(0, START, OUT))

    district.evaluate()

    assert [v.evidence["zone"]["name"] for v in district.violations()] == ["SCHOOL"]


def test_what_lies_after_the_end_of_the_authority_is_not_judged(district: District) -> None:
    district.store(district.walk(0, START, OUT))
    with writing(district.engine) as session:
        authority = session.exec(select(Authority)).one()
        permits.revoke_authority(session, None, authority.id, at=START, now=NOW)

    district.evaluate()

    assert district.violations() == []


def test_a_violation_ends_with_the_authority(district: District) -> None:
    district.store(district.walk(0, START, OUT))
    district.evaluate()

    with writing(district.engine) as session:
        authority = session.exec(select(Authority)).one()
        permits.revoke_authority(session, None, authority.id, at=START + HOUR, now=NOW)
    district.evaluate()

    (violation,) = district.violations()
    assert violation.ended_at == START + HOUR


def test_a_zone_drawn_anew_for_the_past_revises_what_it_changes(district: District) -> None:
    district.store(district.walk(0, START, OUT))
    district.evaluate()
    assert len(district.violations()) == 1

    with writing(district.engine) as session:
        zone = session.exec(select(Zone)).one()
        _, revision = zones.zone_for(session, None, zone.id)
        wide = outlines.circle(LAT, LON, 20_000)
        zones.publish_zone(session, None, district.bureau_id, zones.terms_of(zone, revision), wide, valid_from=START - HOUR, now=NOW)
    district.evaluate()

    assert district.violations() == []


def test_mocked_positions_are_a_matter_of_their_own_and_prove_no_place(district: District) -> None:
    rows = [row | {"mock": True} for row in district.walk(0, START, OUT)]
    district.store(rows)

    district.evaluate()

    (violation,) = district.violations()
    assert violation.rule == Rule.MOCK_LOCATION
    assert violation.evidence["fixes"] == 6
    assert "模拟位置" in violation.reason_zh
    with reading(district.engine) as session:
        assert session.exec(select(SubjectState)).one().side == "unknown"


def test_a_checkpoint_is_left_at_each_local_midnight(district: District) -> None:
    district.store(district.walk(0, START - 2 * DAY, [0] * 300))

    district.evaluate()

    with reading(district.engine) as session:
        days = [c.fix_time for c in session.exec(select(Checkpoint).order_by(Checkpoint.fix_time))]
    midnight = NOW - 12 * HOUR
    assert days == [midnight - 2 * DAY, midnight - DAY, midnight]


def test_evaluating_again_changes_nothing(district: District) -> None:
    district.store(district.walk(0, START, OUT + BACK))
    district.evaluate()
    before = [v.model_dump() for v in district.violations()]

    again = district.evaluate()

    assert again.reports == 0
    assert [v.model_dump() for v in district.violations()] == before
    with reading(district.engine) as session:
        assert session.exec(select(StreamPosition)).one().position == 9
