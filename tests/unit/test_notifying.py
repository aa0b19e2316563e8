"""When a message goes out and when it is tried again: quiet hours, digests, back-off."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.model import NoticeKind, Severity
from corrections.domain.notifying import STAFF, BackOff, Quiet, outside, reference, sends_at, tried_again_at

ZONE = ZoneInfo("Asia/Shanghai")
QUIET = Quiet(time(21), time(7, 30), (Severity.LOW, Severity.MEDIUM))
BACK_OFF = BackOff(timedelta(seconds=30), timedelta(hours=1), timedelta(hours=24))
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("at", "severity", "digests", "when"),
    [
        ("2026-03-02 10:00", Severity.MEDIUM, (), "2026-03-02 10:00"),
        ("2026-03-02 21:00", Severity.MEDIUM, (), "2026-03-03 07:30"),
        ("2026-03-03 02:00", Severity.MEDIUM, (), "2026-03-03 07:30"),
        ("2026-03-03 07:30", Severity.MEDIUM, (), "2026-03-03 07:30"),
        ("2026-03-03 02:00", Severity.HIGH, (), "2026-03-03 02:00"),
        ("2026-03-02 10:00", Severity.LOW, (time(8, 40), time(15)), "2026-03-02 15:00"),
        ("2026-03-02 15:00", Severity.LOW, (time(8, 40), time(15)), "2026-03-02 15:00"),
        ("2026-03-02 16:00", Severity.LOW, (time(8, 40), time(15)), "2026-03-03 08:40"),
        ("2026-03-02 16:00", Severity.LOW, (time(22), time(9)), "2026-03-03 09:00"),  # a digest within quiet hours is no digest
    ],
)
def test_quiet_hours_and_digests_put_a_message_off(at: str, severity: Severity, digests: tuple[time, ...], when: str) -> None:
    assert sends_at(local(at), severity, QUIET, digests, ZONE) == local(when)


@given(st.integers(1, 30), st.integers(1, 2**40))
def test_each_wait_is_longer_than_the_one_before_up_to_the_longest(attempts: int, message: int) -> None:
    first = tried_again_at(attempts, NOW, NOW, message, BACK_OFF)
    second = tried_again_at(attempts + 1, NOW, NOW, message, BACK_OFF)

    assert first is not None
    assert second is not None
    assert first <= second <= NOW + BACK_OFF.longest
    assert first >= NOW + 0.75 * min(BACK_OFF.first * 2 ** (attempts - 1), BACK_OFF.longest)


def test_after_a_day_it_is_given_up() -> None:
    assert tried_again_at(9, NOW, NOW + timedelta(hours=22), 1, BACK_OFF) is not None
    assert tried_again_at(9, NOW, NOW + timedelta(hours=24), 1, BACK_OFF) is None


def test_what_failed_together_does_not_come_back_together() -> None:
    again = {tried_again_at(5, NOW, NOW, message, BACK_OFF) for message in range(1, 101)}

    assert len(again) == 100


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_has_its_words_outside(kind: NoticeKind) -> None:
    zh, en = outside(kind, reference("", 12, 7))

    assert "违规 12" in zh
    assert "violation 12" in en
    assert kind in STAFF


@pytest.mark.parametrize(
    ("about", "violation_id", "zh"),
    [
        ("round:4", None, "定位核查 4"),
        ("leave:9", None, "外出申请 9"),
        ("", None, "提醒 7"),
        ("round:4", 12, "违规 12"),
        ("x:1", None, "提醒 7"),
    ],
)
def test_a_reference_is_by_what_it_is_looked_up(about: str, violation_id: int | None, zh: str) -> None:
    assert reference(about, violation_id, 7)[0] == zh
