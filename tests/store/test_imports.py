"""Register files: headers and words in two languages, every fault told, all or nothing."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import openpyxl
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.model import Role
from corrections.errors import Conflict, ImportRejected, Invalid, NotFound
from corrections.records import accounts, register
from corrections.records.imports import Imported, Register, import_register
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.credentials import hash_credential
from corrections.store.database import writing
from corrections.store.tables import Authority, Device, Office, Officer, Subject, SubjectState

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CHINESE = (
    "社区矫正对象编号,姓名,矫正类别,管理类别,司法所,责任工作人员,未成年,矫正起始,矫正截止,联系电话,定位依据,批准人,设备编号,上报间隔\n"
)
ROW = "YX2026001,张三,缓刑,严管,YX0,liming,否,2026-01-01,2026年12月31日,13800000000,信息化核查,王局长,P1,300\n"
ENGLISH = "number,name,category,level,office,term_from,term_until\n"


@pytest.fixture
def session(database: Engine) -> Session:
    """A bureau of one office with one officer."""
    with writing(database) as session:
        register.create_bureau(session, None, code="YX", name="云溪区司法局", now=NOW)
        register.create_office(session, None, bureau_id=1, code="YX0", name="城关司法所", now=NOW)
        accounts.create_officer(session, None, office_id=1, login="liming", name="李明", role=Role.OFFICER, now=NOW)
        yield session


def take(session: Session, kind: Register, data: str | bytes, filename: str = "a.csv", *, dry_run: bool = False) -> Imported:
    content = data.encode() if isinstance(data, str) else data
    return import_register(session, None, kind, content, filename, bureau_id=1, settings=Settings(), dry_run=dry_run, now=NOW)


def workbook(*rows: list[object]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_subject_comes_with_her_authority_and_device(session: Session, encoding: str) -> None:
    done = take(session, Register.SUBJECTS, (CHINESE + ROW).encode(encoding))

    subject = session.exec(select(Subject)).one()
    assert (subject.number, subject.name, subject.category, subject.level) == ("YX2026001", "张三", "probation", "strict")
    assert (subject.officer_id, subject.minor, subject.phone) == (1, False, "13800000000")
    assert subject.term_from == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert subject.term_until == datetime(2026, 12, 31, 16, tzinfo=UTC)
    authority = session.exec(select(Authority)).one()
    assert (authority.basis, authority.valid_from, authority.valid_until) == ("article26", subject.term_from, subject.term_until)
    device = session.exec(select(Device)).one()
    assert (device.identifier, device.interval_s) == ("P1", 300)
    assert device.credential_hash == hash_credential(done.credentials[0]["credential"])
    assert done.counts == {"subjects": 1, "authorities": 1, "devices": 1}


def test_a_workbook_is_read_as_the_same_rows(session: Session) -> None:
    header = ENGLISH.strip().split(",")
    first = [20260001, "张三", "02", "普管", "YX0", datetime(2026, 1, 1), datetime(2026, 12, 31)]

    take(session, Register.SUBJECTS, workbook(header, first, [None] * 7), "subjects.xlsx")

    subject = session.exec(select(Subject)).one()
    assert (subject.number, subject.category, subject.level) == ("20260001", "probation", "general")
    assert subject.term_until == datetime(2026, 12, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (",张三,缓刑,严管,YX0,2026-01-01,2026-12-31", "number"),
        ("S2,,缓刑,严管,YX0,2026-01-01,2026-12-31", "name"),
        ("S2,张三,服刑,严管,YX0,2026-01-01,2026-12-31", "category"),
        ("S2,张三,缓刑,特管,YX0,2026-01-01,2026-12-31", "level"),
        ("S2,张三,缓刑,严管,YX9,2026-01-01,2026-12-31", "office"),
        ("S2,张三,缓刑,严管,YX0,昨天,2026-12-31", "term_from"),
        ("S2,张三,缓刑,严管,YX0,2026-02-30,2026-12-31", "term_from"),
        ("S2,张三,缓刑,严管,YX0,2026-01-01,2025-12-31", "term_until"),
        ("S1,张三,缓刑,严管,YX0,2026-01-01,2026-12-31", "number"),
        ("S0,张三,缓刑,严管,YX0,2026-01-01,2026-12-31", "number"),
    ],
)
def test_a_faulty_row_is_named_and_nothing_is_imported(session: Session, row: str, field: str) -> None:
    take(session, Register.SUBJECTS, ENGLISH + "S0,李四,01,宽管,YX0,2026-01-01,2026-12-31\n")

    with pytest.raises(ImportRejected) as refusal:
        take(session, Register.SUBJECTS, ENGLISH + "S1,张三,缓刑,严管,YX0,2026-01-01,2026-12-31\n" + row + "\n")

    assert {(fault["row"], fault["field"]) for fault in refusal.value.rows} == {(3, field)}
    assert all(fault["en"] and fault["zh"] for fault in refusal.value.rows)
    assert [subject.number for subject in session.exec(select(Subject))] == ["S0"]


def test_every_fault_of_every_row_is_told_at_once(session: Session) -> None:
    rows = "S1,,服刑,严管,YX0,2026-01-01,2026-12-31\nS2,张三,缓刑,严管,YX0,2026-01-01,x\n"

    with pytest.raises(ImportRejected) as refusal:
        take(session, Register.SUBJECTS, ENGLISH + rows)

    assert [(fault["row"], fault["field"]) for fault in refusal.value.rows] == [(2, "name"), (2, "category"), (3, "term_until")]
    assert "2 rows" in refusal.value.en


def test_one_who_is_never_located_cannot_come_with_a_device(session: Session) -> None:
    with pytest.raises(ImportRejected) as refusal:
        take(session, Register.SUBJECTS, CHINESE + ROW.replace("缓刑", "安置帮教"))

    assert refusal.value.rows[0]["field"] in ("category", "basis")
    assert session.exec(select(Device)).all() == []


def test_a_dry_run_finds_the_same_and_leaves_nothing(session: Session) -> None:
    done = take(session, Register.SUBJECTS, CHINESE + ROW, dry_run=True)

    assert done.counts == {"subjects": 1, "authorities": 1, "devices": 1}
    assert done.dry_run
    for table in (Subject, Authority, Device, SubjectState):
        assert session.exec(select(table)).all() == []
    take(session, Register.SUBJECTS, CHINESE + ROW)


def test_offices_and_officers_come_from_files(session: Session) -> None:
    take(session, Register.OFFICES, "司法所编号;名称\nYX1;东山司法所\n")
    done = take(session, Register.OFFICERS, "账号,姓名,角色,司法所\nzhao,赵敏,所长,YX1\n")

    officer = session.exec(select(Officer).where(Officer.login == "zhao")).one()
    assert session.get_one(Office, officer.office_id).name == "东山司法所"
    assert officer.role == "office_head"
    token, _ = accounts.log_in(session, "zhao", done.passwords[0]["password"], NOW, Settings())
    assert token


def test_a_second_device_comes_from_a_file(session: Session) -> None:
    take(session, Register.SUBJECTS, CHINESE + ROW)

    done = take(session, Register.DEVICES, "dxbh,identifier,datum\nYX2026001,P2,GCJ-02\n")

    assert [device.datum for device in session.exec(select(Device).order_by(Device.id))] == ["WGS84", "GCJ02"]
    assert done.credentials[0]["subject"] == "YX2026001"
    with pytest.raises(ImportRejected):
        take(session, Register.DEVICES, "dxbh,identifier\nYX2026001,P2\n")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "file"),
        (b"\xff\xff\xff\x00", "file"),
        (b"number,name,colour\n", "colour"),
        ("number,name,编号\n".encode(), "number"),
        (b"number,name\n", "category"),
        (b"PK\x03\x04 no workbook", "file"),
        (ENGLISH.encode() + b'"S1,open quote\n', "file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(session: Session, data: bytes, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        take(session, Register.SUBJECTS, data)

    assert refusal.value.field == field


def test_a_file_goes_into_the_actors_own_bureau_only(session: Session) -> None:
    stranger = Actor(9, "王芳", Role.BUREAU, office_id=9, bureau_id=9)

    with pytest.raises(NotFound):
        import_register(session, stranger, Register.OFFICES, b"code,name\nA,B\n", "a.csv", bureau_id=1, settings=Settings(), now=NOW)


def test_an_office_on_the_register_cannot_come_again(session: Session) -> None:
    with pytest.raises(ImportRejected) as refusal:
        take(session, Register.OFFICES, "code,name\nYX0,城关司法所\n")

    assert isinstance(refusal.value, Invalid)
    assert not isinstance(refusal.value, Conflict)
    assert refusal.value.rows[0]["field"] == "code"
