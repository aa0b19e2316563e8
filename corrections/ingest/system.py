"""Reports from other systems, in the service's own words: one JSON object, or an array of them.

Strict where the phones' formats are forgiving: ``fix_time`` (RFC 3339 with an offset) is required, a field that does not exist
or a value of the wrong type refuses the report and says which field. Without ``lat`` and ``lon`` a report is a sign of life.
``client_state`` is one of ``model.ClientState``: what the phone's client says of itself.
"""

from __future__ import annotations

import math
from typing import Any

from corrections.domain.model import ClientState, Datum
from corrections.ingest import values
from corrections.ingest.message import Flaw, Message, Reason
from corrections.ingest.values import Unreadable

FIELDS = (
    "device", "fix_time", "lat", "lon", "accuracy_m", "source", "altitude_m", "speed_mps", "course_deg", "battery_pct", "charging",
    "client_state", "mock", "datum", "subject",
)  # fmt: skip
RANGES = {
    "accuracy_m": (0.0, math.inf),
    "altitude_m": (-1e5, 1e6),
    "speed_mps": (0.0, 1e4),
    "course_deg": (0.0, 360.0),
    "battery_pct": (0.0, 100.0),
}
SOURCES = {"": 0, "unknown": 0, "gps": 1, "wifi": 2, "cell": 3}


def decode(body: bytes) -> list[Message]:
    """The reports of a body, faulty ones with their flaw. Raises Unreadable where it is neither an object nor an array in JSON."""
    found = values.members(body)
    if found and found[0][1] is body and not isinstance(found[0][0], dict):
        raise Unreadable("neither a report nor an array of them")
    return [read(value, raw) for value, raw in found]


def read(value: Any, raw: bytes) -> Message:
    """One report from its named values."""
    if not isinstance(value, dict):
        return values.unreadable(raw, "not an object")
    told = {name: given for name, given in value.items() if given is not None}
    claims = tuple(name for name in (values.clean(told.get("device")),) if name)
    flaw = _flaw(told)
    if flaw is not None:
        return Message(raw=raw, claims=claims, flaw=flaw)
    lat, lon, flaw = _coordinates(told)
    fix_us = values.iso_us(told["fix_time"])
    if fix_us is None and flaw is None:
        flaw = Flaw(Reason.BAD_TIME, "RFC 3339 with an offset, such as 2026-03-02T08:00:00+08:00", "fix_time")
    number = values.number
    return Message(
        raw=raw,
        claims=claims,
        fix_us=fix_us,
        lat=lat,
        lon=lon,
        accuracy_m=values.positive(number(told.get("accuracy_m"))),
        altitude_m=number(told.get("altitude_m")),
        speed_mps=number(told.get("speed_mps")),
        course_deg=number(told.get("course_deg")),
        battery_pct=number(told.get("battery_pct")),
        charging=told.get("charging"),
        client_state=ClientState(told.get("client_state", "")),
        mock=told.get("mock", False),
        source=SOURCES[told.get("source", "")],
        datum=Datum(told["datum"]) if "datum" in told else None,
        subject=told.get("subject", ""),
        flaw=flaw,
    )


def _flaw(told: dict[str, Any]) -> Flaw | None:
    """The first field that is not as it must be, coordinates and the reading of the time apart."""
    for name in told:
        if name not in FIELDS:
            return Flaw(Reason.UNKNOWN_FIELD, "", values.clean(name, 64))
    if "fix_time" not in told:
        return Flaw(Reason.MISSING_FIELD, "", "fix_time")
    for name, (least, most) in RANGES.items():
        if name in told and values.within(values.finite(values.number(told[name])), least, most) is None:
            return Flaw(Reason.BAD_VALUE, "", name)
    for name in ("mock", "charging"):
        if not isinstance(told.get(name, False), bool):
            return Flaw(Reason.BAD_VALUE, "", name)
    if told.get("client_state", "") not in list(ClientState):
        return Flaw(Reason.BAD_VALUE, "", "client_state")
    for name in ("device", "subject"):
        if name in told and not (isinstance(told[name], str) and values.clean(told[name]) == told[name]):
            return Flaw(Reason.BAD_VALUE, "", name)
    if not isinstance(told.get("source", ""), str) or told.get("source", "") not in SOURCES:
        return Flaw(Reason.BAD_VALUE, "", "source")
    if "datum" in told and told["datum"] not in list(Datum):
        return Flaw(Reason.BAD_VALUE, "", "datum")
    return None


def _coordinates(told: dict[str, Any]) -> tuple[float | None, float | None, Flaw | None]:
    if "lat" not in told and "lon" not in told:
        return None, None, None
    return values.coordinates(values.number_else_nan(told.get("lat")), values.number_else_nan(told.get("lon")))
