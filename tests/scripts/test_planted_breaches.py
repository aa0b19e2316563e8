"""The sample's day through the live detection code: what was really done is found, and hardly anything else."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from corrections.domain.rules import BoundaryRule
from corrections.monitor.backtest import COLUMNS, backtest
from scripts import movements, sample_district
from scripts.movements import Breach


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, str]], list[Breach]]:
    """The incidents that the service would raise for the 280 of the sample, and what really happened."""
    folder = tmp_path_factory.mktemp("scenario")
    district = sample_district.make()
    sample_district.write_zones(folder / "zones.geojson", sample_district.zones(district))
    rows: list[tuple[object, ...]] = []
    breaches: list[Breach] = []
    for person in district.people:
        day = movements.day_of(district, person, date(2026, 5, 19))
        breaches += day.breaches
        rows += [
            (person.number, person.device, fix.at.isoformat(), fix.at.isoformat(), fix.lat, fix.lon, fix.accuracy_m, "")
            for fix in day.fixes
        ]
    rows.sort(key=lambda row: str(row[3]))
    with open(folder / "reports.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return list(backtest(folder / "zones.geojson", folder / "reports.csv", BoundaryRule())), breaches


def test_every_breach_is_one_incident(scenario: tuple[list[dict[str, str]], list[Breach]]) -> None:
    incidents, breaches = scenario

    assert len(breaches) == 9
    for breach in breaches:
        found = [i for i in incidents if (i["subject"], i["zone"]) == (breach.subject, breach.zone)]
        assert len(found) == 1


def test_hardly_anything_else_is_an_incident(scenario: tuple[list[dict[str, str]], list[Breach]]) -> None:
    incidents, breaches = scenario

    true = {(breach.subject, breach.zone) for breach in breaches}
    false = [i for i in incidents if (i["subject"], i["zone"]) not in true]
    assert len(false) <= 4
