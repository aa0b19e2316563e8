"""Where a subject was, in three answers over time: on the right side of every zone that bound, on the wrong side of one, or unknown.

Derived from the stored reports by the same code that raises violations. A fix tells of the time until the next one, but of no more
than ``HOLD_INTERVALS`` of the device's expected interval; what lies beyond is unknown. Time in which nobody may locate her is left
out: it is neither kept nor missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import Session, col, select

from corrections.domain.in_force import answer
from corrections.domain.memory import Memory
from corrections.domain.model import Side, ZoneVersion, to_us
from corrections.domain.rules import Spans
from corrections.domain.zones import window_spans
from corrections.settings import Settings
from corrections.store.rule_history import rules_at_hand
from corrections.store.rulebook import Rulebooks, checkpoint_before, load_reports
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


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Within one span of time: when the subject might be located, the answers over all zones that bound, and for each zone version
    (by id) the answers while it was in force, leave or no leave."""

    lawful: Spans
    overall: list[Span]
    by_version: dict[int, list[Span]]


def presence(session: Session, subject: Subject, start: datetime, end: datetime, settings: Settings) -> list[Span]:
    """The answers for a subject over ``[start, end)``, in order, neighbours of one answer joined.

    Starts from the checkpoint before ``start`` and judges every report up to ``end``; the last answer before ``start`` reaches into it
    for as long as it holds.
    """
    return whereabouts(session, subject, start, end, settings).overall


def whereabouts(
    session: Session, subject: Subject, start: datetime, end: datetime, settings: Settings, books: Rulebooks | None = None
) -> Whereabouts:
    """``presence``, with the same by zone version. ``books`` keeps compiled zones for the next call."""
    assert subject.id is not None
    book = (books or Rulebooks()).load(session, subject.bureau_id, [subject.id])
    hold_us = hold_s(session, subject.id) * 1_000_000
    begun, memory = checkpoint_before(session, subject.id, to_us(start) - hold_us)
    reports = load_reports(session, subject.id, begun, to_us(end))
    reports = reports.take(~reports.mock)
    answers = answer(book, reports, {subject.id: Memory.decode(memory)}, rules_at_hand(session, settings))
    lawful = _cut(book.lawful.get(subject.id, ()), to_us(start), to_us(end))
    fix_us = reports.fix_us.tolist()
    overall = list(_told(fix_us, answers.overall, hold_us, to_us(end)))
    by_version: dict[int, list[Span]] = {}
    binding = book.bindings.versions_of(subject.id, book.zones)
    for index, version in enumerate(book.zones.versions):
        bound = _bound(version, book.timezone, lawful) if version.id in binding else []
        if bound:
            mine = answers.of_zone(index)
            told = list(_told([fix_us[row] for row, _ in mine], [side for _, side in mine], hold_us, to_us(end)))
            by_version[version.id] = _joined([span for a, b in bound for span in _within(told, a, b)])
    return Whereabouts(lawful, _joined([span for a, b in lawful for span in _within(overall, a, b)]), by_version)


def _cut(spans: Spans, start_us: int, end_us: int) -> Spans:
    return tuple((max(a, start_us), min(b, end_us)) for a, b in spans if max(a, start_us) < min(b, end_us))


def _bound(version: ZoneVersion, timezone: ZoneInfo, lawful: Spans) -> list[tuple[int, int]]:
    """When a version was in force, in its windows, within the lawful spans."""
    bound: list[tuple[int, int]] = []
    for start, end in _cut(lawful, version.valid_from_us, version.valid_until_us):
        if version.windows:
            opens, shuts = window_spans(version.windows, timezone, start, end)
            bound.extend(_cut(tuple(zip(opens.tolist(), shuts.tolist(), strict=True)), start, end))
        else:
            bound.append((start, end))
    return bound


def hold_s(session: Session, subject_id: int) -> int:
    """For how many seconds a fix of this subject is taken to tell where she is."""
    return holds_s(session, [subject_id])[subject_id]


def holds_s(session: Session, subject_ids: Iterable[int]) -> dict[int, int]:
    """``hold_s`` of each of these subjects."""
    ids = list(subject_ids)
    mine = select(Device.subject_id, func.max(Device.interval_s)).where(col(Device.subject_id).in_(ids), col(Device.active).is_(True))
    longest = dict(session.exec(mine.group_by(col(Device.subject_id))).all())
    return {i: hold_of(longest.get(i, DEFAULT_INTERVAL_S)) for i in ids}


def hold_of(interval_s: float) -> int:
    """For how many seconds a fix tells of a device with this expected interval."""
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
