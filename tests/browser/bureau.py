"""A bureau at work, for the tests in a real browser: what its people do is done over the API, what its phones report is judged by the
real detection. Every name and text that people wrote is in Latin letters, so that whatever is Chinese on an English page was not
translated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from corrections import clock
from corrections.api.app import create_app
from corrections.clock import SetClock
from corrections.domain.model import Category, Level, Role, Scope, Severity, SubjectStatus, ZoneKind, to_us
from corrections.ingest.writer import Ingest
from corrections.monitor.chores import CHORES, run_chores
from corrections.monitor.evaluate import evaluate
from corrections.monitor.silence import watch_silence
from corrections.records import accounts, contact_bans, gateways, outlines, permits, register, zones
from corrections.records.logs import close_days
from corrections.records.permits import Basis
from corrections.settings import Settings
from corrections.settings.checks import Checks, Schedule
from corrections.settings.service import Schedules
from corrections.store.credentials import hash_credential
from corrections.store.database import reading, writing
from corrections.store.tables import Device, LoginSession, Officer, Outage, OwnLink, Report, Subject, Violation

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # Wednesday, ten in the morning in the district
LOCAL = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LAT, LON = 41.5, 122.7
M_PER_DEG_LON = 83_500.0
RADIUS_M = 5_000.0
PASSWORD = "correct horse battery"
PURPOSE = "Regular supervision"
UNSAID = "-unsaid"  # ends the token of a log-in for which no purpose was given yet
OWN_TOKEN = "own-1"
MORNING = Schedule.model_validate(
    {
        "valid_from": "2026-01-01", "name": "morning", "label": {"zh": "晨间核查", "en": "Morning round"}, "purpose": "round",
        "kind": "fixed", "times": ["09:00"], "days": "working", "due_minutes": 120,
    }
)  # fmt: skip
SETTINGS = Settings(checks=Checks(schedules=(MORNING,)), schedules=Schedules(evaluate_every_s=0.3))

STAFF = {
    "li": ("Li Ming", Role.OFFICER, 1), "wang": ("Wang Fang", Role.OFFICER, 1), "head": ("Zhao Min", Role.OFFICE_HEAD, 1),
    "bureau": ("Chen Jianguo", Role.BUREAU, 1), "zhao": ("Zhao Lei", Role.OFFICER, 2), "auditor": ("Shen Ji", Role.AUDITOR, 1),
    "admin": ("Guan Li", Role.ADMINISTRATOR, 1),
}  # fmt: skip

# number: (name, office, officer's login, category, level); ids follow this order from 1
SUBJECTS = {
    "YX2026001": ("Zhang San", 1, "li", Category.PROBATION, Level.STRICT),  # out yesterday afternoon, confirmed
    "YX2026002": ("Li Na", 1, "li", Category.PAROLE, Level.GENERAL),  # out of the area since this morning
    "YX2026003": ("Wang Wu", 1, "li", Category.CONTROL, Level.GENERAL),  # was at the school this morning
    "YX2026004": ("Zhou Qi", 1, "wang", Category.PROBATION, Level.GENERAL),  # silent since last evening
    "YX2026005": ("Sun Ba", 1, "li", Category.PROBATION, Level.LENIENT),  # out yesterday: a false alarm
    "YX2026006": ("Wu Jiu", 1, "li", Category.TEMPORARY, Level.GENERAL),  # on leave, elsewhere
    "YX2026007": ("Zheng Shi", 1, "li", Category.PROBATION, Level.GENERAL),  # a minor, where she must be
    "YX2026008": ("Feng Yi", 1, "wang", Category.PROBATION, Level.GENERAL),  # near the edge with a coarse position
    "YX2026009": ("Chen Er", 1, "li", Category.PROBATION, Level.STRICT),  # at home; whose phone the tests hold
    "YX2026010": ("Chu Liu", 1, "li", Category.PROBATION, Level.GENERAL),  # without authority
    "YX2026011": ("Wei Shiyi", 1, None, Category.PROBATION, Level.GENERAL),  # in custody
    "YX2026012": ("Jiang Shier", 2, "zhao", Category.PROBATION, Level.GENERAL),  # the other office's, out this morning
}  # fmt: skip
CONVICTED, OUT, SCHOOL, SILENT, MISTAKEN, ON_LEAVE, MINOR, UNSURE, HOME, UNKNOWN, CAUGHT, ELSEWHERE = range(1, 13)


def furnish(engine: Engine) -> None:
    """The bureau on the morning of NOW, after a day of reports and of work."""
    with clock.using(SetClock(NOW - 3 * DAY)) as set_clock:
        assert isinstance(set_clock, SetClock)
        with writing(engine) as session:
            _found(session)
        _monitor(engine, set_clock)
        api = create_app(engine, SETTINGS, ingest=Ingest(engine, SETTINGS))
        with TestClient(api, client=("10.0.0.7", 50000)) as client:
            _Work(client, engine).all()
        set_clock.set(NOW)
        with writing(engine) as session:
            register.change_status(session, None, CAUGHT, status=SubjectStatus.CUSTODY, since=NOW - HOUR, rules=SETTINGS.rules, now=NOW)
            _log_in_all(session)


# ---- the register


def _found(session: Session) -> None:
    began = NOW - 40 * DAY
    register.create_bureau(session, None, code="YX", name="Yunxi Bureau", now=began)
    for number, name in enumerate(("Chengguan Office", "Hexi Office"), 1):
        register.create_office(session, None, bureau_id=1, code=f"YX{number}", name=name, name_en=name, now=began)
    for login, (name, role, office) in STAFF.items():
        accounts.create_officer(session, None, office_id=office, login=login, name=name, role=role, now=began)
    accounts.set_password(session, None, 1, PASSWORD, now=began)
    whose = {officer.login: officer.id for officer in session.exec(select(Officer))}
    for number, (name, office, login, category, level) in SUBJECTS.items():
        made = register.create_subject(
            session, None, office_id=office, number=number, name=name, category=category, level=level, term_from=began,
            term_until=began + 400 * DAY, officer_id=whose[login] if login else None, minor=name == "Zheng Shi", phone="13800000000",
            now=began,
        )  # fmt: skip
        _equip(session, made, began)
    _draw_zones(session, began)
    contact_bans.impose_contact_ban(
        session,
        None,
        CONVICTED,
        SCHOOL,
        basis="Court order 12",
        distance_m=100,
        minutes=30,
        valid_from=began,
        approved_by="Court",
        now=began,
    )
    gateways.create_gateway(session, None, 1, name="Province platform", now=began)
    session.add(Outage(began_at=NOW - 27 * HOUR, ended_at=NOW - 27 * HOUR + 4 * MINUTE))
    session.add(OwnLink(subject_id=HOME, token_hash=hash_credential(OWN_TOKEN), created_at=began, expires_at=NOW + 90 * DAY))


def _equip(session: Session, made: Subject, began: datetime) -> None:
    assert made.id is not None
    register.enrol_device(
        session, None, made.id, identifier=f"phone-{made.id}", client="Traccar Client 9", rules=SETTINGS.rules, now=NOW - 26 * HOUR
    )
    if made.id != UNKNOWN:
        permits.grant_authority(
            session, None, made.id, basis=Basis.ARTICLE26, valid_from=began, valid_until=began + 80 * DAY, approved_by="Chen Jianguo",
            approved_on=began, rules=SETTINGS.rules, now=began,
        )  # fmt: skip


def _draw_zones(session: Session, began: datetime) -> None:
    night = [{"start": "22:00", "until": "06:00", "weekdays": list(range(7))}]
    drawn: tuple[tuple[zones.Terms, float, float], ...] = (
        (zones.Terms(code="AREA", name="Yunxi district", kind=ZoneKind.INCLUSION), 0, RADIUS_M + 200),
        (zones.Terms(code="AREA", name="Yunxi district", kind=ZoneKind.INCLUSION), 0, RADIUS_M),
        (zones.Terms(code="SCHOOL", name="Middle school", kind=ZoneKind.EXCLUSION, severity=Severity.HIGH), 1_500, 250),
        (
            zones.Terms(code="HOME9", name="Home at night", kind=ZoneKind.INCLUSION, scope=Scope.SUBJECT, subject_id=HOME, windows=night),
            -500,
            300,
        ),
    )
    for number, (terms, east_m, radius_m) in enumerate(drawn):
        outline = outlines.circle(LAT, LON + east_m / M_PER_DEG_LON, radius_m)
        zones.publish_zone(
            session,
            accounts.actor_by_login(session, "bureau", "cli"),
            1,
            terms,
            outline,
            valid_from=began + number * DAY,
            now=began + number * DAY,
        )


def _log_in_all(session: Session) -> None:
    """Each with her login as token, and again without a purpose."""
    for officer in session.exec(select(Officer)).all():
        for token in (officer.login, officer.login + UNSAID):
            times = {"created_at": NOW, "last_used_at": NOW, "expires_at": NOW + 10 * HOUR}
            session.add(LoginSession(token_hash=hash_credential(token), officer_id=officer.id, **times))
        session.flush()
        accounts.set_purpose(session, officer.login, PURPOSE)


# ---- what the phones report


def a_report(subject_id: int, at: datetime, east_m: float, *, bureau_id: int = 1, accuracy_m: float = 20.0, **more: Any) -> dict[str, Any]:
    """A row of ``report``: so many metres east of the district's centre, received as it was measured."""
    lat, lon = LAT + (subject_id % 5) * 0.0004 + (to_us(at) // 600_000_000 % 7) * 1e-5, LON + east_m / M_PER_DEG_LON
    content = f"{subject_id}|{to_us(at)}|{east_m}"
    return {
        "bureau_id": bureau_id, "subject_id": subject_id, "device_id": subject_id, "fix_time": at, "received_at": at + timedelta(seconds=2),
        "digest": int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest(), "big") >> 1, "lat": lat, "lon": lon,
        "accuracy_m": accuracy_m, "source": 1, "datum": "WGS84", "mock": False, "wire": "osmand", "raw": b"", "battery_pct": 64.0,
    } | more  # fmt: skip


