"""What the console says beyond the model's words: who was chosen and why, names of minors, lengths, spans of time, how probable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from markupsafe import Markup, escape

from corrections.domain.account import AGAINST
from corrections.domain.contact import Rung
from corrections.domain.model import ZoneKind, from_us
from corrections.ingest.message import Reason
from corrections.monitor import contact, ladder, spells, violations
from corrections.records import words
from corrections.records.casework_words import CASEWORK
from corrections.records.check_words import CHECKS
from corrections.records.legal_words import LEGAL
from corrections.review.assignment import Why

Both = tuple[str, str]
MINUTE = timedelta(minutes=1)
CHINESE = re.compile(r"([\u3000-\u9fff]+)")

WHYS: words.Words = {
    Why.SUBJECTS_OFFICER: ("对象的责任工作人员", "the subject's officer"),
    Why.ON_DUTY: ("值班人员", "the officer on duty"),
    Why.DEPUTY: ("代理人", "her deputy"),
    Why.OFFICE_HEAD: ("司法所所长", "the office head"),
    Why.BUREAU: ("区司法局", "the bureau"),
    Why.OFFICE: ("本所人员", "an officer of the office"),
    Why.NOBODY: ("无人可承办", "nobody is there to take it"),
    Why.HANDED_OVER: ("移交", "it was handed over"),
    Why.TAKEN: ("自行认领", "she claimed it"),
}
NOTES: words.Words = {
    violations.LATER_EVIDENCE: ("后到的证据", "later evidence"),
    violations.DEEPER: ("离边界更远", "further from the edge"),
    spells.CONTACT_RESUMED: ("恢复联系", "contact resumed"),
    violations.ENDED_BY_TIME: ("时段结束", "its time was over"),
    violations.NOT_BORNE_OUT: ("后到的证据不支持该违规", "later evidence does not bear it out"),
    spells.MONITORING_ENDED: ("监测结束", "monitoring ended"),
    ladder.SEARCH_PROPOSED: ("建议组织查找", "a search is proposed"),
    contact.HEARD_MEANWHILE: ("失联成立之前已收到上报", "a report had been received before it was a matter"),
}
RUNGS: Mapping[Rung, Both] = {
    Rung.SUBJECT: ("提醒本人", "the subject is reminded"),
    Rung.OFFICER: ("进入工作人员的核查队列", "it enters the officer's queue"),
    Rung.OFFICE_HEAD: ("报告司法所所长", "the office head is told"),
    Rung.SEARCH: ("建议组织查找", "a search is proposed"),
}
"""The steps of a silence, as what comes next."""
WEEKDAYS: Sequence[Both] = (
    ("星期一", "Monday"), ("星期二", "Tuesday"), ("星期三", "Wednesday"), ("星期四", "Thursday"), ("星期五", "Friday"),
    ("星期六", "Saturday"), ("星期日", "Sunday"),
)  # fmt: skip
OF_KINDS: Mapping[type[StrEnum], Mapping[str, Both]] = {**words.ALL, **LEGAL, **CASEWORK, **CHECKS}
"""The words of every enumeration that is shown."""
PURPOSES: Sequence[Both] = (
    ("日常监管", "Regular supervision"),
    ("核查违规", "Review of violations"),
    ("联络对象", "Contacting the subject"),
    ("督导检查", "Inspection"),
)
"""Why somebody looks at locations, offered to be chosen; she may write her own."""
LIKELIHOODS: Sequence[tuple[float, Both]] = (
    (0.95, ("几乎可以确定", "almost certain")),
    (0.8, ("很可能", "probable")),
    (0.5, ("较有可能", "more likely than not")),
    (0.2, ("有可能", "possible")),
    (0.0, ("可能性小", "unlikely")),
)
"""From which certainty on which word stands."""
TOLD = {
    "started_at": ("开始", "began"), "opened_at": ("认定", "certain from"), "ended_at": ("结束", "ended"),
    "severity": ("等级", "severity"), "reason_zh": ("说明", "reason"), "reason_en": ("说明", "reason"),
}  # fmt: skip
"""What of a revision is told; the rest says nothing to a reader."""


def word(table: words.Words, key: str | None) -> Both:
    """A word of the model in both languages; what has none stands for itself."""
    return ("—", "—") if key is None else table.get(key, (key, key))


def likelihood(certainty: float) -> Both:
    """How probable something is, in a word."""
    return next(both for least, both in LIKELIHOODS if certainty >= least or least == 0.0)


def against(counts: Mapping[str, int]) -> list[Both]:
    """What speaks against a violation, of the counts in its evidence; nothing where nothing does."""
    return [(zh.format(n=n), en.format(n=n)) for key, (zh, en) in AGAINST.items() if (n := counts.get(key))]


def set_aside(reason: str) -> Both:
    """Why a message was set aside."""
    if reason not in list(Reason):
        return reason, reason
    return Reason(reason).zh, Reason(reason).en


def basis(stored: str) -> Both:
    """A legal basis with its ground, as in ``article29.2``."""
    name, _, ground = stored.partition(".")
    zh, en = word(words.BASES, name)
    return (f"{zh}，情形（{ground}）", f"{en}, ground ({ground})") if ground else (zh, en)


def moment(us: int) -> datetime:
    """A moment (µs) of an evidence."""
    return from_us(us)


def from_ms(ms: int) -> datetime:
    """A moment in milliseconds since 1970, as scripts have it."""
    return from_us(ms * 1_000)


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


def seconds(length: float) -> Both:
    """``span`` of seconds."""
    return span(timedelta(seconds=length))


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


def mixed(text: str) -> Markup:
    """An English text with its Chinese words marked as such."""
    parts = [Markup('<span lang="zh-CN">{}</span>').format(part) if n % 2 else escape(part) for n, part in enumerate(CHINESE.split(text))]
    return Markup("").join(parts)


def share(setting: float) -> str:
    """A threshold as it was set."""
    return f"{round(setting * 100, 2):g}%"


def percent(certainty: float) -> str:
    """Never rounded up to a certainty that nobody has, nor down to none."""
    if certainty < 0.005:
        return "<1%"
    return f"{min(certainty * 100, 99.9):.1f}%" if certainty >= 0.985 else f"{certainty * 100:.0f}%"
