"""When a message goes out, and when it is tried again: quiet hours by severity, digests, back-off. And what it says outside."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from corrections.domain.model import NoticeKind, Severity

DAY = timedelta(days=1)
Both = tuple[str, str]
LANGUAGES = ("zh", "en")  # the order of ``Both``


class MessageState(StrEnum):
    """Where a message stands on its way."""

    WAITING = "waiting"  # for its time
    SENDING = "sending"  # a process has it in hand
    FAILING = "failing"  # it could not be sent, and is tried again
    SENT = "sent"
    GIVEN_UP = "given_up"
    NEEDLESS = "needless"  # what it told of was over before it went out


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours in which messages of some severities wait for their end; past midnight where ``until`` is not after ``start``."""

    start: time
    until: time
    severities: Collection[Severity]

    def holds(self, local: time) -> bool:
        """Whether it is quiet at a local time of day."""
        if self.start < self.until:
            return self.start <= local < self.until
        return local >= self.start or local < self.until


@dataclass(frozen=True, slots=True)
class BackOff:
    """How a message that could not be sent is tried again: after ``first`` times two to the number of attempts before, at most
    ``longest``, until ``give_up`` after it was written, but at least ``fewest`` times, so that a service that stood still for a day
    does not give up what it tried once."""

    first: timedelta
    longest: timedelta
    give_up: timedelta
    fewest: int


def sends_at(at: datetime, severity: Severity, quiet: Quiet | None, digests: Sequence[time], zone: ZoneInfo) -> datetime:
    """When a message that comes up at ``at`` goes out (UTC): at once, at the end of the quiet hours, or (with ``digests``, local times)
    with the next digest that is not in them."""
    if quiet is None or severity not in quiet.severities:
        return _next_of(digests, at, zone) if digests else at
    loud = [each for each in digests if not quiet.holds(each)]
    when = _next_of(loud, at, zone) if loud else at
    return quiet_until(when, quiet, zone) or when


