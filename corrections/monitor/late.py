"""Which of a subject's fixes came late within a violation's time, so that what they changed can be told with their number."""

from __future__ import annotations

import numpy as np

from corrections.domain.changes import Late
from corrections.domain.model import Reports
from corrections.domain.rules import Rulebook

NO_RADIUS_M = 100.0  # assumed of a fix that claims none


def late_within(from_us: int, until_us: int, revision_id: int | None, late: Reports, book: Rulebook) -> Late:
    """Of a subject's ``late`` fixes, those measured from ``from_us`` to ``until_us`` (µs), and how many of them lie on the right side
    of a zone version by more than their claimed radius. Mocked fixes count for nothing."""
    within = late.take((late.fix_us >= from_us) & (late.fix_us <= until_us) & ~late.mock)
    zone = next((i for i, version in enumerate(book.zones.versions) if version.id == revision_id), None)
    if zone is None or not len(within):
        return Late(len(within))
    radius = np.nan_to_num(within.accuracy_m, nan=NO_RADIUS_M)
    zones = np.full(len(within), zone, dtype=np.int64)
    distance = book.zones.signed_distance_m(zones, within.lat, within.lon, radius + 1.0)
    return Late(len(within), int((distance < -radius).sum()))
