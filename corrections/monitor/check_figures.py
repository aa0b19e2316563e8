"""How checks go, in numbers: fixes that were asked for and how soon they came, rounds and how they were signed, check-ins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, func, type_coerce
from sqlmodel import Session, col, select

from corrections.domain.casework import RoundState
from corrections.domain.model import AskReason
from corrections.errors import Invalid
from corrections.settings import Settings
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import CheckIn, CheckRound, FixRequest, Subject


@dataclass(frozen=True, slots=True)
class FixFigures:
    """Wishes for a fresh fix by one reason; ``in_time`` were answered within the target, ``mean_s`` is of those that were answered."""

    reason: str
    asked: int
    answered: int
    in_time: int
    mean_s: float | None


@dataclass(frozen=True, slots=True)
class RoundFigures:
    """Rounds by their moment. ``late``: signed after they were due; ``open`` ones may be ``overdue``."""

    opened: int
    signed: int
    late: int
    open: int
    overdue: int
    skipped: int
    escalated: int


@dataclass(frozen=True, slots=True)
class CheckInFigures:
    """Check-ins by when they were asked; ``skipped`` moments of schedules were not."""

    asked: int
    answered: int
    missed: int
    open: int
    skipped: int


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """Within ``[from, until)``; ``target_s`` is within how many seconds a fix should be there."""

    target_s: int
    fixes: list[FixFigures]
    rounds: RoundFigures
    check_ins: CheckInFigures


def check_figures(session: Session, actor: Actor, since: datetime, until: datetime, settings: Settings, now: datetime) -> CheckFigures:
    """The figures of the offices within reach. Raises Invalid, Forbidden."""
    actor.require(Action.CHECK)
    if since >= until:
        raise Invalid("The span ends after it begins.", "截止时间必须晚于起始时间。", field="until")
    target_s = settings.checks.target_s
    return CheckFigures(
        target_s,
        [_fixes(session, actor, reason, since, until, target_s) for reason in AskReason],
        _rounds(session, actor, since, until, now),
        _check_ins(session, actor, since, until),
    )


def _fixes(session: Session, actor: Actor, reason: AskReason, since: datetime, until: datetime, target_s: int) -> FixFigures:
    f = FixRequest
    took: Any = type_coerce(f.answered_at, BigInteger) - type_coerce(f.asked_at, BigInteger)
    counted = select(func.count(), func.count(col(f.answered_at)), _sum(took <= target_s * 1_000_000), func.avg(took))
    mine = counted.select_from(f).join(Subject, col(Subject.id) == col(f.subject_id)).where(within_reach(actor, Subject))
    row = session.exec(mine.where(f.reason == reason.value, f.asked_at >= since, f.asked_at < until)).one()
    asked, answered, in_time, mean = row
    return FixFigures(reason.value, asked, answered, int(in_time or 0), None if mean is None else round(float(mean) / 1e6, 1))


def _rounds(session: Session, actor: Actor, since: datetime, until: datetime, now: datetime) -> RoundFigures:
    r = CheckRound
    signed, open_ = col(r.state) == RoundState.SIGNED.value, col(r.state) == RoundState.OPEN.value
    skipped = col(r.state) == RoundState.SKIPPED.value
    sums = (
        _sum(~skipped), _sum(signed), _sum(signed & (col(r.signed_at) > col(r.due_at))), _sum(open_), _sum(open_ & (col(r.due_at) <= now)),
        _sum(skipped), _sum(col(r.escalation) > 0),
    )  # fmt: skip
    counted = select(*sums).where(within_reach(actor, r), r.slot_at >= since, r.slot_at < until)  # type: ignore[call-overload]
    return RoundFigures(*(int(n or 0) for n in session.execute(counted).one()))


def _check_ins(session: Session, actor: Actor, since: datetime, until: datetime) -> CheckInFigures:
    c = CheckIn
    asked, answered, missed = col(c.skipped) == "", col(c.answered_at).is_not(None), col(c.missed_at).is_not(None)
    sums = (_sum(asked), _sum(asked & answered), _sum(asked & missed), _sum(asked & ~answered & ~missed), _sum(~asked))
    counted = select(*sums).where(within_reach(actor, c), c.asked_at >= since, c.asked_at < until)  # type: ignore[call-overload]
    return CheckInFigures(*(int(n or 0) for n in session.execute(counted).one()))


def _sum(condition: ColumnElement[bool]) -> Any:
    """How many rows meet a condition."""
    return func.sum(case((condition, 1), else_=0))
