"""What a round shows of each subject: where she was last known to be, how old and how sure that is, what her device says of itself, what
leave and which violations there are. Read for many at once, in a few queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.casework import Unlocated
from corrections.domain.model import Side, SubjectStatus, to_us
from corrections.domain.zones import window_spans
from corrections.monitor.schedule import may_be_located
from corrections.records.presence import holds_s
from corrections.review.assignment import OPEN
from corrections.settings import Settings
from corrections.store.rulebook import as_windows, load_lawful
from corrections.store.tables import Bureau, CheckEntry, Device, LeavePermit, Subject, SubjectState, Violation

AT_ONCE = 500  # ids in one statement
PLACED = ("fix_time", "lat", "lon", "accuracy_m")
SAID = ("last_contact_at", "expected_by", "battery_pct", "low_battery_since", "permission_off_since", "uncertain_since")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a subject stands, as a round's entry keeps it. ``stale``: the last fix is too old to tell where she is now."""

    columns: Mapping[str, Any]
    stale: bool

    @property
    def wants_fix(self) -> bool:
        """Whether a fresh fix would tell more: she may be located, and what is known is too old or nothing."""
        return self.stale and self.columns["seen"]["unlocated"] in (None, Unlocated.NO_POSITION.value)


def read_subjects(session: Session, subjects: Sequence[Subject], settings: Settings, now: datetime) -> dict[int, Reading]:
    """How each of these subjects stands now, by subject. A position is read only of those who may be located now."""
    read: dict[int, Reading] = {}
    for first in range(0, len(subjects), AT_ONCE):
        read |= _read(session, subjects[first : first + AT_ONCE], settings, now)
    return read


def refresh(session: Session, entries: Iterable[CheckEntry], settings: Settings, now: datetime) -> int:
    """Read the subjects of these entries again; returns how many entries changed."""
    by_subject = {entry.subject_id: entry for entry in entries}
    people = session.exec(select(Subject).where(col(Subject.id).in_(by_subject))).all()
    changed = 0
    for subject_id, reading in read_subjects(session, people, settings, now).items():
        entry = by_subject[subject_id]
        values = dict(reading.columns)
        values["seen"] = values["seen"] | {"officer": entry.seen.get("officer"), "asked": entry.seen.get("asked", False)}
        differing = {name: value for name, value in values.items() if getattr(entry, name) != value}
        for name, value in differing.items():
            setattr(entry, name, value)
        changed += bool(differing)
    session.flush()
    return changed


def in_place(entry: CheckEntry, sure: float) -> bool:
    """Whether the program shows a subject in place with certainty: located now, by a fresh fix on the right side, with a certainty of at
    most ``sure`` that she is on the wrong one, and nothing open about her."""
    seen = entry.seen
    told = seen.get("unlocated") is None and not seen.get("stale", True) and not seen.get("violations")
    return told and entry.side == Side.RIGHT and entry.certainty is not None and entry.certainty <= sure


def _read(session: Session, subjects: Sequence[Subject], settings: Settings, now: datetime) -> dict[int, Reading]:
    people = {subject.id: subject for subject in subjects if subject.id is not None}
    states = {s.subject_id: s for s in session.exec(select(SubjectState).where(col(SubjectState.subject_id).in_(people)))}
    lawful, holds = load_lawful(session, list(people.values())), holds_s(session, people)
    leaves, violations, clients = _leaves(session, people, now), _violations(session, people), _clients(session, people)
    return {
        i: _reading(
            subject, states.get(i), may_be_located(lawful, i, now), settings, now - timedelta(seconds=holds[i]),
            {"leave": leaves.get(i), "violations": violations.get(i, []), "clients": clients.get(i, [])},
        )
        for i, subject in people.items()
    }  # fmt: skip


def _reading(
    subject: Subject, state: SubjectState | None, lawful: bool, settings: Settings, fresh_from: datetime, more: Mapping[str, Any]
) -> Reading:
    why = _unlocated(subject, state, lawful, settings)
    placed = state if why is None else None
    stale = placed is None or placed.fix_time is None or placed.fix_time < fresh_from
    seen = {name: _plain(getattr(state, name) if state else None) for name in SAID}
    columns: dict[str, Any] = {name: getattr(placed, name) if placed else None for name in (*PLACED, "certainty")}
    columns["side"] = placed.side if placed else Side.UNKNOWN.value
    columns["seen"] = seen | {"unlocated": None if why is None else why.value, "stale": stale, **more}
    return Reading(columns, stale)


def _unlocated(subject: Subject, state: SubjectState | None, lawful: bool, settings: Settings) -> Unlocated | None:
    if subject.status == SubjectStatus.CUSTODY:
        return Unlocated.CUSTODY
    if subject.category in settings.rules.never_located:
        return Unlocated.NEVER_LOCATED
    if not lawful or subject.status != SubjectStatus.ACTIVE:
        return Unlocated.NO_AUTHORITY
    return Unlocated.NO_POSITION if state is None or state.lat is None else None


def _leaves(session: Session, subject_ids: Iterable[int], now: datetime) -> dict[int, dict[str, Any]]:
    """The approved leave in force of each subject who has one; of a regular permit, in one of its windows."""
    p = LeavePermit
    standing = col(p.revoked_at).is_(None) | (col(p.revoked_at) > now)
    statement = (
        select(p, Bureau.timezone).join(Subject, col(Subject.id) == col(p.subject_id)).join(Bureau, col(Bureau.id) == Subject.bureau_id)
    )
    statement = statement.where(col(p.subject_id).in_(list(subject_ids)), p.valid_from <= now, p.valid_until > now, standing)
    return {
        permit.subject_id: {"id": permit.id, "destination": permit.destination, "until": _plain(permit.valid_until)}
        for permit, timezone in session.exec(statement.order_by(col(p.id)))
        if not permit.windows or _open(permit, ZoneInfo(timezone), now)
    }


def _open(permit: LeavePermit, timezone: ZoneInfo, now: datetime) -> bool:
    opens, shuts = window_spans(as_windows(permit.windows), timezone, to_us(now), to_us(now) + 1)
    return bool(((opens <= to_us(now)) & (to_us(now) < shuts)).any())


def _violations(session: Session, subject_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    v, found = Violation, defaultdict[int, list[dict[str, Any]]](list)
    columns = (v.subject_id, v.id, v.rule, v.severity, v.started_at, v.ended_at)
    waiting = select(*columns).where(col(v.subject_id).in_(list(subject_ids)), col(v.review_state).in_(OPEN))  # type: ignore[call-overload]
    for subject_id, id_, rule, severity, started_at, ended_at in session.execute(waiting.order_by(v.id)):
        told = {"id": id_, "rule": rule, "severity": severity, "since": _plain(started_at), "until": _plain(ended_at)}
        found[subject_id].append(told)
    return dict(found)


def _clients(session: Session, subject_ids: Iterable[int]) -> dict[int, list[str]]:
    """The clients of each subject's devices in service; what has no name is ``""``."""
    d, found = Device, defaultdict[int, list[str]](list)
    mine = select(d.subject_id, d.client).where(col(d.subject_id).in_(list(subject_ids)), col(d.active).is_(True))
    for subject_id, client in session.exec(mine.order_by(col(d.id))):
        found[subject_id].append(client)
    return dict(found)


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
