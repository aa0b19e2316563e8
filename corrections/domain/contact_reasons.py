"""What is said of contact and of phones, in Chinese and English: to officers why something is a matter, to subjects what to do about it.
No position is in any of it. Times are the bureau's local ones.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from corrections.domain.causes import COMPLETE, Cause, Circumstances, Why
from corrections.domain.contact import Spell
from corrections.domain.model import ClientState, NoticeKind, Recipient, Rule
from corrections.domain.reasons import duration, local

Both = tuple[str, str]

CAUSES: dict[Cause, Both] = {
    Cause.OWN_OUTAGE: (
        "本服务自身曾中断，恢复后仍未收到上报；中断时间未计入。",
        "This service was itself down, and has not heard of the phone since; that time does not count.",
    ),
    Cause.AREA: (
        "失联始于大面积通信中断，恢复后仍未收到上报；中断时间未计入。",
        "It began when the whole area fell silent, and the phone was not heard since; that time does not count.",
    ),
    Cause.BATTERY_EMPTY: ("失联前电量低且未充电，很可能是没电。", "The battery was low and not charging: it is probably empty."),
    Cause.PERMISSION_OFF: ("失联前定位程序报告：定位权限已关闭。", "The app had said that it may not read the location any more."),
    Cause.LOCATION_OFF: ("失联前定位程序报告：手机定位已关闭。", "The app had said that location was switched off on the phone."),
    Cause.APP_STOPPED: (
        "期间手机没有记录任何定位，定位程序或手机很可能已关闭。",
        "Nothing was measured meanwhile: app or phone were probably off.",
    ),
    Cause.BUFFERED: ("期间没有联系，手机事后补传了定位。", "It was out of contact, and the phone uploaded its fixes later."),
    Cause.UNKNOWN: (
        "原因不明：可能是没有信号、没电或关机。",
        "The cause is not known: no signal, an empty battery or a phone switched off.",
    ),
}
SAID_STOPPED: Both = ("失联前定位程序报告：已停止定位。", "The app had said that tracking was stopped.")
BLIND_UNKNOWN: Both = ("可能是定位权限被关闭或没有信号。", "The location permission may be off, or there is no signal.")
BLIND: dict[Cause, Both] = {
    Cause.PERMISSION_OFF: ("定位程序报告：定位权限已关闭。", "The app says that it may not read the location."),
    Cause.LOCATION_OFF: ("定位程序报告：手机定位已关闭。", "The app says that location is switched off on the phone."),
}
CLEARER: Both = ("补传的定位说明了失联原因", "fixes that were uploaded later tell more of why there was no contact")
HEARD_BEFORE: Both = (
    "撤回：失联成立之前已收到上报",
    "withdrawn: a report had been received before the silence became a matter",
)
NO_BREACH: Both = ("本身不说明违规。", "By itself it proves no breach.")


def contact_reason(spell: Spell, threshold_us: int, why: Why, timezone: ZoneInfo) -> Both:
    """For a spell without contact, or of contact without a position: since when, how long is allowed, and why as far as is known."""
    last, due = local(spell.last_us, timezone), local(spell.due_us, timezone)
    limit_zh, limit_en = duration(threshold_us)
    end_zh, end_en = _end(spell, timezone, "恢复")
    cause_zh, cause_en = _cause(spell.rule, why)
    said_zh, said_en = _said(why.circumstances)
    what_zh, what_en = (
        ("设备没有任何联系", "No contact from the device")
        if spell.rule is Rule.SILENCE
        else ("设备有联系但没有位置", "In contact but without a position")
    )
    return (
        f"自 {last} 起{what_zh}{end_zh}，{due} 超过允许的 {limit_zh}。{cause_zh}{said_zh}{NO_BREACH[0]}",
        f"{what_en} since {last}{end_en}; at {due} that passed the {limit_en} allowed. {cause_en} {said_en}{NO_BREACH[1]}",
    )


def phone_reason(spell: Spell, threshold_us: int, battery_pct: float | None, timezone: ZoneInfo) -> Both:
    """For a battery that stays low, or a location permission that stays withdrawn."""
    since, due = local(spell.last_us, timezone), local(spell.due_us, timezone)
    limit_zh, limit_en = duration(threshold_us)
    end_zh, end_en = _end(spell, timezone, "恢复")
    if spell.rule is Rule.LOW_BATTERY:
        level = f"（{battery_pct:.0f}%）" if battery_pct is not None else ""
        level_en = f" ({battery_pct:.0f}%)" if battery_pct is not None else ""
        what_zh, what_en = f"手机电量低{level}", f"The battery has been low{level_en}"
    else:
        what_zh, what_en = "定位程序报告定位权限已关闭", "The app has said that it may not read the location"
    return (
        f"自 {since} 起{what_zh}{end_zh}，已提醒本人，{due} 已持续 {limit_zh}。{NO_BREACH[0]}",
        f"{what_en} since {since}{end_en}. The subject was reminded; at {due} it had lasted for {limit_en}. {NO_BREACH[1]}",
    )


def notice_text(kind: NoticeKind, recipient: Recipient, since_us: int, timezone: ZoneInfo) -> Both:
    """What a person is to be told about a matter that began at ``since_us``."""
    since = local(since_us, timezone)
    zh, en = NOTICES[kind, recipient]
    return zh.format(since=since), en.format(since=since)


NOTICES: dict[tuple[NoticeKind, Recipient], Both] = {
    (NoticeKind.SILENCE, Recipient.SUBJECT): (
        "您的手机自 {since} 起没有上报。请检查电量、网络和定位程序是否正常；恢复上报后无需其他操作，如有困难请联系工作人员。",
        "Your phone has not reported since {since}. Please check its battery, its network and the location app; once it reports again "
        "nothing else is needed. If you cannot mend it, call your officer.",
    ),
    (NoticeKind.SILENCE, Recipient.OFFICER): (
        "自 {since} 起没有任何联系，提醒本人后仍未恢复，请设法联系。",
        "No contact since {since}, and the reminder to the subject did not help. Please try to reach her or him.",
    ),
    (NoticeKind.SILENCE, Recipient.OFFICE_HEAD): (
        "自 {since} 起没有任何联系，工作人员处尚无结果，请督促查找。",
        "No contact since {since}, and nothing came of it with the officer yet. Please see to it.",
    ),
    (NoticeKind.SEARCH, Recipient.OFFICER): (
        "自 {since} 起没有任何联系，建议组织查找（社区矫正法第三十条）。是否查找由司法所决定，并请留存查找记录。",
        "No contact since {since}. A search is proposed (Community Corrections Law, Art 30). The office decides, and keeps a record of it.",
    ),
    (NoticeKind.SEARCH, Recipient.OFFICE_HEAD): (
        "自 {since} 起没有任何联系，建议组织查找（社区矫正法第三十条）。请决定是否查找。",
        "No contact since {since}. A search is proposed (Community Corrections Law, Art 30). Please decide.",
    ),
    (NoticeKind.LOW_BATTERY, Recipient.SUBJECT): (
        "您的手机自 {since} 起电量低，请尽快充电。",
        "The battery of your phone has been low since {since}. Please charge it soon.",
    ),
    (NoticeKind.PERMISSION_OFF, Recipient.SUBJECT): (
        "您的手机自 {since} 起不允许定位程序读取位置，请在手机设置中重新允许。",
        "Since {since} your phone does not let the app read its location. Please allow it again in the phone's settings.",
    ),
}
"""What is said to whom; a test holds that all that is ever sent is here."""


def _cause(rule: Rule, why: Why) -> Both:
    filled = why.circumstances.filled
    if rule is not Rule.SILENCE:
        return BLIND.get(why.cause, BLIND_UNKNOWN)
    if why.cause is Cause.APP_STOPPED and why.circumstances.before.state is ClientState.STOPPED:
        return SAID_STOPPED
    if filled is None or not filled.fixes:
        return CAUSES[why.cause]
    share = f"{min(filled.share, 1.0) * 100:.0f}%"
    complete = filled.share >= COMPLETE
    zh, en = CAUSES[why.cause]
    return (
        f"{zh}{'轨迹现已完整' if complete else '轨迹部分补全'}，覆盖 {share} 的时间（{filled.fixes} 次定位）。",
        f"{en} The track is now {'complete' if complete else 'in part filled'}: {share} of the time ({filled.fixes} fixes).",
    )


def _said(c: Circumstances) -> Both:
    """What the phone last said of itself, a sentence that ends with its full stop, or nothing."""
    zh, en = [], []
    if c.before.battery_pct is not None:
        charging = c.before.charging
        zh.append(f"电量 {c.before.battery_pct:.0f}%" + ("（充电中）" if charging else ""))
        en.append(f"battery {c.before.battery_pct:.0f}%" + (", charging" if charging else ""))
    if c.before.state is ClientState.POWER_SAVE:
        zh.append("省电模式")
        en.append("power-save mode")
    if not zh:
        return "", ""
    return f"最后所知：{'，'.join(zh)}。", f"Last known: {', '.join(en)}. "


def _end(spell: Spell, timezone: ZoneInfo, word: str) -> Both:
    if spell.ended_us is None:
        return "", ""
    end = local(spell.ended_us, timezone)
    return f"，{end} {word}", f", until {end}"
