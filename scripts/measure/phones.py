"""(g) Real phones: what detection makes of them at the place where each sleeps and beside and on their haunts, beside ordinary trackers."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import shapely

from corrections.domain.model import FOREVER_US, Ints, from_us, to_us
from corrections.monitor.backtest import backtest
from corrections.settings import Settings
from corrections.store.rulebook import boundary_rule
from scripts.measure.figures import Outcome, heading, line, not_measured
from scripts.measure.peers import ALERTBENCH, PEERS, peer_incidents
from scripts.measure.real_phones import (
    AWAY_US,
    EDGE_US,
    LONG_AWAY_US,
    MINUTE_US,
    TRACKS,
    Phone,
    Place,
    places,
    read_phones,
    stays,
    where_it_sleeps,
)

HOME_RADII_M = (100, 500)
BESIDE = ((100.0, 0.0), (150.0, 90.0), (200.0, 180.0), (300.0, 270.0))  # metres from a haunt to the edge, and in which direction
CIRCLE_M = 150.0
HAUNT_US = 60 * MINUTE_US  # in all
EVERY_S = (60, 600)
PRESETS = ("prompt", "calm")
DAY_US = 86_400_000_000
Incident = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One zone of one phone, and the stays (µs) at the place that it is about."""

    phone: str
    zone: str
    kind: str
    outline: shapely.Polygon
    stays: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """``false``: incidents that began and were decided during a stay, by zone; ``wrong_us``: how long of the stays was called wrong."""

    false: dict[str, int]
    wrong_us: dict[str, int]


def measure() -> list[Outcome]:
    """Print the figures; real movements have no exact truth, so no target is set for them."""
    heading("Real phones: 12 in São Paulo, where each sleeps and its haunts")
    if not TRACKS.is_file() or not ALERTBENCH.is_dir():
        return [not_measured("real phones", f"{TRACKS} or {ALERTBENCH} is not beside the project")]
    phones = read_phones()
    _tell_errors(phones)
    asked = [question for phone in phones for question in questions(phone)]
    for every_s in EVERY_S:
        heading(f"Real phones, the first fix of every {every_s} s, arriving as recorded")
        with tempfile.TemporaryDirectory(prefix="corrections-bench-") as name:
            folder = Path(name)
            write_scenario(folder, phones, asked, every_s)
            for detector in (*PRESETS, *PEERS):
                _tell(detector, incidents(folder, detector), phones, asked, every_s)
    return []


def questions(phone: Phone) -> list[Question]:
    """Permitted circles about where it sleeps, prohibited ones beside each haunt and on it."""
    found = places(phone)
    asked = []
    home = where_it_sleeps(found) or where_it_sleeps(places(phone, LONG_AWAY_US))
    if home is not None:
        at_home = tuple(stays(phone, home, AWAY_US))
        for radius in HOME_RADII_M:
            asked.append(Question(phone.name, f"home-{radius}", "inclusion", circle(phone, home, radius), at_home))
    for i, place in enumerate(found):
        asked.append(Question(phone.name, f"on-{i}", "exclusion", circle(phone, place, CIRCLE_M), tuple(place.stays)))
        for edge_m, degrees in BESIDE if place.total_us >= HAUNT_US else ():
            east, north = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
            away = edge_m + CIRCLE_M
            middle = Place(place.x + away * east, place.y + away * north, [])
            outline = circle(phone, middle, CIRCLE_M)
            asked.append(Question(phone.name, f"beside-{i}-{edge_m:.0f}", "exclusion", outline, tuple(place.stays)))
    return asked


def circle(phone: Phone, place: Place, radius_m: float) -> shapely.Polygon:
    """A circle about a place of the phone's plane (WGS-84 longitude, latitude)."""
    ring = shapely.get_coordinates(shapely.Point(place.x, place.y).buffer(radius_m, quad_segs=16))
    lat, lon = phone.plane.to_degrees(ring[:, 0], ring[:, 1])
    return shapely.Polygon(np.column_stack([lon, lat]))


def kept(phone: Phone, every_s: int) -> Ints:
    """The first fix of every ``every_s`` seconds: what a client is given that wakes up so often."""
    rows, last = [], -FOREVER_US
    for i, us in enumerate(phone.fix_us.tolist()):
        if us - last >= every_s * 1_000_000:
            rows.append(i)
            last = us
    return np.array(rows, dtype=np.int64)


