"""The register: bureaus, offices, subjects and their devices. (Officers are in ``accounts``, legal bases and leave in ``permits``.)

Each function checks the actor's role and reach (``actor`` None is the operator at the machine), writes the audit trail, and asks
for a revision where it changes what counts as a violation.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session, col, select

from corrections.domain.model import Category, Datum, Level, Role, SubjectStatus
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.revision import ask_revision, expect_contact, expect_nothing
from corrections.records.standing import set_status
from corrections.settings import Rules
from corrections.store.access import Action, Actor, subject_for
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.tables import Bureau, Device, Office, Officer, StreamPosition, Subject

INTERVAL_S = (10, 86_400)
_UNSET: Any = object()


# ---- places of work


def create_bureau(
    session: Session, actor: Actor | None, *, code: str, name: str, name_en: str = "", timezone: str = "Asia/Shanghai", now: datetime
) -> Bureau:
    """A bureau and its place in the stream of reports. Only the operator makes one. Raises Invalid, Conflict, Forbidden."""
    if actor is not None:
        raise Forbidden("A bureau is created with `corrections init`.", "司法局须通过命令 corrections init 创建。")
    _unused(session, Bureau, code, "code")
    bureau = Bureau(code=_text(code, "code"), name=_text(name, "name"), name_en=name_en.strip(), timezone=_timezone(timezone))
    session.add(bureau)
    session.flush()
    assert bureau.id is not None
    session.add(StreamPosition(bureau_id=bureau.id))
    record_by(session, actor, "bureau.create", detail={"bureau": bureau.code}, now=now)
    return bureau


def create_office(
    session: Session, actor: Actor | None, *, bureau_id: int, code: str, name: str, name_en: str = "", now: datetime
) -> Office:
    """An office of a bureau. Raises Invalid, Conflict (the code is taken), Forbidden, NotFound."""
    _keeper_of(actor, bureau_id)
    if session.get(Bureau, bureau_id) is None:
        raise NotFound(f"There is no bureau {bureau_id}.", f"没有编号 {bureau_id} 的司法局。")
    _unused(session, Office, code, "code")
    office = Office(bureau_id=bureau_id, code=_text(code, "code"), name=_text(name, "name"), name_en=name_en.strip())
    session.add(office)
    session.flush()
    record_by(session, actor, "office.create", detail={"office": office.code}, now=now)
    return office


def change_office(session: Session, actor: Actor | None, office_id: int, *, name: str, name_en: str = "", now: datetime) -> Office:
    """Rename an office. Raises Invalid, Forbidden, NotFound."""
    office = office_for(session, actor, office_id, Action.WRITE_REGISTER)
    _keeper_of(actor, office.bureau_id)
    office.name, office.name_en = _text(name, "name"), name_en.strip()
    record_by(session, actor, "office.change", detail={"office": office.code, "name": name}, now=now)
    return office


def office_for(session: Session, actor: Actor | None, office_id: int, action: Action) -> Office:
    """The office, if the actor may do ``action`` and reaches it. Raises Forbidden, NotFound."""
    office = session.get(Office, office_id)
    if actor is not None:
        actor.require(action)
        wide = actor.role in (Role.BUREAU, Role.ADMINISTRATOR)
        if office is not None and not (office.bureau_id == actor.bureau_id if wide else office.id == actor.office_id):
            office = None
    if office is None:
        raise NotFound(
            f"There is no office {office_id} within your reach.", f"您的管理范围内没有编号 {office_id} 的司法所。", field="office"
        )
    return office


# ---- subjects


def create_subject(
    session: Session,
    actor: Actor | None,
    *,
    office_id: int,
    number: str,
    name: str,
    category: Category,
    level: Level,
    term_from: datetime,
    term_until: datetime,
    minor: bool = False,
    officer_id: int | None = None,
    phone: str = "",
    now: datetime,
) -> Subject:
    """Put a person on the register. Nothing is located before an authority is granted and a device enrolled.

    Raises Invalid, Conflict (the number is taken), Forbidden, NotFound.
    """
    office = office_for(session, actor, office_id, Action.WRITE_REGISTER)
    _span(term_from, term_until, "term_until")
    _unused(session, Subject, number, "number")
    _officer_of(session, office.bureau_id, officer_id)
    subject = Subject(
        bureau_id=office.bureau_id,
        office_id=office_id,
        number=_text(number, "number"),
        name=_text(name, "name"),
        category=Category(category).value,
        level=Level(level).value,
        minor=minor,
        officer_id=officer_id,
        term_from=term_from,
        term_until=term_until,
        phone=phone.strip(),
        status_from=now,
    )
    session.add(subject)
    session.flush()
    record_by(session, actor, "subject.create", subject_id=subject.id, detail={"number": subject.number}, now=now)
    return subject


def change_subject(
    session: Session,
    actor: Actor | None,
    subject_id: int,
    *,
    name: str = _UNSET,
    office_id: int = _UNSET,
    officer_id: int | None = _UNSET,
    category: Category = _UNSET,
    level: Level = _UNSET,
    minor: bool = _UNSET,
    term_from: datetime = _UNSET,
    term_until: datetime = _UNSET,
    phone: str = _UNSET,
    now: datetime,
) -> Subject:
    """Change what is given, leave the rest. A change of term is revised from the moment it concerns, one of level, category or
    office (by which zones bind) from now on.

    Raises Invalid, Forbidden, NotFound.
    """
    subject = subject_in_reach(session, actor, subject_id, Action.WRITE_REGISTER)
    given: dict[str, Any] = {
        "name": name, "office_id": office_id, "officer_id": officer_id, "category": category, "level": level, "minor": minor,
        "term_from": term_from, "term_until": term_until, "phone": phone,
    }  # fmt: skip
    changes = {key: value for key, value in given.items() if value is not _UNSET and value != getattr(subject, key)}
    if not changes:
        return subject
    if "office_id" in changes:
        office = office_for(session, actor, office_id, Action.WRITE_REGISTER)
        if office.bureau_id != subject.bureau_id:
            raise Invalid("The office belongs to another bureau.", "该司法所属于其他司法局。", field="office_id")
    if "officer_id" in changes:
        _officer_of(session, subject.bureau_id, officer_id)
    if "name" in changes:
        changes["name"] = _text(name, "name")
    concerned: list[datetime] = [
        moment for key in ("term_from", "term_until") if key in changes for moment in (getattr(subject, key), changes[key])
    ]
    if {"level", "category", "office_id"} & changes.keys():
        concerned.append(now)
    for key, value in changes.items():
        setattr(subject, key, value)
    _span(subject.term_from, subject.term_until, "term_until")
    session.flush()
    if concerned:
        ask_revision(session, [subject_id], min([*concerned, now]))
    record_by(
        session,
        actor,
        "subject.change",
        subject_id=subject_id,
        detail={k: v for k, v in changes.items() if k not in ("name", "phone")},
        now=now,
    )
    return subject


def change_status(
    session: Session, actor: Actor | None, subject_id: int, *, status: SubjectStatus, since: datetime, rules: Rules, now: datetime
) -> Subject:
    """Set a subject's status from the moment ``since``, with all that follows from it (see ``standing``). Any but ``ACTIVE`` ends
    monitoring then; the end of the measure and death end legal bases and leave, too. Back to ``ACTIVE``, reports are expected anew.

    Raises Invalid (a future moment; a return after death), Forbidden, NotFound.
    """
    subject = subject_in_reach(session, actor, subject_id, Action.WRITE_REGISTER)
    if since > now:
        raise Invalid("A change of status cannot lie in the future.", "状态变更时间不能晚于当前时间。", field="since")
    if subject.status == SubjectStatus.DECEASED:
        raise Conflict("The subject is registered as deceased.", "该对象已登记为死亡。")
    detail = set_status(session, subject, SubjectStatus(status), since, rules, now)
    record_by(session, actor, "subject.status", subject_id=subject_id, detail=detail, now=now)
    return subject


def subject_in_reach(session: Session, actor: Actor | None, subject_id: int, action: Action) -> Subject:
    """``subject_for``, for the operator too. Raises Forbidden, NotFound."""
    if actor is not None:
        return subject_for(session, actor, subject_id, action)
    subject = session.get(Subject, subject_id)
    if subject is None:
        raise NotFound(f"There is no subject {subject_id}.", f"没有编号 {subject_id} 的社区矫正对象。")
    return subject


def require_located(subject: Subject, rules: Rules) -> None:
    """Raise Conflict for one whose category is never located, or who is not under supervision now."""
    if subject.category in rules.never_located:
        raise Conflict(
            f"Subjects of this category ({subject.category}) are never located.",
            "该类别人员不得定位，不能登记定位依据或定位设备。",
            field="category",
        )
    if subject.status != SubjectStatus.ACTIVE:
        raise Conflict(f"The subject is not under supervision ({subject.status}).", "该对象当前不在矫正状态，不能登记。", field="status")


# ---- devices


def enrol_device(
    session: Session,
    actor: Actor | None,
    subject_id: int,
    *,
    identifier: str,
    client: str = "",
    datum: Datum = Datum.WGS84,
    interval_s: int = 600,
    rules: Rules,
    now: datetime,
) -> tuple[Device, str]:
    """A device and its credential, which is shown this once and stored as a hash. From now on the subject's silence is watched.

    Raises Invalid, Conflict (the identifier is taken; a subject who is never located), Forbidden, NotFound.
    """
    subject = subject_in_reach(session, actor, subject_id, Action.WRITE_REGISTER)
    require_located(subject, rules)
    _interval(interval_s)
    _unused(session, Device, identifier, "identifier")
    credential = new_credential()
    device = Device(
        subject_id=subject_id,
        identifier=_text(identifier, "identifier"),
        credential_hash=hash_credential(credential),
        client=client.strip(),
        datum=Datum(datum).value,
        interval_s=interval_s,
    )
    session.add(device)
    expect_contact(session, subject, interval_s, rules.silence, now)
    record_by(session, actor, "device.enrol", subject_id=subject_id, detail={"device": device.identifier}, now=now)
    return device, credential


def change_device(
    session: Session,
    actor: Actor | None,
    device_id: int,
    *,
    client: str = _UNSET,
    datum: Datum = _UNSET,
    interval_s: int = _UNSET,
    now: datetime,
) -> Device:
    """Change a device's client, datum (of what it sends from now on) or expected interval. Raises Invalid, Forbidden, NotFound."""
    device = device_for(session, actor, device_id)
    if client is not _UNSET:
        device.client = client.strip()
    if datum is not _UNSET:
        device.datum = Datum(datum).value
    if interval_s is not _UNSET:
        _interval(interval_s)
        device.interval_s = interval_s
    detail = {"device": device.identifier, "client": device.client, "datum": device.datum, "interval_s": device.interval_s}
    record_by(session, actor, "device.change", subject_id=device.subject_id, detail=detail, now=now)
    return device


