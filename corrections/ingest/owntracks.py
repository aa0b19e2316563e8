"""OwnTracks in HTTP mode: one JSON message a request, told apart by ``_type``.

Only ``location`` holds the place where the phone is. The position in a ``transition`` may be one that the phone remembered, and
its time is that of the crossing, so it proves contact and no place; a location follows it. ``status``, ``lwt``, ``steps``,
``waypoint(s)``, ``card``, ``beacon``, ``cmd`` are signs of life, too. ``encrypted`` cannot be read and is put aside.
Units: ``vel`` km/h, ``acc`` and ``alt`` m, ``batt`` per cent, ``tst`` epoch seconds.

Of itself the app says: ``bs`` (1 unplugged, 2 charging, 3 full); in ``status``, of iOS, ``locationManagerAuthorizationStatus``, of Android,
``loc`` (0 to -3: it may read the location, in the background or not; -4: it may not) and ``ps`` (1: the phone saves power), nested by
platform or, in older ones, not; in ``location``, ``m``: the mode of monitoring, -1 quiet and 0 manual, in which nothing is sent by itself.
``lwt`` is the broker's word that a connection was lost, and says nothing of why.
Source: OwnTracks booklet, tech/json; MessageStatus of its Android app; OwnTracksAppDelegate of its iOS app.
"""

from __future__ import annotations

from typing import Any

from corrections.domain.model import ClientState
from corrections.ingest import values
from corrections.ingest.message import Decoded, Flaw, Message, Reason
from corrections.ingest.values import Unreadable

_IOS = "kCLAuthorizationStatus"
_IOS_OFF = frozenset({_IOS + "Denied", _IOS + "Restricted", _IOS + "NotDetermined"})
_IOS_ALLOWED = frozenset({_IOS + "AuthorizedAlways", _IOS + "AuthorizedWhenInUse"})
_CHARGING = {1.0: False, 2.0: True, 3.0: True}
_TIMED = frozenset({"transition", "status", "steps", "beacon"})  # whose tst is the time of the event itself


def decode(body: bytes) -> Decoded:
    """The messages of one body; an empty one, ``{}``, ``null`` and ``[]`` hold none.

    A wrong-typed ``batt`` or ``vel`` is dropped; a wrong-typed ``lat``, ``lon``, ``tst`` or ``_type`` is a flaw.
    """
    if not body.strip():
        return Decoded([])
    try:
        found = values.members(body)
    except Unreadable as fault:
        return Decoded([values.unreadable(body, str(fault))])
    return Decoded([_message(value, raw) for value, raw in found if value is not None and value != {}])


def _message(value: Any, raw: bytes) -> Message:
    if not isinstance(value, dict):
        return values.unreadable(raw, "not an object")
    kind = value.get("_type")
    if not isinstance(kind, str):
        return Message(raw=raw, claims=_claims(value), flaw=Flaw(Reason.UNREADABLE, "no _type", "_type"))
    if kind == "location":
        return _location(value, raw)
    if kind == "encrypted":
        return Message(raw=raw, claims=_claims(value), flaw=Flaw(Reason.UNREADABLE, "encrypted"))
    fix_us = values.seconds_us(values.number(value.get("tst"))) if kind in _TIMED else None
    return Message(
        raw=raw,
        claims=_claims(value),
        fix_us=fix_us,
        battery_pct=_battery(value),
        charging=_charging(value),
        client_state=_status(value) if kind == "status" else ClientState.NOTHING,
    )


def _location(value: dict[str, Any], raw: bytes) -> Message:
    number = values.number
    lat, lon, flaw = values.coordinates(values.number_else_nan(value.get("lat")), values.number_else_nan(value.get("lon")))
    fix_us = values.seconds_us(number(value.get("tst")))
    if fix_us is None and flaw is None:
        flaw = Flaw(Reason.BAD_TIME, "", "tst")
    vel = number(value.get("vel"))
    return Message(
        raw=raw,
        claims=_claims(value),
        fix_us=fix_us,
        lat=lat,
        lon=lon,
        accuracy_m=values.positive(number(value.get("acc"))),
        altitude_m=values.finite(number(value.get("alt"))),
        speed_mps=values.within(vel / 3.6 if vel is not None else None, 0.0, 1e4),
        course_deg=values.within(number(value.get("cog")), 0.0, 360.0),
        battery_pct=_battery(value),
        charging=_charging(value),
        client_state=ClientState.STOPPED if number(value.get("m")) in (-1.0, 0.0) else ClientState.NOTHING,
        mock=value.get("mock") is True,
        source=values.source(value.get("source")),
        flaw=flaw,
    )


def _battery(value: dict[str, Any]) -> float | None:
    return values.within(values.number(value.get("batt")), 0.0, 100.0)


def _charging(value: dict[str, Any]) -> bool | None:
    said = values.number(value.get("bs"))
    return None if said is None else _CHARGING.get(said)


def _status(value: dict[str, Any]) -> ClientState:
    """What a status says first of all: whether the app may read the location, then whether the phone saves power."""
    ios, android = value.get("iOS"), value.get("android")
    if isinstance(ios, dict):
        word = values.clean(ios.get("locationManagerAuthorizationStatus"))
        return (
            ClientState.PERMISSION_OFF if word in _IOS_OFF else ClientState.ALLOWED if word in _IOS_ALLOWED else ClientState.NOTHING
        )  # fmt: skip
    told = android if isinstance(android, dict) else value
    permission = values.number(told.get("loc"))
    if permission == -4.0:
        return ClientState.PERMISSION_OFF
    if values.number(told.get("ps")) == 1.0:
        return ClientState.POWER_SAVE
    return ClientState.ALLOWED if permission in (0.0, -1.0, -2.0, -3.0) else ClientState.NOTHING


def _claims(value: dict[str, Any]) -> tuple[str, ...]:
    """The topic (``owntracks/user/device``), the device at its end, the two-letter ``tid``."""
    topic = values.clean(value.get("topic"))
    named = (topic, topic.rpartition("/")[2], values.clean(value.get("tid")))
    return tuple(dict.fromkeys(name for name in named if name))
