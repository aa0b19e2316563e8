"""签到: what was asked of a subject, by a link that is told once, and what she answered. A link lets one answer, and see nothing.

Only the link's hash is kept beside the check-in. The link itself stands in the notice to the subject, which whoever brings it to her must
read: staff within reach. What an answer says and from which address it came is on record, so that one in her stead would show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain.casework import CheckInState
from corrections.domain.contact import due_us
from corrections.domain.model import NoticeKind, Recipient, ReviewState, Rule, Severity, from_us, to_us
from corrections.domain.rules import merged
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.review import notices, queue
from corrections.settings import Settings
from corrections.settings.section import in_force
from corrections.store.access import Action, Actor, Own, subject_for
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.tables import Bureau, CheckIn, Officer, Outage, Subject, Violation

PAGE = "/c"
ANSWERED = "she checked in"
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class CheckInItem:
    """One check-in in a listing. ``located``: her answer held a position that could be stored."""

    id: int
    subject_id: int
    schedule: str
    slot_at: datetime
    asked_at: datetime
    asked_by: int | None
    asked_by_name: str | None
    purpose: str
    expires_at: datetime
    state: CheckInState
    answered_at: datetime | None
    located: bool
    missed_at: datetime | None
    skipped: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Check-ins of a subject that were asked in the last ``days`` and are over, and how many of them she answered and missed."""

    days: int
    asked: int
    answered: int
    missed: int


def ask_for(
    session: Session,
    subject: Subject,
    settings: Settings,
    now: datetime,
    *,
    minutes: float,
    schedule: str = "",
    slot_at: datetime | None = None,
    asked_by: int | None = None,
    purpose: str = "",
) -> tuple[CheckIn, str]:
    """Ask a subject to check in within so many minutes, and write the notice with the link; the check-in, and the token, told this once."""
    assert subject.id is not None
    token = new_credential()
    made = CheckIn(
        bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject.id, schedule=schedule, slot_at=slot_at or now,
        asked_at=now, asked_by=asked_by, purpose=purpose, token_hash=hash_credential(token), expires_at=now + timedelta(minutes=minutes),
    )  # fmt: skip
    session.add(made)
    session.flush()
    until = local_of(session, made, made.expires_at)
    link = link_of(token, settings)
    text = (
        f"请在 {until} 前打开此链接，按页面提示签到（会发送您此刻的位置）：{link}",
        f"Please open this link before {until} and check in there (it sends where you are at that moment): {link}",
    )
    notices.notify(session, subject, Recipient.SUBJECT, NoticeKind.CHECK_IN, text, now, severity=Severity.HIGH, about=f"check_in:{made.id}")
    return made, token


def link_of(token: str, settings: Settings) -> str:
    """What the phone opens; without the service's address in the settings, the part after it."""
    return f"{settings.portal.address}{PAGE}/{token}"


def local_of(session: Session, made: CheckIn, at: datetime) -> str:
    """A moment on the wall clock of a check-in's bureau."""
    return f"{at.astimezone(ZoneInfo(session.get_one(Bureau, made.bureau_id).timezone)):%Y-%m-%d %H:%M}"


def deadline_of(session: Session, made: CheckIn) -> datetime:
    """Until when a check-in can be answered: what our own outages took of her time is added to it."""
    outages = session.exec(select(Outage).where(col(Outage.ended_at) > made.asked_at)).all()
    allowed_us = to_us(made.expires_at) - to_us(made.asked_at) - made.excused_s * 1_000_000
    return from_us(due_us(to_us(made.asked_at), allowed_us, merged([(to_us(o.began_at), to_us(o.ended_at)) for o in outages])))


def state_of(made: CheckIn) -> CheckInState:
    """Where a check-in stands; one whose time is over but not yet noted as missed is still open here."""
    if made.skipped:
        return CheckInState.SKIPPED
    if made.answered_at is not None:
        return CheckInState.ANSWERED
    return CheckInState.MISSED if made.missed_at is not None else CheckInState.OPEN


# ---- whoever opens the link


def by_token(session: Session, token: str) -> CheckIn:
    """The check-in of a link, whatever has become of it. Raises NotFound."""
    found = session.exec(select(CheckIn).where(CheckIn.token_hash == hash_credential(token))).first()
    if found is None:
        raise NotFound(
            "This link is not known. Open the newest one that you were sent.", "这个链接无法识别，请打开最近收到的链接。", field="token"
        )
    return found


