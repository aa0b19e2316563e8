"""(d) What ``corrections backtest`` finds in a made-up district whose truth is known, beside what ordinary trackers find in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.measure.figures import Outcome, heading, line, not_measured
from scripts.sample_district import TOP
from scripts.sample_service import Trouble

ALERTBENCH = TOP.parent / "shared" / "alertbench"
SEEDS = (1, 2)
SUBJECTS, DAYS = 60, 14


def measure() -> list[Outcome]:
    """Print the scores of both presets and of the baselines, for comparison; no target is set for them."""
    if not ALERTBENCH.is_dir():
        heading("Detection against ordinary trackers")
        return [not_measured("alertbench", f"{ALERTBENCH} is not beside the project")]
    folder = Path(tempfile.mkdtemp(prefix="corrections-bench-"))
    try:
        for seed in SEEDS:
            _scenario(folder / str(seed), seed)
        return []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _scenario(folder: Path, seed: int) -> None:
    heading(f"Detection, {SUBJECTS} subjects, {DAYS} days, seed {seed}")
    numbers = ["--seed", str(seed), "--subjects", str(SUBJECTS), "--days", str(DAYS)]
    _run([sys.executable, str(ALERTBENCH / "scenario.py"), str(folder), *numbers])
    baselines = {}
    for text in _run([sys.executable, str(ALERTBENCH / "baselines.py"), str(folder)]).splitlines():
        name, _, found = text.partition("{")
        baselines[name.strip()] = json.loads("{" + found)
        line(name.strip(), _told(baselines[name.strip()]))
    for preset in ("prompt", "calm"):
        score = _ours(folder, preset)
        for name, peer in baselines.items():
            line(
                f"   of {name}'s", f"detected {_share(score, peer, 'detected')}, false {_share(score, peer, 'false_per_100_subject_days')}"
            )


def _share(ours: dict[str, Any], theirs: dict[str, Any], key: str) -> str:
    return f"{ours[key] / theirs[key]:.3f} x" if theirs[key] else "not measured (theirs is 0)"


def _ours(folder: Path, preset: str) -> dict[str, Any]:
    out = folder / f"{preset}.jsonl"
    command = [str(Path(sys.executable).with_name("corrections")), "backtest", "--preset", preset, "--out", str(out)]
    start = time.perf_counter()
    _run([*command, "--zones", str(folder / "zones.geojson"), "--reports", str(folder / "reports.csv")])
    seconds = time.perf_counter() - start
    score: dict[str, Any] = json.loads(_run([sys.executable, str(ALERTBENCH / "score.py"), str(folder), str(out), "--json"]))
    line(f"corrections backtest, {preset} ({seconds:.1f} s)", _told(score))
    return score


def _told(score: dict[str, Any]) -> str:
    return (
        f"detected {score['detected']:.3f}, delay {score['delay_min_p50']} min (90 %: {score['delay_min_p90']}), "
        f"false {score['false_per_100_subject_days']} in 100 subject-days, fragments {score['fragments']}"
    )


def _run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-1500:]}")
    return done.stdout
