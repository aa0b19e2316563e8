"""Where all subjects of somebody's reach were last known to be, for a map: one row each, with its age and its radius, and how they stand.

For a caller that has audited the look (``audit.audited_map_read``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import cos, radians
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, case, cast, exists, literal_column, null, or_, type_coerce
from sqlmodel import Session, col, func, select

from corrections.domain.model import Role, Side, SubjectStatus, to_us
from corrections.records.presence import DEFAULT_INTERVAL_S, HOLD_INTERVALS, LONGEST_HOLD_S, hold_of
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import Authority, Device, Subject, SubjectState

MOST_ALONE = 6_000
"""More subjects than that in what is asked for are given as cells, counted by how they stand."""
WHOLE_DEG = 0.1  # the cells of all that is within reach
CELLS_ACROSS = 80  # of a box, at most


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
    """WGS-84 degrees. ``lon``, ``lat`` and ``fix_time`` None: there is no position; ``accuracy_m`` None: the phone claimed none."""

    subject_id: int
    number: str
    name: str
    minor: bool
    office_id: int
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    fix_time: datetime | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Cell:
    """Many in one place: the mean of their positions, and how many stand how."""

    lon: float
    lat: float
    counts: dict[Standing, int]


@dataclass(frozen=True, slots=True)
class Positions:
    """Either ``alone`` or ``cells`` has all of them. ``counts``: how many stand how; ``unlocated`` is how many have no position at all
    (0 for a box)."""

    alone: Sequence[Position]
    cells: Sequence[Cell]
    counts: Mapping[Standing, int]
    unlocated: int


def positions(
    session: Session,
    actor: Actor,
    now: datetime,
    box: Box | None = None,
    *,
    office_id: int | None = None,
    step_deg: float = WHOLE_DEG,
    most: int = MOST_ALONE,
) -> Positions:
    """The last positions of the subjects within reach who may be located now: of all, or of those in a box. Where they are too many they
    come as the cells of a grid that lies still, ``step_deg`` of longitude wide. Raises Forbidden."""
    reach = _Reach(actor, now, office_id)
    if box is None and reach.wide:  # too many, most likely: counted by cell at once
        cells, unlocated = _cells(session, reach, (), WHOLE_DEG, 0.0)
        counts = _summed(cell.counts for cell in cells)
        if sum(counts.values()) > most:
            return Positions([], cells, counts, unlocated)
    s, within = SubjectState, _within(box)
    counting: Any = select(func.count(), func.count(col(s.lat))).select_from(Subject)
    everybody, located = session.execute(counting.outerjoin(s, col(s.subject_id) == col(Subject.id)).where(*reach.here, *within)).one()
    if located > most:
        across = max(box.east - box.west, box.north - box.south) if box else 0.0
        cells, _ = _cells(session, reach, within, max(step_deg, across / CELLS_ACROSS), (box.south + box.north) / 2 if box else 0.0)
        return Positions([], cells, _summed(cell.counts for cell in cells), everybody - located)
    alone = _alone(session, reach, [*within, col(s.lat).is_not(None)])
    return Positions(alone, [], Counter(one.standing for one in alone), everybody - located)


def standings(session: Session, actor: Actor, now: datetime, office_id: int | None = None) -> tuple[Mapping[Standing, int], int]:
    """How many of those within reach stand how, and how many have no position at all. Raises Forbidden."""
    cells, unlocated = _cells(session, _Reach(actor, now, office_id), (), 360.0, 0.0)
    return _summed(cell.counts for cell in cells), unlocated


def find(session: Session, actor: Actor, now: datetime, sought: str, *, limit: int = 12) -> Sequence[Position]:
    """Those within reach who may be located now and whose number or name holds what is sought; without a position, too.

    Raises Forbidden."""
    u = Subject
    like = or_(col(u.number).contains(sought, autoescape=True), col(u.name).contains(sought, autoescape=True))
    ids = session.exec(select(u.id).where(*_Reach(actor, now).here, like).order_by(col(u.number)).limit(limit)).all()
    return _alone(session, _Reach(actor, now, ids=ids), ())


def on_the_wrong_side(
    session: Session, actor: Actor, now: datetime, box: Box | None = None, *, office_id: int | None = None, limit: int = 150
) -> Sequence[Position]:
    """Those within reach, or in a box, who are known to be on the wrong side now; the latest fixes first. Raises Forbidden."""
    s, u = SubjectState, Subject
    wrong = [*_Reach(actor, now, office_id).here, *_within(box), col(s.side) == Side.WRONG.value, col(s.lat).is_not(None)]
    latest = select(u.id).join(s, col(s.subject_id) == col(u.id)).where(*wrong).order_by(col(s.fix_time).desc()).limit(limit)
    found = _alone(session, _Reach(actor, now, ids=session.exec(latest).all()), ())
    still = [one for one in found if one.standing is Standing.WRONG]
    return sorted(still, key=lambda one: one.fix_time or now, reverse=True)


def position_of(session: Session, actor: Actor, now: datetime, subject_id: int) -> Position | None:
    """The one of a subject; None where she is not within reach or may not be located now. Raises Forbidden."""
    return next(iter(_alone(session, _Reach(actor, now, ids=[subject_id]), ())), None)


class _Reach:
    """Who is asked for: those within reach (of one office, or of some, where these are given) who may be located now."""

    def __init__(self, actor: Actor, now: datetime, office_id: int | None = None, ids: Sequence[int | None] | None = None) -> None:
        actor.require(Action.READ_LOCATION)
        a, u = Authority, Subject
        self.now = now
        self.wide = actor.role is Role.BUREAU and office_id is None and ids is None
        self._whose = [within_reach(actor, u), *([] if office_id is None else [col(u.office_id) == office_id])]
        self._whose += [] if ids is None else [col(u.id).in_(ids)]
        valid = [col(a.valid_from) <= now, col(a.valid_until) > now, or_(col(a.revoked_at).is_(None), col(a.revoked_at) > now)]
        lawful = exists().where(col(a.subject_id) == col(u.id), *valid)
        self.here: list[ColumnElement[bool]] = [*self._whose, col(u.status) == SubjectStatus.ACTIVE.value, lawful]

    def of(self, columns: Any) -> Any:
        """These columns of Subject and SubjectState, for ``standing`` joined to what other devices than most are to report in."""
        s, d = SubjectState, Device
        longest = select(d.subject_id, func.max(d.interval_s).label("interval_s"))
        others = longest.where(col(d.active).is_(True), col(d.interval_s) != DEFAULT_INTERVAL_S)  # of most there are too many to join
        if not self.wide:
            others = others.where(col(d.subject_id).in_(select(Subject.id).where(*self._whose)))
        unusual = others.group_by(col(d.subject_id)).subquery("unusual")
        joined = select(*columns).select_from(Subject).outerjoin(s, col(s.subject_id) == col(Subject.id))
        return joined.outerjoin(unusual, unusual.c.subject_id == col(Subject.id)).where(*self.here)

    @property
    def standing(self) -> ColumnElement[str]:
        """How somebody stands, over what ``of`` joins: a fix holds by the longest interval of her devices (``presence.hold_s``)."""
        s, d = SubjectState, Device
        usual = exists().where(col(d.subject_id) == col(Subject.id), col(d.active).is_(True), col(d.interval_s) == DEFAULT_INTERVAL_S)
        unusual: Any = literal_column("unusual.interval_s", BigInteger)
        own, most = cast(unusual * int(HOLD_INTERVALS * 1_000_000), BigInteger), LONGEST_HOLD_S * 1_000_000
        of_unusual = case((own > most, most), else_=own)
        usually = hold_of(DEFAULT_INTERVAL_S) * 1_000_000
        hold_us = case((unusual.is_(None), usually), (unusual > DEFAULT_INTERVAL_S, of_unusual), (~usual, of_unusual), else_=usually)
        held: Any = type_coerce(col(s.fix_time), BigInteger) + hold_us >= to_us(self.now)
        return case((held, col(s.side)), else_=Standing.SILENT.value)


def _within(box: Box | None) -> list[ColumnElement[bool]]:
    if box is None:
        return []
    return [col(SubjectState.lat).between(box.south, box.north), col(SubjectState.lon).between(box.west, box.east)]


def _alone(session: Session, reach: _Reach, asked: Sequence[ColumnElement[bool]]) -> Sequence[Position]:
    s, u = SubjectState, Subject
    fix_time = case((col(s.lat).is_not(None), col(s.fix_time)), else_=null())
    columns = (u.id, u.number, u.name, u.minor, u.office_id, s.lon, s.lat, s.accuracy_m, fix_time, reach.standing)
    rows = session.execute(reach.of(columns).where(*asked).order_by(col(u.id)))
    return [Position(*where, Standing(how)) for *where, how in rows]  # type: ignore[call-arg]


def _cells(
    session: Session, reach: _Reach, asked: Sequence[ColumnElement[bool]], step_deg: float, about_lat: float
) -> tuple[list[Cell], int]:
    """The cells of a grid that lies still: as high on a map as they are wide, for the latitude (to five degrees) that it is about; and how
    many have no position."""
    s = SubjectState
    high = step_deg * cos(radians(round(about_lat / 5) * 5))
    across = cast((col(s.lon) + 360.0) / step_deg, Integer).label("across")  # one database cuts off, the other rounds: both lie still
    up = cast((col(s.lat) + 90.0) / high, Integer).label("up")
    standing = reach.standing.label("standing")
    columns = (across, up, standing, func.count(), func.sum(s.lon), func.sum(s.lat))
    unlocated = 0
    parts: dict[tuple[int, int], list[tuple[str, int, float, float]]] = {}
    for x, y, how, n, lons, lats in session.execute(reach.of(columns).where(*asked).group_by(across, up, standing)):
        if x is None:
            unlocated += n
        else:
            parts.setdefault((x, y), []).append((how, n, lons, lats))
    return [_cell(of) for _, of in sorted(parts.items())], unlocated


def _cell(parts: Sequence[tuple[str, int, float, float]]) -> Cell:
    total = sum(n for _, n, _, _ in parts)
    lon, lat = sum(lons for *_, lons, _ in parts) / total, sum(lats for *_, lats in parts) / total
    return Cell(lon, lat, {Standing(how): n for how, n, _, _ in parts})


def _summed(counts: Any) -> Counter[Standing]:
    total: Counter[Standing] = Counter()
    for some in counts:
        total.update(some)
    return total
