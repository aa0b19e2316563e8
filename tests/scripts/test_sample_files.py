"""The sample files: what a bureau would edit, and the district of 280 that the demo makes, are taken in without a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.model import Role
from corrections.records import accounts, register
from corrections.records.imports import Imported, Register, import_register
from corrections.records.zone_files import import_zones
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import Authority, Device, Officer, Subject, Zone, ZoneRevision
from scripts import sample_district as sample

NOW = datetime(2026, 5, 20, tzinfo=UTC)
TODAY = date(2026, 5, 20)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """A bureau as ``corrections init`` leaves it, with the sample's offices and officers."""
    with writing(database) as session:
        register.create_bureau(session, None, **sample.BUREAU, now=NOW)
        register.create_office(session, None, bureau_id=1, code="YX", name="局机关", now=NOW)
        accounts.create_officer(session, None, office_id=1, login="admin", name="管理员", role=Role.ADMINISTRATOR, now=NOW)
        take(session, Register.OFFICES, sample.SAMPLE / "offices.csv")
        take(session, Register.OFFICERS, sample.SAMPLE / "officers.csv")
        yield session


def take(session: Session, kind: Register, file: Path) -> Imported:
    return import_register(session, None, kind, file.read_bytes(), file.name, bureau_id=1, settings=Settings(), now=NOW)


def test_each_small_sample_is_taken_in(session: Session) -> None:
    subjects = take(session, Register.SUBJECTS, sample.SAMPLE / "subjects.csv")
    devices = take(session, Register.DEVICES, sample.SAMPLE / "devices.csv")
    zones = import_zones(session, None, 1, (sample.SAMPLE / "zones.geojson").read_bytes(), valid_from=NOW, now=NOW)

    assert subjects.counts == {"subjects": 7, "authorities": 5, "devices": 5}
    assert devices.counts == {"devices": 2}
    assert {revision.scope for revision, _ in zones} == {"everyone", "subject", "level", "office"}


def test_the_staff_has_every_role_and_each_office_a_head(session: Session) -> None:
    officers = session.exec(select(Officer)).all()

    assert {officer.role for officer in officers} == {role.value for role in Role}
    heads = [officer.office_id for officer in officers if officer.role == "office_head"]
    assert len(heads) == len(set(heads)) == 6


def test_the_demo_district_is_taken_in_whole(session: Session, tmp_path: Path) -> None:
    district = sample.make()
    sample.write(district, tmp_path, TODAY)

    done = take(session, Register.SUBJECTS, tmp_path / "subjects.csv")
    import_zones(session, None, 1, (tmp_path / "zones.geojson").read_bytes(), valid_from=NOW - timedelta(days=3), now=NOW)

    assert done.counts == {"subjects": 280, "authorities": 280, "devices": 280}
    assert len(done.credentials) == 280
    assert Counter(device.datum for device in session.exec(select(Device))) == {"WGS84": 279, "GCJ02": 1}
    assert len({device.client for device in session.exec(select(Device))}) == 5
    assert set(session.exec(select(Subject.level))) == {"strict", "general", "lenient"}
    assert Counter(zone.kind for zone in session.exec(select(Zone)))["inclusion"] == 1 + sample.STRICT


def test_exactly_one_legal_basis_of_the_demo_has_run_out(session: Session, tmp_path: Path) -> None:
    sample.write(sample.make(), tmp_path, TODAY)

    take(session, Register.SUBJECTS, tmp_path / "subjects.csv")

    assert len([a for a in session.exec(select(Authority)) if a.valid_until <= NOW]) == 1
    assert {a.basis for a in session.exec(select(Authority))} == {"article26", "article29.2"}


def test_curfews_hold_at_night_only(session: Session, tmp_path: Path) -> None:
    sample.write(sample.make(), tmp_path, TODAY)
    take(session, Register.SUBJECTS, tmp_path / "subjects.csv")

    import_zones(session, None, 1, (tmp_path / "zones.geojson").read_bytes(), valid_from=NOW, now=NOW)

    homes = session.exec(select(ZoneRevision).join(Zone).where(Zone.code.startswith("YX-HOME-"))).all()
    assert [home.windows for home in homes] == [[{"start": "22:00", "until": "06:00", "weekdays": [0, 1, 2, 3, 4, 5, 6]}]] * sample.STRICT


def test_the_same_seed_draws_the_same_district() -> None:
    first, second = sample.make(seed=3, subjects=20), sample.make(seed=3, subjects=20)

    assert first.area.equals_exact(second.area, 0.0)
    assert [sample.subject_row(p, TODAY) for p in first.people] == [sample.subject_row(p, TODAY) for p in second.people]
    assert sample.make(seed=4, subjects=20).people[0].name != first.people[0].name or not sample.make(seed=4).area.equals(first.area)


def test_the_permitted_area_is_ragged_and_has_a_hole() -> None:
    area = sample.make(subjects=1).area

    assert area.is_valid
    assert len(area.interiors) == 1
    assert len(area.exterior.coords) > 500
    assert area.exterior.length > 1.3 * area.convex_hull.length
