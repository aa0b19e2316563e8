"""Traccar Client's three dialects and GPSLogger's addresses, to the letter."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from corrections.domain.model import to_us
from corrections.ingest import osmand
from corrections.ingest.message import Message, Reason

SHANGHAI = ZoneInfo("Asia/Shanghai")


def us(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


def one(query: str = "", body: str | bytes = b"") -> Message:
    decoded = osmand.decode(query.encode(), body if isinstance(body, bytes) else body.encode(), SHANGHAI)
    (message,) = decoded.messages
    return message


def flat(query: str) -> Message:
    return one(f"id=1&lat=30.2&lon=120.1&{query}")


def test_every_real_message_means_what_its_client_meant(shared: Path) -> None:
    for vector in json.loads((shared / "vectors/osmand.json").read_text())["vectors"]:
        expected, name = vector["expected"], vector["id"]
        message = one(urlsplit(vector["uri"]).query, vector["body"])

        assert message.claims == (expected["device_id"],), name
        if expected["lat"] == expected["lon"] == 0.0:
            assert message.flaw is not None, name
            assert message.flaw.reason is Reason.NULL_ISLAND, name
        else:
            assert (message.lat, message.lon, message.flaw) == (expected["lat"], expected["lon"], None), name
        time = expected["time"]
        if time is None:
            assert message.fix_us is None, name
        elif time.startswith("LOCAL:"):
            assert message.fix_us == us(time.removeprefix("LOCAL:") + "+08:00"), name
        else:
            assert message.fix_us == us(time), name
        assert message.accuracy_m == (expected["accuracy"] or None), name  # an accuracy of 0 is none
        assert message.altitude_m == expected["altitude"], name
        assert message.battery_pct == expected["battery_level"], name
        # Traccar turns the -1 of "not known" into 0; here it stays unknown.
        speed = None if '"speed":-1' in vector["body"] else expected["speed_mps"]
        assert message.speed_mps == (speed if speed is None else pytest.approx(speed, rel=1e-6)), name
        assert message.course_deg == (None if '"heading":-1' in vector["body"] else expected["course"]), name
        assert message.mock is expected["attributes"].get("mock", False), name
        assert message.raw == (vector["body"] or urlsplit(vector["uri"]).query).encode(), name


def test_the_form_body_of_version_10() -> None:
    body = "id=12345678&lat=30.2&lon=120.1&timestamp=1780000000&accuracy=12.0&altitude=8.0&speed=2.72&bearing=90.0&batt=81&charge=false"

    message = one(body=body)

    assert message == Message(
        raw=body.encode(), claims=("12345678",), fix_us=1_780_000_000_000_000, lat=30.2, lon=120.1, accuracy_m=12.0, altitude_m=8.0,
        speed_mps=pytest.approx(2.72 * 1852 / 3600, rel=1e-5), course_deg=90.0, battery_pct=81.0, charging=False,
    )  # fmt: skip


def test_query_and_form_are_merged_and_the_form_counts() -> None:
    message = one("id=7&lat=1&lon=2", "lat=30.2&lon=120.1&timestamp=1780000000")

    assert (message.claims, message.lat, message.lon, message.fix_us) == (("7",), 30.2, 120.1, 1_780_000_000_000_000)
    assert message.raw == b"id=7&lat=1&lon=2&lat=30.2&lon=120.1&timestamp=1780000000"


@pytest.mark.parametrize("name", ["id", "deviceid", "device_id"])
def test_each_name_of_the_device_is_read_and_offered_as_credential(name: str) -> None:
    decoded = osmand.decode(f"{name}=abc&lat=1&lon=2".encode(), b"", SHANGHAI)

    assert decoded.messages[0].claims == ("abc",)
    assert decoded.offered == ("abc",)


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("1780000000", "2026-05-28T20:26:40Z"),
        ("1780000000.5", "2026-05-28T20:26:40.500Z"),
        ("1780000000123", "2026-05-28T20:26:40.123Z"),
        ("2147483646", "2038-01-19T03:14:06Z"),
        ("2147483647", "1970-01-25T20:31:23.647Z"),
        ("2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"),
        ("2026-03-02T08:00:00.5Z", "2026-03-02T08:00:00.500Z"),
        ("2026-03-02T08:00:00%2B08:00", "2026-03-02T00:00:00Z"),
        ("2026-03-02T08:00:00+08:00", "2026-03-02T00:00:00Z"),  # the plus sign of a template that does not escape it
        ("2026-03-02T08:00:00-0700", "2026-03-02T15:00:00Z"),
        ("2026-03-02T08:00:00", "2026-03-02T00:00:00Z"),
        ("2026-03-02+08:00:00", "2026-03-02T00:00:00Z"),
        ("2026-03-02%2008:00:00", "2026-03-02T00:00:00Z"),
    ],
)
def test_each_form_of_time_is_read(given: str, time: str) -> None:
    message = flat(f"timestamp={given}")

    assert (message.fix_us, message.flaw) == (us(time), None)


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01T00:00:00Z", "2026-03-02", "1e400", "nan", "9" * 40, "12:30"])
def test_a_time_that_cannot_be_read_is_a_flaw_and_not_now(given: str) -> None:
    message = flat(f"timestamp={given}")

    assert message.flaw is not None
    assert message.flaw.reason is Reason.BAD_TIME


@pytest.mark.parametrize("query", ["", "timestamp="])
def test_no_time_is_left_to_the_time_of_receipt(query: str) -> None:
    message = flat(query)

    assert (message.fix_us, message.flaw) == (None, None)


@pytest.mark.parametrize(
    "place",
    ["lat=91&lon=1", "lat=-90.001&lon=1", "lat=1&lon=180.5", "lat=nan&lon=1", "lat=1&lon=inf", "lat=abc&lon=1", "lat=1", "lon=1",
     "lat=1_0&lon=1", "lat=1&lon=", "lat=30,5&lon=120,1", "lat=1e400&lon=1", "location=30.2", "location=a,b", "location=91,0"],
)  # fmt: skip
def test_coordinates_that_are_none_are_a_flaw(place: str) -> None:
    message = one(f"id=1&timestamp=1780000000&{place}")

    assert message.flaw is not None
    assert message.flaw.reason is Reason.BAD_COORDINATES
    assert message.lat is message.lon is None


def test_location_holds_latitude_and_longitude() -> None:
    message = one("id=1&location=30.2,120.1")

    assert (message.lat, message.lon) == (30.2, 120.1)


@pytest.mark.parametrize("place", ["lat=0&lon=0", "lat=0.0&lon=-0.0", "location=0,0"])
def test_null_island_is_told_apart(place: str) -> None:
    message = one(f"id=1&timestamp=1780000000&{place}")

    assert message.flaw is not None
    assert message.flaw.reason is Reason.NULL_ISLAND


@pytest.mark.parametrize(
    "query",
    [
        "id=1&timestamp=1780000000&batt=50",
        "id=1&timestamp=1780000000&lat=&lon=",
        "id=1&timestamp=1780000000&cell=460,0,16,2224&wifi=00-14-22-01-23-45,-80",
        "id=1&timestamp=1780000000&alarm=sos",
        "id=1&timestamp=1780000000&lat=30.2&lon=120.1&valid=false",
        "id=1&timestamp=1780000000&lat=0&lon=0&valid=0",
    ],
)
def test_without_a_position_it_is_a_sign_of_life(query: str) -> None:
    message = one(query)

    assert (message.lat, message.lon, message.flaw, message.fix_us) == (None, None, None, 1_780_000_000_000_000)


def test_a_push_token_is_a_sign_of_life_and_is_not_kept() -> None:
    message = one(body="id=1&notificationToken=secret-push-token")

    assert (message.lat, message.flaw, message.raw) == (None, None, b"id=1")


@pytest.mark.parametrize("name", ["token", "access_token"])
def test_a_token_is_offered_and_is_not_kept(name: str) -> None:
    decoded = osmand.decode(f"{name}=sesame&id=1&lat=1&lon=2".encode(), b"", SHANGHAI)

    assert decoded.offered == ("sesame", "1")
    assert decoded.messages[0].raw == b"id=1&lat=1&lon=2"


@pytest.mark.parametrize(("query", "body"), [("", ""), ("token=x", ""), ("", "{}"), ("", "[]"), ("", "  ")])
def test_nothing_said_is_no_message(query: str, body: str) -> None:
    assert osmand.decode(query.encode(), body.encode(), SHANGHAI).messages == []


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ("speed=40", "speed_mps", pytest.approx(20.57776)),
        ("speed=-1", "speed_mps", None),
        ("speed=fast", "speed_mps", None),
        ("bearing=7.2", "course_deg", 7.2),
        ("heading=7.2", "course_deg", 7.2),
        ("bearing=-1", "course_deg", None),
        ("accuracy=12", "accuracy_m", 12.0),
        ("accuracy=0", "accuracy_m", None),
        ("accuracy=-5", "accuracy_m", None),
        ("accuracy=inf", "accuracy_m", None),
        ("hdop=1.2", "accuracy_m", None),
        ("altitude=-3.5", "altitude_m", -3.5),
        ("altitude=nan", "altitude_m", None),
        ("batt=81", "battery_pct", 81.0),
        ("batt=1", "battery_pct", 1.0),
        ("batt=-1", "battery_pct", None),
        ("batt=101", "battery_pct", None),
        ("mock=true", "mock", True),
        ("mock=1", "mock", True),
        ("mock=false", "mock", False),
        ("prov=gps", "source", 1),
        ("prov=network", "source", 0),
        ("prov=", "source", 0),
    ],
)
def test_each_field_of_the_query(query: str, field: str, value: Any) -> None:
    assert getattr(flat(query), field) == value


def test_gpsloggers_address_with_all_its_fields() -> None:
    query = (
        "lat=30.2&lon=120.1&sat=5&desc=&alt=8.5&acc=12.0&dir=90.0&prov=gps&spd_kph=18.0&spd=5.0&timestamp=1780000000"
        "&timeoffset=2026-05-29T04%3A26%3A40%2B08%3A00&time=2026-05-28T20%3A26%3A40Z&starttimestamp=1779990000&date=2026-05-28"
        "&batt=74.0&ischarging=false&aid=a1b2&ser=&act=&filename=20260529&profile=Default%20Profile&hdop=&vdop=&pdop=&dist=0&"
    )

    message = one(query)

    assert message == Message(
        raw=query.encode(), fix_us=1_780_000_000_000_000, lat=30.2, lon=120.1, accuracy_m=12.0, altitude_m=8.5, speed_mps=5.0,
        course_deg=90.0, battery_pct=74.0, charging=False, source=1,
    )  # fmt: skip


def test_gpsloggers_time_and_speeds_alone() -> None:
    message = flat("time=2026-05-28T20:26:40Z&spd_kph=18")

    assert (message.fix_us, message.speed_mps) == (1_780_000_000_000_000, pytest.approx(5.0))


def location(**changes: Any) -> dict[str, Any]:
    coords = {"latitude": 30.2, "longitude": 120.1, "accuracy": 5, "speed": 5.0, "heading": 90, "altitude": 8}
    return {"timestamp": "2026-05-28T20:26:40.000Z", "coords": coords, "battery": {"level": 0.55, "is_charging": True}} | changes


def test_the_json_of_version_9() -> None:
    message = one(body=json.dumps({"location": location(mock=True), "device_id": 48241179}))

    assert (message.claims, message.lat, message.lon, message.fix_us) == (("48241179",), 30.2, 120.1, 1_780_000_000_000_000)
    assert (message.accuracy_m, message.speed_mps, message.course_deg, message.altitude_m) == (5.0, 5.0, 90.0, 8.0)
    assert (message.battery_pct, message.mock) == (pytest.approx(55.0), True)


def test_json_that_is_flat_or_flat_below_location() -> None:
    below = one(body=json.dumps({"device_id": "a", "location": {"latitude": 30.2, "longitude": 120.1, "timestamp": 1780000000}}))
    bare = one(body=json.dumps({"id": "a", "lat": 30.2, "lon": "120.1", "timestamp": "2026-05-28T20:26:40Z", "acc": 9, "batt": 40}))

    assert (below.claims, below.lat, below.lon, below.fix_us) == (("a",), 30.2, 120.1, 1_780_000_000_000_000)
    assert (bare.claims, bare.lat, bare.lon, bare.fix_us) == (("a",), 30.2, 120.1, 1_780_000_000_000_000)
    assert (bare.accuracy_m, bare.battery_pct) == (9.0, 40.0)


def test_json_without_coordinates_is_a_sign_of_life() -> None:
    message = one(body=json.dumps({"location": location(coords=None, extras={"heartbeat": True}), "device_id": "a"}))

    assert (message.lat, message.flaw, message.battery_pct) == (None, None, pytest.approx(55.0))


def test_an_array_is_so_many_messages_each_with_its_own_bytes() -> None:
    bodies = [json.dumps({"location": location(odometer=n), "device_id": "a"}) for n in range(3)]

    decoded = osmand.decode(b"", f"[{bodies[0]}, {bodies[1]},{bodies[2]}]".encode(), SHANGHAI)

    assert [message.raw for message in decoded.messages] == [body.encode() for body in bodies]


def test_a_list_of_locations_is_so_many_messages() -> None:
    body = json.dumps({"device_id": "a", "location": [location(), location(timestamp="2026-05-28T20:27:40Z"), 3]})

    first, second, third = osmand.decode(b"", body.encode(), SHANGHAI).messages

    assert (first.claims, second.claims) == (("a",), ("a",))
    assert (second.fix_us or 0) - (first.fix_us or 0) == 60_000_000
    assert third.flaw is not None


@pytest.mark.parametrize("body", ["garbage", "{", '{"location":', "[1]", "\x00\x01", '{"location": {"coords": 3}}'])
def test_what_cannot_be_read_is_one_flawed_message_with_its_bytes(body: str) -> None:
    message = one(body=body)

    assert message.flaw is not None
    assert message.raw in body.encode()


def test_one_value_that_is_no_json_spoils_its_own_message_only() -> None:
    good = json.dumps({"location": location(), "device_id": "a"})

    first, second = osmand.decode(b"", f'[{good},{{"lat":NaN,"lon":1e999,"id":"\\ud800"}}]'.encode(), SHANGHAI).messages

    assert (first.lat, first.flaw) == (30.2, None)
    assert second.flaw is not None
    assert second.claims == ("?",)


def test_of_an_array_the_first_name_is_offered_as_credential() -> None:
    body = json.dumps([{"batt": 3}, {"id": "first", "batt": 4}, {"id": "second"}])

    assert osmand.decode(b"token=t", body.encode(), SHANGHAI).offered == ("t", "first")
