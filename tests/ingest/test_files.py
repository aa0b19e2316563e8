"""Reports from files, by the operator at the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corrections.errors import Invalid, NotFound
from corrections.ingest import file
from corrections.ingest.file import ingest_file
from corrections.store.database import reading
from corrections.store.tables import Subject

from .conftest import NOW, District, Phone

HEADER = "subject,device,fix_time,received_time,lat,lon,accuracy_m,source"


@pytest.fixture
def phone(district: District) -> Phone:
    return district.phone()


def number_of(district: District, phone: Phone) -> str:
    with reading(district.engine) as session:
        return session.get_one(Subject, phone.subject_id).number


def row(district: District, phone: Phone, minute: int, **changes: str) -> str:
    told = {
        "subject": number_of(district, phone), "device": phone.identifier, "fix_time": f"2026-03-02T03:{minute:02}:00Z",
        "received_time": "2026-03-02T03:59:00Z", "lat": "41.500001", "lon": "122.7", "accuracy_m": "12.5", "source": "gps",
    }  # fmt: skip
    return ",".join((told | changes).values())


def written(folder: Path, *lines: str, name: str = "reports.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_csv_in_the_columns_of_the_alert_bench_is_stored(district: District, phone: Phone, tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, row(district, phone, 1), row(district, phone, 2, accuracy_m="", source="cell"))

    taken = ingest_file(district.ingest(), district.bureau_id, path)

    assert (taken.stored, taken.repeated, taken.refused, taken.faults) == (2, 0, 0, [])
    first, second = district.reports()
    assert (first.lat, first.lon, first.accuracy_m, first.source, first.wire) == (41.500001, 122.7, 12.5, 1, "file")
    assert (first.fix_time.minute, first.received_at) == (1, NOW)
    assert (second.accuracy_m, second.source) == (None, 3)


def test_a_file_taken_twice_changes_nothing(district: District, phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "CHUNK", 2)
    path = written(tmp_path, HEADER, *(row(district, phone, n) for n in range(5)))

    first = ingest_file(district.ingest(), district.bureau_id, path)
    again = ingest_file(district.ingest(), district.bureau_id, path)

    assert (first.stored, again.stored, again.repeated) == (5, 0, 5)
    assert len(district.reports()) == 5


def test_faulty_lines_are_refused_by_number_and_the_others_stored(district: District, phone: Phone, tmp_path: Path) -> None:
    other = district.phone()
    path = written(
        tmp_path, HEADER, row(district, phone, 1), row(district, phone, 2, lat="north"), row(district, phone, 3, lat="0", lon="0"), "",
        row(district, phone, 4, device="unknown"), row(district, phone, 5, subject=number_of(district, other)),
        row(district, phone, 6, fix_time="2026-03-02 03:06:00"), row(district, phone, 7, source="sonar"), "too,few",
        row(district, phone, 8, fix_time=""), row(district, phone, 9, lat="", lon=""),
    )  # fmt: skip

    taken = ingest_file(district.ingest(), district.bureau_id, path)

    assert (taken.stored, taken.refused) == (2, 8)
    assert [(fault.line, fault.flaw.reason, fault.flaw.field) for fault in taken.faults] == [
        (3, "bad_coordinates", "lat"),
        (4, "null_island", "lat"),
        (6, "unknown_device", "device"),
        (7, "wrong_subject", "subject"),
        (8, "bad_time", "fix_time"),
        (9, "bad_value", "source"),
        (10, "unreadable", None),
        (11, "missing_field", "fix_time"),
    ]
    assert [report.lat for report in district.reports()] == [41.500001, None]


def test_json_lines_are_reports_of_systems(district: District, phone: Phone, tmp_path: Path) -> None:
    told = {"device": phone.identifier, "fix_time": "2026-03-02T11:59:00+08:00", "lat": 41.5, "lon": 122.7}
    path = written(tmp_path, "\ufeff" + json.dumps(told), "{", "", json.dumps(told | {"mock": True}), name="reports.ndjson")

    taken = ingest_file(district.ingest(), district.bureau_id, path)

    assert (taken.stored, taken.repeated, [(fault.line, fault.flaw.reason) for fault in taken.faults]) == (1, 1, [(2, "unreadable")])


def test_only_the_bureaus_own_devices_are_taken(district: District, phone: Phone, tmp_path: Path) -> None:
    other = District(district.engine, district.settings, district.clock)

    taken = ingest_file(district.ingest(), other.bureau_id, written(tmp_path, HEADER, row(district, phone, 1)))

    assert [fault.flaw.reason for fault in taken.faults] == ["unknown_device"]
    assert district.reports() == []


@pytest.mark.parametrize("header", ["device,lat,lon", "fix_time,lat,lon", "device,fix_time,colour", "device,fix_time,lat,lat", ""])
def test_a_file_with_other_columns_is_refused_whole(district: District, tmp_path: Path, header: str) -> None:
    with pytest.raises(Invalid):
        ingest_file(district.ingest(), district.bureau_id, written(tmp_path, header, "a,b,c"))


def test_a_file_that_is_not_there_is_told(district: District, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        ingest_file(district.ingest(), district.bureau_id, tmp_path / "none.csv")
