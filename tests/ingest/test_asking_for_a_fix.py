"""A phone that takes commands in the reply is asked for a fresh fix where one is wanted: once, and no other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from corrections.ingest.message import Message
from corrections.store.database import reading, writing
from corrections.store.tables import FixRequest

from .conftest import NOW, District, Phone
from .test_doors import Doors, location, query

ASKED = [{"_type": "cmd", "action": "reportLocation"}]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def doors(district: District) -> Doors:
    ingest = district.ingest()
    ingest.start()
    return Doors(ingest)


@pytest.fixture
def phone(district: District) -> Phone:
    return district.phone()


def want(district: District, phone: Phone, at: datetime = NOW, **changes: Any) -> None:
    with writing(district.engine) as session:
        terms = {"subject_id": phone.subject_id, "reason": "uncertain", "asked_at": at, "expires_at": at + 60 * MINUTE}
        session.add(FixRequest(**terms | changes))


def told(district: District) -> list[datetime | None]:
    with reading(district.engine) as session:
        return list(session.exec(select(FixRequest.told_at).order_by(FixRequest.id)))


def reply(doors: Doors, phone: Phone, **changes: Any) -> Any:
    return doors.post(f"/ingest/owntracks/{phone.credential}", json=location(**changes)).json()


def test_owntracks_is_asked_in_the_reply_to_its_next_message_once(district: District, doors: Doors, phone: Phone) -> None:
    want(district, phone)

    assert reply(doors, phone) == ASKED
    assert told(district) == [NOW]
    assert reply(doors, phone) == []


def test_a_sign_of_life_is_answered_with_the_wish(district: District, doors: Doors, phone: Phone) -> None:
    want(district, phone)

    assert doors.post(f"/ingest/owntracks/{phone.credential}", json={"_type": "status"}).json() == ASKED


def test_a_fix_that_is_fresh_already_needs_no_asking(district: District, doors: Doors, phone: Phone) -> None:
    want(district, phone, NOW - 5 * MINUTE)

    assert reply(doors, phone) == []
    assert told(district) == [None]


@pytest.mark.parametrize(
    "over", [{"expires_at": NOW}, {"answered_at": NOW - MINUTE}, {"told_at": NOW - MINUTE}], ids=["expired", "answered", "told"]
)
def test_a_wish_that_is_over_or_told_is_not_told(district: District, doors: Doors, phone: Phone, over: dict[str, Any]) -> None:
    want(district, phone, **over)

    assert reply(doors, phone) == []


def test_nobody_else_is_asked(district: District, doors: Doors, phone: Phone) -> None:
    want(district, phone)
    other = district.phone()

    assert reply(doors, other) == []
    assert told(district) == [None]


def test_of_two_messages_at_once_one_is_answered_with_the_wish(district: District, phone: Phone) -> None:
    want(district, phone)
    ingest = district.ingest()
    doors = Doors(ingest)
    requests = [("POST", f"/ingest/owntracks/{phone.credential}", {"json": location(tst=1_772_423_000 + i)}) for i in range(5)]
    ingest.start()

    replies = [answer.json() for answer in doors.all(*requests)]

    assert sorted(replies, key=len) == [[]] * 4 + [ASKED]


def test_clients_that_take_no_commands_hear_what_they_always_hear(district: District, doors: Doors, phone: Phone) -> None:
    want(district, phone)

    answer = doors.post(f"/ingest/osmand/{phone.credential}?{query()}")
    batch = doors.post(f"/ingest/overland/{phone.credential}", json={"locations": []})

    assert (answer.content, batch.json()) == (b"", {"result": "ok"})
    assert told(district) == [None]


def test_a_subject_who_may_not_be_located_is_not_asked(district: District, doors: Doors) -> None:
    phone = district.phone(authority=False)
    want(district, phone)

    assert reply(doors, phone) == []
    assert told(district) == [None]


def test_a_gateway_hears_no_command(district: District, doors: Doors, phone: Phone) -> None:
    want(district, phone)
    gateway = district.gateway()

    body = location(topic=f"owntracks/x/{phone.identifier}")
    assert doors.post(f"/ingest/owntracks/{gateway}", json=body).json() == []


def test_groups_without_such_a_client_look_for_no_wishes(district: District, phone: Phone) -> None:
    statements: list[str] = []
    event.listen(district.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    district.take(phone, Message(raw=b"x"), wire="osmand")
    assert statements

    assert not any("fix_request" in statement for statement in statements)
