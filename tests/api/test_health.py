"""Whether the service can do its work, its figures, what was put aside, and what the auditor sees."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from corrections.api.app import create_app
from corrections.ingest.writer import Ingest
from corrections.monitor.scheduler import JobState, Status
from corrections.settings import Settings
from corrections.store.database import open_database, writing
from corrections.store.tables import AreaSilence, Outage, SetAside, SubjectState
from tests.api.house import HOME, SETTINGS, Service, a_report, found, serving
from tests.review.scene import HOUR, NOW


class QuietMonitor:
    """A monitor that does nothing; its jobs are as the test says."""

    def __init__(self) -> None:
        self.status = Status(started_at=NOW - HOUR)
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")


def figures(service: Service) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in service.client.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_a_service_that_can_do_its_work_says_so(service: Service) -> None:
    assert service.client.get("/health/live").json() == {"alive": True}
    assert service.client.get("/health/ready").json() == {"ready": True, "faults": []}


def test_a_database_that_is_away_or_of_another_version_is_told(sqlite_url: str, tmp_path: Path) -> None:
    old = open_database(sqlite_url)
    with old.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    away = open_database(f"sqlite:///{tmp_path}/nowhere/corrections.db")

    told = []
    for engine in (old, away):
        answer = TestClient(create_app(engine, SETTINGS)).get("/health/ready")
        told.append((answer.status_code, answer.json()["faults"]))
        assert TestClient(create_app(engine, SETTINGS)).get("/health/live").status_code == 200
        engine.dispose()

    assert told == [(503, ["schema"]), (503, ["database"])]


def test_figures_are_told_even_while_the_database_is_away(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/nowhere/corrections.db")

    answer = TestClient(create_app(engine, SETTINGS)).get("/metrics")
    engine.dispose()

    assert "corrections_database_up 0.0" in answer.text


@pytest.mark.parametrize(
    ("last_success", "faults"),
    [(NOW - timedelta(minutes=4), []), (NOW - timedelta(minutes=4, seconds=1), ["monitor:evaluate"]), (None, ["monitor:evaluate"])],
)
def test_a_job_that_does_not_end_well_for_longer_than_an_alert_may_take_is_stuck(
    database: Engine, last_success: object, faults: list[str]
) -> None:
    monitor = QuietMonitor()
    monitor.status.jobs = {"pulse": JobState(last_success=NOW), "evaluate": JobState(last_success=last_success)}  # type: ignore[arg-type]

    with serving(database, monitor=monitor) as service:
        assert service.client.get("/health/ready").json()["faults"] == faults


def test_a_writer_that_has_ended_is_told(database: Engine) -> None:
    ingest = Ingest(database, Settings())

    with serving(database, ingest=ingest) as service:
        before = service.client.get("/health/ready").json()["faults"]
        ingest.stop()
        after = service.client.get("/health/ready").json()["faults"]

    assert (before, after) == ([], ["writer"])


def test_the_monitor_starts_and_stops_with_the_service(database: Engine) -> None:
    monitor = QuietMonitor()

    with serving(database, monitor=monitor):
        during = list(monitor.calls)

    assert (during, monitor.calls) == (["start"], ["start", "stop"])


def test_reports_of_a_phone_come_in_beside_the_api(database: Engine) -> None:
    found(database)

    with serving(database, ingest=Ingest(database, Settings())) as service:
        credential = service.post("head", "/devices/1/rotate").json()["credential"]
        query = {"id": credential, "timestamp": int(NOW.timestamp()), "lat": HOME[0], "lon": HOME[1], "accuracy": 10}
        answers = [service.client.post("/ingest/osmand", params=query).status_code for _ in range(2)]
        told = figures(service)
        position = service.get("liming", "/subjects/1/position", purpose="核查").json()

    assert answers == [200, 200]
    assert position["point"]["lat"] == HOME[0]
    assert (told['corrections_reports_total{outcome="stored"}'], told['corrections_reports_total{outcome="repeated"}']) == (1, 1)


def test_the_figures_are_those_of_the_moment(service: Service) -> None:
    before = figures(service)
    with writing(service.engine) as session:
        a_report(session, 0, HOME)
    service.post("liming", "/violations/1/claim", {"revision": 1})
    service.clock.advance(timedelta(seconds=90))
    after = figures(service)

    def told(name: str) -> tuple[float, float]:
        return before[name], after[name]

    assert told('corrections_queue_violations{state="queued"}') == (1, 0)
    assert told('corrections_queue_violations{state="claimed"}') == (0, 1)
    assert told("corrections_evaluation_lag_seconds") == (0, 60)
    assert told('corrections_set_aside_messages{reason="null_island",wire="osmand"}') == (1, 1)
    assert after['corrections_http_requests_total{endpoint="violations.claim",method="POST",status="200"}'] == 1


def test_two_apps_in_one_process_count_apart(service: Service, sqlite_url: str) -> None:
    engine = open_database(sqlite_url)
    with serving(engine) as other:
        other.get(None, "/me")

        assert not any("login.me" in name for name in figures(service))
    engine.dispose()


def test_the_monitor_is_told_of(database: Engine) -> None:
    found(database)
    monitor = QuietMonitor()
    monitor.status.jobs = {"evaluate": JobState(last_success=NOW, last_error="ValueError: secret", runs=3)}
    with serving(database, monitor=monitor) as service:
        with writing(database) as session:
            a_report(session, 0, HOME)
        service.clock.advance(timedelta(seconds=90))

        answer = service.get("head", "/monitor").json()

    assert answer["jobs"] == [{"name": "evaluate", "runs": 3, "last_success": "2026-03-02T01:00:00Z", "failed": True}]
    assert (answer["runs_here"], answer["oldest_waiting"], answer["lag_s"]) == (True, "2026-03-02T01:00:30Z", 60)


def test_what_was_put_aside_is_seen_by_its_office_and_what_is_nobodys_by_the_bureau(service: Service) -> None:
    with writing(service.engine) as session:
        session.add(SetAside(digest=2, received_at=NOW, last_at=NOW, wire="overland", reason="unknown_device", detail="P77", count=3))

    def seen(login: str) -> list[tuple[str, str | None]]:
        return [(row["reason"], row["subject_number"]) for row in service.get(login, "/faults/set-aside").json()["items"]]

    assert seen("liming") == [("null_island", "S1")]
    assert seen("zhao") == []
    assert seen("bureau") == [("unknown_device", None), ("null_island", "S1")]
    counted = {"wire": "overland", "reason": "unknown_device", "count": 3}
    assert counted in service.get("bureau", "/faults/set-aside/count").json()
    assert [row["reason"] for row in service.get("bureau", "/faults/set-aside", reason="unknown_device").json()["items"]] == [
        "unknown_device"
    ]


def test_a_message_as_it_came_is_a_location_read(service: Service) -> None:
    answer = service.get("liming", "/faults/set-aside/1", purpose="查原因").json()

    assert answer["raw_base64"] == "eA=="
    event = service.get("auditor", "/audit", action="location.read").json()["items"][0]
    assert (event["subject_id"], event["purpose"]) == (1, "查原因")


def test_a_failing_subject_is_seen_and_tried_again(service: Service) -> None:
    with writing(service.engine) as session:
        state = session.get_one(SubjectState, 1)
        state.fault_at, state.revise_from = NOW, None

    seen = service.get("liming", "/faults/subjects").json()
    retried = service.post("liming", "/faults/subjects/1/retry")

    assert seen == [{"subject_id": 1, "subject_number": "S1", "office_id": 1, "fault": "ValueError", "since": "2026-03-02T01:00:00Z"}]
    assert retried.json() == {"done": True}
    with writing(service.engine) as session:
        state = session.get_one(SubjectState, 1)
        assert (state.fault_at, state.revise_from) == (None, NOW)
    assert service.get("auditor", "/audit", action="subject.retry").json()["items"][0]["subject_id"] == 1


def test_outages_and_area_silences_are_told_newest_first(service: Service) -> None:
    with writing(service.engine) as session:
        for hour in range(3):
            session.add(Outage(began_at=NOW + hour * HOUR, ended_at=NOW + (hour + 1) * HOUR))
            session.add(AreaSilence(bureau_id=1 + hour % 2, began_at=NOW + hour * HOUR, subjects=40 + hour))

    first = service.get("liming", "/faults/outages", limit=2).json()
    rest = service.get("liming", "/faults/outages", limit=2, before=first["after"]).json()

    assert [row["id"] for row in first["items"] + rest["items"]] == [3, 2, 1]
    assert [row["subjects"] for row in service.get("liming", "/faults/area-silences").json()["items"]] == [42, 40]


def test_the_auditor_reads_her_bureaus_trail_and_proves_the_chain(service: Service) -> None:
    service.get("other-officer", "/subjects/1")
    service.post("other-bureau", "/offices", {"code": "QT9", "name": "别处"})

    own = service.get("auditor", "/audit", action="office.create").json()["items"]
    others = service.get("other-auditor", "/audit", action="office.create").json()["items"]
    proof = service.get("auditor", "/audit/verify").json()

    assert "QT9" not in str(own)
    assert others[0]["detail"]["office"] == "QT9"
    assert (proof["sound"], proof["faults"], proof["head"]) == (True, [], others[0]["hash"])
    cut = service.get("auditor", "/audit/verify", kept_head="0" * 64).json()
    assert (cut["sound"], cut["faults"][0]["trouble"]) == (False, "cut")


def test_the_audit_trail_comes_in_pages(service: Service) -> None:
    first = service.get("auditor", "/audit", limit=4).json()
    second = service.get("auditor", "/audit", limit=4, before=first["after"]).json()

    ids = [event["id"] for event in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 8
