"""``corrections own``: the links to subjects' own views, and what they object to."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from corrections.cli.speech import As, AsJson, local, print_json, say, t, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.store.access import Actor

OutcomeName = Literal["upheld", "partly", "rejected"]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help=t("对象编号。", "The subject's number."))]
By = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="LOGIN",
        help=t("以哪位工作人员的名义（账号）；不填则为本机操作员。", "In which officer's name (login); else the operator's."),
    ),
]

own = typer.Typer(
    no_args_is_help=True,
    help=t(
        "对象本人查询：生成和停用链接，列出和答复异议。", "Subjects' own views: make and end links, list and answer objections."
    ),
)  # fmt: skip


def add_to(app: typer.Typer) -> None:
    app.add_typer(own, name="own")


@own.command(
    help=t(
        "生成本人查询链接，只显示这一次；之前的链接随即失效。终端中显示二维码，可直接扫码。",
        "Make a link to a subject's own view, shown this once; the one before ends. The code can be scanned from the terminal.",
    )
)
def link(
    number: Number,
    login: By = "",
    keep: Annotated[bool, typer.Option("--keep", help=t("保留之前的链接。", "Let the links before it open as well."))] = False,
    address: Annotated[
        str, typer.Option(help=t("手机访问的地址（默认取设置 portal.address）。", "Address that phones reach (default: portal.address)."))
    ] = "",
    svg: Annotated[Path | None, typer.Option(dir_okay=False, help=t("将二维码写入 SVG 文件。", "Write the code to an SVG file."))] = None,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened, subject_numbered
    from corrections.clock import now
    from corrections.records.own import address_of, make_link, qr_svg
    from corrections.store.database import writing

    with opened() as (engine, settings):
        base = (address or settings.portal.address or f"http://{settings.service.host}:{settings.service.port}").rstrip("/")
        with writing(engine) as session:
            subject_id = subject_numbered(session, number).id or 0
            made, token = make_link(session, _actor(session, login), subject_id, settings.portal, now(), keep_others=keep)
            zone = _timezone(session, subject_id)
    opens = address_of(token, base)
    if svg is not None:
        svg.write_text(qr_svg(opens) + "\n", encoding="utf-8")
    if as_json:
        print_json({"id": made.id, "subject": number, "address": opens, "expires_at": made.expires_at})
        return
    say(opens)
    say(t(f"有效期至 {local(made.expires_at, zone)}。", f"It ends {local(made.expires_at, zone)}."))
    say(_code(opens))


@own.command(help=t("停用一名对象的全部本人查询链接。", "End all of a subject's links."))
def revoke(number: Number, login: By = "") -> None:
    from corrections.cli.opening import opened, subject_numbered
    from corrections.clock import now
    from corrections.records.own import links_of, revoke_link
    from corrections.store.database import writing

    with opened() as (engine, _), writing(engine) as session:
        actor, at = _actor(session, login), now()
        links = links_of(session, actor, subject_numbered(session, number).id or 0)
        standing = [one for one in links if one.revoked_at is None and one.expires_at > at]
        for one in standing:
            revoke_link(session, actor, one.id or 0, at)
    say(t(f"已停用 {len(standing)} 个链接。", f"Ended {len(standing)} links."))


@own.command(help=t("列出异议，最新的在前；默认只列待答复的。", "List objections, newest first; those that wait, unless --all."))
def objections(
    login: By = "",
    every: Annotated[bool, typer.Option("--all", help=t("包括已答复的。", "Answered ones, too."))] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened
    from corrections.records.objections import list_objections
    from corrections.store.database import reading
    from corrections.store.tables import Subject

    with opened() as (engine, _), reading(engine) as session:
        found = list_objections(session, _actor(session, login), open=None if every else True, limit=500)
        rows = [
            {
                "id": one.id, "subject": session.get_one(Subject, one.subject_id).number, "about": one.about, "about_id": one.about_id,
                "at": one.at, "due_at": one.due_at, "answered_at": one.answered_at, "outcome": one.outcome, "text": one.text,
            }
            for one in found
        ]  # fmt: skip
        zones = [_timezone(session, one.subject_id) for one in found]
    if as_json:
        print_json(rows)
        return
    headers = ("N", t("对象", "subject"), t("事项", "about"), t("提出", "made"), t("期限", "due"), t("结果", "outcome"), t("内容", "text"))
    table(headers, [_row(row, zone) for row, zone in zip(rows, zones, strict=True)])


@own.command(help=t("答复一份异议，由未参与该事项的负责人进行。", "Answer an objection, as a head who had no part in it."))
def answer(
    number: Annotated[int, typer.Argument(metavar="N", help=t("异议编号。", "Number of the objection."))],
    login: As,
    outcome: Annotated[
        OutcomeName, typer.Option(help=t("成立、部分成立或不成立。", "Whether it is upheld, in part, or rejected."))
    ],
    text: Annotated[str, typer.Option(help=t("答复内容及理由，对象本人可见。", "The answer with its reasons, as she reads it."))],
) -> None:  # fmt: skip
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.domain.casework import ObjectionOutcome
    from corrections.records import objections as service
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import writing

    with opened() as (engine, _), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        service.answer(session, actor, number, outcome=ObjectionOutcome(outcome), text=text, now=now())
    say(t("已答复，本人会收到提示。", "Answered; she is told."))


def _row(row: dict[str, Any], zone: ZoneInfo) -> tuple[Any, ...]:
    from corrections.domain.casework import ObjectedTo, ObjectionOutcome
    from corrections.records.casework_words import CASEWORK

    about = t(*CASEWORK[ObjectedTo][ObjectedTo(row["about"])]) + (f" {row['about_id']}" if row["about_id"] else "")
    outcome = t(*CASEWORK[ObjectionOutcome][ObjectionOutcome(row["outcome"])]) if row["outcome"] else ""
    return (row["id"], row["subject"], about, local(row["at"], zone), local(row["due_at"], zone), outcome, row["text"][:40])


def _code(address: str) -> str:
    """The address as a QR code of block characters."""
    import segno

    drawn = io.StringIO()
    segno.make(address, error="m", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()


def _actor(session: Session, login: str) -> Actor | None:
    from corrections.records.accounts import actor_by_login

    return actor_by_login(session, login, "cli") if login else None


def _timezone(session: Session, subject_id: int) -> ZoneInfo:
    from corrections.store.tables import Bureau, Subject

    return ZoneInfo(session.get_one(Bureau, session.get_one(Subject, subject_id).bureau_id).timezone)