def write_scenario(folder: Path, phones: Sequence[Phone], asked: Sequence[Question], every_s: int) -> None:
    """``reports.csv`` in order of arrival and ``zones.geojson``, as alertbench's scenarios have them."""
    rows = []
    for phone in phones:
        for i in kept(phone, every_s).tolist():
            fix = (
                _stamp(phone.fix_us[i]),
                _stamp(phone.received_us[i]),
                *(repr(float(v[i])) for v in (phone.lat, phone.lon, phone.accuracy_m)),
            )
            rows.append((int(phone.received_us[i]), phone.name, phone.name, *fix, ""))
    with (folder / "reports.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("subject", "device", "fix_time", "received_time", "lat", "lon", "accuracy_m", "source"))
        writer.writerows(row[1:] for row in sorted(rows))
    features = [
        {
            "type": "Feature",
            "properties": {"zone": f"{q.phone}/{q.zone}", "kind": q.kind, "subject": q.phone},
            "geometry": json.loads(shapely.to_geojson(q.outline)),
        }
        for q in asked
    ]
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def incidents(folder: Path, detector: str) -> list[Incident]:
    """What a preset of ours, or one of the peers, would have put before an officer."""
    if detector in PEERS:
        return peer_incidents(folder, detector)
    rule = boundary_rule(Settings().rules.boundary.model_copy(update={"preset": detector}))
    return list(backtest(folder / "zones.geojson", folder / "reports.csv", rule))


def answer(found: Sequence[Incident], asked: Sequence[Question]) -> Answer:
    """What was raised against somebody who was at rest all the while, by kind of zone."""
    by_zone = {f"{q.phone}/{q.zone}": q for q in asked}
    false = dict.fromkeys((kind_of(q) for q in asked), 0)
    wrong = dict.fromkeys(false, 0)
    for incident in found:
        question = by_zone[incident["zone"]]
        start, end = _us(incident["started_at"]), _us(incident["ended_at"])
        for began, left in question.stays:
            began, left = began + EDGE_US, left - EDGE_US
            false[kind_of(question)] += began <= start <= left and min(end, _us(incident["decided_at"])) <= left + EDGE_US
            wrong[kind_of(question)] += max(0, min(end, left) - max(start, began))
    return Answer(false, wrong)


def visits(found: Sequence[Incident], phones: Sequence[Phone], asked: Sequence[Question], every_s: int) -> tuple[int, list[float]]:
    """How many stays in prohibited circles had two reports or more, and after how many minutes from the arrival of the first each of
    those was found that was."""
    by_phone = {phone.name: phone for phone in phones}
    had, delays = 0, []
    for question in (q for q in asked if kind_of(q) == "on"):
        phone = by_phone[question.phone]
        rows = kept(phone, every_s)
        own = [i for i in found if i["zone"] == f"{question.phone}/{question.zone}"]
        for start, end in question.stays:
            inside = rows[(phone.fix_us[rows] >= start) & (phone.fix_us[rows] <= end)]
            if len(inside) < 2:
                continue
            had += 1
            hits = [_us(i["decided_at"]) for i in own if _us(i["started_at"]) <= end and _us(i["ended_at"]) >= start]
            if hits:
                delays.append(max(0.0, (min(hits) - int(phone.received_us[inside].min())) / MINUTE_US))
    return had, delays


def kind_of(question: Question) -> str:
    return question.zone if question.zone.startswith("home") else question.zone.split("-")[0]


def rest_us(asked: Sequence[Question], kind: str) -> int:
    """How long the phones were at rest where the zones of a kind are about, once for each zone."""
    return sum(end - start - 2 * EDGE_US for q in asked if kind_of(q) == kind for start, end in q.stays)


def outside_shares(phones: Sequence[Phone], away_us: int) -> tuple[int, float, float]:
    """Of the fixes at rest where the phones sleep: how many, the share 100 m off or more, and of those that claim 100 m or better."""
    off, good = [], []
    for phone in phones:
        home = where_it_sleeps(places(phone, away_us))
        if home is not None:
            rest = home.at_rest(phone.fix_us)
            off.append(phone.away_m(home)[rest] > 100.0)
            good.append(phone.accuracy_m[rest] <= 100.0)
    outside, claims = np.concatenate(off), np.concatenate(good)
    return len(outside), float(outside.mean()), float(outside[claims].mean())


def _tell_errors(phones: Sequence[Phone]) -> None:
    for away_us in (AWAY_US, LONG_AWAY_US):
        n, every, good = outside_shares(phones, away_us)
        line(
            f"fixes at rest, absences up to {away_us // MINUTE_US} min allowed: outside a 100 m zone",
            f"{every:.1%} of {n:,}; {good:.1%} of those that claim 100 m",
        )


def _tell(detector: str, found: Sequence[Incident], phones: Sequence[Phone], asked: Sequence[Question], every_s: int) -> None:
    told = answer(found, asked)
    for kind in (*(f"home-{radius}" for radius in HOME_RADII_M), "beside"):
        days, wrong = rest_us(asked, kind) / DAY_US, told.wrong_us[kind] / DAY_US
        line(
            f"{detector}, {kind}: false in 100 {'zone' if kind == 'beside' else 'phone'}-days at rest",
            f"{100 * told.false[kind] / days:8.1f}   ({told.false[kind]} in {days:.1f} days; {wrong / days:.2%} of them called wrong)",
        )
    had, delays = visits(found, phones, asked, every_s)
    late = f"{median(delays):.1f} min, at most {max(delays):.0f}" if delays else "-"
    line(f"{detector}, on: visits of 20 min or more found", f"{len(delays)} of {had}   delay, median {late}")


def _us(text: str | None) -> int:
    return to_us(datetime.fromisoformat(text.replace("Z", "+00:00"))) if text else FOREVER_US


def _stamp(us: int) -> str:
    return from_us(int(us)).isoformat().replace("+00:00", "Z")
