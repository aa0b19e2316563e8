"""Lives over the zones of the scene: subjects who rest at home, go on a few trips a day, and carry phones that err as real ones do."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from corrections.domain.model import SOURCES, Bools, Floats, Ints, Reports, Severity, Source, Window, ZoneKind, ZoneVersion, to_us
from corrections.domain.zones import Bindings, ZoneBook
from scripts.measure.scene import DISTRICT_RADIUS_M, Scene

LOCAL = ZoneInfo("Asia/Shanghai")
START_US = to_us(datetime(2026, 3, 2, 12, tzinfo=LOCAL))  # a hundred reports at 600 s from noon on take in a night
INTERVAL_S = 600
CURFEW = (Window(time(22), time(6)),)
TRIPS, SLOT_S = 3, 5 * 3600
LEAVES = 0.02  # of trips go out of the district
FREE_OF_HOME_DEG = 0.002  # about 200 m: nobody is forbidden to be at home
M_PER_DEGREE = 111_200.0
# Error over claimed radius of real phones at rest, by share (domain notes, section 6.3).
SHARES, RATIOS = (0.0, 0.68, 0.90, 0.95, 0.99, 1.0), (0.0, 0.46, 1.09, 2.16, 5.22, 12.0)
REPEATS = 0.5  # of fixes at rest that err as the one before
SOURCE_CODES = [SOURCES.index(source) for source in (Source.SATELLITE, Source.WIFI, Source.CELL)]
CLAIMED_M = (12.0, 40.0, 1000.0)
AT_REST, ON_THE_WAY = (0.25, 0.5, 0.25), (0.75, 0.13, 0.12)


def lived_zones(scene: Scene) -> tuple[ZoneBook, Bindings]:
    """The scene's fences: districts bind all day, each subject's circle about her home is a curfew, all others are prohibited, but bind
    nobody whose home they hold."""
    districts = {zones[0] for zones in scene.bindings.values()}
    circles = _circles(scene)
    wkb = shapely.to_wkb(scene.fences)
    versions = []
    for i in range(len(scene.fences)):
        kind = ZoneKind.INCLUSION if i in districts or i in circles else ZoneKind.EXCLUSION
        versions.append(ZoneVersion(i, i, 1, str(i), kind, Severity.MEDIUM, wkb[i], CURFEW if i in circles else ()))
    shapely.prepare(scene.fences)
    bindings = {}
    for subject, zones in scene.bindings.items():
        home = shapely.Point(scene.home[subject, ::-1])
        bindings[subject] = [
            z for z in zones if versions[z].kind is ZoneKind.INCLUSION or not shapely.dwithin(scene.fences[z], home, FREE_OF_HOME_DEG)
        ]
    return ZoneBook(versions), Bindings(bindings)


def _circles(scene: Scene) -> set[int]:
    """Each subject's own circle: the first fence after those that her office shares."""
    shared = set.intersection(*(set(zones) for zones in list(scene.bindings.values())[:2])) if len(scene.bindings) > 1 else set()
    return {zones[len(shared)] for zones in scene.bindings.values()}


def make_lives(scene: Scene, each: int, seed: int = 1) -> Reports:
    """``each`` reports of every subject, 600 s apart. 1. Where she is. 2. What her phone's source claims. 3. By how much it errs."""
    rng = np.random.default_rng(seed)
    n = len(scene.home)
    seconds = np.arange(each) * INTERVAL_S + rng.integers(0, INTERVAL_S, n)[:, None]
    xy, moving = _movement(rng, n, seconds.astype(np.float64))
    rest = ~moving
    chosen = np.where(rest, rng.choice(3, (n, each), p=AT_REST), rng.choice(3, (n, each), p=ON_THE_WAY))
    claimed = np.array(CLAIMED_M)[chosen] * np.exp(rng.normal(0.0, 0.4, (n, each)))
    xy += claimed[..., None] * _errors(rng, rest)
    lat = scene.home[:, :1] + xy[..., 1] / M_PER_DEGREE
    lon = scene.home[:, 1:] + xy[..., 0] / (M_PER_DEGREE * np.cos(np.radians(scene.home[:, :1])))
    subject = np.repeat(np.arange(n, dtype=np.int64), each)
    fix_us = (START_US + seconds * 1_000_000).ravel().astype(np.int64)
    source: Ints = np.array(SOURCE_CODES, dtype=np.int64)[chosen].ravel()
    return Reports(
        subject, fix_us, np.arange(n * each, dtype=np.int64), lat.ravel(), lon.ravel(), claimed.ravel(), source,
        fix_us + 2_000_000, np.zeros(n * each, dtype=bool), subject,
    )  # fmt: skip


def _movement(rng: np.random.Generator, n: int, seconds: Floats) -> tuple[Floats, Bools]:
    """Metres from home at each moment, and whether she is on the way: up to three trips, each in five hours of its own, some kilometres
    far, at the pace of a walk when near, else of a car; the second hardly ever begins after dark."""
    xy, moving = np.zeros((*seconds.shape, 2)), np.zeros(seconds.shape, dtype=bool)
    for trip in range(TRIPS):
        goes = rng.random(n) < (0.7, 0.5, 0.05)[trip]
        far = np.where(rng.random(n) < LEAVES, rng.uniform(1.0, 2.0, n) * DISTRICT_RADIUS_M, rng.exponential(3000.0, n) + 150.0)
        angle = rng.uniform(0.0, 2 * np.pi, n)
        way_s = np.minimum(far / np.where(far < 2000.0, 1.3, rng.uniform(6.0, 13.0, n)), 3600.0)
        leaves_s = trip * SLOT_S + rng.uniform(0.0, 1800.0, n)
        returns_s = leaves_s + way_s + rng.uniform(600.0, 7200.0, n)
        out = np.clip((seconds - leaves_s[:, None]) / way_s[:, None], 0.0, 1.0)
        out -= np.clip((seconds - returns_s[:, None]) / way_s[:, None], 0.0, 1.0)
        out[~goes] = 0.0
        xy += (out * far[:, None])[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None, :]
        moving |= (out > 0.0) & (out < 1.0)
    return xy, moving


def _errors(rng: np.random.Generator, rest: Bools) -> Floats:
    """Errors east and north in claimed radii; at rest every other fix errs as the one before."""
    ratio = np.interp(rng.random(rest.shape), SHARES, RATIOS)
    angle = rng.uniform(0.0, 2 * np.pi, rest.shape)
    error: Floats = ratio[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    again = rest & (rng.random(rest.shape) < REPEATS)
    for k in range(1, rest.shape[1]):
        error[again[:, k], k] = error[again[:, k], k - 1]
    return error
