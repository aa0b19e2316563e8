"""Whether the watch is whole: who on the register nobody can watch, what failed, what waits, and whether anything is running.

``WRONG`` is what keeps the service from its work. ``ATTENTION`` is a hole that a person must judge: a subject without a legal
basis may be right as it is, or forgotten (漏管). Subjects are told by number, never by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from corrections.domain.model import Role, SubjectStatus
from corrections.records import attachments
from corrections.records.tile_file import Unusable, read_file
from corrections.settings import BaseMapKind, Settings
from corrections.store.tables import (
    AuditEvent,
    Authority,
    Bureau,
    Device,
    DeviceFlag,
    LogDay,
    Notice,
    Officer,
    OutboxMessage,
    Pulse,
    Report,
    SetAside,
    StreamPosition,
    Subject,
    SubjectState,
)

LATEST_EVALUATION = timedelta(minutes=4)  # NIJ Standard-1004.00 section 5.3.5: an alert of active tracking
RECENT = timedelta(days=1)


class State(StrEnum):
    OK = "ok"
    ATTENTION = "attention"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what was found, and whom or what it concerns."""

    name: str
    state: State
    zh: str
    en: str
    concerns: list[Any] = field(default_factory=list)


def checks(session: Session, settings: Settings, now: datetime) -> list[Check]:
    """Everything about the watch that the database can tell, most grave kinds first."""
    return [
        _pulse(session, settings, now),
        _waiting(session, now),
        _failing(session),
        _clock(session, now),
        _unclosed(session, now),
        *_holes(session, settings, now),
        _without_password(session),
        _set_aside(session, now),
        _undelivered(session),
        _doubted(session),
        _spoiled(session),
        _base_map(settings),
    ]


def quick(session: Session, settings: Settings, now: datetime) -> list[Check]:
    """What of it can be told at once, however large the register is, without whom it concerns."""
    found = [_pulse(session, settings, now), _waiting(session, now), _clock(session, now), _set_aside(session, now), _undelivered(session)]
    return [*(replace(check, concerns=[]) for check in found), _base_map(settings)]


def _pulse(session: Session, settings: Settings, now: datetime) -> Check:
    pulses = session.exec(select(Pulse).order_by(col(Pulse.at).desc())).all()
    told: list[dict[str, Any]] = [{"process": pulse.process, "age_s": round((now - pulse.at).total_seconds())} for pulse in pulses]
    if not pulses:
        return Check("pulse", State.ATTENTION, "服务尚未运行过。", "The service has not run yet.")
    age_s = told[0]["age_s"]
    if age_s > settings.rules.silence.outage_after_s:
        return Check(
            "pulse",
            State.WRONG,
            f"服务未在运行：最近一次心跳在 {age_s} 秒前。",
            f"The service does not run: its last sign of life is {age_s} s old.",
            told,
        )
    return Check("pulse", State.OK, f"服务运行中（{age_s} 秒前）。", f"The service runs (seen {age_s} s ago).", told)


def _waiting(session: Session, now: datetime) -> Check:
    """Reports behind each bureau's place in the stream."""
    waiting, oldest = 0, None
    for position in session.exec(select(StreamPosition)):
        behind = (Report.bureau_id == position.bureau_id, col(Report.id) > position.position)
        count, first = session.exec(select(func.count(), func.min(Report.received_at)).select_from(Report).where(*behind)).one()
        waiting, oldest = waiting + count, min(filter(None, (oldest, first)), default=None)
    if oldest is None:
        return Check("waiting", State.OK, "没有待判定的上报。", "No report waits for evaluation.")
    age_s = round((now - oldest).total_seconds())
    state = State.WRONG if now - oldest > LATEST_EVALUATION else State.OK
    return Check(
        "waiting",
        state,
        f"{waiting} 条上报待判定，最早的已等待 {age_s} 秒。",
        f"{waiting} reports wait for evaluation, the oldest for {age_s} s.",
    )


def _failing(session: Session) -> Check:
    statement = select(Subject.number, SubjectState.fault, SubjectState.fault_at).join(
        SubjectState, col(SubjectState.subject_id) == col(Subject.id)
    )
    rows = session.exec(statement.where(col(SubjectState.fault).is_not(None)).order_by(col(Subject.number))).all()
    failing = [{"subject": number, "fault": fault, "since": at} for number, fault, at in rows]
    if not failing:
        return Check("failing", State.OK, "没有判定失败的对象。", "No subject fails to be evaluated.")
    return Check(
        "failing",
        State.WRONG,
        f"{len(failing)} 名对象判定失败，已搁置。",
        f"{len(failing)} subjects were set aside because evaluating them failed.",
        failing,
    )


