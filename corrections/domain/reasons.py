"""Why, in plain words: what an officer reads first about a violation, in Chinese and English. Times are the bureau's local ones."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from corrections.domain.model import Episode, Rule, ZoneKind, ZoneVersion, from_us

HOUR_US = 3_600_000_000


def boundary_reason(episode: Episode, zone: ZoneVersion, timezone: ZoneInfo, near_m: float = 0.0) -> tuple[str, str]:
    """(Chinese, English): which zone, since when, how far, how sure, from which fixes, and what speaks against it. ``near_m`` is within
    how many metres of the zone being is an approach."""
    since, until = local(episode.started_us, timezone), _until(episode, timezone)
    what_zh, what_en = _what(episode, zone, near_m)
    far_zh, far_en = _how_far(episode, near_m)
    sure = f"{_percent(episode.peak_certainty)}%"
    claimed_zh, claimed_en = _claimed(episode)
    times = f"{episode.fixes} fix" + ("es" if episode.fixes != 1 else "")
    against_zh, against_en = _against(episode)
    return (
        f"{since} 起{what_zh}{until[0]}，{far_zh}，确信度 {sure}。"
        f"依据 {episode.fixes} 次定位{claimed_zh}（围栏第 {zone.version} 版）。{against_zh}",
        f"{what_en[0].upper()}{what_en[1:]} since {since}{until[1]}, {far_en}, {sure} certain. "
        f"From {times}{claimed_en} (version {zone.version} of the zone).{against_en}",
    )


def _what(episode: Episode, zone: ZoneVersion, near_m: float) -> tuple[str, str]:
    if episode.rule is Rule.APPROACH:
        zh, en = _length(near_m)
        return f"在禁止区域“{zone.name}”周围 {zh}之内", f"within {en} of the prohibited area “{zone.name}”"
    if zone.kind is ZoneKind.EXCLUSION:
        return f"在禁止区域“{zone.name}”之内", f"inside the prohibited area “{zone.name}”"
    if episode.rule is Rule.OVERDUE_RETURN:
        return (
            f"外出期限已满，仍在活动范围“{zone.name}”之外",
            f"not back from leave, outside the permitted area “{zone.name}”",
        )
    return f"在活动范围“{zone.name}”之外", f"outside the permitted area “{zone.name}”"


def _how_far(episode: Episode, near_m: float) -> tuple[str, str]:
    if episode.rule is Rule.APPROACH:
        zh, en = _length(max(near_m - episode.peak_distance_m, 0.0))
        return f"最近时距其边界约 {zh}", f"about {en} from its edge when nearest"
    zh, en = _length(episode.peak_distance_m)
    return f"距边界最远约 {zh}", f"at most about {en} from its edge"


def _against(episode: Episode) -> tuple[str, str]:
    """What an officer should weigh against it; nothing where nothing does."""
    told = [
        (count, zh, en)
        for count, zh, en in (
            (episode.against.right_side, "次位于另一侧", "on the other side of the edge"),
            (episode.against.coarse, "次精度半径大于到边界的距离", "with a radius that reaches over the edge"),
            (episode.against.doubtful, "次本身更可能有误", "more probably wrong than right"),
        )
        if count
    ]
    if not told:
        return "", ""
    zh = "、".join(f"{count} {words}" for count, words, _ in told)
    en = ", ".join(f"{count} {words}" for count, _, words in told)
    return f"不利于该判断的定位：{zh}。", f" Fixes that speak against it: {en}."


def mock_reason(episode: Episode, timezone: ZoneInfo) -> tuple[str, str]:
    """(Chinese, English) for a device that says its location is mocked."""
    since, until = local(episode.started_us, timezone), _until(episode, timezone)
    span_zh = f"{since} 起{until[0].removeprefix('，')}{'，' if until[0] else ''}"
    return (
        f"{span_zh}手机标记定位由模拟位置软件提供，共 {episode.fixes} 次。位置不可信，请核实是否人为。",
        f"Since {since}{until[1]} the phone has marked its location as provided by a mock-location app, {episode.fixes} times. "
        "The positions prove nothing; find out whether it was done on purpose.",
    )


def _claimed(episode: Episode) -> tuple[str, str]:
    radii = sorted({round(fix.accuracy_m) for fix in episode.evidence if fix.accuracy_m is not None})
    if not radii:
        return "", ""
    zh, en = (f"{radii[0]}", f"{radii[0]}") if len(radii) == 1 else (f"{radii[0]} 至 {radii[-1]}", f"{radii[0]} to {radii[-1]}")
    return f"，精度半径 {zh} 米", f", claimed radius {en} m"


def _until(episode: Episode, timezone: ZoneInfo) -> tuple[str, str]:
    if episode.ended_us is None:
        return "", ""
    end = local(episode.ended_us, timezone)
    return f"，至 {end}", f" until {end}"


def local(us: int, timezone: ZoneInfo) -> str:
    """A moment (µs) on the bureau's wall clock."""
    return from_us(us).astimezone(timezone).strftime("%Y-%m-%d %H:%M")


def _length(metres: float) -> tuple[str, str]:
    if metres >= 1000:
        return f"{metres / 1000:.1f} 公里", f"{metres / 1000:.1f} km"
    return f"{metres:.0f} 米", f"{metres:.0f} m"


def duration(us: int) -> tuple[str, str]:
    """A length of time (µs), in Chinese and English."""
    if us % HOUR_US == 0:
        return f"{us // HOUR_US} 小时", f"{us // HOUR_US} h"
    minutes = round(us / 60_000_000)
    return f"{minutes} 分钟", f"{minutes} min"


def _percent(certainty: float) -> str:
    """Never rounded up to a certainty that nobody has."""
    return f"{min(certainty * 100, 99.9):.0f}" if certainty < 0.985 else f"{min(certainty * 100, 99.9):.1f}"
