"""``corrections serve`` and ``worker`` as real processes, ``ingest``, ``check`` and ``backtest``."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from corrections.clock import SetClock, SystemClock, using
from corrections.domain.model import from_us, to_us
from corrections.store.database import writing
from corrections.store.tables import Pulse, Report, Violation
from tests.cli.conftest import NOW, Run
from tests.cli.test_import import SQUARE, zones_file

COMMAND = Path(sys.executable).with_name("corrections")
MINUTE = timedelta(minutes=1)


@contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """The real command as a process of its own; ended, whatever happens."""
    process = subprocess.Popen([COMMAND, *map(str, arguments)], stderr=subprocess.PIPE, text=True, env=os.environ)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stderr is not None
        process.stderr.close()


def said_until(process: subprocess.Popen[str], text: str) -> str:
    """What the process says up to the line that holds ``text``, or up to its end."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if text in line:
            break
    return said


def ended(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    said_until(process, "no such line: read it to its end, so that it can write all it wants to")
    return process.wait()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def answer(port: int, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, response.read().decode()


# ---- processes


@pytest.mark.both_databases
def test_serve_takes_a_report_in_and_ends_in_good_order(founded: Run, database: Engine, port: int) -> None:
    with using(SystemClock()) as system:
        fix_us = to_us(system.now() - MINUTE)
    credential = founded("import", "devices", _file("devices.csv", "number,device\nS1,phone-2\n"), "--json").json["secrets"][0][
        "credential"
    ]

    with started("serve", "--port", port) as process:
        assert f"serving on http://127.0.0.1:{port}" in said_until(process, "serving on")
        live = answer(port, "/health/live")
        taken = answer(port, f"/ingest/osmand/{credential}?id=phone-2&lat=41.5&lon=122.7&timestamp={fix_us // 1_000_000}")
        code = ended(process)

    assert live == (200, '{"alive":true}')
    assert taken[0] == 200
    assert code == 0
    with writing(database) as session:
        assert session.exec(select(Report.fix_time)).all() == [from_us(fix_us // 1_000_000 * 1_000_000)]
        assert [pulse.process.startswith("web:") for pulse in session.exec(select(Pulse))] == [True]


@pytest.mark.both_databases
def test_serve_web_leaves_the_evaluation_to_a_worker(founded: Run, database: Engine, port: int) -> None:
    with started("serve", "--web", "--port", port) as process:
        said_until(process, "Application startup complete")
        code = ended(process)

    assert code == 0

    with started("worker") as process:
        assert "monitoring " in said_until(process, "monitoring ")
        code = ended(process)

    assert code == 0
    with writing(database) as session:
        assert sorted(pulse.process.startswith("web:") for pulse in session.exec(select(Pulse))) == [False, True]


def test_a_port_in_use_is_told(founded: Run, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)), started("serve", "--port", port) as process:
        said = said_until(process, "cannot be listened on")
        code = process.wait()

    assert said.splitlines()[-1] == f"Error: 127.0.0.1:{port} cannot be listened on: Address already in use"
    assert code == 1


def test_the_log_speaks_json_where_the_settings_say_so(founded: Run, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRECTIONS_SERVICE__LOG_FORMAT", "json")

    with started("serve", "--port", port) as process:
        line = json.loads(said_until(process, "serving on").splitlines()[-1])
        ended(process)

    assert (line["level"], line["logger"]) == ("info", "corrections.cli.running")
    assert line["event"].startswith(f"serving on http://127.0.0.1:{port} with ")
    assert line["timestamp"].endswith("Z")


def test_nothing_is_served_without_a_database(run: Run, port: int) -> None:
    said = run("serve", "--port", port)

    assert (said.code, said.err) == (1, "Error: There is no database corrections.db yet. Make it with: corrections init\n")


# ---- ingest and check


REPORTS = "device,fix_time,lat,lon,accuracy_m,source\n"


def away(n: int, lat: float = 41.9) -> str:
    return "".join(f"phone-1,{(NOW + i * 10 * MINUTE).isoformat()},{lat},122.75,150,gps\n" for i in range(n))


@pytest.mark.both_databases
def test_a_file_is_taken_in_once_and_a_check_finds_what_it_shows(founded: Run, database: Engine, clock: SetClock, tmp_path: Path) -> None:
    founded("import", "zones", zones_file(tmp_path, SQUARE))
    file = _file("reports.csv", REPORTS + away(7))
    clock.advance(timedelta(hours=2))

    first, again = founded("ingest", file, "--json"), founded("ingest", file)
    checked = founded("check", "--json").json

    assert (first.code, first.json["stored"], first.json["repeated"]) == (0, 7, 0)
    assert again.out == "Stored 0, repeated 7, refused 0.\n"
    assert (checked["reports"], checked["subjects"], checked["failed"]) == (7, 1, [])
    assert [(v["subject"], v["rule"], v["officer"]) for v in checked["violations"]] == [("S1", "boundary", "李明")]
    assert founded("check").out.splitlines() == ["Evaluated 0 reports of 0 subjects.", "No new violation."]


def test_a_check_lists_what_it_found(founded: Run, clock: SetClock, tmp_path: Path) -> None:
    founded("import", "zones", zones_file(tmp_path, SQUARE))
    clock.advance(timedelta(hours=2))
    founded("ingest", _file("reports.csv", REPORTS + away(7)))

    said = founded("check").out

    assert "Evaluated 7 reports of 1 subjects." in said
    assert "Outside the permitted area" in said


def test_faulty_lines_are_listed_and_the_others_stored(founded: Run, database: Engine, clock: SetClock) -> None:
    lines = f"phone-1,{NOW.isoformat()},41.5,122.7,20,gps\nphone-9,{NOW.isoformat()},41.5,122.7,20,gps\n"
    lines += f"phone-1,{NOW.isoformat()},95,122.7,20,gps\n"

    said = founded("ingest", _file("reports.csv", REPORTS + lines))

    assert said.code == 1
    assert [line.split()[:2] for line in said.out.splitlines()[2:-1]] == [["3", "unknown_device"], ["4", "bad_coordinates"]]
    assert said.out.splitlines()[-1] == "Stored 1, repeated 0, refused 2."
    with writing(database) as session:
        assert len(session.exec(select(Report)).all()) == 1


def test_reports_can_come_from_standard_input(founded: Run) -> None:
    line = json.dumps({"device": "phone-1", "fix_time": NOW.isoformat(), "lat": 41.5, "lon": 122.7})

    assert founded("ingest", "-", stdin=line + "\n").out == "Stored 1, repeated 0, refused 0.\n"


@pytest.mark.parametrize(
    ("content", "told"), [("device,lat\n", "The file has no column fix_time."), (None, "There is no file reports.csv.")]
)
def test_a_file_that_cannot_be_read_is_told(founded: Run, content: str | None, told: str) -> None:
    if content is not None:
        _file("reports.csv", content)

    said = founded("ingest", "reports.csv")

    assert (said.code, said.err) == (1, f"Error: {told}\n")


def test_a_subject_that_fails_makes_the_check_fail(founded: Run, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from corrections.monitor import evaluate

    def broken(*_: object) -> None:
        raise ValueError("zone 3 is broken")

    founded("ingest", _file("reports.csv", REPORTS + away(1)))
    monkeypatch.setattr(evaluate, "derive", broken)

    said = founded("check")

    assert (said.code, said.err) == (1, "1 subjects failed; see corrections doctor.\n")
    with writing(database) as session:
        assert session.exec(select(Violation)).all() == []


# ---- backtest


def backtest_files(folder: Path) -> tuple[Path, Path]:
    zones = zones_file(folder, SQUARE)
    rows = [
        f"A,a,{(NOW + i * 10 * MINUTE).isoformat()},{(NOW + i * 10 * MINUTE).isoformat()},{41.55 if i < 3 else 41.7},122.75,20,gps\n"
        for i in range(14)
    ]
    return zones, _file("recorded.csv", "subject,device,fix_time,received_time,lat,lon,accuracy_m,source\n" + "".join(rows))


@pytest.mark.parametrize("preset", [(), ("--preset", "prompt"), ("--preset", "calm")])
def test_a_backtest_needs_no_database_and_writes_an_incident_a_line(run: Run, tmp_path: Path, preset: tuple[str, ...]) -> None:
    zones, reports = backtest_files(tmp_path)

    said = run("backtest", "--zones", zones, "--reports", reports, "--out", "out.jsonl", *preset)

    assert (said.code, said.out) == (0, "Found 1 incidents; written to out.jsonl.\n")
    incidents = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(i["subject"], i["zone"], i["ended_at"]) for i in incidents] == [("A", "Z0", None)]


def test_calm_decides_later_than_prompt(run: Run, tmp_path: Path) -> None:
    zones, reports = backtest_files(tmp_path)

    decided = {}
    for preset in ("prompt", "calm"):
        run("backtest", "--zones", zones, "--reports", reports, "--out", f"{preset}.jsonl", "--preset", preset)
        decided[preset] = json.loads((tmp_path / f"{preset}.jsonl").read_text())["decided_at"]

    assert decided["prompt"] < decided["calm"]


def test_a_backtest_of_a_faulty_file_tells_the_line_and_leaves_no_result(run: Run, tmp_path: Path) -> None:
    zones, reports = backtest_files(tmp_path)
    reports.write_text(reports.read_text().replace("41.7", "north", 1))

    said = run("backtest", "--zones", zones, "--reports", reports, "--out", "out.jsonl")

    assert (said.code, said.err) == (1, "Error: recorded.csv, line 5: 'north' is not a lat.\n")
    assert not (tmp_path / "out.jsonl").exists()


def _file(name: str, content: str) -> Path:
    file = Path.cwd() / name
    file.write_text(content, encoding="utf-8")
    return file
