"""Overland's batches, to the letter."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from corrections.domain.model import to_us
from corrections.ingest import overland
from corrections.ingest.message import MOST_MESSAGES, Message, Reason


def feature(place: Any = (120.1, 30.2), **changes: Any) -> dict[str, Any]:
    told = {
        "timestamp": "2026-05-29T04:26:40+0800", "altitude": 8, "speed": 4, "course": 90, "horizontal_accuracy": 30,
        "battery_level": 0.8, "battery_state": "charging", "device_id": "band-7", "unique_id": "", "motion": ["walking"], "wifi": "",
    }  # fmt: skip
    geometry = {"type": "Point", "coordinates": list(place)} if isinstance(place, tuple) else place
    return {"type": "Feature", "geometry": geometry, "properties": told | changes}


def batch(*features: Any, **others: Any) -> bytes:
    return json.dumps({"locations": list(features), **others}).encode()


def one(*args: Any, **changes: Any) -> Message:
    (message,) = overland.decode(batch(feature(*args, **changes))).messages
    return message


def test_every_real_message_means_what_its_client_meant(shared: Path) -> None:
    vectors = [v for v in json.loads((shared / "vectors/owntracks.json").read_text())["vectors"] if v["id"].startswith("overland")]
    for vector in vectors:
        messages = overland.decode(vector["body"].encode()).messages

        assert len(messages) == len(vector["expected"])
        for message, expected in zip(messages, vector["expected"], strict=True):
            assert (message.lat, message.lon, message.flaw) == (expected["lat"], expected["lon"], None)
            assert message.fix_us == to_us(datetime.fromisoformat(expected["time"]))
            assert message.accuracy_m == expected["accuracy"]
            assert message.speed_mps == expected["speed_mps"]
            assert message.battery_pct == pytest.approx(expected["battery_level"])
    assert vectors


def test_a_feature() -> None:
    assert one() == Message(
        raw=json.dumps(feature()).encode(), claims=("band-7",), fix_us=1_780_000_000_000_000, lat=30.2, lon=120.1, accuracy_m=30.0,
        altitude_m=8.0, speed_mps=4.0, course_deg=90.0, battery_pct=80.0, charging=True,
    )  # fmt: skip


@pytest.mark.parametrize("given", ["2026-05-28T13:26:40-0700", "2026-05-28T20:26:40Z", "2026-05-28T20:26:40.000+00:00"])
def test_times_have_an_offset(given: str) -> None:
    assert one(timestamp=given).fix_us == 1_780_000_000_000_000


@pytest.mark.parametrize("field", ["speed", "course", "horizontal_accuracy", "battery_level"])
@pytest.mark.parametrize("given", [-1, None, "4", True])
def test_negative_is_not_known(field: str, given: Any) -> None:
    name = {"speed": "speed_mps", "course": "course_deg", "horizontal_accuracy": "accuracy_m", "battery_level": "battery_pct"}[field]

    message = one(**{field: given})

    assert (getattr(message, name), message.lat, message.flaw) == (None, 30.2, None)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ((120.1, 91.0), Reason.BAD_COORDINATES),
        ((30.2,), Reason.BAD_COORDINATES),
        (("120.1", "30.2"), Reason.BAD_COORDINATES),
        ((None, 30.2), Reason.BAD_COORDINATES),
        ((0, 0), Reason.NULL_ISLAND),
        ({"type": "LineString", "coordinates": [[120.1, 30.2], [120.2, 30.3]]}, Reason.BAD_COORDINATES),
        ({"type": "Point"}, Reason.BAD_COORDINATES),
        ("here", Reason.BAD_COORDINATES),
    ],
)
def test_a_geometry_that_is_no_place_is_a_flaw(place: Any, reason: Reason) -> None:
    message = one(place)

    assert message.flaw is not None
    assert (message.flaw.reason, message.lat) == (reason, None)


@pytest.mark.parametrize("given", [None, "2026-05-28T20:26:40", "yesterday", 1780000000])
def test_a_position_without_a_readable_time_is_a_flaw(given: Any) -> None:
    message = one(timestamp=given)

    assert message.flaw is not None
    assert message.flaw.reason is Reason.BAD_TIME


def test_a_feature_without_geometry_is_a_sign_of_life() -> None:
    message = one(None, action="will_terminate")

    assert (message.lat, message.flaw, message.fix_us) == (None, None, 1_780_000_000_000_000)


def test_a_batch_keeps_each_features_own_bytes() -> None:
    features = [feature(altitude=n) for n in range(3)]

    assert [message.raw for message in overland.decode(batch(*features)).messages] == [json.dumps(one).encode() for one in features]


def test_the_newest_fix_comes_along_as_current() -> None:
    newest = feature((120.5, 30.5))

    assert [message.lon for message in overland.decode(batch(feature(), current=newest)).messages] == [120.1, 120.5]
    assert len(overland.decode(batch(feature(), current=feature((0, 0)), trip={"distance": 3})).messages) == 1


def test_an_empty_batch_holds_no_message() -> None:
    assert overland.decode(batch()).messages == []
    assert overland.decode(b"").messages == []


@pytest.mark.parametrize("body", ["{}", "[]", "3", "null", "{", '{"locations":{}}', '{"locations":null}', "nonsense"])
def test_what_is_no_batch_is_one_flawed_message(body: str) -> None:
    (message,) = overland.decode(body.encode()).messages

    assert message.flaw is not None
    assert message.flaw.reason is Reason.UNREADABLE
    assert message.raw == body.encode()


def test_a_batch_beyond_all_measure_is_one_flawed_message() -> None:
    for start in ("", "\ufeff"):  # the second takes the slower of the two ways
        body = start.encode() + b'{"locations":[' + b"1," * MOST_MESSAGES + b"1]}"

        (message,) = overland.decode(body).messages

        assert message.flaw is not None


def test_a_faulty_feature_spoils_itself_only() -> None:
    good = json.dumps(feature())
    bad = '{"type":"Feature","geometry":{"type":"Point","coordinates":[1e999,NaN]},"properties":{"wifi":"\\ud800"}}'

    messages = overland.decode(f'{{"locations":[{good},{bad},7,{good}]}}'.encode()).messages

    assert [message.flaw is None for message in messages] == [True, False, False, True]
