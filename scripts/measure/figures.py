"""Taking times and saying them: medians of several runs with their spread, ratios with their targets."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median


class Outcome(StrEnum):
    """Whether a figure reached its target."""

    REACHED = "reached"
    MISSED = "MISSED"
    NOT_MEASURED = "not measured"


@dataclass(slots=True)
class Times:
    """Seconds of several runs of one thing."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.seconds)

    def per(self, n: int) -> str:
        """The median in µs for each of ``n``, with the fastest and slowest run as shares of it."""
        low, high = min(self.seconds) / self.median, max(self.seconds) / self.median
        return f"{self.median / n * 1e6:9.3f} µs   (of {len(self.seconds)} runs {low:.2f} to {high:.2f})"


@dataclass(slots=True)
class Rates:
    """Things a second in several runs."""

    rates: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.rates)

    def __str__(self) -> str:
        low, high = min(self.rates) / self.median, max(self.rates) / self.median
        return f"{self.median:9,.0f} /s   (of {len(self.rates)} runs {low:.2f} to {high:.2f})"


def in_turn(runs: int, *things: Callable[[], object]) -> list[Times]:
    """Time each of ``things``, one after the other, ``runs`` times, so that a slow moment of the machine meets all of them."""
    times = [Times() for _ in things]
    for _ in range(runs):
        for thing, taken in zip(things, times, strict=True):
            start = time.perf_counter()
            thing()
            taken.seconds.append(time.perf_counter() - start)
    return times


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def line(name: str, value: object) -> None:
    print(f"   {name:<58} {value}", flush=True)


def against(name: str, value: float, target: float, unit: str = "x", *, at_most: bool = False) -> Outcome:
    """Print a figure beside its target."""
    outcome = Outcome.REACHED if (value <= target if at_most else value >= target) else Outcome.MISSED
    line(name, f"{value:9.2f} {unit}   target {'<=' if at_most else '>='} {target:g} {unit}   {outcome}")
    return outcome


def not_measured(name: str, why: object) -> Outcome:
    line(name, f"{Outcome.NOT_MEASURED}: {why}")
    return Outcome.NOT_MEASURED


def two_cores() -> tuple[int, int]:
    """Two cores of this process's, for the measured side and for its client; the same one twice where there is only one."""
    cores: Sequence[int] = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]
