"""A bureau with staff, subjects and violations, as the tests of the queue and of the API need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from corrections.domain.model import Category, Level, Nature, Role, Rule, Severity
from corrections.records import accounts, register, roster
from corrections.review import queue
from corrections.review.deadlines import Deadlines
from corrections.settings import Rules, Settings
from corrections.store.access import Actor
from corrections.store.tables import Notice, Officer, ReviewEvent, Subject, Violation

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
RULES = Rules()
SETTINGS = Settings()
DEADLINES = Deadlines.of(SETTINGS)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# login: (role, office); ids follow this order from 1
STAFF = {
    "liming": (Role.OFFICER, 1), "wangfang": (Role.OFFICER, 1), "head": (Role.OFFICE_HEAD, 1), "bureau": (Role.BUREAU, 2),
    "zhao": (Role.OFFICER, 2), "auditor": (Role.AUDITOR, 2), "admin": (Role.ADMINISTRATOR, 2),
}  # fmt: skip


def settle(session: Session) -> Subject:
    """Two offices, the staff above, and a subject (1) of the first office whose officer is liming (1)."""
    register.create_bureau(session, None, code="YX", name="云溪区司法局", now=NOW)
    for i in range(2):
        register.create_office(session, None, bureau_id=1, code=f"YX{i}", name=f"第{i}司法所", now=NOW)
    for login, (role, office_id) in STAFF.items():
        accounts.create_officer(session, None, office_id=office_id, login=login, name=f"{login}名", role=role, now=NOW)
    return a_subject(session)


def a_subject(session: Session, number: str = "S1", office_id: int = 1, officer: str | None = "liming") -> Subject:
    return register.create_subject(
        session, None, office_id=office_id, number=number, name=f"对象{number}", category=Category.PROBATION, level=Level.GENERAL,
        term_from=NOW - timedelta(days=10), term_until=NOW + timedelta(days=365), now=NOW,
        officer_id=an_officer(session, officer).id if officer else None,
    )  # fmt: skip


def an_officer(session: Session, login: str) -> Officer:
    return session.exec(select(Officer).where(Officer.login == login)).one()


def away(session: Session, login: str, until: datetime, since: datetime = NOW - timedelta(hours=1)) -> None:
    """The officer is absent from ``since`` until ``until``."""
    roster.record_absence(session, None, an_officer(session, login).id, starts_at=since, ends_at=until, now=since)


def an_actor(session: Session, login: str) -> Actor:
    return accounts.actor_by_login(session, login, "test")


def a_violation(session: Session, subject: Subject, now: datetime = NOW, **changes: Any) -> Violation:
    terms: dict[str, Any] = {
        "rule": Rule.SILENCE.value, "nature": Nature.TECHNICAL.value, "severity": Severity.MEDIUM.value, "started_at": now - HOUR,
        "opened_at": now, "last_fix_at": now, "detected_at": now, "evidence": {"fixes": [{"lat": 30.1, "lon": 120.2}]},
        "reason_zh": "超过 60 分钟没有上报", "reason_en": "No report for 60 minutes",
    } | changes  # fmt: skip
    violation = Violation(bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject.id, **terms)
    return queue.raise_violation(session, violation, DEADLINES, now)


def forget_notices(session: Session) -> None:
    """As if nobody had been told of anything yet."""
    session.execute(delete(Notice))


def kinds(session: Session, violation: Violation) -> list[str]:
    statement = select(ReviewEvent.kind).where(ReviewEvent.violation_id == violation.id)
    return list(session.exec(statement.order_by(col(ReviewEvent.id))))


def last_event(session: Session, violation: Violation) -> ReviewEvent:
    statement = select(ReviewEvent).where(ReviewEvent.violation_id == violation.id)
    return session.exec(statement.order_by(col(ReviewEvent.id).desc())).first()
