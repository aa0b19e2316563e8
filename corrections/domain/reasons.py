"""Why, in plain words: what an officer reads first about a violation, in Chinese and English. Times are the bureau's local ones."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from corrections.domain.model import Episode, ZoneKind, ZoneVersion, from_us

HOUR_US = 3_600_000_000


def boundary_reason(episode: Episode, zone: ZoneVersion, timezone: ZoneInfo) -> tuple[str, str]:
    """(Chinese, English): which zone, since when, how far, how sure, from which fixes."""
    since, until = local(episode.started_us, timezone), _until(episode, timezone)
    far_zh, far_en = _length(episode.peak_distance_m)
    sure = f"{_percent(episode.peak_certainty)}%"
    claimed_zh, claimed_en = _claimed(episode)
    if zone.kind is ZoneKind.INCLUSION:
        what_zh, what_en = f"在活动范围“{zone.name}”之外", f"outside the permitted area “{zone.name}”"
    else:
        what_zh, what_en = f"在禁止区域“{zone.name}”之内", f"inside the prohibited area “{zone.name}”"
    times = f"{episode.fixes} fix" + ("es" if episode.fixes != 1 else "")
    return (
        f"{since} 起{what_zh}{until[0]}，距边界最远约 {far_zh}，确信度 {sure}。"
        f"依据 {episode.fixes} 次定位{claimed_zh}（围栏第 {zone.version} 版）。",
        f"{what_en.capitalize()} since {since}{until[1]}, at most about {far_en} from its edge, {sure} certain. "
        f"From {times}{claimed_en} (version {zone.version} of the zone).",
    )


def mock_reason(episode: Episode, timezone: ZoneInfo) -> tuple[str, str]:
    """(Chinese, English) for a device that says its location is mocked."""
    since, until = local(episode.started_us, timezone), _until(episode, timezone)
    return (
        f"{since} 起{until[0].removeprefix('，')}手机标记定位由模拟位置软件提供，共 {episode.fixes} 次。位置不可信，请核实是否人为。",
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
