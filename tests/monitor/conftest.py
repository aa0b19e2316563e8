"""A small district to monitor, and a way to put reports into the store without a phone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert
from sqlmodel import Session, col, select

from corrections.domain.model import Category, Level, Role, Scope, Severity, ZoneKind, to_us
from corrections.monitor.evaluate import Evaluated, evaluate
from corrections.records import accounts, outlines, permits, register, zones
from corrections.records.permits import Basis
from corrections.settings import Settings
from corrections.store.database import reading, writing
from corrections.store.tables import Device, Report, Subject, Violation

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # Monday noon in the district
LAT, LON = 41.5, 122.7
M_PER_DEG_LAT, M_PER_DEG_LON = 111_060.0, 83_500.0
RADIUS_M = 5_000.0


@dataclass
class District:
    """One bureau, one office, one officer; subjects S0, S1, … each with a device that reports every 10 minutes, bound by a circle
    of 5 km about the centre. ``at`` moves a position east of the centre in metres."""

    engine: Engine
    settings: Settings
    bureau_id: int = 0
    office_id: int = 0
    officer_id: int = 0
    subjects: list[int] = field(default_factory=list)
    devices: list[int] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)

    def report(
        self, subject: int, fix_time: datetime, east_m: float | None = 0.0, *, received_at: datetime | None = None, **more: Any
    ) -> dict[str, Any]:
        """A row of ``report``: so many metres east of the centre (None: contact without a position), received with the fix."""
        lon = None if east_m is None else LON + east_m / M_PER_DEG_LON
        content = f"{subject}|{to_us(fix_time)}|{lon}|{more}"
        row = {
            "bureau_id": self.bureau_id, "subject_id": self.subjects[subject], "device_id": self.devices[subject], "fix_time": fix_time,
            "digest": int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest(), "big") >> 1,
            "received_at": received_at or fix_time, "lat": None if east_m is None else LAT, "lon": lon, "accuracy_m": 20.0, "source": 1,
            "datum": "WGS84", "mock": False, "wire": "test", "raw": b"",
        }  # fmt: skip
        return row | more

    def walk(
        self, subject: int, start: datetime, east_m: Iterable[float | None], step: timedelta = timedelta(minutes=10)
    ) -> list[dict[str, Any]]:
        """One report each step, at these metres east of the centre."""
        return [self.report(subject, start + i * step, east) for i, east in enumerate(east_m)]

    def store(self, rows: list[dict[str, Any]]) -> None:
        """Commit reports, leaving out those that are stored already."""
        with writing(self.engine) as session:
            for row in rows:
                key = (Report.subject_id == row["subject_id"], Report.fix_time == row["fix_time"], Report.digest == row["digest"])
                if session.exec(select(Report.id).where(*key)).first() is None:
                    session.execute(insert(Report).values(**row))

    def evaluate(self, now: datetime = NOW) -> Evaluated:
        return evaluate(self.engine, self.settings, now)

    def violations(self, *, withdrawn: bool = False) -> list[Violation]:
        with reading(self.engine) as session:
            found = session.exec(select(Violation).order_by(col(Violation.subject_id), col(Violation.started_at), col(Violation.id))).all()
            session.expunge_all()
        return [v for v in found if withdrawn or v.review_state != "withdrawn"]

    def forbid(self, code: str, east_m: float, radius_m: float = 200.0, severity: Severity = Severity.GRAVE, **terms: Any) -> int:
        """A prohibited circle for everyone; its zone id."""
        with writing(self.engine) as session:
            outline = outlines.circle(LAT, LON + east_m / M_PER_DEG_LON, radius_m)
            made = zones.Terms(code=code, name=code, kind=ZoneKind.EXCLUSION, severity=severity, **terms)
            return zones.publish_zone(session, None, self.bureau_id, made, outline, valid_from=NOW - timedelta(days=30), now=NOW).zone_id


def build(engine: Engine, settings: Settings, subjects: int, now: datetime = NOW) -> District:
    district = District(engine, settings)
    began = now - timedelta(days=30)
    with writing(engine) as session:
        bureau = register.create_bureau(session, None, code="YX", name="云溪区司法局", now=began)
        office = register.create_office(session, None, bureau_id=bureau.id, code="YX1", name="城关司法所", now=began)
        officer = accounts.create_officer(session, None, office_id=office.id, login="liming", name="李明", role=Role.OFFICER, now=began)
        district.bureau_id, district.office_id, district.officer_id = bureau.id, office.id, officer.id
        terms = zones.Terms(code="AREA", name="云溪城区", kind=ZoneKind.INCLUSION, scope=Scope.EVERYONE)
        zones.publish_zone(session, None, bureau.id, terms, outlines.circle(LAT, LON, RADIUS_M), valid_from=began, now=began)
        for i in range(subjects):
            add_subject(session, district, f"S{i}", began)
    return district


def add_subject(session: Session, district: District, number: str, began: datetime) -> Subject:
    subject = register.create_subject(
        session, None, office_id=district.office_id, number=number, name="甲", category=Category.PROBATION, level=Level.GENERAL,
        term_from=began, term_until=began + timedelta(days=400), officer_id=district.officer_id, now=began,
    )  # fmt: skip
    permits.grant_authority(
        session, None, subject.id, basis=Basis.ARTICLE26, valid_from=began, valid_until=began + timedelta(days=330), approved_by="王局长",
        approved_on=began, rules=district.settings.rules, now=began,
    )  # fmt: skip
    device, credential = register.enrol_device(
        session, None, subject.id, identifier=f"P-{number}", rules=district.settings.rules, now=began
    )
    session.flush()
    district.subjects.append(subject.id)
    district.credentials.append(credential)
    district.devices.append(session.exec(select(Device.id).where(Device.identifier == device.identifier)).one())
    return subject


@pytest.fixture
def make_district() -> Callable[..., District]:
    return lambda engine, subjects=1, settings=None: build(engine, settings or Settings(), subjects)


@pytest.fixture
def district(database: Engine, make_district: Callable[..., District]) -> District:
    """One subject."""
    return make_district(database)
