"""What changed, in plain words: how a violation that is judged anew differs from what was said of it before, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from corrections.domain.model import Episode, Severity, ZoneKind, from_us

Both = tuple[str, str]
"""(Chinese, English)."""

MINUTE_US = 60_000_000
WORTH_M = 50.0  # a change of depth that is worth telling
SEVERITIES: dict[Severity, Both] = {
    Severity.LOW: ("低", "low"),
    Severity.MEDIUM: ("中", "medium"),
    Severity.HIGH: ("高", "high"),
    Severity.GRAVE: ("严重", "grave"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a violation at one time: times in µs (``ended_us`` None while it lasts), metres beyond the edge."""

    started_us: int
    opened_us: int
    ended_us: int | None
    last_us: int
    severity: Severity
    peak_distance_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Late:
    """The fixes that came late within a violation's time, and how many of them lie on the right side further than their radius."""

    fixes: int = 0
    right_side: int = 0


NOTHING_LATE = Late()


def said_of(episode: Episode, severity: Severity) -> Said:
    """What an episode says."""
    return Said(
        episode.started_us, episode.opened_us, episode.ended_us, episode.last_us, severity, max(0.0, episode.peak_distance_m)
    )  # fmt: skip


def told(before: Said, after: Said, timezone: ZoneInfo, late: Late = NOTHING_LATE) -> list[Both]:
    """The sentences that tell how ``after`` differs from ``before``; none where nothing worth telling does. Times are local ones."""
    sentences = [
        *_moved("开始时间", "began", before.started_us, after.started_us, timezone),
        *_moved("认定时间", "certain enough", before.opened_us, after.opened_us, timezone),
        *_ended(before, after, timezone),
        *_deeper(before.peak_distance_m, after.peak_distance_m),
    ]
    if before.severity is not after.severity:
        (was_zh, was_en), (is_zh, is_en) = SEVERITIES[before.severity], SEVERITIES[after.severity]
        sentences.append((f"等级由“{was_zh}”改为“{is_zh}”", f"severity {is_en} instead of {was_en}"))
    return [*sentences, *_from(late)] if sentences else []


def taken_back(kind: ZoneKind | None, late: Late, *, seen: bool) -> list[Both]:
    """The sentence that tells why a violation is taken back. ``kind`` is that of its zone, None for rules without one; one that an
    officer has ``seen`` is not withdrawn but marked."""
    zh, en = ("现有证据不再支持", "no longer borne out") if seen else ("撤回", "withdrawn")
    fixes = f"{late.fixes} late fix{'es' if late.fixes != 1 else ''}"
    if kind is not None and late.right_side * 2 > late.fixes:
        where_zh, where_en = ("之内", "inside") if kind is ZoneKind.INCLUSION else ("之外", "outside")
        return [(f"{zh}：对象在区域{where_zh}，后到的定位 {late.fixes} 次", f"{en}: the subject was {where_en}, {fixes}")]
    if late.fixes:
        return [(f"{zh}：加上后到的 {late.fixes} 次定位，已不能确定", f"{en}: with {fixes} it is no longer certain enough")]
    return [
        (
            f"{zh}：按现有记录（围栏、请假、授权、定位）重新判定，该情形不成立",
            f"{en}: judged anew by the zones, leaves, authorities and fixes on record now, there is none",
        )
    ]


def borne_out_again(late: Late) -> list[Both]:
    """The sentences that tell that what was taken back stands again."""
    return [("后到的证据重新支持该违规", "late evidence bears it out again"), *_from(late)]


def over_by_time(ended_us: int, timezone: ZoneInfo) -> list[Both]:
    """The sentence that tells that the window, zone version or authority was over."""
    at = _local(ended_us, timezone)
    return [(f"时段、围栏版本或授权于 {at} 结束，随之结束", f"ended at {at}, when its window, zone version or authority was over")]


def no_longer_going_on(last_us: int, timezone: ZoneInfo) -> list[Both]:
    """The sentence that tells that one which is not borne out does not count as in progress."""
    at = _local(last_us, timezone)
    return [(f"不再视为进行中，止于当时最后一次定位 {at}", f"no longer counted as in progress: ended with its last fix, at {at}")]


def _moved(zh: str, en: str, before_us: int, after_us: int, timezone: ZoneInfo) -> list[Both]:
    if before_us == after_us:
        return []
    by_zh, by_en = _duration(abs(after_us - before_us))
    way_zh, way_en = ("提前", "earlier") if after_us < before_us else ("推后", "later")
    at = _local(after_us, timezone)
    return [(f"{zh}{way_zh} {by_zh}，为 {at}", f"{en} {by_en} {way_en}, at {at}")]


def _ended(before: Said, after: Said, timezone: ZoneInfo) -> list[Both]:
    """An end that only comes is told as such; one that lies before fixes that seemed to go on, as a change of what was said."""
    if before.ended_us == after.ended_us:
        return []
    if after.ended_us is None:
        assert before.ended_us is not None
        at = _local(before.ended_us, timezone)
        return [(f"并未于 {at} 结束，仍在持续", f"lasts instead of having ended at {at}")]
    if before.ended_us is not None:
        return _moved("结束时间", "ended", before.ended_us, after.ended_us, timezone)
    at = _local(after.ended_us, timezone)
    if after.ended_us <= before.last_us:
        return [(f"已于 {at} 结束，而非仍在持续", f"ended at {at} instead of lasting")]
    return [(f"已于 {at} 结束", f"ended at {at}")]


def _deeper(before_m: float, after_m: float) -> list[Both]:
    if abs(after_m - before_m) < WORTH_M:
        return []
    zh, en = _length(abs(after_m - before_m))
    total_zh, total_en = _length(after_m)
    if after_m > before_m:
        return [(f"深入 {zh}，距边界最远 {total_zh}", f"goes {en} deeper, {total_en} from the edge at most")]
    return [(f"深度减少 {zh}，距边界最远 {total_zh}", f"goes {en} less deep, {total_en} from the edge at most")]


def _from(late: Late) -> list[Both]:
    if not late.fixes:
        return []
    return [(f"依据后到的 {late.fixes} 次定位", f"from {late.fixes} late fix{'es' if late.fixes != 1 else ''}")]


def _local(us: int, timezone: ZoneInfo) -> str:
    return from_us(us).astimezone(timezone).strftime("%Y-%m-%d %H:%M")


def _length(metres: float) -> Both:
    if metres >= 1000:
        return f"{metres / 1000:.1f} 公里", f"{metres / 1000:.1f} km"
    return f"{metres:.0f} 米", f"{metres:.0f} m"


def _duration(us: int) -> Both:
    """A span of time to the minute; seconds where it is shorter than one."""
    if us < MINUTE_US:
        seconds = max(1, round(us / 1_000_000))
        return f"{seconds} 秒", f"{seconds} second{'s' if seconds != 1 else ''}"
    hours, minutes = divmod(round(us / MINUTE_US), 60)
    parts = [(f"{n} {zh}", f"{n} {en}{'s' if n != 1 else ''}") for n, zh, en in ((hours, "小时", "hour"), (minutes, "分钟", "minute")) if n]
    return " ".join(zh for zh, _ in parts), " ".join(en for _, en in parts)
