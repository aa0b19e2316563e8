"""``corrections doctor``: what is wrong here, and what a person should look at."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from corrections.cli import doctor
from corrections.clock import SetClock
from corrections.store.database import writing
from corrections.store.tables import (
    Authority,
    Device,
    DeviceFlag,
    LogDay,
    Officer,
    Pulse,
    Report,
    SetAside,
    StreamPosition,
    Subject,
    SubjectState,
)
from tests.cli.conftest import NOW, Run

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def _any_server_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' clock stands in March 2026, the database server's does not."""
    monkeypatch.setattr(doctor, "CLOCKS_APART_S", 1e12)


def examined(run: Run, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    said = run("doctor", "--json", *arguments)
    return said.code, {check["check"]: check for check in said.json}


def test_a_sound_installation_exits_with_0(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        session.add(Pulse(process="serve", at=NOW))

    code, found = examined(founded, "--strict")

    assert code == 0
    assert {check["state"] for check in found.values()} == {"ok"}
    assert {"versions", "settings", "database", "timezones", "clock", "pulse", "waiting"} <= found.keys()
    assert founded("doctor").out.splitlines()[-1] == "Nothing is wrong."


def _no_authority(session: Session) -> None:
    session.execute(update(Authority).values(revoked_at=NOW))


def _no_device(session: Session) -> None:
    session.execute(update(Device).values(active=False))


def _neither(session: Session) -> None:
    _no_authority(session)
    _no_device(session)


def _no_officer(session: Session) -> None:
    session.execute(update(Subject).values(officer_id=None))


def _nobody(session: Session) -> None:
    session.execute(update(Officer).values(active=False))


@pytest.mark.parametrize(
    ("hole", "make"),
    [
        ("no-authority-but-device", _no_authority),
        ("no-device", _no_device),
        ("no-authority", _neither),
        ("no-officer", _no_officer),
        ("nobody", _nobody),
    ],
)
def test_a_hole_in_the_register_is_shown_by_number(founded: Run, database: Engine, hole: str, make: Any) -> None:
    with writing(database) as session:
        make(session)

    code, found = examined(founded)

    assert code == 0
    assert (found[hole]["state"], found[hole]["concerns"]) == ("attention", ["S1"])
    assert examined(founded, "--strict")[0] == 1


@pytest.mark.parametrize("column", ["status", "term_until", "category"])
def test_one_who_is_not_to_be_watched_is_no_hole(founded: Run, database: Engine, column: str) -> None:
    with writing(database) as session:
        _neither(session)
        session.execute(update(Subject).values({column: {"status": "custody", "term_until": NOW, "category": "released"}[column]}))

    assert examined(founded)[1]["no-authority"]["state"] == "ok"


def test_officers_without_a_password_are_shown(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        session.execute(update(Officer).where(col(Officer.login) == "liming").values(password_hash=""))

    assert examined(founded)[1]["no-password"]["concerns"] == ["liming"]


def test_a_failing_subject_is_wrong(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        session.execute(update(SubjectState).values(fault="zone 3 is broken", fault_at=NOW))

    code, found = examined(founded)

    assert code == 1
    assert found["failing"]["concerns"][0]["subject"] == "S1"
    assert "zone 3 is broken" in founded("doctor").out


def report(session: Session, waited: timedelta) -> None:
    at = NOW - waited
    session.add(Report(bureau_id=1, subject_id=1, device_id=1, fix_time=at, received_at=at, digest=1, lat=41.5, lon=122.7, raw=b"{}"))


@pytest.mark.parametrize(("minutes", "code"), [(3, 0), (5, 1)])
def test_reports_that_wait_longer_than_an_alert_may_take_are_wrong(founded: Run, database: Engine, minutes: int, code: int) -> None:
    with writing(database) as session:
        report(session, timedelta(minutes=minutes))

    ended, found = examined(founded)

    assert ended == code
    assert found["waiting"]["en"] == f"1 reports wait for evaluation, the oldest for {minutes * 60} s."


def test_evaluated_reports_do_not_wait(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        report(session, timedelta(hours=1))
        session.flush()
        session.execute(update(StreamPosition).values(position=session.exec(select(Report.id)).one()))

    assert examined(founded)[1]["waiting"]["state"] == "ok"


@pytest.mark.parametrize(("age_s", "state"), [(60, "ok"), (121, "wrong")])
def test_a_pulse_that_stopped_is_wrong(founded: Run, database: Engine, age_s: int, state: str) -> None:
    with writing(database) as session:
        session.add(Pulse(process="old", at=NOW - timedelta(days=9)))
        session.add(Pulse(process="new", at=NOW - timedelta(seconds=age_s)))

    assert examined(founded)[1]["pulse"]["state"] == state


def test_a_clock_that_was_set_back_is_wrong(founded: Run, clock: SetClock) -> None:
    clock.advance(-timedelta(hours=1))

    code, found = examined(founded)

    assert (code, found["clock"]["state"]) == (1, "wrong")


def test_a_database_server_with_another_clock_is_wrong(founded: Run, database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CLOCKS_APART_S", 5.0)

    found = examined(founded)[1]

    assert found.get("server-clock", {}).get("state") == {"postgresql": "wrong", "sqlite": None}[database.dialect.name]


@pytest.mark.parametrize(("free", "state"), [(3_000_000_000, "ok"), (1_000_000_000, "attention"), (100_000_000, "wrong")])
def test_a_disk_that_fills_up_is_told(run: Run, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setenv("CORRECTIONS_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    assert examined(run)[1]["disk"]["state"] == state


def test_messages_set_aside_of_late_are_counted(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        for digest, (age, count) in enumerate([(timedelta(hours=1), 3), (timedelta(days=2), 50)]):
            session.add(SetAside(digest=digest, received_at=NOW - age, last_at=NOW - age, count=count, reason="unknown_device"))

    assert examined(founded)[1]["set-aside"]["concerns"] == [{"reason": "unknown_device", "count": 3}]


def test_a_database_that_does_not_answer_is_wrong_and_the_rest_is_still_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRECTIONS_DATABASE_URL", "postgresql://who:hidden@127.0.0.1:1/corrections")

    code, found = examined(run)

    assert code == 1
    assert [(name, check["state"]) for name, check in found.items()] == [("versions", "ok"), ("settings", "ok"), ("database", "wrong")]
    assert "hidden" not in str(found)


def test_a_missing_database_is_wrong(run: Run, tmp_path: Path) -> None:
    code, found = examined(run)

    assert (code, found["database"]["state"]) == (1, "wrong")
    assert list(tmp_path.iterdir()) == []


def closed(session: Session, *days: str) -> None:
    for day in days:
        session.add(LogDay(subject_id=1, day=day, part=0, written_at=NOW, content={}))


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (("2026-03-02", "2026-03-03", "2026-03-04"), "ok"),
        (("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"), "ok"),
        (("2026-03-02", "2026-03-04"), "wrong"),
        (("2026-03-02", "2026-03-03"), "wrong"),
        ((), "wrong"),
    ],
)
def test_a_supervision_log_that_lacks_days_is_wrong(
    founded: Run, database: Engine, clock: SetClock, days: tuple[str, ...], state: str
) -> None:
    clock.advance(timedelta(days=4))
    with writing(database) as session:
        closed(session, *days)

    found = examined(founded)[1]["log"]

    assert (found["state"], found["concerns"]) == (state, [] if state == "ok" else ["S1"])


def test_a_log_has_a_day_of_grace(founded: Run, clock: SetClock) -> None:
    clock.advance(timedelta(days=1))

    assert examined(founded)[1]["log"]["state"] == "ok"


def test_who_is_not_supervised_lacks_no_days(founded: Run, database: Engine, clock: SetClock) -> None:
    clock.advance(timedelta(days=4))
    with writing(database) as session:
        session.execute(update(Subject).values(status="ended"))

    assert examined(founded)[1]["log"]["state"] == "ok"


def test_a_device_of_a_doubtful_datum_is_shown(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        session.add(DeviceFlag(device_id=1, subject_id=1, kind="gcj02_offset", since=NOW))

    code, found = examined(founded)

    assert code == 0
    assert (found["device-datum"]["state"], found["device-datum"]["concerns"][0]["kind"]) == ("attention", "gcj02_offset")
