"""The roster over HTTP, and matters."""

from __future__ import annotations

from datetime import timedelta

from corrections.store.database import writing
from corrections.store.tables import Subject
from tests.api.house import Service
from tests.review.scene import HOUR, NOW, a_violation

SPAN = {"from": NOW.isoformat(), "until": (NOW + timedelta(days=7)).isoformat()}
DUTY = {"starts_at": (NOW + HOUR / 2).isoformat(), "ends_at": (NOW + 15 * HOUR).isoformat()}


def test_an_absence_shows_at_the_officer_while_it_lasts(service: Service) -> None:
    terms = {"officer_id": 1, "starts_at": NOW.isoformat(), "ends_at": (NOW + HOUR).isoformat(), "deputy_id": 2, "reason": "培训"}

    absence = service.post("liming", "/absences", terms)

    assert (absence.status_code, absence.json()["recorded_by"]) == (201, 1)
    assert [row["id"] for row in service.get("head", "/absences", **SPAN).json()] == [absence.json()["id"]]
    away = {row["login"]: row["absent_until"] for row in service.get("head", "/officers").json()["items"]}
    assert (away["liming"], away["wangfang"]) == ((NOW + HOUR).isoformat().replace("+00:00", "Z"), None)

    service.clock.advance(HOUR / 2)
    ended = service.post("liming", f"/absences/{absence.json()['id']}/end").json()

    assert ended["revoked_at"] is not None
    assert service.get("head", "/officers/1").json()["absent_until"] is None
    assert service.get("head", "/absences", **SPAN).json() == []


def test_who_is_on_duty_sees_the_other_office_for_as_long(service: Service) -> None:
    assert service.get("zhao", "/violations").json()["items"] == []
    duty = service.post("bureau", "/duties", {"officer_id": 5, **DUTY})
    assert (duty.status_code, duty.json()["office_id"]) == (201, None)
    assert service.get("liming", "/duties/now").json() == []

    service.clock.advance(HOUR * 0.75)
    now = service.get("liming", "/duties/now").json()
    assert [(row["office_id"], row["officer_name"]) for row in now] == [(1, "zhao名"), (2, "zhao名")]
    assert [item["id"] for item in service.get("zhao", "/violations").json()["items"]] == [1]

    service.post("bureau", f"/duties/{duty.json()['id']}/cancel")
    assert service.get("liming", "/duties/now").json() == []
    assert service.get("zhao", "/violations").json()["items"] == []


def test_a_head_plans_for_her_office_alone(service: Service) -> None:
    assert service.post("head", "/duties", {"officer_id": 2, "office_id": 1, **DUTY}).status_code == 201
    assert service.post("head", "/duties", {"officer_id": 2, **DUTY}).status_code == 403
    assert [row["officer_id"] for row in service.get("liming", "/duties", **SPAN).json()] == [2]


def test_a_roster_is_imported_whole_or_not_at_all(service: Service) -> None:
    good = "officer,from,until,office\nliming,2026-03-02 17:30,2026-03-03 08:30,\nwangfang,2026-03-03 17:30,2026-03-04 08:30,YX0\n"
    faulty = good + "other-officer,2026-03-04 17:30,2026-03-05 08:30,\n"

    def sent(text: str) -> object:
        return service.ask("bureau", "POST", "/api/v1/duties/import", content=text)

    refused = sent(faulty)
    assert (refused.status_code, [fault["row"] for fault in refused.json()["rows"]]) == (422, [4])
    assert service.get("liming", "/duties", **SPAN).json() == []
    assert sent(good).json() == {"duties": 2, "dry_run": False}
    assert [row["office_id"] for row in service.get("liming", "/duties", **SPAN).json()] == [None, 1]


def test_a_matter_is_claimed_and_handed_over_as_one(service: Service) -> None:
    with writing(service.engine) as session:
        a_violation(session, session.get_one(Subject, 1), severity="high", zone_id=2)

    (matter,) = service.get("liming", "/matters", mine=True).json()["items"]
    assert (matter["id"], matter["subject_number"], [item["id"] for item in matter["items"]]) == (1, "S1", [2, 1])
    seen = {item["id"]: item["revision"] for item in matter["items"]}
    claimed = service.post("liming", "/matters/1/claim", {"revisions": seen}).json()
    assert {item["claimed_by_name"] for item in claimed["items"]} == {"liming名"}

    stale = service.post("liming", "/matters/1/hand-over", {"revisions": seen, "to": 2, "reason": "出差"})
    assert (stale.status_code, stale.json()["field"]) == (409, "revision")
    seen = {item["id"]: item["revision"] for item in claimed["items"]}
    handed = service.post("liming", "/matters/1/hand-over", {"revisions": seen, "to": 2, "reason": "出差"}).json()
    assert {item["officer_name"] for item in handed["items"]} == {"wangfang名"}


def test_what_is_watched_is_listed(service: Service) -> None:
    assert service.post("head", "/violations/1/watch").json()["watched"] is True
    assert [item["id"] for item in service.get("head", "/violations", watched=True).json()["items"]] == [1]

    assert service.post("head", "/violations/1/unwatch").json()["watched"] is False
    assert service.get("head", "/violations", watched=True).json()["items"] == []
