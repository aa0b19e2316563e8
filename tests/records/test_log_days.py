"""A day of the supervision log: what it says, from which facts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Decision, SubjectStatus, ZoneKind
from corrections.errors import Conflict, NotFound
from corrections.records import logs, outlines, permits, register, zones
from corrections.records.zones import Terms
from corrections.review import queue, reviewing
from corrections.review.deadlines import Deadlines
from corrections.review.reviewing import Answer, Means
from corrections.store.database import writing
from corrections.store.tables import AreaSilence, Outage, SetAside
from tests.records.scene import DAY, HOUR, LAT, LON, MINUTE, SETTINGS, a_violation, an_actor, every, local, report, settle

MONDAY = date(2026, 3, 2)
START, END = local("2026-03-02"), local("2026-03-03")
AFTER = END + 2 * HOUR


def written(session: Session, day: date = MONDAY, now: datetime = AFTER) -> dict[str, Any]:
    content: dict[str, Any] = logs.write_day(session, 1, day, SETTINGS, now).content["log"]
    return content


def test_hours_inside_outside_and_unknown_add_up_to_the_monitored_day(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        report(session, every(START, local("2026-03-02T10:00")))
        report(session, every(local("2026-03-02T10:00"), local("2026-03-02T14:00")), north_m=9000)
        report(session, every(local("2026-03-02T18:00"), END))

        content = written(session)

    told = content["presence"]
    assert told["right_s"] + told["wrong_s"] + told["unknown_s"] == content["supervision"]["monitored_s"] == 86_400
    assert abs(told["right_s"] - 16 * 3600) <= 3600
    assert abs(told["wrong_s"] - 4 * 3600) <= 3600
    assert abs(told["unknown_s"] - 4 * 3600) <= 3600
    assert content["coverage"]["covered_s"] == told["right_s"] + told["wrong_s"]
    assert content["coverage"]["covered_share"] == round(content["coverage"]["covered_s"] / 86_400, 4)


def test_each_zone_is_told_with_its_hours_and_version(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        school = Terms(code="SCHOOL", name="学校", kind=ZoneKind.EXCLUSION, windows=[{"start": "08:00", "until": "18:00"}])
        there = outlines.circle(LAT + 9000 / 111_060.0, LON, 1000.0)
        zones.publish_zone(session, None, 1, school, there, valid_from=START, now=START)
        report(session, every(START, local("2026-03-02T10:00")))
        report(session, every(local("2026-03-02T10:00"), local("2026-03-02T14:00")), north_m=9000)
        report(session, every(local("2026-03-02T14:00"), END))

        told = written(session)["presence"]["zones"]

    assert told["SCHOOL"]["kind"] == "exclusion"
    assert told["SCHOOL"]["in_force_s"] == 10 * 3600
    assert abs(told["SCHOOL"]["inside_s"] - 4 * 3600) <= 1800
    assert told["HOME"]["in_force_s"] == 86_400
    assert abs(told["HOME"]["outside_s"] - 4 * 3600) <= 1800
    assert list(told["HOME"]["versions"]) == ["1"]
    for zone in told.values():
        assert zone["inside_s"] + zone["outside_s"] + zone["unknown_s"] == zone["in_force_s"]


def test_a_prohibited_area_that_she_never_came_near_was_kept_all_day(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        far = outlines.circle(LAT + 30_000 / 111_060.0, LON, 300.0)
        terms = Terms(code="SCHOOL", name="学校", kind=ZoneKind.EXCLUSION)
        zones.publish_zone(session, None, 1, terms, far, valid_from=START, now=START)
        report(session, every(START, END))

        told = written(session)["presence"]["zones"]["SCHOOL"]

    assert (told["inside_s"], told["outside_s"]) == (0, told["in_force_s"] - told["unknown_s"])
    assert told["unknown_s"] <= 1800


def test_a_day_without_reports_is_unknown_and_never_kept(database: Engine) -> None:
    with writing(database) as session:
        settle(session)

        content = written(session)

    assert (content["presence"]["right_s"], content["presence"]["wrong_s"], content["presence"]["unknown_s"]) == (0, 0, 86_400)
    assert content["coverage"]["covered_share"] == 0
    assert content["coverage"]["first_fix"] is None


def test_time_without_authority_is_not_monitored(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        report(session, every(START, END))
        permits.revoke_authority(session, None, 1, at=local("2026-03-02T12:00"), now=local("2026-03-02T12:00"))

        content = written(session)

    assert content["supervision"]["monitored_s"] == content["supervision"]["not_monitored_s"] == 12 * 3600
    assert sum(content["presence"][name] for name in ("right_s", "wrong_s", "unknown_s")) == 12 * 3600
    assert content["supervision"]["authorities"]["1"]["revoked_at"] == "2026-03-02T04:00:00Z"


def test_the_legal_basis_in_force_is_told(database: Engine) -> None:
    with writing(database) as session:
        settle(session)

        told = written(session)["supervision"]

    assert told["authorities"]["1"]["basis"] == "article26"
    assert told["authorities"]["1"]["approved_by"] == "周局长"
    assert told["term_from"] == "2026-02-27T16:00:00Z"


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_on_which_the_clock_changes_is_as_long_as_it_is(database: Engine, day: date, hours: int) -> None:
    start = local(day.isoformat(), "Europe/Berlin")
    with writing(database) as session:
        settle(session, "Europe/Berlin", enrolled=start - DAY)
        report(session, every(start, start + hours * HOUR))

        content = written(session, day, start + 2 * DAY)

    assert content["length_s"] == hours * 3600
    assert content["coverage"]["reports"] == hours * 6
    assert sum(content["presence"][name] for name in ("right_s", "wrong_s", "unknown_s")) == hours * 3600


def test_coverage_counts_reports_positions_contacts_and_the_longest_gap(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        report(session, every(START, START + 2 * HOUR))
        report(session, [START + 3 * HOUR], north_m=None)
        report(session, every(START + 5 * HOUR, START + 6 * HOUR))
        report(session, every(START + 20 * HOUR, START + 21 * HOUR), late=10 * HOUR)
        report(session, every(START - 10 * HOUR, START - 9 * HOUR), late=11 * HOUR)
        session.add(SetAside(digest=1, received_at=START, last_at=START, count=3, reason="bad_coordinates", subject_id=1))

        told = written(session, now=AFTER + 12 * HOUR)["coverage"]

    assert (told["reports"], told["positions"]) == (25, 24)
    assert told["contacts"] == 12 + 1 + 6 + 6
    assert told["received_after_the_day"] == 6
    assert told["longest_gap_s"] == 14 * 3600 + 600
    assert (told["first_fix"], told["last_fix"]) == ("2026-03-01T16:00:00Z", "2026-03-02T12:50:00Z")
    assert told["set_aside"] == {"bad_coordinates": 3}


def test_a_violation_is_told_with_its_handling(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        liming = an_actor(session)
        violation = a_violation(session, START + 10 * HOUR, START + 12 * HOUR)
        at = START + 13 * HOUR
        reviewing.claim(session, liming, 1, revision=violation.revision, deadlines=Deadlines.of(SETTINGS), now=at)
        reviewing.contact(
            session,
            liming,
            1,
            revision=violation.revision,
            deadlines=Deadlines.of(SETTINGS),
            means=Means.PHONE,
            whom="本人",
            answer=Answer.REACHED,
            text="称去医院",
            now=at + MINUTE,
        )
        reviewing.decide(
            session, liming, 1, revision=violation.revision, decision=Decision.REASONABLE_EXCUSE, reason="有挂号单", now=at + HOUR
        )

        told = written(session)["violations"]["1"]

    assert told["zone"] == {"code": "HOME", "name": "活动范围", "version": 1}
    assert (told["state"], told["decision"], told["decided_by"]) == ("decided", "reasonable_excuse", "李明")
    assert told["decided_at"] == "2026-03-02T06:00:00Z"
    steps = list(told["steps"].values())
    assert [step["kind"] for step in steps] == ["detected", "assigned", "claimed", "contacted", "decided"]
    assert steps[1]["to"] == "李明"
    assert (steps[3]["means"], steps[3]["whom"], steps[3]["answer"], steps[3]["text"]) == ("phone", "本人", "reached", "称去医院")
    assert (steps[4]["by"], steps[4]["reason"]) == ("李明", "有挂号单")


def test_no_coordinate_stands_in_the_log(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        report(session, every(START, END), north_m=8000)
        violation = a_violation(session, START, None)
        reviewing.claim(session, an_actor(session), 1, revision=violation.revision, deadlines=Deadlines.of(SETTINGS), now=START + HOUR)
        queue.revise(session, violation, {"evidence": {"deciding": [{"lat": 41.999, "lon": 122.999}]}}, START + 2 * HOUR, note="later")

        text = str(written(session))

    assert "41." not in text
    assert "122." not in text


def test_a_violation_that_goes_on_is_told_on_each_day_as_far_as_the_day_goes(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        a_violation(session, START - 2 * HOUR, END + 3 * HOUR)

        days = {day: written(session, day, AFTER + 2 * DAY)["violations"] for day in (MONDAY - DAY, MONDAY, MONDAY + DAY, MONDAY - 2 * DAY)}

    assert days[MONDAY - 2 * DAY] == {}
    assert (days[MONDAY - DAY]["1"]["ended_at"], days[MONDAY - DAY]["1"]["continues"]) == (None, True)
    assert (days[MONDAY]["1"]["ended_at"], days[MONDAY]["1"]["continues"]) == (None, True)
    assert (days[MONDAY + DAY]["1"]["ended_at"], days[MONDAY + DAY]["1"]["continues"]) == ("2026-03-02T19:00:00Z", False)


def test_own_outages_and_area_silences_are_told_within_the_day(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        session.add(Outage(began_at=START - HOUR, ended_at=START + HOUR))
        session.add(Outage(began_at=END, ended_at=END + HOUR))
        session.add(AreaSilence(bureau_id=1, began_at=START + 5 * HOUR, ended_at=START + 6 * HOUR, subjects=200))

        told = written(session)["outages"]

    assert told == [
        {"kind": "service", "from": "2026-03-01T16:00:00Z", "until": "2026-03-01T17:00:00Z"},
        {"kind": "area", "from": "2026-03-01T21:00:00Z", "until": "2026-03-01T22:00:00Z", "subjects": 200},
    ]


def test_leave_in_force_is_told(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        permits.grant_leave(
            session, None, 1, destination="沈阳市", valid_from=START + HOUR, valid_until=START + 5 * DAY, approved_by="王芳", now=START
        )

        told = written(session)["leaves"]["1"]

    assert (told["destination"], told["approved_by"], told["revoked_at"]) == ("沈阳市", "王芳", None)


def test_an_officers_entry_is_told_on_its_local_day(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        liming = an_actor(session)
        logs.add_entry(session, liming, 1, kind=logs.EntryKind.VISIT, content="家访，情绪稳定", at=START + MINUTE, now=AFTER)
        logs.add_entry(session, liming, 1, kind=logs.EntryKind.TALK, content="前一天", at=START - MINUTE, now=AFTER)

        told = written(session)["entries"]

    assert told == {"1": {"at": "2026-03-01T16:01:00Z", "kind": "visit", "content": "家访，情绪稳定", "by": "李明"}}


def test_where_the_figures_come_from_is_told(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        report(session, every(START, START + HOUR))

        row = logs.write_day(session, 1, MONDAY, SETTINGS, AFTER)

    sources = row.content["log"]["sources"]
    assert (sources["reports"], sources["newest_report"], sources["devices"]) == (6, 6, ["phone-S1"])
    assert sources["settings"] == {"preset": "prompt", **SETTINGS.rules.boundary.prompt.model_dump()}
    assert row.content["computed_at"] == "2026-03-02T18:00:00Z"
    assert row.content["log"]["presence"]["zones"]["HOME"]["versions"]["1"]["published_by"] == "operator"


def test_who_the_subject_is_is_told_as_the_register_says(database: Engine) -> None:
    with writing(database) as session:
        settle(session)

        told = logs.write_day(session, 1, MONDAY, SETTINGS, AFTER).content["subject"]

    assert (told["number"], told["name"], told["category"], told["level"]) == ("S1", "张三丰", "probation", "strict")
    assert (told["office"], told["officer"], told["bureau"]) == ("城关司法所", "李明", "云溪区司法局")


def test_a_minor_is_marked_and_not_named(database: Engine) -> None:
    with writing(database) as session:
        settle(session, minor=True)

        row = logs.write_day(session, 1, MONDAY, SETTINGS, AFTER)

    assert (row.content["subject"]["minor"], row.content["subject"]["name"]) == (True, "张**")
    assert "三丰" not in str(row.content)


def test_mocked_positions_tell_nothing(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        report(session, every(START, END), mock=True)

        content = written(session)

    assert content["presence"]["unknown_s"] == 86_400
    assert (content["coverage"]["reports"], content["coverage"]["mocked"]) == (144, 144)


def test_a_day_that_is_not_over_cannot_be_closed(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        with pytest.raises(Conflict):
            logs.write_day(session, 1, MONDAY, SETTINGS, END - timedelta(seconds=1))
        with pytest.raises(NotFound):
            logs.write_day(session, 9, MONDAY, SETTINGS, AFTER)

        assert logs.write_day(session, 1, MONDAY, SETTINGS, END).part == 0


def test_a_subject_in_custody_is_not_monitored(database: Engine) -> None:
    with writing(database) as session:
        settle(session)
        report(session, every(START, END))
        register.change_status(
            session, None, 1, status=SubjectStatus.CUSTODY, since=START + 6 * HOUR, rules=SETTINGS.rules, now=START + 7 * HOUR
        )

        content = written(session)

    assert content["supervision"]["monitored_s"] == 6 * 3600