def require_open(session: Session, made: CheckIn, now: datetime) -> None:
    """Raise Conflict unless a check-in can be answered now."""
    if made.answered_at is not None:
        at = local_of(session, made, made.answered_at)
        raise Conflict(f"You have checked in already, at {at}. There is nothing more to do.", f"您已于 {at} 完成签到，无需重复。")
    ends = deadline_of(session, made)
    if made.missed_at is not None or made.skipped or ends <= now:
        until = local_of(session, made, ends)
        raise Conflict(
            f"The time for this check-in ended at {until}. Call your officer.", f"本次签到已于 {until} 截止，请联系工作人员说明情况。"
        )


def note_answer(session: Session, token: str, report_id: int | None, now: datetime, origin: str = "") -> CheckIn:
    """Note that a check-in was answered, with the report that holds the position (None: it could not be kept, but she was heard). Ends the
    violation of those missed before, if there is one in progress.

    Raises Conflict (another answer was first; the time is over), NotFound.
    """
    made = by_token(session, token)
    require_open(session, made, now)
    c = CheckIn
    guarded = update(c).where(col(c.id) == made.id, col(c.answered_at).is_(None), col(c.missed_at).is_(None))
    values = {"answered_at": now, "report_id": report_id}
    done = session.execute(guarded.values(**values), execution_options={"synchronize_session": False})
    session.refresh(made)
    if done.rowcount == 0:  # type: ignore[attr-defined]
        require_open(session, made, now)
    notices.end_about(session, f"check_in:{made.id}", now)
    _end_missed(session, made, now)
    detail = {"check_in": made.id, "report": report_id}
    record_by(session, Own(made.subject_id, origin), "check_in.answer", detail=detail, now=now)
    return made


def _end_missed(session: Session, made: CheckIn, now: datetime) -> None:
    v = Violation
    mine = select(v).where(v.subject_id == made.subject_id, v.rule == Rule.MISSED_CHECK_IN.value, col(v.ended_at).is_(None))
    violation = session.exec(mine.where(v.review_state != ReviewState.WITHDRAWN.value)).first()
    if violation is not None:
        at = local_of(session, made, now)
        told = [(f"{at} 已按要求签到", f"she checked in at {at}")]
        queue.revise(session, violation, {"ended_at": max(now, violation.last_fix_at)}, now, note=ANSWERED, told=told)


# ---- as officers read them; no positions


def list_check_ins(
    session: Session, actor: Actor, subject_id: int, *, before: int | None = None, limit: int = 100
) -> Sequence[CheckInItem]:
    """A subject's check-ins, the newest first, with those that were skipped. Raises Invalid, Forbidden, NotFound."""
    subject_for(session, actor, subject_id, Action.CHECK)
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    c = CheckIn
    mine = select(c, Officer.name).outerjoin(Officer, col(Officer.id) == col(c.asked_by)).where(c.subject_id == subject_id)
    if before is not None:
        mine = mine.where(col(c.id) < before)
    return [_item(made, name) for made, name in session.exec(mine.order_by(col(c.id).desc()).limit(limit))]


def counts_of(session: Session, actor: Actor, subject_id: int, settings: Settings, now: datetime) -> Counts:
    """How a subject answered lately. Raises Forbidden, NotFound."""
    subject = subject_for(session, actor, subject_id, Action.CHECK)
    zone = ZoneInfo(session.get_one(Bureau, subject.bureau_id).timezone)
    days = in_force(settings.checks.check_ins, now.astimezone(zone).date()).count_days
    c = CheckIn
    lately = select(c).where(c.subject_id == subject_id, c.skipped == "", col(c.asked_at) > now - timedelta(days=days))
    states = [state_of(made) for made in session.exec(lately)]
    answered, missed = states.count(CheckInState.ANSWERED), states.count(CheckInState.MISSED)
    return Counts(days, answered + missed, answered, missed)


def item_of(session: Session, made: CheckIn) -> CheckInItem:
    """A check-in as a listing shows it."""
    asker = session.get(Officer, made.asked_by) if made.asked_by is not None else None
    return _item(made, asker.name if asker else None)


def _item(made: CheckIn, asker: str | None) -> CheckInItem:
    same: dict[str, Any] = {name: getattr(made, name) for name in CheckInItem.__dataclass_fields__ if name in CheckIn.model_fields}
    return CheckInItem(**same, asked_by_name=asker, state=state_of(made), located=made.report_id is not None)
