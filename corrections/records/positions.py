"""Where all subjects of somebody's reach were last known to be, for a map: one row each, with its age and its radius, and how they stand.

For a caller that has audited the look (``audit.audited_map_read``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, cast, exists, literal_column, or_
from sqlmodel import Session, col, func, select

from corrections.domain.model import SubjectStatus
from corrections.records.presence import DEFAULT_INTERVAL_S, LONGEST_HOLD_S, hold_of
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import Authority, Device, Subject, SubjectState

MOST_ALONE = 6_000
"""More subjects than that in what is asked for are given as cells, counted by how they stand."""
CELLS_ACROSS = 24


class Standing(StrEnum):
    """How somebody stands, as a map marks it: the answer about the zones, or that the last position is too old to tell."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Box:
    """An area by its edges, WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Position:
    """``accuracy_m`` None: the phone claimed none."""

    subject_id: int
    number: str
    name: str
    minor: bool
    office_id: int
    lon: float
    lat: float
    accuracy_m: float | None
    fix_time: datetime
    standing: Standing


@dataclass(frozen=True, slots=True)
class Cell:
    """Many in one place: the mean of their positions, and how many stand how."""

    lon: float
    lat: float
    counts: dict[Standing, int]


@dataclass(frozen=True, slots=True)
class Positions:
    """Either ``alone`` or ``cells`` has all of them; ``unlocated`` is how many have no position at all."""

    alone: Sequence[Position]
    cells: Sequence[Cell]
    unlocated: int


def positions(session: Session, actor: Actor, now: datetime, box: Box | None = None, *, most: int = MOST_ALONE) -> Positions:
    """The last positions of the subjects within reach who may be located now: all, or those in a box, which has no ``unlocated``.
    Raises Forbidden."""
    actor.require(Action.READ_LOCATION)
    s, u = SubjectState, Subject
    here: list[ColumnElement[bool]] = [within_reach(actor, Subject), col(u.status) == SubjectStatus.ACTIVE.value, _lawful(now)]
    if box is not None:
        here += [col(s.lat).between(box.south, box.north), col(s.lon).between(box.west, box.east)]
    edges = (func.min(s.lon), func.min(s.lat), func.max(s.lon), func.max(s.lat))
    counted = select(func.count(), func.count(col(s.lat)), *edges).select_from(u)  # type: ignore[call-overload]
    everybody, located, *found = session.execute(counted.outerjoin(s, col(s.subject_id) == col(u.id)).where(*here)).one()
    here.append(col(s.lat).is_not(None))
    if located > most:
        return Positions([], _cells(session, here, Box(*found), now), everybody - located)
    columns: Any = (u.id, u.number, u.name, u.minor, u.office_id, s.lon, s.lat, s.accuracy_m, s.fix_time, standing_of(now))
    rows = session.execute(_joined(select(*columns)).where(*here).order_by(col(u.id)))
    alone = [Position(*where, Standing(how)) for *where, how in rows]  # type: ignore[call-arg]
    return Positions(alone, [], everybody - located)


def standing_of(now: datetime) -> ColumnElement[str]:
    """How somebody stands, over Subject joined to SubjectState and to the longest interval of her devices."""
    s = SubjectState
    lengths = (60, 120, 300, 600, 900, 1_800, 3_600)  # expected intervals; another one counts as the next longer of them
    stale = [(_interval() <= length, col(s.fix_time) < now - timedelta(seconds=hold_of(length))) for length in lengths]
    old = case(*stale, else_=col(s.fix_time) < now - timedelta(seconds=LONGEST_HOLD_S))
    return case((old, Standing.SILENT.value), else_=col(s.side))


def _joined(statement: Any) -> Any:
    s, d = SubjectState, Device
    longest = select(d.subject_id, func.max(d.interval_s).label("interval_s")).where(col(d.active).is_(True)).group_by(col(d.subject_id))
    intervals = longest.subquery("intervals")
    joined = statement.select_from(Subject).join(s, col(s.subject_id) == col(Subject.id))
    return joined.outerjoin(intervals, intervals.c.subject_id == col(Subject.id))


def _interval() -> ColumnElement[int]:
    return func.coalesce(literal_column("intervals.interval_s", Integer), DEFAULT_INTERVAL_S)


def _lawful(now: datetime) -> ColumnElement[bool]:
    """That somebody may be located now."""
    a = Authority
    valid = [col(a.valid_from) <= now, col(a.valid_until) > now, or_(col(a.revoked_at).is_(None), col(a.revoked_at) > now)]
    return exists().where(col(a.subject_id) == col(Subject.id), *valid)


def _cells(session: Session, here: Sequence[ColumnElement[bool]], box: Box, now: datetime) -> list[Cell]:
    s = SubjectState
    step = max(box.east - box.west, box.north - box.south, 1e-6) / CELLS_ACROSS
    across = cast((col(s.lon) - box.west) / step, Integer).label("across")
    up = cast((col(s.lat) - box.south) / step, Integer).label("up")
    standing = standing_of(now).label("standing")
    columns: Any = (across, up, standing, func.count(), func.sum(s.lon), func.sum(s.lat))
    cells: dict[tuple[int, int], list[tuple[str, int, float, float]]] = {}
    for x, y, how, n, lons, lats in session.execute(_joined(select(*columns)).where(*here).group_by(across, up, standing)):
        cells.setdefault((x, y), []).append((how, n, lons, lats))
    return [_cell(parts) for _, parts in sorted(cells.items())]


def _cell(parts: Sequence[tuple[str, int, float, float]]) -> Cell:
    total = sum(n for _, n, _, _ in parts)
    lon, lat = sum(lons for *_, lons, _ in parts) / total, sum(lats for *_, lats in parts) / total
    return Cell(lon, lat, {Standing(how): n for how, n, _, _ in parts})
