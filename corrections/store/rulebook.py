"""Reading, into the domain's objects, what bound whom in a bureau and what its subjects reported."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import BigInteger, type_coerce
from sqlmodel import Session, col, select

from corrections.domain.belief import BeliefRule
from corrections.domain.model import FOREVER_US, Reports, Scope, Severity, SubjectStatus, Window, ZoneKind, ZoneVersion, to_us
from corrections.domain.rules import BoundaryRule, Leave, OpenAt, Rulebook, Spans, merged
from corrections.domain.zones import Bindings, ZoneBook, window_spans
from corrections.settings import Boundary
from corrections.store.tables import Authority, Bureau, Checkpoint, LeavePermit, Report, Subject, Zone, ZoneRevision

log = logging.getLogger(__name__)

_AT_ONCE = 500  # ids in one statement


class Rulebooks:
    """Rulebooks of bureaus, whose compiled zones are kept from one use to the next for as long as no zone changes."""

    def __init__(self) -> None:
        self._zones: dict[int, tuple[tuple[Any, ...], ZoneBook]] = {}

    def load(self, session: Session, bureau_id: int, subject_ids: Iterable[int]) -> Rulebook:
        """What binds these subjects of a bureau, past versions included.

        Zones bind by the subject's level and office of today: the register keeps no history of them.
        """
        bureau = session.get_one(Bureau, bureau_id)
        subjects = [s for part in _parts(subject_ids) for s in session.exec(select(Subject).where(col(Subject.id).in_(part)))]
        revisions = _revisions(session, bureau_id)
        zones = self._compiled(session, bureau_id, revisions)
        readable = {version.id for version in zones.versions}
        revisions = [r for r in revisions if r.id in readable]
        return Rulebook(
            timezone=ZoneInfo(bureau.timezone),
            zones=zones,
            bindings=Bindings({_id(s): _bound(s, revisions) for s in subjects}),
            lawful=load_lawful(session, subjects),
            leaves=_leaves(session, [_id(s) for s in subjects], ZoneInfo(bureau.timezone)),
        )

    def _compiled(self, session: Session, bureau_id: int, revisions: Sequence[Any]) -> ZoneBook:
        key = tuple((r.id, r.valid_until) for r in revisions)
        known = self._zones.get(bureau_id)
        if known is None or known[0] != key:
            known = self._zones[bureau_id] = (key, ZoneBook(_versions(session, bureau_id)))
        return known[1]


def load_rulebook(session: Session, bureau_id: int, subject_ids: Iterable[int]) -> Rulebook:
    """A rulebook for one use; see ``Rulebooks.load``."""
    return Rulebooks().load(session, bureau_id, subject_ids)


def boundary_rule(boundary: Boundary) -> BoundaryRule:
    """The settings of the boundary rule as the domain takes them."""
    chosen = boundary.chosen
    floor = (boundary.floor_unknown_m, boundary.floor_gps_m, boundary.floor_wifi_m, boundary.floor_cell_m)
    open_at = OpenAt(chosen.inclusion, chosen.curfew, chosen.exclusion, chosen.grave)
    near = {severity: float(getattr(boundary.approach, severity.value)) for severity in Severity}
    return BoundaryRule(open_at, chosen.close_at, near, boundary.approach.open_at, BeliefRule(floor))


def load_reports(session: Session, subject_id: int, from_us: int, until_us: int = FOREVER_US, *, upto_id: int | None = None) -> Reports:
    """A subject's reports with a position whose fix time lies in ``[from_us, until_us)``, in order; ``upto_id`` leaves later ids out."""
    r = _columns()
    statement = select(*SELECTED).where(r.subject_id == subject_id, r.lat.is_not(None))  # type: ignore[call-overload]
    statement = statement.where(type_coerce(r.fix_time, BigInteger) >= from_us, type_coerce(r.fix_time, BigInteger) < until_us)
    if upto_id is not None:
        statement = statement.where(r.id <= upto_id)
    return as_columns(session.execute(statement.order_by(r.fix_time, r.digest)).all())


