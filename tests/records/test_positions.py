"""Where everybody within reach was last known to be, for a map."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.model import Role
from corrections.errors import Forbidden
from corrections.records import permits, register
from corrections.records.permits import Basis
from corrections.records.positions import Box, Standing, find, on_the_wrong_side, position_of, positions, standings
from corrections.records.presence import hold_s
from corrections.store.access import Actor
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import Device, Subject, SubjectState
from tests.conftest import Databases
from tests.review.scene import NOW, RULES, a_subject, settle

DAY = timedelta(days=1)
OFFICER = Actor(1, "liming", Role.OFFICER, 1, 1)
OTHER = Actor(2, "zhao", Role.OFFICER, 2, 1)
BUREAU = Actor(9, "bureau", Role.BUREAU, 1, 1)
ADMIN = Actor(8, "admin", Role.ADMINISTRATOR, 1, 1)


def settled(engine: Engine) -> None:
    """Five of the first office (1 to 5) and one of the second (6), each with a phone that is to report every ten minutes."""
    with writing(engine) as session:
        settle(session)
        for number in range(2, 6):
            a_subject(session, f"S{number}")
        a_subject(session, "S6", office_id=2, officer="zhao")
        for id_ in range(1, 7):
            permits.grant_authority(
                session, None, id_, basis=Basis.ARTICLE26, valid_from=NOW - DAY, valid_until=NOW + 60 * DAY, approved_by="局长",
                approved_on=NOW - 2 * DAY, rules=RULES, now=NOW,
            )  # fmt: skip
            register.enrol_device(session, None, id_, identifier=f"P{id_}", rules=RULES, now=NOW)
        place(session, 1, 30.01, 120.01, "right", NOW - timedelta(minutes=3))
        place(session, 2, 30.02, 120.02, "wrong", NOW - timedelta(minutes=19))
        place(session, 3, 30.03, 120.03, "right", NOW - timedelta(minutes=21))
        place(session, 4, 31.00, 121.00, "unknown", NOW)
        place(session, 6, 30.01, 120.01, "right", NOW)


def place(session: Session, subject_id: int, lat: float, lon: float, side: str, at: datetime) -> None:
    state = session.get(SubjectState, subject_id) or SubjectState(subject_id=subject_id, bureau_id=1)
    state.lat, state.lon, state.side, state.fix_time, state.accuracy_m = lat, lon, side, at, 25.0
    session.add(state)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    with databases.copy(request.param, settled) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def test_each_has_her_place_her_radius_her_age_and_how_she_stands(engine: Engine) -> None:
    with reading(engine) as session:
        found = positions(session, OFFICER, NOW)

    assert [(one.subject_id, one.standing) for one in found.alone] == [
        (1, Standing.RIGHT), (2, Standing.WRONG), (3, Standing.SILENT), (4, Standing.UNKNOWN),
    ]  # fmt: skip
    first = found.alone[0]
    assert (first.lat, first.lon, first.accuracy_m, first.fix_time) == (30.01, 120.01, 25.0, NOW - timedelta(minutes=3))
    assert (found.cells, found.unlocated) == ([], 1)


@pytest.mark.parametrize(("actor", "ids"), [(OTHER, [6]), (BUREAU, [1, 2, 3, 4, 6])])
def test_an_office_is_the_boundary(engine: Engine, actor: Actor, ids: list[int]) -> None:
    with reading(engine) as session:
        assert [one.subject_id for one in positions(session, actor, NOW).alone] == ids


def test_who_sees_no_location_is_refused(engine: Engine) -> None:
    with reading(engine) as session, pytest.raises(Forbidden):
        positions(session, ADMIN, NOW)


def test_who_may_not_be_located_is_not_there(engine: Engine) -> None:
    with writing(engine) as session:
        permits.revoke_authority(session, None, 1, at=NOW, now=NOW)
        session.get_one(Subject, 2).status = "custody"

    with reading(engine) as session:
        assert [one.subject_id for one in positions(session, OFFICER, NOW).alone] == [3, 4]


def test_a_box_keeps_what_lies_in_it(engine: Engine) -> None:
    with reading(engine) as session:
        found = positions(session, OFFICER, NOW, Box(120.0, 30.0, 120.025, 30.5))

    assert ([one.subject_id for one in found.alone], found.unlocated) == ([1, 2], 0)


@pytest.mark.parametrize(
    ("intervals", "minutes", "standing"),
    [
        ((600,), 19, Standing.RIGHT), ((600,), 21, Standing.SILENT), ((600, 1_800), 21, Standing.RIGHT), ((600, 60), 19, Standing.RIGHT),
        ((60,), 3, Standing.SILENT), ((60, 300), 9, Standing.RIGHT), ((60, 300), 11, Standing.SILENT), ((60, 1_800), 59, Standing.RIGHT),
        ((), 19, Standing.RIGHT), ((86_400,), 359, Standing.RIGHT), ((86_400,), 361, Standing.SILENT),
    ],
)  # fmt: skip
def test_a_fix_holds_by_the_longest_interval_of_all_phones(
    engine: Engine, intervals: tuple[int, ...], minutes: int, standing: Standing
) -> None:
    with writing(engine) as session:
        for device in session.exec(select(Device).where(Device.subject_id == 1)):
            device.active = False
        for interval_s in intervals:
            register.enrol_device(session, None, 1, identifier=f"P1-{interval_s}", interval_s=interval_s, rules=RULES, now=NOW)
        place(session, 1, 30.01, 120.01, "right", NOW - timedelta(minutes=minutes))
        session.flush()
        for actor in (OFFICER, BUREAU):
            (one,) = [one for one in positions(session, actor, NOW).alone if one.subject_id == 1]
            assert one.standing is standing
        assert hold_s(session, 1) >= minutes * 60 or standing is Standing.SILENT


def test_too_many_are_counted_by_cell_and_none_is_lost(engine: Engine) -> None:
    with reading(engine) as session:
        found = positions(session, BUREAU, NOW, most=3)

    assert found.alone == []
    counted = [cell.counts for cell in found.cells]
    assert sum(sum(counts.values()) for counts in counted) == 5
    assert {Standing.UNKNOWN: 1} in counted
    assert (found.counts[Standing.RIGHT], found.unlocated) == (2, 1)


def test_the_cells_of_a_box_lie_where_they_lie_in_any_other(engine: Engine) -> None:
    with reading(engine) as session:
        first, second = (
            positions(session, BUREAU, NOW, Box(west, 29.9, 120.5, 30.5), step_deg=0.02, most=1).cells for west in (119.9, 119.993)
        )

    assert first == second
    assert len(first) in (2, 3)
    assert sum(sum(cell.counts.values()) for cell in first) == 4


def test_an_office_can_be_asked_for_alone(engine: Engine) -> None:
    with reading(engine) as session:
        found = positions(session, BUREAU, NOW, office_id=2)
        counts, unlocated = standings(session, BUREAU, NOW, office_id=1)

    assert [one.subject_id for one in found.alone] == [6]
    assert (dict(counts), unlocated) == ({Standing.RIGHT: 1, Standing.WRONG: 1, Standing.UNKNOWN: 1, Standing.SILENT: 1}, 1)


def test_the_figures_are_those_of_the_signs(engine: Engine) -> None:
    with reading(engine) as session:
        found = positions(session, BUREAU, NOW)
        assert standings(session, BUREAU, NOW) == (found.counts, found.unlocated)


@pytest.mark.parametrize(
    ("actor", "sought", "ids"), [(OFFICER, "S", [1, 2, 3, 4, 5]), (OFFICER, "S6", []), (BUREAU, "S6", [6]), (OFFICER, "%", [])]
)
def test_somebody_is_found_by_name_or_number_within_reach(engine: Engine, actor: Actor, sought: str, ids: list[int]) -> None:
    with reading(engine) as session:
        assert [one.subject_id for one in find(session, actor, NOW, sought)] == ids


@pytest.mark.parametrize(
    ("actor", "box", "ids"), [(BUREAU, None, [6, 2]), (OFFICER, None, [2]), (BUREAU, Box(120.0, 30.0, 120.015, 31.0), [6])]
)
def test_those_on_the_wrong_side_now_are_told_apart(engine: Engine, actor: Actor, box: Box | None, ids: list[int]) -> None:
    with writing(engine) as session:
        place(session, 3, 30.03, 120.03, "wrong", NOW - timedelta(minutes=21))  # too old to tell
        place(session, 6, 30.01, 120.01, "wrong", NOW)
        session.flush()
        assert [one.subject_id for one in on_the_wrong_side(session, actor, NOW, box)] == ids


def test_who_has_no_position_is_found_without_one(engine: Engine) -> None:
    with reading(engine) as session:
        one = position_of(session, OFFICER, NOW, 5)

    assert one is not None
    assert (one.lon, one.fix_time, one.standing) == (None, None, Standing.SILENT)


def test_a_single_position_is_within_reach_or_none(engine: Engine) -> None:
    with reading(engine) as session:
        mine, others = position_of(session, OFFICER, NOW, 2), position_of(session, OFFICER, NOW, 6)

    assert mine is not None
    assert (mine.standing, others) == (Standing.WRONG, None)
