"""Why, in plain words: what an officer reads first about a violation, in Chinese and English. Times are the bureau's local ones."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from corrections.domain.contact import Spell
from corrections.domain.model import Episode, Rule, ZoneKind, ZoneVersion, from_us

HOUR_US = 3_600_000_000


def boundary_reason(episode: Episode, zone: ZoneVersion, timezone: ZoneInfo) -> tuple[str, str]:
    """(Chinese, English): which zone, since when, how far, how sure, from which fixes."""
    since, until = _local(episode.started_us, timezone), _until(episode, timezone)
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
    since, until = _local(episode.started_us, timezone), _until(episode, timezone)
    return (
        f"{since} 起{until[0].removeprefix('，')}手机标记定位由模拟位置软件提供，共 {episode.fixes} 次。位置不可信，请核实是否人为。",
        f"Since {since}{until[1]} the phone has marked its location as provided by a mock-location app, {episode.fixes} times. "
        "The positions prove nothing; find out whether it was done on purpose.",
    )


def contact_reason(spell: Spell, threshold_us: int, timezone: ZoneInfo) -> tuple[str, str]:
    """(Chinese, English) for a spell without contact, or of contact without a position."""
    last, due = _local(spell.last_us, timezone), _local(spell.due_us, timezone)
    limit_zh, limit_en = _duration(threshold_us)
    end_zh = f"，{_local(spell.ended_us, timezone)} 恢复" if spell.ended_us is not None else ""
    end_en = f", until {_local(spell.ended_us, timezone)}" if spell.ended_us is not None else ""
    caveat_zh = "可能是没有信号、没电或关机，本身不说明违规。"
    caveat_en = "No signal, an empty battery or a phone switched off can be the cause; by itself it proves no breach."
    if spell.rule is Rule.SILENCE:
        return (
            f"自 {last} 起设备没有任何联系{end_zh}，{due} 超过允许的 {limit_zh}。{caveat_zh}",
            f"No contact from the device since {last}{end_en}; at {due} that passed the {limit_en} allowed. {caveat_en}",
        )
    return (
        f"自 {last} 起设备有联系但没有位置{end_zh}，{due} 超过允许的 {limit_zh}。可能是定位权限被关闭或没有信号，本身不说明违规。",
        f"In contact but without a position since {last}{end_en}; at {due} that passed the {limit_en} allowed. "
        "The location permission may be off, or there is no signal; by itself it proves no breach.",
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
    end = _local(episode.ended_us, timezone)
    return f"，至 {end}", f" until {end}"


def _local(us: int, timezone: ZoneInfo) -> str:
    return from_us(us).astimezone(timezone).strftime("%Y-%m-%d %H:%M")


def _length(metres: float) -> tuple[str, str]:
    if metres >= 1000:
        return f"{metres / 1000:.1f} 公里", f"{metres / 1000:.1f} km"
    return f"{metres:.0f} 米", f"{metres:.0f} m"


def _duration(us: int) -> tuple[str, str]:
    if us % HOUR_US == 0:
        return f"{us // HOUR_US} 小时", f"{us // HOUR_US} h"
    minutes = round(us / 60_000_000)
    return f"{minutes} 分钟", f"{minutes} min"


def _percent(certainty: float) -> str:
    """Never rounded up to a certainty that nobody has."""
    return f"{min(certainty * 100, 99.9):.0f}" if certainty < 0.985 else f"{min(certainty * 100, 99.9):.1f}"
