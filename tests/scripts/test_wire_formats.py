"""What the simulated phones put on the wire, read by the service's own decoders: nothing of a fix is lost or changed."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from corrections.domain.geodesy import distance_m, to_wgs84
from corrections.domain.model import Datum, to_us
from corrections.ingest import osmand, overland, owntracks
from corrections.ingest.message import Message
from scripts import wire_formats
from scripts.movements import Fix
from scripts.sample_district import Client
from scripts.wire_formats import Identity

PHONE = Identity("YX-D0001", "abcdefghijklmnopqrstuvwxyz")
FIX = Fix(
    at=datetime(2026, 5, 19, 3, 4, 5, tzinfo=UTC),
    lat=41.512345,
    lon=122.716789,
    accuracy_m=23.0,
    altitude_m=61.0,
    speed_mps=5.0,
    course_deg=87.0,
    battery_pct=64.0,
)
TRACCAR = (Client.TRACCAR_8, Client.TRACCAR_9, Client.TRACCAR_10)


def parts(message: bytes) -> tuple[str, str, dict[str, str], bytes]:
    head, _, body = message.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    return method, target, dict(line.split(": ", 1) for line in lines), body


def read(client: Client, fixes: Sequence[Fix], identity: Identity = PHONE) -> list[Message]:
    _, target, _, body = parts(wire_formats.request(client, identity, fixes))
    if client in TRACCAR:
        return osmand.decode(urlsplit(target).query.encode(), body, ZoneInfo("Asia/Shanghai")).messages
    decoded = owntracks.decode(body) if client is Client.OWNTRACKS else overland.decode(body)
    return decoded.messages


@pytest.mark.parametrize("client", list(Client))
def test_each_client_tells_the_whole_fix(client: Client) -> None:
    (message,) = read(client, [FIX])

    assert message.flaw is None
    assert (message.fix_us, message.lat, message.lon) == (to_us(FIX.at), FIX.lat, FIX.lon)
    assert (message.accuracy_m, message.altitude_m, message.course_deg) == (23.0, 61.0, 87.0)
    assert message.speed_mps == pytest.approx(5.0, abs=0.01)
    assert message.battery_pct == pytest.approx(64.0)
    assert message.mock is False


@pytest.mark.parametrize("client", list(Client))
def test_each_client_leaves_out_what_it_does_not_know(client: Client) -> None:
    (message,) = read(client, [Fix(at=FIX.at, lat=FIX.lat, lon=FIX.lon)])

    assert message.flaw is None
    assert message.accuracy_m is None


def test_the_three_dialects_of_traccar_differ_in_form() -> None:
    old, middle, new = (parts(wire_formats.request(client, PHONE, [FIX])) for client in TRACCAR)

    assert (old[0], urlsplit(old[1]).path, old[3]) == ("POST", "/ingest/osmand", b"")
    assert float(parse_qs(urlsplit(old[1]).query)["speed"][0]) == pytest.approx(9.71922)
    assert json.loads(middle[3])["location"]["coords"]["speed"] == 5.0
    assert b"speed=9.72" in new[3]
    assert new[2]["Content-Type"] == "application/x-www-form-urlencoded"


def test_only_the_oldest_client_tells_feigned_positions() -> None:
    feigned = Fix(at=FIX.at, lat=FIX.lat, lon=FIX.lon, mock=True)

    assert [read(client, [feigned])[0].mock for client in Client] == [client is Client.TRACCAR_8 for client in Client]


def test_owntracks_and_overland_authenticate_in_their_own_way() -> None:
    basic = parts(wire_formats.request(Client.OWNTRACKS, PHONE, [FIX]))[2]
    bearer = parts(wire_formats.request(Client.OVERLAND, PHONE, [FIX]))[2]

    assert base64.b64decode(basic["Authorization"].removeprefix("Basic ")).decode() == f"{PHONE.device}:{PHONE.credential}"
    assert (basic["X-Limit-U"], basic["X-Limit-D"]) == ("YX-D0001", "phone")
    assert bearer["Authorization"] == f"Bearer {PHONE.credential}"


def test_overland_sends_many_fixes_at_once_and_the_others_one() -> None:
    messages = read(Client.OVERLAND, [FIX] * 150)

    assert len(messages) == 150
    assert [wire_formats.batch_size(client) > 1 for client in Client] == [client is Client.OVERLAND for client in Client]


@pytest.mark.parametrize("client", list(Client))
def test_a_shifted_phone_sends_its_own_datum(client: Client) -> None:
    (message,) = read(client, [FIX], Identity("YX-D0001", "x", Datum.GCJ02))

    assert message.lat is not None
    assert message.lon is not None
    assert distance_m(message.lat, message.lon, FIX.lat, FIX.lon) > 100
    assert distance_m(*to_wgs84(message.lat, message.lon, Datum.GCJ02), FIX.lat, FIX.lon) < 0.1


@pytest.mark.parametrize(
    ("client", "status", "body", "expected"),
    [
        (Client.TRACCAR_8, 302, b"", True),
        (Client.TRACCAR_8, 400, b"", False),
        (Client.TRACCAR_10, 302, b"", False),
        (Client.TRACCAR_9, 200, b"", True),
        (Client.OWNTRACKS, 200, b"not json", True),
        (Client.OVERLAND, 200, b'{"result":"ok"}', True),
        (Client.OVERLAND, 200, b"[]", False),
        (Client.OVERLAND, 200, b"", False),
        (Client.OVERLAND, 503, b'{"result":"ok"}', False),
    ],
)
def test_what_each_client_takes_for_success(client: Client, status: int, body: bytes, expected: bool) -> None:
    assert wire_formats.delivered(client, status, body) is expected
