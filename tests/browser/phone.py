"""A phone that reports as OsmAnd and Traccar Client do."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode
from urllib.request import urlopen

from corrections import clock
from tests.browser.bureau import LAT, LON, M_PER_DEG_LON, credential_of
from tests.browser.service import Service


def report_a_breach(service: Service, subject_id: int, east_m: float = 7_000) -> None:
    """Four positions of the last half hour, far out of the permitted area."""
    secret = credential_of(service.engine, subject_id)
    for minutes in (24, 16, 8, 0):
        fields = {
            "lat": LAT, "lon": LON + (east_m + minutes) / M_PER_DEG_LON, "accuracy": 15, "batt": 71,
            "timestamp": int((clock.now() - timedelta(minutes=minutes)).timestamp()),
        }  # fmt: skip
        with urlopen(f"{service.url}/ingest/osmand/{secret}?{urlencode(fields)}") as answer:
            assert answer.status == 200
