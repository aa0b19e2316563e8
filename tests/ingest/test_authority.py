"""No authority, no data: whose positions are refused, and that nothing of them is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from corrections.domain.model import Category, to_us
from corrections.ingest.message import STORED, Flaw, Message, Reason, Result
from corrections.records import permits, register
from corrections.store.database import writing

from .conftest import NOW, District, Phone

Fix = Callable[..., Message]
DAY = timedelta(days=1)


def refused(district: District, phone: Phone, message: Message) -> bool:
    """Whether the message was refused with nothing of it kept."""
    before = len(district.reports())
    (verdict,) = district.take(phone, message).verdicts
    if verdict.result is not Result.REFUSED:
        return False
    assert verdict.flaw is not None
    assert verdict.flaw.reason is Reason.NO_AUTHORITY
    assert all(aside.raw is None for aside in district.asides() if aside.reason == "no_authority")
    assert len(district.reports()) == before
    return True


def at(moment: datetime) -> int:
    return to_us(moment)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "ended"},
        {"status": "custody"},
        {"status": "deceased"},
        {"term_until": NOW},
        {"term_from": NOW + DAY},
    ],
)
def test_one_who_is_not_under_supervision_is_not_located(district: District, fix: Fix, changes: dict[str, Any]) -> None:
    subject = district.subject()
    phone = district.phone(subject=subject)
    with writing(district.engine) as session:
        row = session.get_one(type(subject), subject.id)
        for name, value in changes.items():
            setattr(row, name, value)

    assert refused(district, phone, fix(-5))
    assert refused(district, phone, fix(-5, lat=None, lon=None))


def test_one_whose_category_is_never_located_is_not_located(district: District, fix: Fix) -> None:
    phone = district.phone(category=Category.RELEASED.value, authority=False)

    assert refused(district, phone, fix(-5))


def test_without_any_authority_nothing_is_taken(district: District, fix: Fix) -> None:
    phone = district.phone(authority=False)

    assert refused(district, phone, fix(-5))
    assert refused(district, phone, fix(fix_us=None))
    assert refused(district, phone, fix(-5, lat=None, lon=None))
    assert refused(district, phone, fix(-5, lat=None, lon=None, flaw=Flaw(Reason.UNREADABLE)))
    assert [(a.reason, a.count, a.raw, a.device_id) for a in district.asides()] == [("no_authority", 4, None, phone.device_id)]


def test_the_count_is_kept_by_device_and_day(district: District, fix: Fix) -> None:
    first, second = district.phone(authority=False), district.phone(authority=False)

    district.take(first, fix(-5), fix(-4))
    district.take(second, fix(-5))
    district.clock.advance(DAY)
    district.take(first, fix(-5))

    assert [(aside.device_id, aside.count) for aside in district.asides()] == [
        (first.device_id, 2),
        (second.device_id, 1),
        (first.device_id, 1),
    ]


@pytest.mark.parametrize(
    ("fix_time", "taken"),
    [
        (NOW - 10 * DAY - timedelta(seconds=1), False),
        (NOW - 10 * DAY, True),
        (NOW, True),
    ],
)
def test_an_authority_begins_at_its_moment(district: District, fix: Fix, fix_time: datetime, taken: bool) -> None:
    phone = district.phone(authority=False)
    district.grant(phone.subject_id, NOW - 10 * DAY, NOW + 10 * DAY)

    assert refused(district, phone, fix(fix_us=at(fix_time))) is not taken


def test_a_fix_from_before_the_term_is_refused(district: District, fix: Fix) -> None:
    phone = district.phone(term_from=NOW - 3 * DAY)

    assert refused(district, phone, fix(fix_us=at(NOW - 3 * DAY) - 1))
    assert not refused(district, phone, fix(fix_us=at(NOW - 3 * DAY)))


def test_late_fixes_are_refused_once_monitoring_has_ended(district: District, fix: Fix) -> None:
    phone = district.phone(authority=False)
    district.grant(phone.subject_id, NOW - 10 * DAY, NOW)

    assert refused(district, phone, fix(fix_us=at(NOW - DAY)))


def test_late_fixes_of_an_authority_that_ended_are_taken_under_the_next(district: District, fix: Fix) -> None:
    phone = district.phone(authority=False)
    district.grant(phone.subject_id, NOW - 10 * DAY, NOW - 4 * DAY)
    district.grant(phone.subject_id, NOW - 2 * DAY, NOW + 10 * DAY)

    assert not refused(district, phone, fix(fix_us=at(NOW - 5 * DAY)))
    assert refused(district, phone, fix(fix_us=at(NOW - 3 * DAY)))  # between the two
    assert not refused(district, phone, fix(fix_us=at(NOW - DAY)))


def test_a_revoked_authority_ends_when_it_was_revoked(district: District, fix: Fix) -> None:
    phone = district.phone(authority=False)
    first = district.grant(phone.subject_id, NOW - 10 * DAY, NOW + 10 * DAY)
    assert not refused(district, phone, fix(-60))

    with writing(district.engine) as session:
        permits.revoke_authority(session, None, first, at=NOW - 2 * DAY, now=NOW)

    assert refused(district, phone, fix(-50))
    district.grant(phone.subject_id, NOW - DAY, NOW + 10 * DAY)
    assert refused(district, phone, fix(fix_us=at(NOW - 2 * DAY)))
    assert not refused(district, phone, fix(fix_us=at(NOW - 2 * DAY) - 1))


def test_an_end_of_supervision_counts_for_the_very_next_message(district: District, fix: Fix) -> None:
    phone, ingest = district.phone(), district.ingest()
    assert ingest.take_now(phone.sender, "osmand", [fix(-5)]).verdicts == (STORED,)

    with writing(district.engine) as session:
        register.change_status(
            session, None, phone.subject_id, status=register.SubjectStatus.CUSTODY, since=NOW, rules=district.settings.rules, now=NOW
        )

    assert ingest.take_now(phone.sender, "osmand", [fix(-4)]).verdicts[0].result is Result.REFUSED


def test_a_flawed_message_from_before_the_authority_is_not_kept(district: District, fix: Fix) -> None:
    phone = district.phone(authority=False)
    district.grant(phone.subject_id, NOW - DAY, NOW + DAY)

    assert refused(district, phone, fix(fix_us=at(NOW - 2 * DAY), lat=None, lon=None, flaw=Flaw(Reason.BAD_COORDINATES)))


def test_an_ancient_fix_from_before_the_authority_is_put_aside_without_its_position(district: District, fix: Fix) -> None:
    phone = district.phone(authority=False, term_from=NOW - 100 * DAY)
    district.grant(phone.subject_id, NOW - 80 * DAY, NOW + DAY)

    district.take(phone, fix(fix_us=at(NOW - 90 * DAY)), fix(fix_us=at(NOW - 70 * DAY)))

    assert [(aside.reason, aside.raw is None) for aside in district.asides()] == [("ancient", True), ("ancient", False)]


def test_contact_needs_authority_when_it_is_made_and_not_when_it_tells_of(district: District, fix: Fix) -> None:
    phone = district.phone(authority=False)
    district.grant(phone.subject_id, NOW - DAY, NOW + DAY)

    assert not refused(district, phone, fix(fix_us=at(NOW - 2 * DAY), lat=None, lon=None))
