"""``corrections import``: register files and zones from the command line."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import select

from corrections.store.credentials import hash_credential
from corrections.store.database import reading
from corrections.store.tables import Device, Office, Subject, Zone, ZoneRevision
from tests.cli.conftest import NOW, Run

SQUARE = [[[122.70, 41.50], [122.80, 41.50], [122.80, 41.60], [122.70, 41.60], [122.70, 41.50]]]
BOW_TIE = [[[122.70, 41.50], [122.80, 41.60], [122.80, 41.50], [122.70, 41.60], [122.70, 41.50]]]


def zones_file(folder: Path, *outlines: list[list[list[float]]]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"zone": f"Z{i}", "name": "活动范围", "kind": "inclusion", "subject": "*"},
            "geometry": {"type": "Polygon", "coordinates": outline},
        }
        for i, outline in enumerate(outlines)
    ]
    file = folder / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return file


def test_subjects_come_in_with_their_devices_and_the_credential_is_shown_once(founded: Run, database: Engine, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text(
        "编号,姓名,矫正类别,管理类别,司法所,矫正起始,矫正截止,定位依据,批准人,设备编号\n"
        "S2,赵五,管制,普管,YX1,2026-01-01,2026-12-31,信息化核查,周局长,phone-2\n",
        encoding="gb18030",
    )

    said = founded("import", "subjects", "more.csv", "--json")

    assert said.json["imported"] == {"subjects": 1, "authorities": 1, "devices": 1}
    credential = said.json["secrets"][0]["credential"]
    with reading(database) as session:
        device = session.exec(select(Device).where(Device.identifier == "phone-2")).one()
        assert device.credential_hash == hash_credential(credential)


def test_credentials_can_go_to_a_file_that_only_the_owner_reads(founded: Run, database: Engine, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("number,device\nS1,phone-3\n")

    said = founded("import", "devices", "more.csv", "--secrets", "devices.csv")

    assert "phone-3" not in said.out
    device, subject, credential = (tmp_path / "devices.csv").read_text().splitlines()[1].split(",")
    assert (device, subject) == ("phone-3", "S1")
    assert stat.S_IMODE((tmp_path / "devices.csv").stat().st_mode) == 0o600
    with reading(database) as session:
        assert session.exec(select(Device).where(Device.credential_hash == hash_credential(credential))).one()


def test_a_faulty_file_is_told_row_by_row_and_nothing_stays(founded: Run, database: Engine, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(
        "number,name,category,level,office,term_from,term_until\n"
        "S8,甲,probation,strict,YX1,2026-01-01,2026-12-31\n"
        "S9,乙,holiday,strict,YX1,2026-01-01,2026-12-31\n"
        "S9,,probation,strict,YX9,2026-01-01,tomorrow\n"
    )

    said = founded("import", "subjects", "bad.csv")

    assert said.code == 1
    assert [line.split()[:2] for line in said.out.splitlines()[2:]] == [
        ["3", "category"], ["4", "number"], ["4", "name"], ["4", "office"], ["4", "term_until"],
    ]  # fmt: skip
    assert said.err == "2 rows are faulty; nothing was imported. Correct them and import the file again.\n"
    with reading(database) as session:
        assert session.exec(select(Subject.number)).all() == ["S1"]


def test_a_dry_run_changes_nothing_and_makes_no_secrets_file(founded: Run, database: Engine, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("number,device\nS1,phone-3\n")

    said = founded("import", "devices", "more.csv", "--dry-run", "--secrets", "devices.csv")

    assert (said.code, said.out) == (0, "Without fault; would import: devices 1. Nothing was changed.\n")
    assert not (tmp_path / "devices.csv").exists()
    with reading(database) as session:
        assert session.exec(select(Device.identifier)).all() == ["phone-1"]


def test_zones_come_in_from_the_day_that_is_said(founded: Run, database: Engine, tmp_path: Path) -> None:
    said = founded("import", "zones", zones_file(tmp_path, SQUARE), "--valid-from", "2026-02-01", "--json")

    assert said.json["zones"][0]["valid_from"] == "2026-01-31T16:00:00Z"
    assert 90 < said.json["zones"][0]["area_km2"] < 95
    with reading(database) as session:
        assert session.exec(select(Zone.code)).all() == ["Z0"]


def test_zones_are_in_force_from_now_where_nothing_is_said(founded: Run, database: Engine, tmp_path: Path) -> None:
    founded("import", "zones", zones_file(tmp_path, SQUARE))

    with reading(database) as session:
        assert session.exec(select(ZoneRevision.valid_from)).all() == [NOW]


def test_an_invalid_outline_is_refused_with_its_place_and_repaired_on_request(founded: Run, database: Engine, tmp_path: Path) -> None:
    file = zones_file(tmp_path, SQUARE, BOW_TIE)

    refused = founded("import", "zones", file)
    repaired = founded("import", "zones", file, "--repair")

    assert refused.code == 1
    assert "(122.750000, 41.550000): Self-intersection" in refused.out
    assert repaired.code == 0
    assert "differs by" in repaired.out
    with reading(database) as session:
        assert session.exec(select(ZoneRevision.version)).all() == [1, 1]


def test_a_dry_run_of_zones_publishes_nothing(founded: Run, database: Engine, tmp_path: Path) -> None:
    said = founded("import", "zones", zones_file(tmp_path, SQUARE), "--dry-run")

    assert "would publish 1 zones" in said.out
    with reading(database) as session:
        assert session.exec(select(Zone)).all() == []


def test_several_bureaus_must_be_told_apart(founded: Run, database: Engine, tmp_path: Path) -> None:
    founded("init", "--code", "BJ", "--name", "北郊区司法局", "--login", "admin2")
    (tmp_path / "more.csv").write_text("code,name\nBJ1,东门司法所\n")

    assert founded("import", "offices", "more.csv").err == "Error: There are several bureaus: say which with --bureau.\n"
    assert founded("import", "offices", "more.csv", "--bureau", "BJ").code == 0
    with reading(database) as session:
        assert session.exec(select(Office).where(Office.code == "BJ1")).one().bureau_id == 2


def test_a_wrong_day_is_told(founded: Run, tmp_path: Path) -> None:
    said = founded("import", "zones", zones_file(tmp_path, SQUARE), "--valid-from", "soon")

    assert (said.code, said.err) == (1, "Error: soon is not a day or a moment, such as 2026-03-02 or 2026-03-02T08:00.\n")
