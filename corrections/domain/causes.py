"""Why somebody is, or was, silent, as far as can be known: from what her phone last said of itself, from our own outages and area-wide
losses, and, once contact resumed, from what the phone uploaded of the time in between. A cause is a lead for the first step, no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from corrections.domain.contact import Spell
from corrections.domain.model import ClientState, Rule
from corrections.domain.rules import Spans

VOUCHES_INTERVALS = 1.5  # for so long a fix vouches for the track, in expected intervals
COMPLETE = 0.9  # a track that covers this share of a gap is called complete


class Cause(StrEnum):
    OWN_OUTAGE = "own_outage"  # she was not heard again after an outage of ours, whose time is excused
    AREA = "area"  # she fell silent with her whole area, whose time is excused
    BATTERY_EMPTY = "battery_empty"
    PERMISSION_OFF = "permission_off"
    LOCATION_OFF = "location_off"
    APP_STOPPED = "app_stopped"  # the app, or the phone, was off
    BUFFERED = "buffered"  # the phone went on measuring and uploaded it later
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """What a phone last said of itself, each None (or nothing) where it never did, and when the last of it was received (µs)."""

    battery_pct: float | None = None
    charging: bool | None = None
    state: ClientState = ClientState.NOTHING
    at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """How much of a gap the fixes cover that were measured in it: their number, and the share of the time, 0 to 1."""

    fixes: int
    share: float


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a silence is explained from. ``filled`` is None while it lasts. ``quiet_when_still``: the client is known to send less, or
    nothing, while the phone lies still. ``low_pct`` and ``buffered_share`` are the bureau's settings."""

    before: Said
    outages: Spans = ()
    areas: Spans = ()
    filled: Filled | None = None
    quiet_when_still: bool = False
    low_pct: float = 15.0
    buffered_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Why:
    """The cause, and what it is based on."""

    cause: Cause
    circumstances: Circumstances

    def evidence(self) -> dict[str, Any]:
        """As plain data: ``cause`` and ``basis``, which leaves out what nobody said."""
        c = self.circumstances
        basis: dict[str, Any] = {name: value for name, value in asdict(c.before).items() if value not in (None, ClientState.NOTHING)}
        if c.filled is not None:
            basis |= {"fixes": c.filled.fixes, "covered": round(c.filled.share, 3)}
        if c.quiet_when_still:
            basis["quiet_when_still"] = True
        for name, spans in (("outages", c.outages), ("areas", c.areas)):
            if spans:
                basis[name] = [list(span) for span in spans]
        return {"cause": self.cause.value, "basis": basis}


_BY_STATE = {
    ClientState.PERMISSION_OFF: Cause.PERMISSION_OFF,
    ClientState.LOCATION_OFF: Cause.LOCATION_OFF,
    ClientState.STOPPED: Cause.APP_STOPPED,
}


def filled(last_us: int, ended_us: int, fix_us: Sequence[int], interval_us: int) -> Filled:
    """How far fixes (µs, in order) cover the time from the last contact to the next: each vouches for the time until the next one, at
    most for one and a half expected intervals; the first also for the time just before it."""
    inside = [at for at in fix_us if last_us < at < ended_us]
    if not inside or ended_us <= last_us:
        return Filled(0, 0.0)
    vouches = round(VOUCHES_INTERVALS * interval_us)
    moments = [last_us, *inside, ended_us]
    covered = sum(min(later - earlier, vouches) for earlier, later in pairwise(moments))
    return Filled(len(inside), covered / (ended_us - last_us))


def why_silent(spell: Spell, circumstances: Circumstances) -> Why:
    """The likeliest cause of a spell about contact. What is more specific comes first:

    1. The phone uploaded what it measured meanwhile. 2. It said that it could not, or would not, go on. 3. Its battery was low and not
    charging. 4. Our own outage, or an area-wide loss, lay between her last contact and the moment it became a matter. 5. It is over,
    nothing was measured though the battery was charged, and the client reports also when still: app or phone were off.
    """
    c = circumstances
    by_state = _BY_STATE.get(c.before.state)
    if spell.rule is not Rule.SILENCE:
        return Why(by_state if by_state in (Cause.PERMISSION_OFF, Cause.LOCATION_OFF) else Cause.UNKNOWN, c)
    known = c.before.battery_pct is not None
    low = known and c.before.battery_pct < c.low_pct and not c.before.charging  # type: ignore[operator]
    if c.filled is not None and c.filled.fixes and c.filled.share >= c.buffered_share:
        return Why(Cause.BUFFERED, c)
    if by_state is not None:
        return Why(by_state, c)
    if low:
        return Why(Cause.BATTERY_EMPTY, c)
    if _between(c.outages, spell):
        return Why(Cause.OWN_OUTAGE, c)
    if _between(c.areas, spell):
        return Why(Cause.AREA, c)
    if c.filled is not None and not c.filled.fixes and known and not c.quiet_when_still:
        return Why(Cause.APP_STOPPED, c)
    return Why(Cause.UNKNOWN, c)


def _between(spans: Spans, spell: Spell) -> bool:
    return any(start < spell.due_us and end > spell.last_us for start, end in spans)
