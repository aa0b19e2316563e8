"""Asking subjects to check in: an officer with a purpose, or a schedule at moments that nobody can foresee; and what counts when nobody
answers.

A missed check-in is a fact, not a judgement: it is technical until a person has looked into it. Nobody misses one for the time in which
this service was itself down, nor when she may not be located.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import literal_column
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from corrections.domain.casework import NotAsked
from corrections.domain.model import ReviewState, Rule, SubjectStatus, from_us, to_us
from corrections.domain.rules import Spans
from corrections.errors import Conflict, Invalid
from corrections.monitor.contact import monitored_until
from corrections.monitor.schedule import District, in_force, may_be_located, on_register, slots, turns
from corrections.monitor.violations import new_violation
from corrections.records.audit import record_by
from corrections.records.check_ins import ask_for, deadline_of, local_of
from corrections.review import notices, queue
from corrections.review.deadlines import Deadlines
from corrections.settings import Settings
from corrections.settings.checks import CheckIns
from corrections.settings.section import in_force as terms_in_force
from corrections.store.access import Action, Actor, subject_for
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.rulebook import load_lawful
from corrections.store.tables import Bureau, CheckIn, Subject, Violation

Columns = dict[str, Any]

COUNTED = ("count_days", "often", "severity", "often_severity")
"""The settings that a violation's evidence keeps."""

MISSED_AGAIN = "another one was missed"


def ask_check_in(
    session: Session, actor: Actor, subject_id: int, purpose: str, settings: Settings, now: datetime, *, minutes: int | None = None
) -> tuple[CheckIn, str]:
    """An officer asks a subject to check in, within so many minutes (by the settings, where she does not say); the check-in, and the token
    of the link, told this once.

    Raises Invalid (no purpose), Conflict (she is being asked already; she may not be located), Forbidden, NotFound.
    """
    subject = subject_for(session, actor, subject_id, Action.CHECK)
    if not purpose.strip():
        raise Invalid("Say why you ask her to check in: the purpose is recorded.", "请填写要求签到的目的，系统将留痕。", field="purpose")
    if not _may_be_asked(subject, load_lawful(session, [subject]), settings, now):
        raise Conflict("There is no legal basis in force to locate this person.", "该对象没有有效的定位依据，不能要求签到。")
    if _open_of(session, [subject_id], now):
        raise Conflict("She is being asked to check in already; wait for it.", "已要求该对象签到，请等待其答复。")
    terms = _terms(session, subject.bureau_id, settings, now)
    made, token = ask_for(
        session, subject, settings, now, minutes=minutes or terms.answer_minutes, asked_by=actor.officer_id, purpose=purpose.strip()
    )
    detail = {"check_in": made.id, "until": made.expires_at}
    record_by(session, actor, "check_in.ask", subject_id=subject_id, purpose=purpose.strip(), detail=detail, now=now)
    return made, token


def ask_check_ins_due(session: Session, settings: Settings, now: datetime) -> int:
    """Ask the subjects whose moments have come since each schedule was last carried out; returns how many were asked.

    A moment is on record also where she is not asked: she may not be located, is being asked already, or the service was down for so long
    that the moment would not be the schedule's any more.
    """
    return sum(
        _carry_out(session, settings, turn.district, turn.name, turn.after, now) for turn in turns(session, settings, "check_in", now)
    )


def miss_check_ins_due(session: Session, settings: Settings, now: datetime) -> int:
    """Note the check-ins whose time is over without an answer, as of when it was; returns how many were missed.

    1. What our own outages took of her time is added to it. 2. Who may not be located any more has missed nothing. 3. The others count:
    the first raises a violation, further ones revise it.
    """
    c, missed = CheckIn, 0
    waiting = (col(c.answered_at).is_(None), col(c.missed_at).is_(None), col(c.skipped) == literal_column("''"))
    due = select(c).where(col(c.expires_at) <= now, *waiting).order_by(col(c.expires_at), col(c.id))
    for made in session.exec(due.with_for_update(skip_locked=True)).all():
        if _excuse(session, made, now):
            continue
        subject = session.get_one(Subject, made.subject_id)
        lawful = load_lawful(session, [subject])
        notices.end_about(session, f"check_in:{made.id}", now)
        if not _may_be_asked(subject, lawful, settings, made.expires_at):
            made.skipped = NotAsked.NOT_MONITORED.value
            continue
        made.missed_at = made.expires_at
        session.flush()
        _raise(session, subject, made, lawful, settings, now)
        missed += 1
    session.flush()
    return missed