def as_columns(rows: Sequence[Any]) -> Reports:
    """Rows of ``SELECTED`` as columns, in the order given."""
    n = len(rows)
    columns = list(zip(*rows, strict=True)) if n else [()] * len(SELECTED)

    def floats(values: Sequence[Any]) -> Any:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    return Reports(
        subject=np.array(columns[0], dtype=np.int64),
        fix_us=np.array(columns[1], dtype=np.int64),
        digest=np.array(columns[2], dtype=np.int64),
        lat=floats(columns[3]),
        lon=floats(columns[4]),
        accuracy_m=floats(columns[5]),
        source=np.array(columns[6], dtype=np.int64),
        received_us=np.array(columns[7], dtype=np.int64),
        mock=np.array(columns[8], dtype=bool),
        device=np.array(columns[9], dtype=np.int64),
    )


def checkpoint_before(session: Session, subject_id: int, fix_us: int) -> tuple[int, bytes]:
    """Where a derivation that must see ``fix_us`` starts over: (fix time in µs, memory just before it). The beginning of all time,
    and nothing remembered, where no checkpoint is that old."""
    c = Checkpoint.__table__.c  # type: ignore[attr-defined]
    at = type_coerce(c.fix_time, BigInteger)
    statement = select(at, c.memory).where(c.subject_id == subject_id, at <= fix_us).order_by(c.fix_time.desc()).limit(1)
    found = session.execute(statement).first()
    return (int(found[0]), bytes(found[1])) if found else (-FOREVER_US, b"")


def _columns() -> Any:
    return Report.__table__.c  # type: ignore[attr-defined]


def _us(column: Any) -> Any:
    return type_coerce(column, BigInteger)


_R = _columns()
SELECTED = (
    _R.subject_id,
    _us(_R.fix_time),
    _R.digest,
    _R.lat,
    _R.lon,
    _R.accuracy_m,
    _R.source,
    _us(_R.received_at),
    _R.mock,
    _R.device_id,
)
"""The columns of ``report`` that ``as_columns`` reads, in its order; times as microseconds."""


def _revisions(session: Session, bureau_id: int) -> Sequence[Any]:
    """The bureau's zone versions without their outlines, by id."""
    r = ZoneRevision
    columns = (r.id, r.scope, r.subject_id, r.level, r.office_id, r.valid_until)
    statement = select(*columns).join(Zone, col(Zone.id) == col(r.zone_id)).where(Zone.bureau_id == bureau_id)  # type: ignore[call-overload]
    return session.execute(statement.order_by(col(r.id))).all()


def unreadable_zones(session: Session, bureau_id: int) -> list[tuple[Zone, ZoneRevision, str]]:
    """The bureau's zone versions that cannot be judged against, and why: the stored row was damaged."""
    found: list[tuple[Zone, ZoneRevision, str]] = []
    for zone, revision in _rows(session, bureau_id):
        try:
            ZoneBook([as_version(zone, revision)])
        except Exception as error:  # a damaged row may break any of its fields
            found.append((zone, revision, f"{type(error).__name__}: {error}"))
    return found


def _versions(session: Session, bureau_id: int) -> list[ZoneVersion]:
    """The bureau's versions by id, unreadable ones left out: a bad zone does not keep the others from being watched."""
    unreadable = {revision.id: why for _, revision, why in unreadable_zones(session, bureau_id)}
    for revision_id, why in unreadable.items():
        log.error("zone version %s cannot be read and is not watched: %s", revision_id, why)
    return [as_version(zone, revision) for zone, revision in _rows(session, bureau_id) if revision.id not in unreadable]


def _rows(session: Session, bureau_id: int) -> Sequence[tuple[Zone, ZoneRevision]]:
    statement = select(Zone, ZoneRevision).join(ZoneRevision, col(Zone.id) == col(ZoneRevision.zone_id))
    return session.exec(statement.where(Zone.bureau_id == bureau_id).order_by(col(ZoneRevision.id))).all()


