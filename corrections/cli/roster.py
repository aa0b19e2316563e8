"""``corrections roster``: who is away, who is on duty, and a month's duties from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corrections.cli.intake import Bureau
from corrections.cli.speech import AsJson, local, print_json, say, t, table

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.store.tables import Officer

From = Annotated[
    str, typer.Option("--from", metavar="TIME", help=t("开始（本局时间），如 2026-03-02T17:30。", "From when on (local time)."))
]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help=t("结束（本局时间）。", "Until when (local time)."))]
Login = Annotated[str, typer.Argument(metavar="LOGIN", help=t("工作人员账号。", "Login of the officer."))]

roster = typer.Typer(
    no_args_is_help=True,
    help=t("值班与缺勤：列出、登记、导入、取消。", "Duties and absences: list, record, import, cancel."),
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(roster, name="roster")


@roster.command("list", help=t("列出一段时间内的值班和缺勤。", "List the duties and absences of a span of time."))
def list_(from_: From = "", until: Until = "", bureau: Bureau = "", as_json: AsJson = False) -> None:
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from corrections.cli.opening import bureau_of, local_moment, opened
    from corrections.clock import now
    from corrections.records.roster import absences_between, duties_between
    from corrections.store.database import reading

    with opened() as (engine, _), reading(engine) as session:
        here = bureau_of(session, bureau)
        assert here.id is not None
        zone = ZoneInfo(here.timezone)
        start = local_moment(from_, here.timezone) if from_ else now()
        end = local_moment(until, here.timezone) if until else start + timedelta(days=7)
        names = _names(session, here.id)
        rows = [_row("duty", duty, duty.office_id, names) for duty in duties_between(session, here.id, from_=start, until=end)]
        rows += [_row("absence", one, None, names) for one in absences_between(session, here.id, from_=start, until=end)]
    rows.sort(key=lambda row: (row["from"], row["kind"], row["id"]))
    if as_json:
        print_json(rows)
        return
    words = {"duty": t("值班", "duty"), "absence": t("缺勤", "absence")}
    headers = (t("类别", "kind"), "N", t("账号", "login"), t("姓名", "name"), t("开始", "from"), t("结束", "until"), t("范围", "for"))
    table(headers, [_cells(row, words, zone) for row in rows])


@roster.command(help=t("登记缺勤（请假、培训等）。", "Record that an officer is away."))
def absence(
    login: Login,
    from_: From,
    until: Until,
    deputy: Annotated[
        str, typer.Option(metavar="LOGIN", help=t("由谁代理（默认为其固定代理人）。", "Who stands in (default: her deputy)."))
    ] = "",
    reason: Annotated[str, typer.Option(help=t("事由。", "Why."))] = "",
    as_json: AsJson = False,
) -> None:
    from corrections.cli.opening import local_moment, opened
    from corrections.clock import now
    from corrections.records.roster import record_absence
    from corrections.store.database import writing

    with opened() as (engine, _), writing(engine) as session:
        officer, zone = _officer(session, login)
        deputy_id = _officer(session, deputy)[0].id if deputy else None
        starts_at, ends_at = local_moment(from_, zone), local_moment(until, zone)
        assert officer.id is not None
        done = record_absence(
            session, None, officer.id, starts_at=starts_at, ends_at=ends_at, deputy_id=deputy_id, reason=reason, now=now()
        )
    _told(done.id, as_json, t(f"已登记 {officer.name} 的缺勤 {done.id}。", f"Recorded absence {done.id} of {officer.name}."))


@roster.command(help=t("安排值班。", "Put an officer on duty."))
def duty(
    login: Login,
    from_: From,
    until: Until,
    office: Annotated[
        str, typer.Option(metavar="CODE", help=t("为哪个司法所值班（默认全局）。", "For which office (default: for all)."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    from sqlmodel import select

    from corrections.cli.opening import local_moment, opened
    from corrections.clock import now
    from corrections.errors import NotFound
    from corrections.records.roster import plan_duty
    from corrections.store.database import writing
    from corrections.store.tables import Office

    with opened() as (engine, _), writing(engine) as session:
        officer, zone = _officer(session, login)
        office_id = None
        if office:
            office_id = session.exec(select(Office.id).where(Office.code == office)).first()
            if office_id is None:
                raise NotFound(f"There is no office {office}.", f"没有代码为 {office} 的司法所。", field="office")
        starts_at, ends_at = local_moment(from_, zone), local_moment(until, zone)
        assert officer.id is not None
        done = plan_duty(session, None, officer.id, office_id=office_id, starts_at=starts_at, ends_at=ends_at, now=now())
    _told(done.id, as_json, t(f"已安排 {officer.name} 值班 {done.id}。", f"Planned duty {done.id} of {officer.name}."))


@roster.command(
    "import", help=t("从 CSV 或 XLSX 文件导入值班表，全部成功或全部不导入。", "Import duties from a CSV or XLSX file: all rows or none.")
)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=t("文件。", "The file."))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=t("只检查，不保存。", "Check only, keep nothing."))] = False,
    bureau: Bureau = "",
    as_json: AsJson = False,
) -> None:
    from dataclasses import asdict

    from corrections.cli.opening import bureau_of, opened
    from corrections.cli.speech import complain
    from corrections.clock import now
    from corrections.errors import ImportRejected
    from corrections.records.roster_file import import_duties
    from corrections.store.database import writing

    try:
        with opened() as (engine, _), writing(engine) as session:
            here = bureau_of(session, bureau)
            assert here.id is not None
            done = import_duties(session, None, file.read_bytes(), file.name, bureau_id=here.id, dry_run=dry_run, now=now())
    except ImportRejected as error:
        for fault in error.rows:
            row, field = fault["row"], fault["field"] or ""
            complain(t(f"第 {row} 行 {field}：{fault['zh']}", f"row {row} {field}: {fault['en']}"))
        raise
    if as_json:
        print_json(asdict(done))
    elif dry_run:
        say(t(f"检查通过：{done.duties} 个值班。", f"It would bring in {done.duties} duties."))
    else:
        say(t(f"已导入 {done.duties} 个值班。", f"Imported {done.duties} duties."))


@roster.command(help=t("取消值班或结束缺勤。", "Cancel a duty or end an absence."))
def cancel(
    duty: Annotated[int | None, typer.Option("--duty", metavar="N", min=1, help=t("值班编号。", "Number of the duty."))] = None,
    absence: Annotated[int | None, typer.Option("--absence", metavar="N", min=1, help=t("缺勤编号。", "Number of the absence."))] = None,
) -> None:
    from corrections.cli.opening import opened, usage
    from corrections.clock import now
    from corrections.records.roster import cancel_duty, end_absence
    from corrections.store.database import writing

    if (duty is None) == (absence is None):
        raise usage("请给出 --duty 或 --absence 之一。", "Say either --duty or --absence.")
    with opened() as (engine, _), writing(engine) as session:
        if duty is not None:
            cancel_duty(session, None, duty, now=now())
        elif absence is not None:
            end_absence(session, None, absence, now=now())
    say(t(f"已取消值班 {duty}。", f"Cancelled duty {duty}.") if duty else t(f"已结束缺勤 {absence}。", f"Ended absence {absence}."))


def _officer(session: Session, login: str) -> tuple[Officer, str]:
    """The active officer with a login, and her bureau's time zone. Raises NotFound."""
    from sqlmodel import col, select

    from corrections.errors import NotFound
    from corrections.store.tables import Bureau as Bureaus
    from corrections.store.tables import Office, Officer

    statement = select(Officer, Bureaus.timezone).join(Office, col(Office.id) == col(Officer.office_id))
    statement = statement.join(Bureaus, col(Bureaus.id) == col(Office.bureau_id))
    found = session.exec(statement.where(Officer.login == login, col(Officer.active).is_(True))).first()
    if found is None:
        raise NotFound(f"There is no active officer with the login {login}.", f"没有账号为 {login} 的在岗工作人员。", field="login")
    return found


