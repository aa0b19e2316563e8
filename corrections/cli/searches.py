"""``corrections legal search``: searches for subjects who are out of contact, step by step, in an officer's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from corrections.cli.acting import acting
from corrections.cli.speech import As, AsJson, local, print_json, say, t, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.store.tables import SearchCase

StepName = Literal["phone", "check", "visit", "family", "police", "procuratorate", "other"]
OutcomeName = Literal["found", "custody", "deceased", "not_found"]

Search = Annotated[int, typer.Argument(metavar="N", help=t("查找编号。", "Number of the search."))]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help=t("对象编号。", "The subject's number."))]
At = Annotated[
    str,
    typer.Option(
        metavar="WHEN", help=t("日期或时间，本地时区（默认为现在）。", "A day or a moment, in the bureau's time zone (default: now).")
    ),
]

search = typer.Typer(
    no_args_is_help=True,
    help=t("查找：列出、查看、开始、记录步骤、结束。", "Searches: list, show, open, record a step, close."),
)


@search.command("list", help=t("列出查找，新的在前。", "List searches, the newest first."))
def list_(
    login: Annotated[
        str, typer.Option("--as", metavar="LOGIN", help=t("只列该工作人员管理范围内的。", "Only what lies within this officer's reach."))
    ] = "",
    subject: Annotated[str, typer.Option(help=t("只列此对象编号的。", "Only those of the subject with this number."))] = "",
    all_: Annotated[bool, typer.Option("--all", help=t("也列出已结束的。", "Those that are closed, too."))] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened, subject_numbered
    from corrections.records import searches
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        actor = actor_by_login(session, login, "cli") if login else None
        subject_id = subject_numbered(session, subject).id if subject else None
        rows = searches.list_searches(session, actor, open=None if all_ else True, subject_id=subject_id, limit=searches.MOST_ROWS)
        shown = [_shown(session, row) for row in rows]
    if as_json:
        print_json(shown)
        return
    names = (t("对象", "subject"), t("开始", "opened"), t("步骤", "steps"), t("结果", "outcome"), t("原因", "why"))
    table(("N", *names), [_told(one) for one in shown])


@search.command(help=t("查看一次查找及其步骤。", "Show a search and its steps."))
def show(number: Search, login: As, as_json: AsJson = False) -> None:
    from corrections.records import searches

    with acting(login) as by:
        shown = _shown(by.session, searches.search_for(by.session, by.actor, number))
    _tell(shown, as_json)


@search.command("open", help=t("开始查找。", "Open a search."))
def open_(
    number: Number,
    login: As,
    reason: Annotated[str, typer.Option(help=t("原因。", "Why."))],
    violation: Annotated[int | None, typer.Option(metavar="N", help=t("由哪条违规引起。", "The violation that it comes from."))] = None,
    clock_from: Annotated[
        str,
        typer.Option(
            metavar="WHEN", help=t("同时起算脱离监管期限的时间。", "Start the term out of contact, too, from this day or moment.")
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.records import searches

    with acting(login) as by:
        case = searches.open_search(
            by.session, by.actor, by.subject(number), reason=reason, violation_id=violation, clock_from=by.moment(clock_from),
            settings=by.settings, now=by.now,
        )  # fmt: skip
        shown = _shown(by.session, case)
    _tell(shown, as_json)


@search.command(help=t("记录一个查找步骤；不能更改或删除。", "Record a step of a search; it cannot be changed or removed."))
def step(
    number: Search,
    login: As,
    kind: Annotated[StepName, typer.Option(help=t("方式。", "What kind."))],
    text: Annotated[str, typer.Option(help=t("做了什么，结果如何。", "What was done, and what came of it."))],
    at: At = "",
    found: Annotated[bool, typer.Option("--found", help=t("已查找到本人。", "It found her."))] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import SearchStepKind
    from corrections.records import searches

    with acting(login) as by:
        when = by.moment(at)
        searches.add_step(by.session, by.actor, number, kind=SearchStepKind(kind), text=text, at=when, found=found, now=by.now)
        shown = _shown(by.session, searches.search_for(by.session, by.actor, number))
    _tell(shown, as_json)


@search.command(help=t("结束查找。", "Close a search."))
def close(
    number: Search,
    login: As,
    outcome: Annotated[OutcomeName, typer.Option(help=t("结果。", "What came of it."))],
    note: Annotated[str, typer.Option(help=t("说明。", "More about it."))],
    at: At = "",
    register_status: Annotated[
        bool,
        typer.Option(
            "--register-status",
            help=t("同时登记被限制人身自由或者死亡（所长、司法局）。", "Register custody or death with it (a head or the bureau)."),
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.domain.casework import SearchOutcome
    from corrections.records import searches

    with acting(login) as by:
        case = searches.close_search(
            by.session, by.actor, number, outcome=SearchOutcome(outcome), note=note, at=by.moment(at), register_status=register_status,
            settings=by.settings, now=by.now,
        )  # fmt: skip
        shown = _shown(by.session, case)
    _tell(shown, as_json)


def _shown(session: Session, case: SearchCase) -> dict[str, Any]:
    """A search as programs read it."""
    from corrections.records import clocks, searches
    from corrections.store.tables import Subject as Person

    state, subject = searches.state_of(session, case), session.get_one(Person, case.subject_id)
    told = {name: getattr(state, name) for name in ("police_told_at", "procuratorate_told_at", "status_wanted")}
    extra = {"subject_number": subject.number, "timezone": clocks.zone_of(session, subject).key}
    return case.model_dump() | told | extra | {"steps": [one.model_dump() for one in state.steps]}


def _told(one: dict[str, Any]) -> tuple[Any, ...]:
    from corrections.domain.casework import SearchOutcome
    from corrections.records import words

    outcome = t(*words.ALL[SearchOutcome][one["outcome"]]) if one["outcome"] else t("进行中", "open")
    return (one["id"], one["subject_number"], local(one["opened_at"], ZoneInfo(one["timezone"])), len(one["steps"]), outcome, one["reason"])


def _tell(one: dict[str, Any], as_json: bool) -> None:
    from corrections.domain.casework import SearchStepKind
    from corrections.domain.model import SubjectStatus
    from corrections.records import words

    if as_json:
        print_json(one)
        return
    say("  ".join(str(part) for part in _told(one)))
    for each in one["steps"]:
        found = t("  已查找到", "  found") if each["found"] else ""
        say(f"  {local(each['at'], ZoneInfo(one['timezone']))}  {t(*words.ALL[SearchStepKind][each['kind']])}  {each['text']}{found}")
    if one["status_wanted"]:
        status = t(*words.ALL[SubjectStatus][one["status_wanted"]])
        say(t(f"请登记状态：{status}", f"Register the status: {status}"))
