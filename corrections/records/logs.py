"""监管日志: a subject's supervision, local day by local day.

A day is closed once (part 0) and never rewritten. When later evidence, a decision or an entry changes what it says, a further part
adds what changed, old and new, and why; the log as it stands is part 0 with all later parts applied.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from corrections.domain.model import SubjectStatus
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import audited_location_read, record_by
from corrections.records.log_content import amended, differences, header, inputs_digest, plain_facts, stamp, with_presence
from corrections.records.log_facts import OLDEST_FIX, Facts, day_bounds, load_facts, local_day, violation_end
from corrections.records.presence import whereabouts
from corrections.records.register import subject_in_reach
from corrections.settings import Settings
from corrections.store.access import Action, Actor, subject_for
from corrections.store.database import reading, writing
from corrections.store.rulebook import Rulebooks
from corrections.store.tables import (
    AuditEvent,
    Bureau,
    LeaveReport,
    LeaveRequest,
    LogDay,
    LogEntry,
    Report,
    ReviewEvent,
    Subject,
    Violation,
)

log = logging.getLogger(__name__)

FORMAT = 1
AMEND_DAYS = 14  # what changes in so many days after its day is added by the nightly run
MOST_DAYS = 366  # in one reading
DAYS_AT_ONCE = 10  # in one transaction, so that on SQLite reports need not wait long
LONGEST_ENTRY = 10_000


class EntryKind(StrEnum):
    """What an officer enters by hand."""

    VISIT = "visit"  # 实地查访
    TALK = "talk"  # 个别谈话
    REPORT = "report"  # 报到、书面报告
    EDUCATION = "education"  # 教育学习
    OTHER = "other"  # 其他


WHY = {
    "supervision": ("定位依据或矫正期限变更", "the authority or the term was changed"),
    "coverage": ("收到补传的上报", "reports arrived late"),
    "presence": ("位置重新计算", "where the subject was came out differently"),
    "violations": ("违规的证据或处置有更新", "evidence or handling of a violation changed"),
    "outages": ("系统中断或区域失联的记录更新", "what is known of outages changed"),
    "leaves": ("外出审批变更", "a leave was changed"),
    "entries": ("工作人员补记", "an officer made an entry"),
    "searches": ("查找记录更新", "more of a search was recorded"),
    "checks": ("定位核查有更新", "more of a location check was recorded"),
    "leave_reports": ("外出报告、销假更新", "a report on leave was recorded"),
    "check_ins": ("签到情况更新", "a check-in was answered or missed"),
}


# ---- writing


def write_day(session: Session, subject_id: int, day: date, settings: Settings, now: datetime) -> LogDay:
    """Close a subject's local day, or add to a closed one what has changed since; the newest part. Nothing new, no new part.

    Raises NotFound, Conflict (the day is not over).
    """
    subject = session.get(Subject, subject_id)
    if subject is None:
        raise NotFound(f"There is no subject {subject_id}.", f"没有编号 {subject_id} 的社区矫正对象。")
    return _write(session, load_facts(session, subject, day, day), day, settings, now, Rulebooks())[0]


def close_days(engine: Engine, settings: Settings, now: datetime) -> int:
    """Close every finished local day of every subject that is not closed yet, and amend closed ones that say something else now.

    1. Each subject alone; a fault is logged, shows as days that stay open (``soundness``), and stops nobody else. 2. All her finished
    days without a part, however old: what was missed while the service was down comes from the data. 3. Her days of the last
    ``AMEND_DAYS``, older ones of which reports came since, of leave, too, and those of violations somebody handled since. Returns how
    many parts were written.
    """
    books, written = Rulebooks(), 0
    with reading(engine) as session:
        subjects = session.exec(select(Subject.id).order_by(col(Subject.id))).all()
    for subject_id in subjects:
        assert subject_id is not None
        with reading(engine) as session:
            days = sorted({*days_due(session, subject_id, now), *_days_to_amend(session, subject_id, now)})
        for run in _runs(days):
            written += _write_run(engine, subject_id, run, settings, now, books)
    return written


def _write_run(engine: Engine, subject_id: int, days: Sequence[date], settings: Settings, now: datetime, books: Rulebooks) -> int:
    """A few days in a row in one transaction; 0 after a fault."""
    try:
        with writing(engine) as session:
            facts = load_facts(session, session.get_one(Subject, subject_id), days[0], days[-1])
            return sum(_write(session, facts, day, settings, now, books)[1] for day in days)
    except IntegrityError:
        log.info("the log of subject %d was written by another process meanwhile", subject_id)
    except Exception:
        log.exception("the log of subject %d, %s to %s, could not be written", subject_id, days[0], days[-1])
    return 0


def _write(session: Session, facts: Facts, day: date, settings: Settings, now: datetime, books: Rulebooks) -> tuple[LogDay, bool]:
    """The newest part, and whether it is new. Where she was is computed only when what it comes from has changed."""
    start, end = day_bounds(day, facts.timezone)
    if end > now:
        raise Conflict(f"{day} is not over yet.", f"{day} 尚未结束，不能生成日志。", field="day")
    parts = _parts(session, facts.subject, day, day)
    plain = plain_facts(facts, day, settings)
    digest = inputs_digest(facts, day, plain)
    if parts and parts[-1].content["digest"] == digest:
        return parts[-1], False
    content = with_presence(facts, plain, whereabouts(session, facts.subject, start, end, settings, books))
    said: dict[str, Any] = {"format": FORMAT, "computed_at": stamp(now), "digest": digest}
    if parts:
        changes = list(differences(_standing(parts), content))
        if not changes:
            return parts[-1], False
        said |= {"why": _why(changes), "changes": changes}
    else:
        said |= {"subject": header(facts), "log": content}
    row = LogDay(subject_id=_id(facts.subject), day=day.isoformat(), part=len(parts), written_at=now, content=said)
    session.add(row)
    session.flush()
    return row, True


def _why(changes: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    concerned = [section for section in WHY if any(change["path"][0] == section for change in changes)]
    causes = [section for section in concerned if section not in ("coverage", "presence")]
    late = any(change["path"] == ["coverage", "reports"] for change in changes)
    told = (["coverage"] if late else []) + (causes or ([] if late else ["presence"]))
    return [{"section": section, "zh": WHY[section][0], "en": WHY[section][1]} for section in told]


# ---- which days


def days_due(session: Session, subject_id: int, now: datetime) -> list[date]:
    """The finished local days of a subject's supervision that are not closed yet, oldest first."""
    subject = session.get_one(Subject, subject_id)
    timezone = _timezone(session, subject)
    first, last = _first_day(session, subject, timezone), _last_day(subject, timezone, now)
    closed = set(session.exec(select(LogDay.day).where(LogDay.subject_id == subject_id, LogDay.part == 0)).all())
    every = (first + timedelta(days=i) for i in range((last - first).days + 1))
    return [day for day in every if day.isoformat() not in closed]


