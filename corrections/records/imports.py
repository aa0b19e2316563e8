"""Register files in: offices, officers, subjects (with their legal basis and device in the same row) and devices.

All or nothing: every row is checked and each fault is told with its row and field; with one fault nothing stays. A dry run does
the whole work and then takes it back, so it finds what the real one would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from corrections.domain.model import Category, Datum, Level, Role
from corrections.errors import CorrectionsError, ImportRejected, NotFound
from corrections.records import accounts, permits, register
from corrections.records.audit import record_by
from corrections.records.permits import Basis, Ground
from corrections.records.sheets import Row, read_rows
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.tables import Bureau, Device, Office, Officer, Subject


class Register(StrEnum):
    """What a file may hold."""

    OFFICES = "offices"
    OFFICERS = "officers"
    SUBJECTS = "subjects"
    DEVICES = "devices"


DEVICE_COLUMNS = {
    "device": ("identifier", "设备编号", "定位设备编号"),
    "client": ("客户端",),
    "datum": ("坐标系",),
    "interval_s": ("interval", "上报间隔", "上报间隔（秒）", "上报间隔(秒)"),
}
AUTHORITY_COLUMNS = {
    "basis": ("定位依据",),
    "ground": ("电子定位情形", "适用情形"),
    "authority_from": ("依据起始", "依据起始日期"),
    "authority_until": ("依据截止", "依据截止日期"),
    "approved_by": ("批准人",),
    "approved_on": ("批准日期",),
}
SUBJECT_COLUMNS = {
    "number": ("subject", "社区矫正对象编号", "对象编号", "编号", "dxbh"),
    "name": ("姓名", "xm"),
    "category": ("矫正类别", "jzlb"),
    "level": ("管理类别", "gllb"),
    "office": ("司法所", "司法所编号"),
    "officer": ("责任工作人员", "责任人", "责任工作人员账号"),
    "minor": ("未成年", "是否未成年"),
    "term_from": ("矫正起始", "矫正开始日期", "矫正起始日期"),
    "term_until": ("矫正截止", "矫正结束日期", "矫正截止日期"),
    "phone": ("联系电话", "电话", "手机号码"),
}
COLUMNS: dict[Register, dict[str, tuple[str, ...]]] = {
    Register.OFFICES: {"code": ("office", "司法所编号", "编号"), "name": ("名称", "司法所名称"), "name_en": ("英文名称",)},
    Register.OFFICERS: {
        "login": ("账号",),
        "name": ("姓名",),
        "role": ("角色", "职务"),
        "office": ("司法所", "司法所编号"),
    },
    Register.SUBJECTS: SUBJECT_COLUMNS | AUTHORITY_COLUMNS | DEVICE_COLUMNS,
    Register.DEVICES: {"number": SUBJECT_COLUMNS["number"]} | DEVICE_COLUMNS,
}
REQUIRED: dict[Register, Sequence[str]] = {
    Register.OFFICES: ("code", "name"),
    Register.OFFICERS: ("login", "name", "role", "office"),
    Register.SUBJECTS: ("number", "name", "category", "level", "office", "term_from", "term_until"),
    Register.DEVICES: ("number", "device"),
}

CATEGORIES = {
    "control": Category.CONTROL, "管制": Category.CONTROL, "01": Category.CONTROL, "1": Category.CONTROL,
    "probation": Category.PROBATION, "缓刑": Category.PROBATION, "02": Category.PROBATION, "2": Category.PROBATION,
    "parole": Category.PAROLE, "假释": Category.PAROLE, "03": Category.PAROLE, "3": Category.PAROLE,
    "temporary": Category.TEMPORARY, "暂予监外执行": Category.TEMPORARY, "04": Category.TEMPORARY, "4": Category.TEMPORARY,
    "released": Category.RELEASED, "安置帮教": Category.RELEASED,
}  # fmt: skip
LEVELS = {
    "strict": Level.STRICT, "严管": Level.STRICT, "general": Level.GENERAL, "普管": Level.GENERAL,
    "lenient": Level.LENIENT, "宽管": Level.LENIENT,
}  # fmt: skip
ROLES = {
    "officer": Role.OFFICER, "工作人员": Role.OFFICER, "office_head": Role.OFFICE_HEAD, "司法所所长": Role.OFFICE_HEAD,
    "所长": Role.OFFICE_HEAD, "bureau": Role.BUREAU, "区司法局": Role.BUREAU, "司法局": Role.BUREAU, "auditor": Role.AUDITOR,
    "审计员": Role.AUDITOR, "administrator": Role.ADMINISTRATOR, "管理员": Role.ADMINISTRATOR,
}  # fmt: skip
BASES = {
    "article26": Basis.ARTICLE26, "信息化核查": Basis.ARTICLE26, "article29": Basis.ARTICLE29, "电子定位装置": Basis.ARTICLE29,
    "consent": Basis.CONSENT, "同意": Basis.CONSENT, "本人同意": Basis.CONSENT,
}  # fmt: skip
GROUNDS = {ground.value: ground for ground in Ground}
DATUMS = {datum.value.lower(): datum for datum in Datum} | {"wgs-84": Datum.WGS84, "gcj-02": Datum.GCJ02, "bd-09": Datum.BD09}


@dataclass(slots=True)
class Imported:
    """What a file brought in. ``credentials`` (device, subject, credential) and ``passwords`` (login, password) are shown this
    once and stored as hashes only."""

    counts: dict[str, int] = field(default_factory=dict)
    credentials: list[dict[str, str]] = field(default_factory=list)
    passwords: list[dict[str, str]] = field(default_factory=list)
    dry_run: bool = False

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


@dataclass(slots=True)
class _Import:
    """One import under way: whose, where, when, and what the file's rows have named so far."""

    session: Session
    actor: Actor | None
    bureau: Bureau
    settings: Settings
    now: datetime
    done: Imported
    seen: set[tuple[str, str]] = field(default_factory=set)

    def find(self, table: type[Any], column: str, row: Row, name: str, kind_zh: str) -> Any:
        """The row of the bureau that a cell names, or None after a fault."""
        value = row.text(name, required=True)
        found = self.session.exec(select(table).where(getattr(table, column) == value)).first() if value else None
        if found is not None and getattr(found, "bureau_id", self.bureau.id) != self.bureau.id:
            found = None
        if value and found is None:
            row.fault(name, f"There is no {name} {value}.", f"没有{kind_zh}“{value}”。")
        return found

    def once(self, row: Row, name: str) -> str:
        """The cell's text, which no other row of the file may have."""
        value = row.text(name, required=True)
        if value and (name, value) in self.seen:
            row.fault(name, f"{value} stands in the file twice.", f"“{value}”在文件中重复。")
        self.seen.add((name, value))
        return value


