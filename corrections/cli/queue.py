"""``corrections queue``: what waits for review, and each step an officer takes, in her name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from corrections.cli.speech import As, AsJson, language, local, print_json, say, t, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.review.items import QueueItem
    from corrections.review.queue import Step
    from corrections.settings import Settings
    from corrections.store.access import Actor
    from corrections.store.tables import Violation

    Act = Callable[[Session, Actor, int, datetime, Settings], Violation]

StateName = Literal["queued", "claimed", "decided", "withdrawn"]
MeansName = Literal["phone", "message", "video", "visit", "other"]
AnswerName = Literal["reached", "not_reached"]
DecisionName = Literal["confirmed", "false_alarm", "authorised_absence", "reasonable_excuse"]
CauseName = Literal["position_error", "device_fault", "zone_error", "register_error", "other"]

STEP_WORDS = ("means", "whom", "answer", "decision", "cause", "note", "text", "reason")  # of what a step says

Number = Annotated[int, typer.Argument(metavar="N", help=t("违规编号。", "Number of the violation."))]
Seen = Annotated[
    int | None,
    typer.Option(
        "--revision",
        help=t(
            "所依据的版本；若已有人先行操作则不执行（默认为最新版本）。",
            "The revision you saw; refused if somebody was first (default: the newest).",
        ),
    ),
]
Text = Annotated[str, typer.Option(help=t("内容。", "What is to be said."))]
Reason = Annotated[str, typer.Option(help=t("理由。", "Why."))]

queue = typer.Typer(
    no_args_is_help=True,
    help=t(
        "核查队列：列出、查看、认领、备注、联络、移交、办结、重新打开。",
        "The review queue: list, show, claim, release, note, contact, hand over, decide, reopen.",
    ),
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(queue, name="queue")


# ---- looking


@queue.command("list", help=t("列出需要处理的违规，最紧急的在前。", "List what asks for attention, most urgent first."))
def list_(
    login: Annotated[
        str, typer.Option("--as", metavar="LOGIN", help=t("只列该工作人员管理范围内的。", "Only what lies within this officer's reach."))
    ] = "",
    mine: Annotated[bool, typer.Option("--mine", help=t("只列其承办的（与 --as 合用）。", "Only her own (with --as)."))] = False,
    state: Annotated[StateName | None, typer.Option(help=t("只列此状态的。", "Only those in this state."))] = None,
    subject: Annotated[str, typer.Option(help=t("只列此对象编号的。", "Only those of the subject with this number."))] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help=t("最多列出多少条。", "How many at most."))] = 100,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened, subject_numbered, usage
    from corrections.clock import now
    from corrections.domain.model import ReviewState
    from corrections.records.accounts import actor_by_login
    from corrections.review.queue import list_queue
    from corrections.store.database import reading

    if mine and not login:
        raise usage("--mine 须与 --as 合用。", "--mine goes with --as.")
    with opened() as (engine, _), reading(engine) as session:
        actor = actor_by_login(session, login, "cli") if login else None
        subject_id = subject_numbered(session, subject).id if subject else None
        chosen = ReviewState(state) if state else None
        page = list_queue(session, actor, mine=mine, state=chosen, subject_id=subject_id, limit=limit, now=now())
        zones = {item.id: _timezone(session, item.office_id) for item in page.items}
    if as_json:
        print_json({"items": [asdict(item) for item in page.items], "more": page.after is not None})
        return
    names = (
        t("对象", "subject"),
        t("规则", "rule"),
        t("性质", "nature"),
        t("等级", "severity"),
        t("状态", "state"),
        t("承办人", "officer"),
    )
    headers = ("N", *names, t("期限", "due"), t("说明", "why"))
    table(headers, [_row(item, zones[item.id]) for item in page.items])
    if page.after is not None:
        say(t(f"……还有更多，请加大 --limit（现为 {limit}）。", f"... there is more: raise --limit (now {limit})."))


@queue.command(
    help=t(
        "查看一条违规及其经过；证据含位置，须加 --purpose 说明目的并留痕。",
        "Show a violation and its history. The evidence holds positions: say --purpose to see it, which is recorded.",
    )
)
def show(
    number: Number,
    login: As,
    purpose: Annotated[str, typer.Option(help=t("查看位置证据的目的。", "Why you look at the positions in the evidence."))] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.records.audit import audited_location_read
    from corrections.review.queue import history, queue_item
    from corrections.store.database import writing
    from corrections.store.tables import Violation

    with opened() as (engine, _), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        item = queue_item(session, actor, number, now=now())
        if purpose:
            audited_location_read(session, actor, [item.subject_id], purpose, now())
        steps = history(session, actor, number, with_evidence=bool(purpose))
        evidence = session.get_one(Violation, number).evidence if purpose else None
        zone = _timezone(session, item.office_id)
    if as_json:
        told = {"evidence": evidence} if purpose else {}
        print_json({**asdict(item), "history": [asdict(step) for step in steps], **told})
        return
    _tell(item, steps, zone)
    if evidence is not None:
        print_json(evidence)


@queue.command(help=t("按事项列出待办：同一对象的待办违规合为一项。", "List by matters: what is open of one subject together."))
def matters(
    login: Annotated[
        str, typer.Option("--as", metavar="LOGIN", help=t("只列该工作人员管理范围内的。", "Only what lies within this officer's reach."))
    ] = "",
    mine: Annotated[bool, typer.Option("--mine", help=t("只列其承办的（与 --as 合用）。", "Only her own (with --as)."))] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help=t("最多列出多少项。", "How many at most."))] = 100,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened, usage
    from corrections.clock import now
    from corrections.records import words
    from corrections.records.accounts import actor_by_login
    from corrections.review.matters import list_matters
    from corrections.store.database import reading

    if mine and not login:
        raise usage("--mine 须与 --as 合用。", "--mine goes with --as.")
    with opened() as (engine, _), reading(engine) as session:
        actor = actor_by_login(session, login, "cli") if login else None
        page = list_matters(session, actor, mine=mine, limit=limit, now=now())
        zones = {matter.id: _timezone(session, matter.office_id) for matter in page.items}
    if as_json:
        print_json({"items": [asdict(matter) for matter in page.items], "more": page.after is not None})
        return
    headers = ("N", t("对象", "subject"), t("违规", "violations"), t("承办人", "officer"), t("期限", "due"))
    rows = []
    for matter in page.items:
        what = t("；", "; ").join(f"{item.id} {t(*words.rule(item.rule, item.zone_kind))}" for item in matter.items)
        owners = t("、", ", ").join(
            dict.fromkeys(item.claimed_by_name or item.officer_name or t("无人", "nobody") for item in matter.items)
        )
        late = t(" 超期", " overdue") if matter.overdue else ""
        urgent = t("紧急 ", "urgent ") if matter.urgent else ""
        rows.append((matter.id, matter.subject_number, urgent + what, owners, local(matter.due_at, zones[matter.id]) + late))
    table(headers, rows)


# ---- acting


@queue.command(help=t("认领。", "Claim it."))
def claim(number: Number, login: As, revision: Seen = None, as_json: AsJson = False) -> None:
    def act(session: Session, actor: Actor, seen: int, now: datetime, settings: Settings) -> Violation:
        from corrections.review import reviewing
        from corrections.review.deadlines import Deadlines

        return reviewing.claim(session, actor, number, revision=seen, deadlines=Deadlines.of(settings), now=now)

    _act(number, login, revision, as_json, act)


@queue.command(help=t("退回队列。", "Put a claimed one back."))
def release(
    number: Number,
    login: As,
    note: Annotated[str, typer.Option(help=t("备注。", "A remark."))] = "",
    revision: Seen = None,
    as_json: AsJson = False,
) -> None:
    def act(session: Session, actor: Actor, seen: int, now: datetime, settings: Settings) -> Violation:
        from corrections.review import reviewing

        return reviewing.release(session, actor, number, revision=seen, note=note, now=now)

    _act(number, login, revision, as_json, act)


@queue.command(help=t("添加备注。", "Add a remark."))
def note(number: Number, login: As, text: Text, revision: Seen = None, as_json: AsJson = False) -> None:
    def act(session: Session, actor: Actor, seen: int, now: datetime, settings: Settings) -> Violation:
        from corrections.review import reviewing
        from corrections.review.deadlines import Deadlines

        return reviewing.note(session, actor, number, revision=seen, text=text, deadlines=Deadlines.of(settings), now=now)

    _act(number, login, revision, as_json, act)


@queue.command(help=t("记录一次联络。", "Record an attempt to contact somebody."))
def contact(
    number: Number,
    login: As,
    means: Annotated[MeansName, typer.Option(help=t("方式。", "How."))],
    whom: Annotated[str, typer.Option(help=t("联络何人。", "Whom."))],
    answer: Annotated[AnswerName, typer.Option(help=t("是否联系上。", "Whether they were reached."))],
    text: Text,
    revision: Seen = None,
    as_json: AsJson = False,
) -> None:
    def act(session: Session, actor: Actor, seen: int, now: datetime, settings: Settings) -> Violation:
        from corrections.review import reviewing
        from corrections.review.deadlines import Deadlines
        from corrections.review.reviewing import Answer, Means

        told = {"means": Means(means), "whom": whom, "answer": Answer(answer), "text": text}
        return reviewing.contact(session, actor, number, revision=seen, **told, deadlines=Deadlines.of(settings), now=now)  # type: ignore[arg-type]

    _act(number, login, revision, as_json, act)


@queue.command("hand-over", help=t("移交给另一名工作人员。", "Hand it over to another officer."))
def hand_over(
    number: Number,
    login: As,
    to: Annotated[str, typer.Option(metavar="LOGIN", help=t("移交给谁（账号）。", "To whom (login)."))],
    reason: Reason,
    revision: Seen = None,
    as_json: AsJson = False,
) -> None:
    def act(session: Session, actor: Actor, seen: int, now: datetime, settings: Settings) -> Violation:
        from corrections.records.accounts import actor_by_login
        from corrections.review import reviewing

        taker = actor_by_login(session, to, "cli").officer_id
        return reviewing.hand_over(session, actor, number, revision=seen, to=taker, reason=reason, now=now)

    _act(number, login, revision, as_json, act)


@queue.command(help=t("作出结论并办结；误报须选原因。", "Decide it; a false alarm needs its cause."))
def decide(
    number: Number,
    login: As,
    decision: Annotated[DecisionName, typer.Option(help=t("结论。", "The decision."))],
    reason: Reason,
    cause: Annotated[CauseName | None, typer.Option(help=t("误报原因。", "Cause of a false alarm."))] = None,
    revision: Seen = None,
    as_json: AsJson = False,
) -> None:
    def act(session: Session, actor: Actor, seen: int, now: datetime, settings: Settings) -> Violation:
        from corrections.domain.model import Decision, FalseAlarmCause
        from corrections.review import reviewing

        why = FalseAlarmCause(cause) if cause else None
        return reviewing.decide(session, actor, number, revision=seen, decision=Decision(decision), cause=why, reason=reason, now=now)

    _act(number, login, revision, as_json, act)


@queue.command(help=t("重新打开已办结的违规（所长、司法局）。", "Reopen a decided one (a head or the bureau)."))
def reopen(number: Number, login: As, reason: Reason, revision: Seen = None, as_json: AsJson = False) -> None:
    def act(session: Session, actor: Actor, seen: int, now: datetime, settings: Settings) -> Violation:
        from corrections.review import reviewing
        from corrections.review.deadlines import Deadlines

        return reviewing.reopen(session, actor, number, revision=seen, reason=reason, deadlines=Deadlines.of(settings), now=now)

    _act(number, login, revision, as_json, act)


def _act(number: int, login: str, revision: int | None, as_json: bool, act: Act) -> None:
    """One step in an officer's name, and how the violation stands after it."""
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.review.queue import queue_item
    from corrections.store.access import Action, violation_for
    from corrections.store.database import writing

    moment = now()
    with opened() as (engine, settings), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        newest = violation_for(session, actor, number, Action.REVIEW).revision
        act(session, actor, newest if revision is None else revision, moment, settings)
        item = queue_item(session, actor, number, now=moment)
        zone = _timezone(session, item.office_id)
    if as_json:
        print_json(asdict(item))
    else:
        _tell(item, [], zone)