def _unclosed(session: Session, now: datetime) -> Check:
    """Subjects under supervision whose supervision log stopped being closed, or has a hole. The night's run has a day's grace."""
    d = LogDay
    closed = select(d.subject_id, func.min(d.day), func.max(d.day), func.count()).where(d.part == 0).group_by(col(d.subject_id))
    known = {row[0]: row[1:] for row in session.exec(closed)}
    told = select(AuditEvent.subject_id, func.min(AuditEvent.at)).where(col(AuditEvent.subject_id).is_not(None))
    since = dict(session.exec(told.group_by(col(AuditEvent.subject_id))).all())
    s = Subject
    statement = select(s.id, s.number, Bureau.timezone).join(Bureau, col(Bureau.id) == col(s.bureau_id)).order_by(col(s.number))
    late = []
    supervised = (s.status == SubjectStatus.ACTIVE.value, col(s.term_from) <= now - 2 * RECENT, col(s.term_until) > now)
    for subject_id, number, timezone in session.exec(statement.where(*supervised)):
        expected = (now.astimezone(ZoneInfo(timezone)) - 2 * RECENT).date()
        if subject_id in known:
            first, last, count = known[subject_id]
            days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
            if count < days or date.fromisoformat(last) < expected:
                late.append(number)
        elif subject_id in since and since[subject_id].astimezone(ZoneInfo(timezone)).date() <= expected:
            late.append(number)
    if not late:
        return Check("log", State.OK, "监管日志按日生成。", "The supervision logs are closed day by day.")
    return Check(
        "log", State.WRONG, f"{len(late)} 名对象的监管日志缺日。", f"The supervision logs of {len(late)} subjects lack days.", late
    )


def _clock(session: Session, now: datetime) -> Check:
    last = session.exec(select(AuditEvent.at).order_by(col(AuditEvent.id).desc()).limit(1)).first()
    if last is not None and last > now + timedelta(seconds=5):
        return Check(
            "clock",
            State.WRONG,
            f"本机时钟早于最近一条审计记录（{last.isoformat()}）：时钟被回拨。",
            f"This machine's clock is behind the last audit event ({last.isoformat()}): it was set back.",
        )
    return Check("clock", State.OK, "时钟正常。", "The clock runs on.")


HOLES = {
    "no-authority": (
        "名在矫对象没有有效的定位依据，也没有设备",
        "active subjects have neither a valid authority nor a device",
    ),
    "no-authority-but-device": (
        "名在矫对象有设备但没有有效的定位依据，其上报被拒收",
        "active subjects have a device but no valid authority: their reports are refused",
    ),
    "no-device": ("名在矫对象有定位依据但没有在用设备", "active subjects have an authority but no active device"),
    "no-officer": (
        "名在矫对象没有责任工作人员（违规由所长核查）",
        "active subjects have no officer (their violations go to the office head)",
    ),
    "nobody": ("名在矫对象既无责任工作人员，本所也无所长", "active subjects have no officer and their office no head"),
}


def _holes(session: Session, settings: Settings, now: datetime) -> list[Check]:
    """Active subjects who may be located, and what of authority, device and officer they lack."""
    lawful, device, officer, head = _equipment(now)
    lacking = {
        "no-authority": ~lawful & ~device,
        "no-authority-but-device": ~lawful & device,
        "no-device": lawful & ~device,
        "no-officer": ~officer & head,
        "nobody": ~officer & ~head,
    }
    s = Subject
    never = [category.value for category in settings.rules.never_located]
    located = select(s.number).where(s.status == SubjectStatus.ACTIVE.value, col(s.term_from) <= now, col(s.term_until) > now)
    located = located.where(col(s.category).not_in(never)).order_by(col(s.number))
    return [_hole(name, session.exec(located.where(condition)).all(), *HOLES[name]) for name, condition in lacking.items()]


