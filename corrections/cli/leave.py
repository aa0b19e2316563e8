"""``corrections leave``: requests for leave, their decision, and what is reported on them, in an officer's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from corrections.cli.speech import As, AsJson, language, local, print_json, say, t, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.records.outlines import Outline
    from corrections.settings import Settings
    from corrections.store.access import Actor
    from corrections.store.tables import LeaveRequest

    Act = Callable[[Session, Actor, LeaveRequest, Settings, datetime], LeaveRequest]

KindName = Literal["leave", "regular"]
ReasonName = Literal["medical", "study", "litigation", "family", "work", "other"]
StateName = Literal["requested", "approved", "refused", "withdrawn"]
LanguageName = Literal["zh", "en"]
ReportName = Literal["departure", "arrival", "underway", "return"]

Number = Annotated[int, typer.Argument(metavar="N", help=t("申请编号。", "Number of the request."))]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=t("社区矫正对象编号。", "Number of the subject."))]
Moment = Annotated[str, typer.Option(metavar="TIME", help=t("如 2026-03-02T15:30（本局时间）。", "Such as 2026-03-02T15:30 (local)."))]

_WINDOW = re.compile(r"([1-7](?:,[1-7])*)@(\d\d:\d\d)-(\d\d:\d\d)")

leave = typer.Typer(
    no_args_is_help=True,
    help=t(
        "外出请假：列出、查看、申请、批准、不予批准、撤回、登记报告与销假。",
        "Leave: list, show, request, approve, refuse, withdraw, report.",
    ),
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(leave, name="leave")


@leave.command("list", help=t("列出外出申请，新的在前。", "List requests, the newest first."))
def list_(
    login: As,
    state: Annotated[StateName | None, typer.Option(help=t("只列此状态的。", "Only those in this state."))] = None,
    subject: Annotated[str, typer.Option(help=t("只列此对象编号的。", "Only those of the subject with this number."))] = "",
    away: Annotated[bool, typer.Option("--away", help=t("只列正在外出、尚未销假的。", "Only who is away and not signed back in."))] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help=t("最多列出多少条。", "How many at most."))] = 100,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened, subject_numbered
    from corrections.clock import now
    from corrections.domain.casework import ApprovalRank, RequestState
    from corrections.records.accounts import actor_by_login
    from corrections.records.casework_words import CASEWORK
    from corrections.records.leave import list_requests
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        actor = actor_by_login(session, login, "cli")
        subject_id = subject_numbered(session, subject).id if subject else None
        chosen = RequestState(state) if state else None
        away_at = now() if away else None
        found = list_requests(session, actor, subject_id=subject_id, state=chosen, away_at=away_at, limit=limit)
        rows = [_told(session, row) for row in found]
    if as_json:
        print_json([{key: value for key, value in row.items() if key != "zone"} for row in rows])
        return
    words, which = {**CASEWORK[RequestState], **CASEWORK[ApprovalRank]}, 0 if language() == "zh" else 1
    names = (t("对象", "subject"), t("目的地", "destination"), t("自", "from"), t("至", "until"), t("天数", "days"), t("合计", "in all"))
    table(
        ("N", *names, t("审批", "decides"), t("状态", "state"), t("期限", "due")),
        [
            (
                row["id"], row["subject"], row["destination"], local(row["leaves_at"], row["zone"]), local(row["returns_at"], row["zone"]),
                row["days"], row["total_days"], words[ApprovalRank(row["rank"])][which], words[RequestState(row["state"])][which],
                local(row["due_at"], row["zone"]),
            )
            for row in rows
        ],
    )  # fmt: skip


@leave.command(help=t("查看一项申请及外出期间的报告。", "Show a request and what was reported on it."))
def show(number: Number, login: As, as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.domain.casework import LeaveReportKind
    from corrections.records.accounts import actor_by_login
    from corrections.records.casework_words import CASEWORK
    from corrections.records.leave import reports_of, request_for
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        told = _told(session, request_for(session, actor_by_login(session, login, "cli"), number))
        zone = told["zone"]
        reports: list[dict[str, Any]] = [
            {"kind": one.kind, "at": one.at, "text": one.text, "recorded_by": one.recorded_by} for one in reports_of(session, number)
        ]
    if as_json:
        print_json({**{key: value for key, value in told.items() if key != "zone"}, "reports": reports})
        return
    _say(told, as_json)
    span = f"{local(told['leaves_at'], zone)} – {local(told['returns_at'], zone)}"
    say(f"{told['subject']}  {told['destination']}  {span}")
    for label, text in ((t("要求", "Conditions"), told["conditions"]), (t("审批意见", "On the decision"), told["decision_note"])):
        if text:
            say(f"{label}{t('：', ': ')}{text}")
    for one in reports:
        kind = CASEWORK[LeaveReportKind][LeaveReportKind(one["kind"])][0 if language() == "zh" else 1]
        say(f"  {local(one['at'], zone)}  {kind}  {one['text']}".rstrip())


@leave.command(help=t("代对象申请外出。", "Ask for leave on behalf of a subject."))
def request(
    subject: Subject,
    login: As,
    reason: Annotated[ReasonName, typer.Option(help=t("事由。", "Why."))],
    destination: Annotated[str, typer.Option(help=t("目的地。", "Where to."))],
    leaves: Moment,
    returns: Moment,
    details: Annotated[str, typer.Option(help=t("事由说明。", "More about why."))] = "",
    kind: Annotated[KindName, typer.Option(help=t("外出，或经常性跨市、县活动。", "Leave, or regular cross-area activity."))] = "leave",
    urgent: Annotated[
        bool,
        typer.Option(
            "--urgent", help=t("紧急，未能提前申请；--details 说明原因。", "It could not be asked for earlier; --details say why.")
        ),
    ] = False,
    outline: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=t(
                "目的地或路线区域文件（GeoJSON、KML、WKT），可重复。",
                "A file of the place or the way (GeoJSON, KML, WKT); may be repeated.",
            ),
        ),
    ] = None,
    circle: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAT,LON,METRES", help=t("目的地圆形区域（WGS-84），可重复。", "A circle of the place (WGS-84); may be repeated.")
        ),
    ] = None,
    window: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DAYS@FROM-UNTIL",
            help=t("经常性活动时段，如 1,3@07:00-20:00（周一为 1），可重复。", "When, as 1,3@07:00-20:00 (Monday 1); may be repeated."),
        ),
    ] = None,
    extends: Annotated[int | None, typer.Option(metavar="N", help=t("所延长的申请编号。", "The request whose leave it extends."))] = None,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import local_moment, opened, subject_numbered
    from corrections.clock import now
    from corrections.domain.casework import LeaveKind, LeaveReason
    from corrections.records.accounts import actor_by_login
    from corrections.records.leave import Wanted, request_leave
    from corrections.store.database import writing
    from corrections.store.tables import Bureau

    with opened() as (engine, settings), writing(engine) as session:
        actor, found = actor_by_login(session, login, "cli"), subject_numbered(session, subject)
        zone = session.get_one(Bureau, found.bureau_id).timezone
        span = local_moment(leaves, zone), local_moment(returns, zone)
        wanted = Wanted(
            LeaveKind(kind), LeaveReason(reason), destination, *span, details=details, urgent=urgent,
            outline=_outline(outline or (), circle or ()), windows=[_window(one) for one in window or ()],
        )  # fmt: skip
        assert found.id is not None
        made = request_leave(session, actor, found.id, wanted, extends=extends, settings=settings, now=now())
        told = _told(session, made)
    _say(told, as_json)


@leave.command(help=t("批准申请。", "Approve a request."))
def approve(
    number: Number,
    login: As,
    conditions: Annotated[str | None, typer.Option(help=t("外出期间的要求。", "What is asked of her meanwhile."))] = None,
    approved_by: Annotated[
        str, typer.Option("--approved-by", help=t("上一级批准机关（须由其批准的）。", "The body above the county's, where it decides."))
    ] = "",
    procuratorate_told: Annotated[
        str, typer.Option("--procuratorate-told", metavar="TIME", help=t("通报人民检察院的时间。", "When the procuratorate was told."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    def act(session: Session, actor: Actor, row: LeaveRequest, settings: Settings, at: datetime) -> LeaveRequest:
        from corrections.cli.opening import local_moment
        from corrections.records.leave import approve_leave
        from corrections.store.tables import Bureau

        zone = session.get_one(Bureau, row.bureau_id).timezone
        return approve_leave(
            session, actor, number, revision=row.revision, conditions=conditions, approved_by=approved_by,
            procuratorate_told_at=local_moment(procuratorate_told, zone) if procuratorate_told else None, settings=settings, now=at,
        )  # fmt: skip

    _act(number, login, as_json, act)


@leave.command(help=t("不予批准，须说明理由。", "Refuse a request, with the reason."))
def refuse(
    number: Number, login: As, reason: Annotated[str, typer.Option(help=t("理由。", "Why."))], as_json: AsJson = False
) -> None:  # fmt: skip
    def act(session: Session, actor: Actor, row: LeaveRequest, _settings: Settings, at: datetime) -> LeaveRequest:
        from corrections.records.leave import refuse_leave

        return refuse_leave(session, actor, number, revision=row.revision, reason=reason, now=at)

    _act(number, login, as_json, act)


@leave.command(help=t("撤回尚未审批的申请。", "Take back a request that is not decided."))
def withdraw(number: Number, login: As, as_json: AsJson = False) -> None:
    def act(session: Session, actor: Actor, _row: LeaveRequest, _settings: Settings, at: datetime) -> LeaveRequest:
        from corrections.records.leave import withdraw_leave

        return withdraw_leave(session, actor, number, now=at)

    _act(number, login, as_json, act)


@leave.command(help=t("登记外出期间的报告；return 为销假。", "Note what she reported while away; return signs her back in."))
def report(
    number: Number,
    login: As,
    kind: Annotated[ReportName, typer.Option(help=t("类别。", "What kind."))],
    at: Annotated[str, typer.Option(metavar="TIME", help=t("时间（本局时间，默认现在）。", "When (local; default now)."))] = "",
    text: Annotated[str, typer.Option(help=t("内容；逾期返回须填原因。", "What she says; of a late return, why."))] = "",
    as_json: AsJson = False,
) -> None:
    def act(session: Session, actor: Actor, row: LeaveRequest, _settings: Settings, now: datetime) -> LeaveRequest:
        from corrections.cli.opening import local_moment
        from corrections.domain.casework import LeaveReportKind
        from corrections.records.leave import report_leave
        from corrections.store.tables import Bureau

        when = local_moment(at, session.get_one(Bureau, row.bureau_id).timezone) if at else now
        report_leave(session, actor, number, LeaveReportKind(kind), at=when, text=text, now=now)
        return row

    _act(number, login, as_json, act)


@leave.command(help=t("出具外出证明（PDF）；出具会留痕。", "Make the leave certificate (PDF); that it was made is recorded."))
def certificate(
    number: Number,
    login: As,
    out: Annotated[Path, typer.Option(dir_okay=False, metavar="FILE", help=t("写入的文件。", "The file to write."))],
    lang: Annotated[
        LanguageName | None, typer.Option(help=t("语言（默认为设置中的语言）。", "Its language (default: the settings')."))
    ] = None,
) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records import certificates
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import writing

    chosen: LanguageName = lang or ("en" if language() == "en" else "zh")
    with opened() as (engine, settings), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        made = certificates.certificate(session, actor, number, chosen, settings=settings, now=now())
    out.write_bytes(made.paper().content)
    say(t(f"已写入 {out}。", f"Wrote {out}."))


def _outline(files: Sequence[Path], circles: Sequence[str]) -> Outline | None:
    """What the files and circles cover together; None without any."""
    from corrections.cli.opening import usage
    from corrections.records import outlines

    found = [outlines.read_outline(file.read_bytes()) for file in files]
    for given in circles:
        try:
            lat, lon, radius_m = (float(part) for part in given.split(","))
        except ValueError as error:
            raise usage(f"“{given}”应形如 30.25,120.15,5000。", f"{given} is not a circle such as 30.25,120.15,5000.") from error
        found.append(outlines.circle(lat, lon, radius_m))
    return outlines.union(found) if found else None


def _window(given: str) -> dict[str, Any]:
    from corrections.cli.opening import usage

    read = _WINDOW.fullmatch(given)
    if read is None:
        raise usage(f"“{given}”应形如 1,3@07:00-20:00。", f"{given} is not a window such as 1,3@07:00-20:00.")
    return {"weekdays": sorted({int(day) - 1 for day in read[1].split(",")}), "start": read[2], "until": read[3]}


def _act(number: int, login: str, as_json: bool, act: Act) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.records.leave import request_for
    from corrections.store.database import writing

    with opened() as (engine, settings), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        row = act(session, actor, request_for(session, actor, number), settings, now())
        told = _told(session, row)
    _say(told, as_json)


def _told(session: Session, row: LeaveRequest) -> dict[str, Any]:
    from zoneinfo import ZoneInfo

    from corrections.store.tables import Bureau, Subject

    left_out = {"outline", "bureau_id", "office_id"}
    told = {name: getattr(row, name) for name in type(row).model_fields if name not in left_out}
    zone = ZoneInfo(session.get_one(Bureau, row.bureau_id).timezone)
    return {**told, "subject": session.get_one(Subject, row.subject_id).number, "zone": zone}


def _say(told: dict[str, Any], as_json: bool) -> None:
    from corrections.domain.casework import ApprovalRank, RequestState
    from corrections.records.casework_words import CASEWORK

    if as_json:
        print_json({key: value for key, value in told.items() if key != "zone"})
        return
    state, rank = CASEWORK[RequestState][RequestState(told["state"])], CASEWORK[ApprovalRank][ApprovalRank(told["rank"])]
    say(
        t(
            f"外出申请 {told['id']}：{state[0]}，{told['days']} 天（两个月内合计 {told['total_days']} 天），由{rank[0]}审批。",
            f"Leave request {told['id']}: {state[1]}, {told['days']} days ({told['total_days']} within two months), decided by {rank[1]}.",
        )
    )
