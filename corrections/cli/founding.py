"""``corrections init``: the database, the bureau, and the administrator who adds everybody else."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from corrections.cli.secrets import secrets_file
from corrections.cli.speech import AsJson, Secrets, complain, print_json, say, t

HELP = t(
    "建立或升级数据库；给出 --code 和 --name 时，同时建立司法局及其管理员，并显示一次性密码。可重复运行。",
    "Make the database or bring it to this version; with --code and --name also create the bureau and its administrator, whose "
    "password is shown this once. Safe to run again.",
)


def add_to(app: typer.Typer) -> None:
    app.command("init", help=HELP)(init)


def init(
    code: Annotated[str, typer.Option(help=t("司法局代码，如 YX。", "Code of the bureau, such as YX."))] = "",
    name: Annotated[str, typer.Option(help=t("司法局名称。", "Name of the bureau."))] = "",
    name_en: Annotated[str, typer.Option(help=t("英文名称。", "Its English name."))] = "",
    timezone: Annotated[
        str, typer.Option(help=t("本局时区，日志和时段按此计算。", "Time zone of its days and windows."))
    ] = "Asia/Shanghai",
    login: Annotated[str, typer.Option(help=t("管理员账号。", "Login of the administrator."))] = "admin",
    admin_name: Annotated[str, typer.Option(help=t("管理员姓名。", "Name of the administrator."))] = "管理员",
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """1. Bring the schema to this version. 2. Create the bureau with its own office and administrator, all or nothing."""
    from corrections.cli.opening import open_engine, read_settings, usage
    from corrections.store.database import migrate

    if bool(code) != bool(name):
        raise usage("--code 与 --name 须同时给出。", "--code and --name go together.")
    engine = open_engine(read_settings())
    try:
        migrate(engine)
        done: dict[str, Any] = {"database": engine.url.render_as_string(hide_password=True)}
        say_it = not as_json
        if say_it:
            say(t(f"数据库已就绪：{done['database']}", f"The database is ready: {done['database']}"))
        if code:
            with secrets_file(secrets) as place:
                terms = {"code": code, "name": name, "name_en": name_en, "timezone": timezone}
                rows = _found(engine, terms, login, admin_name, place.keep)
                done |= {"bureau": terms, "administrator": {"login": login} if secrets else rows[0]}
                if say_it:
                    say(t(f"已建立司法局：{code} {name}（{timezone}）", f"Created the bureau {code} {name} ({timezone})"))
                    place.show(rows)
        elif not _has_bureau(engine):
            complain(t("还没有司法局。请再次运行并给出 --code 和 --name。", "There is no bureau yet: run it again with --code and --name."))
    finally:
        engine.dispose()
    if as_json:
        print_json(done)


def _found(engine: Any, terms: dict[str, str], login: str, admin_name: str, keep: Any) -> list[dict[str, str]]:
    from corrections.clock import now
    from corrections.domain.model import Role
    from corrections.records import accounts, register
    from corrections.store.database import writing

    moment, password = now(), accounts.new_password()
    rows = [{"login": login, "password": password}]
    with writing(engine) as session:
        bureau = register.create_bureau(session, None, **terms, now=moment)
        assert bureau.id is not None
        own = register.create_office(
            session, None, bureau_id=bureau.id, code=terms["code"], name="局机关", name_en="Bureau office", now=moment
        )
        assert own.id is not None
        accounts.create_officer(
            session, None, office_id=own.id, login=login, name=admin_name, role=Role.ADMINISTRATOR, password=password, now=moment
        )
        keep(rows)
    return rows


def _has_bureau(engine: Any) -> bool:
    from corrections.records.backup import holds_data

    return holds_data(engine)