def rotate_credential(session: Session, actor: Actor | None, device_id: int, *, now: datetime) -> str:
    """A new credential in place of the old, which ends at once; shown this once. Raises Forbidden, NotFound."""
    device = device_for(session, actor, device_id)
    credential = new_credential()
    device.credential_hash = hash_credential(credential)
    record_by(session, actor, "device.rotate", subject_id=device.subject_id, detail={"device": device.identifier}, now=now)
    return credential


def revoke_device(session: Session, actor: Actor | None, device_id: int, *, now: datetime) -> Device:
    """End a device: its credential is refused from now on. Without another, nothing is expected of the subject any more.

    Raises Forbidden, NotFound.
    """
    device = device_for(session, actor, device_id)
    device.active = False
    session.flush()
    if _active_device(session, device.subject_id) is None:
        expect_nothing(session, device.subject_id)
    record_by(session, actor, "device.revoke", subject_id=device.subject_id, detail={"device": device.identifier}, now=now)
    return device


def device_for(session: Session, actor: Actor | None, device_id: int) -> Device:
    """The device, if the actor may write the register of its subject. Raises Forbidden, NotFound."""
    device = session.get(Device, device_id)
    if device is None:
        raise NotFound(f"There is no device {device_id} in your offices.", f"您所在机构没有编号 {device_id} 的定位设备。")
    subject_in_reach(session, actor, device.subject_id, Action.WRITE_REGISTER)
    return device