# ---- schedules


def _carry_out(session: Session, settings: Settings, district: District, name: str, after: datetime, now: datetime) -> int:
    entries = in_force(settings, district, name, after, now)
    people = on_register(session, district.id, now) if entries else []
    due: list[tuple[Subject, datetime, int]] = []
    for subject in people:
        office = district.offices[subject.office_id]
        for slot in slots(district, entries, f"subject:{subject.id}", after, now):
            if slot.schedule.covers_level(subject.level) and slot.schedule.covers_office(office.code, district.bureau.code):
                due.append((subject, slot.at, slot.schedule.due_minutes))
    if not due:
        return 0
    lawful = load_lawful(session, [subject for subject, _, _ in due])
    asked = _open_of(session, [subject.id for subject, _, _ in due if subject.id is not None], now)
    late = now - timedelta(minutes=settings.checks.late_minutes)
    count = 0
    for subject, at, minutes in due:
        why = _why_not(subject, at <= late, lawful, settings, asked, now)
        if _carried(session, subject, settings, name, at, minutes, why, now) and why is None:
            assert subject.id is not None
            asked.add(subject.id)
            count += 1
    return count


def _why_not(subject: Subject, late: bool, lawful: dict[int, Spans], settings: Settings, asked: set[int], now: datetime) -> NotAsked | None:
    if not _may_be_asked(subject, lawful, settings, now):
        return NotAsked.NOT_MONITORED
    if late:
        return NotAsked.OUTAGE
    return NotAsked.ASKED if subject.id in asked else None


def _carried(
    session: Session, subject: Subject, settings: Settings, name: str, at: datetime, minutes: int, why: NotAsked | None, now: datetime
) -> bool:
    """Ask, or record why not; False where this moment was carried out already."""
    try:
        with session.begin_nested():
            if why is None:
                ask_for(session, subject, settings, now, minutes=minutes, schedule=name, slot_at=at)
            else:
                session.add(_skipped(subject, name, at, why, now))
    except IntegrityError:
        return False
    return True


def _skipped(subject: Subject, name: str, at: datetime, why: NotAsked, now: datetime) -> CheckIn:
    """The record of a moment at which she was not asked; its link is known to nobody."""
    assert subject.id is not None
    return CheckIn(
        bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject.id, schedule=name, slot_at=at, asked_at=now,
        token_hash=hash_credential(new_credential()), expires_at=now, skipped=why.value,
    )  # fmt: skip


def _may_be_asked(subject: Subject, lawful: dict[int, Spans], settings: Settings, at: datetime) -> bool:
    assert subject.id is not None
    never = subject.status != SubjectStatus.ACTIVE or subject.category in settings.rules.never_located
    return not never and may_be_located(lawful, subject.id, at)


def _open_of(session: Session, subject_ids: Sequence[int], now: datetime) -> set[int]:
    """Who of these subjects is being asked just now."""
    c = CheckIn
    waiting = (col(c.answered_at).is_(None), col(c.missed_at).is_(None), col(c.skipped) == literal_column("''"))
    return set(session.exec(select(c.subject_id).where(col(c.expires_at) > now, *waiting, col(c.subject_id).in_(subject_ids))))


# ---- missed ones


@dataclass(frozen=True, slots=True)
class _Run:
    """The check-ins that were missed one after another, the oldest first, and how many were missed within the days that count."""

    missed: Sequence[CheckIn]
    number: int


def _excuse(session: Session, made: CheckIn, now: datetime) -> bool:
    """Give back what our own outages took of her time; whether there is time left now."""
    ends = deadline_of(session, made)
    made.excused_s += round((ends - made.expires_at).total_seconds())
    made.expires_at = ends
    return ends > now


def _raise(session: Session, subject: Subject, made: CheckIn, lawful: dict[int, Spans], settings: Settings, now: datetime) -> None:
    terms = _terms(session, subject.bureau_id, settings, made.expires_at)
    columns = missed_columns(session, made, terms)
    deadlines = Deadlines.of(settings)
    v = Violation
    standing = select(v).where(v.subject_id == subject.id, v.rule == Rule.MISSED_CHECK_IN.value, col(v.ended_at).is_(None))
    violation = session.exec(standing.where(v.review_state != ReviewState.WITHDRAWN.value)).first()
    if violation is not None:
        number = columns["evidence"]["number"]
        told = [
            (
                f"又有一次未签到（{terms.count_days} 天内第 {number} 次）",
                f"another one was missed (number {number} in {terms.count_days} days)",
            )
        ]
        changes = {name: columns[name] for name in ("last_fix_at", "severity", "evidence", "reason_zh", "reason_en")}
        queue.revise(session, violation, changes, now, note=MISSED_AGAIN, told=told, deadlines=deadlines)
        return
    assert subject.id is not None
    until = monitored_until(lawful, subject.id, to_us(made.expires_at))
    columns["ends_at"] = None if until is None else from_us(until)
    queue.raise_violation(session, new_violation(subject, Rule.MISSED_CHECK_IN, columns, now), deadlines, now)


