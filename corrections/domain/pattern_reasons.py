"""Why a pattern is a reason to look, in Chinese and English: what was seen, what else could explain it, what an officer can check.

Nothing here says that anybody did anything. Times are the bureau's local ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from corrections.domain.left_behind import FROZEN, SAME_MINUTE, STILL
from corrections.domain.model import Datum
from corrections.domain.movement import STANDING_SPEED, TOO_FAST, TOO_REGULAR
from corrections.domain.offsets import Doubt
from corrections.domain.patterns import Pattern
from corrections.domain.reasons import local

Both = tuple[str, str]

DATUMS: dict[Datum, str] = {Datum.WGS84: "WGS-84", Datum.GCJ02: "GCJ-02", Datum.BD09: "BD-09", Datum.CGCS2000: "CGCS2000"}


def left_behind_reason(pattern: Pattern, timezone: ZoneInfo) -> Both:
    """For a phone that may lie somewhere without its subject."""
    zh, en = _span(pattern, timezone)
    signs = {
        STILL: (
            f"手机连续 {pattern.figures['still_days']:.0f} 天在白天没有离开过同一地点，而本人此前通常外出",
            f"the phone did not leave one place in the waking hours of {pattern.figures['still_days']:.0f} days in a row, though its "
            "subject used to go out",
        ),
        FROZEN: (
            f"定位坐标在白天连续 {pattern.figures['frozen_h']:.0f} 小时一字不差，而定位时间仍在更新",
            f"its positions repeated to the last digit for {pattern.figures['frozen_h']:.0f} waking hours while their times went on",
        ),
        SAME_MINUTE: (
            f"{pattern.figures['same_minute_days']:.0f} 天的首次报到都在一天中的同一分钟前后，而设备并非按固定时刻上报",
            f"on {pattern.figures['same_minute_days']:.0f} days the first check-in came within minutes of the same time of day, though the "
            "device does not report by a schedule",
        ),
    }
    said_zh, said_en = _joined([signs[sign] for sign in pattern.signs])
    chance = _one_in(pattern.figures["chance"])
    return (
        f"{zh}{said_zh}；按本人以往规律，偶然如此的可能性约为 {chance} 分之一。手机可能未随身携带。也可能是生病、休假、居家，"
        "或手机长期使用缓存位置。请在不固定的时间电话或视频核实，或上门查看。",
        f"{en}{said_en}; by the subject's own habits that comes about by chance about once in {chance}. The phone may have been left "
        "behind. Illness, a holiday, days spent at home or a phone that repeats a cached position explain it as well. Call or video at a "
        "time that nobody can expect, or visit.",
    )


def movement_reason(pattern: Pattern, timezone: ZoneInfo) -> Both:
    """For movement that no vehicle allows or no phone measures."""
    zh, en = _span(pattern, timezone)
    far, fast = pattern.figures["distance_m"] / 1000, pattern.figures["speed_mps"] * 3.6
    signs = {
        TOO_FAST: (
            f"位置在相距最远 {far:.1f} 公里的地点之间变动，至少需要每小时 {fast:.0f} 公里，两端都有多次定位印证",
            f"positions changed between places up to {far:.1f} km apart, which takes at least {fast:.0f} km/h; several fixes bear out "
            "either end",
        ),
        TOO_REGULAR: (
            "位置以完全相等的步长移动，真实定位不会如此",
            "positions moved in steps so equal as no receiver measures them",
        ),
        STANDING_SPEED: (
            "位置在移动，手机却报告速度为零且精度值不变，而该手机平时会报告速度",
            "positions moved while the phone reported speed 0 and a radius that never changed, though it does measure speeds",
        ),
    }
    said_zh, said_en = _joined([signs[sign] for sign in pattern.signs])
    return (
        f"{zh}{said_zh}（{pattern.figures['moments']:.0f} 处）。可能是两部手机使用同一凭证、未标记的模拟位置软件，"
        "也可能是网络定位数据库有误；本身不说明违规。请检查手机和登录凭证。",
        f"{en}{said_en} ({pattern.figures['moments']:.0f} such moments). Two phones may share one credential, or an app may set positions "
        "without marking them; wrong Wi-Fi positions explain it as well. By itself it proves no breach. Look at the phone and who holds "
        "its credential.",
    )


def together_reason(pattern: Pattern, other: str, timezone: ZoneInfo) -> Both:
    """For two subjects whom an order keeps apart; ``other`` is the number of the other."""
    zh, en = _span(pattern, timezone)
    f = pattern.figures
    sure = f"{min(pattern.episode.peak_certainty * 100, 99.9):.0f}"
    return (
        f"{zh}与对象 {other} 的位置可能相距不到 {f['distance_m']:.0f} 米，持续约 {f['together_minutes']:.0f} 分钟"
        f"（命令：{f['minutes']:.0f} 分钟），最近约 {f['closest_m']:.0f} 米，平均确信度 {sure}%。两人可能有接触，"
        "也可能只是同处一地、同乘一车或互为邻居，或有一部手机不在本人身上。请分别向两人核实。",
        f"{en}the positions may have been less than {f['distance_m']:.0f} m from those of subject {other} for about "
        f"{f['together_minutes']:.0f} minutes (order: {f['minutes']:.0f}), at the closest about {f['closest_m']:.0f} m, on average {sure}% "
        "certain. They may have been in contact; or only in one place, in one bus, next door, or a phone was not with its subject. Ask "
        "each of them.",
    )


def doubt_reason(doubt: Doubt, declared: Datum) -> Both:
    """For a device that seems to send another datum than it is registered with."""
    last = doubt.nights[-1]
    shift = f"{(last.east_m**2 + last.north_m**2) ** 0.5:.0f}"
    return (
        f"设备登记的坐标系为 {DATUMS[declared]}，但 {len(doubt.nights)} 个夜晚的停留位置都偏移约 {shift} 米，"
        f"与误用 {DATUMS[doubt.looks_like]} 的偏移相符（相差 {last.miss_m:.0f} 米）。请核对手机程序的坐标系设置；更正前位置可能整体偏移。",
        f"The device is registered with {DATUMS[declared]}, but on {len(doubt.nights)} nights it rested about {shift} m off, just where "
        f"{DATUMS[doubt.looks_like]} would put it (within {last.miss_m:.0f} m). Check the datum of the app; until it is put right, all its "
        "positions may be shifted.",
    )


def _span(pattern: Pattern, timezone: ZoneInfo) -> Both:
    since = local(pattern.episode.started_us, timezone)
    if pattern.episode.ended_us is None:
        return f"自 {since} 起，", f"Since {since} "
    until = local(pattern.episode.last_us, timezone)
    return f"{since} 至 {until}，", f"From {since} to {until} "


def _joined(said: Sequence[Both]) -> Both:
    return "；".join(zh for zh, _ in said), "; ".join(en for _, en in said)


def _one_in(chance: float) -> str:
    """A round number: a chance is an estimate."""
    times = 1.0 / max(chance, 1e-9)
    digits = len(f"{times:.0f}")
    return f"{round(times, 1 - digits):.0f}" if times < 1_000_000 else "1000000"
