"""A service with a bureau at work, and people who are logged in to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from corrections import clock
from corrections.api.app import create_app
from corrections.clock import SetClock
from corrections.domain.casework import LeaveKind, LeaveReason
from corrections.domain.model import Role, Scope, Severity, ZoneKind
from corrections.records import accounts, contact_bans, gateways, leave, outlines, permits, register, roster, zones
from corrections.records.permits import Basis
from corrections.settings import Settings
from corrections.settings.notify import Channel, Notify
from corrections.store.access import Own
from corrections.store.credentials import hash_credential
from corrections.store.database import writing
from corrections.store.tables import (
    Attachment,
    CheckEntry,
    CheckRound,
    FixRequest,
    LegalClock,
    LoginSession,
    Measure,
    Notice,
    Objection,
    OutboxMessage,
    OwnLink,
    Proposal,
    Report,
    SearchCase,
    SetAside,
    Statement,
    StoredFile,
    SubjectState,
)
from tests.review.scene import HOUR, NOW, RULES, STAFF, a_subject, a_violation, an_officer, forget_notices, settle

SETTINGS = Settings(notify=Notify(channels=(Channel(name="mail", url="json://127.0.0.1:9/?:to={address}"),)))  # nobody has an address
SQUARE = "POLYGON((120 30, 120.1 30, 120.1 30.1, 120 30.1, 120 30))"
SCHOOL = "POLYGON((120.2 30, 120.21 30, 120.21 30.01, 120.2 30.01, 120.2 30))"
PHOTO = b"\x89PNG\r\n\x1a\n" + b"1" * 20
HOME = (30.05, 120.05)  # the middle of the square
STRANGERS = {f"other-{role}": role for role in Role}  # staff of another bureau, of every role


def found(engine: Engine) -> None:
    """The two offices and their staff (see the scene), a head of the second office, another bureau with staff of every role; subject 1
    with authority 1, device 1, leave 1; zone 1 (everyone, inclusion), zone 2 (subject 1, exclusion); violation 1 of subject 1;
    absence 1 and duty 1 of wangfang, far ahead; a message put aside (1); a notice (1) for subject 1, a leave request (1) of hers, a
    message to liming (1); a gateway (1); a link (1, ``own-1``) and an objection (1) of subject 1; subject 3, of the first office, whom
    contact ban 1 keeps from subject 1;
    a term out of contact (1) and a search (1) of subject 1; everybody logged in with her login as token."""
    with writing(engine) as session:
        subject = settle(session)
        a_subject(session, "S2", office_id=2, officer="zhao")
        third = a_subject(session, "S9")
        accounts.create_officer(session, None, office_id=2, login="head2", name="二所长", role=Role.OFFICE_HEAD, now=NOW)
        bureau = register.create_bureau(session, None, code="QT", name="其他区司法局", now=NOW)
        office = register.create_office(session, None, bureau_id=bureau.id, code="QT1", name="其他司法所", now=NOW)
        for login, role in STRANGERS.items():
            accounts.create_officer(session, None, office_id=office.id, login=login, name=login, role=role, now=NOW)
        lawful(session, subject.id)
        register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)
        permits.grant_leave(
            session, None, subject.id, destination="杭州", valid_from=NOW + HOUR, valid_until=NOW + 2 * HOUR, approved_by="所长", now=NOW
        )
        contact_bans.impose_contact_ban(
            session, None, subject.id, third.id, basis="禁止令", distance_m=100, minutes=30, valid_from=NOW, approved_by="法院", now=NOW
        )
        gateways.create_gateway(session, None, 1, name="省厅平台", now=NOW)
        a_zone(session, "全市", ZoneKind.INCLUSION)
        a_zone(session, "学校", ZoneKind.EXCLUSION, SCHOOL, scope=Scope.SUBJECT, subject_id=subject.id)
        a_violation(session, subject)
        forget_notices(session)
        later = NOW + timedelta(days=30)
        roster.record_absence(session, None, 2, starts_at=later, ends_at=later + HOUR, now=NOW)
        roster.plan_duty(session, None, 2, office_id=1, starts_at=later, ends_at=later + HOUR, now=NOW)
        session.add(
            SetAside(digest=1, received_at=NOW, last_at=NOW, subject_id=1, device_id=1, wire="osmand", reason="null_island", raw=b"x")
        )
        session.add(
            Notice(
                bureau_id=1,
                office_id=1,
                subject_id=1,
                recipient="subject",
                kind="silence",
                text_zh="请检查手机",
                text_en="Check your phone",
                at=NOW,
            )
        )
        session.add(OwnLink(subject_id=1, token_hash=hash_credential("own-1"), created_at=NOW, expires_at=NOW + timedelta(days=90)))
        session.add(
            Objection(bureau_id=1, office_id=1, subject_id=1, about="other", text="不同意", at=NOW, due_at=NOW + 14 * timedelta(days=1))
        )
        session.add(LegalClock(subject_id=1, kind="out_of_contact", starts_at=NOW, basis="失联", set_by=1, set_at=NOW))
        session.add(SearchCase(bureau_id=1, office_id=1, subject_id=1, opened_by=1, opened_at=NOW, reason="失联"))
        casework(session)
        session.get_one(SubjectState, 1).fault = "ValueError: 30.05"
        wanted = leave.Wanted(LeaveKind.LEAVE, LeaveReason.WORK, "宁波", NOW + timedelta(days=9), NOW + timedelta(days=10))
        leave.request_leave(session, Own(1), 1, wanted, settings=SETTINGS, now=NOW)
        session.add(
            OutboxMessage(
                bureau_id=1, key="k", channel="mail", officer_id=1, severity="low", reference="违规 1", text_zh="", text_en="",
                created_at=NOW, due_at=NOW,
            )
        )  # fmt: skip
        checks(session)
        for login in (*STAFF, "head2", *STRANGERS):
            log_in(session, login)


def checks(session: Session) -> None:
    """A round (1) of liming's over subject 1 that is open, one (2) of which all is found, and a wish for a fix of subject 1 (1) that is
    over."""
    for schedule, finding in (("a", None), ("b", "reached")):
        made = CheckRound(bureau_id=1, office_id=1, officer_id=1, schedule=schedule, slot_at=NOW, opened_at=NOW, due_at=NOW + 2 * HOUR)
        session.add(made)
        session.flush()
        session.add(CheckEntry(round_id=made.id, subject_id=1, seen={}, finding=finding, note="电话" if finding else ""))
    session.add(FixRequest(subject_id=1, reason="officer", asked_at=NOW - 3 * HOUR, asked_by=1, expires_at=NOW - 2 * HOUR))
    session.flush()


def casework(session: Session) -> None:
    """A statement (1) of subject 1, a proposal (1) of liming's that waits for a second officer, a measure (1), and a photo (1) beside
    violation 1."""
    session.add(Statement(subject_id=1, taken_at=NOW, taken_by=1, means="phone", text="在家", recorded_at=NOW))
    session.flush()
    session.add(
        Proposal(
            bureau_id=1, office_id=1, subject_id=1, measure="warning", ground="warning.rules", facts="未经批准外出", statement_id=1,
            proposed_by=1, proposed_at=NOW,
        )
    )  # fmt: skip
    taken = {"kind": "admonition", "category": "probation", "decided_on": NOW - 9 * HOUR, "decided_by": "区局", "document": "训1号"}
    session.add(Measure(subject_id=1, recorded_at=NOW, **taken))
    kept = hashlib.sha256(PHOTO).hexdigest()
    session.add(StoredFile(sha256=kept, size=len(PHOTO), media_type="image/png", content=PHOTO, stored_at=NOW))
    session.flush()
    session.add(Attachment(subject_id=1, about="violation", about_id=1, sha256=kept, name="现场.png", added_by=1, added_at=NOW))


def lawful(session: Session, subject_id: int) -> None:
    permits.grant_authority(
        session, None, subject_id, basis=Basis.ARTICLE26, valid_from=NOW - timedelta(days=5), valid_until=NOW + timedelta(days=60),
        approved_by="王局长", approved_on=NOW - timedelta(days=6), rules=RULES, now=NOW,
    )  # fmt: skip


def a_zone(session: Session, code: str, kind: ZoneKind, outline: str = SQUARE, **terms: Any) -> int:
    given = zones.Terms(code=code, name=code, kind=kind, severity=Severity.MEDIUM, **terms)
    at = NOW - timedelta(days=5)
    return zones.publish_zone(session, None, 1, given, outlines.read_outline(outline), valid_from=at, now=NOW).zone_id


def log_in(session: Session, login: str) -> None:
    ends = NOW + timedelta(hours=10)
    officer_id = an_officer(session, login).id
    session.add(LoginSession(token_hash=hash_credential(login), officer_id=officer_id, created_at=NOW, last_used_at=NOW, expires_at=ends))


def a_report(session: Session, minutes: float, place: tuple[float, float] | None, *, subject_id: int = 1, **changes: Any) -> Report:
    """A stored report, ``minutes`` after NOW, received half a minute later."""
    at = NOW + timedelta(minutes=minutes)
    lat, lon = place if place else (None, None)
    terms: dict[str, Any] = {
        "accuracy_m": 10.0, "source": 1, "wire": "osmand", "raw": b"", "device_id": 1, "bureau_id": 1,
        "received_at": at + timedelta(seconds=30), "digest": round(minutes * 60) + 1,
    } | changes  # fmt: skip
    report = Report(subject_id=subject_id, fix_time=at, lat=lat, lon=lon, **terms)
    session.add(report)
    session.flush()
    return report


class Service:
    """The app, its database and its clock; requests in the name of whoever is given."""

    def __init__(self, engine: Engine, clock_: SetClock, client: TestClient) -> None:
        self.engine, self.clock, self.client = engine, clock_, client

    def ask(self, login: str | None, method: str, path: str, *, headers: dict[str, str] | None = None, **request: Any) -> Any:
        sent = {"Authorization": f"Bearer {login}"} if login else {}
        if method in ("POST", "PUT", "PATCH") and not {"json", "content"} & request.keys():
            request["json"] = {}
        return self.client.request(method, path, headers=sent | (headers or {}), **request)

    def get(self, login: str | None, path: str, **query: Any) -> Any:
        return self.ask(login, "GET", f"/api/v1{path}", params=query)

    def post(self, login: str | None, path: str, body: Any = None, **query: Any) -> Any:
        return self.ask(login, "POST", f"/api/v1{path}", json=body or {}, params=query)


@contextmanager
def serving(engine: Engine, **parts: Any) -> Iterator[Service]:
    """The app on a database, at NOW until the clock is moved."""
    with clock.using(SetClock(NOW)) as set_clock, TestClient(create_app(engine, SETTINGS, **parts)) as client:
        assert isinstance(set_clock, SetClock)
        yield Service(engine, set_clock, client)
