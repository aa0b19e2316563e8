"""Measures the service beside its peers on this machine, in one run, and prints every figure with its target.

Every figure printed was measured just now; what could not be is called "not measured". Exit code: 0 when no target was missed,
1 when one was or a measurement failed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Sequence

from corrections.errors import CorrectionsError
from scripts.measure import alerts, belief, console, distance, geometry, http, memory, phones
from scripts.measure.figures import Outcome
from scripts.sample_service import Trouble

MEASUREMENTS: dict[str, Callable[[], list[Outcome]]] = {
    "geometry": geometry.measure,
    "belief": belief.measure,
    "distance": distance.measure,
    "http": http.measure,
    "memory": memory.measure,
    "phones": phones.measure,
    "console": console.measure,
    "alertbench": alerts.measure,
}
BY_ITSELF = {"alertbench"}  # only when asked for


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=list(MEASUREMENTS), help="one measurement")
    parser.add_argument("--alertbench", action="store_true", help="detection against ordinary trackers (needs ../shared/alertbench)")
    options = parser.parse_args(arguments)
    wanted = (
        [options.only] if options.only else sorted(BY_ITSELF) if options.alertbench else [n for n in MEASUREMENTS if n not in BY_ITSELF]
    )
    cores, busy = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    print(f"Python {platform.python_version()} on {platform.machine()}, {cores} cores; load before: {busy:.2f}")
    outcomes: Counter[Outcome] = Counter()
    for name in wanted:
        try:
            outcomes.update(MEASUREMENTS[name]())
        except (Trouble, CorrectionsError) as error:
            print(f"\n{name} failed: {error}", file=sys.stderr)
            outcomes[Outcome.MISSED] += 1
    print("\nTargets: " + ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in Outcome))
    return 1 if outcomes[Outcome.MISSED] else 0


if __name__ == "__main__":
    raise SystemExit(main())
