"""Going through a round: looking, finding, confirming those in place, handing over, signing. Nobody looks unseen or overwrites another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.domain.casework import Finding
from corrections.domain.model import Side
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.monitor.round_steps import Found, confirm_in_place, find, hand_over, list_rounds, show_round, sign
from corrections.monitor.rounds import open_rounds_due
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import AuditEvent, CheckRound, LeavePermit, Subject
from tests.conftest import Databases
from tests.monitor.check_scene import (
    DAY,
    MINUTE,
    MONDAY,
    bureau_at_work,
    entries,
    local,
    rounds,
    schedule,
    seen_at,
    settings_of,
    subject,
    told,
)
from tests.review.scene import an_actor, an_officer

LIMING, WANGFANG, HEAD = 1, 2, 3
SETTINGS = settings_of(schedule())
NINE = local(9)


def with_a_round(engine: Engine) -> None:
    """Round 1 of liming's over S1 (no position), S2 (in place), S3 (outside), S4 (an old fix)."""
    bureau_at_work(engine)
    with writing(engine) as session:
        for number, at, side in (("S2", local(8, 55), Side.RIGHT), ("S3", local(8, 56), Side.WRONG), ("S4", local(5), Side.RIGHT)):
            seen_at(session, subject(session, number).id or 0, at, side)
        an_officer(session, "liming").deputy_id = WANGFANG
    for now in (local(7), NINE):
        with writing(engine) as session:
            open_rounds_due(session, SETTINGS, now)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    with databases.copy(request.param, with_a_round) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def look(engine: Engine, login: str = "liming", now: datetime = NINE, purpose: str = "") -> Any:
    with writing(engine) as session:
        return show_round(session, an_actor(session, login), 1, SETTINGS, now, purpose=purpose)


def found(engine: Engine, findings: list[Found], revision: int, login: str = "liming", now: datetime = NINE + MINUTE) -> CheckRound:
    with writing(engine) as session:
        return find(session, an_actor(session, login), 1, findings, revision=revision, settings=SETTINGS, now=now)


def signed(engine: Engine, revision: int, login: str = "liming", now: datetime = NINE + MINUTE, note: str = "") -> CheckRound:
    with writing(engine) as session:
        return sign(session, an_actor(session, login), 1, revision=revision, note=note, now=now)


def reads(engine: Engine) -> list[AuditEvent]:
    with reading(engine) as session:
        found = list(session.exec(select(AuditEvent).where(AuditEvent.action == "location.read").order_by(col(AuditEvent.id))))
        session.expunge_all()
        return found


ALL_FOUND = [
    Found(1, Finding.REACHED, "电话联系，在家"), Found(2, Finding.IN_PLACE), Found(3, Finding.OUT_OF_PLACE, "已电话要求返回"),
    Found(4, Finding.NOT_REACHED, "两次未接"),
]  # fmt: skip


# ---- looking


def test_without_a_purpose_there_is_no_place_in_it_and_nothing_is_recorded(engine: Engine) -> None:
    shown = look(engine)

    assert [(e.subject_number, e.lat, e.side, e.age_s) for e in shown.entries] == [
        ("S1", None, "unknown", None), ("S2", None, "right", 300), ("S3", None, "wrong", 240), ("S4", None, "right", 4 * 3600),
    ]  # fmt: skip
    assert reads(engine) == []


def test_with_a_purpose_the_places_are_there_and_the_look_is_recorded_once(engine: Engine) -> None:
    shown = look(engine, purpose="早间核查")

    assert [e.lat for e in shown.entries] == [None, 30.05, 30.05, 30.05]
    (event,) = reads(engine)
    assert (event.purpose, event.detail["subjects"]) == ("早间核查", [2, 3, 4])


def test_it_says_of_whom_the_program_is_sure_that_she_is_in_place(engine: Engine) -> None:
    shown = look(engine)

    assert [e.in_place for e in shown.entries] == [False, True, False, False]
    assert [e.seen["stale"] for e in shown.entries] == [True, False, False, True]


def test_what_has_no_finding_is_read_anew_when_somebody_looks(engine: Engine) -> None:
    with writing(engine) as session:
        seen_at(session, 4, NINE + MINUTE)  # the fix that was asked for

    shown = look(engine, now=NINE + 2 * MINUTE)

    assert (shown.entries[3].age_s, shown.entries[3].in_place, shown.entries[3].seen["asked"]) == (60, True, True)


