"""What a run of ``scripts/demo --once`` found, in words for a person, in Chinese and in English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from scripts.movements import LOCAL

RULES = {
    "boundary": ("越界或进入禁止区域", "on the wrong side of a zone"),
    "silence": ("失去联系", "out of contact"),
    "no_position": ("有联系无定位", "in contact without a position"),
    "mock_location": ("疑似虚假定位", "suspected false position"),
}
SEVERITIES = {"grave": ("特别严重", "grave"), "high": ("高", "high"), "medium": ("中", "medium"), "low": ("低", "low")}
REASONS = {
    "null_island": ("坐标为 (0, 0)", "position (0, 0)"),
    "bad_coordinates": ("坐标无效", "impossible coordinates"),
    "no_authority": ("无有效定位依据", "no legal basis in force"),
    "future": ("时间在将来", "time in the future"),
    "ancient": ("时间过早", "too old"),
    "unreadable": ("无法解读", "unreadable"),
}


@dataclass(slots=True)
class Findings:
    """Counts and names of one run. ``stored`` are positions, ``contacts`` reports that are kept as a sign of life only. ``violations`` are
    as the API tells them; ``planted`` are breaches that the sample really did, ``found`` how many of them became a violation."""

    day: date
    tracks: str = ""
    phones: int = 0
    by_client: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    acknowledged: int = 0
    retries: int = 0
    stored: int = 0
    contacts: int = 0
    repeated: int = 0
    set_aside: Mapping[str, int] = field(default_factory=dict)
    send_s: float = 0.0
    violations: Sequence[dict[str, Any]] = ()
    planted: int = 0
    found: int = 0
    decided: dict[str, Any] = field(default_factory=dict)
    steps: Sequence[dict[str, Any]] = ()
    log_days: int = 0
    page: Path = Path()


def chinese(f: Findings) -> str:
    """The summary in Chinese."""
    day = f"{f.day:%Y年%m月%d日}"
    source = f"真实轨迹 {f.tracks}" if f.tracks else f"{day}一整天"
    aside = "；".join(f"{_word(REASONS, reason)[0]} {n}" for reason, n in f.set_aside.items()) or "无"
    lines = [
        f"一、上报：{f.phones} 部手机，{source}，共发送 {f.sent:,} 条，服务确认 {f.acknowledged:,} 条，用时 {f.send_s:.1f} 秒。",
        "    客户端：" + "；".join(f"{client}：{n:,} 条" for client, n in f.by_client.items()),
        f"    入库定位 {f.stored:,} 条（另有 {f.contacts} 条仅记为有联系），重复 {f.repeated:,} 条，"
        f"搁置 {sum(f.set_aside.values()):,} 条（{aside}）。",
        f"二、违规：{len(f.violations)} 件，已分派给以下工作人员核查：",
        *(f"    {name or '（未分派）'}：{_told(found, 0)}" for name, found in by_officer(f.violations)),
        f"    按类型：{_counted(f.violations, 'rule', RULES, 0)}；按程度：{_counted(f.violations, 'severity', SEVERITIES, 0)}。",
    ]
    if f.planted:
        lines.append(f"    示例中真实发生的违规 {f.planted} 起，查出 {f.found} 起。")
    lines += [
        f"三、处置：{f.decided['decided_by_name']}认领、联系并办结第 {f.decided['id']} 号（{f.decided['subject_name']}）：",
        f"    {f.decided['reason_zh']}",
        *(f"    {_at(step['at'])} {step['officer_name'] or '系统'}：{STEPS.get(step['kind'], (step['kind'],))[0]}" for step in f.steps),
        f"四、监管日志：已写入 {f.log_days} 人日。{f.decided['subject_name']}当日日志：{f.page}",
    ]
    return "\n".join(lines)


def english(f: Findings) -> str:
    """The summary in English."""
    source = f"recorded movements of {f.tracks}" if f.tracks else f"the whole of {f.day:%d %B %Y}"
    aside = "; ".join(f"{_word(REASONS, reason)[1]} {n}" for reason, n in f.set_aside.items()) or "none"
    lines = [
        f"1. Reports: {f.phones} phones, {source}: {f.sent:,} sent, {f.acknowledged:,} acknowledged, in {f.send_s:.1f} s.",
        "   Clients: " + "; ".join(f"{client}: {n:,}" for client, n in f.by_client.items()),
        f"   Stored {f.stored:,} positions (and {f.contacts} mere signs of life), repeated {f.repeated:,}, "
        f"set aside {sum(f.set_aside.values()):,} ({aside}).",
        f"2. Violations: {len(f.violations)}, in the queues of these officers:",
        *(f"   {name or '(nobody)'}: {_told(found, 1)}" for name, found in by_officer(f.violations)),
        f"   By rule: {_counted(f.violations, 'rule', RULES, 1)}; by severity: {_counted(f.violations, 'severity', SEVERITIES, 1)}.",
    ]
    if f.planted:
        lines.append(f"   Of {f.planted} breaches that really happened in the sample, {f.found} were found.")
    lines += [
        f"3. Review: {f.decided['decided_by_name']} claimed no. {f.decided['id']} ({f.decided['subject_name']}), made contact, decided:",
        f"   {f.decided['reason_en']}",
        *(
            f"   {_at(step['at'])} {step['officer_name'] or 'the service'}: {STEPS.get(step['kind'], ('', step['kind']))[1]}"
            for step in f.steps
        ),
        f"4. Supervision log: {f.log_days} subject-days written. That subject's page: {f.page}",
    ]
    return "\n".join(lines)


STEPS = {
    "detected": ("查出", "detected"),
    "assigned": ("分派", "assigned"),
    "claimed": ("认领", "claimed"),
    "noted": ("备注", "noted"),
    "contacted": ("联系", "contacted"),
    "decided": ("办结", "decided"),
    "revised": ("补充证据", "new evidence"),
    "withdrawn": ("撤回", "taken back"),
    "revived": ("恢复", "borne out again"),
}


def by_officer(violations: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Violations by the name of the officer in whose queue they are, the longest queue first."""
    queues: dict[str, list[dict[str, Any]]] = {}
    for violation in violations:
        queues.setdefault(violation["officer_name"] or "", []).append(violation)
    return sorted(queues.items(), key=lambda item: (-len(item[1]), item[0]))


def _told(violations: Sequence[dict[str, Any]], language: int) -> str:
    """One officer's queue: each subject and zone once, with how often."""
    counts: Counter[str] = Counter()
    for violation in violations:
        what = violation["zone_name"] or _word(RULES, violation["rule"])[language]
        severity = SEVERITIES[violation["severity"]][language]
        name = violation["subject_name"]
        counts[f"{name}，{what}［{severity}］" if language == 0 else f"{name}, {what} [{severity}]"] += 1
    told = [f"{text} ×{n}" if n > 1 else text for text, n in counts.items()]
    return ("；" if language == 0 else "; ").join(told)


def _counted(violations: Sequence[dict[str, Any]], key: str, words: Mapping[str, tuple[str, str]], language: int) -> str:
    counts = Counter(violation[key] for violation in violations)
    return ("，" if language == 0 else ", ").join(f"{_word(words, name)[language]} {n}" for name, n in counts.most_common())


def _word(words: Mapping[str, tuple[str, str]], name: str) -> tuple[str, str]:
    return words.get(name, (name, name))


def _at(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(LOCAL):%m-%d %H:%M:%S}"
