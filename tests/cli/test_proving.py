"""``corrections explain`` and ``corrections try``, from the files of a bureau."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.clock import SetClock
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, Violation, Zone
from tests.cli.conftest import Run
from tests.cli.test_import import SQUARE, zones_file
from tests.cli.test_running import REPORTS, away

WIDE = [[[122.0, 41.0], [124.0, 41.0], [124.0, 43.0], [122.0, 43.0], [122.0, 41.0]]]


@pytest.fixture
def breach(founded: Run, clock: SetClock, tmp_path: Path) -> Run:
    """S1 is out of zone Z0 in all of seven reports; violation 1."""
    founded("import", "zones", zones_file(tmp_path, SQUARE))
    Path("reports.csv").write_text(REPORTS + away(7), encoding="utf-8")
    clock.advance(timedelta(hours=2))
    founded("ingest", "reports.csv")
    founded("check")
    return founded


def a_draft(outline: Any, **properties: Any) -> Path:
    told = {"zone": "Z0", "name": "活动范围", "kind": "inclusion", "subject": "*"} | properties
    feature = {"type": "Feature", "properties": told, "geometry": {"type": "Polygon", "coordinates": outline}}
    file = Path("draft.geojson")
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return file


def looks(database: Engine) -> list[tuple[str, str]]:
    with writing(database) as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "location.read").order_by(col(AuditEvent.id)))
        return [(event.actor, event.purpose) for event in events]


def test_a_violation_is_explained_and_found_identical(breach: Run, database: Engine) -> None:
    said = breach("explain", 1)

    assert said.code == 0
    assert said.out.startswith("Violation 1  S1\nBy the stored fixes, since 2026-03-02 12:00 the subject has been outside")
    assert "identical to the last bit" in said.out
    assert "Zone Z0, version 1" in said.out
    assert "from the edge (m)" in said.out
    assert looks(database) == [("operator", "Explanation of violation 1")]


def test_it_is_explained_in_the_language_that_is_asked_for(breach: Run) -> None:
    assert "逐位一致" in breach("explain", 1, "--lang", "zh").out


def test_it_is_explained_in_an_officers_name_for_her_purpose(breach: Run, database: Engine) -> None:
    told = breach("explain", 1, "--as", "liming", "--purpose", "出庭", "--json").json

    assert (told["verdict"], told["agrees"], told["subject_number"], told["differences"]) == ("identical", True, "S1", [])
    assert len(told["evidence"]["deciding"]) > 1
    assert looks(database) == [("李明", "出庭")]


def test_what_was_tampered_with_is_told_and_fails(breach: Run, database: Engine) -> None:
    with writing(database) as session:
        violation = session.get_one(Violation, 1)
        violation.evidence = violation.evidence | {"fixes": 99}

    said = breach("explain", 1)

    assert said.code == 1
    assert "! evidence.fixes: 99 -> 7" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("9",), 1, "There is no violation 9"),
        (("1", "--as", "nobody"), 1, "no active officer with the login nobody"),
        (("1", "--as", "admin"), 1, "does not allow this"),
        (("one",), 2, "'ID'"),
        (("1", "--lang", "fr"), 2, "fr"),
    ],
)
def test_an_explanation_that_cannot_be_given_is_told(breach: Run, arguments: tuple[str, ...], code: int, told: str) -> None:
    said = breach("explain", *arguments)

    assert said.code == code
    assert told in said.err


def test_a_draft_zone_is_tried_and_nothing_is_published(breach: Run, database: Engine) -> None:
    wider, same = breach("try", "--zone", a_draft(WIDE), "--days", "2"), breach("try", "--zone", a_draft(SQUARE), "--json")

    assert wider.code == 0
    assert wider.out.startswith("Over the last 2 days, 1 subjects and 7 reports: the present rules give 1 violations, the draft 0;")
    assert wider.out.splitlines()[3].split()[:4] == ["S1", "gone", "boundary", "Z0"]
    assert (same.json["same"], same.json["subjects"], same.json["summary_en"][:21]) == (1, [], "Over the last 14 days")
    with writing(database) as session:
        assert session.exec(select(Zone.code)).all() == ["Z0"]
    assert looks(database) == [("operator", "Trial before publishing")] * 2


def test_a_new_zone_is_tried_in_an_officers_name(breach: Run, database: Engine) -> None:
    away_at = [[[122.7, 41.65], [122.8, 41.65], [122.8, 41.95], [122.7, 41.95], [122.7, 41.65]]]
    draft = a_draft(away_at, zone="S", name="学校", kind="exclusion", office="YX1", subject=None)

    told = breach("try", "--zone", draft, "--as", "wangfang", "--purpose", "新设禁区", "--json").json

    ((found),) = [one for one in told["subjects"][0]["found"] if one["rule"] == "boundary"]
    assert (found["change"], found["zone_code"], found["zone_name"]) == ("new", "S", "学校")
    assert looks(database) == [("王芳", "新设禁区")]


def test_changed_settings_are_tried(breach: Run) -> None:
    told = breach("try", "--set", "boundary.preset=prompt", "--set", "floor_wifi_m=80", "--json").json

    assert (told["looked_at"], told["present"], told["same"], told["new"]) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "--zone"),
        (("--set", "preset=calm", "--zone", "draft.geojson"), 2, "--zone"),
        (("--set", "preset"), 2, "NAME=VALUE"),
        (("--zone", "nothing.geojson"), 2, "nothing.geojson"),
        (("--set", "boundary.loudness=3"), 1, "There is no setting boundary.loudness"),
        (("--set", "preset=loud"), 1, "preset"),
        (("--set", "preset=calm", "--days", "0"), 1, "days must be 1 to"),
        (("--set", "preset=calm", "--as", "liming"), 1, "does not allow this: write_zones"),
        (("--zone", "reports.csv"), 1, "FeatureCollection"),
    ],
)
def test_a_trial_that_cannot_be_made_is_told(breach: Run, arguments: tuple[str, ...], code: int, told: str) -> None:
    a_draft(SQUARE)

    said = breach("try", *arguments)

    assert said.code == code
    assert told in said.err
