"""What the console says beyond the model's words: rules at a zone, who was chosen and why, names of minors, lengths, spans of time."""

from __future__ import annotations

from datetime import timedelta

from corrections.domain.model import ZoneKind
from corrections.monitor import spells, violations
from corrections.records import words
from corrections.review.assignment import Why

Both = tuple[str, str]
MINUTE = timedelta(minutes=1)

WHYS: words.Words = {
    Why.SUBJECTS_OFFICER: ("对象的责任工作人员", "the subject's officer"),
    Why.DEPUTY: ("代理人", "her deputy"),
    Why.OFFICE_HEAD: ("司法所所长", "the office head"),
    Why.BUREAU: ("区司法局", "the bureau"),
    Why.OFFICE: ("本所人员", "an officer of the office"),
    Why.NOBODY: ("无人可承办", "nobody is there to take it"),
}
NOTES: words.Words = {
    violations.LATER_EVIDENCE: ("后到的证据", "later evidence"),
    violations.DEEPER: ("离边界更远", "further from the edge"),
    spells.CONTACT_RESUMED: ("恢复联系", "contact resumed"),
    violations.ENDED_BY_TIME: ("时段结束", "its time was over"),
    violations.NOT_BORNE_OUT: ("后到的证据不支持该违规", "later evidence does not bear it out"),
    spells.MONITORING_ENDED: ("监测结束", "monitoring ended"),
}
TOLD = {
    "started_at": ("开始", "began"), "opened_at": ("认定", "certain from"), "ended_at": ("结束", "ended"),
    "severity": ("等级", "severity"), "reason_zh": ("说明", "reason"), "reason_en": ("说明", "reason"),
}  # fmt: skip
"""What of a revision is told; the rest says nothing to a reader."""


def word(table: words.Words, key: str | None) -> Both:
    """A word of the model in both languages; what has none stands for itself."""
    return ("—", "—") if key is None else table.get(key, (key, key))


def basis(stored: str) -> Both:
    """A legal basis with its ground, as in ``article29.2``."""
    name, _, ground = stored.partition(".")
    zh, en = word(words.BASES, name)
    return (f"{zh}，情形（{ground}）", f"{en}, ground ({ground})") if ground else (zh, en)


def masked(name: str, minor: bool) -> str:
    """A minor's name as lists show it."""
    return name[:1] + "**" if minor else name


def span(length: timedelta) -> Both:
    """A span of time in its two largest units, rounded down."""
    minutes = int(abs(length).total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return (f"{days} 天 {hours} 小时", f"{days} d {hours} h") if hours else (f"{days} 天", f"{days} d")
    if hours:
        return (f"{hours} 小时 {rest} 分", f"{hours} h {rest} min") if rest else (f"{hours} 小时", f"{hours} h")
    return f"{rest} 分钟", f"{rest} min"


def metres(length: float) -> Both:
    """A length to three figures or so."""
    if length >= 1000:
        return f"{length / 1000:.1f} 公里", f"{length / 1000:.1f} km"
    return f"{length:.0f} 米", f"{length:.0f} m"


def from_edge(distance_m: float, zone_kind: str | None) -> Both:
    """How far from the edge, and on which side of it; ``distance_m`` is positive on the wrong side."""
    zh, en = metres(abs(distance_m))
    outside = (distance_m > 0) == (zone_kind != ZoneKind.EXCLUSION)
    return (f"外侧 {zh}", f"{en} outside") if outside else (f"内侧 {zh}", f"{en} inside")


def percent(certainty: float) -> str:
    """Never rounded up to a certainty that nobody has."""
    return f"{min(certainty * 100, 99.9):.1f}%" if certainty >= 0.985 else f"{certainty * 100:.0f}%"
