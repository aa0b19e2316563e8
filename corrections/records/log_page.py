"""The supervision log as one page to read and to print: Chinese, English one click away, nothing loaded from elsewhere.

Everything that comes from outside is escaped by the template; times are the bureau's local ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from corrections.domain.casework import Finding, LeaveReportKind, SearchOutcome, SearchStepKind
from corrections.domain.model import Side
from corrections.records import words

BAR_WIDTH = 960.0
TICK_HOURS = 3
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
WEEKDAYS = (
    ("星期一", "Monday"), ("星期二", "Tuesday"), ("星期三", "Wednesday"), ("星期四", "Thursday"), ("星期五", "Friday"),
    ("星期六", "Saturday"), ("星期日", "Sunday"),
)  # fmt: skip

# What a later part of the log calls the things that changed; times of day and lengths are told apart by their values.
FIELDS: words.Words = {
    "supervision": ("监管", "supervision"), "coverage": ("上报情况", "coverage"), "presence": ("所在位置", "presence"),
    "violations": ("违规", "violation"), "outages": ("中断", "outages"), "leaves": ("外出", "leave"), "entries": ("工作记录", "entry"),
    "leave_reports": ("外出报告", "report on leave"), "recorded_at": ("登记时间", "recorded at"),
    "checks": ("定位核查", "location check"), "check_ins": ("签到", "check-in"), "label": ("名称", "name"),
    "finding": ("核查结果", "finding"),
    "side": ("定位显示", "as the position shows"), "fix_time": ("定位时间", "fix"), "found_at": ("核查时间", "found at"),
    "signed_at": ("签名时间", "signed at"), "signed_by": ("签名人", "signed by"), "purpose": ("目的", "purpose"),
    "answered_at": ("签到时间", "checked in at"), "located": ("有定位", "with a position"), "missed_at": ("未签到", "missed at"),
    "searches": ("查找", "search"), "outcome": ("结果", "outcome"), "closed_by": ("结束人", "closed by"), "found": ("已查找到", "found"),
    "authorities": ("定位依据", "authority"), "zones": ("围栏", "zone"), "steps": ("处置步骤", "step"),
    "term_from": ("矫正起始", "term from"), "term_until": ("矫正截止", "term until"), "monitored_s": ("监测时长", "monitored"),
    "not_monitored_s": ("未监测时长", "not monitored"), "reports": ("上报数", "reports"), "positions": ("定位数", "positions"),
    "contacts": ("联系次数", "contacts"), "mocked": ("虚假定位标记", "mocked"),
    "received_after_the_day": ("次日后补传", "received after the day"), "first_fix": ("首次定位", "first fix"),
    "last_fix": ("末次定位", "last fix"), "longest_gap_s": ("最长间隔", "longest gap"), "covered_s": ("可判定时长", "covered"),
    "covered_share": ("覆盖率", "share covered"), "set_aside": ("搁置消息", "set aside"), "right_s": ("符合要求", "where required"),
    "wrong_s": ("不符合要求", "where not allowed"), "unknown_s": ("无法确定", "cannot tell"), "inside_s": ("在内", "inside"),
    "outside_s": ("在外", "outside"), "in_force_s": ("生效时长", "in force"), "state": ("状态", "state"),
    "severity": ("等级", "severity"), "nature": ("性质", "nature"), "rule": ("规则", "rule"), "started_at": ("开始", "began"),
    "opened_at": ("认定", "certain from"), "ended_at": ("结束", "ended"), "continues": ("持续至次日", "goes on"),
    "officer": ("承办人", "officer"), "claimed_by": ("核查人", "claimed by"), "due_at": ("办结期限", "due"),
    "decision": ("结论", "decision"), "cause": ("误报原因", "cause"), "decided_by": ("决定人", "decided by"),
    "decided_at": ("决定时间", "decided at"), "reason_zh": ("说明", "reason (Chinese)"), "reason_en": ("说明（英文）", "reason"),
    "from": ("自", "from"), "until": ("至", "until"), "revoked_at": ("撤销", "revoked"), "approved_by": ("批准人", "approved by"),
    "approved_on": ("批准日期", "approved on"), "basis": ("依据", "basis"), "destination": ("目的地", "destination"),
    "at": ("时间", "at"), "kind": ("类别", "kind"), "content": ("内容", "content"), "by": ("人员", "by"), "to": ("给", "to"),
    "note": ("备注", "note"), "text": ("内容", "text"), "reason": ("理由", "reason"), "means": ("方式", "means"),
    "whom": ("对象", "whom"), "answer": ("结果", "answer"), "borne_out": ("证据支持", "borne out"), "told": ("变化", "what changed"),
    "recipient": ("告知", "told to"), "name": ("名称", "name"),
    "version": ("版本", "version"), "versions": ("版本", "versions"), "code": ("代码", "code"), "zone": ("围栏", "zone"),
    "published_at": ("发布时间", "published"), "published_by": ("发布人", "published by"), "subjects": ("人数", "subjects"),
}  # fmt: skip
VALUES: dict[str, Sequence[words.Words]] = {
    "state": [words.REVIEW_STATES], "severity": [words.SEVERITIES], "nature": [words.NATURES], "rule": [words.RULES],
    "decision": [words.DECISIONS], "cause": [words.CAUSES], "means": [words.MEANS], "answer": [words.ANSWERS], "basis": [words.BASES],
    "recipient": [words.RECIPIENTS],
    "kind": [words.STEPS, words.ENTRY_KINDS, words.ZONE_KINDS, words.ALL[SearchStepKind], words.ALL[LeaveReportKind]],
    "outcome": [words.ALL[SearchOutcome]], "finding": [words.ALL[Finding]], "side": [words.SIDES],
}  # fmt: skip
UNTOLD = {("sources",), ("presence", "spans")}  # in the data for whoever computes it again, not for reading


class Both(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str


def render(days: Sequence[Mapping[str, Any]], *, language: str = "zh", printed_by: str = "", printed_at: datetime | None = None) -> str:
    """The page of these days (as ``logs.read_log`` gives them), all of one subject. ``language`` is what is shown first; the reader
    can switch. ``printed_by`` and ``printed_at`` stand in its foot."""
    last = days[-1]["subject"] if days else None
    zone = ZoneInfo(last["timezone"]) if last else ZoneInfo("UTC")
    page: str = _template().render(
        subject=last,
        days=[_view(day, zone) for day in days],
        language="en" if language == "en" else "zh",
        printed_by=printed_by,
        printed_at=f"{printed_at.astimezone(zone):%Y-%m-%d %H:%M}" if printed_at else "",
        timezone=zone.key,
    )
    return page


def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        words=words,
        word=_word,
        search_steps=words.ALL[SearchStepKind],
        outcomes=words.ALL[SearchOutcome],
        findings=words.ALL[Finding],
        leave_reports=words.ALL[LeaveReportKind],
        basis=_basis,
        duration=_duration,
        percent=_percent,
        spoken=_spoken,
        BAR_WIDTH=BAR_WIDTH,
    )
    return environment.get_template("supervision_log.html.j2")


def _view(day: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """What the template shows of a day, with its times on the bureau's wall clock."""
    content = day["log"]
    start, end = _moment(content["from"]), _moment(content["until"])
    weekday = start.astimezone(zone).weekday()
    changes = [(part, [c for c in part["changes"] if not _untold(c["path"])]) for part in day["parts"]]
    return {
        "day": day["day"],
        "weekday": Both(*WEEKDAYS[weekday]),
        "closed": day["closed"],
        "written_at": _clock(day["written_at"], zone),
        "log": content,
        "bar": _bar(content, start, end, zone),
        "ticks": _ticks(start, end, zone),
        "at": lambda text: _clock(text, zone),
        "rule": lambda violation: rule_of(content, violation),
        "parts": [
            {
                "part": part["part"],
                "written_at": _clock(part["written_at"], zone),
                "why": [Both(why["zh"], why["en"]) for why in part["why"]],
                "changes": [_change(change, zone) for change in told],
            }
            for part, told in changes
        ],
    }


