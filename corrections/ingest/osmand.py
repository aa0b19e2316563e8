"""The OsmAnd protocol as Traccar Client speaks it, in its three dialects, and GPSLogger's custom URL.

* To 8.x: the fields in the query, speed in knots. From 10.x: the same in a form body. The two are merged, the body last.
* 9.x: JSON with ``location.coords``, speed in m/s, -1 where unknown. Flat JSON, and ``location`` as a list, are read as well.
* GPSLogger: a query by the user's template; ``%ALL`` has ``acc alt spd dir prov time``, speed in m/s.

A message without coordinates (a heartbeat, cell towers only, a push token) is a sign of life. Whether it charges is ``charge`` in the
query and form, ``battery.is_charging`` in JSON, ``ischarging`` of GPSLogger. None of them says whether the app may read the location or
was stopped, and ``alarm`` is ``sos`` only: the person, not the phone.
Source: Traccar's OsmAndProtocolDecoder and its clients, as told in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from corrections.ingest import values
from corrections.ingest.message import Decoded, Flaw, Message, Reason
from corrections.ingest.values import Unreadable

MPS_PER_KNOT = 0.514444  # Traccar's own factor, to six digits
MILLISECONDS_FROM = 2_147_483_647  # a smaller timestamp is in seconds

_IDS = ("id", "deviceid", "device_id")
_TIMES = ("timestamp", "time", "datetime")
_LATS = ("lat", "latitude")
_LONS = ("lon", "longitude", "lng")


def decode(query: bytes, body: bytes, zone: tzinfo) -> Decoded:
    """The messages of one request, and the credentials in it: its token, else the device identifier, which may be one.

    ``zone`` is that of times which name none.
    """
    try:
        asked = values.fields(query)
        start = body.lstrip()[:1]
        if start in (b"{", b"["):
            decoded = _from_json(body, asked, zone)
            if decoded.messages:
                return decoded
            return _from_fields(asked, query, zone)
        form = values.fields(body) if start else {}
        if start and not form and not asked:
            raise Unreadable("neither a form nor JSON")
        return _from_fields(asked | form, b"&".join(part for part in (query, body if form else b"") if part), zone)
    except Unreadable as fault:
        return Decoded([values.unreadable(body or query, str(fault))], _offered(_tolerant(query)))


def _tolerant(query: bytes) -> dict[str, str]:
    return values.fields(query[: values.FORM_CAP])


def _offered(found: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("token", "access_token", *_IDS)
    return tuple(text for name in names if (text := values.clean(found.get(name))))


def _from_fields(found: dict[str, str], raw: bytes, zone: tzinfo) -> Decoded:
    offered = _offered(found)
    told = {name: value for name, value in found.items() if value and name not in ("token", "access_token")}
    if not told:
        return Decoded([], offered)
    claims = tuple(values.clean(told[name]) for name in _IDS if name in told)
    number = values.number_or_text
    speed = number(told.get("spd"))
    if speed is None and "speed" in told:
        knots = number(told["speed"])
        speed = knots * MPS_PER_KNOT if knots is not None else None
    elif speed is None and "spd_kph" in told:
        kph = number(told["spd_kph"])
        speed = kph / 3.6 if kph is not None else None
    battery = number(told.get("batt") or told.get("battery") or told.get("bat"))
    return Decoded([_message(told, values.without_secrets(raw), claims, speed, battery, zone)], offered)


def _from_json(body: bytes, asked: dict[str, str], zone: tzinfo) -> Decoded:
    messages: list[Message] = []
    offered = _offered(asked)
    named: tuple[str, ...] = ()  # the first that names itself; a request comes from one device
    for value, raw in values.members(body):
        if not isinstance(value, dict):
            messages.append(values.unreadable(raw, "not an object"))
        elif value:
            claims = tuple(text for name in _IDS if (text := values.clean(value.get(name))))
            named = named or _offered(value)
            messages += _from_object(value, raw, claims, zone)
    return Decoded(messages, offered + named)


def _from_object(value: dict[str, Any], raw: bytes, claims: tuple[str, ...], zone: tzinfo) -> list[Message]:
    place = value.get("location")
    if isinstance(place, list):  # several fixes of one device
        return [_from_location(one, values.again(one), claims, zone) for one in place]
    if isinstance(place, dict):
        return [_from_location({**value, "location": None, **place}, raw, claims, zone)]
    return [_from_location(value, raw, claims, zone)]


def _from_location(place: Any, raw: bytes, claims: tuple[str, ...], zone: tzinfo) -> Message:
    if not isinstance(place, dict):
        return values.unreadable(raw, "location is not an object")
    coords = place.get("coords")
    if not isinstance(coords, dict | None):
        return Message(raw=raw, claims=claims, flaw=Flaw(Reason.BAD_COORDINATES, "coords is not an object", "coords"))
    told = {name: given for name, given in {**place, **(coords or {})}.items() if given is not None and given != ""}
    return _message(told, raw, claims, values.number_or_text(told.get("speed")), _json_battery(told), zone)


def _json_battery(told: dict[str, Any]) -> float | None:
    battery = told.get("battery")
    if isinstance(battery, dict):
        battery = battery.get("level")
    level = values.number_or_text(battery)
    if level is not None:  # 0 to 1; clients of their own making send 0 to 100
        return level * 100.0 if level <= 1.0 else level
    return values.number_or_text(told.get("batt"))


def _message(
    told: Mapping[str, Any], raw: bytes, claims: tuple[str, ...], speed: float | None, battery: float | None, zone: tzinfo
) -> Message:
    """The message that named values make; empty ones are left out. Speed is in m/s, battery 0 to 100."""
    lat, lon, flaw = _coordinates(told)
    fix_us = None
    given = _first(told, _TIMES)
    if given is not None:
        fix_us = _time_us(given, zone)
        if fix_us is None and flaw is None:
            flaw = Flaw(Reason.BAD_TIME, "", "timestamp")
    if values.truth(told.get("valid")) is False:  # the client itself says that this is no position
        lat = lon = None
        flaw = flaw if flaw is not None and flaw.reason is Reason.BAD_TIME else None
    number = values.number_or_text
    return Message(
        raw=raw,
        claims=claims,
        fix_us=fix_us,
        lat=lat,
        lon=lon,
        accuracy_m=values.positive(number(_first(told, ("accuracy", "acc")))),
        altitude_m=values.finite(number(_first(told, ("altitude", "alt")))),
        speed_mps=values.within(speed, 0.0, 1e4),
        course_deg=values.within(number(_first(told, ("bearing", "heading", "dir", "course"))), 0.0, 360.0),
        battery_pct=values.within(battery, 0.0, 100.0),
        charging=_charging(told),
        mock=values.truth(told.get("mock")) is True,
        source=values.source(_first(told, ("prov", "provider", "source"))),
        flaw=flaw,
    )


def _charging(told: Mapping[str, Any]) -> bool | None:
    """Whether the phone charges; to 8.x leaves ``charge`` out when it does not, which says nothing to a reader of the others."""
    battery = told.get("battery")
    said = battery.get("is_charging") if isinstance(battery, dict) else None
    return values.truth(said if said is not None else _first(told, ("charge", "ischarging", "is_charging")))


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in told:
            return told[name]
    return None


def _coordinates(told: Mapping[str, Any]) -> tuple[float | None, float | None, Flaw | None]:
    both = told.get("location")
    if isinstance(both, str):
        lat, _, lon = both.partition(",")
        return values.coordinates(lat, lon)
    return values.coordinates(_first(told, _LATS), _first(told, _LONS))


def _time_us(given: Any, zone: tzinfo) -> int | None:
    """Epoch seconds or milliseconds by their size, ISO 8601, or ``yyyy-MM-dd HH:mm:ss`` in the zone."""
    count = values.number_or_text(given)
    if count is None:
        return values.iso_us(given, zone)
    return values.seconds_us(count, 1_000_000 if count < MILLISECONDS_FROM else 1_000)