# ---- checks


def _active_device(session: Session, subject_id: int) -> Device | None:
    return session.exec(select(Device).where(Device.subject_id == subject_id, col(Device.active).is_(True))).first()


def _keeper_of(actor: Actor | None, bureau_id: int) -> None:
    if actor is None:
        return
    actor.require(Action.WRITE_REGISTER)
    if actor.role not in (Role.BUREAU, Role.ADMINISTRATOR) or actor.bureau_id != bureau_id:
        raise Forbidden("Only the bureau and its administrator keep its offices.", "只有司法局及其管理员可以维护司法所。")


def _unused(session: Session, table: type[Bureau | Office | Subject | Device], value: str, name: str) -> None:
    if session.exec(select(table).where(getattr(table, name) == value.strip())).first() is not None:
        raise Conflict(f"{value.strip()} is already on the register.", f"{value.strip()} 已登记，请勿重复。", field=name)


def _officer_of(session: Session, bureau_id: int, officer_id: int | None) -> None:
    if officer_id is None:
        return
    officer = session.get(Officer, officer_id)
    office = session.get(Office, officer.office_id) if officer and officer.active else None
    if office is None or office.bureau_id != bureau_id:
        raise Invalid("The officer is not on the bureau's active staff.", "该工作人员不属于本局在岗人员。", field="officer_id")


def _text(value: str, name: str) -> str:
    value = value.strip()
    if not value or len(value) > 200 or not value.isprintable():
        raise Invalid(f"{name} must have 1 to 200 printable characters.", f"{name} 应为 1 至 200 个可见字符。", field=name)
    return value


def _timezone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            f"{name} is not a time zone; use a name such as Asia/Shanghai.", f"{name} 不是有效时区，例如 Asia/Shanghai。", field="timezone"
        ) from error


def _span(start: datetime, end: datetime, name: str) -> None:
    if end <= start:
        raise Invalid("The end must come after the start.", "结束时间必须晚于开始时间。", field=name)


def _interval(interval_s: int) -> None:
    least, most = INTERVAL_S
    if not least <= interval_s <= most:
        raise Invalid(
            f"The reporting interval must be {least} to {most} seconds.", f"上报间隔应为 {least} 至 {most} 秒。", field="interval_s"
        )
