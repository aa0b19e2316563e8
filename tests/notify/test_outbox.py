"""The outbox: whom a notice reaches over which channel, where its messages stand, and what is done about those that were given up."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from corrections.domain.model import NoticeKind, Recipient, Severity
from corrections.domain.notifying import MessageState
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.review import notices, outbox
from corrections.review.outbox import state_of
from corrections.settings.notify import Channel
from corrections.store.database import reading, writing
from corrections.store.tables import Bureau, Notice, Office, OutboxMessage
from tests.notify.scene import NOWHERE, Post, deliver, failures, fan_out, messages, notice, over, through
from tests.review.scene import HOUR, MINUTE, NOW, an_actor, an_officer, away

FAILS = {"send": lambda _parcel: "refused"}


@pytest.mark.parametrize(
    ("terms", "whom"),
    [
        ({"recipient": Recipient.OFFICE_HEAD, "officer_id": None}, [3]),
        ({"recipient": Recipient.OFFICER, "officer_id": None}, [3]),
        ({"recipient": Recipient.BUREAU, "officer_id": None}, [4]),
        ({"recipient": Recipient.OFFICER, "officer_id": 2}, []),  # wangfang has no address
        ({"recipient": Recipient.SUBJECT, "officer_id": None}, [None]),
    ],
)
def test_who_it_reaches(office: Engine, terms: dict[str, Any], whom: list[int | None]) -> None:
    notice(office, **terms)

    fan_out(office, through(recipients=tuple(Recipient)))

    assert [message.officer_id for message in messages(office)] == whom


def test_of_one_who_has_left_the_head_is_told_and_without_a_head_the_bureau(office: Engine) -> None:
    told = []
    for leaving in ("liming", "head"):
        with writing(office) as session:
            an_officer(session, leaving).active = False
        notice(office)
        fan_out(office, through())
        told.append(messages(office)[-1].officer_id)

    assert told == [3, 4]


def test_the_bureau_is_reached_even_when_all_of_it_is_away(office: Engine) -> None:
    with writing(office) as session:
        away(session, "bureau", NOW + HOUR)
    notice(office, recipient=Recipient.BUREAU, officer_id=None)

    assert fan_out(office, through()) == 1


@pytest.mark.parametrize(
    "terms",
    [{"severities": ("high",)}, {"kinds": ("escalated",)}, {"recipients": ("bureau",)}, {"addresses": ".*@bureau.lan"}],
)
def test_a_channel_takes_what_it_is_there_for(small_office: Engine, terms: dict[str, Any]) -> None:
    notice(small_office)

    assert fan_out(small_office, through(**terms)) == 0


def test_each_channel_and_recipient_has_a_message_of_its_own_written_once(office: Engine) -> None:
    two = over([Channel(name="hook", url=NOWHERE), Channel(name="mail", url=NOWHERE)])
    with writing(office) as session:
        an_officer(session, "liming").addresses = {"hook": "desk", "mail": "a@b.example"}
    notice_id = notice(office)

    counts = [fan_out(office, two)]
    with writing(office) as session:
        session.get_one(Notice, notice_id).dispatch_at = NOW
    counts.append(fan_out(office, two))

    assert counts == [2, 0]
    assert {message.key for message in messages(office)} == {"notice:1:hook:1", "notice:1:mail:1"}


def test_what_is_rolled_back_takes_its_notice_with_it(office: Engine) -> None:
    def fail() -> None:
        with writing(office) as session:
            notices.notify(session, session.get_one(Office, 1), Recipient.BUREAU, NoticeKind.CLOCK, ("一", "one"), NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert fan_out(office, through()) == 0


def test_a_notice_that_fails_keeps_no_other_waiting(office: Engine, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = notice(office, officer_id=2), notice(office)
    with writing(office) as session:
        an_officer(session, "wangfang").addresses = {"hook": 5}  # no text

    with caplog.at_level(logging.ERROR):
        written = fan_out(office, through(addresses=".*"))

    assert written == 1
    assert f"notice {bad} could not be turned into messages" in caplog.text
    with reading(office) as session:
        assert session.get_one(Notice, bad).dispatch_at == NOW + outbox.AGAIN
        assert session.get_one(Notice, good).dispatch_at is None


def test_quiet_hours_go_by_the_bureaus_own_time(office: Engine) -> None:
    with writing(office) as session:
        session.get_one(Bureau, 1).timezone = "Asia/Urumqi"  # 07:00 there
    notice(office)

    fan_out(office, through(quiet_from="21:00", quiet_until="07:30"))

    assert messages(office)[0].due_at == NOW + 30 * MINUTE


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (timedelta(0), 6 * HOUR),  # 15:00
        (-72 * HOUR, 6 * HOUR),  # its reason is old
        (6 * HOUR - timedelta(seconds=20), 6 * HOUR),  # seen after the digest's time, it goes with it still
        (6 * HOUR + timedelta(seconds=1), 24 * HOUR - 20 * MINUTE),  # 08:40
    ],
)
def test_what_is_of_little_weight_waits_for_the_next_digest(office: Engine, at: timedelta, due: timedelta) -> None:
    notice(office, at=NOW + at, severity=Severity.LOW)
    seen = max(NOW, NOW + at + timedelta(seconds=30))

    fan_out(office, through(digest_severities=("low",), digest_at=("08:40", "15:00")), seen)

    (message,) = messages(office)
    assert (message.digest, message.due_at, message.created_at) == (True, NOW + due, seen)


# ---- where it stands


def test_where_a_message_stands_is_told_and_asked_for(office: Engine) -> None:
    at, later = {"created_at": NOW, "due_at": NOW}, {"created_at": NOW, "due_at": None}
    rows: dict[MessageState, dict[str, Any]] = {
        MessageState.WAITING: at,
        MessageState.SENDING: at | {"attempts": 1},
        MessageState.FAILING: at | {"attempts": 1, "last_error": "x"},
        MessageState.SENT: later | {"sent_at": NOW},
        MessageState.GIVEN_UP: later | {"given_up_at": NOW, "last_error": "x"},
        MessageState.NEEDLESS: later,
    }
    common = {"bureau_id": 1, "channel": "hook", "severity": "low", "reference": "违规 1", "text_zh": "", "text_en": ""}
    with writing(office) as session:
        session.add_all([OutboxMessage(key=state, **common | terms) for state, terms in rows.items()])

    with reading(office) as session:
        admin = an_actor(session, "admin")
        assert {state: [m.key for m in outbox.list_messages(session, admin, state=state)] for state in MessageState} == {
            state: [state.value] for state in MessageState
        }
        assert all(state_of(message) == message.key for message in outbox.list_messages(session, admin))
        assert outbox.list_messages(session, admin, channel="mail") == []
        with pytest.raises(Invalid):
            outbox.list_messages(session, admin, limit=0)


def test_everybody_sees_her_own_messages_and_the_keepers_all(office: Engine) -> None:
    for officer_id in (1, 3):
        notice(office, officer_id=officer_id)
    fan_out(office, through())

    with reading(office) as session:

        def seen(login: str) -> list[int | None]:
            return [message.officer_id for message in outbox.list_messages(session, an_actor(session, login))]

        assert [seen(login) for login in ("liming", "head", "bureau", "admin", "zhao")] == [[1], [3], [3, 1], [3, 1], []]


# ---- what could not be sent


def given_up(engine: Engine, count: int = 1) -> None:
    """Messages over ``hook`` that failed for good, at NOW + 2 h."""
    for _ in range(count):
        notice(engine)
    deliver(engine, QUICKLY, **FAILS)
    deliver(engine, QUICKLY, NOW + 2 * HOUR, **FAILS)


QUICKLY = through(fewest_attempts=2, give_up_hours=1)


def test_what_fails_for_long_is_given_up_and_the_bureau_is_told_once(office: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        given_up(office, count=3)

    assert [state_of(message) for message in messages(office)[:3]] == [MessageState.GIVEN_UP] * 3
    assert "given up after 2 attempts: refused" in caplog.text
    assert "liming-desk" not in caplog.text
    (told,) = failures(office)
    assert (told.recipient, told.officer_id, told.severity) == ("bureau", None, "high")
    assert "hook" in told.text_zh


def test_of_a_channel_that_fails_the_bureau_is_told_over_the_others(office: Engine) -> None:
    with writing(office) as session:
        an_officer(session, "bureau").addresses = {"hook": "desk", "mail": "a@b.example"}
    both = over([Channel(name="hook", url=NOWHERE), Channel(name="mail", url=NOWHERE)])
    given_up(office)

    fan_out(office, both, NOW + 2 * HOUR)

    assert [(message.channel, message.officer_id) for message in messages(office)[1:]] == [("mail", 4)]


def test_what_was_given_up_is_tried_again_by_hand_and_its_notice_ends(office: Engine) -> None:
    later = NOW + 3 * HOUR
    given_up(office, count=2)
    with writing(office) as session:
        with pytest.raises(Forbidden):
            outbox.retry(session, an_actor(session, "liming"), 1, QUICKLY, later)
        with pytest.raises(NotFound):
            outbox.retry(session, None, 99, QUICKLY, later)
        for number in (1, 2):
            outbox.retry(session, an_actor(session, "admin"), number, QUICKLY, later)

    failed_again = deliver(office, QUICKLY, later, lambda parcel: "refused" if parcel.taken[0].id == 2 else None)
    with writing(office) as session:
        still = failures(office)[0].done_at
        outbox.retry(session, None, 2, QUICKLY, later)
    sent = deliver(office, QUICKLY, later, lambda _parcel: None)

    assert (failed_again.sent, failed_again.given_up, sent.sent) == (1, 1, 1)
    assert (still, failures(office)[0].done_at) == (None, later)


def test_what_was_sent_or_is_being_sent_is_not_tried_again_by_hand(office: Engine) -> None:
    refused: list[str] = []
    notice(office)

    def send(_parcel: Any) -> None:
        with writing(office) as session, pytest.raises(Conflict) as refusal:
            outbox.retry(session, None, 1, QUICKLY, NOW)
        refused.append(str(refusal.value))

    deliver(office, QUICKLY, send=send)
    with writing(office) as session, pytest.raises(Conflict):
        outbox.retry(session, None, 1, QUICKLY, NOW)

    assert len(refused) == 1


def test_by_hand_too_it_waits_for_the_quiet_hours_to_end(office: Engine) -> None:
    settings = through(quiet_from="21:00", quiet_until="07:30")
    notice(office)
    fan_out(office, settings)

    with writing(office) as session:
        message = outbox.retry(session, None, 1, settings, NOW + 15 * HOUR)

        assert message.due_at == NOW + 22.5 * HOUR


def test_without_a_channel_or_an_address_any_more_it_is_given_up(office: Engine, post: Post) -> None:
    for severity in (Severity.HIGH, Severity.GRAVE):
        notice(office, severity=severity)
    fan_out(office, through(post.url))
    with writing(office) as session:
        an_officer(session, "liming").addresses = {}
        session.get_one(OutboxMessage, 1).channel = "pigeon"

    done = deliver(office, through(post.url), NOW + timedelta(seconds=1))

    assert (done.given_up, post.got) == (2, [])
    assert ["not in the settings" in messages(office)[0].last_error, "no address" in messages(office)[1].last_error] == [True, True]
    assert len(failures(office)) == 2
