"""陈述、申辩: what a subject says about a violation or in general, or that she was heard and declined; taken by an officer, or given over
her own view. Statements are added and never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from corrections.domain.model import ReviewState
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.clocks import checked
from corrections.records.measures import require_limit
from corrections.review.reviewing import Means
from corrections.settings import Settings
from corrections.store.access import Action, Actor, Own, subject_for
from corrections.store.tables import Statement, Subject, Violation

OLDEST = timedelta(days=366)  # what was said longer ago is no statement on anything that is still decided


def record_statement(
    session: Session,
    actor: Actor | Own,
    subject_id: int,
    *,
    text: str,
    means: Means | None = None,
    declined: bool = False,
    violation_id: int | None = None,
    taken_at: datetime | None = None,
    settings: Settings,
    now: datetime,
) -> Statement:
    """Record what a subject says. ``declined``: she was heard and would not say anything, and ``text`` tells how she was asked.

    1. An officer says by which ``means`` and when (``taken_at``; now, where it is left out); what she gives herself is a message of now.
    2. ``violation_id`` None: it is about no single violation. Her own view knows only those violations that she is shown.
    3. She herself gives so many a day at most, and cannot decline (she need not write anything).
    Raises Invalid, Conflict, Forbidden, NotFound.
    """
    _whose(session, actor, subject_id)
    said = checked(text, "text")
    own = isinstance(actor, Own)
    if violation_id is not None:
        _hers(session, subject_id, violation_id, settings if own else None)
    if own:
        _in_measure(session, subject_id, settings.attachments.own_statements_a_day, now)
        if declined:
            raise Invalid("Who does not wish to say anything need not write.", "如不陈述，无须填写。", field="declined")
        means, at = Means.MESSAGE, now
    else:
        if means is None:
            raise Invalid("Say by which means she was heard.", "请选择听取陈述、申辩的方式。", field="means")
        at = taken_at or now
        if not now - OLDEST <= at <= now:
            raise Invalid("A statement was taken in the past, within a year.", "听取时间应在过去一年之内，不得晚于现在。", field="taken_at")
    statement = Statement(
        subject_id=subject_id, violation_id=violation_id, taken_at=at, taken_by=None if isinstance(actor, Own) else actor.officer_id,
        means=Means(means).value, declined=declined, text=said, recorded_at=now,
    )  # fmt: skip
    session.add(statement)
    session.flush()
    detail = {"statement": statement.id, "violation": violation_id, "declined": declined}
    record_by(session, actor, "statement.record", subject_id=subject_id, detail=detail, now=now)
    return statement


def list_statements(
    session: Session,
    actor: Actor | Own,
    subject_id: int,
    *,
    violation_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Statement]:
    """A subject's statements, newest first; her own view shows her all of them. Raises Invalid, Forbidden, NotFound."""
    _whose(session, actor, subject_id)
    require_limit(limit)
    s = Statement
    statement = select(s).where(s.subject_id == subject_id)
    if violation_id is not None:
        statement = statement.where(s.violation_id == violation_id)
    if before is not None:
        statement = statement.where(col(s.id) < before)
    return session.exec(statement.order_by(col(s.id).desc()).limit(limit)).all()


def statement_for(session: Session, actor: Actor | Own, statement_id: int, action: Action = Action.REVIEW) -> Statement:
    """The statement, if its subject is within reach: for a subject her own. Raises Forbidden, NotFound."""
    if isinstance(actor, Actor):
        actor.require(action)
    statement = session.get(Statement, statement_id)
    subject = session.get_one(Subject, statement.subject_id) if statement is not None else None
    missing = NotFound(f"There is no statement {statement_id} in your offices.", f"您所在机构没有编号 {statement_id} 的陈述。")
    if statement is None or subject is None:
        raise missing
    within = statement.subject_id == actor.subject_id if isinstance(actor, Own) else actor.reaches(subject.office_id, subject.bureau_id)
    if not within:
        raise missing
    return statement


def _whose(session: Session, actor: Actor | Own, subject_id: int) -> None:
    if isinstance(actor, Actor):
        subject_for(session, actor, subject_id, Action.REVIEW)
    elif actor.subject_id != subject_id:
        raise NotFound("There is no such record.", "没有这条记录。")


def _hers(session: Session, subject_id: int, violation_id: int, own: Settings | None) -> None:
    """Raise NotFound unless the violation is the subject's and, with ``own``, one that she is shown."""
    violation = session.get(Violation, violation_id)
    there = violation is not None and violation.subject_id == subject_id and violation.review_state != ReviewState.WITHDRAWN
    hidden = violation is not None and own is not None and violation.decision is None and violation.rule in own.portal.withheld
    if not there or hidden:
        raise NotFound("There is no such violation of this subject.", "没有这名对象的这条违规。", field="violation_id")


def _in_measure(session: Session, subject_id: int, most: int, now: datetime) -> None:
    s = Statement
    given = select(func.count()).select_from(s).where(s.subject_id == subject_id, col(s.taken_by).is_(None))
    if session.exec(given.where(col(s.recorded_at) > now - timedelta(days=1))).one() >= most:
        raise Conflict(
            f"You gave {most} statements within a day. Please talk to your officer.", f"一天内已提交 {most} 份陈述，请联系工作人员。"
        )
