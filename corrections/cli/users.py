"""``corrections user``: the accounts of the staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from corrections.cli.gateways import gateways
from corrections.cli.secrets import secrets_file
from corrections.cli.speech import AsJson, Secrets, print_json, say, t, table
from corrections.errors import Invalid, NotFound

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.store.tables import Officer

RoleName = Literal["officer", "office_head", "bureau", "auditor", "administrator"]
Login = Annotated[str, typer.Argument(metavar="LOGIN", help=t("账号。", "The login."))]
Prompt = Annotated[
    bool,
    typer.Option("--prompt", help=t("在终端输入密码，而不是随机生成。", "Type the password instead of having a random one made.")),
]
RoleHelp = t(
    "角色：officer 工作人员，office_head 司法所所长，bureau 区司法局，auditor 审计员，administrator 管理员。",
    "What she may do: officer, office_head, bureau, auditor (reads the audit trail only), administrator (no locations).",
)

users = typer.Typer(
    no_args_is_help=True,
    help=t("工作人员账号：添加、列出、密码、停用、角色。", "Accounts of the staff: add, list, password, deactivate, role."),
)


users.add_typer(gateways, name="gateway")


def add_to(app: typer.Typer) -> None:
    app.add_typer(users, name="user")


@users.command(help=t("添加一名工作人员，密码只显示一次。", "Add a member of staff; the password is shown this once."))
def add(
    login: Login,
    name: Annotated[str, typer.Option(help=t("姓名。", "Name."))],
    role: Annotated[RoleName, typer.Option(help=RoleHelp)],
    office: Annotated[
        str, typer.Option(help=t("所属司法所代码（局机关用司法局代码）。", "Code of the office (the bureau's own has the bureau's code)."))
    ],
    prompt: Prompt = False,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    from sqlmodel import select

    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.domain.model import Role
    from corrections.records import accounts
    from corrections.store.database import writing
    from corrections.store.tables import Office

    password, shown = _password(prompt)
    rows = [{"login": login, "password": password}] if shown else []
    with opened() as (engine, _), secrets_file(secrets) as place:
        with writing(engine) as session:
            found = session.exec(select(Office).where(Office.code == office)).first()
            if found is None or found.id is None:
                raise NotFound(f"There is no office {office}.", f"没有代码为 {office} 的司法所。", field="office")
            accounts.create_officer(
                session, None, office_id=found.id, login=login, name=name, role=Role(role), password=password, now=now()
            )
            place.keep(rows)
        if as_json:
            print_json({"login": login, "name": name, "role": role, "office": office, **({} if secrets else dict(*rows))})
            return
        say(t(f"已添加 {name}（{login}）。", f"Added {name} ({login})."))
        place.show(rows)


@users.command("list", help=t("列出全部账号。", "List all accounts."))
def list_(as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        rows = _staff(session)
    if as_json:
        print_json(rows)
        return
    yes, no = t("是", "yes"), t("否", "no")
    headers = (
        t("账号", "login"),
        t("姓名", "name"),
        t("角色", "role"),
        t("司法所", "office"),
        t("在岗", "active"),
        t("有密码", "password"),
    )
    table(
        headers, [(r["login"], r["name"], r["role"], r["office"], yes if r["active"] else no, yes if r["password"] else no) for r in rows]
    )


def _staff(session: Session) -> list[dict[str, Any]]:
    from sqlmodel import col, select

    from corrections.store.tables import Office, Officer

    statement = select(Officer, Office.code).join(Office, col(Office.id) == col(Officer.office_id)).order_by(col(Officer.login))
    return [
        {"login": o.login, "name": o.name, "role": o.role, "office": code, "active": o.active, "password": bool(o.password_hash)}
        for o, code in session.exec(statement)
    ]


@users.command(help=t("设置新密码，并结束其全部登录。", "Set a new password and end all of the officer's log-ins."))
def password(login: Login, prompt: Prompt = False, secrets: Secrets = None, as_json: AsJson = False) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records import accounts
    from corrections.store.database import writing

    new, shown = _password(prompt)
    rows = [{"login": login, "password": new}] if shown else []
    with opened() as (engine, _), secrets_file(secrets) as place:
        with writing(engine) as session:
            accounts.set_password(session, None, _officer(session, login), new, now=now())
            place.keep(rows)
        if as_json:
            print_json({"login": login, **({} if secrets else dict(*rows))})
            return
        say(t(f"已为 {login} 设置新密码。", f"Set a new password for {login}."))
        place.show(rows)


@users.command(help=t("停用账号并立即结束其登录；其经办记录保留。", "Deactivate an account at once; what she did stays in her name."))
def deactivate(login: Login) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records import accounts
    from corrections.store.database import writing

    with opened() as (engine, settings), writing(engine) as session:
        accounts.deactivate_officer(session, None, _officer(session, login), settings=settings, now=now())
    say(t(f"已停用 {login}。", f"Deactivated {login}."))


@users.command(help=t("更改角色。", "Change the role."))
def role(login: Login, role: Annotated[RoleName, typer.Argument(help=RoleHelp)]) -> None:
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.domain.model import Role
    from corrections.records import accounts
    from corrections.store.database import writing

    with opened() as (engine, settings), writing(engine) as session:
        accounts.change_officer(session, None, _officer(session, login), role=Role(role), settings=settings, now=now())
    say(t(f"{login} 的角色现为 {role}。", f"{login} is now {role}."))


def _password(prompt: bool) -> tuple[str, bool]:
    """The password to set, and whether it must be shown."""
    from corrections.records.accounts import new_password

    if not prompt:
        return new_password(), True
    typed: str = typer.prompt(t("新密码", "New password"), hide_input=True)
    if typer.prompt(t("再输入一次", "Again"), hide_input=True) != typed:
        raise Invalid("The two passwords differ.", "两次输入的密码不一致。", field="password")
    return typed, False


def _officer(session: Session, login: str) -> int:
    from sqlmodel import select

    from corrections.store.tables import Officer

    found: Officer | None = session.exec(select(Officer).where(Officer.login == login)).first()
    if found is None or found.id is None:
        raise NotFound(f"There is no account {login}.", f"没有账号 {login}。", field="login")
    return found.id
