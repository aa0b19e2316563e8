"""A duty roster (值班表) from a file, CSV or XLSX, as a bureau keeps it for a month: all rows or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.errors import CorrectionsError, ImportRejected, NotFound
from corrections.records.audit import record_by
from corrections.records.roster import plan_duty
from corrections.records.sheets import Row, read_rows
from corrections.store.access import Action, Actor
from corrections.store.tables import Bureau, Duty, Office, Officer

COLUMNS: dict[str, Sequence[str]] = {
    "officer": ("login", "账号", "值班人员", "值班人员账号"),
    "from": ("开始", "开始时间", "值班开始"),
    "until": ("结束", "结束时间", "值班结束"),
    "office": ("司法所", "司法所编号"),
}
REQUIRED = ("officer", "from", "until")


@dataclass(frozen=True, slots=True)
class ImportedDuties:
    """How many duties a file brought in, or would bring in."""

    duties: int
    dry_run: bool


def import_duties(
    session: Session, actor: Actor | None, data: bytes, filename: str, *, bureau_id: int, dry_run: bool = False, now: datetime
) -> ImportedDuties:
    """Put officers on duty as a file says: ``officer`` (login), ``from`` and ``until`` (the bureau's local times), ``office`` (code; empty:
    for all offices). A row that is planned already is a fault, so that a file is not taken twice.

    Raises ImportRejected with every fault (nothing stays then), Invalid for a file that cannot be read, Forbidden, NotFound.
    """
    if actor is not None:
        actor.require(Action.WRITE_ROSTER)
    bureau = session.get(Bureau, bureau_id)
    if bureau is None or (actor is not None and actor.bureau_id != bureau_id):
        raise NotFound(f"There is no bureau {bureau_id} within your reach.", f"您的管理范围内没有编号 {bureau_id} 的司法局。")
    rows = read_rows(data, filename, COLUMNS, REQUIRED, ZoneInfo(bureau.timezone))
    with session.begin_nested() as savepoint:
        for row in rows:
            _take(session, actor, bureau_id, row, now)
        if faults := [fault for row in rows for fault in row.faults]:
            raise ImportRejected(faults)
        if dry_run:
            savepoint.rollback()
    if not dry_run:
        record_by(session, actor, "duty.import", detail={"file": filename, "duties": len(rows)}, now=now)
    return ImportedDuties(len(rows), dry_run)


def _take(session: Session, actor: Actor | None, bureau_id: int, row: Row, now: datetime) -> None:
    officer = _found(session, bureau_id, row, "officer", Officer, Officer.login, "账号为")
    office = _found(session, bureau_id, row, "office", Office, Office.code, "编号为") if row.has("office") else None
    starts_at, ends_at = row.moment("from"), row.moment("until")
    if row.faults or officer is None or starts_at is None or ends_at is None:
        return
    office_id = office.id if office is not None else None
    d = Duty
    same = select(d.id).where(d.officer_id == officer.id, d.starts_at == starts_at, d.ends_at == ends_at, col(d.revoked_at).is_(None))
    same = same.where(col(d.office_id).is_(None) if office_id is None else col(d.office_id) == office_id)
    if session.exec(same).first() is not None:
        row.fault("officer", "This duty is planned already.", "该值班已安排。")
        return
    try:
        plan_duty(session, actor, officer.id, office_id=office_id, starts_at=starts_at, ends_at=ends_at, now=now)
    except CorrectionsError as error:
        row.fault(error.field, error.en, error.zh)


def _found(session: Session, bureau_id: int, row: Row, name: str, table: type[Any], key: Any, which_zh: str) -> Any:
    """The officer or office of the bureau that a cell names; None after a fault."""
    value = row.text(name, required=True)
    if not value:
        return None
    statement = select(table).where(key == value)
    if table is Officer:
        statement = statement.join(Office, col(Office.id) == col(Officer.office_id))
    found = session.exec(statement.where(Office.bureau_id == bureau_id)).first()
    if found is None:
        row.fault(name, f"There is no {name} {value} in the bureau.", f"本局没有{which_zh}“{value}”的记录。")
    return found
