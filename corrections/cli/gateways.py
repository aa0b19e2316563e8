"""``corrections user gateway``: other systems that send reports for a bureau's devices."""

from __future__ import annotations

from typing import Annotated

import typer

from corrections.cli.intake import Bureau
from corrections.cli.secrets import secrets_file
from corrections.cli.speech import AsJson, Secrets, print_json, say, t, table

Name = Annotated[str, typer.Argument(metavar="NAME", help=t("系统名称。", "Name of the system."))]

gateways = typer.Typer(
    no_args_is_help=True,
    help=t(
        "经 POST /api/v1/reports 上报的其他系统：添加、列出、停用。",
        "Other systems that send reports to POST /api/v1/reports: add, list, revoke.",
    ),
)


@gateways.command(help=t("添加一个系统，凭据只显示一次。", "Add a system; its credential is shown this once."))
def add(name: Name, bureau: Bureau = "", secrets: Secrets = None, as_json: AsJson = False) -> None:
    from corrections.cli.opening import bureau_of, opened
    from corrections.clock import now
    from corrections.records.gateways import create_gateway
    from corrections.store.database import writing

    with opened() as (engine, _), secrets_file(secrets) as place:
        with writing(engine) as session:
            bureau_id = bureau_of(session, bureau).id
            assert bureau_id is not None
            gateway, credential = create_gateway(session, None, bureau_id, name=name, now=now())
            rows = [{"gateway": gateway.name, "credential": credential}]
            place.keep(rows)
        if as_json:
            print_json({"id": gateway.id, "name": gateway.name, **({} if secrets else {"credential": credential})})
            return
        say(t(f"已添加 {gateway.name}。", f"Added {gateway.name}."))
        place.show(rows)


@gateways.command("list", help=t("列出全部系统。", "List them."))
def list_(bureau: Bureau = "", as_json: AsJson = False) -> None:
    from corrections.cli.opening import bureau_of, opened
    from corrections.records.gateways import gateways_of
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        bureau_id = bureau_of(session, bureau).id
        assert bureau_id is not None
        rows = [{"id": g.id, "name": g.name, "active": g.active} for g in gateways_of(session, None, bureau_id)]
    if as_json:
        print_json(rows)
        return
    yes, no = t("是", "yes"), t("否", "no")
    table(
        (t("编号", "id"), t("名称", "name"), t("启用", "active")),
        [(row["id"], row["name"], yes if row["active"] else no) for row in rows],
    )


@gateways.command(help=t("停用一个系统，其凭据立即失效。", "End a system: its credential is refused from now on."))
def revoke(number: Annotated[int, typer.Argument(metavar="ID", help=t("编号。", "Its id."))]) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records.gateways import revoke_gateway
    from corrections.store.database import writing

    with opened() as (engine, _), writing(engine) as session:
        name = revoke_gateway(session, None, number, now=now()).name
    say(t(f"已停用 {name}。", f"Revoked {name}."))
