"""Where a subject is and was: with radius, age and three answers, and never unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from corrections.errors import Forbidden, Invalid
from corrections.records import whereabouts
from corrections.store.access import Actor
from corrections.store.database import reading, writing
from corrections.store.tables import FixRequest, SubjectState
from tests.api.house import HOME, SETTINGS, Service, a_report, found
from tests.review.scene import MINUTE, NOW, an_actor

AWAY = (30.3, 120.05)
ASKED = {"purpose": "每日核查", "from": NOW.isoformat(), "until": (NOW + timedelta(hours=2)).isoformat()}


def sides(answer: Any) -> list[str]:
    return [point["side"] for point in answer.json()["points"]]


@pytest.fixture
def watched(service: Service) -> Service:
    """Subject 1 at home and then far outside; a contact without a position and a fake one between."""
    with writing(service.engine) as session:
        a_report(session, 0, HOME)
        a_report(session, 10, None)
        a_report(session, 20, AWAY)
        a_report(session, 21, HOME, mock=True)
        a_report(session, 25, AWAY)
        a_report(session, 30, AWAY, accuracy_m=None, charging=False, client_state="power_save")
    service.clock.advance(35 * MINUTE)
    return service


def test_a_track_tells_each_report_with_its_radius_and_three_answers(watched: Service) -> None:
    answer = watched.get("liming", "/subjects/1/track", **ASKED)

    # One fix far outside may be an error of positioning: it takes another to be certain.
    assert sides(answer) == ["right", "unknown", "unknown", "unknown", "wrong", "wrong"]
    points = answer.json()["points"]
    assert [(p["lat"], p["accuracy_m"], p["mock"]) for p in points[1:]] == [
        (None, 10.0, False), (30.3, 10.0, False), (30.05, 10.0, True), (30.3, 10.0, False), (30.3, None, False),
    ]  # fmt: skip
    assert [(p["charging"], p["client_state"]) for p in points[-2:]] == [(None, ""), (False, "power_save")]
    assert (points[0]["fix_time"], points[0]["received_at"], points[0]["source"]) == ("2026-03-02T01:00:00Z", "2026-03-02T01:00:30Z", "gps")
    assert answer.json()["next_from"] is None


def test_the_answer_for_a_part_of_a_track_is_that_of_the_whole(watched: Service) -> None:
    whole = watched.get("liming", "/subjects/1/track", **ASKED)

    part = watched.get("liming", "/subjects/1/track", **ASKED | {"from": (NOW + 15 * MINUTE).isoformat()})

    assert part.json()["points"] == whole.json()["points"][2:]


def test_a_position_has_its_age_and_passes_over_a_fake_one(watched: Service) -> None:
    with writing(watched.engine) as session:
        a_report(session, 34, HOME, mock=True)

    answer = watched.get("liming", "/subjects/1/position", purpose="核查").json()

    assert (answer["point"]["lat"], answer["age_s"], answer["point"]["side"], answer["side_now"]) == (30.3, 300, "wrong", "wrong")


@pytest.mark.parametrize(("minutes", "side_now"), [(49, "wrong"), (51, "unknown")])
def test_a_position_that_is_too_old_does_not_tell_where_somebody_is_now(watched: Service, minutes: int, side_now: str) -> None:
    watched.clock.set(NOW + minutes * MINUTE)  # the last fix is of minute 30, and the device reports every ten

    answer = watched.get("liming", "/subjects/1/position", purpose="核查").json()

    assert (answer["point"]["side"], answer["side_now"]) == ("wrong", side_now)


def test_nobody_who_never_reported_has_a_position(service: Service) -> None:
    answer = service.get("zhao", "/subjects/2/position", purpose="核查").json()

    assert answer == {"point": None, "age_s": None, "side_now": "unknown", "last_contact_at": None, "expected_by": None}


@pytest.mark.parametrize("path", ["position", "track", "log", "log.html"])
def test_each_read_is_on_record_with_its_purpose(watched: Service, path: str) -> None:
    days = {"from": "2026-03-01", "until": "2026-03-02"} if "log" in path else {}
    watched.get("liming", f"/subjects/1/{path}", **ASKED | days)

    events = watched.get("auditor", "/audit", action="location.read", subject_id=1).json()["items"]
    assert [(event["actor"], event["purpose"]) for event in events] == [("liming名", "每日核查")]


def test_a_refused_read_shows_nothing_and_is_no_read(watched: Service) -> None:
    assert watched.get("zhao", "/subjects/1/track", **ASKED).status_code == 404
    assert watched.get("admin", "/subjects/1/track", **ASKED).status_code == 403
    assert watched.get("auditor", "/audit", action="location.read").json()["items"] == []


def test_no_list_of_the_register_holds_a_position(watched: Service) -> None:
    for path in ("/subjects", "/subjects/1", "/subjects/1/devices", "/faults/set-aside", "/faults/subjects"):
        answer = watched.get("head", path)
        assert (answer.status_code, "30.3" in answer.text, "30.05" in answer.text) == (200, False, False), path


def test_a_long_track_goes_on_where_it_was_cut(database: Engine) -> None:
    found(database)
    with writing(database) as session:
        for minute in range(7):
            a_report(session, minute, HOME)
        a_report(session, 2, HOME, digest=999)  # two reports of one moment, at the cut

    with writing(database) as session:
        liming, points, start = an_actor(session, "liming"), [], NOW
        cuts = []
        while start is not None:
            part = whereabouts.track(session, liming, 1, start, NOW + 60 * MINUTE, "核查", SETTINGS, NOW, limit=3)
            points += part.points
            start = part.next_from
            cuts.append(len(part.points))

    assert (len(points), cuts) == (8, [2, 3, 3])
    assert [p.fix_time for p in points] == sorted(p.fix_time for p in points)


def test_a_track_needs_a_purpose_and_the_right_role(database: Engine) -> None:
    found(database)
    with reading(database) as session:
        liming = an_actor(session, "liming")
        auditor = an_actor(session, "auditor")

        def track(actor: Actor, purpose: str, hours: int = 1) -> None:
            whereabouts.track(session, actor, 1, NOW, NOW + timedelta(hours=hours), purpose, SETTINGS, NOW)

        with pytest.raises(Invalid, match="Say why"):
            track(liming, " ")
        with pytest.raises(Invalid, match="31 days"):
            track(liming, "核查", hours=31 * 24 + 1)
        with pytest.raises(Forbidden):
            track(auditor, "核查")


def test_how_a_subject_stands_now_is_told_without_a_place_or_a_purpose(service: Service) -> None:
    with writing(service.engine) as session:
        state = session.get_one(SubjectState, 1)
        state.side, state.certainty, state.uncertain_since, state.fix_time = "unknown", 0.62, NOW - 25 * MINUTE, NOW - MINUTE
        session.add(FixRequest(subject_id=1, reason="uncertain", asked_at=NOW, expires_at=NOW + 60 * MINUTE))

    told = service.get("liming", "/subjects/1/present").json()
    service.clock.advance(30 * MINUTE)
    later = service.get("liming", "/subjects/1/present").json()

    assert (told["monitored"], told["side"], told["side_now"], told["certainty"]) == (True, "unknown", "unknown", 0.62)
    assert told["uncertain_since"] == "2026-03-02T00:35:00Z"
    assert (told["asked"]["reason"], told["asked"]["asked_by"], told["asked"]["answered_at"]) == ("uncertain", None, None)
    assert not {"lat", "lon"} & set(told)
    assert later["side_now"] == "unknown"


def test_a_side_does_not_hold_for_longer_than_a_fix_tells(service: Service) -> None:
    with writing(service.engine) as session:
        state = session.get_one(SubjectState, 1)
        state.side, state.certainty, state.fix_time = "right", 0.0, NOW

    told = service.get("liming", "/subjects/1/present").json()
    service.clock.advance(21 * MINUTE)

    assert (told["side"], told["side_now"]) == ("right", "right")
    assert service.get("liming", "/subjects/1/present").json()["side_now"] == "unknown"


def test_those_of_whom_one_cannot_tell_are_listed(service: Service) -> None:
    with writing(service.engine) as session:
        session.get_one(SubjectState, 1).uncertain_since = NOW

    listed = service.get("liming", "/subjects", uncertain=True).json()["items"]

    assert [subject["number"] for subject in listed] == ["S1"]
    assert service.get("admin", "/subjects", uncertain=True).status_code == 403