def _names(session: Session, bureau_id: int) -> dict[str, dict[int, Any]]:
    """Logins and names of the bureau's officers, and codes of its offices, by id."""
    from sqlmodel import col, select

    from corrections.store.tables import Office, Officer

    staff = select(Officer).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == bureau_id)
    officers = {officer.id: officer for officer in session.exec(staff) if officer.id is not None}
    offices = {
        office.id: office.code for office in session.exec(select(Office).where(Office.bureau_id == bureau_id)) if office.id is not None
    }
    return {
        "login": {id_: officer.login for id_, officer in officers.items()},
        "name": {id_: officer.name for id_, officer in officers.items()},
        "office": offices,
    }


def _row(kind: str, one: Any, office_id: int | None, names: dict[str, dict[int, Any]]) -> dict[str, Any]:
    return {
        "kind": kind, "id": one.id, "login": names["login"].get(one.officer_id), "name": names["name"].get(one.officer_id),
        "from": one.starts_at, "until": one.ends_at, "office": None if office_id is None else names["office"].get(office_id),
    }  # fmt: skip


def _cells(row: dict[str, Any], words: dict[str, str], zone: Any) -> tuple[Any, ...]:
    scope = (row["office"] or t("全局", "all offices")) if row["kind"] == "duty" else ""
    return words[row["kind"]], row["id"], row["login"], row["name"], local(row["from"], zone), local(row["until"], zone), scope


def _told(id_: int | None, as_json: bool, text: str) -> None:
    if as_json:
        print_json({"id": id_})
    else:
        say(text)