def quiet_until(at: datetime, quiet: Quiet, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours that a moment lies in; None where it lies in none."""
    local = at.astimezone(zone)
    for day in (local.date() - DAY, local.date()):
        start = datetime.combine(day, quiet.start, zone)
        last = day if quiet.until > quiet.start else day + DAY
        end = datetime.combine(last, quiet.until, zone)
        if start <= local < end:
            return end.astimezone(UTC)
    return None


def tried_again_at(attempts: int, written_at: datetime, now: datetime, message_id: int, terms: BackOff) -> datetime | None:
    """When a message that failed for the ``attempts``-th time is tried again; None: it is given up.

    The wait is shortened by up to a quarter, by a share that follows from the message's id, so that what failed together does not come
    back together.
    """
    wait = min(terms.first * 2 ** min(attempts - 1, 30), terms.longest)
    share = int.from_bytes(hashlib.blake2b(message_id.to_bytes(8, "big"), digest_size=4).digest(), "big") / 2**32
    again = now + wait * (1 - share / 4)
    return again if again < written_at + terms.give_up or attempts < terms.fewest else None


def line(kind: NoticeKind, reference: Both) -> Both:
    """What a channel that leaves the bureau may tell the staff: a reference to look it up by, and what kind of thing it is."""
    zh, en = STAFF[kind]
    return f"{reference[0]}：{zh}", f"{reference[1]}: {en}"


def letter(lines: Sequence[str], language: str) -> str:
    """A message to the staff of one or several lines in this language (``zh`` or ``en``)."""
    head, heads, tail = LETTER[language]
    return "\n".join([head if len(lines) == 1 else heads.format(len(lines)), *lines, tail])


def to_the_subject(kind: NoticeKind, text: Both) -> Both:
    """What a channel that leaves the bureau may tell the subject: what she is asked to do. Of a check-in that is the notice itself, a link
    through which nothing can be seen."""
    if kind is NoticeKind.CHECK_IN:
        return text
    return SUBJECT.get(kind, ("请联系您的社区矫正工作人员。", "Please contact your supervising officer."))


def reference(about: str, violation_id: int | None, notice_id: int) -> Both:
    """By what a notice is looked up: the violation, what else it is about (``round:12``), or the notice itself."""
    if violation_id is not None:
        return f"违规 {violation_id}", f"violation {violation_id}"
    noun, _, number = about.partition(":")
    if noun in NOUNS and number.isdecimal():
        return f"{NOUNS[noun][0]} {number}", f"{NOUNS[noun][1]} {number}"
    return f"提醒 {notice_id}", f"notice {notice_id}"


def _next_of(times: Sequence[time], at: datetime, zone: ZoneInfo) -> datetime:
    """The first of these local times at or after a moment."""
    local = at.astimezone(zone)
    days = (local.date() + i * DAY for i in range(3))
    found = (datetime.combine(day, each, zone).astimezone(UTC) for day in days for each in sorted(times))
    return next(moment for moment in found if moment >= at)


NOUNS: Mapping[str, Both] = {
    "round": ("定位核查", "check round"),
    "leave": ("外出申请", "leave request"),
    "clock": ("期限", "term"),
    "search": ("查找", "search"),
    "proposal": ("处理建议", "proposal"),
    "objection": ("异议", "objection"),
    "check_in": ("签到", "check-in"),
}

LETTER: Mapping[str, tuple[str, str, str]] = {
    "zh": ("社区矫正系统提醒：", "社区矫正系统提醒（{} 项）：", "请登录系统查看。"),
    "en": ("Supervision service:", "Supervision service, {} matters:", "Log in to see more."),
}

STAFF: Mapping[NoticeKind, Both] = {
    NoticeKind.SILENCE: ("有失去联系事项", "somebody is out of contact"),
    NoticeKind.SEARCH: ("建议组织查找", "a search is proposed"),
    NoticeKind.LOW_BATTERY: ("有设备电量低", "a phone's battery is low"),
    NoticeKind.PERMISSION_OFF: ("有设备定位权限关闭", "a phone may not read its location"),
    NoticeKind.ASSIGNED: ("有违规待您核查", "a violation waits for your review"),
    NoticeKind.DUE_SOON: ("有违规即将到期", "a violation is due soon"),
    NoticeKind.ESCALATED: ("有违规逾期未办结", "a violation was not decided in time"),
    NoticeKind.HANDED_OVER: ("有违规移交给您", "a violation was handed over to you"),
    NoticeKind.WATCHED: ("您关注的违规有新进展", "something happened to what you watch"),
    NoticeKind.SECOND_WANTED: ("有处理建议待复核", "a proposal waits for a second officer"),
    NoticeKind.ROUND_OPENED: ("有定位核查待完成", "a check round waits"),
    NoticeKind.ROUND_DUE_SOON: ("定位核查即将到期", "a check round is due soon"),
    NoticeKind.ROUND_ESCALATED: ("定位核查逾期未签", "a check round was not signed in time"),
    NoticeKind.CHECK_IN: ("已要求签到", "a check-in was asked for"),
    NoticeKind.LEAVE_REQUESTED: ("有外出申请待审批", "a leave request waits for a decision"),
    NoticeKind.LEAVE_DECIDED: ("外出申请已有结果", "a leave request was decided"),
    NoticeKind.LEAVE_OVERDUE: ("有外出逾期未归", "somebody is not back from leave"),
    NoticeKind.CLOCK: ("有期限届满或将届满", "a legal term is reached"),
    NoticeKind.TERM_ENDED: ("有矫正期满", "a term has ended"),
    NoticeKind.OBJECTION: ("有异议待答复", "an objection waits for an answer"),
    NoticeKind.UNDELIVERED: ("有消息未能送达", "messages could not be delivered"),
}

SUBJECT: Mapping[NoticeKind, Both] = {
    NoticeKind.SILENCE: ("没有收到您手机的定位，请检查手机。", "Your phone has not reported. Please check it."),
    NoticeKind.LOW_BATTERY: ("您的手机电量低，请充电。", "Your phone's battery is low. Please charge it."),
    NoticeKind.PERMISSION_OFF: ("您手机的定位权限已关闭，请打开。", "Your phone may not read its location. Please allow it."),
    NoticeKind.LEAVE_DECIDED: ("您的外出申请已有结果，请查看。", "Your leave request was decided. Please look it up."),
    NoticeKind.OBJECTION: ("您的异议已有答复，请查看。", "Your objection was answered. Please look it up."),
}
