"""Recorded movements as phones of the sample: every fix of a file, moved in whole days so that each user's last day is yesterday,
and zones laid out from the places where the user stayed.

Columns of the file: user, time, recorded, lat, lon, acc, alt, speed, bearing, platform; a gzip CSV. Empty means not given.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from corrections.domain.geodesy import Plane
from scripts.movements import LOCAL, Fix
from scripts.sample_district import Part, Person, zone

STAY_RADIUS_M = 120.0
STAY_S = 15 * 60
SAME_PLACE_M = 200.0
SHARE_PERMITTED = 0.6
PERMITTED_MARGIN_M = 400.0
EXCLUSION_RADIUS_M = 150.0
COLUMNS = {"user", "time", "lat", "lon"}


class UnreadableTracks(Exception):
    """A file of movements that is none, with the place and the reason."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stayed, on a plane in metres: how long in all, and in how many visits."""

    x: float
    y: float
    seconds: float
    visits: int


@dataclass(frozen=True, slots=True)
class Tracks:
    """Fixes of each user in the order in which they were recorded, already moved in time."""

    users: tuple[str, ...]
    fixes: dict[str, list[Fix]]


def read_tracks(file: Path, last_day: date) -> Tracks:
    """Every row of the file. Each user's times are moved by whole days, so that the last of them falls on ``last_day`` (local).

    Raises UnreadableTracks.
    """
    rows: dict[str, list[tuple[str, Fix]]] = {}
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            if missing := COLUMNS - set(reader.fieldnames or ()):
                raise UnreadableTracks(f"{file}: the column {min(missing)} is missing.")
            for row in reader:
                fix = _fix(row)
                rows.setdefault(row["user"], []).append((row.get("recorded") or row["time"], fix))
    except (OSError, ValueError, csv.Error, UnicodeDecodeError) as error:
        raise UnreadableTracks(f"{file}: {error}") from error
    if not rows:
        raise UnreadableTracks(f"{file}: there are no movements in it.")
    fixes = {user: _moved([fix for _, fix in sorted(taken, key=lambda item: item[0])], last_day) for user, taken in rows.items()}
    return Tracks(tuple(sorted(fixes)), fixes)


def _fix(row: dict[str, str]) -> Fix:
    def number(name: str) -> float | None:
        return float(row[name]) if row.get(name) else None

    return Fix(
        at=datetime.fromisoformat(row["time"].replace("Z", "+00:00")),
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        accuracy_m=number("acc"),
        altitude_m=number("alt"),
        speed_mps=number("speed"),
        course_deg=number("bearing"),
    )


def _moved(fixes: list[Fix], last_day: date) -> list[Fix]:
    by = timedelta(days=(last_day - max(fix.at for fix in fixes).astimezone(LOCAL).date()).days)
    return [replace(fix, at=fix.at + by) for fix in fixes]


# ---- whose they are, and which zones bind them


def people_for(tracks: Tracks, people: Sequence[Person]) -> list[Person]:
    """The sample's first people, one for each user, with nothing out of the ordinary and at most 600 s between reports."""
    if len(tracks.users) > len(people):
        raise UnreadableTracks(f"There are {len(tracks.users)} users in the file and only {len(people)} people in the sample.")
    chosen = people[: len(tracks.users)]
    return [replace(person, part=Part.ORDINARY, level="general", school=None, interval_s=600) for person in chosen]


def track_zones(tracks: Tracks, people: Sequence[Person]) -> list[dict[str, Any]]:
    """For each user a permitted area (the hull of 60 % of the places where she stayed, those nearest to the main one, with a
    margin) and, where she stayed at a place only once, a circle about it that is forbidden."""
    features = []
    for person, user in zip(people, tracks.users, strict=True):
        fixes = tracks.fixes[user]
        plane = Plane(float(np.median([fix.lat for fix in fixes])), float(np.median([fix.lon for fix in fixes])))
        places = stay_places(fixes, plane)
        area = permitted_area(places, fixes, plane)
        terms = {"subject": person.number, "severity": "medium"}
        features.append(zone(plane, area, f"TRACK-{person.number[-4:]}", "活动范围（按轨迹划定）", kind="inclusion", **terms))
        once = [place for place in places if place.visits == 1 and len(places) > 1]
        if once:
            at = min(once, key=lambda place: place.seconds)
            circle = shapely.Point(at.x, at.y).buffer(EXCLUSION_RADIUS_M, quad_segs=16)
            terms["severity"] = "high"
            features.append(zone(plane, circle, f"TRACK-X-{person.number[-4:]}", "禁止区域（按轨迹划定）", kind="exclusion", **terms))
    return features


def stay_places(fixes: Sequence[Fix], plane: Plane) -> list[Place]:
    """The places where the fixes stay within 120 m for a quarter of an hour or more, the longest first. Stays within 200 m of
    one another are one place."""
    ordered = sorted(fixes, key=lambda fix: fix.at)
    x, y = plane.to_metres([fix.lat for fix in ordered], [fix.lon for fix in ordered])
    seconds = np.array([fix.at.timestamp() for fix in ordered])
    places: list[Place] = []
    start = 0
    while start < len(ordered):
        away = np.flatnonzero(np.hypot(x[start:] - x[start], y[start:] - y[start]) > STAY_RADIUS_M)
        end = start + int(away[0]) if len(away) else len(ordered)
        length = float(seconds[end - 1] - seconds[start])
        if length >= STAY_S:
            _add_stay(places, float(np.median(x[start:end])), float(np.median(y[start:end])), length)
            start = end
        else:
            start += 1
    return sorted(places, key=lambda place: -place.seconds)


def _add_stay(places: list[Place], x: float, y: float, length: float) -> None:
    for i, place in enumerate(places):
        if np.hypot(place.x - x, place.y - y) <= SAME_PLACE_M:
            places[i] = Place(place.x, place.y, place.seconds + length, place.visits + 1)
            return
    places.append(Place(x, y, length, 1))


def permitted_area(places: Sequence[Place], fixes: Sequence[Fix], plane: Plane) -> BaseGeometry:
    """The hull of 60 % of the places, buffered; about the first fix where nobody stayed anywhere."""
    if not places:
        x, y = plane.to_metres([fixes[0].lat], [fixes[0].lon])
        return shapely.Point(float(x[0]), float(y[0])).buffer(PERMITTED_MARGIN_M)
    main = places[0]
    near = sorted(places, key=lambda place: float(np.hypot(place.x - main.x, place.y - main.y)))
    kept: NDArray[np.float64] = np.array([(place.x, place.y) for place in near[: int(np.ceil(SHARE_PERMITTED * len(near)))]])
    return shapely.MultiPoint(kept).convex_hull.buffer(PERMITTED_MARGIN_M)
