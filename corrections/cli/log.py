"""``corrections log``: the supervision log of a subject, to read, to add to and to close."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from corrections.cli.speech import As, AsJson, json_text, language, local, print_json, say, t
from corrections.errors import Invalid

Format = Literal["text", "json", "html"]
KindName = Literal["visit", "talk", "report", "education", "other"]

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=t("社区矫正对象编号。", "The subject's number."))]
Day = Annotated[str, typer.Argument(metavar="DAY", help=t("日期，如 2026-03-02（本局时间）。", "The day, such as 2026-03-02 (local)."))]

log = typer.Typer(no_args_is_help=True, help=t("监管日志：查看、补记、按日归档。", "The supervision log: show, add an entry, close days."))


def add_to(app: typer.Typer) -> None:
    app.add_typer(log, name="log")


@log.command(
    help=t(
        "查看监管日志，含尚未归档的日期；日志含位置信息，须说明目的并留痕。",
        "Show the log, days not closed yet included. It tells where the subject was: the purpose is required and recorded.",
    )
)
def show(
    subject: Subject,
    day: Day,
    login: As,
    purpose: Annotated[str, typer.Option(help=t("查看目的。", "Why you look."))],
    until: Annotated[
        str, typer.Option("--until", metavar="DAY", help=t("最后一天（默认同一天）。", "The last day (default: the same)."))
    ] = "",
    form: Annotated[Format, typer.Option("--format", help=t("格式。", "How it is shown."))] = "text",
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, help=t("写入文件（仅本人可读）。", "Write to a file, readable by you only."))
    ] = None,
) -> None:
    from corrections.cli.opening import opened, subject_numbered
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.records.logs import read_log
    from corrections.store.database import writing

    first, last = _day(day), _day(until or day)
    with opened() as (engine, settings), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        subject_id = subject_numbered(session, subject).id
        assert subject_id is not None
        days = read_log(session, actor, subject_id, first, last, purpose, now(), settings=settings)
    _show(days, "json" if as_json else form, out, actor.name)


@log.command(help=t("以工作人员名义补记：查访、谈话、报告、教育等。", "Add an officer's entry: a visit, a talk, a report, education."))
def add(
    subject: Subject,
    login: As,
    kind: Annotated[KindName, typer.Option(help=t("类别。", "What kind."))],
    content: Annotated[str, typer.Option(help=t("内容。", "What is to be said."))],
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help=t("时间，如 2026-03-02T15:30（本局时间，默认现在）。", "When, such as 2026-03-02T15:30 (local; default now)."),
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import local_moment, opened, subject_numbered
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.records.logs import EntryKind, add_entry
    from corrections.store.database import writing
    from corrections.store.tables import Bureau

    moment = now()
    with opened() as (engine, _), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        found = subject_numbered(session, subject)
        when = local_moment(at, session.get_one(Bureau, found.bureau_id).timezone) if at else moment
        assert found.id is not None
        entry = add_entry(session, actor, found.id, kind=EntryKind(kind), content=content, at=when, now=moment)
        told = {"entry": entry.id, "subject": subject, "day": entry.day, "at": entry.at, "kind": entry.kind, "officer": actor.name}
    if as_json:
        print_json(told)
    else:
        say(t(f"已记入 {told['day']} 的监管日志。", f"Added to the log of {told['day']}."))


@log.command(
    help=t(
        "归档全部已结束且未归档的日期，并对内容有变化的日期作补充（先判定新的上报）。",
        "Close every finished day that is not closed yet, and amend those that say something else now (after evaluating what is new).",
    )
)
def close(as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.monitor.evaluate import evaluate
    from corrections.records.logs import close_days

    with opened() as (engine, settings):
        evaluate(engine, settings, now())
        written = close_days(engine, settings, now())
    if as_json:
        print_json({"written": written})
    else:
        say(t(f"已写入 {written} 份日志（含补充）。", f"Wrote {written} parts of logs (additions included)."))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text} is not a day, such as 2026-03-02.", f"“{text}”不是日期，应形如 2026-03-02。", field="day") from error


# ---- telling


def _show(days: list[dict[str, Any]], form: str, out: Path | None, printed_by: str) -> None:
    text = json_text(days) if form == "json" else _as_html(days, printed_by) if form == "html" else _as_text(days)
    if out is None:
        say(text)
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)  # one that was there before may have been open to others
        file.write(text)
    say(t(f"已写入 {out}（仅本人可读）。", f"Written to {out}, readable by you only."))


def _as_html(days: list[dict[str, Any]], printed_by: str) -> str:
    from corrections.clock import now
    from corrections.records.log_page import render

    return render(days, language=language(), printed_by=printed_by, printed_at=now())


def _as_text(days: list[dict[str, Any]]) -> str:
    if not days:
        return t("所选日期没有日志。", "There is no log for these days.")
    return "\n\n".join("\n".join(_day_lines(day)) for day in days)


def _day_lines(day: dict[str, Any]) -> Iterator[str]:
    """A day in a few lines; the page and the JSON say everything."""
    from corrections.records import words
    from corrections.records.log_page import rule_of

    content, zone = day["log"], ZoneInfo(day["subject"]["timezone"])
    monitored, presence, coverage = content["supervision"]["monitored_s"], content["presence"], content["coverage"]
    state = t("已归档", "closed") if day["closed"] else t("未归档", "not closed yet")
    yield f"{day['subject']['number']} {day['subject']['name']}  {day['day']}  {state} {_clock(day['written_at'], zone)}"
    hours = [
        (t("应监测", "monitored"), monitored),
        *((t(*words.SIDES[side]), presence[f"{side}_s"]) for side in ("right", "wrong", "unknown")),
        (t("未监测", "not monitored"), content["supervision"]["not_monitored_s"]),
    ]
    yield "  " + "  ".join(f"{name} {seconds / 3600:.1f} h" for name, seconds in hours)
    yield t(
        f"  上报 {coverage['reports']}，定位 {coverage['positions']}，联系 {coverage['contacts']}",
        f"  {coverage['reports']} reports, {coverage['positions']} positions, {coverage['contacts']} contacts",
    )
    for number, v in content["violations"].items():
        result = t(*words.DECISIONS[v["decision"]]) if v["decision"] else v["claimed_by"] or v["officer"] or ""
        reason = t(v["reason_zh"], v["reason_en"])
        what = f"{t(*rule_of(content, v))}  {t(*words.NATURES[v['nature']])}"
        yield f"  [{number}] {what}  {t(*words.REVIEW_STATES[v['state']])} {result}  {reason}"
    for number, s in content.get("searches", {}).items():
        yield "  " + t(
            f"查找 [{number}] {s['reason']}，当日步骤 {len(s['steps'])}", f"search [{number}] {s['reason']}, steps: {len(s['steps'])}"
        )
    for c in content.get("checks", {}).values():
        yield "  " + t(f"定位核查 {c['label']['zh']}：{c['finding'] or '—'}", f"location check {c['label']['en']}: {c['finding'] or '—'}")
    for number, c in content.get("check_ins", {}).items():
        answered = c["answered_at"] or "—"
        yield "  " + t(f"签到 [{number}] 要求 {c['at']}，答复 {answered}", f"check-in [{number}] asked {c['at']}, answered {answered}")
    for entry in content["entries"].values():
        yield f"  {_clock(entry['at'], zone)} {t(*words.ENTRY_KINDS[entry['kind']])} {entry['by']}: {entry['content']}"
    for part in day["parts"]:
        why = t("；", "; ").join(t(w["zh"], w["en"]) for w in part["why"])
        yield t(f"  补充 {part['part']}", f"  addition {part['part']}") + f" {_clock(part['written_at'], zone)} {why}"


def _clock(text: str, zone: ZoneInfo) -> str:
    return local(datetime.fromisoformat(text), zone)
