"""(c) Memory of ``corrections serve`` with the sample's 280 subjects, after a day of their reports was taken in and evaluated."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from corrections import clock
from scripts.measure.figures import Outcome, against, heading, line
from scripts.measure.http import until_evaluated
from scripts.movements import LOCAL
from scripts.phones import phones_for_days, read_identities, send_all
from scripts.sample_district import make, zones
from scripts.sample_service import SampleService, Trouble

TARGET_MB = 200.0
PORT = 8473


def measure() -> list[Outcome]:
    """Print what the process holds, and whether the target is reached."""
    heading("Memory of corrections serve with 280 subjects and a day of their reports")
    folder = Path(tempfile.mkdtemp(prefix="corrections-bench-"))
    try:
        district, now = make(), clock.now()
        service = SampleService(folder, PORT)
        service.set_up(zones(district), district.people, now)
        with service:
            idle = status_mb(service.process_id, "VmRSS")
            yesterday = now.astimezone(LOCAL).date() - timedelta(days=1)
            played = phones_for_days(district, read_identities(folder), yesterday, yesterday, now)
            tally = asyncio.run(send_all(played.phones, "127.0.0.1", PORT, patience=0.02))
            if tally.acknowledged != tally.fixes:
                raise Trouble(f"Only {tally.acknowledged} of {tally.fixes} reports were acknowledged: {dict(tally.answers)}")
            until_evaluated(service)
            line("reports taken in and evaluated", f"{tally.acknowledged:9,}")
            line("resident after the start, MB", f"{idle:9.1f}")
            line("resident at most, MB", f"{status_mb(service.process_id, 'VmHWM'):9.1f}")
            return [against("resident afterwards", status_mb(service.process_id, "VmRSS"), TARGET_MB, "MB", at_most=True)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def status_mb(process_id: int, name: str) -> float:
    """A line of /proc/PID/status, in megabytes (10^6 bytes)."""
    for text in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if text.startswith(f"{name}:"):
            return int(text.split()[1]) * 1024 / 1e6
    raise Trouble(f"The system tells no {name}.")
