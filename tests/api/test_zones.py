"""Zones over HTTP: every form an outline may have, versions, repair, neighbours, and whom a zone concerns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.house import SCHOOL, SQUARE, Service

RING = [[120.2, 30], [120.3, 30], [120.3, 30.1], [120.2, 30.1], [120.2, 30]]
GEOJSON = {"type": "Polygon", "coordinates": [RING]}
KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>'
    + " ".join(f"{lon},{lat}" for lon, lat in RING)
    + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
)
WKT = "POLYGON((120.2 30, 120.3 30, 120.3 30.1, 120.2 30.1, 120.2 30))"
BOW_TIE = "POLYGON((120 30, 120.1 30.1, 120.1 30, 120 30.1, 120 30))"


def a_zone(outline: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"code": "新", "name": "新围栏", "kind": "exclusion", "outline": outline} | changes


def document(content: Any, **changes: Any) -> dict[str, Any]:
    return {"shape": "document", "content": content} | changes


def neighbours(shown: list[dict[str, Any]]) -> dict[str, float]:
    return {neighbour["code"]: round(neighbour["shared_km2"], 1) for neighbour in shown}


# A tenth of a degree each way at 30.05 degrees north is 11.086 km by 9.645 km on the ellipsoid.
OUTLINES = [
    ("GeoJSON", document(GEOJSON), 106.9),
    ("KML", document(KML), 106.9),
    ("WKT", document(WKT), 106.9),
    ("a circle", {"shape": "circle", "lat": 30.05, "lon": 120.25, "radius_m": 1000}, 3.1),
    ("a corridor", {"shape": "corridor", "line": [[120.2, 30], [120.3, 30]], "half_width_m": 100}, 2.0),
    ("a union", {"shape": "union", "documents": [document(WKT)], "zones": [1]}, 213.8),
]


@pytest.mark.parametrize(("_", "outline", "area"), OUTLINES, ids=[name for name, _, _ in OUTLINES])
def test_an_outline_comes_in_every_form(small_service: Service, _: str, outline: dict[str, Any], area: float) -> None:
    answer = small_service.post("bureau", "/zones", a_zone(outline))

    assert answer.status_code == 201
    assert answer.json()["area_km2"] == pytest.approx(area, abs=0.1)
    assert answer.json()["repair"] is None


def test_a_new_version_ends_the_one_before_and_both_stay(service: Service) -> None:
    windows = [{"start": "22:00", "until": "06:00", "weekdays": [0, 1]}]
    service.post("bureau", "/zones", a_zone(document(SQUARE)))
    published = service.post("bureau", "/zones", a_zone(document(WKT), windows=windows, severity="grave")).json()

    zone = service.get("liming", f"/zones/{published['zone']['id']}").json()
    first = service.get("liming", f"/zones/{zone['id']}/versions/1/outline").json()

    assert [(v["version"], v["severity"], v["valid_until"]) for v in zone["versions"]] == [
        (2, "grave", None),
        (1, "medium", "2026-03-02T01:00:00Z"),
    ]
    assert (zone["newest"]["windows"], zone["outline"]["type"]) == (windows, "Polygon")
    assert (zone["outline"]["coordinates"][0][0][0], first["coordinates"][0][0][0]) == (120.2, 120)
    assert service.get("liming", f"/zones/{zone['id']}/versions/3/outline").status_code == 404


def test_an_invalid_outline_is_refused_with_the_place_or_mended_with_the_difference(service: Service) -> None:
    refused = service.post("bureau", "/zones", a_zone(document(BOW_TIE)))
    mended = service.post("bureau", "/zones", a_zone(document(BOW_TIE, repair=True))).json()

    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "invalid-geometry", "outline")
    assert "120.050000, 30.050000" in refused.json()["detail"]
    assert (mended["repair"]["parts_before"], mended["repair"]["parts_after"]) == (1, 2)
    assert mended["repair"]["difference_km2"] == pytest.approx(0, abs=1e-6)


def test_a_trial_publishes_nothing_and_tells_the_neighbours(service: Service) -> None:
    tried = service.ask("bureau", "POST", "/api/v1/zones", json=a_zone(document(SQUARE)), params={"dry_run": True}).json()

    assert (tried["dry_run"], tried["zone"]["newest"]["version"]) == (True, 1)
    assert neighbours(tried["neighbours"]) == {"全市": 106.9}
    assert [zone["code"] for zone in service.get("bureau", "/zones").json()["items"]] == ["全市", "学校"]


def test_neighbours_of_a_stored_zone_are_told(service: Service) -> None:
    published = service.post("bureau", "/zones", a_zone(document(SCHOOL))).json()

    assert neighbours(service.get("bureau", f"/zones/{published['zone']['id']}/neighbours").json()) == {"学校": 1.1}


def test_another_offices_subject_is_not_told_of_by_her_zone(service: Service) -> None:
    published = service.post("bureau", "/zones", a_zone(document(SCHOOL))).json()

    assert [zone["code"] for zone in service.get("zhao", "/zones").json()["items"]] == ["全市", "新"]
    assert neighbours(service.get("zhao", f"/zones/{published['zone']['id']}/neighbours").json()) == {}
    assert service.post("head2", "/zones", a_zone({"shape": "union", "zones": [2]}, scope="office", office_id=2)).status_code == 404


def test_a_retired_zone_is_out_of_force(service: Service) -> None:
    retired = service.post("bureau", "/zones/1/retire").json()

    in_force = service.get("bureau", "/zones", in_force_at="2026-03-02T02:00:00Z").json()["items"]
    assert retired["newest"]["valid_until"] == "2026-03-02T01:00:00Z"
    assert [zone["code"] for zone in in_force] == ["学校"]
    assert service.post("bureau", "/zones/1/retire").status_code == 409


def test_a_head_sets_zones_for_her_own_office_only(small_service: Service) -> None:
    everyone = small_service.post("head", "/zones", a_zone(document(WKT)))
    own = small_service.post("head", "/zones", a_zone(document(WKT), scope="office", office_id=1))
    others = small_service.post("head", "/zones", a_zone(document(WKT), scope="office", office_id=2))

    assert [everyone.status_code, own.status_code, others.status_code] == [403, 201, 404]


FAULTY = [
    ({"outline": {"shape": "square"}}, "outline"),
    ({"outline": {"content": WKT}}, "outline"),
    ({"outline": {"shape": "circle", "lat": 30, "lon": 120, "radius_m": 1}}, "radius_m"),
    ({"outline": document("POLYGON((120 30")}, "outline"),
    ({"scope": "office"}, "scope"),
    ({"windows": [{"start": "25:00", "until": "06:00"}]}, "windows"),
    ({"kind": "forbidden"}, "kind"),
]


@pytest.mark.parametrize(("change", "field"), FAULTY)
def test_a_faulty_zone_is_refused(small_service: Service, change: dict[str, Any], field: str) -> None:
    answer = small_service.post("bureau", "/zones", a_zone(document(WKT)) | change)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_file_of_zones_is_published_all_or_nothing(service: Service) -> None:
    def feature(code: str, **properties: Any) -> dict[str, Any]:
        given = {"zone": code, "kind": "inclusion", "subject": "*"} | properties
        return {"type": "Feature", "properties": given, "geometry": GEOJSON}

    def import_(*features: dict[str, Any]) -> Any:
        return service.post("bureau", "/zones/import", {"content": {"type": "FeatureCollection", "features": list(features)}})

    refused = import_(feature("F1"), feature("F2", subject="S99"))
    done = import_(feature("F1"), feature("F2"))

    assert [(row["row"], row["field"]) for row in refused.json()["rows"]] == [(2, "subject")]
    assert [row["zone"]["code"] for row in done.json()] == ["F1", "F2"]
    assert len(service.get("bureau", "/zones").json()["items"]) == 4
