"""A bureau that checks: the staff of the review's scene, subjects who may be located, and the clock that is moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import Category, Level, Side
from corrections.records import permits, register, roster
from corrections.records.permits import Basis
from corrections.records.revision import ensure_state
from corrections.settings import Settings
from corrections.settings.checks import Checks, Schedule
from corrections.store.database import reading, writing
from corrections.store.tables import CheckEntry, CheckRound, Notice, Subject, SubjectState
from tests.review.scene import NOW, an_officer, settle

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 2)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULES = Settings().rules
LABEL = {"zh": "核查", "en": "Round"}


def local(hour: int, minute: int = 0, day: date = MONDAY) -> datetime:
    """A moment on the bureau's wall clock."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def schedule(name: str = "morning", **terms: Any) -> Schedule:
    """A round at nine on working days, unless ``terms`` say otherwise."""
    given: dict[str, Any] = {
        "valid_from": date(2026, 1, 1), "label": LABEL, "purpose": "round", "kind": "fixed", "times": ["09:00"], "days": "working",
        "due_minutes": 120,
    }  # fmt: skip
    return Schedule.model_validate(given | terms | {"name": name})


def settings_of(*schedules: Schedule, **terms: Any) -> Settings:
    return Settings(checks=Checks(schedules=schedules, **terms))


def bureau_at_work(engine: Engine) -> None:
    """The scene's staff and subject S1 of liming's, who may be located, as all are who ``subject`` adds."""
    with writing(engine) as session:
        lawful(session, settle(session))


def subject(
    session: Session, number: str, officer: str | None = "liming", *, office_id: int = 1, level: Level = Level.GENERAL, can: bool = True
) -> Subject:
    made = register.create_subject(
        session, None, office_id=office_id, number=number, name=f"对象{number}", category=Category.PROBATION, level=level,
        term_from=NOW - 40 * DAY, term_until=NOW + 365 * DAY, officer_id=an_officer(session, officer).id if officer else None,
        now=NOW - 40 * DAY,
    )  # fmt: skip
    if can:
        lawful(session, made)
    return made


def lawful(session: Session, subject: Subject) -> None:
    permits.grant_authority(
        session, None, subject.id, basis=Basis.ARTICLE26, valid_from=max(NOW - 30 * DAY, subject.term_from),
        valid_until=NOW + 90 * DAY, approved_by="王局长", approved_on=NOW - 31 * DAY, rules=RULES, now=NOW - 30 * DAY,
    )  # fmt: skip


def seen_at(session: Session, subject_id: int, at: datetime, side: Side = Side.RIGHT, **more: Any) -> None:
    """A subject's last evaluated fix."""
    ensure_state(session, col(Subject.id) == subject_id)
    state = session.get_one(SubjectState, subject_id)
    values = {
        "fix_time": at, "lat": 30.05, "lon": 120.05, "accuracy_m": 12.0, "side": side.value, "last_contact_at": at,
        "certainty": {Side.RIGHT: 0.001, Side.WRONG: 0.99, Side.UNKNOWN: 0.5}[side],
    } | more  # fmt: skip
    for name, value in values.items():
        setattr(state, name, value)


def duty(session: Session, login: str, start: datetime, end: datetime, office_id: int | None = None) -> None:
    roster.plan_duty(session, None, an_officer(session, login).id, office_id=office_id, starts_at=start, ends_at=end, now=start)


def rounds(engine: Engine) -> list[CheckRound]:
    with reading(engine) as session:
        found = list(session.exec(select(CheckRound).order_by(col(CheckRound.id))))
        session.expunge_all()
        return found


def entries(engine: Engine, round_id: int = 1) -> list[CheckEntry]:
    with reading(engine) as session:
        statement = select(CheckEntry).where(CheckEntry.round_id == round_id).order_by(col(CheckEntry.subject_id))
        found = list(session.exec(statement))
        session.expunge_all()
        return found


def told(engine: Engine, *, open_only: bool = False) -> list[tuple[str, str, int | None]]:
    """(kind, recipient, officer) of the notices, in order."""
    with reading(engine) as session:
        statement: Any = select(Notice).order_by(col(Notice.id))
        if open_only:
            statement = statement.where(col(Notice.done_at).is_(None))
        return [(n.kind, n.recipient, n.officer_id) for n in session.exec(statement)]


def officers(rows: Sequence[CheckRound]) -> list[tuple[int, str]]:
    return [(row.officer_id, row.state) for row in rows]
