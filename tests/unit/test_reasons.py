"""What the reasons say."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from corrections.domain.model import FOREVER_US, Against, Episode, Fix, Rule, Severity, ZoneKind, ZoneVersion
from corrections.domain.reasons import boundary_reason, mock_reason

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3_600_000_000


def an_episode(ended_us: int | None = None) -> Episode:
    fix = Fix(0, 1, 41.5, 122.7, 35.0, 1_250.0, 0.9999)
    return Episode(Rule.BOUNDARY, 1, 1, 0, 0, ended_us, 0, 0, FOREVER_US, 0.9999, 1_250.0, 5, [fix], fix, fix, fix)


def zone(kind: ZoneKind) -> ZoneVersion:
    return ZoneVersion(1, 1, 3, "第三小学", kind, Severity.GRAVE, b"")


def test_a_reason_tells_where_since_when_how_far_how_sure_and_from_what() -> None:
    zh, en = boundary_reason(an_episode(), zone(ZoneKind.EXCLUSION), SHANGHAI)

    assert zh == (
        "1970-01-01 08:00 起在禁止区域“第三小学”之内，距边界最远约 1.2 公里，确信度 99.9%。依据 5 次定位，精度半径 35 米（围栏第 3 版）。"
    )
    assert en == (
        "Inside the prohibited area “第三小学” since 1970-01-01 08:00, at most about 1.2 km from its edge, 99.9% certain. "
        "From 5 fixes, claimed radius 35 m (version 3 of the zone)."
    )


def test_a_reason_tells_when_it_was_over() -> None:
    zh, en = boundary_reason(an_episode(2 * HOUR), zone(ZoneKind.INCLUSION), SHANGHAI)

    assert "在活动范围“第三小学”之外，至 1970-01-01 10:00" in zh
    assert "until 1970-01-01 10:00" in en


def test_a_mocked_location_is_told_as_a_suspicion() -> None:
    zh, en = mock_reason(an_episode(), SHANGHAI)

    assert "请核实是否人为" in zh
    assert "prove nothing" in en


def test_what_speaks_against_it_is_told() -> None:
    episode = an_episode()
    episode.against = Against(right_side=1, doubtful=2)

    zh, en = boundary_reason(episode, zone(ZoneKind.INCLUSION), SHANGHAI)

    assert zh.endswith("不利于该判断的定位：1 次位于另一侧、2 次本身更可能有误。")
    assert en.endswith("Fixes that speak against it: 1 on the other side of the edge, 2 more probably wrong than right.")


def test_an_approach_tells_how_near_she_came() -> None:
    episode = an_episode()
    episode.rule, episode.peak_distance_m = Rule.APPROACH, 380.0

    zh, en = boundary_reason(episode, zone(ZoneKind.EXCLUSION), SHANGHAI, near_m=500.0)

    assert "在禁止区域“第三小学”周围 500 米之内，最近时距其边界约 120 米" in zh
    assert "Within 500 m of the prohibited area “第三小学”" in en
    assert "about 120 m from its edge when nearest" in en


def test_an_overdue_return_says_that_the_leave_is_over() -> None:
    episode = an_episode()
    episode.rule = Rule.OVERDUE_RETURN

    zh, en = boundary_reason(episode, zone(ZoneKind.INCLUSION), SHANGHAI)

    assert "外出期限已满，仍在活动范围“第三小学”之外" in zh
    assert en.startswith("Not back from leave, outside the permitted area")
