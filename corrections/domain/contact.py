"""Contact: who was silent for how long, who was in contact without a position, by received time.

All of it is pure; times are int64 microseconds (UTC), and ``Spans`` of excused time are our own outages and area-wide losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corrections.domain.model import Rule
from corrections.domain.rules import Spans


@dataclass(slots=True)
class Contacts:
    """What is remembered of a subject's contacts: the last, the last with a position (the first of all, before there was one),
    and whether a spell of no position is in progress."""

    last_contact_us: int | None = None
    last_position_us: int | None = None
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Spell:
    """A spell of a rule about contact: the last good moment, when it became a matter, and its end (None while it lasts)."""

    rule: Rule
    last_us: int
    due_us: int
    ended_us: int | None


def due_us(last_us: int, threshold_us: int, excused: Spans) -> int:
    """When a silence that began after ``last_us`` becomes a matter: after ``threshold_us`` in which the service itself was there to
    hear. Time in ``excused`` (our own outages, area-wide losses) does not count."""
    due = last_us + threshold_us
    for start, end in excused:
        start = max(start, last_us)
        if end > start and start < due:
            due += end - start
    return due


def follow_contacts(
    memory: Contacts, received_us: Sequence[int], has_position: Sequence[bool], threshold_us: int, excused: Spans
) -> tuple[list[Spell], Contacts]:
    """The spells that these contacts (in order of received time) end or show: silence between two contacts that were further apart
    than the threshold, and contact without a position for that long. The last spell of no position may still be in progress."""
    spells: list[Spell] = []
    contact, position, blind = memory.last_contact_us, memory.last_position_us, memory.blind
    for at, positioned in zip(received_us, has_position, strict=True):
        if contact is not None and (due := due_us(contact, threshold_us, excused)) < at:
            spells.append(Spell(Rule.SILENCE, contact, due, at))
        contact = at if contact is None else max(contact, at)
        position = at if position is None else position
        due = due_us(position, threshold_us, excused)
        if positioned:
            if blind:
                spells.append(Spell(Rule.NO_POSITION, position, due, at))
            position, blind = max(position, at), False
        elif at >= due and not blind:
            spells.append(Spell(Rule.NO_POSITION, position, due, None))
            blind = True
    return spells, Contacts(contact, position, blind)
