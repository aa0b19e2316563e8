"""A subject's phone: the pages as ``serve`` puts them before the console and the API, over a bureau at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select
from starlette.testclient import TestClient

from corrections import clock
from corrections.api.app import create_app
from corrections.clock import SetClock
from corrections.domain.model import Role, Scope, Severity, ZoneKind
from corrections.portal.app import before, portal_app
from corrections.portal.visit import LANGUAGE_COOKIE, OWN_COOKIE
from corrections.records import accounts, contact_bans, outlines, own, permits, register, zones
from corrections.records.audit import audited_location_read
from corrections.records.permits import Basis
from corrections.review.events import EventKind, append
from corrections.settings import Settings
from corrections.store.credentials import hash_credential
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, LogEntry, LoginSession, OwnLink, Report, SubjectState
from tests.review.scene import HOUR, NOW, RULES, a_subject, a_violation, an_actor, an_officer, settle

SETTINGS = Settings()
HOST = "http://testserver"
DAY = timedelta(days=1)
SQUARE = "POLYGON((120 30, 120.1 30, 120.1 30.1, 120 30.1, 120 30))"
SCHOOL = "POLYGON((120.02 30.02, 120.03 30.02, 120.03 30.03, 120.02 30.03, 120.02 30.02))"
HOME = "POLYGON((120.07 30.07, 120.08 30.07, 120.08 30.08, 120.07 30.08, 120.07 30.07))"
VICTIM = "POLYGON((120.01 30.08, 120.02 30.08, 120.02 30.09, 120.01 30.09, 120.01 30.08))"
HERS, OTHERS = (30.05125, 120.05125), (30.06375, 120.06375)  # latitude and longitude
SECRETS = ("李四", "S-other", "30.06375", "120.06375", "禁止令原文", "内部备注", "别人的围栏", "只给旁人看")
"""What belongs to the other subject or to the staff alone: it must not show anywhere in her view."""


def found(engine: Engine) -> None:
    """Subject 1 (token ``own-1``) with zones 1 to 4 (everybody's area; her home at night; a school; a victim's home), a phone, reports,
    leave, a contact ban with subject 2 (token ``own-2``), violations, one of them decided; the other subject has the like, and a zone."""
    with writing(engine) as session:
        subject = settle(session)
        other = a_subject(session, "S-other")
        other.name = "李四"
        for number, identifier in ((1, "P1"), (2, "P2")):
            permits.grant_authority(
                session, None, number, basis=Basis.ARTICLE26, valid_from=NOW - 5 * DAY, valid_until=NOW + 60 * DAY, approved_by="局长",
                approved_on=NOW - 6 * DAY, rules=RULES, now=NOW,
            )  # fmt: skip
            register.enrol_device(session, None, number, identifier=identifier, rules=RULES, now=NOW)
            session.add(OwnLink(subject_id=number, token_hash=hash_credential(f"own-{number}"), created_at=NOW, expires_at=NOW + 90 * DAY))
        permits.grant_leave(session, None, 1, destination="沈阳", valid_from=NOW - HOUR, valid_until=NOW + DAY, approved_by="所长", now=NOW)
        contact_bans.impose_contact_ban(
            session,
            None,
            1,
            2,
            basis="禁止令原文：不得接触李四",
            distance_m=200,
            minutes=30,
            valid_from=NOW - DAY,
            approved_by="法院",
            now=NOW,
        )
        a_zone(session, "城区", ZoneKind.INCLUSION, SQUARE)
        night = [{"start": "22:00", "until": "06:00", "weekdays": list(range(7))}]
        a_zone(session, "住处", ZoneKind.INCLUSION, HOME, scope=Scope.SUBJECT, subject_id=1, windows=night)
        a_zone(session, "第一中学", ZoneKind.EXCLUSION, SCHOOL, scope=Scope.SUBJECT, subject_id=1)
        a_zone(session, "幸福小区", ZoneKind.EXCLUSION, VICTIM, scope=Scope.SUBJECT, subject_id=1, severity=Severity.GRAVE)
        a_zone(session, "别人的围栏", ZoneKind.EXCLUSION, SCHOOL, scope=Scope.SUBJECT, subject_id=2)
        decided = a_violation(session, subject)
        decided.review_state, decided.decision, decided.decided_at, decided.decided_by = "decided", "false_alarm", NOW, 1
        append(session, decided, EventKind.NOTED, {"text": "内部备注"}, NOW, 1)
        append(session, decided, EventKind.DECIDED, {"decision": "false_alarm", "reason": "手机坏了"}, NOW, 1)
        a_violation(session, subject, rule="boundary", nature="conduct", zone_id=3, zone_revision_id=3)
        a_violation(session, subject, rule="together", nature="conduct", other_id=2, reason_zh="与对象 S-other 的位置", reason_en="S-other")
        a_violation(session, other, reason_zh="只给旁人看", reason_en="只给旁人看")
        a_report(session, 1, HERS)
        a_report(session, 2, OTHERS)
        session.add(LogEntry(subject_id=1, day="2026-03-01", at=NOW, officer_id=1, kind="talk", content="内部备注"))
        session.add(LogEntry(subject_id=2, day="2026-03-01", at=NOW, officer_id=1, kind="talk", content="只给旁人看"))
        session.get_one(SubjectState, 1).last_contact_at = NOW - timedelta(minutes=10)
        audited_location_read(session, an_actor(session, "head"), [1, 2], "节日点名", NOW)
        audited_location_read(session, an_actor(session, "liming"), [1], "每周核查", NOW)
        audited_location_read(session, an_actor(session, "liming"), [2], "只给旁人看", NOW)
        accounts.create_officer(session, None, office_id=2, login="head2", name="二所长", role=Role.OFFICE_HEAD, now=NOW)
        log_in(session, "liming")


def a_zone(session: Session, name: str, kind: ZoneKind, outline: str, **terms: Any) -> None:
    given = zones.Terms(code=name, name=name, kind=kind, **terms)
    zones.publish_zone(session, None, 1, given, outlines.read_outline(outline), valid_from=NOW - 5 * DAY, now=NOW)


def a_report(session: Session, subject_id: int, place: tuple[float, float]) -> None:
    session.add(
        Report(
            subject_id=subject_id, bureau_id=1, device_id=subject_id, fix_time=NOW - HOUR, digest=1, received_at=NOW - HOUR,
            lat=place[0], lon=place[1], accuracy_m=10.0, source=1, wire="osmand", raw=b"",
        )
    )  # fmt: skip


def log_in(session: Session, login: str) -> None:
    ends, officer_id = NOW + timedelta(hours=10), an_officer(session, login).id
    session.add(LoginSession(token_hash=hash_credential(login), officer_id=officer_id, created_at=NOW, last_used_at=NOW, expires_at=ends))


class Phone:
    """The service, its database and its clock; requests as the phone of whoever holds ``token`` sends them. None: nobody's."""

    def __init__(self, engine: Engine, clock_: SetClock, client: TestClient) -> None:
        self.engine, self.clock, self.client = engine, clock_, client

    def get(self, path: str, token: str | None = "own-1", *, language: str = "") -> Any:
        self.client.cookies.clear()
        return self.client.get(path, headers=_cookies(token, language))

    def post(self, path: str, form: dict[str, Any] | None = None, token: str | None = "own-1", *, origin: str | None = HOST) -> Any:
        self.client.cookies.clear()
        return self.client.post(path, data=form or {}, headers=_cookies(token, "") | ({"Origin": origin} if origin else {}))

    def api(self, method: str, path: str, token: str | None = "own-1", **request: Any) -> Any:
        self.client.cookies.clear()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **request)

    def new_link(self) -> str:
        with writing(self.engine) as session:
            return own.make_link(session, None, 1, SETTINGS.portal, NOW, keep_others=True)[1]

    def audited(self, action: str) -> list[tuple[str, int | None]]:
        with reading(self.engine) as session:
            events = session.exec(select(AuditEvent).where(AuditEvent.action == action)).all()
            return [(event.actor, event.subject_id) for event in events]


def _cookies(token: str | None, language: str) -> dict[str, str]:
    given = "; ".join(f"{name}={value}" for name, value in ((OWN_COOKIE, token), (LANGUAGE_COOKIE, language)) if value)
    return {"Cookie": given} if given else {}


@contextmanager
def serving(engine: Engine, settings: Settings = SETTINGS) -> Iterator[Phone]:
    """At NOW until the clock is moved. Redirects are not followed."""
    app = before(portal_app(engine, settings), create_app(engine, settings))
    with clock.using(SetClock(NOW)) as set_clock, TestClient(app, base_url=HOST, follow_redirects=False) as client:
        assert isinstance(set_clock, SetClock)
        yield Phone(engine, set_clock, client)
