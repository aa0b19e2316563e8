"""What a phone is set up with: an address that its program opens, as a QR code, and the same in plain values.

Traccar Client 9 and later takes ``https://SERVER/PATH?id=…&interval=…`` (its ``ConfigurationService.applyUri``; intervals in seconds),
OwnTracks ``owntracks:///config?inline=BASE64`` of a configuration in JSON (its booklet, Remote configuration; mode 3 is HTTP).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from corrections.records.own import qr_svg


@dataclass(frozen=True, slots=True)
class Setup:
    """How one program is set up: what its camera scans (None: it has no such way), and the values to type."""

    client: str
    address: str | None
    qr: str | None
    values: dict[str, str]


def setups(base: str, identifier: str, credential: str, interval_s: int) -> list[Setup]:
    """For each program that phones use. ``base`` is ``https://HOST`` without a slash at its end."""
    osmand, owntracks, overland = (f"{base}/ingest/{name}" for name in ("osmand", "owntracks", "overland"))
    traccar = f"{osmand}?{urlencode({'id': credential, 'interval': interval_s, 'accuracy': 'high', 'buffer': 'true'})}"
    configuration = {
        "_type": "configuration", "mode": 3, "url": owntracks, "auth": True, "username": identifier, "password": credential,
        "deviceId": identifier[:20], "tid": identifier[-2:], "locatorInterval": interval_s,
    }  # fmt: skip
    packed = base64.b64encode(json.dumps(configuration, separators=(",", ":")).encode()).decode()
    inline = f"owntracks:///config?inline={quote(packed, safe='')}"
    gpslogger = f"{osmand}?token={quote(credential, safe='')}&%ALL"
    return [
        Setup("Traccar Client", traccar, qr_svg(traccar), {"url": osmand, "id": credential, "interval": str(interval_s)}),
        Setup("OwnTracks", inline, qr_svg(inline), {"url": owntracks, "username": identifier, "password": credential}),
        Setup("Overland", None, None, {"url": overland, "token": credential}),
        Setup("GPSLogger", None, None, {"url": gpslogger}),
    ]
