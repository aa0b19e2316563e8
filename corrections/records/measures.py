"""奖惩: the measures that were taken, by whom and on what day, each on the register once, counted by kind, and never erased.

A measure comes from a proposal that was granted (records/proposals.py), or is recorded by a head from the paper it was taken on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from corrections.domain.casework import MeasureKind
from corrections.domain.legal import local_day, moment_of
from corrections.domain.measures import open_to
from corrections.domain.model import Category
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.clocks import checked, zone_of
from corrections.settings import Settings
from corrections.settings.measures import GroundText
from corrections.store.access import Action, Actor, subject_for, within_reach
from corrections.store.tables import Measure, Subject

MOST_ROWS = 500
LONGEST_NAME = 200


def counts(session: Session, subject_id: int) -> Mapping[MeasureKind, int]:
    """How many measures of each kind are in force on a subject: those that were not revoked."""
    return counts_of(session, (subject_id,)).get(subject_id, {})


def counts_of(session: Session, subject_ids: Collection[int | None]) -> Mapping[int, Mapping[MeasureKind, int]]:
    """How many measures of each kind stand, by subject."""
    m, found = Measure, defaultdict[int, dict[MeasureKind, int]](dict)
    counted = select(m.subject_id, m.kind, func.count()).where(col(m.subject_id).in_(list(subject_ids)), col(m.revoked_at).is_(None))
    for subject_id, kind, number in session.exec(counted.group_by(col(m.subject_id), col(m.kind))):
        found[subject_id][MeasureKind(kind)] = number
    return found


def record_measure(
    session: Session,
    actor: Actor,
    subject_id: int,
    *,
    kind: MeasureKind,
    decided_on: date,
    decided_by: str,
    document: str,
    ground: str = "",
    settings: Settings,
    now: datetime,
) -> Measure:
    """Record a measure that was taken on paper, by a head. ``decided_on`` is a local day, ``decided_by`` the body, ``document`` the number
    of its decision, ``ground`` a key of the settings, where one fits. The subject's category is that of now.

    Raises Invalid (a measure that her category does not know, a day to come), Conflict (it is recorded already), Forbidden, NotFound.
    """
    subject_for(session, actor, subject_id, Action.SECOND)
    held = select(Subject).where(Subject.id == subject_id).with_for_update().execution_options(populate_existing=True)
    subject = session.exec(held).one()
    kind = MeasureKind(kind)
    require_open(subject, kind)
    if ground:
        ground_for(subject, kind, ground, settings, decided_on)
    return add_measure(
        session, actor, subject, kind=kind, decided_on=decided_on, decided_by=decided_by, document=document, ground=ground, now=now
    )


def add_measure(
    session: Session,
    actor: Actor,
    subject: Subject,
    *,
    kind: MeasureKind,
    decided_on: date,
    decided_by: str,
    document: str,
    ground: str,
    proposal_id: int | None = None,
    now: datetime,
) -> Measure:
    """Put a measure on the register, for those who have checked that the actor may. Raises Invalid, Conflict."""
    assert subject.id is not None
    body, number = named(decided_by, "decided_by"), named(document, "document")
    zone, m = zone_of(session, subject), Measure
    if decided_on > local_day(now, zone):
        raise Invalid("The day of the decision is still to come.", "作出决定的日期不得晚于今天。", field="decided_on")
    at = moment_of(decided_on, time(), zone)
    same = select(m.id).where(m.subject_id == subject.id, m.kind == kind.value, m.document == number, col(m.revoked_at).is_(None))
    if session.exec(same).first() is not None:
        raise Conflict(f"The measure of {number} is recorded already.", f"文号 {number} 的该项奖惩已登记。", field="document")
    measure = Measure(
        subject_id=subject.id, kind=kind.value, category=subject.category, decided_on=at, decided_by=body, document=number, ground=ground,
        proposal_id=proposal_id, recorded_by=actor.officer_id, recorded_at=now,
    )  # fmt: skip
    session.add(measure)
    session.flush()
    detail = {"measure": measure.id, "kind": kind.value, "decided_on": at, "document": number, "proposal": proposal_id}
    record_by(session, actor, "measure.record", subject_id=subject.id, detail=detail, now=now)
    return measure


def revoke_measure(session: Session, actor: Actor, measure_id: int, *, reason: str, now: datetime) -> Measure:
    """Take a measure back, with the reason; it stays on the register and no longer counts. By a head.

    Raises Invalid, Conflict (it was taken back already), Forbidden, NotFound.
    """
    measure = measure_for(session, actor, measure_id, Action.SECOND)
    said, m = checked(reason, "reason"), Measure
    guarded = update(m).where(col(m.id) == measure_id, col(m.revoked_at).is_(None)).values(revoked_at=now, revoked_reason=said)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("The measure was taken back already.", "该项奖惩已撤销。")
    session.refresh(measure)
    detail = {"measure": measure_id, "kind": measure.kind, "reason": said}
    record_by(session, actor, "measure.revoke", subject_id=measure.subject_id, detail=detail, now=now)
    return measure


def list_measures(
    session: Session,
    actor: Actor,
    *,
    subject_id: int | None = None,
    kind: MeasureKind | None = None,
    in_force: bool | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Measure]:
    """Measures within reach, newest first; ``in_force`` False keeps those that were taken back. ``before`` is the last id of the page
    before. Raises Invalid, Forbidden."""
    actor.require(Action.REVIEW)
    require_limit(limit)
    m = Measure
    statement = select(m).where(col(m.subject_id).in_(select(Subject.id).where(within_reach(actor, Subject))))
    if subject_id is not None:
        statement = statement.where(m.subject_id == subject_id)
    if kind is not None:
        statement = statement.where(m.kind == kind.value)
    if in_force is not None:
        statement = statement.where(col(m.revoked_at).is_(None) if in_force else col(m.revoked_at).is_not(None))
    if before is not None:
        statement = statement.where(col(m.id) < before)
    return session.exec(statement.order_by(col(m.id).desc()).limit(limit)).all()


def measure_for(session: Session, actor: Actor, measure_id: int, action: Action = Action.REVIEW) -> Measure:
    """The measure, if the actor may do ``action`` and its subject is within her reach. Raises Forbidden, NotFound."""
    actor.require(action)
    measure = session.get(Measure, measure_id)
    subject: Any = session.get_one(Subject, measure.subject_id) if measure is not None else None
    if measure is None or not actor.reaches(subject.office_id, subject.bureau_id):
        raise NotFound(f"There is no measure {measure_id} in your offices.", f"您所在机构没有编号 {measure_id} 的奖惩。")
    return measure


# ---- checks that proposals share


def require_open(subject: Subject, kind: MeasureKind) -> None:
    """Raise Invalid unless the subject's category knows the measure."""
    known = open_to(Category(subject.category))
    if kind not in known:
        raise Invalid(
            f"Her category ({subject.category}) does not know this measure; it knows: {', '.join(known) or 'none'}.",
            "该矫正类别不适用此项措施，请选择其他措施。",
            field="measure",
        )


def ground_for(subject: Subject, kind: MeasureKind, key: str, settings: Settings, day: date) -> GroundText:
    """The ground of the settings with a key, as it stands on a local day. Raises Invalid unless it is one of this measure for this
    category."""
    ground = settings.measures.ground(key, day)
    if ground is None or ground.measure is not kind or subject.category not in ground.categories:
        found = [g.key for g in settings.measures.grounds_on(day) if g.measure is kind and subject.category in g.categories]
        raise Invalid(
            f"Choose a ground of this measure for her category: {', '.join(found)}.",
            f"请选择该措施对该矫正类别适用的依据：{'、'.join(found)}。",
            field="ground",
        )
    return ground


def named(text: str, name: str) -> str:
    """A body or the number of a document, in one line. Raises Invalid."""
    said = text.strip()
    if not said or len(said) > LONGEST_NAME or not said.isprintable():
        raise Invalid(f"{name}: 1 to {LONGEST_NAME} characters in one line.", f"请填写一行内容，不超过 {LONGEST_NAME} 字。", field=name)
    return said


def require_limit(limit: int) -> None:
    """Raise Invalid for a page that is too long."""
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
