"""Reports from other systems: strict, and clear about what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from corrections.domain.model import ClientState, Datum
from corrections.ingest import system
from corrections.ingest.message import Message, Reason
from corrections.ingest.values import Unreadable


def report(**changes: Any) -> dict[str, Any]:
    told = {"device": "band-7", "fix_time": "2026-05-29T04:26:40+08:00", "lat": 30.2, "lon": 120.1}
    return {name: value for name, value in (told | changes).items() if value != "left out"}


def one(**changes: Any) -> Message:
    (message,) = system.decode(json.dumps(report(**changes)).encode())
    return message


def test_a_report_with_all_its_fields() -> None:
    told = report(
        accuracy_m=12, source="gps", altitude_m=8, speed_mps=5, course_deg=90, battery_pct=81, charging=False,
        client_state="power_save", mock=True, datum="GCJ02", subject="S1",
    )  # fmt: skip

    (message,) = system.decode(json.dumps(told).encode())

    assert message == Message(
        raw=json.dumps(told).encode(), claims=("band-7",), fix_us=1_780_000_000_000_000, lat=30.2, lon=120.1, accuracy_m=12.0,
        altitude_m=8.0, speed_mps=5.0, course_deg=90.0, battery_pct=81.0, charging=False,
        client_state=ClientState.POWER_SAVE, mock=True, source=1, datum=Datum.GCJ02, subject="S1",
    )  # fmt: skip


@pytest.mark.parametrize("lat", ["left out", None])
def test_without_coordinates_it_is_a_sign_of_life(lat: Any) -> None:
    message = one(lat=lat, lon=lat)

    assert (message.lat, message.lon, message.flaw) == (None, None, None)


@pytest.mark.parametrize("accuracy_m", [None, 0])
def test_an_accuracy_of_zero_is_not_claimed(accuracy_m: Any) -> None:
    message = one(accuracy_m=accuracy_m)

    assert (message.accuracy_m, message.flaw) == (None, None)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"latitude": 30.2}, Reason.UNKNOWN_FIELD, "latitude"),
        ({"fix_time": "left out"}, Reason.MISSING_FIELD, "fix_time"),
        ({"fix_time": "2026-05-29T04:26:40"}, Reason.BAD_TIME, "fix_time"),
        ({"fix_time": 1780000000}, Reason.BAD_TIME, "fix_time"),
        ({"lat": "30.2"}, Reason.BAD_COORDINATES, "lat"),
        ({"lat": 91}, Reason.BAD_COORDINATES, "lat"),
        ({"lon": -180.1}, Reason.BAD_COORDINATES, "lon"),
        ({"lon": "left out"}, Reason.BAD_COORDINATES, "lon"),
        ({"lat": True}, Reason.BAD_COORDINATES, "lat"),
        ({"lat": 0, "lon": 0}, Reason.NULL_ISLAND, "lat"),
        ({"accuracy_m": -1}, Reason.BAD_VALUE, "accuracy_m"),
        ({"accuracy_m": "12"}, Reason.BAD_VALUE, "accuracy_m"),
        ({"altitude_m": 1e7}, Reason.BAD_VALUE, "altitude_m"),
        ({"speed_mps": -1}, Reason.BAD_VALUE, "speed_mps"),
        ({"course_deg": 361}, Reason.BAD_VALUE, "course_deg"),
        ({"battery_pct": 101}, Reason.BAD_VALUE, "battery_pct"),
        ({"mock": "true"}, Reason.BAD_VALUE, "mock"),
        ({"device": 7}, Reason.BAD_VALUE, "device"),
        ({"device": "a\u0000b"}, Reason.BAD_VALUE, "device"),
        ({"source": "satellite"}, Reason.BAD_VALUE, "source"),
        ({"source": ["gps"]}, Reason.BAD_VALUE, "source"),
        ({"datum": "WGS-84"}, Reason.BAD_VALUE, "datum"),
        ({"datum": {}}, Reason.BAD_VALUE, "datum"),
    ],
)
def test_a_fault_names_its_field(changes: dict[str, Any], reason: Reason, field: str) -> None:
    message = one(**changes)

    assert message.flaw is not None
    assert (message.flaw.reason, message.flaw.field) == (reason, field)
    assert message.lat is None or reason is Reason.BAD_TIME


def test_an_array_is_so_many_reports_and_a_faulty_one_spoils_itself_only() -> None:
    body = json.dumps([report(), 3, report(lat=91), report()]).encode()

    assert [message.flaw is None for message in system.decode(body)] == [True, False, False, True]
    assert system.decode(b"[]") == []


@pytest.mark.parametrize("body", [b"", b"3", b"null", b'"text"', b"{", b"nonsense", b"\xff\xfe"])
def test_what_is_neither_a_report_nor_an_array_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Unreadable):
        system.decode(body)
