"""The sample district in a database of its own, and a real server over it: what the demo and the measurements share."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Role
from corrections.records import accounts, register
from corrections.records.imports import Imported, Register, import_register
from corrections.records.zone_files import import_zones
from corrections.settings import Settings, load
from corrections.store.database import migrate, open_database, writing
from scripts.movements import LOCAL
from scripts.sample_district import BUREAU, SAMPLE, TOP, Part, Person, subject_row, write_rows, write_zones

START_S = 60.0
STOP_S = 30.0
FIRST_CONTACT = timedelta(hours=24)  # the service gives a new phone a day before it is missed
MISSED_IN = timedelta(seconds=15)  # so that the phone that never reports is missed soon after the start

_NIGHTLY_RAN = re.compile(r'^corrections_job_runs_total\{job="log"\} [1-9]', re.MULTILINE)
_CORRECTIONS = str(Path(sys.executable).with_name("corrections"))


class Trouble(Exception):
    """What went wrong in a demo or a measurement, in words for a person."""


class SampleService:
    """A folder with the sample's files and database, and the settings and environment of a server over it."""

    def __init__(self, folder: Path, port: int, extra: Mapping[str, str] | None = None) -> None:
        self.folder, self.port = folder, port
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CORRECTIONS_")},
            "CORRECTIONS_CONFIG": str(TOP / "config"),
            "CORRECTIONS_DATABASE_URL": f"sqlite:///{folder / 'corrections.db'}",
            "CORRECTIONS_SERVICE__PORT": str(port),
            **(extra or {}),
        }
        self.before: Sequence[str] = ()  # of the command, such as ``taskset``
        self.arguments: Sequence[str] = ("serve",)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        return load(database_url=self.environment["CORRECTIONS_DATABASE_URL"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    def engine(self) -> Engine:
        return open_database(self.environment["CORRECTIONS_DATABASE_URL"])

    # ---- setting up

    def set_up(self, zones: Sequence[dict[str, Any]], people: Sequence[Person], now: datetime) -> None:
        """Make the database and take the sample in, from files that stay in the folder to be looked at.

        ``devices.csv`` and ``passwords.csv`` keep what the service shows only once: this is a sample, nothing of it is secret.
        ``origin.txt`` is the first day of its people's lives, so that a demo that goes on later goes on with the same lives.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        today = now.astimezone(LOCAL).date()
        write_zones(self.folder / "zones.geojson", zones)
        engine = self.engine()
        try:
            migrate(engine)
            long_ago = now - FIRST_CONTACT + MISSED_IN
            with writing(engine) as session:
                passwords = _found_bureau(session, self.settings, long_ago)
                silent = [subject_row(person, today) for person in people if person.part is Part.NEVER_REPORTS]
                others = [subject_row(person, today) for person in people if person.part is not Part.NEVER_REPORTS]
                devices: list[dict[str, str]] = []
                for name, rows, at in (("subjects-earlier.csv", silent, long_ago), ("subjects.csv", others, now)):
                    if rows:
                        write_rows(self.folder / name, rows)
                        devices += _take(session, Register.SUBJECTS, self.folder / name, self.settings, at).credentials
                since = now - timedelta(days=60)
                import_zones(session, None, 1, (self.folder / "zones.geojson").read_bytes(), valid_from=since, now=now)
        finally:
            engine.dispose()
        datum = {person.device: person.datum for person in people}
        write_rows(self.folder / "devices.csv", [{**device, "datum": datum[device["device"]]} for device in devices])
        write_rows(self.folder / "passwords.csv", passwords)
        (self.folder / "origin.txt").write_text(f"{today - timedelta(days=1)}\n", encoding="utf-8")

    def command(self, *arguments: str) -> str:
        """What ``corrections`` with these arguments prints. Raises Trouble when it fails."""
        done = subprocess.run([_CORRECTIONS, *arguments], cwd=TOP, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"corrections {' '.join(arguments)} failed: {(done.stderr or done.stdout).strip()[-1500:]}")
        return done.stdout

    # ---- the server

    def __enter__(self) -> SampleService:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start ``corrections serve`` and wait until it is ready. Raises Trouble."""
        command = [*self.before, _CORRECTIONS, *self.arguments]
        with open(self.folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(command, cwd=TOP, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Trouble(f"The server did not start on {self.url}. Its last words:\n{self.last_words()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server as an operator would, and the hard way if it does not listen."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_for_nightly(self) -> None:
        """Let the service first close the days that it finds open when it starts, so that yesterday is closed once, with all that is
        sent now. Raises Trouble."""
        deadline = time.monotonic() + START_S
        while not _NIGHTLY_RAN.search(self._page("/metrics")):
            if time.monotonic() > deadline:
                raise Trouble("The nightly job did not run after the start.")
            time.sleep(0.2)

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def last_words(self) -> str:
        lines = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-15:])

    def _answers(self) -> bool:
        try:
            self._page("/health/ready")
            return True
        except OSError:  # refused, timed out, or an answer that is an error
            return False

    def _page(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return str(answer.read().decode())


def _found_bureau(session: Session, settings: Settings, now: datetime) -> list[dict[str, str]]:
    """The bureau as ``corrections init`` makes it, its offices and its staff; the passwords."""
    register.create_bureau(session, None, **BUREAU, now=now)
    own = register.create_office(session, None, bureau_id=1, code=BUREAU["code"], name="局机关", name_en="Bureau office", now=now)
    password = accounts.new_password()
    assert own.id is not None
    accounts.create_officer(
        session, None, office_id=own.id, login="admin", name="管理员", role=Role.ADMINISTRATOR, password=password, now=now
    )
    _take(session, Register.OFFICES, SAMPLE / "offices.csv", settings, now)
    staff = _take(session, Register.OFFICERS, SAMPLE / "officers.csv", settings, now).passwords
    return [{"login": "admin", "password": password}, *staff]


def _take(session: Session, kind: Register, file: Path, settings: Settings, now: datetime) -> Imported:
    return import_register(session, None, kind, file.read_bytes(), file.name, bureau_id=1, settings=settings, now=now)
