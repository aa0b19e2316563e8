"""Whatever the bytes, a decoder returns; what it returns fits both databases and the rest of the service."""

from __future__ import annotations

import json
import math
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corrections.domain.model import SOURCES, from_us
from corrections.ingest import osmand, overland, owntracks, system
from corrections.ingest.message import Message
from corrections.ingest.values import Unreadable

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAMES = st.sampled_from(
    ["_type", "lat", "lon", "tst", "acc", "batt", "vel", "cog", "alt", "id", "device_id", "location", "coords", "latitude", "longitude",
     "timestamp", "battery", "level", "locations", "current", "geometry", "coordinates", "type", "properties", "speed", "heading",
     "accuracy", "device", "fix_time", "accuracy_m", "datum", "source", "mock", "topic", "tid", "valid", "subject"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**320), 10**320), st.floats(), st.text(), st.text(alphabet="\ud800\x00a"),
    st.sampled_from(["location", "Point", "Feature", "2026-03-02T08:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59",
                     "WGS84", "gps", 0, -1, 1e308, 2**63, 1780000000]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=8), max_leaves=25
)
BODIES = st.one_of(
    st.binary(),
    VALUES.map(lambda value: json.dumps(value).encode()),  # NaN, Infinity and lone surrogates among them
    VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")),
)


def check(message: Message) -> None:
    """What the store relies on."""
    assert isinstance(message.raw, bytes)
    assert message.fix_us is None or from_us(message.fix_us).year > 0
    assert (message.lat is None) == (message.lon is None)
    assert message.lat is None or (-90 <= message.lat <= 90 and -180 <= (message.lon or 0) <= 180)
    for value in (message.accuracy_m, message.altitude_m, message.speed_mps, message.course_deg, message.battery_pct):
        assert value is None or (isinstance(value, float) and math.isfinite(value))
    assert message.accuracy_m is None or message.accuracy_m > 0
    assert isinstance(message.mock, bool)
    assert 0 <= message.source < len(SOURCES)
    for text in (
        *message.claims,
        message.subject,
        message.flaw.detail if message.flaw else "",
        (message.flaw and message.flaw.field) or "",
    ):
        assert text.isprintable()
        text.encode()


@given(query=st.binary(max_size=200), body=BODIES)
@example(query=b"", body=b"[" * 100_000)
@example(query=b"", body=b'{"lat":' + b"9" * 10_000 + b',"lon":1}')
@example(query=b"id=%ff%00%ed%a0%80&lat=%00&timestamp=%f0%9f", body=b"")
@example(query=b"&".join([b"a=b"] * 50_000), body=b"")
@example(query=b"", body=b"a=b&" * 50_000)
def test_osmand_takes_any_bytes(query: bytes, body: bytes) -> None:
    decoded = osmand.decode(query, body, SHANGHAI)

    for message in decoded.messages:
        check(message)
    for text in decoded.offered:
        text.encode()


@given(fields=st.dictionaries(NAMES, st.text(st.characters(codec="ascii")), max_size=10))
def test_osmand_takes_any_fields(fields: dict[str, str]) -> None:
    for message in osmand.decode("&".join(f"{name}={value}" for name, value in fields.items()).encode(), b"", SHANGHAI).messages:
        check(message)


@pytest.mark.parametrize("decode", [owntracks.decode, overland.decode])
@given(body=BODIES)
@example(body=b"[" * 100_000)
@example(body=b'{"_type":"location","lat":1,"lon":2,"tst":' + b"9" * 10_000 + b"}")
@example(body=b"[" + b"1," * 30_000 + b"1]")
def test_owntracks_and_overland_take_any_bytes(decode: Any, body: bytes) -> None:
    for message in decode(body).messages:
        check(message)


@given(feature=VALUES)
def test_overland_takes_any_feature(feature: Any) -> None:
    for message in overland.decode(json.dumps({"locations": [feature], "current": feature}).encode()).messages:
        check(message)


@given(body=BODIES)
def test_a_systems_body_is_read_or_refused(body: bytes) -> None:
    try:
        messages = system.decode(body)
    except Unreadable:
        messages = []  # refused whole, which is an answer, too

    for message in messages:
        check(message)


@given(report=st.dictionaries(st.sampled_from(system.FIELDS), LEAVES))
def test_any_report_of_a_system_is_read_or_flawed(report: dict[str, Any]) -> None:
    check(system.read({"fix_time": "2026-03-02T08:00:00Z"} | report, b""))