def import_register(
    session: Session,
    actor: Actor | None,
    kind: Register,
    data: bytes,
    filename: str,
    *,
    bureau_id: int,
    settings: Settings,
    dry_run: bool = False,
    now: datetime,
) -> Imported:
    """Take in a CSV or XLSX file. Headers are in English or Chinese (``COLUMNS``); days are the bureau's local ones.

    Raises ImportRejected with every fault (nothing stays then), Invalid for a file that cannot be read, Forbidden.
    """
    bureau = session.get(Bureau, bureau_id)
    if bureau is None or (actor is not None and actor.bureau_id != bureau_id):
        raise NotFound(f"There is no bureau {bureau_id} within your reach.", f"您的管理范围内没有编号 {bureau_id} 的司法局。")
    rows = read_rows(data, filename, COLUMNS[kind], REQUIRED[kind], ZoneInfo(bureau.timezone))
    work = _Import(session, actor, bureau, settings, now, Imported(dry_run=dry_run))
    with session.begin_nested() as savepoint:
        for row in rows:
            _take(_TAKERS[kind], work, row)
        if faults := [fault for row in rows for fault in row.faults]:
            raise ImportRejected(faults)
        if dry_run:
            savepoint.rollback()
    if not dry_run:
        record_by(session, actor, "register.import", detail={"file": filename, "register": kind, **work.done.counts}, now=now)
    return work.done


