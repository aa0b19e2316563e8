"""What is done with a message that cannot be used: visible, counted, and the phone's sign of life still counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from corrections.domain.model import to_us
from corrections.ingest.message import RAW_CAP, STORED, Flaw, Message, Reason, Result, Sender

from .conftest import NOW, District

Fix = Callable[..., Message]


def flawed(fix: Fix, reason: Reason, minutes: float = -5, **changes: object) -> Message:
    return fix(minutes, lat=None, lon=None, flaw=Flaw(reason, "why"), raw=f"{reason} {minutes}".encode(), **changes)


@pytest.mark.parametrize("reason", [Reason.UNREADABLE, Reason.BAD_COORDINATES, Reason.NULL_ISLAND, Reason.BAD_TIME])
def test_a_flawed_message_is_put_aside_and_is_a_sign_of_life(district: District, fix: Fix, reason: Reason) -> None:
    phone = district.phone()

    outcome = district.take(phone, flawed(fix, reason, battery_pct=30.0), fix(-4))

    assert [verdict.result for verdict in outcome.verdicts] == [Result.REFUSED, Result.STORED]
    (aside,) = district.asides()
    assert (aside.reason, aside.detail, aside.raw, aside.count) == (reason, "why", f"{reason} -5".encode(), 1)
    assert (aside.device_id, aside.subject_id, aside.wire) == (phone.device_id, phone.subject_id, "osmand")
    assert [(r.fix_time, r.lat, r.battery_pct, r.raw) for r in district.reports() if r.lat is None] == [(NOW, None, 30.0, b"")]
    assert len(district.positions()) == 1


@pytest.mark.parametrize(
    ("minutes", "reason"), [(5.01, Reason.FUTURE), (60 * 24 * 365, Reason.FUTURE), (-60 * 24 * 60 - 0.1, Reason.ANCIENT)]
)
def test_a_time_that_cannot_be_is_put_aside(district: District, fix: Fix, minutes: float, reason: Reason) -> None:
    district.take(district.phone(), fix(minutes))

    (aside,) = district.asides()
    assert (aside.reason, aside.raw) == (reason, fix(minutes).raw)
    assert [(r.fix_time, r.lat) for r in district.reports()] == [(NOW, None)]


@pytest.mark.parametrize("minutes", [5.0, -60 * 24 * 60])
def test_a_time_at_the_limit_is_taken(district: District, fix: Fix, minutes: float) -> None:
    assert district.take(district.phone(), fix(minutes)).verdicts == (STORED,)


def test_a_repeat_of_what_was_put_aside_moves_its_count_only(district: District, fix: Fix) -> None:
    phone = district.phone()
    message = flawed(fix, Reason.NULL_ISLAND)

    district.take(phone, message, message)
    district.clock.advance(timedelta(minutes=10))
    district.take(phone, message)

    (aside,) = district.asides()
    assert (aside.count, aside.received_at, aside.last_at) == (3, NOW, NOW + timedelta(minutes=10))
    assert len(district.reports()) == 1


def test_without_a_time_of_its_own_each_is_a_sign_of_life(district: District, fix: Fix) -> None:
    """A phone without a fix may send the same (0, 0) for hours; it is not silent."""
    phone = district.phone()
    message = flawed(fix, Reason.NULL_ISLAND, fix_us=None)

    for _ in range(3):
        district.take(phone, message)
        district.clock.advance(timedelta(minutes=10))

    assert [report.received_at for report in district.reports()] == [NOW + timedelta(minutes=10 * n) for n in range(3)]
    assert district.reasons() == [("null_island", 3)]


def test_what_systems_send_amiss_is_no_sign_of_life(district: District, fix: Fix) -> None:
    phone = district.phone()

    district.take(phone, flawed(fix, Reason.NULL_ISLAND), fix(-60 * 24 * 61), wire="system")

    assert district.reasons() == [("null_island", 1), ("ancient", 1)]
    assert district.reports() == []


def test_what_is_kept_of_a_message_has_a_limit(district: District, fix: Fix) -> None:
    phone = district.phone()

    district.take(phone, fix(-1, raw=b"x" * RAW_CAP * 2), fix(999, raw=b"y" * RAW_CAP * 2))

    assert district.asides()[0].raw == b"y" * RAW_CAP
    assert district.reports()[0].raw == b"x" * RAW_CAP


def test_unknown_credentials_are_counted_by_wire_and_local_day(district: District, fix: Fix) -> None:
    unknown = Sender(("no such credential",), claims=("jane",))
    district.clock.set(NOW.replace(hour=15, minute=59))  # a minute before midnight in Shanghai

    first = district.take(unknown, fix(-1, claims=("c" * 70,)))
    district.take(Sender(), fix(-1))
    district.take(unknown, wire="owntracks")
    district.clock.advance(timedelta(minutes=1))
    district.take(unknown, fix(-1))

    assert (first.authentic, first.verdicts) == (False, ())
    assert [(a.wire, a.reason, a.detail, a.count, a.raw, a.device_id) for a in district.asides()] == [
        ("osmand", "unknown_device", "c" * 64, 2, None, None),
        ("owntracks", "unknown_device", "jane", 1, None, None),
        ("osmand", "unknown_device", "jane", 1, None, None),
    ]
    assert district.reports() == []


def test_a_device_out_of_service_is_unknown(district: District, fix: Fix) -> None:
    phone = district.phone()
    ingest = district.ingest()
    assert ingest.take_now(phone.sender, "osmand", [fix(-5)]).authentic

    district.revoke(phone)

    assert not ingest.take_now(phone.sender, "osmand", [fix(-4)]).authentic
    assert len(district.reports()) == 1


def test_a_gateways_unknown_devices_are_told_apart(district: District, fix: Fix) -> None:
    gateway = Sender((district.gateway(),))

    for name in ("a", "b", "a"):
        district.take(gateway, fix(-5, claims=(name,)), wire="system")
    district.take(gateway, fix(-5), wire="system")

    assert [(aside.detail, aside.count, aside.raw) for aside in district.asides()] == [("a", 2, None), ("b", 1, None), ("", 1, None)]


def test_the_log_tells_of_each_refusal_without_the_position(district: District, fix: Fix, caplog: pytest.LogCaptureFixture) -> None:
    phone = district.phone()

    district.take(phone, fix(999, lat=41.98765), flawed(fix, Reason.BAD_COORDINATES))
    district.take(Sender(("x",)), fix(-1, lat=41.98765))

    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition("reason=")[2].split()[0] for line in lines] == ["future", "bad_coordinates", "unknown_device"]
    assert phone.identifier in lines[0]
    assert "41.98765" not in " ".join(lines)


def test_the_time_of_a_future_fix_may_come(district: District, fix: Fix) -> None:
    phone = district.phone()
    message = fix(fix_us=to_us(NOW + timedelta(hours=1)))
    assert district.take(phone, message).verdicts[0].result is Result.REFUSED

    district.clock.advance(timedelta(hours=1))

    assert district.take(phone, message).verdicts == (STORED,)
