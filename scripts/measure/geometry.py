"""(a) Evaluation per report against PostGIS's best join, on the same points and zones, one core each."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import psycopg

from corrections.domain.belief import ENOUGH_RADII
from corrections.domain.judging import judge
from corrections.domain.memory import Memory
from corrections.domain.model import FOREVER_US, Reports
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.domain.zones import Bindings, ZoneBook
from scripts.measure import postgis
from scripts.measure.figures import Outcome, Times, against, heading, in_turn, line, not_measured, two_cores
from scripts.measure.scene import Scene, make_scene

TARGET = 8.0
RUNS = 5
SIZES = ((280, 100_000), (10_000, 100_000))
DAY_US = 86_400_000_000


def measure() -> list[Outcome]:
    """Print the figures for both sizes, and whether the target is reached."""
    core, _ = two_cores()
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        with postgis.private_postgis(core) as connection:
            return [_size(subjects, reports, connection) for subjects, reports in SIZES]
    except postgis.NotInstalled as error:
        return [_size(subjects, reports, error) for subjects, reports in SIZES]
    finally:
        os.sched_setaffinity(0, before)


def _size(subjects: int, reports: int, peer: psycopg.Connection[Any] | postgis.NotInstalled) -> Outcome:
    scene = make_scene(subjects, reports)
    heading(
        f"{subjects:,} subjects, {reports:,} reports, {scene.checks / reports:.1f} zones a report, {len(scene.fences):,} zones; one core"
    )
    book, bindings = scene.book(), scene.compiled_bindings()

    def ours() -> int:
        row, zone = bindings.pairs(scene.subject)
        return int(np.count_nonzero(book.contains(zone, scene.lat[row], scene.lon[row])))

    hits = ours()
    if isinstance(peer, postgis.NotInstalled):
        (mine,) = in_turn(RUNS, ours)
        line("ours: join and ZoneBook.contains, per report", mine.per(reports))
        outcome = not_measured("PostGIS's best join", peer)
    else:
        outcome = _against_postgis(peer, scene, ours, hits)
    _more(scene, book, bindings)
    return outcome


def _against_postgis(connection: psycopg.Connection[Any], scene: Scene, ours: Callable[[], int], hits: int) -> Outcome:
    postgis.load(connection, scene)
    for name, query in postgis.QUERIES.items():
        found = postgis.count(connection, query)
        assert found == hits, f"PostGIS ({name}) finds {found} hits, ours {hits}"
    mine, *theirs = in_turn(RUNS, ours, *(partial(postgis.count, connection, query) for query in postgis.QUERIES.values()))
    n = len(scene.subject)
    line(f"the same {hits:,} hits on both sides; ours, per report", mine.per(n))
    for name, times in zip(postgis.QUERIES, theirs, strict=True):
        line(f"PostGIS, {name}", times.per(n))
    best = min(theirs, key=lambda times: times.median)
    return against("ours is faster than PostGIS's best join", best.median / mine.median, TARGET)


def _more(scene: Scene, zones: ZoneBook, bindings: Bindings) -> None:
    """For information: metres to the edge, and all of ``domain.judging.judge``."""
    n = len(scene.subject)
    radius = np.full(n, 25.0)

    def distances() -> None:
        row, zone = bindings.pairs(scene.subject)
        zones.signed_distance_m(zone, scene.lat[row], scene.lon[row], ENOUGH_RADII * radius[row])

    reports = as_reports(scene)
    everything = dict.fromkeys(scene.bindings, ((-FOREVER_US, FOREVER_US),))
    rulebook = Rulebook(ZoneInfo("Asia/Shanghai"), zones, bindings, everything)

    def judged() -> None:
        memories: dict[int, Memory] = {}
        judge(rulebook, reports, memories, BoundaryRule())

    distances()
    measured: list[Times] = in_turn(3, distances, judged)
    line("ours: signed metres to the edge of each zone, per report", measured[0].per(n))
    line("ours: domain.judging.judge, from reports to episodes, per report", measured[1].per(n))


def as_reports(scene: Scene) -> Reports:
    """The scene's points as one day's reports, spread evenly for each subject."""
    n = len(scene.subject)
    first = np.searchsorted(scene.subject, scene.subject)
    within = np.arange(n) - first
    count = np.bincount(scene.subject, minlength=len(scene.bindings))[scene.subject]
    return Reports(
        subject=scene.subject,
        fix_us=1_700_000_000_000_000 + within * (DAY_US // np.maximum(count, 1)),
        digest=np.arange(n, dtype=np.int64),
        lat=scene.lat,
        lon=scene.lon,
        accuracy_m=np.full(n, 25.0),
        source=np.zeros(n, dtype=np.int64),
        received_us=np.full(n, 1_700_100_000_000_000, dtype=np.int64),
        mock=np.zeros(n, dtype=bool),
        device=scene.subject,
    )
