"""Overland's GeoJSON batches: ``{"locations": [Feature, ...]}``, coordinates as [lon, lat], times with an offset.

``current`` is the newest fix, sent along when the queue is long; it comes again in a later batch and is then a repeat.
A Feature without geometry (a visit, an event of the app) is a sign of life. Negative speed, course and accuracy mean unknown;
``battery_level`` is 0 to 1, ``battery_state`` unknown, unplugged, charging or full. Of the app's events (``action``) one says what it is
about: ``will_terminate``, when it is closed. Source: Overland-iOS README; the event in Dawarich's sample of its messages.
"""

from __future__ import annotations

from typing import Any

import msgspec

from corrections.domain.model import ClientState
from corrections.ingest import values
from corrections.ingest.message import Decoded, Flaw, Message, Reason
from corrections.ingest.values import Unreadable

_CHARGING = {"charging": True, "full": True, "unplugged": False}


class _Batch(msgspec.Struct):
    locations: list[msgspec.Raw]
    current: Any = None


_batch = msgspec.json.Decoder(_Batch)


def decode(body: bytes) -> Decoded:
    """The messages of one batch; a body that is no batch is one unreadable message, an empty body none."""
    if not body.strip():
        return Decoded([])
    try:
        features, current = _features(body)
    except Unreadable as fault:
        return Decoded([values.unreadable(body, str(fault))])
    messages = [_message(feature, raw) for feature, raw in features]
    if isinstance(current, dict):
        newest = _message(current, values.again(current))
        if newest.flaw is None and newest.lat is not None:
            messages.append(newest)
    return Decoded(messages)


def _features(body: bytes) -> tuple[list[tuple[Any, bytes]], Any]:
    try:
        batch = _batch.decode(body)
        return values.elements(batch.locations), batch.current
    except Unreadable:
        raise
    except values.JSON_FAULTS:
        value = values.parse(body)
    locations = value.get("locations") if isinstance(value, dict) else None
    if not isinstance(locations, list):
        raise Unreadable("no list of locations")
    return values.elements(locations), value.get("current")


def _message(feature: Any, raw: bytes) -> Message:
    if not isinstance(feature, dict):
        return values.unreadable(raw, "not an object")
    told = feature.get("properties")
    told = told if isinstance(told, dict) else {}
    lat, lon, flaw = _coordinates(feature.get("geometry"))
    fix_us = values.iso_us(told.get("timestamp"))
    if fix_us is None and lat is not None:
        flaw = Flaw(Reason.BAD_TIME, "", "timestamp")
    number = values.number
    level = number(told.get("battery_level"))
    claims = (values.clean(told.get("device_id")), values.clean(told.get("unique_id")))
    return Message(
        raw=raw,
        claims=tuple(name for name in claims if name),
        fix_us=fix_us,
        lat=lat,
        lon=lon,
        accuracy_m=values.positive(number(told.get("horizontal_accuracy"))),
        altitude_m=values.finite(number(told.get("altitude"))),
        speed_mps=values.within(number(told.get("speed")), 0.0, 1e4),
        course_deg=values.within(number(told.get("course")), 0.0, 360.0),
        battery_pct=values.within(level * 100.0 if level is not None else None, 0.0, 100.0),
        charging=_CHARGING.get(values.clean(told.get("battery_state"))),
        client_state=ClientState.STOPPED if told.get("action") == "will_terminate" else ClientState.NOTHING,
        flaw=flaw,
    )


def _coordinates(geometry: Any) -> tuple[float | None, float | None, Flaw | None]:
    if geometry is None:
        return None, None, None
    place = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if not isinstance(place, list) or len(place) < 2:
        return None, None, Flaw(Reason.BAD_COORDINATES, "not a point", "geometry")
    lon, lat = place[:2]
    return values.coordinates(values.number_else_nan(lat), values.number_else_nan(lon))