def _reports() -> Iterator[dict[str, Any]]:
    """Every ten minutes from the morning before until NOW."""
    for subject_id in (CONVICTED, OUT, SCHOOL, SILENT, MISTAKEN, ON_LEAVE, MINOR, UNSURE, HOME, ELSEWHERE):
        for step in range(26 * 6):
            at = NOW - 26 * HOUR + step * 10 * MINUTE + subject_id * timedelta(seconds=7)
            if (east := _east_m(subject_id, at)) is not None:
                coarse = subject_id == UNSURE and at > NOW - 90 * MINUTE
                yield a_report(subject_id, at, east, accuracy_m=900.0 if coarse else 12.0 + step % 9)


def _east_m(subject_id: int, at: datetime) -> float | None:
    """Where somebody is; None: nothing is heard."""
    hour = (at - (NOW - 26 * HOUR)) / HOUR  # since eight in the morning of the day before
    if (subject_id == CONVICTED and 6 <= hour < 7) or (subject_id == MISTAKEN and 8 <= hour < 9):
        return 6_500
    if subject_id in (OUT, ELSEWHERE) and hour >= 24.75:
        return 6_200 + 100 * subject_id
    if subject_id == SCHOOL and 24.5 <= hour < 25.25:
        return 1_520
    if (subject_id == SILENT and hour >= 14) or (subject_id == HOME and hour >= 25.3):
        return None
    if subject_id == ON_LEAVE and hour >= 22:
        return 40_000
    if subject_id == UNSURE and hour >= 24.5:
        return 4_800
    return -500 + 60 * (int(at.timestamp()) // 600 % 5)


def _monitor(engine: Engine, set_clock: SetClock) -> None:
    """Take in and judge hour by hour, as a service that runs would."""
    rows = sorted(_reports(), key=lambda row: row["received_at"])
    for hours in (26, 19, 16, 12, 8, 4, 2, 1, 0.25, 0):
        now = NOW - hours * HOUR
        set_clock.set(now)
        due = [row for row in rows if row["received_at"] <= now]
        rows = rows[len(due) :]
        with writing(engine) as session:
            if due:
                session.execute(insert(Report), due)
        evaluate(engine, SETTINGS, now)
        with writing(engine) as session:
            watch_silence(session, 1, SETTINGS, now)
        run_chores(engine, SETTINGS, "tests", now, CHORES)
        if hours == 4:
            close_days(engine, SETTINGS, now)
        if hours == 26:
            with writing(engine) as session:
                permits.grant_leave(
                    session, None, ON_LEAVE, destination="Shenyang", valid_from=NOW - 5 * HOUR, valid_until=NOW + 30 * HOUR,
                    approved_by="Zhao Min", now=now,
                )  # fmt: skip
                _log_in_all_at(session, now)


def _log_in_all_at(session: Session, now: datetime) -> None:
    for officer in session.exec(select(Officer)).all():
        times = {"created_at": now, "last_used_at": NOW, "expires_at": NOW + HOUR}
        session.add(LoginSession(token_hash=hash_credential(f"work-{officer.login}"), officer_id=officer.id, **times))


# ---- what the staff do


class _Work:
    """A day's work over the API."""

    def __init__(self, client: TestClient, engine: Engine) -> None:
        self.client, self.engine = client, engine

    def all(self) -> None:
        self._leave()
        self._roster()
        self._papers()
        self._checks()
        self._log()
        self._review()
        self._her_own()
        self._put_aside()

    def post(self, login: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self.client.post(f"/api/v1{path}", json=body or {}, headers={"Authorization": f"Bearer {login}"})
        assert answer.status_code in (200, 201), (path, answer.status_code, answer.text)
        return answer.json()

    def get(self, login: str, path: str) -> Any:
        answer = self.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {login}"})
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def _leave(self) -> None:
        """One of each state."""
        asked = [
            (CONVICTED, "medical", "City hospital", 2 * DAY, 3 * DAY), (OUT, "work", "Dalian", 3 * DAY, 4 * DAY),
            (SCHOOL, "family", "Anshan", 2 * DAY, 3 * DAY), (MISTAKEN, "other", "Beijing", 2 * DAY, 5 * DAY),
            (MINOR, "litigation", "Court at Fushun", HOUR, 20 * HOUR), (UNSURE, "work", "Jinzhou", 5 * DAY, 15 * DAY),
        ]  # fmt: skip
        made = [
            self.post(
                "work-li" if SUBJECTS[f"YX2026{who:03}"][2] == "li" else "work-wang", f"/subjects/{who}/leave-requests",
                {
                    "reason": reason, "destination": to, "leaves_at": _at(NOW + leaves), "returns_at": _at(NOW + back), "urgent": True,
                    "details": "Papers are attached",
                },
            )
            for who, reason, to, leaves, back in asked
        ]  # fmt: skip
        decider = {"office": "work-head", "county": "work-bureau"}
        for number in (1, 4):
            one = made[number]
            self.post(decider[one["rank"]], f"/leave-requests/{one['id']}/approve", {"revision": one["revision"], "note": "Agreed"})
        self.post(decider[made[3]["rank"]], f"/leave-requests/{made[3]['id']}/refuse", {"revision": 1, "reason": "No proper reason"})
        self.post("work-li", f"/leave-requests/{made[2]['id']}/withdraw", {"revision": 1})

    def _roster(self) -> None:
        evening = NOW.astimezone(LOCAL).replace(hour=18)
        for officer_id, starts in ((1, evening), (2, evening + DAY)):
            duty = {"officer_id": officer_id, "office_id": 1, "starts_at": _at(starts), "ends_at": _at(starts + 14 * HOUR)}
            self.post("work-head", "/duties", duty)
        away = {
            "officer_id": 2,
            "deputy_id": 1,
            "reason": "Holidays",
            "starts_at": _at(evening + 4 * DAY),
            "ends_at": _at(evening + 6 * DAY),
        }
        self.post("work-head", "/absences", away)

    def _papers(self) -> None:
        started = {"kind": "reporting_in", "starts_at": _at(NOW - 3 * DAY), "basis": "The judgment took effect"}
        self.post("work-li", f"/subjects/{UNKNOWN}/clocks", started)
        lost = {"reason": "Not heard of since the evening", "clock_from": _at(NOW - 12 * HOUR)}
        search = self.post("work-wang", f"/subjects/{SILENT}/searches", lost)
        self.post("work-wang", f"/searches/{search['id']}/steps", {"kind": "phone", "text": "Nobody answered"})

    def _checks(self) -> None:
        self.post("work-wang", "/rounds", {})
        self.post("work-li", f"/subjects/{HOME}/check-ins", {"purpose": PURPOSE})
        self.post("work-li", f"/subjects/{UNSURE}/fix-requests", {"purpose": PURPOSE})

    def _log(self) -> None:
        for who, kind, said in (
            (HOME, "visit", "Visited at home"),
            (CONVICTED, "talk", "Talked about work"),
            (OUT, "education", "Two hours"),
        ):
            self.post("work-li", f"/subjects/{who}/log/entries", {"kind": kind, "content": said})

    def _review(self) -> None:
        """The one of the day before is confirmed and followed by a proposal, another was a false alarm; what is new waits."""
        confirmed = self._decided(CONVICTED, {"decision": "confirmed", "reason": "Seen on the track and admitted by phone"})
        self._decided(MISTAKEN, {"decision": "false_alarm", "cause": "position_error", "reason": "A coarse position"})
        heard = {"means": "phone", "violation_id": confirmed, "text": "Admits it"}
        statement = self.post("work-li", f"/subjects/{CONVICTED}/statements", heard)
        options = self.get("work-li", f"/subjects/{CONVICTED}/measure-options")["options"]
        ground = next(option["ground"] for option in options if option["measure"] == "admonition")
        proposal = {"measure": "admonition", "ground": ground, "facts": "Left the district", "violation_ids": [confirmed]}
        self.post("work-li", f"/subjects/{CONVICTED}/proposals", proposal | {"statement_id": statement["id"]})

    def _decided(self, subject_id: int, decision: Mapping[str, Any]) -> int:
        with reading(self.engine) as session:
            found = session.exec(select(Violation).where(Violation.subject_id == subject_id).order_by(col(Violation.id))).first()
            assert found is not None, subject_id
            id_, revision = found.id, found.revision
        assert id_ is not None
        seen = self.post("work-li", f"/violations/{id_}/claim", {"revision": revision})
        call = {"means": "phone", "whom": "Herself", "answer": "reached", "text": "Asked where she was"}
        seen = self.post("work-li", f"/violations/{id_}/contact", {"revision": seen["revision"], **call})
        self.post("work-li", f"/violations/{id_}/decide", {"revision": seen["revision"], **decision})
        return id_

    def _her_own(self) -> None:
        self.post(OWN_TOKEN, "/own/objections", {"about": "data", "text": "My number has changed"})
        wanted = {"reason": "work", "destination": "Benxi", "leaves_at": _at(NOW + 6 * DAY), "returns_at": _at(NOW + 7 * DAY)}
        self.post(OWN_TOKEN, "/own/leave-requests", wanted | {"details": "Training"})

    def _put_aside(self) -> None:
        """A message that cannot be used."""
        secret = credential_of(self.engine, CAUGHT)
        assert self.client.get(f"/ingest/osmand/{secret}?lat=0&lon=0&timestamp={int(NOW.timestamp())}").status_code == 200


def credential_of(engine: Engine, subject_id: int) -> str:
    """A new credential for a subject's phone."""
    with writing(engine) as session:
        device = session.exec(select(Device).where(Device.subject_id == subject_id)).one()
        assert device.id is not None
        return register.rotate_credential(session, None, device.id, now=clock.now())


def found_of(engine: Engine, subject_id: int, rule: str | None = None) -> int:
    """The newest violation of a subject."""
    with reading(engine) as session:
        statement = select(Violation.id).where(Violation.subject_id == subject_id)
        if rule is not None:
            statement = statement.where(Violation.rule == rule)
        found = session.exec(statement.order_by(col(Violation.id).desc())).first()
    assert found is not None, (subject_id, rule)
    return found


def _at(moment: datetime) -> str:
    return moment.astimezone(LOCAL).isoformat(timespec="seconds")


def violations(engine: Engine) -> Iterable[Violation]:
    with reading(engine) as session:
        found = list(session.exec(select(Violation).order_by(col(Violation.id))))
        session.expunge_all()
    return found
