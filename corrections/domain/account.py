"""The account of a violation that an officer could read to a court, in Chinese and English: what was measured, when it became certain,
what spoke against it. It says what the fixes show and leaves the judgement to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from corrections.domain.model import Fix, ZoneKind, from_us

Both = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ZoneCase:
    """A violation at a zone, as it is stored: times in µs, ``deciding`` fixes in order, how many ``fixes`` in all, ``against`` as the
    counts in its evidence (None where none were kept)."""

    kind: ZoneKind
    name: str
    version: int
    near: bool
    started_us: int
    opened_us: int
    ended_us: int | None
    fixes: int
    deciding: Sequence[Fix]
    against: dict[str, Any] | None = None


CERTAINTY: Both = (
    "确信度是根据测量误差推算的概率，不是结论。",
    "Certainty is a probability worked out from the errors of measurement, not a finding.",
)
DECIDED_BY_A_PERSON: Both = ("是否构成违规由工作人员认定。", "Whether it was a breach is for an officer to decide.")
AGAINST: dict[str, Both] = {
    "right_side": ("{n} 次定位在边界的合规一侧", "{n} lay on the right side of the edge"),
    "coarse": ("{n} 次定位的精度半径达到或越过边界", "of {n} the radius reaches the edge"),
    "doubtful": ("{n} 次定位本身更可能有误", "{n} were themselves more probably wrong than right"),
}
"""What may speak against a violation, by its key in the evidence."""


def account(case: ZoneCase, timezone: ZoneInfo) -> Both:
    """The paragraph: where and how long, the first fix, the one that made it certain, the deepest, what spoke against it."""
    parts = [_where(case, timezone), _certain(case, timezone), _deepest(case, timezone), *_against(case), CERTAINTY, DECIDED_BY_A_PERSON]
    return "".join(zh for zh, _ in parts), " ".join(en for _, en in parts)


def _where(case: ZoneCase, timezone: ZoneInfo) -> Both:
    since = local(case.started_us, timezone)
    if case.near:
        place_zh, place_en = f"接近禁止区域“{case.name}”", f"close to the prohibited area “{case.name}”"
    elif case.kind is ZoneKind.INCLUSION:
        place_zh, place_en = f"位于活动范围“{case.name}”之外", f"outside the permitted area “{case.name}”"
    else:
        place_zh, place_en = f"位于禁止区域“{case.name}”之内", f"inside the prohibited area “{case.name}”"
    if case.ended_us is None:
        when_zh, when_en = f"自 {since} 起", f"since {since} the subject has been"
    else:
        until = local(case.ended_us, timezone)
        when_zh, when_en = f"{since} 至 {until}", f"from {since} to {until} the subject was"
    return (
        f"根据保存的定位记录，{when_zh}，对象{place_zh}（围栏第 {case.version} 版）。",
        f"By the stored fixes, {when_en} {place_en} (version {case.version} of the zone).",
    )


def _certain(case: ZoneCase, timezone: ZoneInfo) -> Both:
    first = next((fix for fix in case.deciding if fix.fix_us == case.started_us), None)
    opening = next((fix for fix in case.deciding if fix.fix_us == case.opened_us), None)
    said: list[Both] = []
    if first is not None:
        edge, radius = _edge(first, case), _radius(first)
        at = local(first.fix_us, timezone)
        said.append((f"其中首次定位于 {at}，{edge[0]}，{radius[0]}。", f"The first of them was taken at {at}, {edge[1]}, {radius[1]}."))
    if opening is not None:
        at, sure, edge = local(opening.fix_us, timezone), percent(opening.certainty), _edge(opening, case)
        said.append(
            (
                f"{at} 的定位（{edge[0]}）之后，系统的确信度为 {sure}，据此认定。",
                f"After the fix at {at}, {edge[1]}, the service was {sure} certain, enough for a violation to be opened.",
            )
        )
    return "".join(zh for zh, _ in said), " ".join(en for _, en in said)


def _deepest(case: ZoneCase, timezone: ZoneInfo) -> Both:
    deepest = max(case.deciding, key=lambda fix: fix.distance_m, default=None)
    number = (f"期间共有 {case.fixes} 次定位为据。", f"It rests on {case.fixes} fix{'es' if case.fixes != 1 else ''} in all.")
    if deepest is None:
        return number
    at, edge = local(deepest.fix_us, timezone), _edge(deepest, case)
    return f"最深的一次在 {at}，{edge[0]}；{number[0]}", f"The deepest, at {at}, lies {edge[1]}. {number[1]}"


def _against(case: ZoneCase) -> list[Both]:
    if case.against is None:
        return []
    speaks = [(zh.format(n=n), en.format(n=n)) for key, (zh, en) in AGAINST.items() if (n := case.against.get(key))]
    if not speaks:
        return [("定位记录中没有与此相反的情况。", "Nothing in the fixes speaks against it.")]
    zh, en = "；".join(zh for zh, _ in speaks), "; ".join(en for _, en in speaks)
    return [(f"与此相反的情况：{zh}。", f"Against it speaks that, of the fixes, {en}.")]


def _edge(fix: Fix, case: ZoneCase) -> Both:
    """How far from the edge and on which side of it; of an approach, how far within the distance that counts as one."""
    zh, en = length(abs(fix.distance_m))
    if case.near:
        return f"进入接近范围 {zh}", f"{en} within the distance that counts as close"
    outside = (fix.distance_m > 0) == (case.kind is ZoneKind.INCLUSION)
    return (f"在边界外侧 {zh}", f"{en} outside the edge") if outside else (f"在边界内侧 {zh}", f"{en} inside the edge")


def _radius(fix: Fix) -> Both:
    if fix.accuracy_m is None:
        return "手机未报精度", "with no accuracy claimed"
    zh, en = length(fix.accuracy_m)
    return f"所报精度半径 {zh}", f"with a claimed radius of {en}"


def local(us: int, timezone: ZoneInfo) -> str:
    """A moment (µs) on the bureau's wall clock."""
    return from_us(us).astimezone(timezone).strftime("%Y-%m-%d %H:%M")


def length(metres: float) -> Both:
    """A length, to three figures or so."""
    if metres >= 1000:
        return f"{metres / 1000:.1f} 公里", f"{metres / 1000:.1f} km"
    return f"{metres:.0f} 米", f"{metres:.0f} m"


def percent(certainty: float) -> str:
    """Never rounded up to a certainty that nobody has."""
    return f"{min(certainty * 100, 99.9):.1f} %" if certainty >= 0.985 else f"{certainty * 100:.0f} %"