def _first_day(session: Session, subject: Subject, timezone: ZoneInfo) -> date:
    """The first day of the term that this service can know of: it was told of the subject then, or has a report of then."""
    known = [
        session.exec(select(func.min(AuditEvent.at)).where(AuditEvent.subject_id == subject.id)).one(),
        session.exec(select(func.min(Report.fix_time)).where(Report.subject_id == subject.id)).one(),
    ]
    told = min((at for at in known if at is not None), default=subject.term_from)
    return local_day(max(subject.term_from, told), timezone)


def _last_day(subject: Subject, timezone: ZoneInfo, now: datetime) -> date:
    """Yesterday, or the last day of the term, or that on which supervision ended."""
    ends = [local_day(now, timezone) - timedelta(days=1), local_day(subject.term_until - timedelta(microseconds=1), timezone)]
    if subject.status in (SubjectStatus.ENDED, SubjectStatus.DECEASED) and subject.status_from is not None:
        ends.append(local_day(subject.status_from, timezone))
    return min(ends)


def _days_to_amend(session: Session, subject_id: int, now: datetime) -> set[date]:
    """Closed days that may say something else now."""
    subject = session.get_one(Subject, subject_id)
    timezone = _timezone(session, subject)
    since = now - timedelta(days=AMEND_DAYS)
    recent = day_bounds(local_day(since, timezone), timezone)[0]
    days = {local_day(recent, timezone) + timedelta(days=i) for i in range(AMEND_DAYS)}
    r = Report
    late = select(r.fix_time).where(r.subject_id == subject_id, col(r.fix_time) >= since - OLDEST_FIX, col(r.fix_time) < recent)
    days |= {local_day(at, timezone) for at in session.exec(late.where(col(r.received_at) >= since))}
    v = Violation
    handled = select(ReviewEvent.violation_id).where(col(ReviewEvent.at) >= since)
    for violation in session.exec(select(v).where(v.subject_id == subject_id, col(v.started_at) < recent, col(v.id).in_(handled))):
        first = local_day(violation.started_at, timezone)
        last = local_day(min(violation_end(violation) or recent, recent), timezone)
        days |= {first + timedelta(days=i) for i in range((last - first).days + 1)}
    told = select(LeaveReport.at).join(LeaveRequest, col(LeaveRequest.id) == col(LeaveReport.request_id))
    told = told.where(LeaveRequest.subject_id == subject_id, col(LeaveReport.recorded_at) >= since, col(LeaveReport.at) < recent)
    days |= {local_day(at, timezone) for at in session.exec(told)}
    closed = set(session.exec(select(LogDay.day).where(LogDay.subject_id == subject_id, LogDay.part == 0)).all())
    return {day for day in days if day.isoformat() in closed}


