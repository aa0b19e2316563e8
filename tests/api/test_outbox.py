"""The outbox and the channels over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from corrections import clock
from corrections.api.app import create_app
from corrections.clock import SetClock
from corrections.review import outbox
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import Notice, OutboxMessage
from tests.api.house import Service
from tests.notify.scene import Post, fan_out, notice, through
from tests.review.scene import NOW


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    yield post
    post.server.shutdown()
    post.server.server_close()


@pytest.fixture
def settings(post: Post) -> Settings:
    return through(post.url)


@pytest.fixture
def served(service: Service, settings: Settings) -> Iterator[Service]:
    """The service with a channel ``hook`` that works."""
    with clock.using(SetClock(NOW)) as set_clock, TestClient(create_app(service.engine, settings)) as client:
        assert isinstance(set_clock, SetClock)
        yield Service(service.engine, set_clock, client)


def test_an_officer_sets_her_address_tries_it_and_sees_what_goes_there(served: Service, settings: Settings, post: Post) -> None:
    set_ = served.ask("liming", "PUT", "/api/v1/officers/1/addresses", json={"addresses": {"hook": "my-desk"}})
    tried = served.post("liming", "/channels/hook/test")
    notice(served.engine)
    fan_out(served.engine, settings)

    (message,) = served.get("liming", "/outbox", channel="hook").json()["items"]

    assert set_.json() == served.get("admin", "/officers/1/addresses").json() == {"id": 1, "addresses": {"hook": "my-desk"}}
    assert (tried.status_code, [body["to"] for body in post.got]) == (200, ["my-desk"])
    assert (message["state"], message["channel"], message["officer_id"], message["severity"]) == ("waiting", "hook", 1, "medium")
    assert not {"text_zh", "text_en", "key"} & message.keys()


def test_a_trial_that_fails_says_why(served: Service, post: Post) -> None:
    post.answers = [500]

    failed = served.post("admin", "/channels/hook/test", {"address": "somewhere"})
    unknown = served.post("admin", "/channels/pigeon/test")
    foreign = served.post("liming", "/channels/hook/test", {"address": "somewhere"})

    assert (failed.status_code, unknown.status_code, foreign.status_code) == (503, 404, 403)
    assert "500" in failed.json()["detail"]


def test_messages_are_picked_by_state_and_tried_again(served: Service) -> None:
    with writing(served.engine) as session:
        message = session.get_one(OutboxMessage, 1)
        message.due_at, message.given_up_at, message.attempts, message.last_error = None, NOW, 5, "refused"

    lost = served.get("admin", "/outbox", state="given_up").json()["items"]
    again = served.post("bureau", "/outbox/1/retry")

    assert [(row["id"], row["last_error"]) for row in lost] == [(1, "refused")]
    assert (again.json()["state"], again.json()["given_up_at"]) == ("failing", None)
    assert served.get("admin", "/outbox", state="given_up").json()["items"] == []
    assert served.get("admin", "/outbox", state="lost").status_code == 422


def test_channels_are_told_without_their_urls(served: Service, post: Post) -> None:
    answer = served.get("liming", "/channels")

    assert [channel["name"] for channel in answer.json()] == ["hook"]
    assert "127.0.0.1" not in answer.text


def test_a_notice_about_no_single_subject_and_one_of_a_failed_channel_are_shown(served: Service) -> None:
    with writing(served.engine) as session:
        source = session.exec(select(Notice)).first()
        assert source is not None
        message = OutboxMessage(
            bureau_id=1, key="x", channel="hook", officer_id=1, notice_id=source.id, severity="low", reference="", text_zh="", text_en="",
            created_at=NOW, due_at=NOW,
        )  # fmt: skip
        session.add(message)
        session.flush()
        outbox.give_up(session, message, "refused", NOW)

    first = served.get("bureau", "/notices").json()["items"][0]

    assert (first["kind"], first["subject_id"], first["subject_number"], first["about"]) == ("undelivered", None, None, "channel:1:hook")
    assert (first["recipient"], first["severity"]) == ("bureau", "high")