# ---- the bar of the day


def _bar(content: Mapping[str, Any], start: datetime, end: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Rectangles for the spans of the day, in units of the bar's width; what no span covers was not monitored."""
    bar = []
    for begun, ended, side in content["presence"]["spans"]:
        a, b = _moment(begun), _moment(ended)
        zh, en = _word(words.SIDES, side)
        times = f"{a.astimezone(zone):%H:%M}-{b.astimezone(zone):%H:%M}"
        x, width = _place(a, start, end), _place(b, start, end) - _place(a, start, end)
        bar.append({"x": round(x, 2), "width": round(width, 2), "side": Side(side).value, "title": f"{times} {zh} / {en}"})
    return bar


def _ticks(start: datetime, end: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Marks at every third local hour; on a day on which the clock changes they are as far apart as the hours really were."""
    ticks = []
    at = start
    while at <= end:
        local = at.astimezone(zone)
        if local.hour % TICK_HOURS == 0 and local.minute == 0:
            ticks.append({"x": round(_place(at, start, end), 2), "hour": 24 if at == end and local.hour == 0 else local.hour})
        at += timedelta(minutes=30)
    return ticks


def _place(at: datetime, start: datetime, end: datetime) -> float:
    return BAR_WIDTH * ((at - start) / (end - start)) if end > start else 0.0


# ---- what changed


def _untold(path: Sequence[str]) -> bool:
    return any(tuple(path[: len(hidden)]) == hidden for hidden in UNTOLD)


def _change(change: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Both]:
    """One change as three texts: what, before, after."""
    path = change["path"]
    names = [_word(FIELDS, key) for key in path]
    field = path[-1]
    return {
        "what": Both(" / ".join(n.zh for n in names), " / ".join(n.en for n in names)),
        "old": _value(field, change["old"], zone) if "old" in change else Both("（无）", "(none)"),
        "new": _value(field, change["new"], zone) if "new" in change else Both("（无）", "(none)"),
    }


def _value(field: str, value: Any, zone: ZoneInfo) -> Both:
    """A value of the log in words."""
    if value is None:
        return Both("—", "—")
    if isinstance(value, bool):
        return Both("是", "yes") if value else Both("否", "no")
    if isinstance(value, Mapping) and set(value) == {"zh", "en"}:
        return _spoken(value)
    if isinstance(value, Mapping):
        parts = [(_word(FIELDS, key), _value(key, item, zone)) for key, item in value.items() if item not in (None, {}, [])]
        return Both("；".join(f"{n.zh}：{v.zh}" for n, v in parts), "; ".join(f"{n.en}: {v.en}" for n, v in parts))
    if isinstance(value, list):
        parts_of_list = [_value(field, item, zone) for item in value]
        return Both("，".join(v.zh for v in parts_of_list), ", ".join(v.en for v in parts_of_list))
    if field.endswith("_share"):
        return Both(_percent(value), _percent(value))
    if field.endswith("_s") and isinstance(value, int):
        return _duration(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return Both(_clock(value, zone), _clock(value, zone))
    for table in VALUES.get(field, ()):
        if value in table:
            return Both(*table[value])
    return Both(str(value), str(value))


def _spoken(text: Mapping[str, Any]) -> Both:
    """What the service said in both languages, in one sentence or several."""
    zh, en = text["zh"], text["en"]
    return Both(zh, en) if isinstance(zh, str) else Both("；".join(zh), "; ".join(en))


# ---- small parts


def _word(table: words.Words, key: str | None) -> Both:
    """A word of the model in both languages; what has none stands for itself."""
    if key is None:
        return Both("—", "—")
    return Both(*table.get(key, (key, key)))


def rule_of(content: Mapping[str, Any], violation: Mapping[str, Any]) -> Both:
    """What a violation of a day's log is, as an officer calls it. The kind of its zone is told with the day's zones."""
    code = violation["zone"]["code"] if violation["zone"] else None
    zone = content["presence"]["zones"].get(code)
    return Both(*words.rule(violation["rule"], zone["kind"] if zone else None))


def _basis(stored: str) -> Both:
    """A legal basis with its ground, as in ``article29.2``."""
    name, _, ground = stored.partition(".")
    zh, en = _word(words.BASES, name)
    return Both(f"{zh}，情形（{ground}）" if ground else zh, f"{en}, ground ({ground})" if ground else en)


def _duration(seconds: int) -> Both:
    """To the minute, halves up; less than a minute as seconds."""
    if 0 < seconds < 60:
        return Both(f"{seconds} 秒", f"{seconds} s")
    hours, minutes = divmod((seconds + 30) // 60, 60)
    return Both(f"{hours} 小时 {minutes:02d} 分", f"{hours} h {minutes:02d} min")


def _percent(share: float | None) -> str:
    """A share never rounded up to all or down to nothing."""
    if share is None:
        return "—"
    return f"{min(share, 0.999):.1%}" if share < 1 and share > 0 else f"{share:.0%}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _clock(text: str | None, zone: ZoneInfo) -> str:
    """A moment of the log on the bureau's wall clock."""
    return f"{_moment(text).astimezone(zone):%Y-%m-%d %H:%M}" if text else "—"
