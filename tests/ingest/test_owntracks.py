"""OwnTracks in HTTP mode, to the letter."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from corrections.domain.model import to_us
from corrections.ingest import owntracks
from corrections.ingest.message import Message, Reason


def one(content: Any) -> Message:
    (message,) = owntracks.decode(content.encode() if isinstance(content, str) else json.dumps(content).encode()).messages
    return message


def location(**changes: Any) -> dict[str, Any]:
    told = {"_type": "location", "lat": 30.2, "lon": 120.1, "tst": 1780000000, "acc": 15, "batt": 46, "vel": 36, "cog": 271, "alt": 8}
    return {name: value for name, value in (told | changes).items() if value != "left out"}


def test_every_real_message_means_what_its_client_meant(shared: Path) -> None:
    for vector in json.loads((shared / "vectors/owntracks.json").read_text())["vectors"]:
        expected, name = vector["expected"], vector["id"]
        if name.startswith("overland"):
            continue
        decoded = owntracks.decode(vector["body"].encode())
        if expected is None:
            assert all(message.flaw is not None for message in decoded.messages), name
            assert len(decoded.messages) == (0 if vector["body"] in ("", "{}", "null") else 1), name
            continue
        (message,) = decoded.messages

        assert (message.lat, message.lon, message.flaw) == (expected["lat"], expected["lon"], None), name
        assert message.fix_us == to_us(datetime.fromisoformat(expected["time"])), name
        assert message.claims[:1] == ((expected["id"],) if expected["id"] else ()), name
        assert message.accuracy_m == expected["accuracy"], name
        assert message.altitude_m == expected["altitude"], name
        assert message.course_deg == expected["course"], name
        assert message.battery_pct == expected["battery_level"], name
        speed = expected["speed_mps"]
        assert message.speed_mps == (speed if speed is None else pytest.approx(speed, rel=1e-6)), name
        assert message.raw == vector["body"].encode(), name


def test_a_location() -> None:
    assert one(location()) == Message(
        raw=json.dumps(location()).encode(), fix_us=1_780_000_000_000_000, lat=30.2, lon=120.1, accuracy_m=15.0, altitude_m=8.0,
        speed_mps=10.0, course_deg=271.0, battery_pct=46.0,
    )  # fmt: skip


def test_it_is_named_by_its_topic_the_topics_device_and_its_tid() -> None:
    assert one(location(topic="owntracks/jane/phone", tid="jp")).claims == ("owntracks/jane/phone", "phone", "jp")


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"{}", b"null", b"[]", b"[{}, null]"])
def test_an_empty_body_holds_no_message(body: bytes) -> None:
    assert owntracks.decode(body).messages == []


def test_an_array_holds_several_messages_each_with_its_own_bytes() -> None:
    bodies = [json.dumps(location(tst=1780000000 + n)) for n in range(3)]

    messages = owntracks.decode(f"[{','.join(bodies)}]".encode()).messages

    assert [message.raw for message in messages] == [body.encode() for body in bodies]
    assert [message.fix_us for message in messages] == [1_780_000_000_000_000 + n * 1_000_000 for n in range(3)]


@pytest.mark.parametrize("wrong", [None, "75", [], {}, True, -1, 101])
def test_a_wrong_battery_is_dropped(wrong: Any) -> None:
    message = one(location(batt=wrong))

    assert (message.battery_pct, message.lat, message.flaw) == (None, 30.2, None)


@pytest.mark.parametrize("wrong", [None, "36", [], True, -1])
def test_a_wrong_speed_is_dropped(wrong: Any) -> None:
    message = one(location(vel=wrong))

    assert (message.speed_mps, message.lat, message.flaw) == (None, 30.2, None)


@pytest.mark.parametrize("unknown", [0, -1, None, "15", "left out"])
def test_an_accuracy_of_zero_or_none_is_not_known(unknown: Any) -> None:
    assert one(location(acc=unknown)).accuracy_m is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lat": None}, Reason.BAD_COORDINATES),
        ({"lat": "30.2"}, Reason.BAD_COORDINATES),
        ({"lat": "left out"}, Reason.BAD_COORDINATES),
        ({"lon": [120.1]}, Reason.BAD_COORDINATES),
        ({"lon": True}, Reason.BAD_COORDINATES),
        ({"lat": 91}, Reason.BAD_COORDINATES),
        ({"lat": 0, "lon": 0}, Reason.NULL_ISLAND),
        ({"tst": None}, Reason.BAD_TIME),
        ({"tst": "1780000000"}, Reason.BAD_TIME),
        ({"tst": "left out"}, Reason.BAD_TIME),
        ({"tst": 10**40}, Reason.BAD_TIME),
        ({"_type": 3}, Reason.UNREADABLE),
        ({"_type": "left out"}, Reason.UNREADABLE),
        ({"_type": "encrypted", "data": "b64"}, Reason.UNREADABLE),
    ],
)
def test_a_wrong_place_time_or_type_is_a_flaw(changes: dict[str, Any], reason: Reason) -> None:
    message = one(location(**changes))

    assert message.flaw is not None
    assert message.flaw.reason is reason
    assert message.lat is None or reason is Reason.BAD_TIME


@pytest.mark.parametrize("kind", ["transition", "status", "steps", "beacon", "lwt", "waypoint", "waypoints", "card", "cmd", "request"])
def test_other_types_are_signs_of_life_without_a_position(kind: str) -> None:
    message = one({"_type": kind, "tst": 1780000000, "wtst": 1700000000, "lat": 30.2, "lon": 120.1, "acc": 5, "event": "enter"})

    assert (message.lat, message.lon, message.flaw) == (None, None, None)


def test_only_types_that_tell_of_an_event_bring_its_time() -> None:
    assert one({"_type": "transition", "tst": 1780000000}).fix_us == 1_780_000_000_000_000
    assert one({"_type": "waypoint", "tst": 1500000000}).fix_us is None  # when the waypoint was made
    assert one({"_type": "lwt", "tst": 1500000000}).fix_us is None  # when the connection was made


@pytest.mark.parametrize("body", ["[[1]]", "3", '"text"', "{", "nonsense", '[{"_type":"location"},{]'])
def test_what_is_no_message_is_flawed(body: str) -> None:
    assert [message.flaw is not None for message in owntracks.decode(body.encode()).messages] == [True]


def test_one_value_that_is_no_json_spoils_its_own_message_only() -> None:
    body = f'[{json.dumps(location())},{{"_type":"location","lat":NaN,"lon":1e999,"tst":1}}]'

    first, second = owntracks.decode(body.encode()).messages

    assert (first.lat, first.flaw) == (30.2, None)
    assert second.flaw is not None
