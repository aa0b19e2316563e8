"""``corrections leave`` and ``corrections notices``: the same services, from the machine itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from corrections.clock import SetClock
from corrections.domain.model import NoticeKind, Recipient
from corrections.review import notices as told
from corrections.store.database import writing
from corrections.store.tables import OutboxMessage, Subject
from tests.cli.conftest import Run
from tests.review.scene import NOW, settle

ASKED = ("leave", "request", "S1", "--as", "liming", "--reason", "medical", "--destination", "省城", "--leaves", "2026-03-06T08:00")


@pytest.fixture
def office(on_database: Run, database: Engine) -> Run:
    with writing(database) as session:
        settle(session)
    return on_database


def test_from_asking_to_being_back(office: Run) -> None:
    made = office(*ASKED, "--returns", "2026-03-07T18:00", "--json").json
    listed = office("leave", "list", "--as", "head", "--state", "requested").out
    approved = office("leave", "approve", "1", "--as", "head", "--conditions", "每日电话报告").out
    refused = office("leave", "refuse", "1", "--as", "head", "--reason", "迟了")

    assert (made["days"], made["rank"], made["subject"]) == (2, "office", "S1")
    assert "省城" in listed
    assert "approved" in approved
    assert refused.code == 1


def test_a_request_is_shown_with_what_was_reported_and_who_is_away_is_listed(office: Run, clock: SetClock) -> None:
    office(*ASKED, "--returns", "2026-03-07T18:00")
    office("leave", "approve", "1", "--as", "head", "--conditions", "每日电话报告")
    clock.set(datetime(2026, 3, 6, 2, 0, tzinfo=UTC))
    office("leave", "report", "1", "--as", "liming", "--kind", "departure", "--text", "火车")

    shown = office("leave", "show", "1", "--as", "liming")

    assert "每日电话报告" in shown.out
    assert "2026-03-06 10:00  departure  火车" in shown.out
    assert [one["kind"] for one in office("leave", "show", "1", "--as", "liming", "--json").json["reports"]] == ["departure"]
    assert [one["id"] for one in office("leave", "list", "--as", "liming", "--away", "--json").json] == [1]
    office("leave", "report", "1", "--as", "liming", "--kind", "return")
    assert office("leave", "list", "--as", "liming", "--away", "--json").json == []


def test_the_certificate_is_written_once_the_leave_is_approved(office: Run) -> None:
    office(*ASKED, "--returns", "2026-03-07T18:00")
    early = office("leave", "certificate", "1", "--as", "liming", "--out", "paper.pdf")
    office("leave", "approve", "1", "--as", "head")
    made = office("leave", "certificate", "1", "--as", "liming", "--out", "paper.pdf", "--lang", "zh")

    assert (early.code, made.code) == (1, 0)
    assert Path("paper.pdf").read_bytes().startswith(b"%PDF-")


def test_regular_activity_is_asked_for_with_its_place_and_hours(office: Run) -> None:
    term = ("--returns", "2026-08-06T08:00", "--kind", "regular")
    place, way = "30.25,120.15,5000", '{"type": "Polygon", "coordinates": [[[120, 30], [120.2, 30], [120.2, 30.3], [120, 30]]]}'
    Path("way.geojson").write_text(way)
    asked = office(*ASKED, *term, "--circle", place, "--outline", "way.geojson", "--window", "1,3@22:00-06:00", "--json").json

    assert (asked["rank"], asked["windows"]) == ("county", [{"start": "22:00", "until": "06:00", "weekdays": [0, 2]}])
    assert office(*ASKED, *term, "--circle", place, "--window", "8@07:00-20:00").code == 2
    assert office(*ASKED, *term, "--circle", "here", "--window", "1@07:00-20:00").code == 2
    assert office(*ASKED, *term).code == 1


def test_what_is_urgent_says_why(office: Run) -> None:
    soon = (*ASKED[:-1], "2026-03-03T08:00", "--returns", "2026-03-04T18:00")

    assert office(*soon, "--json").json["late"] is True
    assert office(*soon, "--urgent").code == 1
    assert office(*soon, "--urgent", "--details", "母亲病危", "--json").json["late"] is False


def test_a_request_is_taken_back(office: Run) -> None:
    office(*ASKED, "--returns", "2026-03-07T18:00")

    assert office("leave", "withdraw", "1", "--as", "liming", "--json").json["state"] == "withdrawn"
    assert office("leave", "report", "1", "--as", "liming", "--kind", "departure").code == 1


def test_notices_are_listed_and_done(office: Run, database: Engine) -> None:
    with writing(database) as session:
        told.notify(session, session.get_one(Subject, 1), Recipient.SUBJECT, NoticeKind.SILENCE, ("请检查手机", "Check it"), NOW)

    assert "Check it" in office("notices", "list", "--as", "liming").out
    assert office("notices", "done", "1", "--as", "liming", "--json").json["done_by"] == 1
    assert office("notices", "list", "--as", "liming", "--json").json == []


def test_the_outbox_is_listed_and_a_message_tried_again(office: Run, database: Engine) -> None:
    terms = {"bureau_id": 1, "channel": "mail", "severity": "low", "reference": "违规 1", "text_zh": "秘", "text_en": "", "created_at": NOW}
    with writing(database) as session:
        session.add(OutboxMessage(key="a", given_up_at=NOW, last_error="refused", **terms))
        session.add(OutboxMessage(key="b", sent_at=NOW, **terms))

    shown = office("notices", "outbox", "--as", "admin").out

    assert "given up" in shown
    assert "refused" in shown
    assert "秘" not in shown
    assert office("notices", "retry", "1", "--json").json["due_at"]
    assert office("notices", "retry", "2").code == 1


def test_a_channel_that_is_not_there_is_named(office: Run) -> None:
    assert "pigeon" in office("notices", "test", "pigeon", "loft").err
    assert "pigeon" in office("notices", "address", "liming", "pigeon=loft").err
    assert office("notices", "address", "liming", "pigeon").code == 2
    assert office("notices", "address", "liming", "--json").json == {"login": "liming", "channels": []}