# ---- telling


def _timezone(session: Session, office_id: int) -> ZoneInfo:
    from corrections.store.tables import Bureau, Office

    return ZoneInfo(session.get_one(Bureau, session.get_one(Office, office_id).bureau_id).timezone)


def _word(table_of_words: Any, key: str) -> str:
    return t(*table_of_words.get(key, (key, key)))


def _row(item: QueueItem, zone: ZoneInfo) -> tuple[Any, ...]:
    from corrections.records import words

    urgent, late = t("紧急 ", "urgent ") if item.urgent else "", t(" 超期", " overdue") if item.overdue else ""
    changed = t(" 有新证据", " new evidence") if item.new_evidence else ""
    return (
        item.id,
        item.subject_number,
        urgent + t(*words.rule(item.rule, item.zone_kind)),
        _word(words.NATURES, item.nature),
        _word(words.SEVERITIES, item.severity),
        _word(words.REVIEW_STATES, item.review_state) + changed,
        item.claimed_by_name or item.officer_name,
        local(item.due_at, zone) + late,
        t(item.reason_zh, item.reason_en),
    )


def _tell(item: QueueItem, steps: list[Step], zone: ZoneInfo) -> None:
    from corrections.records import words

    subject = item.subject_number if item.minor else f"{item.subject_number} {item.subject_name}"
    rule = t(*words.rule(item.rule, item.zone_kind))
    what = (rule, _word(words.NATURES, item.nature), _word(words.SEVERITIES, item.severity), subject, item.office_name)
    say(f"{t('违规', 'Violation')} {item.id}  {'  '.join(what)}")
    say(t(item.reason_zh, item.reason_en))
    ended = local(item.ended_at, zone) or t("仍在持续", "goes on")
    say(f"{local(item.started_at, zone)} - {ended}")
    holder = item.decided_by_name or item.claimed_by_name or item.officer_name or t("无人", "nobody")
    decision = f"  {_word(words.DECISIONS, item.decision)}" if item.decision else ""
    due = "" if item.decision else t(f"  期限 {local(item.due_at, zone)}", f"  due {local(item.due_at, zone)}")
    say(f"{_word(words.REVIEW_STATES, item.review_state)}  {holder}{decision}{due}  {t('版本', 'revision')} {item.revision}")
    if item.escalated_to_name:
        say(t(f"已上报：{item.escalated_to_name}", f"gone up to: {item.escalated_to_name}"))
    for step in steps:
        by = step.officer_name or t("系统", "service")
        say(f"  {local(step.at, zone)}  {_word(words.STEPS, step.kind)}  {by}  {_said(step.content)}".rstrip())


def _said(content: Mapping[str, Any]) -> str:
    """What was said in a step: by the service in both languages, else by a person."""
    if told := content.get("told", {}).get(language(), []):
        return t("；", "; ").join(told)
    said = [content[key] for key in STEP_WORDS if content.get(key)]
    return " ".join(one[language()] if isinstance(one, Mapping) else str(one) for one in said)
