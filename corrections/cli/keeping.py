"""``corrections verify``, ``backup`` and ``restore``: that what is kept stays whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corrections.cli.speech import AsJson, print_json, say, t, table

Binaries = Annotated[
    Path | None,
    typer.Option(
        "--binaries",
        file_okay=False,
        exists=True,
        help=t("PostgreSQL 客户端程序所在目录。", "Folder of PostgreSQL's client programs, where they are not on the path."),
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command(
        help=t(
            "检验审计链：被改动、删除、插入或移动的记录逐条指出，发现问题时退出码为 1。",
            "Check the audit chain: names each record that was changed, removed, inserted or moved; exits with 1 if there is one.",
        )
    )(verify)
    app.command(
        help=t(
            "将整个数据库备份到新文件，服务可继续运行。",
            "Write a backup of the whole database to a new file; the service may run meanwhile.",
        )
    )(backup)
    app.command(help=t("用备份替换数据库；服务须先停止。", "Put a backup in place of the database; the service must be stopped first."))(
        restore
    )


def verify(
    head: Annotated[
        str,
        typer.Option(
            help=t("另行保存的末尾哈希值，可查出末尾记录被删除。", "A last hash that you kept elsewhere; shows when the end was cut off.")
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    from sqlalchemy import func
    from sqlmodel import select

    from corrections.cli.opening import opened
    from corrections.records import audit
    from corrections.store.database import reading
    from corrections.store.tables import AuditEvent

    with opened() as (engine, _), reading(engine) as session:
        faults = audit.verify(session, kept_head=head or None)
        events = session.exec(select(func.count()).select_from(AuditEvent)).one()
        last = audit.head(session)
    if as_json:
        told = [{"event": f.event_id, "trouble": f.trouble, "en": f.en, "zh": f.zh} for f in faults]
        print_json({"events": events, "head": last, "faults": told})
    elif faults:
        headers = (t("记录", "event"), t("问题", "trouble"), t("说明", "what is wrong"))
        table(headers, [(f.event_id, f.trouble, t(f.zh, f.en)) for f in faults])
    else:
        say(t(f"审计链完整：{events} 条记录。", f"The audit chain is whole: {events} events."))
        say(t(f"末尾哈希值（请另行保存）：{last}", f"Its last hash, to keep elsewhere: {last}"))
    if faults:
        raise typer.Exit(1)


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help=t("新文件。", "The new file."))],
    binaries: Binaries = None,
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import opened
    from corrections.records.backup import back_up

    with opened() as (engine, _):
        size = back_up(engine, file, binaries=binaries)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        say(t(f"已备份到 {file}（{size:,} 字节）。", f"Backed up to {file} ({size:,} bytes)."))


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=t("备份文件。", "The backup."))],
    force: Annotated[bool, typer.Option("--force", help=t("替换非空的数据库。", "Replace a database that holds data."))] = False,
    binaries: Binaries = None,
) -> None:
    """The backup may be of an older version: its schema is brought to this one afterwards."""
    from corrections.cli.opening import open_engine, read_settings
    from corrections.records import backup as backups
    from corrections.store.database import migrate

    engine = open_engine(read_settings())
    try:
        backups.restore(engine, file, force=force, binaries=binaries)
        migrate(engine)
    finally:
        engine.dispose()
    say(t(f"已从 {file} 恢复。", f"Restored from {file}."))
