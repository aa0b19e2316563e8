"""``corrections leave`` and ``corrections notices``: the same services, from the machine itself."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

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
