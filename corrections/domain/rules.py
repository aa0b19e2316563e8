"""The rules: how sure one must be of what, and what bound whom in one bureau, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from corrections.domain.belief import BeliefRule
from corrections.domain.model import Severity, ZoneKind, ZoneVersion
from corrections.domain.zones import Bindings, ZoneBook


@dataclass(frozen=True, slots=True)
class OpenAt:
    """The certainty at which a violation opens, by kind of zone: all day inside, inside within windows (a curfew), outside; and at
    most this for a zone of severity grave, whatever its kind."""

    inclusion: float = 0.9
    curfew: float = 0.95
    exclusion: float = 0.6
    grave: float = 0.5


@dataclass(frozen=True, slots=True)
class BoundaryRule:
    """A violation opens when the certainty is at least ``open_at`` for its zone and ends when it is at most ``close_at``.

    ``approach_m`` is by severity of an exclusion zone within how many metres of it being is an approach (0: never), which opens at
    ``approach_at``.
    """

    open_at: OpenAt = field(default_factory=OpenAt)
    close_at: float = 0.2
    approach_m: Mapping[Severity, float] = field(default_factory=dict)
    approach_at: float = 0.9
    belief: BeliefRule = field(default_factory=BeliefRule)

    def opens(self, zone: ZoneVersion) -> float:
        """The certainty at which a violation of this zone opens."""
        kind = self.open_at.exclusion if zone.kind is ZoneKind.EXCLUSION else self.open_at.inclusion
        kind = self.open_at.curfew if zone.kind is ZoneKind.INCLUSION and zone.windows else kind
        return min(kind, self.open_at.grave) if zone.severity is Severity.GRAVE else kind

    def near_m(self, zone: ZoneVersion) -> float:
        """Within how many metres of this zone being is an approach; 0 where it is none."""
        return self.approach_m.get(zone.severity, 0.0) if zone.kind is ZoneKind.EXCLUSION else 0.0


@dataclass(frozen=True, slots=True)
class Leave:
    """An approved leave, in ``[from_us, until_us)``; ``wkb`` is where to (WGS-84), None for anywhere."""

    from_us: int
    until_us: int
    wkb: bytes | None = None


Spans = tuple[tuple[int, int], ...]
"""Half-open spans of time (µs), sorted, apart from each other."""


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """The same time as sorted spans that lie apart: those that touch or overlap are one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What bound whom in one bureau: zone versions and whom they bind, when each subject may be located, approved leave."""

    timezone: ZoneInfo
    zones: ZoneBook
    bindings: Bindings
    lawful: Mapping[int, Spans]
    leaves: Mapping[int, Sequence[Leave]] = field(default_factory=dict)