def _equipment(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Over Subject: an authority in force, an active device, an active officer of her own, an active head of the office."""
    s, a = Subject, Authority
    in_force = (col(a.valid_from) <= now, col(a.valid_until) > now, col(a.revoked_at).is_(None) | (col(a.revoked_at) > now))
    lawful = select(a.id).where(col(a.subject_id) == col(s.id), *in_force)
    device = select(Device.id).where(col(Device.subject_id) == col(s.id), col(Device.active).is_(True))
    officer = select(Officer.id).where(col(Officer.id) == col(s.officer_id), col(Officer.active).is_(True))
    heads = (col(Officer.active).is_(True), Officer.role == Role.OFFICE_HEAD.value)
    head = select(Officer.id).where(col(Officer.office_id) == col(s.office_id), *heads)
    return tuple(statement.correlate(s).exists() for statement in (lawful, device, officer, head))


def _hole(name: str, concerns: Sequence[Any], zh: str, en: str) -> Check:
    state = State.ATTENTION if concerns else State.OK
    return Check(name, state, f"{len(concerns)} {zh}。", f"{len(concerns)} {en}.", list(concerns))


def _without_password(session: Session) -> Check:
    logins = session.exec(
        select(Officer.login).where(col(Officer.active).is_(True), Officer.password_hash == "").order_by(col(Officer.login))
    ).all()
    return _hole("no-password", logins, "名在岗人员没有密码，无法登录", "active officers have no password and cannot log in")


def _set_aside(session: Session, now: datetime) -> Check:
    statement = select(SetAside.reason, func.sum(SetAside.count)).where(col(SetAside.last_at) > now - RECENT).group_by(SetAside.reason)
    rows: list[dict[str, Any]] = [
        {"reason": reason, "count": int(count)} for reason, count in session.exec(statement.order_by(SetAside.reason))
    ]
    total = sum(row["count"] for row in rows)
    state = State.ATTENTION if rows else State.OK
    return Check("set-aside", state, f"近一天有 {total} 条消息被搁置。", f"{total} messages were set aside within a day.", rows)


def _undelivered(session: Session) -> Check:
    """Messages that were given up while what they tell of still waits, by channel."""
    o, n = OutboxMessage, Notice
    lost = select(o.channel, func.count()).join(n, col(n.id) == col(o.notice_id))
    lost = lost.where(col(o.given_up_at).is_not(None), col(n.done_at).is_(None))
    found: list[dict[str, Any]] = [
        {"channel": channel, "messages": count} for channel, count in session.exec(lost.group_by(o.channel).order_by(o.channel))
    ]
    total = sum(row["messages"] for row in found)
    zh, en = f"{total} 条通知未能送达，已放弃。", f"{total} messages could not be delivered and were given up."
    return Check("undelivered", State.ATTENTION if found else State.OK, zh, en, found)


def _doubted(session: Session) -> Check:
    """Devices that seem to send another datum than they are registered with."""
    f = DeviceFlag
    flags = select(Device.identifier, f.kind).join(f, col(f.device_id) == col(Device.id)).where(col(f.until).is_(None))
    found = [{"device": device, "kind": kind} for device, kind in session.exec(flags.order_by(col(Device.identifier)))]
    return _hole("device-datum", found, "台设备的坐标系疑似登记有误", "devices seem to send another datum than they are registered with")


def _spoiled(session: Session) -> Check:
    """Attachments whose stored content no longer has its hash."""
    found = attachments.spoiled(session)
    if not found:
        return Check("attachments", State.OK, "附件内容与其哈希一致。", "Attachments are what they were when they were stored.")
    zh, en = (
        f"{len(found)} 个附件的内容与其哈希不符，已被改动或损坏。",
        f"{len(found)} stored files no longer have their hash: changed or damaged.",
    )
    return Check("attachments", State.WRONG, zh, en, list(found))


def _base_map(settings: Settings) -> Check:
    """The file of config/map.toml: without it every page works, on a plain ground. A tile server is not asked."""
    known = settings.map
    if known.kind is not BaseMapKind.FILE:
        zh, en = ("不使用底图文件。", "No file of a base map is used.")
        return Check("base-map", State.OK, zh, en)
    try:
        found = read_file(Path(known.file))
    except Unusable as error:
        zh = f"底图文件不能使用，地图不带底图：{error.zh}。请检查 config/map.toml 的 file：{known.file}"
        en = f"The file of the base map cannot be used, maps are drawn without: {error.en}. See file in config/map.toml: {known.file}"
        return Check("base-map", State.ATTENTION, zh, en)
    zooms = f"{found.min_zoom}–{found.max_zoom}"
    return Check("base-map", State.OK, f"底图文件可用（缩放 {zooms} 级）。", f"The file of the base map can be used (zooms {zooms}).")
