"""When a message goes out and when it is tried again: quiet hours, digests, back-off."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from corrections.domain.model import NoticeKind, Severity
from corrections.domain.notifying import STAFF, BackOff, Quiet, letter, line, reference, sends_at, tried_again_at

ZONE = ZoneInfo("Asia/Shanghai")
QUIET = Quiet(time(21), time(7, 30), (Severity.LOW, Severity.MEDIUM))
BACK_OFF = BackOff(timedelta(seconds=30), timedelta(hours=1), timedelta(hours=24), fewest=5)
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
        ("2026-03-02 16:00", Severity.LOW, (time(22),), "2026-03-02 16:00"),
        ("2026-03-02 22:00", Severity.LOW, (time(22),), "2026-03-03 07:30"),
        ("2026-12-31 23:59", Severity.LOW, (), "2027-01-01 07:30"),
    ],
)
def test_quiet_hours_and_digests_put_a_message_off(at: str, severity: Severity, digests: tuple[time, ...], when: str) -> None:
    assert sends_at(local(at), severity, QUIET, digests, ZONE) == local(when)


@pytest.mark.parametrize(
    ("quiet", "at", "when"),
    [
        (Quiet(time(12), time(14), tuple(Severity)), "2026-03-02 13:00", "2026-03-02 14:00"),
        (Quiet(time(12), time(14), tuple(Severity)), "2026-03-02 23:00", "2026-03-02 23:00"),
        (Quiet(time(0), time(7), tuple(Severity)), "2026-03-02 00:00", "2026-03-02 07:00"),
        (Quiet(time(20), time(0), tuple(Severity)), "2026-03-02 23:30", "2026-03-03 00:00"),
        (None, "2026-03-02 23:30", "2026-03-02 23:30"),
    ],
)
def test_quiet_hours_within_a_day_and_to_midnight(quiet: Quiet | None, at: str, when: str) -> None:
    assert sends_at(local(at), Severity.GRAVE, quiet, (), ZONE) == local(when)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.lists(st.times(), max_size=3), st.times(), st.times())
def test_nothing_that_waits_goes_out_in_the_quiet_hours(at: datetime, digests: list[time], start: time, until: time) -> None:
    quiet = Quiet(start, until, (Severity.LOW,))
    assume(start != until)

    when = sends_at(at.replace(tzinfo=ZONE), Severity.LOW, quiet, digests, ZONE)

    assert when >= at.replace(tzinfo=ZONE)
    assert not quiet.holds(when.astimezone(ZONE).time())


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


def test_what_was_tried_only_a_few_times_is_not_given_up() -> None:
    late = NOW + timedelta(hours=30)

    assert [tried_again_at(attempts, NOW, late, 1, BACK_OFF) is None for attempts in (1, 4, 5)] == [False, False, True]


def test_what_failed_together_does_not_come_back_together() -> None:
    again = {tried_again_at(5, NOW, NOW, message, BACK_OFF) for message in range(1, 101)}

    assert len(again) == 100


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_has_its_words_outside(kind: NoticeKind) -> None:
    zh, en = line(kind, reference("", 12, 7))

    assert zh.startswith("违规 12：")
    assert en.startswith("violation 12: ")
    assert kind in STAFF


@pytest.mark.parametrize(
    ("about", "violation_id", "zh"),
    [
        ("round:4", None, "定位核查 4"),
        ("leave:9", None, "外出申请 9"),
        ("", None, "提醒 7"),
        ("round:4", 12, "违规 12"),
        ("x:1", None, "提醒 7"),
        ("round:张三", None, "提醒 7"),
    ],
)
def test_a_reference_is_by_what_it_is_looked_up(about: str, violation_id: int | None, zh: str) -> None:
    assert reference(about, violation_id, 7)[0] == zh


def test_a_letter_counts_what_it_lists() -> None:
    assert letter(["违规 12：有违规待您核查"], "zh") == "社区矫正系统提醒：\n违规 12：有违规待您核查\n请登录系统查看。"
    assert letter(["a", "b"], "en") == "Supervision service, 2 matters:\na\nb\nLog in to see more."
