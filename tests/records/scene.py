"""A subject with an authority, a device and a permitted area, and reports of hers, as the tests of the supervision log need them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from corrections.domain.model import Category, Datum, Level, Nature, Role, Rule, Severity, ZoneKind
from corrections.records import accounts, outlines, permits, register, zones
from corrections.records.permits import Basis
from corrections.records.zones import Terms
from corrections.review import queue
from corrections.review.deadlines import Deadlines
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.tables import Report, Subject, Violation

SETTINGS = Settings()
ENROLLED = datetime(2026, 2, 27, 16, 0, tzinfo=UTC)  # the local midnight at which Saturday 28 February begins
LAT, LON = 41.50, 122.72
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INTERVAL = timedelta(minutes=10)
_digests = count(1)


def settle(session: Session, timezone: str = "Asia/Shanghai", *, minor: bool = False, enrolled: datetime = ENROLLED) -> Subject:
    """Subject S1 (id 1) of the officer liming, supervised from ``enrolled`` on, within 5 km of (LAT, LON)."""
    register.create_bureau(session, None, code="YX", name="云溪区司法局", timezone=timezone, now=enrolled)
    register.create_office(session, None, bureau_id=1, code="YX1", name="城关司法所", now=enrolled)
    for login, name, role in (
        ("liming", "李明", Role.OFFICER),
        ("wangfang", "王芳", Role.OFFICE_HEAD),
        ("admin", "管理员", Role.ADMINISTRATOR),
    ):
        accounts.create_officer(session, None, office_id=1, login=login, name=name, role=role, now=enrolled)
    subject = a_subject(session, "S1", minor=minor, enrolled=enrolled)
    terms = Terms(code="HOME", name="活动范围", kind=ZoneKind.INCLUSION)
    outline = outlines.circle(LAT, LON, 5000.0, datum=Datum.WGS84)
    zones.publish_zone(session, None, 1, terms, outline, valid_from=enrolled, now=enrolled)
    return subject


def a_subject(session: Session, number: str, *, minor: bool = False, enrolled: datetime = ENROLLED, days: int = 300) -> Subject:
    subject = register.create_subject(
        session, None, office_id=1, number=number, name="张三丰", category=Category.PROBATION, level=Level.STRICT, minor=minor,
        term_from=enrolled, term_until=enrolled + days * DAY, officer_id=1, now=enrolled,
    )  # fmt: skip
    assert subject.id is not None
    permits.grant_authority(
        session, None, subject.id, basis=Basis.ARTICLE26, valid_from=enrolled, valid_until=enrolled + days * DAY, approved_by="周局长",
        approved_on=enrolled, rules=SETTINGS.rules, now=enrolled,
    )  # fmt: skip
    register.enrol_device(session, None, subject.id, identifier=f"phone-{number}", rules=SETTINGS.rules, now=enrolled)
    return subject


def local(text: str, timezone: str = "Asia/Shanghai") -> datetime:
    """A moment on the bureau's wall clock, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def every(start: datetime, end: datetime, step: timedelta = INTERVAL) -> Iterator[datetime]:
    at = start
    while at < end:
        yield at
        at += step


def report(
    session: Session,
    times: Iterable[datetime],
    *,
    north_m: float | None = 0.0,
    subject: int = 1,
    late: timedelta = timedelta(seconds=5),
    mock: bool = False,
) -> None:
    """Fixes ``north_m`` metres north of the middle of the permitted area (None: contacts without a position)."""
    for at in times:
        lat = None if north_m is None else LAT + north_m / 111_060.0
        session.add(
            Report(
                bureau_id=1, subject_id=subject, device_id=subject, fix_time=at, received_at=at + late, digest=next(_digests), lat=lat,
                lon=None if lat is None else LON, accuracy_m=20.0, source=1, mock=mock, raw=b"{}",
            )
        )  # fmt: skip
    session.flush()


def a_violation(session: Session, started: datetime, ended: datetime | None, **changes: Any) -> Violation:
    terms: dict[str, Any] = {
        "rule": Rule.BOUNDARY.value, "nature": Nature.CONDUCT.value, "severity": Severity.MEDIUM.value, "zone_id": 1, "zone_revision_id": 1,
        "started_at": started, "opened_at": started + INTERVAL, "ended_at": ended, "last_fix_at": ended or started + INTERVAL,
        "detected_at": started + INTERVAL, "evidence": {"deciding": [{"lat": 41.6789, "lon": 122.7777}]},
        "reason_zh": "在活动范围“活动范围”之外", "reason_en": "Outside the permitted area",
    } | changes  # fmt: skip
    violation = Violation(bureau_id=1, office_id=1, subject_id=1, **terms)
    return queue.raise_violation(session, violation, Deadlines.of(SETTINGS), started + INTERVAL)


def an_actor(session: Session, login: str = "liming") -> Actor:
    return accounts.actor_by_login(session, login, "test")