def _runs(days: Sequence[date]) -> Iterator[list[date]]:
    """The days in runs without a hole, each of at most ``DAYS_AT_ONCE``."""
    run: list[date] = []
    for day in days:
        if run and (len(run) == DAYS_AT_ONCE or day != run[-1] + timedelta(days=1)):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


# ---- reading


def read_log(
    session: Session,
    actor: Actor | None,
    subject_id: int,
    first: date,
    last: date,
    purpose: str,
    now: datetime,
    *,
    settings: Settings | None = None,
) -> list[dict[str, Any]]:
    """A subject's log for the local days ``first`` to ``last``, in a writing session: the read is audited with its purpose.

    For each day: ``day``, ``subject`` (as the register said then), ``closed``, ``written_at``, ``log`` (as it stands now) and
    ``parts`` (what later parts changed, and why). With ``settings`` the days not closed yet are told, too, as they are at ``now``; else
    they are left out. Raises Invalid (no purpose; too many days), Forbidden, NotFound.
    """
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise Invalid(f"Choose a first and a last day, at most {MOST_DAYS} days.", f"请选择起止日期，最多 {MOST_DAYS} 天。", field="last")
    subject = _audited(session, actor, subject_id, purpose.strip(), now)
    found = {day["day"]: day for day in _closed(session, subject, first, last)}
    if settings is not None:
        found |= {day["day"]: day for day in _open(session, subject, first, last, found, settings, now)}
    return [found[day] for day in sorted(found)]


def _audited(session: Session, actor: Actor | None, subject_id: int, purpose: str, now: datetime) -> Subject:
    if actor is not None:
        audited_location_read(session, actor, [subject_id], purpose, now)
        return session.get_one(Subject, subject_id)
    subject = subject_in_reach(session, None, subject_id, Action.READ_LOCATION)
    if not purpose:
        raise Invalid("Say why you look at this log: the purpose is recorded.", "请填写查看日志的目的，系统将留痕。", field="purpose")
    record_by(session, None, "location.read", subject_id=subject_id, purpose=purpose, now=now)
    return subject


def _closed(session: Session, subject: Subject, first: date, last: date) -> Iterator[dict[str, Any]]:
    by_day: dict[str, list[LogDay]] = {}
    for part in _parts(session, subject, first, last):
        by_day.setdefault(part.day, []).append(part)
    for day, parts in by_day.items():
        yield {
            "day": day,
            "subject": parts[0].content["subject"],
            "closed": True,
            "written_at": stamp(parts[0].written_at),
            "log": _standing(parts),
            "parts": [
                {"part": p.part, "written_at": stamp(p.written_at)} | {k: p.content[k] for k in ("why", "changes")} for p in parts[1:]
            ],
        }


