"""Rounds, check-ins and wishes for a fresh fix over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from corrections.monitor.rounds import open_rounds_due
from corrections.store.credentials import hash_credential
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, CheckIn, CheckRound, Device, FixRequest, LoginSession, Report
from tests.api.house import HOME, SETTINGS, Service, a_report
from tests.monitor.check_scene import seen_at
from tests.review.scene import HOUR, NOW

MINUTE = timedelta(minutes=1)
PLACE = {"lat": 30.05, "lon": 120.05, "accuracy_m": 18.5, "measured_at": NOW.isoformat()}


def in_a_round(service: Service) -> int:
    """The round of nine o'clock, in which subject 1 is in place."""
    with writing(service.engine) as session:
        open_rounds_due(session, SETTINGS, NOW - HOUR)
        seen_at(session, 1, NOW - 5 * MINUTE)
    with writing(service.engine) as session:
        open_rounds_due(session, SETTINGS, NOW)
    found: int = service.get("liming", "/rounds", mine=True).json()["items"][0]["id"]
    return found


def asked(service: Service) -> Any:
    return service.post("liming", "/subjects/1/check-ins", {"purpose": "核实在家"}).json()


def test_a_round_from_its_opening_to_its_signature(service: Service) -> None:
    number = in_a_round(service)

    seen = service.get("liming", f"/rounds/{number}").json()
    assert (seen["round"]["label_zh"], seen["round"]["state"], seen["round"]["subjects"]) == ("早间定位核查", "open", 2)
    assert [(e["subject_number"], e["lat"], e["seen"]["violations"] != []) for e in seen["entries"]] == [
        ("S1", None, True),
        ("S9", None, False),
    ]
    placed = service.get("liming", f"/rounds/{number}", purpose="早间核查").json()
    assert placed["entries"][0]["lat"] == 30.05
    first, second = (entry["id"] for entry in seen["entries"])
    refused = service.post("liming", f"/rounds/{number}/sign", {"revision": 1})
    assert (refused.status_code, refused.json()["field"]) == (422, "entries")
    findings = [
        {"entry_id": first, "finding": "in_place", "note": "视频确认在家"}, {"entry_id": second, "finding": "not_reached", "note": "未接"}
    ]  # fmt: skip
    assert service.post("liming", f"/rounds/{number}/findings", {"revision": 1, "findings": findings}).json()["found"] == 2
    assert service.post("head", f"/rounds/{number}/sign", {"revision": 1}).status_code == 409
    signed = service.post("liming", f"/rounds/{number}/sign", {"revision": 2, "note": "一人未联系上"}).json()
    assert (signed["state"], signed["signed_by_name"]) == ("signed", "liming名")
    with reading(service.engine) as session:
        assert len(session.exec(select(AuditEvent).where(AuditEvent.action == "location.read")).all()) == 1


def test_a_round_by_hand_begins_at_once(small_service: Service) -> None:
    made = small_service.post("head", "/rounds", {"whole_office": True})

    assert (made.status_code, made.json()["round"]["schedule"], made.json()["round"]["label_en"]) == (201, "", "Round begun by hand")
    assert [e["subject_number"] for e in made.json()["entries"]] == ["S1", "S9"]
    assert small_service.post("liming", "/rounds", {"office_id": 2}).status_code == 404


def test_what_a_link_asks_holds_nothing_of_the_person(small_service: Service) -> None:
    told = asked(small_service)
    assert told["link"] == f"/c/{told['token']}"

    question = small_service.get(None, f"/check-ins/{told['token']}/answer")

    assert question.json() == {"state": "open", "asked_at": "2026-03-02T01:00:00Z", "expires_at": "2026-03-02T01:30:00Z"}


def test_a_link_is_answered_without_a_log_in_and_once(service: Service) -> None:
    path = f"/check-ins/{asked(service)['token']}/answer"

    answers = [service.post(None, path, PLACE) for _ in range(2)]

    assert [a.status_code for a in answers] == [200, 409]
    assert answers[0].json() == {"result": "stored"}
    with reading(service.engine) as session:
        report = session.exec(select(Report).where(Report.wire == "check-in")).one()
        assert (report.lat, report.lon, report.accuracy_m) == (30.05, 120.05, 18.5)
        assert session.exec(select(CheckIn)).one().report_id == report.id
        assert session.exec(select(Device.active).where(Device.identifier == "browser-S1")).one() is False
    listed = service.get("head", "/subjects/1/check-ins").json()
    assert (listed["counts"], [i["state"] for i in listed["page"]["items"]]) == (
        {"days": 30, "asked": 1, "answered": 1, "missed": 0}, ["answered"],
    )  # fmt: skip


