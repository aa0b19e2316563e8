"""Tracks of subjects as the rules about patterns take them, read once a transaction, and these rules as the settings have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import BigInteger, func, type_coerce
from sqlmodel import Session, col, select

from corrections.domain.belief import BeliefRule
from corrections.domain.left_behind import LeftBehindRule
from corrections.domain.model import FOREVER_US, Floats, to_us
from corrections.domain.movement import MovementRule
from corrections.domain.offsets import OffsetRule
from corrections.domain.patterns import Track, track_of
from corrections.domain.rules import Rulebook, Spans
from corrections.domain.together import TogetherRule
from corrections.settings import Patterns
from corrections.store.rulebook import SELECTED, Rulebooks, as_columns, load_lawful
from corrections.store.tables import Bureau, Device, Report, Subject

DEFAULT_INTERVAL_S = 600
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class PatternRules:
    """The settings of the rules about patterns as the domain takes them."""

    left_behind: LeftBehindRule
    movement: MovementRule
    together: TogetherRule
    offset: OffsetRule


def pattern_rules(patterns: Patterns) -> PatternRules:
    """The domain's rules from the settings; what the settings do not name keeps the domain's own value."""
    given = [
        part.model_dump(exclude={"severity"}) for part in (patterns.left_behind, patterns.movement, patterns.together, patterns.offset)
    ]
    return PatternRules(LeftBehindRule(**given[0]), MovementRule(**given[1]), TogetherRule(**given[2]), OffsetRule(**given[3]))


class Tracks:
    """The tracks of a bureau's subjects within one transaction."""

    def __init__(self, session: Session, belief: BeliefRule, books: Rulebooks, bureau_id: int) -> None:
        self._session, self.belief, self._books, self._bureau_id = session, belief, books, bureau_id
        self._read: dict[int, tuple[int, Track]] = {}
        self._until_us = FOREVER_US
        self.timezone = ZoneInfo(session.get_one(Bureau, bureau_id).timezone)
        self._lawful: dict[int, Spans] = {}

    def limit(self, until_us: int) -> None:
        """Read nothing that was measured from ``until_us`` on."""
        if until_us != self._until_us:
            self._until_us = until_us
            self._read.clear()

    def lawful(self, subject_id: int) -> Spans:
        """When a subject might be located."""
        if subject_id not in self._lawful:
            lawful = load_lawful(self._session, [self._session.get_one(Subject, subject_id)])
            self._lawful[subject_id] = lawful.get(subject_id, ())
        return self._lawful[subject_id]

    def book(self, subject_id: int) -> Rulebook:
        """What binds a subject."""
        return self._books.load(self._session, self._bureau_id, [subject_id])

    def of(self, subject_id: int, from_us: int) -> Track:
        """A subject's track from a fix time on."""
        known = self._read.get(subject_id)
        if known is None or known[0] > from_us:
            known = self._read[subject_id] = (from_us, self._load(subject_id, from_us))
        return known[1].between(from_us, FOREVER_US)

    def latest_us(self, subject_id: int) -> int | None:
        """Fix time of a subject's last position."""
        r = _columns()
        found = self._session.execute(select(func.max(r.fix_time)).where(r.subject_id == subject_id, r.lat.is_not(None))).scalar()
        return None if found is None else to_us(found)

    def next_us(self, subject_id: int, from_us: int) -> int | None:
        """Fix time of a subject's first position from a moment on."""
        r = _columns()
        at = type_coerce(r.fix_time, BigInteger)
        statement = select(at).where(r.subject_id == subject_id, r.lat.is_not(None), at >= from_us)
        found = self._session.execute(statement.order_by(r.fix_time).limit(1)).scalar()
        return None if found is None else int(found)

    def previous_us(self, subject_id: int, before_us: int) -> int | None:
        """Fix time of a subject's last position before a moment that was not mocked."""
        r = _columns()
        at = type_coerce(r.fix_time, BigInteger)
        statement = select(at).where(r.subject_id == subject_id, r.lat.is_not(None), r.mock.is_(False), at < before_us)
        found = self._session.execute(statement.order_by(r.fix_time.desc()).limit(1)).scalar()
        return None if found is None else int(found)

    def devices(self, subject_id: int) -> list[Device]:
        """A subject's devices, by id."""
        return list(self._session.exec(select(Device).where(Device.subject_id == subject_id).order_by(col(Device.id))))

    def interval_s(self, subject_id: int) -> int:
        """The shortest expected interval of a subject's active devices."""
        return min((d.interval_s for d in self.devices(subject_id) if d.active), default=DEFAULT_INTERVAL_S)

    def _load(self, subject_id: int, from_us: int) -> Track:
        r = _columns()
        at = type_coerce(r.fix_time, BigInteger)
        statement = select(*SELECTED, r.speed_mps).where(r.subject_id == subject_id, r.lat.is_not(None), at >= from_us, at < self._until_us)  # type: ignore[call-overload]
        rows = self._session.execute(statement.order_by(r.fix_time, r.digest), execution_options={"yield_per": ROWS_AT_ONCE})
        lawful = self.lawful(subject_id)
        parts = [track_of(as_columns([row[:-1] for row in part]), _speeds(part), lawful, self.belief) for part in rows.partitions()]
        if not parts:
            return track_of(as_columns([]), np.zeros(0), (), self.belief)
        return Track(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Track.__dataclass_fields__})


def _columns() -> Any:
    return Report.__table__.c  # type: ignore[attr-defined]


def _speeds(rows: Any) -> Floats:
    return np.array([np.nan if row[-1] is None else row[-1] for row in rows], dtype=np.float64)
