"""``corrections notices``: what people are to be told, and the channels over which they are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from corrections.cli.speech import As, AsJson, language, print_json, say, t, table

Number = Annotated[int, typer.Argument(metavar="N", help=t("编号。", "Number."))]

StateName = Literal["waiting", "sending", "failing", "sent", "given_up", "needless"]  # of domain.notifying.MessageState

notices = typer.Typer(
    no_args_is_help=True,
    help=t("提醒与通知渠道：列出、办结、渠道地址、发件箱、重发、试发。", "Notices and channels: list, done, address, outbox, retry, test."),
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(notices, name="notices")


@notices.command("list", help=t("列出待告知的提醒。", "List what people are still to be told."))
def list_(
    login: As,
    limit: Annotated[int, typer.Option(min=1, max=500, help=t("最多列出多少条。", "How many at most."))] = 100,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened
    from corrections.records.accounts import actor_by_login
    from corrections.review.notices import list_notices
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        found = list_notices(session, actor_by_login(session, login, "cli"), limit=limit)
    if as_json:
        print_json([asdict(item) for item in found])
        return
    text = [item.text_zh if language() == "zh" else item.text_en for item in found]
    rows = [(i.id, i.recipient, i.officer_name or "", i.subject_number or "", said) for i, said in zip(found, text, strict=True)]
    table(("N", t("对谁", "whom"), t("人员", "officer"), t("对象", "subject"), t("内容", "what")), rows)


@notices.command(help=t("登记已告知。", "Note that it was told."))
def done(number: Number, login: As, as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.review.notices import complete_notice
    from corrections.store.database import writing

    with opened() as (engine, _), writing(engine) as session:
        item = complete_notice(session, actor_by_login(session, login, "cli"), number, now())
    if as_json:
        print_json(asdict(item))
        return
    say(t(f"提醒 {number} 已告知。", f"Notice {number} was told."))


@notices.command(
    help=t(
        "设置工作人员在各渠道的地址，如 mail=a@b.cn；未写的渠道不再使用。",
        "Say where an officer is reached, as mail=a@b.cn; what is left out, she is not.",
    )
)
def address(
    login: Annotated[str, typer.Argument(metavar="LOGIN", help=t("工作人员账号。", "The officer's login."))],
    where: Annotated[list[str] | None, typer.Argument(metavar="CHANNEL=ADDRESS", help=t("渠道与地址。", "Channel and address."))] = None,
    as_json: AsJson = False,
) -> None:
    from sqlmodel import select

    from corrections.cli.opening import opened, usage
    from corrections.clock import now
    from corrections.errors import NotFound
    from corrections.records.accounts import set_addresses
    from corrections.store.database import writing
    from corrections.store.tables import Officer

    pairs = [pair.partition("=") for pair in where or []]
    if any(not sep for _, sep, _ in pairs):
        raise usage("地址写作 渠道=地址。", "Write an address as CHANNEL=ADDRESS.")
    with opened() as (engine, settings), writing(engine) as session:
        officer = session.exec(select(Officer).where(Officer.login == login)).first()
        if officer is None or officer.id is None:
            raise NotFound(f"There is no officer with the login {login}.", f"没有账号为 {login} 的工作人员。")
        set_addresses(session, None, officer.id, {name: place for name, _, place in pairs}, settings=settings, now=now())
    if as_json:
        print_json({"login": login, "channels": sorted(name for name, *_ in pairs)})
        return
    say(t(f"已设置 {login} 的 {len(pairs)} 个渠道地址。", f"{login} is reached over {len(pairs)} channels."))


@notices.command(help=t("列出发件箱：渠道、内容、次数、状态、错误。", "List the outbox: channel, what, attempts, state, error."))
def outbox(
    login: As,
    state: Annotated[StateName | None, typer.Option(help=t("只列此状态的。", "Only those in this state."))] = None,
    channel: Annotated[str | None, typer.Option(help=t("只列此渠道的。", "Only those over this channel."))] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help=t("最多列出多少条。", "How many at most."))] = 100,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened
    from corrections.domain.notifying import MessageState
    from corrections.records.accounts import actor_by_login
    from corrections.review.outbox import list_messages, state_of
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        chosen = MessageState(state) if state else None
        found = list_messages(session, actor_by_login(session, login, "cli"), state=chosen, channel=channel, limit=limit)
        hidden = {"text_zh", "text_en", "key", "bureau_id"}
        rows: list[dict[str, Any]] = [m.model_dump(exclude=hidden) | {"state": state_of(m).value} for m in found]
    if as_json:
        print_json(rows)
        return
    table(
        ("N", t("渠道", "channel"), t("内容", "what"), t("次数", "attempts"), t("状态", "state"), t("错误", "error")),
        [(r["id"], r["channel"], r["reference"], r["attempts"], t(*STATES[r["state"]]), r["last_error"]) for r in rows],
    )


@notices.command(help=t("立即重发一条消息（静默时段内则在其结束时）。", "Try a message again now, or when the quiet hours end."))
def retry(number: Number, as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.review.outbox import retry as try_again
    from corrections.store.database import writing

    with opened() as (engine, settings), writing(engine) as session:
        message = try_again(session, None, number, settings, now())
        told = {"id": message.id, "due_at": message.due_at}
    if as_json:
        print_json(told)
        return
    say(t(f"消息 {number} 将重发。", f"Message {number} is tried again."))


@notices.command("test", help=t("经一个渠道向一个地址试发一条消息。", "Send a message over a channel to an address, to see that it works."))
def try_one(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help=t("渠道名称。", "Name of the channel."))],
    place: Annotated[str, typer.Argument(metavar="ADDRESS", help=t("地址。", "The address."))],
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.monitor.sending import try_channel

    with opened() as (engine, settings):
        try_channel(engine, settings, None, channel, place, now())
    if as_json:
        print_json({"sent": True})
        return
    say(t("已发送。", "Sent."))


STATES = {
    "waiting": ("待发送", "waits"),
    "sending": ("发送中", "being sent"),
    "failing": ("待重发", "failed, is tried again"),
    "sent": ("已发送", "sent"),
    "given_up": ("已放弃", "given up"),
    "needless": ("已无需发送", "needless"),
}
