"""(d) What detection finds in made-up districts whose truth is known, beside what ordinary trackers find in them.

The seeds, intervals and error scales are ones on which nothing was tuned.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import exp, log
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any

from corrections.domain.rules import BoundaryRule, OpenAt
from corrections.monitor.backtest import backtest
from corrections.settings import Settings
from corrections.store.rulebook import boundary_rule
from scripts.measure.figures import Outcome, against, heading, line, not_measured, two_cores
from scripts.measure.peers import ALERTBENCH, PEERS, make_scenario, peer_incidents, scored

SUBJECTS, DAYS = 60, 14
TUNED_S = 600
SHIFTS = (-1.0, 1.0)  # of every threshold, in log-odds: the frontier
Score = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """Scenarios alike but for their seed. ``frontier``: with how many of them to try other thresholds as well."""

    interval_s: int
    hard: float
    seeds: tuple[int, ...]
    frontier: int = 0


SETTINGS = (
    Setting(300, 1.0, (27,)),
    Setting(600, 1.0, (21, 22, 23, 24), frontier=2),
    Setting(600, 0.7, (25, 26)),
    Setting(600, 1.6, (25, 26)),
    Setting(1800, 1.0, (29, 30)),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Of a preset: the least share found, the longest median delay (minutes, at 600 s), the most false alarms in 100 subject-days, and
    how few would be better still."""

    detected: float
    delay_min: float
    false: float
    stretch: float


TARGETS = {"prompt": Target(0.97, 10.5, 2.0, 1.0), "calm": Target(0.92, 20.5, 0.5, 0.2)}


def measure() -> list[Outcome]:
    """Print, for each setting, the scores of both presets against their targets and those of the peers; then the frontier."""
    if not ALERTBENCH.is_dir():
        heading("Detection against ordinary trackers")
        return [not_measured("alertbench", f"{ALERTBENCH} is not beside the project")]
    jobs = [(setting, seed, i < setting.frontier) for setting in SETTINGS for i, seed in enumerate(setting.seeds)]
    with ProcessPoolExecutor(len(set(two_cores())), mp_context=get_context("spawn")) as pool:
        scores = dict(zip(((setting, seed) for setting, seed, _ in jobs), pool.map(_scenario, *zip(*jobs, strict=True)), strict=True))
    outcomes: list[Outcome] = []
    for setting in SETTINGS:
        outcomes.extend(_told(setting, [scores[setting, seed] for seed in setting.seeds]))
        if setting.frontier:
            _frontier(setting, [scores[setting, seed] for seed in setting.seeds[: setting.frontier]])
    return outcomes


def rule_of(preset: str, shift: float = 0.0) -> BoundaryRule:
    """A preset's rule, the certainties at which violations open moved by ``shift`` in log-odds."""
    rule = boundary_rule(Settings().rules.boundary.model_copy(update={"preset": preset}))
    at = rule.open_at
    return replace(rule, open_at=OpenAt(*(_moved(p, shift) for p in (at.inclusion, at.curfew, at.exclusion, at.grave))))


def _moved(certainty: float, shift: float) -> float:
    return 1.0 / (1.0 + exp(-log(certainty / (1.0 - certainty)) - shift)) if shift else certainty


def name_of(preset: str, shift: float) -> str:
    return f"{preset} {shift:+.2f}" if shift else preset


def _scenario(setting: Setting, seed: int, frontier: bool) -> dict[str, Score]:
    """The scores of everything that is tried on one scenario, by name."""
    with tempfile.TemporaryDirectory(prefix="corrections-bench-") as name:
        folder = Path(name) / "scenario"
        make_scenario(folder, seed, SUBJECTS, DAYS, setting.interval_s, setting.hard)
        found = {peer: scored(folder, peer_incidents(folder, peer)) for peer in PEERS}
        for preset in TARGETS:
            for shift in (0.0, *(SHIFTS if frontier else ())):
                incidents = list(backtest(folder / "zones.geojson", folder / "reports.csv", rule_of(preset, shift)))
                found[name_of(preset, shift)] = scored(folder, incidents)
    return found


def together(scores: Sequence[Score]) -> Score:
    """Of several scenarios: the share of all excursions found, the mean of the median delays, the mean of the false alarms."""
    must = sum(score["must_detect"] for score in scores)
    delays = [score["delay_min_p50"] for score in scores if score["delay_min_p50"] is not None]
    return {
        "detected": sum(score["detected"] * score["must_detect"] for score in scores) / must,
        "delay_min_p50": fmean(delays) if delays else float("inf"),
        "false_per_100_subject_days": fmean(score["false_per_100_subject_days"] for score in scores),
    }


def _told(setting: Setting, scores: Sequence[dict[str, Score]]) -> Iterator[Outcome]:
    seeds = ", ".join(map(str, setting.seeds))
    heading(f"Detection: every {setting.interval_s} s, errors x {setting.hard:g}, {SUBJECTS} subjects, {DAYS} days, untuned seeds {seeds}")
    for peer in PEERS:
        line(peer, _short(together([score[peer] for score in scores])))
    for preset, target in TARGETS.items():
        ours = together([score[preset] for score in scores])
        scale = setting.interval_s / TUNED_S
        line(preset, _short(ours))
        yield against(f"{preset}: excursions found", 100 * ours["detected"], 100 * target.detected, "%")
        yield against(f"{preset}: delay, median", ours["delay_min_p50"], target.delay_min * scale, "min", at_most=True)
        false = ours["false_per_100_subject_days"]
        stretch = f"stretch {target.stretch:g} {'reached' if false <= target.stretch else 'not reached'}"
        yield against(f"{preset}: false in 100 subject-days ({stretch})", false, target.false, "", at_most=True)


def _frontier(setting: Setting, scores: Sequence[dict[str, Score]]) -> None:
    heading(f"Frontier at {setting.interval_s} s: every threshold moved by so much in log-odds, {len(scores)} seeds")
    for preset in TARGETS:
        for shift in sorted((0.0, *SHIFTS)):
            line(name_of(preset, shift), _short(together([score[name_of(preset, shift)] for score in scores])))


def _short(score: Score) -> str:
    return (
        f"found {score['detected']:.3f}, delay {score['delay_min_p50']:4.1f} min, "
        f"false {score['false_per_100_subject_days']:6.2f} in 100 subject-days"
    )
