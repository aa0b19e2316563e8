"""What the five phone programs put on the wire for a fix, as a whole HTTP/1.1 request.

Written from the clients' own code as described in the notes on wire formats: which fields, in which unit, what is left out when it
is not known, which headers, and what the client takes for success.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from corrections.domain.geodesy import from_wgs84
from corrections.domain.model import Datum
from scripts.movements import Fix
from scripts.sample_district import Client

KNOTS = 1.943844  # in one metre a second
OVERLAND_BATCH = 200  # the app's own default
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Identity:
    """How a phone makes itself known: its device on the register, the credential that was shown once, and the datum it sends."""

    device: str
    credential: str
    datum: Datum = Datum.WGS84


def batch_size(client: Client) -> int:
    """How many fixes the client puts into one request: all but Overland send one at a time, from the head of the queue."""
    return OVERLAND_BATCH if client is Client.OVERLAND else 1


def request(client: Client, identity: Identity, fixes: Sequence[Fix]) -> bytes:
    """The bytes of one request with these fixes (exactly one, but for Overland)."""
    return _WRITERS[client](identity, fixes)


def delivered(client: Client, status: int, body: bytes) -> bool:
    """Whether the client takes the answer for success and drops the fixes from its queue."""
    if client is Client.TRACCAR_8:
        return status < 400
    if client is Client.OVERLAND:
        return 200 <= status < 300 and _result(body) == "ok"
    return 200 <= status < 300


def _result(body: bytes) -> object:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer.get("result") if isinstance(answer, dict) else None


# ---- the clients


def _traccar_8(identity: Identity, fixes: Sequence[Fix]) -> bytes:
    """A POST whose body is empty: everything is in the query string. Numbers are Java doubles, what is unknown is 0.0."""
    (fix,) = fixes
    lat, lon = _place(identity, fix)
    query: dict[str, Any] = {
        "id": identity.credential,
        "timestamp": int(fix.at.timestamp()),
        "lat": lat,
        "lon": lon,
        "speed": (fix.speed_mps or 0.0) * KNOTS,
        "bearing": fix.course_deg or 0.0,
        "altitude": fix.altitude_m or 0.0,
        "accuracy": fix.accuracy_m or 0.0,
        "batt": fix.battery_pct or 0.0,
    }
    if fix.charging:
        query["charge"] = "true"
    if fix.mock:
        query["mock"] = "true"
    headers = ["User-Agent: Dalvik/2.1.0 (Linux; U; Android 12; SM-A125F Build/SP1A.210812.016)", "Accept-Encoding: gzip"]
    return _post(f"/ingest/osmand?{urlencode(query)}", headers, b"", "application/x-www-form-urlencoded")


def _traccar_9(identity: Identity, fixes: Sequence[Fix]) -> bytes:
    """JSON of the background-location plug-in: metres a second, -1 for unknown, battery from 0 to 1, no mark of mock positions."""
    (fix,) = fixes
    lat, lon = _place(identity, fix)
    at = fix.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    coords = {
        "latitude": lat,
        "longitude": lon,
        "accuracy": fix.accuracy_m if fix.accuracy_m is not None else -1,
        "speed": fix.speed_mps if fix.speed_mps is not None else -1,
        "heading": fix.course_deg if fix.course_deg is not None else -1,
        "altitude": fix.altitude_m or 0,
    }
    moving = (fix.speed_mps or 0) > 0.5
    location = {
        "timestamp": at,
        "coords": coords,
        "is_moving": moving,
        "odometer": 0,
        "event": "motionchange" if moving else "",
        "battery": {"level": -1 if fix.battery_pct is None else fix.battery_pct / 100, "is_charging": fix.charging},
        "activity": {"type": "walking" if moving else "still"},
        "extras": {},
        "_": f"&id={identity.credential}&lat={lat}&lon={lon}&timestamp={at}&",
    }
    body = _json({"location": location, "device_id": identity.credential})
    return _post("/ingest/osmand", ["User-Agent: okhttp/4.12.0", "Accept-Encoding: gzip"], body, "application/json")


def _traccar_10(identity: Identity, fixes: Sequence[Fix]) -> bytes:
    """A form in the body; speed in knots with two decimals."""
    (fix,) = fixes
    lat, lon = _place(identity, fix)
    form: dict[str, Any] = {"id": identity.credential, "lat": lat, "lon": lon, "timestamp": int(fix.at.timestamp())}
    if fix.accuracy_m is not None:
        form["accuracy"] = fix.accuracy_m
    if fix.altitude_m is not None:
        form["altitude"] = fix.altitude_m
    if fix.speed_mps is not None:
        form["speed"] = f"{fix.speed_mps * KNOTS:.2f}"
    if fix.course_deg is not None:
        form["bearing"] = fix.course_deg
    if fix.battery_pct is not None:
        form["batt"] = int(fix.battery_pct)
    form["charge"] = "true" if fix.charging else "false"
    headers = ["User-Agent: ktor-client", "Accept: */*"]
    return _post("/ingest/osmand", headers, urlencode(form).encode(), "application/x-www-form-urlencoded")


def _owntracks(identity: Identity, fixes: Sequence[Fix]) -> bytes:
    """JSON with Basic authentication. acc, alt, cog and vel are left out when they are zero; speed in whole km/h."""
    (fix,) = fixes
    lat, lon = _place(identity, fix)
    message: dict[str, Any] = {
        "_type": "location",
        "batt": int(fix.battery_pct) if fix.battery_pct is not None else None,
        "bs": 2 if fix.charging else 1,
        "conn": "m",
        "created_at": int(fix.at.timestamp()) + 1,
        "lat": lat,
        "lon": lon,
        "m": 1,
        "t": "u",
        "tid": identity.device[-2:],
        "topic": f"owntracks/{identity.device}/phone",
        "tst": int(fix.at.timestamp()),
        "acc": round(fix.accuracy_m or 0),
        "alt": round(fix.altitude_m or 0),
        "cog": round(fix.course_deg or 0),
        "vel": round((fix.speed_mps or 0) * 3.6),
    }
    for name in ("acc", "alt", "cog", "vel"):
        if not message[name]:
            del message[name]
    if message["batt"] is None:
        del message["batt"]
    key = base64.b64encode(f"{identity.device}:{identity.credential}".encode()).decode()
    headers = [
        f"Authorization: Basic {key}",
        f"X-Limit-U: {identity.device}",
        "X-Limit-D: phone",
        "User-Agent: Owntracks-Android/gms/420500000",
    ]
    return _post("/ingest/owntracks", headers, _json(message), "application/json; charset=utf-8")


def _overland(identity: Identity, fixes: Sequence[Fix]) -> bytes:
    """A batch of GeoJSON features, longitude first, behind a bearer token."""
    headers = [f"Authorization: Bearer {identity.credential}", "User-Agent: Overland/1.6.0 (iPhone; iOS 18.5)", "Accept: */*"]
    return _post("/ingest/overland", headers, _json({"locations": [_feature(identity, fix) for fix in fixes]}), "application/json")


def _feature(identity: Identity, fix: Fix) -> dict[str, Any]:
    lat, lon = _place(identity, fix)
    properties: dict[str, Any] = {
        "timestamp": fix.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "altitude": round(fix.altitude_m or 0),
        "speed": fix.speed_mps if fix.speed_mps is not None else -1,
        "course": fix.course_deg if fix.course_deg is not None else -1,
        "horizontal_accuracy": fix.accuracy_m if fix.accuracy_m is not None else -1,
        "vertical_accuracy": 6,
        "motion": ["driving" if (fix.speed_mps or 0) > 4 else "walking" if (fix.speed_mps or 0) > 0.5 else "stationary"],
        "battery_state": "charging" if fix.charging else "unplugged",
        "battery_level": -1 if fix.battery_pct is None else fix.battery_pct / 100,
        "wifi": "",
        "device_id": identity.device,
    }
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}


# ---- what they share


def _place(identity: Identity, fix: Fix) -> tuple[float, float]:
    """Latitude and longitude in the phone's datum, to the centimetre; nonsense is sent as it is."""
    if identity.datum is Datum.WGS84 or abs(fix.lat) > 90:
        return fix.lat, fix.lon
    lat, lon = from_wgs84(fix.lat, fix.lon, identity.datum)
    return round(lat, 7), round(lon, 7)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _post(target: str, headers: Sequence[str], body: bytes, content_type: str) -> bytes:
    lines = [f"POST {target} HTTP/1.1", f"Host: {HOST}", *headers, f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


_WRITERS: dict[Client, Callable[[Identity, Sequence[Fix]], bytes]] = {
    Client.TRACCAR_8: _traccar_8,
    Client.TRACCAR_9: _traccar_9,
    Client.TRACCAR_10: _traccar_10,
    Client.OWNTRACKS: _owntracks,
    Client.OVERLAND: _overland,
}
