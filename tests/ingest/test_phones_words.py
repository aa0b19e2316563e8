"""What phones say of themselves, as each client says it: whether they charge, and whether the app may and does read the location."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest

from corrections.domain.model import ClientState
from corrections.ingest import osmand, overland, owntracks
from corrections.ingest.message import Flaw, Message, Reason

from .conftest import District

NOTHING = ClientState.NOTHING


def of_osmand(query: str = "", body: Any = None) -> Message:
    (message,) = osmand.decode(query.encode(), json.dumps(body).encode() if body is not None else b"", UTC).messages
    return message


def of_owntracks(**told: Any) -> Message:
    (message,) = owntracks.decode(json.dumps(told).encode()).messages
    return message


def of_overland(geometry: Any = None, **told: Any) -> Message:
    properties = {"timestamp": "2026-03-02T12:00:00+08:00"} | told
    body = {"locations": [{"type": "Feature", "geometry": geometry, "properties": properties}]}
    (message,) = overland.decode(json.dumps(body).encode()).messages
    return message


@pytest.mark.parametrize(
    ("query", "charging"),
    [
        ("batt=50&charge=true", True), ("batt=50&charge=false", False), ("batt=50", None), ("ischarging=true", True),
        ("ischarging=false", False), ("charge=", None), ("charge=perhaps", None),
    ],
)  # fmt: skip
def test_osmands_query_says_whether_it_charges(query: str, charging: bool | None) -> None:
    assert of_osmand(f"lat=1&lon=2&{query}").charging is charging


@pytest.mark.parametrize(
    ("battery", "charging"),
    [({"level": 0.5, "is_charging": True}, True), ({"level": 0.5, "is_charging": False}, False), ({"level": 0.5}, None), (0.5, None)],
)
def test_the_json_of_version_9_says_whether_it_charges(battery: Any, charging: bool | None) -> None:
    told = {"location": {"coords": {"latitude": 1.0, "longitude": 2.0}, "battery": battery}, "device_id": "x"}

    assert of_osmand(body=told).charging is charging


def test_an_alarm_is_the_persons_and_says_nothing_of_the_phone() -> None:
    assert of_osmand("lat=1&lon=2&alarm=sos").client_state is NOTHING


@pytest.mark.parametrize(("bs", "charging"), [(0, None), (1, False), (2, True), (3, True), (7, None), ("2", None), (None, None)])
@pytest.mark.parametrize("kind", ["location", "status"])
def test_owntracks_battery_status(kind: str, bs: Any, charging: bool | None) -> None:
    assert of_owntracks(_type=kind, lat=1.0, lon=2.0, tst=1_780_000_000, bs=bs).charging is charging


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"iOS": {"locationManagerAuthorizationStatus": "kCLAuthorizationStatusDenied"}}, ClientState.PERMISSION_OFF),
        ({"iOS": {"locationManagerAuthorizationStatus": "kCLAuthorizationStatusRestricted"}}, ClientState.PERMISSION_OFF),
        ({"iOS": {"locationManagerAuthorizationStatus": "kCLAuthorizationStatusNotDetermined"}}, ClientState.PERMISSION_OFF),
        ({"iOS": {"locationManagerAuthorizationStatus": "kCLAuthorizationStatusAuthorizedAlways"}}, ClientState.ALLOWED),
        ({"iOS": {"locationManagerAuthorizationStatus": "kCLAuthorizationStatusAuthorizedWhenInUse"}}, ClientState.ALLOWED),
        ({"iOS": {"locationManagerAuthorizationStatus": ["odd"]}}, NOTHING),
        ({"iOS": {"version": "18"}}, NOTHING),
        ({"android": {"loc": 0, "ps": 0, "bo": 0, "hib": 0, "wifi": 1}}, ClientState.ALLOWED),
        ({"android": {"loc": -3, "ps": 0}}, ClientState.ALLOWED),
        ({"android": {"loc": -4, "ps": 1}}, ClientState.PERMISSION_OFF),
        ({"android": {"loc": 0, "ps": 1}}, ClientState.POWER_SAVE),
        ({"android": {"loc": "off"}}, NOTHING),
        ({"loc": -4}, ClientState.PERMISSION_OFF),  # older apps
        ({"ps": 1}, ClientState.POWER_SAVE),
        ({}, NOTHING),
    ],
)
def test_owntracks_status_says_whether_the_app_may_read_the_location(told: dict[str, Any], state: ClientState) -> None:
    assert of_owntracks(_type="status", **told).client_state is state


@pytest.mark.parametrize(
    ("m", "state"), [(-1, ClientState.STOPPED), (0, ClientState.STOPPED), (1, NOTHING), (2, NOTHING), ("0", NOTHING), (None, NOTHING)]
)
def test_owntracks_in_a_mode_that_sends_nothing_by_itself_was_stopped(m: Any, state: ClientState) -> None:
    assert of_owntracks(_type="location", lat=1.0, lon=2.0, tst=1_780_000_000, m=m).client_state is state


def test_a_connection_that_was_lost_says_nothing_of_why() -> None:
    assert of_owntracks(_type="lwt", tst=1_780_000_000).client_state is NOTHING


@pytest.mark.parametrize(
    ("state", "charging"), [("charging", True), ("full", True), ("unplugged", False), ("unknown", None), (3, None), ([], None)]
)
def test_overlands_battery_state(state: Any, charging: bool | None) -> None:
    assert of_overland(battery_state=state).charging is charging


@pytest.mark.parametrize(("action", "state"), [("will_terminate", ClientState.STOPPED), ("visit", NOTHING), (None, NOTHING), ([], NOTHING)])
def test_overland_says_when_it_is_closed(action: Any, state: ClientState) -> None:
    assert of_overland(action=action).client_state is state


def test_what_a_message_that_is_put_aside_says_of_the_phone_is_kept(district: District) -> None:
    phone = district.phone()
    flaw = Flaw(Reason.BAD_COORDINATES, "latitude", "lat")

    district.take(phone, Message(raw=b"x", battery_pct=9.0, charging=False, client_state=ClientState.STOPPED, flaw=flaw))

    (report,) = district.reports()
    assert (report.lat, report.battery_pct, report.charging, report.client_state) == (None, 9.0, False, ClientState.STOPPED)