def test_unknown_late_and_faulty_answers_are_told_apart(small_service: Service) -> None:
    path = f"/check-ins/{asked(small_service)['token']}/answer"

    assert small_service.post(None, "/check-ins/nobody/answer", PLACE).status_code == 404
    assert small_service.get(None, "/check-ins/nobody/answer").status_code == 404
    for fault in ({"lat": 95}, {"lat": None}, {"measured_at": "2026-03-02T00:00:00Z"}, {"name": "张三"}):
        assert small_service.post(None, path, PLACE | fault).status_code == 422
    small_service.clock.advance(HOUR)
    late = small_service.post(None, path, PLACE)
    assert (late.status_code, late.json()["detail_zh"]) == (409, "本次签到已于 2026-03-02 09:30 截止，请联系工作人员说明情况。")


def test_a_wish_for_a_fix_is_followed_until_its_answer(small_service: Service) -> None:
    number = small_service.post("liming", "/subjects/1/fix-requests", {"purpose": "核实"}).json()["id"]
    path = f"/subjects/1/fix-requests/{number}"
    small_service.clock.advance(MINUTE)
    waiting = small_service.get("liming", path).json()
    with writing(small_service.engine) as session:
        a_report(session, -1, HOME, accuracy_m=500.0)  # measured before it was asked for
        a_report(session, 1, HOME)
        session.get_one(FixRequest, number).answered_at = NOW + 1.5 * MINUTE
    small_service.clock.advance(MINUTE)

    answered = small_service.get("liming", path).json()
    placed = small_service.get("liming", path, purpose="核实").json()

    assert (waiting["state"], waiting["waited_s"], waiting["point"]) == ("waiting", 60, None)
    assert (answered["state"], answered["waited_s"], answered["point"]) == ("answered", 90, None)
    assert (placed["point"]["lat"], placed["point"]["accuracy_m"]) == (HOME[0], 10.0)
    assert small_service.get("liming", "/subjects/1/fix-requests/1").json()["state"] == "expired"
    assert small_service.get("liming", "/subjects/3/fix-requests/1").status_code == 404


def test_the_figures_count_what_came_in_time(service: Service) -> None:
    with writing(service.engine) as session:
        for seconds in (100, 180, 181):
            terms = {"asked_at": NOW, "expires_at": NOW + HOUR, "answered_at": NOW + timedelta(seconds=seconds)}
            session.add(FixRequest(subject_id=1, reason="officer", **terms))
        session.add(FixRequest(subject_id=2, reason="officer", **terms))  # of another office
    asked(service)

    told = service.get("liming", "/figures/checks", **{"from": NOW.isoformat(), "until": (NOW + HOUR).isoformat()}).json()

    officer = next(f for f in told["fixes"] if f["reason"] == "officer")
    assert officer == {"reason": "officer", "asked": 3, "answered": 3, "in_time": 2, "mean_s": 153.7}
    assert (told["target_s"], told["rounds"]["opened"], told["rounds"]["open"]) == (180, 2, 2)
    assert told["check_ins"] == {"asked": 1, "answered": 0, "missed": 0, "open": 1, "skipped": 0}
    everywhere = service.get("bureau", "/figures/checks", **{"from": NOW.isoformat(), "until": (NOW + HOUR).isoformat()}).json()
    assert next(f for f in everywhere["fixes"] if f["reason"] == "officer")["asked"] == 4


def test_the_auditor_sees_that_a_day_matches_and_no_day_that_is_not_over(service: Service) -> None:
    in_a_round(service)
    assert service.get("auditor", "/checks/rederive", day="2026-03-02").status_code == 422
    with writing(service.engine) as session:
        for made in session.exec(select(CheckRound).where(CheckRound.schedule == "b")).all():
            made.schedule = ""  # by hand: of no schedule
        log_in_until(session, "auditor", NOW + timedelta(days=2))

    service.clock.advance(timedelta(days=1))
    told = service.get("auditor", "/checks/rederive", day="2026-03-02").json()

    assert (told["matches"], [one["sound"] for one in told["commitments"]], told["commitments"][0]["secret"]) == (False, [True], None)
    assert {(one["schedule"], one["about"], one["match"]) for one in told["compared"]} == {
        ("a", "office:1", "not_derived"), ("morning", "office:1", "matches"), ("morning", "office:2", "matches"),
    }  # fmt: skip


def log_in_until(session: Session, login: str, until: datetime) -> None:
    row = session.get_one(LoginSession, hash_credential(login))
    row.expires_at, row.last_used_at = until, until - HOUR
