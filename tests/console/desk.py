"""The console as ``serve`` puts it before the API, over a bureau at work, as a browser uses it."""

from __future__ import annotations

import re
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
from corrections.console.app import before, console_app
from corrections.domain.model import Role, ZoneKind, to_us
from corrections.records import accounts, outlines, permits, register, zones
from corrections.records.permits import Basis
from corrections.settings import Settings
from corrections.store.credentials import hash_credential
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, LoginSession, Subject, Violation
from corrections.web import SESSION_COOKIE
from tests.review.scene import HOUR, MINUTE, NOW, RULES, STAFF, a_subject, a_violation, an_officer, forget_notices, settle

SETTINGS = Settings()
PASSWORD = "correct horse battery"
HOST = "http://testserver"
SQUARE = "POLYGON((120 30, 120.1 30, 120.1 30.1, 120 30.1, 120 30))"
DAY = timedelta(days=1)
PLACE = "30.105000"  # the latitude of the deciding fix: only who gave a purpose sees it


def found(engine: Engine) -> None:
    """The two offices and their staff of the scene, and a head of the second; everybody logged in with her login as token, liming with
    a password. Violation 1 is a breach of zone 1 by subject 1 (liming's), violation 2 a silence of subject 2 of the other office."""
    with writing(engine) as session:
        subject = settle(session)
        other = a_subject(session, "S2", office_id=2, officer="zhao")
        accounts.create_officer(session, None, office_id=2, login="head2", name="二所长", role=Role.OFFICE_HEAD, now=NOW)
        accounts.set_password(session, None, 1, PASSWORD, now=NOW)
        permits.grant_authority(
            session, None, 1, basis=Basis.ARTICLE26, valid_from=NOW - 5 * DAY, valid_until=NOW + 60 * DAY, approved_by="王局长",
            approved_on=NOW - 6 * DAY, rules=RULES, now=NOW,
        )  # fmt: skip
        register.enrol_device(session, None, 1, identifier="phone-1", rules=RULES, now=NOW)
        terms = zones.Terms(code="Z1", name="活动区", kind=ZoneKind.INCLUSION)
        zones.publish_zone(session, None, 1, terms, outlines.read_outline(SQUARE), valid_from=NOW - 5 * DAY, now=NOW)
        a_breach(session, subject)
        a_violation(session, other)
        forget_notices(session)
        for login in (*STAFF, "head2"):
            log_in(session, login)


def a_breach(session: Session, subject: Subject, **changes: Any) -> Violation:
    """Of zone 1, found with one fix north of it."""
    fix = {
        "fix_us": to_us(NOW - HOUR), "digest": 1, "lat": float(PLACE), "lon": 120.05, "accuracy_m": 20.0, "distance_m": 554.2,
        "certainty": 0.97,
    }  # fmt: skip
    terms: dict[str, Any] = {
        "rule": "boundary", "nature": "conduct", "zone_id": 1, "zone_revision_id": 1, "reason_zh": "在活动范围“活动区”之外",
        "reason_en": "Outside the permitted area", "opened_at": NOW - HOUR + MINUTE,
        "evidence": {"deciding": [fix], "fixes": 1, "peak_certainty": 0.97, "peak_distance_m": 554.2},
    } | changes  # fmt: skip
    return a_violation(session, subject, **terms)


def log_in(session: Session, login: str) -> None:
    ends = NOW + timedelta(hours=10)
    officer_id = an_officer(session, login).id
    session.add(LoginSession(token_hash=hash_credential(login), officer_id=officer_id, created_at=NOW, last_used_at=NOW, expires_at=ends))


class Desk:
    """The service, its database and its clock; requests as the browser of whoever is given sends them."""

    def __init__(self, engine: Engine, clock_: SetClock, client: TestClient) -> None:
        self.engine, self.clock, self.client = engine, clock_, client

    def get(self, login: str | None, path: str, *, language: str = "", purpose: str | None = None, **query: Any) -> Any:
        """``purpose``: that she has said before why she looks at locations."""
        if purpose is not None and login is not None:
            self.say_why(login, purpose)
        self.client.cookies.clear()
        return self.client.get(path, params=query or None, headers=_cookies(login, language))

    def post(self, login: str | None, path: str, form: dict[str, Any] | None = None, *, origin: str | None = HOST) -> Any:
        self.client.cookies.clear()
        headers = _cookies(login, "") | ({"Origin": origin} if origin else {})
        return self.client.post(path, data=form or {}, headers=headers)

    def say_why(self, login: str, purpose: str) -> None:
        with writing(self.engine) as session:
            accounts.set_purpose(session, login, purpose)

    def step(self, login: str, step: str, violation_id: int = 1, **form: Any) -> Any:
        """A form of the violation's page, with the revision that the page shows unless another is given."""
        return self.post(login, f"/console/violations/{violation_id}/{step}", {"revision": self.violation(violation_id).revision} | form)

    def violation(self, violation_id: int = 1) -> Violation:
        with reading(self.engine) as session:
            found = session.get_one(Violation, violation_id)
            session.expunge(found)
            return found

    def purposes(self) -> list[tuple[str, int | None, str]]:
        """The looks at locations on record: who, whose, why."""
        with reading(self.engine) as session:
            events = session.exec(select(AuditEvent).where(AuditEvent.action == "location.read")).all()
            return [(event.actor, event.subject_id, event.purpose) for event in events]


def forms_of(answer: Any, violation_id: int = 1) -> set[str]:
    """The steps of a review for which a page has forms."""
    return set(re.findall(rf'action="/console/violations/{violation_id}/([a-z-]+)[?"]', answer.text))


def _cookies(login: str | None, language: str) -> dict[str, str]:
    pairs = [(SESSION_COOKIE, login), ("corrections_language", language)]
    given = "; ".join(f"{name}={value}" for name, value in pairs if value)
    return {"Cookie": given} if given else {}


@contextmanager
def serving(engine: Engine) -> Iterator[Desk]:
    """At NOW until the clock is moved. Redirects are not followed."""
    app = before(console_app(engine, SETTINGS), create_app(engine, SETTINGS))
    with clock.using(SetClock(NOW)) as set_clock, TestClient(app, base_url=HOST, follow_redirects=False) as client:
        assert isinstance(set_clock, SetClock)
        yield Desk(engine, set_clock, client)
