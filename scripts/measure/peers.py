"""The detectors of ordinary trackers that stand beside the project (../shared/alertbench), and its scenarios and scores."""

from __future__ import annotations

import importlib
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from scripts.sample_district import TOP

ALERTBENCH = TOP.parent / "shared" / "alertbench"
PEERS: dict[str, dict[str, float]] = {
    "every-fix": {},
    "accurate": {"max_accuracy_m": 100},
    "two-fixes": {"max_accuracy_m": 100, "confirm": 2},
}


def peer_incidents(folder: Path, name: str) -> list[dict[str, Any]]:
    """What one of the peers puts before an officer in a scenario."""
    baselines = _module("baselines")
    found: list[dict[str, Any]] = baselines.detect(*baselines.load(folder), **PEERS[name])
    return found


def scored(folder: Path, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Detected, delays, false alarms in 100 subject-days, as ``score.py`` says."""
    score: dict[str, Any] = _module("score").score(folder, found)
    return score


def make_scenario(folder: Path, seed: int, subjects: int, days: int, interval_s: int, hard: float) -> None:
    """A scenario in a folder that does not exist yet."""
    with redirect_stdout(StringIO()):
        _module("scenario").build(folder, seed, subjects, days, interval_s, hard)


def _module(name: str) -> ModuleType:
    if str(ALERTBENCH) not in sys.path:
        sys.path.append(str(ALERTBENCH))
    return importlib.import_module(name)
