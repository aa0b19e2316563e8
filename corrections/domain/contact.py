"""Contact: who was silent for how long, who was in contact without a position, what a phone says of itself, by received time.

All of it is pure; times are int64 microseconds (UTC), and ``Spans`` of excused time are our own outages and area-wide losses, which
count for nobody's silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

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
    """The spells that these contacts (in order of received time) end or show: silence between two contacts that were as far apart
    as the threshold, and contact without a position for that long. The last spell of no position may still be in progress."""
    spells: list[Spell] = []
    contact, position, blind = memory.last_contact_us, memory.last_position_us, memory.blind
    for at, positioned in zip(received_us, has_position, strict=True):
        if contact is not None and (due := due_us(contact, threshold_us, excused)) <= at:
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


# ---- the ladder of a silence


class Rung(IntEnum):
    """The steps of a silence, in their order; a violation keeps how many were taken."""

    SUBJECT = 1  # she is reminded
    OFFICER = 2  # it enters the officer's queue
    OFFICE_HEAD = 3
    SEARCH = 4  # 查找 is proposed


@dataclass(frozen=True, slots=True)
class Ladder:
    """How long (µs) after a silence became a matter each step is taken. The subject is reminded at once."""

    officer_us: int
    office_head_us: int
    search_us: int

    def rung_us(self, rung: Rung, opened_us: int, excused: Spans) -> int:
        """When a step is due in a silence that became a matter at ``opened_us``; excused time does not count."""
        after = (0, self.officer_us, self.office_head_us, self.search_us)[rung - 1]
        return due_us(opened_us, after, excused)

    def climb(self, taken: int, opened_us: int, excused: Spans, now_us: int) -> tuple[list[Rung], int | None]:
        """The steps that are due now after the first ``taken`` ones, and when the next one is (None: that was the last)."""
        due: list[Rung] = []
        for rung in list(Rung)[taken:]:
            at = self.rung_us(rung, opened_us, excused)
            if at > now_us:
                return due, at
            due.append(rung)
        return due, None

    def reached(self, rung: Rung, spell: Spell, excused: Spans) -> bool:
        """Whether a silence that is over lasted until a step of it."""
        return spell.ended_us is not None and self.rung_us(rung, spell.due_us, excused) <= spell.ended_us


# ---- what a phone says of itself


@dataclass(frozen=True, slots=True)
class Worry:
    """Something about a phone that is not as it should be: since when, and whether it is a matter already."""

    since_us: int | None = None
    raised: bool = False


def follow_worry(
    rule: Rule, memory: Worry, received_us: Sequence[int], bad: Sequence[bool | None], after_us: int, excused: Spans
) -> tuple[list[Spell], Worry]:
    """The spells that contacts (in order of received time) show or end, and what to remember. ``bad`` is what each says: yes, no, or
    nothing (None), which leaves it as it was.

    It is a matter once a contact shows that it lasted for ``after_us``; without contact it is the silence that counts.
    """
    spells: list[Spell] = []
    since, raised = memory.since_us, memory.raised
    for at, said in zip(received_us, bad, strict=True):
        if said is False:
            if since is not None and raised:
                spells.append(Spell(rule, since, due_us(since, after_us, excused), at))
            since, raised = None, False
            continue
        if since is None:
            since = at if said else None
        if since is not None and not raised and (due := due_us(since, after_us, excused)) <= at:
            spells.append(Spell(rule, since, due, None))
            raised = True
    return spells, Worry(since, raised)


def battery_low(battery_pct: float | None, charging: bool | None, below_pct: float, back_pct: float) -> bool | None:
    """Whether a battery is low: below ``below_pct`` and not known to be charging. It is so no more when it charges or has
    ``back_pct``; in between, and where nothing was said, None."""
    if charging:
        return False
    if battery_pct is None:
        return None
    return True if battery_pct < below_pct else False if battery_pct >= back_pct else None
