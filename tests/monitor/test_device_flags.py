"""Doubts about a device: raised by where it rests at night, ended when it is put right, the same whatever came first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from corrections.domain.geodesy import from_wgs84, to_wgs84
from corrections.domain.model import Datum, FlagKind, Scope, ZoneKind, from_us
from corrections.monitor.patterns import PatternWatch
from corrections.records import outlines, zones
from corrections.records.soundness import State, checks
from corrections.settings import Settings
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import Device, DeviceFlag
from tests.monitor.conftest import LAT, LON, M_PER_DEG_LAT, M_PER_DEG_LON, District, build
from tests.unit.lives import at, life

DAYS = 9
LATE = from_us(at(DAYS + 3))
BEGAN = from_us(at(0))


@pytest.fixture
def one(make_district: Callable[..., District], database: Engine) -> District:
    return build(database, Settings(), 1, now=BEGAN + timedelta(days=29))


def a_home(district: District, radius_m: float = 150.0, east_m: float = 0.0) -> None:
    """The subject must be in a small circle about her home at night."""
    with writing(district.engine) as session:
        night = [{"start": "22:00", "until": "06:00"}]
        terms = zones.Terms(
            code="HOME", name="住处", kind=ZoneKind.INCLUSION, scope=Scope.SUBJECT, subject_id=district.subjects[0], windows=night
        )
        outline = outlines.circle(LAT, LON + east_m / M_PER_DEG_LON, radius_m)
        zones.publish_zone(session, None, district.bureau_id, terms, outline, valid_from=BEGAN - timedelta(days=1), now=BEGAN)


def registered(district: District, datum: Datum) -> None:
    with writing(district.engine) as session:
        session.execute(update(Device).values(datum=datum.value))


def month(district: District, declared: Datum, sends: Callable[[int], Datum], **more: Any) -> list[dict[str, Any]]:
    """A life whose phone sends, day by day, what ``sends`` says, and is stored as the registered datum has it."""
    made = []
    for us, east, north in life(DAYS, at_home=set(range(DAYS)), interval_min=30):
        true = LAT + north / M_PER_DEG_LAT, LON + east / M_PER_DEG_LON
        lat, lon = to_wgs84(*from_wgs84(*true, sends((us - at(0)) // 86_400_000_000)), declared)
        made.append(district.report(0, from_us(us), 0.0, lat=lat, lon=lon, **more))
    return made


def look(district: District) -> None:
    district.evaluate(LATE)
    PatternWatch(district.engine, district.settings).run(LATE)


def flags(district: District) -> list[DeviceFlag]:
    with reading(district.engine) as session:
        found = session.exec(select(DeviceFlag).order_by(col(DeviceFlag.since))).all()
        session.expunge_all()
    return list(found)


@pytest.mark.parametrize(
    ("declared", "sends", "kind"),
    [
        (Datum.WGS84, Datum.GCJ02, FlagKind.GCJ02_OFFSET),
        (Datum.GCJ02, Datum.WGS84, FlagKind.GCJ02_OFFSET),
        (Datum.WGS84, Datum.BD09, FlagKind.BD09_OFFSET),
    ],
)
def test_a_datum_mixed_up_is_flagged_after_some_nights(one: District, declared: Datum, sends: Datum, kind: FlagKind) -> None:
    a_home(one)
    registered(one, declared)
    one.store(month(one, declared, lambda day: sends))

    look(one)

    (flag,) = flags(one)
    assert (flag.kind, flag.until) == (kind, None)
    assert flag.since <= from_us(at(4))
    assert (flag.detail["declared"], flag.detail["looks_like"]) == (declared, sends)
    assert "可能" in flag.detail["zh"]
    with reading(one.engine) as session:
        shown = next(check for check in checks(session, one.settings, LATE) if check.name == "device-datum")
    assert (shown.state, shown.concerns) == (State.ATTENTION, [{"device": "P-S0", "kind": kind}])


def test_a_device_that_is_right_is_not_flagged(one: District) -> None:
    a_home(one)
    one.store(month(one, Datum.WGS84, lambda day: Datum.WGS84))

    look(one)

    assert flags(one) == []


def test_without_a_place_to_compare_nothing_is_flagged(one: District) -> None:
    one.store(month(one, Datum.WGS84, lambda day: Datum.GCJ02))

    look(one)

    assert flags(one) == []


def test_it_ends_when_the_datum_is_put_right(one: District) -> None:
    a_home(one)
    one.store(month(one, Datum.WGS84, lambda day: Datum.GCJ02 if day < 5 else Datum.WGS84))

    look(one)

    (flag,) = flags(one)
    assert flag.until is not None
    assert from_us(at(6)) < flag.until < from_us(at(9))


def test_fixes_of_one_phone_that_differ_by_source_are_flagged(one: District) -> None:
    one.store(month(one, Datum.WGS84, lambda day: Datum.WGS84))
    shifted = month(one, Datum.WGS84, lambda day: Datum.GCJ02, source=2)
    one.store([row | {"fix_time": row["fix_time"] + timedelta(minutes=7)} for row in shifted])

    look(one)

    assert [flag.detail["nights"][0]["known_from"] for flag in flags(one)] == ["source"]


def test_the_order_of_arrival_does_not_matter(sqlite_url: str, postgresql_url: str) -> None:
    said = []
    for url, step in ((sqlite_url, 1), (postgresql_url, 3)):
        district = build(open_database(url), Settings(), 1, now=BEGAN + timedelta(days=29))
        a_home(district)
        everything = month(district, Datum.WGS84, lambda day: Datum.GCJ02 if 1 < day < 6 else Datum.WGS84)
        for first in range(step):
            district.store(everything[first::step])
            look(district)
        said.append([(flag.kind, flag.since, flag.until, flag.detail) for flag in flags(district)])
        district.engine.dispose()

    assert said[0] == said[1]
    assert said[0]
