"""A silence and the search that comes from it: proposed at the last step of the ladder, shown by the violation once it is open."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from corrections.domain.casework import SearchOutcome
from corrections.domain.model import NoticeKind, Recipient, Role
from corrections.monitor.silence import watch_silence
from corrections.records import accounts, searches
from corrections.review.queue import history
from corrections.store.access import Actor
from corrections.store.database import reading, writing
from corrections.store.tables import Notice, SearchCase
from tests.monitor.conftest import NOW, District

HOUR = timedelta(hours=1)
LAST = NOW - 24 * HOUR
OFFICER, SEARCH = LAST + 2 * HOUR, LAST + 13 * HOUR


@pytest.fixture
def silent(district: District) -> District:
    """A subject who was last heard at LAST and whose silence is in the queue, in an office with a head."""
    with writing(district.engine) as session:
        accounts.create_officer(session, None, office_id=district.office_id, login="head", name="所长", role=Role.OFFICE_HEAD, now=LAST)
    district.store([district.report(0, LAST)])
    district.evaluate(LAST)
    watch(district, OFFICER)
    return district


def watch(district: District, now: datetime) -> None:
    with writing(district.engine) as session:
        watch_silence(session, district.bureau_id, district.settings, now)


def the_actor(district: District) -> Actor:
    with reading(district.engine) as session:
        return accounts.actor_by_login(session, "liming", "test")


def opened(district: District, now: datetime) -> SearchCase:
    (violation,) = district.violations()
    terms = {"reason": "电话不通", "violation_id": violation.id, "settings": district.settings, "now": now}
    with writing(district.engine) as session:
        return searches.open_search(session, the_actor(district), district.subjects[0], **terms)


def proposed(district: District) -> list[str]:
    """To whom a search was proposed."""
    with reading(district.engine) as session:
        statement = select(Notice.recipient).where(Notice.kind == NoticeKind.SEARCH.value, Notice.about == "")
        return list(session.exec(statement.order_by(col(Notice.id))))


def test_a_search_is_proposed_at_the_last_step(silent: District) -> None:
    watch(silent, SEARCH)

    assert proposed(silent) == [Recipient.OFFICER, Recipient.OFFICE_HEAD]


def test_it_is_not_proposed_to_those_who_have_opened_one(silent: District) -> None:
    opened(silent, OFFICER + HOUR)

    watch(silent, SEARCH)

    assert proposed(silent) == []
    assert silent.violations()[0].severity == "high"  # as grave as ever


def test_the_violation_shows_the_search_and_contact_leaves_it_to_a_person(silent: District) -> None:
    case = opened(silent, OFFICER + HOUR)
    silent.store([silent.report(0, OFFICER + 3 * HOUR)])
    silent.evaluate(OFFICER + 3 * HOUR)

    (violation,) = silent.violations()
    assert violation.ended_at == OFFICER + 3 * HOUR
    with writing(silent.engine) as session:
        assert session.get_one(SearchCase, case.id).closed_at is None
        terms = {"outcome": SearchOutcome.FOUND, "note": "已联系上", "settings": silent.settings, "now": OFFICER + 4 * HOUR}
        searches.close_search(session, the_actor(silent), case.id, **terms)
        shown = [step.content["text"]["zh"] for step in history(session, the_actor(silent), violation.id) if "search" in step.content]
    assert shown == ["已开始查找（第 1 号）。", "查找已结束（第 1 号）。"]
