"""``corrections rounds``: location checks, each step in an officer's name; check-ins; and the auditor's derivation of random moments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from corrections.cli.intake import Bureau
from corrections.cli.speech import As, AsJson, language, local, print_json, say, t, table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

    from corrections.monitor.round_steps import EntryItem
    from corrections.settings import Settings
    from corrections.store.access import Actor

FindingName = Literal["in_place", "out_of_place", "on_leave", "reached", "not_reached", "device_problem"]
StateName = Literal["open", "signed", "skipped"]

Number = Annotated[int, typer.Argument(metavar="N", help=t("核查编号。", "Number of the round."))]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=t("对象编号。", "The subject's number."))]
Purpose = Annotated[str, typer.Option(help=t("目的，系统将留痕。", "Why; it is recorded."))]
Note = Annotated[str, typer.Option(help=t("说明。", "What is to be said."))]

rounds = typer.Typer(
    no_args_is_help=True,
    help=t(
        "定位核查与签到：列出、开始、查看、填写结果、签名、移交、要求签到、核验随机时刻。",
        "Location checks: list, open, show, find, confirm, sign, hand over; ask to check in; derive random moments again.",
    ),
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(rounds, name="rounds")


@rounds.command("list", help=t("列出定位核查，最新的在前。", "List rounds, the newest first."))
def list_(
    login: As,
    mine: Annotated[bool, typer.Option("--mine", help=t("只列本人的。", "Only her own."))] = False,
    state: Annotated[StateName | None, typer.Option(help=t("只列此状态的。", "Only those in this state."))] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help=t("最多列出多少条。", "How many at most."))] = 100,
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import RoundState
    from corrections.monitor.round_steps import list_rounds
    from corrections.records.casework_words import CASEWORK

    with _acting(login) as (session, actor, settings, now, zone):
        chosen = RoundState(state) if state else None
        found = list_rounds(session, actor, settings, now, mine=mine, state=chosen, limit=limit)
    if as_json:
        print_json([asdict(item) for item in found])
        return
    en = language() == "en"
    rows = [
        (
            item.id, item.label_en if en else item.label_zh, local(item.slot_at, zone), item.officer_name, f"{item.found}/{item.subjects}",
            CASEWORK[RoundState][item.state][en], local(item.due_at, zone),
        )
        for item in found
    ]  # fmt: skip
    names = (t("名称", "round"), t("时刻", "at"), t("人员", "officer"), t("已核查", "found"), t("状态", "state"), t("期限", "due"))
    table(("N", *names), rows)


@rounds.command("open", help=t("立即开始一次核查。", "Begin a round now, by hand."))
def open_(
    login: As,
    whole_office: Annotated[
        bool, typer.Option("--whole-office", help=t("全所对象，而不只是本人承办的。", "All subjects of the office, not only her own."))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.monitor.rounds import begin_round

    with _acting(login) as (session, actor, settings, now, _):
        made = begin_round(session, actor, settings, now, whole_office=whole_office)
    _done(made.id, made.revision, as_json)


@rounds.command(
    help=t("查看一次核查；位置须加 --purpose 说明目的并留痕。", "Show a round. Say --purpose to see the positions, which is recorded.")
)
def show(number: Number, login: As, purpose: Purpose = "", as_json: AsJson = False) -> None:
    from corrections.monitor.round_steps import show_round

    with _acting(login) as (session, actor, settings, now, zone):
        shown = show_round(session, actor, number, settings, now, purpose=purpose)
    if as_json:
        print_json(asdict(shown))
        return
    one = shown.round
    say(f"{t(one.label_zh, one.label_en)}  {local(one.slot_at, zone)}  {one.officer_name}")
    revision, due = one.revision, local(one.due_at, zone)
    say(t(f"状态 {one.state}，第 {revision} 版，期限 {due}", f"{one.state}, revision {revision}, due {due}"))
    names = (
        t("对象", "subject"), t("最后定位", "last fix"), t("所在", "side"), t("位置", "place"), t("结果", "finding"), t("说明", "note")
    )  # fmt: skip
    table((t("条目", "entry"), *names), [_row(entry, zone) for entry in shown.entries])


@rounds.command(help=t("填写一名对象的核查结果。", "Say what was found of one subject."))
def find(
    number: Number,
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help=t("条目编号。", "Number of the entry."))],
    finding: Annotated[FindingName, typer.Argument(metavar="FINDING", help=t("核查结果。", "What was found."))],
    login: As,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import Finding
    from corrections.monitor import round_steps

    with _acting(login) as (session, actor, settings, now, _):
        seen = round_steps.round_for(session, actor, number).revision
        found = [round_steps.Found(entry, Finding(finding), note)]
        made = round_steps.find(session, actor, number, found, revision=seen, settings=settings, now=now)
    _done(number, made.revision, as_json)


@rounds.command(
    help=t("一并确认系统确定在规定范围内的对象（须逐一列出条目）。", "Confirm those shown in place with certainty, naming each entry.")
)
def confirm(
    number: Number,
    entries: Annotated[list[int], typer.Argument(metavar="ENTRY...", help=t("条目编号。", "Numbers of the entries."))],
    login: As,
    as_json: AsJson = False,
) -> None:
    from corrections.monitor import round_steps

    with _acting(login) as (session, actor, settings, now, _):
        seen = round_steps.round_for(session, actor, number).revision
        made = round_steps.confirm_in_place(session, actor, number, entries, revision=seen, settings=settings, now=now)
    _done(number, made.revision, as_json)


@rounds.command(help=t("签名，须每人均已填写结果。", "Sign a round of which every subject has a finding."))
def sign(number: Number, login: As, note: Note = "", as_json: AsJson = False) -> None:
    from corrections.monitor import round_steps

    with _acting(login) as (session, actor, _, now, _zone):
        seen = round_steps.round_for(session, actor, number).revision
        made = round_steps.sign(session, actor, number, revision=seen, note=note, now=now)
    _done(number, made.revision, as_json)


@rounds.command("hand-over", help=t("移交给同事。", "Make it a colleague's."))
def hand_over(
    number: Number,
    to: Annotated[str, typer.Option(metavar="LOGIN", help=t("接手人员的账号。", "The colleague's login."))],
    reason: Annotated[str, typer.Option(help=t("理由。", "Why."))],
    login: As,
    as_json: AsJson = False,
) -> None:
    from corrections.monitor import round_steps
    from corrections.records.accounts import actor_by_login

    with _acting(login) as (session, actor, settings, now, _):
        seen = round_steps.round_for(session, actor, number).revision
        whom = actor_by_login(session, to, "cli").officer_id
        made = round_steps.hand_over(session, actor, number, whom, revision=seen, reason=reason, settings=settings, now=now)
    _done(number, made.revision, as_json)


@rounds.command("ask", help=t("要求对象签到，显示链接。", "Ask a subject to check in; shows the link."))
def ask(subject: Subject, login: As, purpose: Purpose, as_json: AsJson = False) -> None:
    from corrections.cli.opening import subject_numbered
    from corrections.monitor.check_ins import ask_check_in
    from corrections.records.check_ins import link_of

    with _acting(login) as (session, actor, settings, now, zone):
        subject_id = subject_numbered(session, subject).id
        assert subject_id is not None
        made, token = ask_check_in(session, actor, subject_id, purpose, settings, now)
        link = link_of(token, settings)
    if as_json:
        print_json({"check_in": made.id, "until": made.expires_at, "link": link})
        return
    until = local(made.expires_at, zone)
    say(t(f"请在 {until} 前签到：{link}", f"To be answered before {until}: {link}"))


@rounds.command("check-ins", help=t("列出对象的签到情况。", "List a subject's check-ins."))
def check_ins(subject: Subject, login: As, as_json: AsJson = False) -> None:
    from corrections.cli.opening import subject_numbered
    from corrections.domain.casework import CheckInState
    from corrections.records.check_ins import counts_of, list_check_ins
    from corrections.records.check_words import CHECKS

    with _acting(login) as (session, actor, settings, now, zone):
        subject_id = subject_numbered(session, subject).id
        assert subject_id is not None
        items = list_check_ins(session, actor, subject_id)
        counts = counts_of(session, actor, subject_id, settings, now)
    if as_json:
        print_json({"counts": asdict(counts), "check_ins": [asdict(item) for item in items]})
        return
    en = language() == "en"
    rows = [
        (i.id, local(i.asked_at, zone), local(i.expires_at, zone), CHECKS[CheckInState][i.state][en], local(i.answered_at, zone))
        for i in items
    ]
    table(("N", t("要求", "asked"), t("截止", "until"), t("状态", "state"), t("答复", "answered")), rows)
    say(
        t(
            f"近 {counts.days} 天：要求 {counts.asked}，已签到 {counts.answered}，未签到 {counts.missed}。",
            f"In {counts.days} days: asked {counts.asked}, answered {counts.answered}, missed {counts.missed}.",
        )
    )


@rounds.command(help=t("核验过去某日的核查时刻（随机时刻按密钥重新推算）。", "Derive a past day's moments of checks again, and compare."))
def rederive(
    day: Annotated[str, typer.Argument(metavar="DAY", help=t("日期，如 2026-03-02。", "A local day, such as 2026-03-02."))],
    bureau: Bureau = "",
    as_json: AsJson = False,
) -> None:
    from datetime import date

    from corrections.cli.opening import bureau_of, opened, usage
    from corrections.clock import now
    from corrections.monitor.rederiving import Match
    from corrections.monitor.rederiving import rederive as again
    from corrections.store.database import writing

    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise usage(f"“{day}”不是日期。", f"{day} is not a day.") from error
    with opened() as (engine, settings), writing(engine) as session:
        found = bureau_of(session, bureau)
        assert found.id is not None
        told, zone = again(session, None, found.id, wanted, settings, now()), ZoneInfo(found.timezone)
    if as_json:
        print_json(asdict(told))
    else:
        odd = [one for one in told.compared if one.match is not Match.MATCHES]
        for one in odd:
            say(f"{one.schedule} {one.about} {local(one.at, zone)}: {one.match}")
        sound = sum(one.sound for one in told.commitments)
        say(
            t(
                f"共 {len(told.compared)} 个时刻，{len(odd)} 个不符；密钥承诺 {sound}/{len(told.commitments)} 相符。",
                f"{len(told.compared)} moments, {len(odd)} do not match; commitments that hold: {sound} of {len(told.commitments)}.",
            )
        )
    if not told.matches:
        raise typer.Exit(1)


@rounds.command("new-secret", help=t("自下周一起更换随机时刻的密钥。", "A new secret for random moments, from next Monday on."))
def new_secret(bureau: Bureau = "", as_json: AsJson = False) -> None:
    from corrections.cli.opening import bureau_of, opened
    from corrections.clock import now
    from corrections.records.check_secrets import rotate_secret
    from corrections.store.database import writing

    with opened() as (engine, _), writing(engine) as session:
        found = bureau_of(session, bureau)
        assert found.id is not None
        made = rotate_secret(session, None, found.id, now())
        day = f"{made.valid_from.astimezone(ZoneInfo(found.timezone)):%Y-%m-%d}"
    if as_json:
        print_json({"from": day, "commitment": made.commitment})
        return
    say(t(f"自 {day} 起；SHA-256 承诺 {made.commitment}", f"From {day} on; SHA-256 commitment {made.commitment}"))


# ---- small parts


@contextmanager
def _acting(login: str) -> Iterator[tuple[Session, Actor, Settings, datetime, ZoneInfo]]:
    """One unit of work in an officer's name, with the wall clock of her bureau."""
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import writing
    from corrections.store.tables import Bureau as BureauRow

    with opened() as (engine, settings), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        zone = ZoneInfo(session.get_one(BureauRow, actor.bureau_id).timezone)
        yield session, actor, settings, now(), zone


def _done(number: int | None, revision: int, as_json: bool) -> None:
    if as_json:
        print_json({"id": number, "revision": revision})
        return
    say(t(f"核查 {number}，第 {revision} 版。", f"Round {number}, revision {revision}."))


def _row(entry: EntryItem, zone: ZoneInfo) -> tuple[Any, ...]:
    from corrections.domain.casework import Finding, Unlocated
    from corrections.records.casework_words import CASEWORK
    from corrections.records.check_words import CHECKS
    from corrections.records.words import SIDES

    en = language() == "en"
    why = entry.seen.get("unlocated")
    radius = f" ±{entry.accuracy_m:.0f} m" if entry.accuracy_m else ""
    place = f"{entry.lat:.5f}, {entry.lon:.5f}{radius}" if entry.lat is not None else CHECKS[Unlocated][why][en] if why else ""
    finding = CASEWORK[Finding][entry.finding][en] if entry.finding else ""
    return (
        entry.id, f"{entry.subject_number} {entry.subject_name}", local(entry.fix_time, zone), SIDES[entry.side][en], place, finding,
        entry.note,
    )  # fmt: skip