def missed_columns(session: Session, last: CheckIn, terms: CheckIns) -> Columns:
    """The columns of the violation whose newest missed check-in is ``last``, from what is stored of her check-ins until then."""
    run = _run(session, last, terms)
    first = run.missed[0]
    severity = terms.often_severity if run.number >= terms.often else terms.severity
    evidence = {
        "missed": [
            {"check_in": made.id, "schedule": made.schedule, "asked_at": _plain(made.asked_at), "expires_at": _plain(made.expires_at)}
            for made in run.missed
        ],
        "number": run.number,
        "settings": {name: getattr(terms, name) for name in COUNTED},
    }  # fmt: skip
    zh, en = _reason(session, run, terms)
    return {
        "started_at": first.asked_at, "opened_at": first.expires_at, "ended_at": None, "last_fix_at": last.expires_at,
        "severity": severity.value, "evidence": evidence, "reason_zh": zh, "reason_en": en,
    }  # fmt: skip


def missed_again(session: Session, violation: Violation) -> list[Columns]:
    """The columns of a violation derived anew from the check-ins that are stored; none where they give no such violation. Raises KeyError
    or ValueError where its evidence cannot be read."""
    ids = [told["check_in"] for told in violation.evidence["missed"]]
    terms = CheckIns(valid_from=date.min, **violation.evidence["settings"])
    last = session.get(CheckIn, ids[-1]) if ids else None
    if last is None or last.missed_at is None:
        return []
    c = CheckIn
    answers = select(c.answered_at).where(c.subject_id == violation.subject_id, col(c.answered_at) > last.expires_at)
    answered = session.exec(answers.order_by(col(c.answered_at)).limit(1)).first()
    ends = [answered] if answered is not None or violation.ended_at is None else [violation.ends_at]  # by her, or with the authority
    return [missed_columns(session, last, terms) | {"ended_at": end} for end in ends]


def _run(session: Session, last: CheckIn, terms: CheckIns) -> _Run:
    c = CheckIn
    mine = select(c).where(c.subject_id == last.subject_id, c.skipped == "", col(c.expires_at) <= last.expires_at)
    lately = mine.where(col(c.missed_at).is_not(None), col(c.expires_at) > last.expires_at - timedelta(days=terms.count_days))
    answers = select(c.answered_at).where(c.subject_id == last.subject_id, col(c.answered_at) < last.expires_at)
    answered = session.exec(answers.order_by(col(c.answered_at).desc()).limit(1)).first()
    in_row = mine.where(col(c.missed_at).is_not(None))
    if answered is not None:
        in_row = in_row.where(col(c.expires_at) > answered)
    missed = session.exec(in_row.order_by(col(c.expires_at), col(c.id))).all()
    return _Run(missed, len(session.exec(lately).all()))


def _reason(session: Session, run: _Run, terms: CheckIns) -> tuple[str, str]:
    last = run.missed[-1]
    asked, until = local_of(session, last, last.asked_at), local_of(session, last, last.expires_at)
    zh = f"{asked} 要求签到，至 {until} 未签到；近 {terms.count_days} 天内第 {run.number} 次未签到"
    en = f"Asked at {asked} to check in, she had not by {until}; number {run.number} that was missed in {terms.count_days} days"
    if len(run.missed) > 1:
        zh += f"，已连续 {len(run.missed)} 次"
        en += f", {len(run.missed)} in a row"
    return f"{zh}。可能是手机关机、没有信号或未看到信息，本身不说明违规。", (
        f"{en}. The phone may be off or without signal, or the message unseen: by itself it proves no breach."
    )


def _terms(session: Session, bureau_id: int, settings: Settings, at: datetime) -> CheckIns:
    zone = ZoneInfo(session.get_one(Bureau, bureau_id).timezone)
    return terms_in_force(settings.checks.check_ins, at.astimezone(zone).date())


def _plain(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
