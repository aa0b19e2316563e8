"""Where a subject is and was, for a person to see: each read audited with its purpose, each position with its radius and its age,
and three answers about the zones.

``side`` is the answer at the time of the fix, by the same code that raises violations. A fake position tells nothing: unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from corrections.domain.in_force import answer
from corrections.domain.memory import Memory
from corrections.domain.model import SOURCES, ClientState, Side, Source, to_us
from corrections.errors import Invalid
from corrections.records.audit import audited_location_read
from corrections.records.presence import hold_s
from corrections.settings import Settings
from corrections.store.access import Action, Actor, subject_for
from corrections.store.rule_history import rules_at_hand
from corrections.store.rulebook import checkpoint_before, load_reports, load_rulebook
from corrections.store.tables import Report, Subject, SubjectState

LONGEST_TRACK = timedelta(days=31)
MOST_POINTS = 20_000


@dataclass(frozen=True, slots=True)
class Point:
    """One report. ``lat`` and ``lon`` are WGS-84 degrees, None for a contact without a position; ``accuracy_m`` is the claimed 68 %
    radius, None where the client claimed none; ``charging`` None where it did not say."""

    fix_time: datetime
    received_at: datetime
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    source: Source
    datum: str
    altitude_m: float | None
    speed_mps: float | None
    course_deg: float | None
    battery_pct: float | None
    charging: bool | None
    client_state: ClientState
    mock: bool
    wire: str
    side: Side


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The last known position (None: there is none) and what is known of contact. ``side_now`` is unknown once the position is older
    than a fix is taken to tell; ``age_s`` is the time since the fix. ``expected_by`` is when her silence becomes a matter; once she was
    reminded of it, when it enters the officer's queue; None where nothing is expected of her."""

    point: Point | None
    age_s: float | None
    side_now: Side
    last_contact_at: datetime | None
    expected_by: datetime | None


@dataclass(frozen=True, slots=True)
class Track:
    """Reports in order of fix time; ``next_from`` is where to go on when there were too many for one answer."""

    points: list[Point]
    next_from: datetime | None


def whereabouts(session: Session, actor: Actor, subject_id: int, purpose: str, settings: Settings, now: datetime) -> Whereabouts:
    """Where a subject was last known to be. In a writing session: the read is audited. Fake positions are passed over.

    Raises Invalid (no purpose), Forbidden, NotFound.
    """
    audited_location_read(session, actor, [subject_id], purpose, now)
    subject = subject_for(session, actor, subject_id, Action.READ_LOCATION)
    r = Report
    real = select(r).where(r.subject_id == subject_id, col(r.lat).is_not(None), col(r.mock).is_(False))
    last = session.exec(real.order_by(col(r.fix_time).desc(), col(r.digest).desc()).limit(1).options(defer(r.raw))).first()  # type: ignore[arg-type]
    state = session.get(SubjectState, subject_id)
    point = _points(session, subject, [last], settings)[0] if last else None
    age_s = (now - point.fix_time).total_seconds() if point else None
    holds = age_s is not None and age_s <= hold_s(session, subject_id)
    return Whereabouts(
        point,
        age_s,
        point.side if point and holds else Side.UNKNOWN,
        state.last_contact_at if state else None,
        state.expected_by if state else None,
    )


def track(
    session: Session,
    actor: Actor,
    subject_id: int,
    start: datetime,
    end: datetime,
    purpose: str,
    settings: Settings,
    now: datetime,
    *,
    limit: int = MOST_POINTS,
) -> Track:
    """A subject's reports with fix times in ``[start, end)``. In a writing session: the read is audited.

    Raises Invalid (no purpose; more than ``LONGEST_TRACK``), Forbidden, NotFound.
    """
    if not timedelta(0) < end - start <= LONGEST_TRACK:
        raise Invalid(
            f"A track covers up to {LONGEST_TRACK.days} days, from before until.",
            f"轨迹查询的起止时间应先后有序，且不超过 {LONGEST_TRACK.days} 天。",
            field="until",
        )
    audited_location_read(session, actor, [subject_id], purpose, now)
    subject = subject_for(session, actor, subject_id, Action.READ_LOCATION)
    r = Report
    within = select(r).where(r.subject_id == subject_id, col(r.fix_time) >= start, col(r.fix_time) < end)
    ordered = within.order_by(col(r.fix_time), col(r.digest)).limit(limit + 1).options(defer(r.raw))  # type: ignore[arg-type]
    rows = session.exec(ordered).all()
    next_from = None
    if len(rows) > limit:
        # The next page begins with a fix time, so all reports of that moment belong to it, unless the page were empty then.
        next_from = rows[-1].fix_time
        rows = [row for row in rows if row.fix_time < next_from] or rows[:limit]
    return Track(_points(session, subject, rows, settings), next_from)


def fixes_about(session: Session, subject_id: int, start: datetime, end: datetime, *, limit: int) -> Sequence[Report]:
    """A subject's real fixes of ``[start, end]`` in order, without what they mean and without their raw messages, the latest ``limit``
    of them. For a caller that has audited the look."""
    r = Report
    real = select(r).where(r.subject_id == subject_id, col(r.lat).is_not(None), col(r.mock).is_(False))
    within = real.where(col(r.fix_time) >= start, col(r.fix_time) <= end)
    latest = within.order_by(col(r.fix_time).desc()).limit(limit).options(defer(r.raw))  # type: ignore[arg-type]
    return session.exec(latest).all()[::-1]


def _points(session: Session, subject: Subject, rows: Sequence[Report], settings: Settings) -> list[Point]:
    answers = _answers(session, subject, rows[0].fix_time, rows[-1].fix_time, settings) if rows else {}
    return [_point(row, answers.get((to_us(row.fix_time), row.digest), Side.UNKNOWN)) for row in rows]


def _point(row: Report, side: Side) -> Point:
    same = {name: getattr(row, name) for name in Point.__dataclass_fields__ if name not in ("source", "side", "client_state")}
    return Point(**same, source=SOURCES[row.source], client_state=ClientState(row.client_state), side=side)


def _answers(session: Session, subject: Subject, first: datetime, last: datetime, settings: Settings) -> dict[tuple[int, int], Side]:
    """For each report with a real position, by (fix time in µs, digest)."""
    assert subject.id is not None
    book = load_rulebook(session, subject.bureau_id, [subject.id])
    begun, memory = checkpoint_before(session, subject.id, to_us(first))
    reports = load_reports(session, subject.id, begun, to_us(last) + 1)
    reports = reports.take(~reports.mock)
    answers = answer(book, reports, {subject.id: Memory.decode(memory)}, rules_at_hand(session, settings))
    return dict(zip(zip(reports.fix_us.tolist(), reports.digest.tolist(), strict=True), answers.overall, strict=True))
