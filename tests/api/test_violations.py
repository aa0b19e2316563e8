"""A violation over HTTP, from the queue to the decision and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from corrections.domain.model import ZoneKind
from corrections.review import queue
from corrections.store.database import writing
from corrections.store.tables import Violation
from tests.api.house import Service, a_zone
from tests.review.scene import HOUR, NOW, SETTINGS, a_subject, a_violation

PURPOSE = "核查违规"


def step(service: Service, login: str, name: str, revision: int, **body: Any) -> Any:
    return service.post(login, f"/violations/1/{name}", {"revision": revision, **body})


def test_from_the_queue_to_a_decision(service: Service) -> None:
    queued = service.get("liming", "/violations", mine=True).json()["items"]

    claimed = step(service, "liming", "claim", queued[0]["revision"]).json()
    called = {"means": "phone", "whom": "本人", "answer": "not_reached", "text": "无人接听"}
    contacted = step(service, "liming", "contact", claimed["revision"], **called).json()
    noted = step(service, "liming", "note", contacted["revision"], text="再次拨打").json()
    excuse = {"decision": "false_alarm", "cause": "device_fault", "reason": "手机没电"}
    decided = step(service, "liming", "decide", noted["revision"], **excuse)

    assert (decided.status_code, decided.json()["review_state"], decided.json()["decided_by_name"]) == (200, "decided", "liming名")
    assert service.get("liming", "/violations").json() == {"items": [], "after": None}
    history = service.get("head", "/violations/1/history").json()
    assert [event["kind"] for event in history] == ["detected", "assigned", "claimed", "contacted", "noted", "decided"]
    assert history[-1]["content"] == excuse

    reopened = step(service, "head", "reopen", decided.json()["revision"], reason="有新情况").json()

    assert (reopened["review_state"], reopened["decision"], reopened["officer_name"]) == ("queued", None, "liming名")


def test_what_later_evidence_changed_is_told_in_both_languages(service: Service) -> None:
    with writing(service.engine) as session:
        told = [("开始时间提前 1 小时", "began 1 hour earlier")]
        queue.revise(session, session.get_one(Violation, 1), {"started_at": NOW - 2 * HOUR}, NOW, note="later evidence", told=told)

    content = service.get("liming", "/violations/1/history").json()[-1]["content"]

    assert content["told"] == {"zh": ["开始时间提前 1 小时"], "en": ["began 1 hour earlier"]}


def test_who_comes_second_is_told_who_was_first(service: Service) -> None:
    step(service, "head", "claim", 1)

    answer = step(service, "bureau", "claim", 1)

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "conflict", "revision")
    assert answer.json()["detail"] == "head名已先行操作（认领，2026-03-02 09:00）。现状态：核查中，第 2 版。请刷新后再操作。"


def test_a_handed_over_violation_is_in_the_other_queue(service: Service) -> None:
    step(service, "liming", "hand-over", 1, to=2, reason="出差")

    assert service.get("liming", "/violations", mine=True).json()["items"] == []
    assert service.get("wangfang", "/violations", mine=True).json()["items"][0]["officer_name"] == "wangfang名"


def test_a_released_violation_waits_again(service: Service) -> None:
    step(service, "wangfang", "claim", 1)

    answer = step(service, "wangfang", "release", 2, note="请本人处理").json()

    assert (answer["review_state"], answer["claimed_by"], answer["officer_id"]) == ("queued", None, 1)


def test_evidence_is_shown_with_the_zone_as_it_was_and_the_read_is_on_record(service: Service) -> None:
    with writing(service.engine) as session:
        zone_id = a_zone(session, "公园", ZoneKind.EXCLUSION)
        subject = a_subject(session, "S3")
        violation = a_violation(session, subject, rule="boundary", zone_id=zone_id, zone_revision_id=3)
        violation.review_state, violation.claimed_by = "claimed", 1
        queue.revise(session, violation, {"evidence": {"fixes": []}}, NOW, note="late reports")
        id_ = violation.id

    answer = service.get("liming", f"/violations/{id_}/evidence", purpose=PURPOSE).json()

    assert answer["violation"]["urgent"] is True
    assert answer["evidence"] == {"fixes": []}
    assert (answer["zone"]["version"], answer["zone"]["outline"]["type"]) == (1, "Polygon")
    assert answer["history"][-1]["content"]["changes"]["evidence"]["from"] == {"fixes": [{"lat": 30.1, "lon": 120.2}]}
    event = service.get("auditor", "/audit", action="location.read").json()["items"][0]
    assert (event["actor"], event["subject_id"], event["purpose"]) == ("liming名", subject.id, PURPOSE)


def test_without_a_purpose_no_place_is_shown_anywhere(service: Service) -> None:
    with writing(service.engine) as session:
        violation = session.get_one(Violation, 1)
        violation.review_state, violation.claimed_by = "claimed", 1
        queue.revise(session, violation, {"evidence": {"fixes": [{"lat": 30.1}]}, "ended_at": NOW}, NOW, note="late reports")

    for path in ("/violations", "/violations/1", "/violations/1/history"):
        answer = service.get("liming", path)
        assert (answer.status_code, "30.1" in answer.text) == (200, False)
    assert service.get("liming", "/violations/1/evidence").status_code == 422
    assert service.get("auditor", "/audit", action="location").json()["items"] == []


def test_the_queue_comes_in_pages(service: Service) -> None:
    with writing(service.engine) as session:
        for number in range(4):
            a_violation(session, a_subject(session, f"P{number}"), NOW + number * HOUR)

    found, after = [], None
    for _ in range(3):
        page = service.get("head", "/violations", limit=2, **({"after": after} if after else {})).json()
        found += [item["due_at"] for item in page["items"]]
        after = page["after"]

    assert after is None
    assert (len(found), found) == (5, sorted(found))


def test_what_is_overdue_is_told(service: Service) -> None:
    service.clock.advance(timedelta(minutes=50))
    due = service.get("liming", "/violations/1").json()

    with writing(service.engine) as session:
        session.get_one(Violation, 1).due_at = NOW + timedelta(minutes=50)

    assert (due["overdue"], service.get("liming", "/violations/1").json()["overdue"]) == (False, True)


def test_a_claim_that_lies_still_may_be_taken_over(service: Service) -> None:
    step(service, "liming", "claim", 1)
    early = step(service, "wangfang", "claim", 2)
    for _ in range(3):  # a log-in ends when it is not used for an hour
        service.clock.advance(timedelta(minutes=SETTINGS.queue.claim_minutes / 3))
        service.get("wangfang", "/me")

    taken = step(service, "wangfang", "claim", 2)

    assert (early.status_code, taken.status_code, taken.json()["claimed_by_name"]) == (409, 200, "wangfang名")