def _open(
    session: Session, subject: Subject, first: date, last: date, closed: dict[str, Any], settings: Settings, now: datetime
) -> Iterator[dict[str, Any]]:
    """The days of supervision not closed yet, today up to ``now`` included."""
    timezone = _timezone(session, subject)
    today = local_day(now, timezone)
    wanted = [*days_due(session, _id(subject), now), *([today] if _last_day(subject, timezone, now + timedelta(days=1)) >= today else [])]
    books = Rulebooks()
    for day in wanted:
        if first <= day <= last and day.isoformat() not in closed:
            facts = load_facts(session, subject, day, day)
            start, end = day_bounds(day, timezone)
            plain = plain_facts(facts, day, settings, now)
            found = whereabouts(session, subject, start, min(end, now), settings, books)
            yield {
                "day": day.isoformat(),
                "subject": header(facts),
                "closed": False,
                "written_at": stamp(now),
                "log": with_presence(facts, plain, found),
                "parts": [],
            }


def _standing(parts: Sequence[LogDay]) -> dict[str, Any]:
    """The log of a day as all its parts together say."""
    content: dict[str, Any] = parts[0].content["log"]
    for part in parts[1:]:
        content = amended(content, part.content["changes"])
    return content


def _parts(session: Session, subject: Subject, first: date, last: date) -> Sequence[LogDay]:
    d = LogDay
    statement = select(d).where(d.subject_id == subject.id, d.day >= first.isoformat(), d.day <= last.isoformat())
    return session.exec(statement.order_by(col(d.day), col(d.part))).all()


# ---- officers' entries


def add_entry(session: Session, actor: Actor, subject_id: int, *, kind: EntryKind, content: str, at: datetime, now: datetime) -> LogEntry:
    """An officer's own entry, for a moment up to ``AMEND_DAYS`` days back; a day that is closed gets it as an addition.

    Raises Invalid (nothing said; the future; too long ago), Forbidden, NotFound.
    """
    subject = subject_for(session, actor, subject_id, Action.WRITE_LOG)
    text = content.strip()
    if not text or len(text) > LONGEST_ENTRY or "\x00" in text:
        raise Invalid(f"An entry has 1 to {LONGEST_ENTRY} characters.", f"请填写内容，不超过 {LONGEST_ENTRY} 字。", field="content")
    if not now - timedelta(days=AMEND_DAYS) <= at <= now:
        raise Invalid(
            f"An entry is about the last {AMEND_DAYS} days.", f"只能记录最近 {AMEND_DAYS} 天内的工作，且不得晚于当前时间。", field="at"
        )
    day = local_day(at, _timezone(session, subject)).isoformat()
    entry = LogEntry(subject_id=subject_id, day=day, at=at, officer_id=actor.officer_id, kind=EntryKind(kind).value, content=text)
    session.add(entry)
    session.flush()
    record_by(session, actor, "log.entry", subject_id=subject_id, detail={"entry": entry.id, "kind": entry.kind, "day": day}, now=now)
    return entry


def parts_of(session: Session, subject_ids: Sequence[int], first: date, last: date) -> dict[tuple[int, str], int]:
    """By subject and day (ISO): in how many parts the day is written, 1 as it was closed, more where it was amended. For a caller who may
    see these subjects."""
    d = LogDay
    days = col(d.day).between(first.isoformat(), last.isoformat())
    counted = select(d.subject_id, d.day, func.count()).where(col(d.subject_id).in_(list(subject_ids)), days)
    return {(subject_id, day): n for subject_id, day, n in session.exec(counted.group_by(col(d.subject_id), col(d.day)))}


def entries_of(session: Session, subject_id: int, *, limit: int) -> Sequence[LogEntry]:
    """What officers last wrote about a subject, newest first. For a caller who may see her."""
    e = LogEntry
    return session.exec(select(e).where(e.subject_id == subject_id).order_by(col(e.at).desc()).limit(limit)).all()


def _timezone(session: Session, subject: Subject) -> ZoneInfo:
    return ZoneInfo(session.get_one(Bureau, subject.bureau_id).timezone)


def _id(subject: Subject) -> int:
    assert subject.id is not None
    return subject.id
