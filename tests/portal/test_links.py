"""The link to a subject's own view: made by those who may see her, one at a time, known by its hash alone, and over in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.model import SubjectStatus
from corrections.errors import Conflict, Forbidden, LinkEnded, NotFound, TooMany, Unauthenticated
from corrections.records import own
from corrections.settings import Settings
from corrections.settings.portal import Portal
from corrections.store.access import Own
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, OwnLink, Subject
from corrections.web import OwnDoor
from tests.review.scene import NOW, an_actor, settle

PORTAL = Portal(days_after_term=30, view_minutes=60, wrong_links=3, wrong_minutes=10)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TERM = timedelta(days=365)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with writing(database) as session:
        settle(session)
        yield session


@pytest.fixture
def door(database: Engine) -> OwnDoor:
    with writing(database) as session:
        settle(session)
    return OwnDoor(database, Settings(portal=PORTAL))


def made(door: OwnDoor) -> str:
    with writing(door.engine) as session:
        return own.make_link(session, None, 1, PORTAL, NOW)[1]


def audited(session: Session, action: str) -> list[tuple[str, int | None]]:
    return [(event.actor, event.subject_id) for event in session.exec(select(AuditEvent).where(AuditEvent.action == action))]


def test_it_opens_for_her_and_is_not_stored(session: Session) -> None:
    link, token = own.make_link(session, an_actor(session, "liming"), 1, PORTAL, NOW)

    assert own.own_by_token(session, token, NOW, "1.2.3.4") == Own(1, "1.2.3.4")
    assert token not in str(link.model_dump())
    assert audited(session, "own_link.make") == [("liming名", 1)]


@pytest.mark.parametrize(("login", "error"), [("zhao", NotFound), ("admin", Forbidden), ("auditor", Forbidden)])
def test_only_those_who_may_see_where_she_is_make_or_end_one(session: Session, login: str, error: type[Exception]) -> None:
    link, _ = own.make_link(session, None, 1, PORTAL, NOW)
    actor = an_actor(session, login)

    with pytest.raises(error):
        own.make_link(session, actor, 1, PORTAL, NOW)
    with pytest.raises(error):
        own.revoke_link(session, actor, link.id, NOW)
    with pytest.raises(error):
        own.links_of(session, actor, 1)


def test_a_new_one_ends_the_one_before_unless_said_otherwise(session: Session) -> None:
    _, first = own.make_link(session, None, 1, PORTAL, NOW)
    _, second = own.make_link(session, None, 1, PORTAL, NOW)
    _, third = own.make_link(session, None, 1, PORTAL, NOW, keep_others=True)

    with pytest.raises(LinkEnded):
        own.own_by_token(session, first, NOW)
    assert own.own_by_token(session, second, NOW) == own.own_by_token(session, third, NOW) == Own(1)


def test_it_ends_by_hand(session: Session) -> None:
    link, token = own.make_link(session, None, 1, PORTAL, NOW)

    own.revoke_link(session, an_actor(session, "head"), link.id, NOW)

    with pytest.raises(LinkEnded):
        own.own_by_token(session, token, NOW)
    with pytest.raises(Conflict):
        own.revoke_link(session, None, link.id, NOW)


def test_it_ends_so_many_days_after_the_term(session: Session) -> None:
    _, token = own.make_link(session, None, 1, PORTAL, NOW)
    last = NOW + TERM + 30 * DAY

    assert own.own_by_token(session, token, last - MINUTE) == Own(1)
    with pytest.raises(LinkEnded):
        own.own_by_token(session, token, last)
    with pytest.raises(Conflict):
        own.make_link(session, None, 1, PORTAL, last)


def test_there_is_none_for_the_dead(session: Session) -> None:
    session.get_one(Subject, 1).status = SubjectStatus.DECEASED.value

    with pytest.raises(Conflict):
        own.make_link(session, None, 1, PORTAL, NOW)


def test_a_visit_is_audited_as_hers_once_an_hour(door: OwnDoor) -> None:
    token = made(door)

    for minutes in (0, 1, 59, 60, 61, 200):
        assert door.come_in(token, NOW + minutes * MINUTE, "phone") == Own(1, "phone")

    with reading(door.engine) as session:
        assert audited(session, "own.view") == [("subject", 1)] * 3
        assert session.exec(select(OwnLink)).one().last_used_at == NOW + 200 * MINUTE


def test_unknown_links_make_their_address_wait_and_nobody_elses(door: OwnDoor) -> None:
    token = made(door)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            door.come_in("guess", NOW, "bad")

    with pytest.raises(TooMany):
        door.come_in(token, NOW + 9 * MINUTE, "bad")
    assert door.come_in(token, NOW, "good") == Own(1, "good")
    assert door.come_in(token, NOW + 10 * MINUTE, "bad") == Own(1, "bad")


def test_a_link_that_has_ended_is_no_guess(door: OwnDoor) -> None:
    old = made(door)
    made(door)

    for _ in range(5):
        with pytest.raises(LinkEnded):
            door.come_in(old, NOW, "phone")


def test_the_code_to_scan_holds_the_address() -> None:
    svg = own.qr_svg(own.address_of("a" * 26, "https://jz.example.gov.cn"))

    assert svg.startswith("<svg")
    assert re.search(r'viewBox="0 0 \d+ \d+"', svg)
    assert svg == own.qr_svg("https://jz.example.gov.cn/me/" + "a" * 26)