def test_what_was_found_stays_as_it_was_seen(engine: Engine) -> None:
    found(engine, [Found(2, Finding.IN_PLACE)], 1)
    with writing(engine) as session:
        seen_at(session, 2, NINE + 5 * MINUTE, Side.WRONG)

    shown = look(engine, now=NINE + 6 * MINUTE)

    assert (shown.entries[1].side, shown.entries[1].fix_time, shown.entries[1].age_s) == ("right", local(8, 55), 360)


def test_an_approved_leave_is_shown(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(
            LeavePermit(
                subject_id=3, destination="杭州", valid_from=local(0), valid_until=local(20), approved_by="所长", approved_at=local(0)
            )
        )

    leave = look(engine).entries[2].seen["leave"]

    assert (leave["destination"], leave["until"]) == ("杭州", "2026-03-02T12:00:00Z")


def test_a_regular_permit_counts_in_its_windows_alone(engine: Engine) -> None:
    term = {"valid_from": local(0), "valid_until": local(0, day=MONDAY + 30 * DAY), "approved_by": "区局", "approved_at": local(0)}
    with writing(engine) as session:
        for subject_id, start in ((2, "08:00"), (3, "10:00")):
            windows = [{"start": start, "until": "12:00", "weekdays": [0]}]
            session.add(LeavePermit(subject_id=subject_id, destination="邻县", windows=windows, **term))

    shown = look(engine)

    assert [e.seen["leave"] is not None for e in shown.entries] == [False, True, False, False]


def test_who_moved_to_another_office_has_no_place_in_it(engine: Engine) -> None:
    with writing(engine) as session:
        session.get_one(Subject, 2).office_id = 2

    assert [e.lat for e in look(engine, purpose="核查").entries] == [None, None, 30.05, 30.05]


def test_another_office_does_not_find_it(engine: Engine) -> None:
    with pytest.raises(NotFound):
        look(engine, "zhao")


def test_the_auditor_and_the_administrator_may_not_look(engine: Engine) -> None:
    for login in ("auditor", "admin"):
        with pytest.raises(Forbidden):
            look(engine, login)


def test_rounds_are_listed_with_how_far_they_are(engine: Engine) -> None:
    found(engine, ALL_FOUND[:2], 1)

    with reading(engine) as session:
        (item,) = list_rounds(session, an_actor(session, "head"), SETTINGS, local(11, 1))
        mine = list_rounds(session, an_actor(session, "wangfang"), SETTINGS, NINE, mine=True)

    assert (item.label_zh, item.officer_name, item.subjects, item.found, item.overdue) == ("核查", "liming名", 4, 2, True)
    assert mine == []


# ---- finding


def test_a_finding_is_kept_with_who_and_when(engine: Engine) -> None:
    made = found(engine, ALL_FOUND, 1)

    assert made.revision == 2
    entry = entries(engine)[2]
    assert (entry.finding, entry.note, entry.found_by, entry.found_at) == ("out_of_place", "已电话要求返回", LIMING, NINE + MINUTE)


@pytest.mark.parametrize(
    "finding",
    [
        Found(1, Finding.IN_PLACE),  # no position says so
        Found(4, Finding.IN_PLACE),  # the fix is four hours old
        Found(3, Finding.ON_LEAVE),  # no leave says so
        Found(2, Finding.OUT_OF_PLACE),
        Found(2, Finding.NOT_REACHED),
        Found(2, Finding.DEVICE_PROBLEM, "  "),
    ],
)
def test_what_the_program_does_not_show_needs_words(engine: Engine, finding: Found) -> None:
    with pytest.raises(Invalid) as refusal:
        found(engine, [finding], 1)

    assert refusal.value.field == "note"
    assert rounds(engine)[0].revision == 1


def test_of_two_who_find_at_once_the_second_is_told(engine: Engine) -> None:
    found(engine, ALL_FOUND[:1], 1)

    with pytest.raises(Conflict) as refusal:
        found(engine, ALL_FOUND[1:2], 1, "head")

    assert (refusal.value.field, "revision 2" in refusal.value.en) == ("revision", True)
    assert entries(engine)[1].finding is None


def test_a_finding_may_be_replaced_until_the_round_is_signed(engine: Engine) -> None:
    found(engine, ALL_FOUND, 1)
    found(engine, [Found(4, Finding.REACHED, "回电了")], 2)

    assert entries(engine)[3].finding == "reached"
    signed(engine, 3)
    with pytest.raises(Conflict):
        found(engine, [Found(4, Finding.NOT_REACHED, "又不接")], 4)


def test_a_colleague_may_not_do_anothers_round(engine: Engine) -> None:
    with pytest.raises(Forbidden, match="liming名"):
        found(engine, ALL_FOUND, 1, "wangfang")


def test_the_head_and_the_bureau_may(engine: Engine) -> None:
    found(engine, ALL_FOUND[:2], 1, "head")
    found(engine, ALL_FOUND[2:], 2, "bureau")

    assert {entry.found_by for entry in entries(engine)} == {3, 4}


def test_an_entry_of_another_round_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        found(engine, [Found(99, Finding.IN_PLACE)], 1)


# ---- those in place, in one step


def confirm(engine: Engine, ids: list[int], revision: int = 1, now: datetime = NINE + MINUTE) -> CheckRound:
    with writing(engine) as session:
        return confirm_in_place(session, an_actor(session, "liming"), 1, ids, revision=revision, settings=SETTINGS, now=now)


def test_those_in_place_with_certainty_are_confirmed_in_one_step(engine: Engine) -> None:
    confirm(engine, [2])

    assert [entry.finding for entry in entries(engine)] == [None, "in_place", None, None]


@pytest.mark.parametrize("doubtful", [1, 3, 4])
def test_nobody_else_is(engine: Engine, doubtful: int) -> None:
    with pytest.raises(Conflict, match=f"S{doubtful}"):
        confirm(engine, [2, doubtful])

    assert entries(engine)[1].finding is None


def test_who_has_gone_out_since_the_officer_looked_is_not_confirmed(engine: Engine) -> None:
    with writing(engine) as session:
        seen_at(session, 2, NINE, Side.WRONG)

    with pytest.raises(Conflict, match="S2"):
        confirm(engine, [2])


def test_each_must_be_named(engine: Engine) -> None:
    for ids in ([], [77]):
        with pytest.raises(Invalid):
            confirm(engine, ids)


# ---- signing, handing over


def test_a_round_is_signed_when_everyone_has_a_finding(engine: Engine) -> None:
    found(engine, ALL_FOUND, 1)

    made = signed(engine, 2, note="一人未联系上，已登记")

    assert (made.state, made.signed_by, made.signed_at, made.note) == ("signed", LIMING, NINE + MINUTE, "一人未联系上，已登记")
    assert (made.remind_at, made.escalate_at) == (None, None)
    assert told(engine, open_only=True) == []
    with reading(engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "round.sign")).one()
        assert event.detail == {"officer_id": LIMING, "round": 1, "due_at": "2026-03-02T03:00:00+00:00", "late": False}


