"""``corrections legal``: what is due, the law's terms, and searches, each step in an officer's name."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from corrections.cli import searches
from corrections.cli.acting import acting
from corrections.cli.speech import As, AsJson, local, print_json, say, t, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.records.agenda import Due
    from corrections.settings import Settings
    from corrections.store.tables import LegalClock

KindName = Literal["reporting_in", "out_of_contact"]

Clock = Annotated[int, typer.Argument(metavar="N", help=t("期限编号。", "Number of the term."))]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help=t("对象编号。", "The subject's number."))]
Kind = Annotated[KindName, typer.Option(help=t("期限种类：报到，脱离监管。", "Which term: reporting in, out of contact."))]
At = Annotated[str, typer.Option(metavar="WHEN", help=t("日期或时间，本地时区。", "A day or a moment, in the bureau's time zone."))]
Within = Annotated[
    str, typer.Option("--as", metavar="LOGIN", help=t("只列该工作人员管理范围内的。", "Only what lies within this officer's reach."))
]
Subject = Annotated[str, typer.Option(help=t("只列此对象编号的。", "Only those of the subject with this number."))]

legal = typer.Typer(
    no_args_is_help=True,
    help=t("期限清单、法定期限与查找。", "What is due, the law's terms, and searches."),
)
clock = typer.Typer(
    no_args_is_help=True,
    help=t("法定期限：列出、建议起算、起算、更改、结束。", "The law's terms: list, propose a start, start, change, end."),
)
legal.add_typer(clock, name="clock")
legal.add_typer(searches.search, name="search")


def add_to(app: typer.Typer) -> None:
    app.add_typer(legal, name="legal")


# ---- what is due


@legal.command(help=t("列出到期事项、可以建议的措施及其依据。", "List what is due, what may be proposed next, and what it rests on."))
def agenda(
    login: Within = "",
    subject: Subject = "",
    until: Annotated[
        str, typer.Option(metavar="DAY", help=t("查到哪一天为止（默认见设置）。", "How far to look (default: as the settings say)."))
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=2000, help=t("最多列出多少项。", "How many at most."))] = 500,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import local_moment, opened, subject_numbered
    from corrections.clock import now
    from corrections.records import agenda as listing
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import reading

    with opened() as (engine, settings), reading(engine) as session:
        actor = actor_by_login(session, login, "cli") if login else None
        subject_id = subject_numbered(session, subject).id if subject else None
        horizon = local_moment(until, settings.ingest.local_timezone) if until else None
        found = listing.agenda(session, actor, subject_id=subject_id, until=horizon, limit=limit, settings=settings, now=now())
        zones = {one.office_id: _zone(session, one.office_id) for one in found.items}
    if as_json:
        print_json(asdict(found))
        return
    names = (t("余日", "days"), t("事项", "what"), t("对象", "subject"), t("可以建议", "may be proposed"), t("依据", "basis"))
    table((t("到期", "due"), *names), [_row(one, zones[one.office_id]) for one in found.items])
    if found.more:
        say(t(f"……还有更多，请加大 --limit（现为 {limit}）。", f"... there is more: raise --limit (now {limit})."))


def _row(one: Due, zone: ZoneInfo) -> tuple[Any, ...]:
    from corrections.domain.casework import MeasureKind
    from corrections.domain.legal import DueKind
    from corrections.records import words

    may = [t(*words.ALL[MeasureKind][may.measure]) for may in one.may]
    bases = [may.basis for may in one.may if may.basis is not None] or one.bases
    unread = t("（未核实）", " (unverified)")
    named = dict.fromkeys(t(basis.name_zh, basis.name_en) + ("" if basis.verified else unread) for basis in bases)
    what = t(*words.ALL[DueKind][one.kind]) + (t(f"，第 {one.day} 日", f", day {one.day}") if one.day is not None else "")
    return (local(one.at, zone), one.days_left, what, one.subject_number, t("；", "; ").join(may), t("；", "; ").join(named))


# ---- terms


@clock.command("list", help=t("列出正在计算的期限。", "List the terms that run."))
def list_(
    login: Within = "",
    subject: Subject = "",
    all_: Annotated[bool, typer.Option("--all", help=t("也列出已结束的。", "Those that are over, too."))] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened, subject_numbered
    from corrections.clock import now
    from corrections.records import clocks
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import reading

    with opened() as (engine, settings), reading(engine) as session:
        actor = actor_by_login(session, login, "cli") if login else None
        subject_id = subject_numbered(session, subject).id if subject else None
        rows = clocks.list_clocks(session, actor, running=None if all_ else True, subject_id=subject_id, limit=clocks.MOST_ROWS)
        shown = [_shown(session, row, settings, now()) for row in rows]
    if as_json:
        print_json(shown)
        return
    names = (
        t("对象", "subject"),
        t("期限", "term"),
        t("起算", "since"),
        t("第几日", "day"),
        t("下一节点", "next edge"),
        t("结束", "ended"),
    )
    table(("N", *names), [_told(one) for one in shown])


@clock.command(help=t("建议起算时间及其来源；由人决定。", "Propose when a term could start, and whence that is known; a person decides."))
def propose(number: Number, login: As, kind: Kind, as_json: AsJson = False) -> None:
    from corrections.domain.casework import ClockKind
    from corrections.domain.legal import ContactSource
    from corrections.records import clocks, words

    with acting(login) as by:
        found = clocks.propose_start(by.session, by.actor, by.subject(number), ClockKind(kind), by.now)
    if as_json:
        print_json(asdict(found))
    elif found.at is None or found.source is None:
        say(t("没有可作为起算点的记录。", "Nothing is recorded that it could start from."))
    else:
        say(f"{local(found.at, by.zone)}  {t(*words.ALL[ContactSource][found.source])}  {found.ref}".rstrip())


@clock.command(help=t("起算一项期限。", "Start a term."))
def start(
    number: Number,
    login: As,
    kind: Kind,
    at: At,
    basis: Annotated[str, typer.Option(help=t("为何从该时间起算。", "Why from then."))],
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import ClockKind
    from corrections.records import clocks

    with acting(login) as by:
        starts_at = by.moment(at) or by.now
        made = clocks.start_clock(
            by.session, by.actor, by.subject(number), kind=ClockKind(kind), starts_at=starts_at, basis=basis, settings=by.settings,
            now=by.now,
        )  # fmt: skip
        shown = _shown(by.session, made, by.settings, by.now)
    _tell(shown, as_json)


@clock.command(help=t("更改起算时间：原期限结束，另起一项。", "Let a term start at another moment: the old one ends, a new one begins."))
def change(
    number: Clock,
    login: As,
    at: At,
    reason: Annotated[str, typer.Option(help=t("理由。", "Why."))],
    as_json: AsJson = False,
) -> None:
    from corrections.records import clocks

    with acting(login) as by:
        starts_at = by.moment(at) or by.now
        made = clocks.change_start(by.session, by.actor, number, starts_at=starts_at, reason=reason, settings=by.settings, now=by.now)
        shown = _shown(by.session, made, by.settings, by.now)
    _tell(shown, as_json)


@clock.command(help=t("结束一项期限：已查找到，或已报到。", "End a term: she was found, or has reported in."))
def end(
    number: Clock,
    login: As,
    note: Annotated[str, typer.Option(help=t("因何结束。", "What ended it."))],
    at: At = "",
    as_json: AsJson = False,
) -> None:
    from corrections.records import clocks

    with acting(login) as by:
        ended = clocks.end_clock(by.session, by.actor, number, note=note, at=by.moment(at), now=by.now)
        shown = _shown(by.session, ended, by.settings, by.now)
    _tell(shown, as_json)


def _shown(session: Session, row: LegalClock, settings: Settings, now: datetime) -> dict[str, Any]:
    """A term as programs read it."""
    from corrections.records import clocks
    from corrections.store.tables import Subject as Person

    state, subject = clocks.state_of(session, row, settings, now), session.get_one(Person, row.subject_id)
    edges = [{"edge": edge, "at": at, "reached": at <= state.at} for edge, at in state.edges]
    extra = {"subject_number": subject.number, "timezone": clocks.zone_of(session, subject).key}
    return row.model_dump() | extra | {"day": state.day, "contact": state.contact, "edges": edges, "next_edge": state.next_edge[0]}


def _told(one: dict[str, Any]) -> tuple[Any, ...]:
    from corrections.domain.casework import ClockKind
    from corrections.domain.legal import Edge
    from corrections.records import words

    zone = ZoneInfo(one["timezone"])
    at = next(edge["at"] for edge in one["edges"] if edge["edge"] == one["next_edge"])
    edge = f"{local(at, zone)} {t(*words.ALL[Edge][one['next_edge']])}"
    kind = t(*words.ALL[ClockKind][one["kind"]])
    return (one["id"], one["subject_number"], kind, local(one["starts_at"], zone), one["day"], edge, local(one["ended_at"], zone))


def _tell(one: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(one)
    else:
        say("  ".join(str(part) for part in _told(one)).rstrip())


def _zone(session: Session, office_id: int) -> ZoneInfo:
    from corrections.store.tables import Bureau, Office

    return ZoneInfo(session.get_one(Bureau, session.get_one(Office, office_id).bureau_id).timezone)
