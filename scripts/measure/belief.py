"""(f) Belief and rules over a million reports of ten thousand subjects, as a ratio to the bare containment test of the same points."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from corrections.domain.judging import advance
from corrections.domain.model import FOREVER_US, Reports
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.domain.zones import Bindings, ZoneBook
from scripts.measure.figures import Outcome, against, heading, line, two_cores
from scripts.measure.geometry import as_reports
from scripts.measure.lives import LOCAL, lived_zones, make_lives
from scripts.measure.scene import make_scene
from scripts.sample_district import TOP
from scripts.sample_service import Trouble

TARGET = 4.0
SUBJECTS, EACH = 10_000, 100
KINDS = ("lives", "teleports")


def measure() -> list[Outcome]:
    """Print the figures of lives, against the target, and of points strewn at random, for information."""
    heading(f"Belief and rules (advance, memories empty), {SUBJECTS * EACH:,} reports of {SUBJECTS:,} subjects, one core")
    found = {kind: _in_a_fresh_process(kind) for kind in KINDS}
    for kind, told in found.items():
        line(
            f"{kind}: the same points and zones, bare containment, per report",
            f"{told['contains_us']:9.3f} µs   {told['checks']:.1f} zones",
        )
        line(f"{kind}: shapely.contains_xy, pair by pair, per report", f"{told['shapely_us']:9.3f} µs")
        line(
            f"{kind}: belief and rules, per report",
            f"{told['advance_us']:9.3f} µs   {told['episodes']} episodes; the first time {told['first_us']:.3f}",
        )
        line(f"{kind}: of shapely's pair by pair", f"{told['advance_us'] / told['shapely_us']:9.2f} x")
        line(f"{kind}: memory at most, MB (before, with scene and reports)", f"{told['peak_mb']:9.1f}   ({told['before_mb']:.1f})")
    strewn = found["teleports"]
    line("teleports: of bare containment (no target: nobody moves so)", f"{strewn['advance_us'] / strewn['contains_us']:9.2f} x")
    lives = found["lives"]
    return [against("lives: of bare containment", lives["advance_us"] / lives["contains_us"], TARGET, at_most=True)]


def _in_a_fresh_process(kind: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "scripts.measure.belief", kind, str(SUBJECTS), str(EACH)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"The measurement of {kind} failed: {done.stderr.strip()[-1500:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def run(kind: str, subjects: int, each: int) -> dict[str, Any]:
    """Both sides on the calling process's core, in its own seconds. 1. Make the scene. 2. Bare containment, the best of three. 3. Belief
    and rules, first over zones that nobody asked about yet, then again as in a service that runs. 4. Shapely's own, the best of three."""
    zones, bindings, reports = _made(kind, subjects, each)
    row, zone = bindings.pairs(reports.subject)
    checks, fences = len(row) / len(reports), zones.outlines
    contains_s = _best(lambda: _contained(zones, bindings, reports))
    before_mb = _peak_mb()
    everything = dict.fromkeys(range(subjects), ((-FOREVER_US, FOREVER_US),))
    book = Rulebook(LOCAL, zones, bindings, everything)
    taken = []
    for _ in range(2):
        start = time.process_time()
        done = advance(book, reports, {}, {}, BoundaryRule())
        taken.append(time.process_time() - start)
    peak_mb = _peak_mb()
    shapely_s = _best(lambda: shapely.contains_xy(fences[zone], reports.lon[row], reports.lat[row]))
    per = 1e6 / len(reports)
    return {
        "checks": checks, "contains_us": contains_s * per, "shapely_us": shapely_s * per, "advance_us": taken[1] * per,
        "first_us": taken[0] * per,
        "episodes": sum(map(len, done.episodes.values())), "before_mb": before_mb, "peak_mb": peak_mb,
    }  # fmt: skip


def _made(kind: str, subjects: int, each: int) -> tuple[ZoneBook, Bindings, Reports]:
    scene = make_scene(subjects, subjects * each)
    if kind == "lives":
        return *lived_zones(scene), make_lives(scene, each)
    return scene.book(), scene.compiled_bindings(), as_reports(scene)


def _contained(zones: ZoneBook, bindings: Bindings, reports: Reports) -> int:
    row, zone = bindings.pairs(reports.subject)
    return int(np.count_nonzero(zones.contains(zone, reports.lat[row], reports.lon[row])))


def _best(thing: Callable[[], object], runs: int = 3) -> float:
    taken = []
    for _ in range(runs):
        start = time.process_time()
        thing()
        taken.append(time.process_time() - start)
    return min(taken)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    os.sched_setaffinity(0, {two_cores()[0]})
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
