"""(b) Reports stored a second over HTTP, against FastAPI that answers the same requests without doing anything.

Server on one core, client on the other. Ours is ``corrections serve`` as a bureau runs it: SQLite in WAL with full sync, evaluation
in the same process. Every report is distinct, and is counted in the database afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy import text

from corrections import clock
from scripts.measure.figures import Outcome, Rates, against, heading, line, two_cores
from scripts.measure.load import BATCH
from scripts.sample_district import TOP, Part, make, zones
from scripts.sample_service import SampleService, Trouble

TARGET = 0.5
WITH_TARGET = {"one"}  # as most phones send; of a batch, bare FastAPI never looks at the body
RUNS = 5
REQUESTS = {"one": 20_000, "fifty": 2_000}
CONNECTIONS = 64
PORT, BARE_PORT = 8471, 8472


def measure() -> list[Outcome]:
    """Print the rates of both sides, and whether the target is reached."""
    core, client_core = two_cores()
    folder = Path(tempfile.mkdtemp(prefix="corrections-bench-"))
    try:
        district = make()
        district.people = [person for person in district.people if person.part is Part.ORDINARY]
        service = SampleService(folder, PORT)
        service.set_up(zones(district), district.people, clock.now())
        service.before = ["taskset", "-c", str(core)]
        with service, _bare(core) as bare_id:
            service.wait_for_nightly()
            return [outcome for kind in BATCH for outcome in _batches(kind, service, bare_id, client_core)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _batches(kind: str, service: SampleService, bare_id: int, client_core: int) -> list[Outcome]:
    size, count = BATCH[kind], REQUESTS[kind]
    heading(f"Reports a second over HTTP, {size} in a request, {CONNECTIONS} connections, server on one core, client on another")
    ours, bare, our_cpu, bare_cpu = Rates(), Rates(), Rates(), Rates()
    _play(BARE_PORT, kind, 0, count // 10, client_core, service.folder)
    for run in range(RUNS):
        cpu = _cpu_s(bare_id)
        bare.rates.append(size * count / _play(BARE_PORT, kind, run * count, count, client_core, service.folder))
        bare_cpu.rates.append(size * count / (_cpu_s(bare_id) - cpu))
        before, cpu = _stored(service), _cpu_s(service.process_id)
        seconds = _play(PORT, kind, run * count, count, client_core, service.folder)
        our_cpu.rates.append(size * count / (_cpu_s(service.process_id) - cpu))
        stored = _stored(service) - before
        if stored != size * count:
            raise Trouble(f"{size * count} distinct reports were acknowledged and {stored} are in the database.")
        ours.rates.append(stored / seconds)
        until_evaluated(service)
    line("FastAPI alone, answering 204", bare)
    line("corrections serve, stored (counted in the database)", ours)
    line("the same by processor time: FastAPI alone", bare_cpu)
    line("                            corrections serve", our_cpu)
    share = median(one / other for one, other in zip(ours.rates, bare.rates, strict=True))  # of runs side by side in time
    if kind in WITH_TARGET:
        return [against("stored, of what bare FastAPI answers", share, TARGET)]
    line("stored, of what bare FastAPI answers without reading it", f"{share:9.2f} x   (for information)")
    return []


def _play(port: int, kind: str, first: int, count: int, core: int, folder: Path) -> float:
    command = [sys.executable, "-m", "scripts.measure.load", str(port), kind, str(first), str(count), str(CONNECTIONS)]
    done = subprocess.run(
        ["taskset", "-c", str(core), *command, str(folder / "devices.csv")], cwd=TOP, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Trouble(f"The client failed: {done.stderr.strip()[-2000:]}")
    said = json.loads(done.stdout)
    if any(int(status) >= 300 for status in said["answers"]):
        raise Trouble(f"Not every request was taken: {said['answers']}")
    return float(said["seconds"])


def _stored(service: SampleService) -> int:
    engine = service.engine()
    try:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM report")).scalar_one())
    finally:
        engine.dispose()


def until_evaluated(service: SampleService, within_s: float = 120.0) -> None:
    """Let the evaluation catch up, so that each run begins alike."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        engine = service.engine()
        with engine.connect() as connection:
            behind = connection.execute(text("SELECT max(id) - (SELECT max(position) FROM stream_position) FROM report")).scalar_one()
        engine.dispose()
        if not behind:
            return
        time.sleep(0.5)
    raise Trouble(f"The evaluation had not caught up after {within_s:.0f} s.")


def _cpu_s(process_id: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _bare(core: int) -> Iterator[int]:
    process = subprocess.Popen(["taskset", "-c", str(core), sys.executable, "-m", "scripts.measure.bare", str(BARE_PORT)], cwd=TOP)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{BARE_PORT}/health/ready", timeout=2).close()
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Trouble("The bare FastAPI server did not start.") from error
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()