def as_version(zone: Zone, revision: ZoneRevision) -> ZoneVersion:
    """A stored zone version as the domain judges against it."""
    assert revision.id is not None
    return ZoneVersion(
        id=revision.id,
        zone_id=revision.zone_id,
        version=revision.version,
        name=zone.name,
        kind=ZoneKind(zone.kind),
        severity=Severity(revision.severity),
        wkb=revision.outline,
        windows=as_windows(revision.windows),
        valid_from_us=to_us(revision.valid_from),
        valid_until_us=FOREVER_US if revision.valid_until is None else to_us(revision.valid_until),
    )


def _bound(subject: Subject, revisions: Sequence[Any]) -> list[int]:
    """The positions of the versions that bind a subject."""
    whom = {Scope.SUBJECT: subject.id, Scope.LEVEL: subject.level, Scope.OFFICE: subject.office_id}
    return [
        i
        for i, r in enumerate(revisions)
        if r.scope == Scope.EVERYONE or whom[Scope(r.scope)] == {"subject": r.subject_id, "level": r.level, "office": r.office_id}[r.scope]
    ]


def load_lawful(session: Session, subjects: Sequence[Subject]) -> dict[int, Spans]:
    """When each subject may be located: her authorities, within her term, until supervision ended or was suspended."""
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    by_id = {_id(s): s for s in subjects}
    for part in _parts(by_id):
        for a in session.exec(select(Authority).where(col(Authority.subject_id).in_(part))):
            subject = by_id[a.subject_id]
            ends = [a.valid_until, subject.term_until, a.revoked_at, _monitored_until(subject)]
            start, end = max(a.valid_from, subject.term_from), min(at for at in ends if at is not None)
            if start < end:
                spans[a.subject_id].append((to_us(start), to_us(end)))
    return {subject_id: merged(found) for subject_id, found in spans.items()}


def _monitored_until(subject: Subject) -> datetime | None:
    return None if subject.status == SubjectStatus.ACTIVE else subject.status_from


def as_windows(stored: Sequence[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Stored windows as the domain takes them."""
    return tuple(Window(time.fromisoformat(w["start"]), time.fromisoformat(w["until"]), frozenset(w["weekdays"])) for w in stored)


def _window_spans(stored: Sequence[Mapping[str, Any]], timezone: ZoneInfo, from_us: int, until_us: int) -> list[tuple[int, int]]:
    """The spans (µs) within ``[from_us, until_us)`` in which windows are open: a regular permit is a leave in each of them."""
    opens, shuts = window_spans(as_windows(stored), timezone, from_us, until_us)
    spans = ((max(start, from_us), min(end, until_us)) for start, end in zip(opens.tolist(), shuts.tolist(), strict=True))
    return [(start, end) for start, end in spans if start < end]


def _leaves(session: Session, subject_ids: Sequence[int], timezone: ZoneInfo) -> dict[int, list[Leave]]:
    leaves: dict[int, list[Leave]] = defaultdict(list)
    for part in _parts(subject_ids):
        for p in session.exec(select(LeavePermit).where(col(LeavePermit.subject_id).in_(part)).order_by(col(LeavePermit.id))):
            from_us = to_us(p.valid_from)
            until_us = to_us(min(p.valid_until, p.revoked_at) if p.revoked_at is not None else p.valid_until)
            spans = _window_spans(p.windows, timezone, from_us, until_us) if p.windows else [(from_us, until_us)]
            leaves[p.subject_id].extend(Leave(start, end, p.outline) for start, end in spans)
    return dict(leaves)


def _parts(ids: Iterable[int]) -> list[list[int]]:
    every = list(ids)
    return [every[i : i + _AT_ONCE] for i in range(0, len(every), _AT_ONCE)]


def _id(subject: Subject) -> int:
    assert subject.id is not None
    return subject.id
