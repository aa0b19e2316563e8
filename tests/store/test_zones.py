"""Zones: published, never edited, and whom a change binds is judged anew."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import Category, Level, Role, Scope, Severity, ZoneKind
from corrections.errors import Conflict, Forbidden, ImportRejected, Invalid, NotFound
from corrections.records import outlines, register, zones
from corrections.records.zone_files import import_zones
from corrections.records.zones import Terms
from corrections.store.access import Actor
from corrections.store.database import writing
from corrections.store.tables import Bureau, Office, Subject, SubjectState, Zone, ZoneRevision

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
CIRCLE = outlines.circle(41.5, 122.7, 2_000)


@pytest.fixture
def session(database: Engine) -> Session:
    """A bureau of two offices; S0 and S1 in the first, S2 in the second; S1 is strict."""
    with writing(database) as session:
        bureau = register.create_bureau(session, None, code="YX", name="云溪区司法局", now=NOW)
        for i in range(2):
            register.create_office(session, None, bureau_id=bureau.id, code=f"YX{i}", name="所", now=NOW)
        for i, (office_id, level) in enumerate([(1, Level.GENERAL), (1, Level.STRICT), (2, Level.GENERAL)]):
            register.create_subject(
                session, None, office_id=office_id, number=f"S{i}", name="甲", category=Category.PROBATION, level=level,
                term_from=NOW - 10 * DAY, term_until=NOW + 365 * DAY, now=NOW,
            )  # fmt: skip
        yield session


def number_to_revision(session: Session) -> dict[str, datetime]:
    session.expire_all()
    statement = select(Subject.number, SubjectState.revise_from).join(SubjectState, col(SubjectState.subject_id) == Subject.id)
    return {number: since for number, since in session.exec(statement) if since is not None}


def subject_id(session: Session, number: str) -> int:
    return session.exec(select(Subject).where(Subject.number == number)).one().id


def terms(**changes: object) -> Terms:
    return Terms(**({"code": "Z1", "name": "活动范围", "kind": ZoneKind.INCLUSION} | changes))  # type: ignore[arg-type]


def publish(session: Session, at: datetime = NOW, actor: Actor | None = None, **changes: object) -> ZoneRevision:
    return zones.publish_zone(session, actor, 1, terms(**changes), CIRCLE, valid_from=at, now=NOW)


def test_a_published_zone_keeps_its_outline_and_how_it_was_given(session: Session) -> None:
    revision = publish(session, windows=[{"start": "22:00", "until": "06:00", "weekdays": [4, 5, 5]}])
    session.expire_all()

    stored = session.get_one(ZoneRevision, revision.id)
    assert shapely.from_wkb(stored.outline).equals(CIRCLE.geometry)
    assert stored.source == {"shape": "circle", "datum": "WGS84", "lat": 41.5, "lon": 122.7, "radius_m": 2000}
    assert stored.windows == [{"start": "22:00", "until": "06:00", "weekdays": [4, 5]}]
    assert (stored.version, stored.valid_from, stored.valid_until) == (1, NOW, None)


def test_a_new_version_ends_the_one_before_and_changes_nothing_else_of_it(session: Session) -> None:
    first = publish(session)
    before = first.model_dump()

    second = publish(session, NOW + DAY, severity=Severity.HIGH)

    assert second.version == 2
    assert session.get_one(ZoneRevision, first.id).model_dump() == before | {"valid_until": NOW + DAY}
    assert len(session.exec(select(Zone)).all()) == 1


def test_a_new_version_cannot_begin_before_the_one_it_replaces(session: Session) -> None:
    publish(session)

    with pytest.raises(Conflict) as refusal:
        publish(session, NOW - DAY)

    assert refusal.value.field == "valid_from"


def test_a_zone_cannot_change_its_kind(session: Session) -> None:
    publish(session)

    with pytest.raises(Conflict):
        publish(session, NOW + DAY, kind=ZoneKind.EXCLUSION)


@pytest.mark.parametrize(
    ("target", "bound"),
    [
        ({"scope": Scope.EVERYONE}, {"S0", "S1", "S2"}),
        ({"scope": Scope.LEVEL, "level": Level.STRICT}, {"S1"}),
        ({"scope": Scope.OFFICE, "office_id": 1}, {"S0", "S1"}),
        ({"scope": Scope.SUBJECT, "subject_id": 3}, {"S2"}),
    ],
)
def test_those_whom_a_zone_binds_are_judged_anew_from_its_beginning(session: Session, target: dict[str, object], bound: set[str]) -> None:
    publish(session, NOW - DAY, **target)

    assert number_to_revision(session) == dict.fromkeys(bound, NOW - DAY)


def test_those_whom_the_version_before_bound_are_judged_anew_too(session: Session) -> None:
    publish(session, NOW - 3 * DAY, scope=Scope.OFFICE, office_id=2)

    publish(session, NOW - DAY, scope=Scope.OFFICE, office_id=1)

    assert number_to_revision(session) == {"S0": NOW - DAY, "S1": NOW - DAY, "S2": NOW - 3 * DAY}


def test_a_retired_zone_ends_and_those_it_bound_are_judged_anew(session: Session) -> None:
    revision = publish(session, NOW - 3 * DAY, scope=Scope.SUBJECT, subject_id=1)

    zones.retire_zone(session, None, revision.zone_id, at=NOW - 4 * DAY + 2 * DAY, now=NOW)

    assert session.get_one(ZoneRevision, revision.id).valid_until == NOW - 2 * DAY
    assert number_to_revision(session) == {"S0": NOW - 3 * DAY}
    with pytest.raises(Conflict):
        zones.retire_zone(session, None, revision.zone_id, at=NOW, now=NOW)


def test_the_urban_union_is_one_permitted_area_for_everyone(session: Session) -> None:
    districts = [CIRCLE, outlines.circle(41.5, 122.73, 2_000)]

    revision = zones.publish_urban_union(session, None, 1, terms(kind=ZoneKind.EXCLUSION), districts, valid_from=NOW, now=NOW)

    zone, _ = zones.zone_for(session, None, revision.zone_id)
    assert (zone.kind, revision.scope, revision.source["shape"]) == ("inclusion", "everyone", "union")
    assert shapely.from_wkb(revision.outline).equals(districts[0].geometry | districts[1].geometry)


@pytest.mark.parametrize(
    "window",
    [
        {"start": "25:00", "until": "06:00"},
        {"start": "6:00", "until": "07:00"},
        {"start": "06:00"},
        {"start": "06:00", "until": "07:00", "weekdays": []},
        {"start": "06:00", "until": "07:00", "weekdays": [7]},
        {"start": "06:00", "until": "07:00", "weekdays": [True]},
        {"start": "06:00", "until": "07:00", "day": 1},
    ],
)
def test_a_window_that_cannot_be_read_is_refused(session: Session, window: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        publish(session, windows=[window])

    assert refusal.value.field == "windows"


@pytest.mark.parametrize(
    "target", [{"scope": Scope.SUBJECT}, {"scope": Scope.EVERYONE, "office_id": 1}, {"scope": Scope.LEVEL, "office_id": 1}]
)
def test_a_scope_without_its_target_is_refused(session: Session, target: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        publish(session, **target)


def test_an_office_head_sets_zones_for_her_own_office_only(session: Session) -> None:
    head = Actor(7, "李明", Role.OFFICE_HEAD, office_id=1, bureau_id=1)

    publish(session, actor=head, scope=Scope.SUBJECT, subject_id=1)
    with pytest.raises(Forbidden):
        publish(session, actor=head, code="Z2")
    with pytest.raises(NotFound):
        publish(session, actor=head, code="Z2", scope=Scope.SUBJECT, subject_id=3)
    with pytest.raises(NotFound):
        publish(session, actor=head, code="Z2", scope=Scope.OFFICE, office_id=2)
    with pytest.raises(Forbidden):
        publish(session, actor=Actor(8, "王芳", Role.OFFICER, 1, 1), code="Z2", scope=Scope.SUBJECT, subject_id=1)


def test_neighbours_that_overlap_are_found(session: Session) -> None:
    publish(session)
    publish(session, code="Z2", at=NOW + DAY)

    near = zones.neighbours(session, 1, outlines.circle(41.5, 122.71, 2_000).geometry, NOW)

    assert [code for code, _ in near] == ["Z1"]


def features(*properties: dict[str, object], geometry: dict[str, object] | None = None) -> str:
    shape = geometry or {"type": "Polygon", "coordinates": [[[122.7, 41.5], [122.8, 41.5], [122.8, 41.6], [122.7, 41.5]]]}
    return json.dumps(
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": p, "geometry": shape} for p in properties]}
    )


def test_a_file_of_zones_is_taken_in(session: Session) -> None:
    district = {"zone": "district", "kind": "inclusion", "subject": "*"}
    home = {"zone": "home", "kind": "inclusion", "subject": "S0", "daily_from": "22:00", "daily_to": "06:00", "timezone": "Asia/Shanghai"}
    school = {"zone": "school", "kind": "exclusion", "office": "YX1", "name": "实验小学"}

    published = import_zones(session, None, 1, features(district, home, school), valid_from=NOW, now=NOW)

    stored = [revision for revision, _ in published]
    assert [r.scope for r in stored] == ["everyone", "subject", "office"]
    assert [r.severity for r in stored] == ["medium", "medium", "high"]
    assert stored[1].subject_id == subject_id(session, "S0")
    assert stored[1].windows == [{"start": "22:00", "until": "06:00", "weekdays": [0, 1, 2, 3, 4, 5, 6]}]
    assert zones.zone_for(session, None, stored[2].zone_id)[0].name == "实验小学"


def test_a_file_with_one_faulty_zone_leaves_nothing_behind(session: Session) -> None:
    good = {"zone": "a", "kind": "inclusion", "subject": "*"}
    bad = [
        {"zone": "b", "kind": "maybe", "subject": "*"},
        {"zone": "c", "kind": "inclusion", "subject": "S9"},
        {"zone": "d", "kind": "inclusion", "subject": "*", "timezone": "Europe/Paris", "daily_from": "22:00", "daily_to": "06:00"},
        {"zone": "a", "kind": "inclusion", "subject": "*"},
        {"zone": "e", "kind": "inclusion", "subject": "*", "colour": "red"},
        {"kind": "inclusion", "subject": "*"},
        {"zone": "f", "kind": "inclusion"},
        {"zone": "g", "kind": "inclusion", "subject": "*", "daily_from": "22:00"},
    ]

    with pytest.raises(ImportRejected) as refusal:
        import_zones(session, None, 1, features(good, *bad), valid_from=NOW, now=NOW)

    assert [(fault["row"], fault["field"]) for fault in refusal.value.rows] == [
        (2, "kind"), (3, "subject"), (4, "timezone"), (5, "zone"), (6, "colour"), (7, "zone"), (8, "subject"), (9, "windows"),
    ]  # fmt: skip
    assert session.exec(select(Zone)).all() == []


def test_an_invalid_outline_in_a_file_is_repaired_when_asked_to(session: Session) -> None:
    bow_tie = {"type": "Polygon", "coordinates": [[[122.7, 41.5], [122.8, 41.6], [122.8, 41.5], [122.7, 41.6], [122.7, 41.5]]]}
    content = features({"zone": "a", "kind": "inclusion", "subject": "*"}, geometry=bow_tie)

    with pytest.raises(ImportRejected, match="faulty"):
        import_zones(session, None, 1, content, valid_from=NOW, now=NOW)
    ((revision, outline),) = import_zones(session, None, 1, content, repair=True, valid_from=NOW, now=NOW)

    assert outline.repair is not None
    assert revision.source["repair"]["parts_after"] == 2


@pytest.mark.parametrize("content", ["", "[]", '{"type": "Feature"}', '{"type": "FeatureCollection", "features": []}', b"\xff\xfe"])
def test_a_file_that_is_no_collection_is_refused(session: Session, content: str | bytes) -> None:
    assert session.get(Bureau, 1) is not None
    assert session.get(Office, 1) is not None

    with pytest.raises(Invalid):
        import_zones(session, None, 1, content, valid_from=NOW, now=NOW)
