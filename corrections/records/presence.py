"""Where a subject was, in three answers over time: on the right side of every zone that bound, on the wrong side of one, or unknown.

Derived from the stored reports by the same code that raises violations. A fix tells of the time until the next one, but of no more
than ``HOLD_INTERVALS`` of the device's expected interval; what lies beyond is unknown. Time in which nobody may locate her is left
out: it is neither kept nor missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from corrections.domain.model import Side, to_us
from corrections.domain.rules import Memory, judge, sides
from corrections.settings import Settings
from corrections.store.rulebook import boundary_rule, checkpoint_before, load_reports, load_rulebook
from corrections.store.tables import Device, Subject

HOLD_INTERVALS = 2.0
DEFAULT_INTERVAL_S = 600
LONGEST_HOLD_S = 6 * 3600


@dataclass(frozen=True, slots=True)
class Span:
    """``[start_us, end_us)`` and the answer for it."""

    start_us: int
    end_us: int
    side: Side


def presence(session: Session, subject: Subject, start: datetime, end: datetime, settings: Settings) -> list[Span]:
    """The answers for a subject over ``[start, end)``, in order, neighbours of one answer joined.

    Starts from the checkpoint before ``start`` and judges every report up to ``end``; the last answer before ``start`` reaches into it
    for as long as it holds.
    """
    assert subject.id is not None
    rule = boundary_rule(settings.rules.boundary)
    book = load_rulebook(session, subject.bureau_id, [subject.id])
    hold_us = hold_s(session, subject.id) * 1_000_000
    begun, memory = checkpoint_before(session, subject.id, to_us(start) - hold_us)
    reports = load_reports(session, subject.id, begun, to_us(end))
    reports = reports.take(~reports.mock)
    answers = sides(judge(book, reports, {subject.id: Memory.decode(memory)}, rule), len(reports), rule)
    told = list(_told(reports.fix_us.tolist(), answers, hold_us, to_us(end)))
    lawful = [(max(a, to_us(start)), min(b, to_us(end))) for a, b in book.lawful.get(subject.id, ())]
    return _joined([span for a, b in lawful if a < b for span in _within(told, a, b)])


def hold_s(session: Session, subject_id: int) -> int:
    """For how many seconds a fix of this subject is taken to tell where she is."""
    statement = select(func.max(Device.interval_s)).where(Device.subject_id == subject_id, col(Device.active).is_(True))
    interval_s = session.exec(statement).one() or DEFAULT_INTERVAL_S
    return round(min(HOLD_INTERVALS * interval_s, LONGEST_HOLD_S))


def _told(fix_us: list[int], answers: list[Side], hold_us: int, end_us: int) -> Iterator[Span]:
    for i, (at, side) in enumerate(zip(fix_us, answers, strict=True)):
        until = min(at + hold_us, fix_us[i + 1] if i + 1 < len(fix_us) else end_us)
        if until > at:
            yield Span(at, until, side)


def _within(told: list[Span], start_us: int, end_us: int) -> Iterator[Span]:
    """The told spans cut to ``[start_us, end_us)``, unknown between them."""
    at = start_us
    for span in told:
        a, b = max(span.start_us, start_us), min(span.end_us, end_us)
        if a >= b:
            continue
        if a > at:
            yield Span(at, a, Side.UNKNOWN)
        yield Span(a, b, span.side)
        at = b
    if at < end_us:
        yield Span(at, end_us, Side.UNKNOWN)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].side is span.side and joined[-1].end_us == span.start_us:
            joined[-1] = Span(joined[-1].start_us, span.end_us, span.side)
        else:
            joined.append(span)
    return joined