def test_it_is_not_while_anyone_has_none(engine: Engine) -> None:
    found(engine, ALL_FOUND[:3], 1)

    with pytest.raises(Invalid) as refusal:
        signed(engine, 2)

    assert refusal.value.en == "1 subjects have no finding yet: S4."


def test_nor_twice_nor_by_what_is_out_of_date(engine: Engine) -> None:
    found(engine, ALL_FOUND, 1)
    with pytest.raises(Conflict):
        signed(engine, 1)
    signed(engine, 2)

    with pytest.raises(Conflict):
        signed(engine, 3)


def test_a_round_is_handed_over_with_a_reason(engine: Engine) -> None:
    with writing(engine) as session:
        hand_over(session, an_actor(session, "liming"), 1, WANGFANG, revision=1, reason="外勤", settings=SETTINGS, now=NINE)

    assert told(engine, open_only=True) == [("round_opened", "officer", WANGFANG)]
    found(engine, ALL_FOUND, 2, "wangfang")
    assert signed(engine, 3, "wangfang").signed_by == WANGFANG


@pytest.mark.parametrize(("to", "reason"), [(WANGFANG, " "), (LIMING, "x"), (5, "x"), (6, "x"), (99, "x")])
def test_but_only_to_who_may_do_it_and_not_without_a_reason(engine: Engine, to: int, reason: str) -> None:
    with writing(engine) as session, pytest.raises(Invalid):
        hand_over(session, an_actor(session, "liming"), 1, to, revision=1, reason=reason, settings=SETTINGS, now=NINE)
