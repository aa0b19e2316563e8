"""``corrections notices``: addresses, the outbox and a trial, from the machine itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from corrections.clock import SetClock
from corrections.store.database import writing
from corrections.store.tables import Notice, OutboxMessage
from tests.cli.conftest import Run
from tests.notify.scene import Post
from tests.review.scene import NOW, settle


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    yield post
    post.server.shutdown()
    post.server.server_close()


@pytest.fixture
def office(on_database: Run, database: Engine, post: Post, monkeypatch: pytest.MonkeyPatch, clock: SetClock) -> Run:
    """The scene at its NOW, with a channel ``hook`` from a variable of the environment."""
    clock.set(NOW)
    monkeypatch.setenv("CORRECTIONS_NOTIFY__CHANNELS", json.dumps([{"name": "hook", "url": post.url}]))
    with writing(database) as session:
        settle(session)
    return on_database


def test_an_address_is_set_and_a_trial_goes_there(office: Run, post: Post) -> None:
    set_ = office("notices", "address", "liming", "hook=desk", "--json").json
    tried = office("notices", "test", "hook", "desk")
    post.answers = [500]
    failed = office("notices", "test", "hook", "desk")

    assert set_ == {"login": "liming", "channels": ["hook"]}
    assert (tried.code, [body["to"] for body in post.got]) == (0, ["desk"])
    assert failed.code == 1
    assert "500" in failed.err
    assert "desk" not in failed.err


def test_messages_are_listed_by_state_and_channel(office: Run, database: Engine) -> None:
    terms: dict[str, Any] = {"bureau_id": 1, "severity": "low", "reference": "违规 1", "text_zh": "秘", "text_en": "", "created_at": NOW}
    with writing(database) as session:
        session.add(OutboxMessage(key="a", channel="hook", due_at=NOW, **terms))
        session.add(OutboxMessage(key="b", channel="hook", given_up_at=NOW, last_error="refused", **terms))
        session.add(OutboxMessage(key="c", channel="mail", **terms))

    def listed(*options: str) -> list[tuple[int, str]]:
        return [(row["id"], row["state"]) for row in office("notices", "outbox", "--as", "admin", *options, "--json").json]

    assert listed() == [(3, "needless"), (2, "given_up"), (1, "waiting")]
    assert listed("--state", "given_up") == [(2, "given_up")]
    assert listed("--channel", "mail") == [(3, "needless")]
    assert "秘" not in office("notices", "outbox", "--as", "admin").out
    assert office("notices", "outbox", "--as", "admin", "--state", "lost").code == 2


def test_the_doctor_names_a_channel_that_lost_messages(office: Run, database: Engine) -> None:
    with writing(database) as session:
        for done in (None, NOW):  # what was told otherwise is no loss
            notice = Notice(
                bureau_id=1, office_id=1, recipient="officer", officer_id=1, kind="assigned", text_zh="", text_en="", at=NOW, done_at=done
            )
            session.add(notice)
            session.flush()
            session.add(
                OutboxMessage(
                    key=f"{done}", bureau_id=1, channel="hook", notice_id=notice.id, severity="low", reference="", text_zh="", text_en="",
                    created_at=NOW, given_up_at=NOW,
                )
            )  # fmt: skip

    (check,) = [check for check in office("doctor", "--json").json if check["check"] == "undelivered"]

    assert (check["state"], check["concerns"]) == ("attention", [{"channel": "hook", "messages": 1}])


def test_a_channel_that_cannot_work_is_named_at_start(office: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRECTIONS_NOTIFY__CHANNELS", json.dumps([{"name": "pager", "url": "nosuch://secret@{address}"}]))
    list_ = ("notices", "list", "--as", "liming")

    said = office(*list_)
    monkeypatch.setenv("CORRECTIONS_SERVICE__LANGUAGE", "zh")
    in_chinese = office(*list_)

    for told in (said, in_chinese):
        assert told.code == 1
        assert "channel pager" in told.err
        assert "nosuch://" in told.err
        assert "secret" not in told.err