def _take(taker: Callable[[_Import, Row], None], work: _Import, row: Row) -> None:
    try:
        taker(work, row)
    except CorrectionsError as error:
        row.fault(error.field, error.en, error.zh)


def _take_office(work: _Import, row: Row) -> None:
    code, name = work.once(row, "code"), row.text("name", required=True)
    if row.faults:
        return
    bureau_id = _id(work.bureau)
    register.create_office(work.session, work.actor, bureau_id=bureau_id, code=code, name=name, name_en=row.text("name_en"), now=work.now)
    work.done.count("offices")


def _take_officer(work: _Import, row: Row) -> None:
    login, name = work.once(row, "login"), row.text("name", required=True)
    role, office = row.word("role", ROLES), work.find(Office, "code", row, "office", "司法所")
    if row.faults or role is None:
        return
    password = accounts.new_password()
    accounts.create_officer(
        work.session, work.actor, office_id=office.id, login=login, name=name, role=role, password=password, now=work.now
    )
    work.done.passwords.append({"login": login, "password": password})
    work.done.count("officers")


def _take_subject(work: _Import, row: Row) -> None:
    """1. The person. 2. Her legal basis, if the row names one. 3. Her device, if it names one."""
    number, name = work.once(row, "number"), row.text("name", required=True)
    category, level = row.word("category", CATEGORIES), row.word("level", LEVELS)
    office = work.find(Office, "code", row, "office", "司法所")
    officer = work.find(Officer, "login", row, "officer", "工作人员") if row.has("officer") else None
    start, end = row.moment("term_from"), row.moment("term_until", end=True)
    minor = row.yes("minor")
    authority = _authority(row, start, end) if row.has(*AUTHORITY_COLUMNS) else None
    device = _device(work, row) if row.has(*DEVICE_COLUMNS) else None
    if row.faults or category is None or level is None or start is None or end is None:
        return
    subject = register.create_subject(
        work.session,
        work.actor,
        office_id=office.id,
        number=number,
        name=name,
        category=category,
        level=level,
        term_from=start,
        term_until=end,
        minor=minor,
        officer_id=officer.id if officer else None,
        phone=row.text("phone"),
        now=work.now,
    )
    work.done.count("subjects")
    if authority is not None:
        permits.grant_authority(work.session, work.actor, _id(subject), **authority, rules=work.settings.rules, now=work.now)
        work.done.count("authorities")
    if device is not None:
        _enrol(work, subject, device)


def _take_device(work: _Import, row: Row) -> None:
    subject = work.find(Subject, "number", row, "number", "社区矫正对象")
    device = _device(work, row)
    if not row.faults:
        _enrol(work, subject, device)


def _authority(row: Row, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """Dates left out are those of the term."""
    valid_from = row.moment("authority_from", default=start)
    return {
        "basis": row.word("basis", BASES),
        "ground": row.word("ground", GROUNDS) if row.has("ground") else None,
        "valid_from": valid_from,
        "valid_until": row.moment("authority_until", end=True, default=end),
        "approved_by": row.text("approved_by", required=True),
        "approved_on": row.moment("approved_on", default=valid_from),
    }


def _device(work: _Import, row: Row) -> dict[str, Any]:
    return {
        "identifier": work.once(row, "device"),
        "client": row.text("client"),
        "datum": row.word("datum", DATUMS, Datum.WGS84),
        "interval_s": row.number_of("interval_s", 600),
    }


def _enrol(work: _Import, subject: Subject, device: Mapping[str, Any]) -> None:
    made: tuple[Device, str] = register.enrol_device(
        work.session, work.actor, _id(subject), **device, rules=work.settings.rules, now=work.now
    )
    work.done.credentials.append({"device": made[0].identifier, "subject": subject.number, "credential": made[1]})
    work.done.count("devices")


def _id(row: Bureau | Subject) -> int:
    assert row.id is not None
    return row.id


_TAKERS: dict[Register, Callable[[_Import, Row], None]] = {
    Register.OFFICES: _take_office,
    Register.OFFICERS: _take_officer,
    Register.SUBJECTS: _take_subject,
    Register.DEVICES: _take_device,
}
