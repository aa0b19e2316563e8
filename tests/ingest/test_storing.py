"""What is stored of good messages: once each, in WGS-84, whatever the order, batch and repetition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from corrections.domain.geodesy import distance_m, from_wgs84
from corrections.domain.model import ClientState, Datum, to_us
from corrections.ingest.decide import report_digest
from corrections.ingest.message import REPEATED, STORED, Message, Outcome, Sender
from corrections.records import register
from corrections.store.database import writing

from .conftest import NOW, District

Fix = Callable[..., Message]


def test_a_fix_is_stored_with_all_that_it_says(district: District, fix: Fix) -> None:
    phone = district.phone()
    message = fix(
        -5, accuracy_m=12.0, altitude_m=8.0, speed_mps=1.5, course_deg=90.0, battery_pct=81.0, charging=True,
        client_state=ClientState.POWER_SAVE, mock=True, source=1, raw=b"as it came",
    )  # fmt: skip

    outcome = district.take(phone, message)

    assert outcome == Outcome(True, (STORED,))
    (report,) = district.reports()
    assert (report.bureau_id, report.subject_id, report.device_id) == (district.bureau_id, phone.subject_id, phone.device_id)
    assert (report.fix_time, report.received_at) == (NOW - timedelta(minutes=5), NOW)
    assert (report.lat, report.lon, report.accuracy_m, report.source, report.datum) == (41.5, 122.7, 12.0, 1, "WGS84")
    assert (report.altitude_m, report.speed_mps, report.course_deg, report.battery_pct) == (8.0, 1.5, 90.0, 81.0)
    assert (report.charging, report.client_state) == (True, ClientState.POWER_SAVE)
    assert (report.mock, report.wire, report.raw) == (True, "osmand", b"as it came")


def test_a_repeat_changes_nothing(district: District, fix: Fix) -> None:
    phone = district.phone()
    district.take(phone, fix(-5), fix(-4))
    before = district.reports()

    district.clock.advance(timedelta(minutes=1))
    outcome = district.take(phone, fix(-5), fix(-3), fix(-3), fix(-4))

    assert outcome.verdicts == (REPEATED, STORED, REPEATED, REPEATED)
    assert [report.model_dump() for report in district.reports()[:2]] == [report.model_dump() for report in before]
    assert len(district.reports()) == 3


def test_another_position_accuracy_or_device_at_the_same_moment_is_another_report(district: District, fix: Fix) -> None:
    subject = district.subject()
    phone, second = district.phone(subject=subject), district.phone(subject=subject, authority=False)

    district.take(phone, fix(-5), fix(-5, lat=41.6), fix(-5, accuracy_m=9.0), fix(-5, lat=None, lon=None))
    district.take(second, fix(-5))

    assert len(district.reports()) == 5


def test_the_digest_is_as_it_is_documented() -> None:
    digest = report_digest(7, 1_780_000_000_000_000, 30.2, 120.1, 12.0)

    assert digest == 318_310_850_129_520_565
    assert 0 <= digest < 2**63
    assert report_digest(7, 1, 0.0, -0.0, None) == report_digest(7, 1, -0.0, 0.0, None)
    assert report_digest(7, 1, None, None, None) != report_digest(7, 1, 0.0, 0.0, None)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_arrival_does_not_matter(district: District, fix: Fix, order: tuple[int, ...]) -> None:
    phone = district.phone()
    messages = [fix(-1), fix(-600), fix(-60 * 24 * 20)]

    for place in order:
        district.take(phone, messages[place])

    assert sorted(at for at, _, _ in district.positions()) == [NOW - timedelta(minutes=n) for n in (60 * 24 * 20, 600, 1)]
    assert [report.fix_time for report in district.reports()] == [NOW + timedelta(minutes=(-1, -600, -60 * 24 * 20)[n]) for n in order]


def test_without_a_time_the_time_of_receipt_counts(district: District, fix: Fix) -> None:
    phone = district.phone()

    district.take(phone, fix(fix_us=None))

    assert district.positions() == [(NOW, 41.5, 122.7)]


def test_a_sign_of_life_is_a_report_without_a_position(district: District, fix: Fix) -> None:
    phone = district.phone()

    district.take(phone, fix(-5, lat=None, lon=None, battery_pct=40.0), fix(fix_us=None, lat=None, lon=None))

    assert [(r.fix_time, r.lat, r.lon, r.battery_pct) for r in district.reports()] == [
        (NOW - timedelta(minutes=5), None, None, 40.0),
        (NOW, None, None, None),
    ]


def test_an_absurd_accuracy_is_not_claimed(district: District, fix: Fix) -> None:
    district.take(district.phone(), fix(-5, accuracy_m=50_000.0), fix(-4, accuracy_m=50_000.1))

    assert [report.accuracy_m for report in district.reports()] == [50_000.0, None]


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_positions_are_converted_from_the_devices_datum(district: District, fix: Fix, datum: Datum) -> None:
    phone, plain = district.phone(datum=datum), district.phone()
    lat, lon = from_wgs84(41.5, 122.7, datum)

    district.take(phone, fix(-5, lat=lat, lon=lon), fix(-4, lat=None, lon=None), fix(-3, lat=lat, lon=lon))
    district.take(plain, fix(-5, lat=lat, lon=lon))

    first, contact, third, unconverted = district.reports()
    for report in (first, third):
        assert report.lat is not None
        assert report.lon is not None
        assert distance_m(report.lat, report.lon, 41.5, 122.7) < 0.01
        assert (report.datum, report.raw) == (datum, fix(-5 if report is first else -3, lat=lat, lon=lon).raw)
    assert (contact.lat, contact.datum) == (None, datum)
    assert (unconverted.lat, unconverted.lon, unconverted.datum) == (lat, lon, "WGS84")


def test_a_message_may_name_its_datum(district: District, fix: Fix) -> None:
    lat, lon = from_wgs84(41.5, 122.7, Datum.GCJ02)

    district.take(district.phone(datum=Datum.BD09), fix(-5, lat=lat, lon=lon, datum=Datum.GCJ02))

    (report,) = district.reports()
    assert report.datum == "GCJ02"
    assert report.lat == pytest.approx(41.5, abs=1e-8)


def test_a_repeat_is_known_after_the_devices_datum_was_corrected(district: District, fix: Fix) -> None:
    phone = district.phone()
    district.take(phone, fix(-5))

    with writing(district.engine) as session:
        register.change_device(session, None, phone.device_id, datum=Datum.GCJ02, now=NOW)

    assert district.take(phone, fix(-5)).verdicts == (REPEATED,)


def test_the_credential_decides_and_not_the_name(district: District, fix: Fix) -> None:
    mine, other = district.phone(), district.phone()

    district.take(mine, fix(-5, claims=(other.identifier,)))

    assert [report.device_id for report in district.reports()] == [mine.device_id]


def test_the_first_credential_in_service_counts(district: District, fix: Fix) -> None:
    mine, other = district.phone(), district.phone()

    district.take(Sender(("proxy-password", mine.credential, other.credential)), fix(-5))

    assert [report.device_id for report in district.reports()] == [mine.device_id]


def test_a_credential_in_the_message_is_not_kept(district: District, fix: Fix) -> None:
    phone = district.phone()

    district.take(phone, fix(-5, raw=f"id={phone.credential}&lat=41.5".encode()))
    district.take(phone, fix(-200_000, raw=f"id={phone.credential}&lat=41.5".encode()))

    assert district.reports()[0].raw == b"id=*&lat=41.5"
    assert all(phone.credential.encode() not in (aside.raw or b"") for aside in district.asides())


def test_a_gateway_speaks_for_the_devices_of_its_bureau(district: District, fix: Fix) -> None:
    first, second = district.phone(), district.phone()
    gateway = Sender((district.gateway(),))

    district.take(gateway, fix(-5, claims=(first.identifier,)), fix(-5, claims=("topic", second.identifier)), wire="system")

    assert [report.device_id for report in district.reports()] == [first.device_id, second.device_id]


def test_a_gateway_does_not_speak_for_another_bureau(district: District, fix: Fix) -> None:
    stranger = District(district.engine, district.settings, district.clock).phone()

    outcome = district.take(Sender((district.gateway(),)), fix(-5, claims=(stranger.identifier,)), wire="system")

    assert outcome.authentic
    assert [verdict.flaw and verdict.flaw.reason for verdict in outcome.verdicts] == ["unknown_device"]
    assert district.reports() == []


def test_microseconds_survive(district: District, fix: Fix) -> None:
    fix_us = to_us(NOW) - 1

    district.take(district.phone(), fix(fix_us=fix_us))

    assert to_us(district.reports()[0].fix_time) == fix_us
