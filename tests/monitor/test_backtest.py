"""The live detection over a file, report by report as they came."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest

from corrections.domain.rules import BoundaryRule
from corrections.monitor.backtest import backtest
from tests.monitor.conftest import LAT, LON, M_PER_DEG_LAT, M_PER_DEG_LON, NOW

HEADER = "subject,device,fix_time,received_time,lat,lon,accuracy_m,source"
EAST = [0] * 6 + [2_000, 4_000, 7_000, 7_020, 6_990, 7_010, 7_000, 3_000] + [0] * 6


def files(folder: Path, delays_s: list[int], random: Random | None = None) -> tuple[Path, Path]:
    """A subject who goes 2 km over the edge of a square of 5 km and comes back; her phone's reports with these delays, those of one
    moment in any order."""
    east, north = 5_000 / M_PER_DEG_LON, 5_000 / M_PER_DEG_LAT
    ring = [[LON + x * east, LAT + y * north] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
    area = {"type": "Feature", "properties": {"zone": "AREA", "kind": "inclusion", "subject": "*"}}
    area["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [area]}))
    rows = []
    for i, (metres, delay_s) in enumerate(zip(EAST, delays_s, strict=True)):
        fix = NOW + i * timedelta(minutes=10)
        received = fix + timedelta(seconds=delay_s)
        place = f"{LAT:.6f},{LON + (metres + i % 3) / M_PER_DEG_LON:.6f}"
        rows.append((received, f"S,D,{fix.isoformat()},{received.isoformat()},{place},20,gps"))
    if random is not None:
        random.shuffle(rows)
    rows.sort(key=lambda row: row[0])
    (folder / "reports.csv").write_text("\n".join([HEADER, *(line for _, line in rows)]) + "\n")
    return folder / "zones.geojson", folder / "reports.csv"


def last_word(zones: Path, reports: Path) -> list[tuple[str, str]]:
    with np.errstate(all="raise", under="ignore"):
        return [(line["started_at"], line["ended_at"]) for line in backtest(zones, reports, BoundaryRule())]


def test_what_comes_in_order_is_decided_when_the_deciding_report_came(tmp_path: Path) -> None:
    (incident,) = backtest(*files(tmp_path, [5] * len(EAST)), BoundaryRule())

    assert incident["started_at"] < incident["decided_at"] < incident["ended_at"]
    assert incident["decided_at"].endswith(":05Z")


@pytest.mark.parametrize("seed", range(8))
def test_late_reports_and_reports_of_one_moment_come_to_the_same_in_the_end(tmp_path: Path, seed: int) -> None:
    in_order = last_word(*files(tmp_path, [0] * len(EAST)))
    random = Random(seed)
    buffered = [(len(EAST) - 1 - i) * 600 + random.choice([0, 0, 1, 30]) if 4 <= i < 15 else 0 for i in range(len(EAST))]

    assert last_word(*files(tmp_path, buffered, random)) == in_order
