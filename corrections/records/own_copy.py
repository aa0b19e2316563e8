"""A subject's copy of her own record (个人信息保护法 Art 45): as one JSON document, and her phone's reports as CSV or GeoJSON. Each copy is
audited as hers, and so many a day."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import Session, SQLModel, col, func, select

from corrections.domain.model import SOURCES, Recipient
from corrections.errors import TooMany
from corrections.records.audit import SUBJECT, record_by
from corrections.records.own import own_subject
from corrections.records.own_record import held, looks, matters, withheld
from corrections.records.own_rules import conditions
from corrections.settings.portal import Portal
from corrections.store import tables as t
from corrections.store.access import Own
from corrections.store.rulebook import Rulebooks
from corrections.store.tables import AuditEvent, Report

DAY = timedelta(days=1)
CHUNK = 5_000
COLUMNS = (
    "fix_time", "received_at", "lat", "lon", "accuracy_m", "source", "altitude_m", "speed_mps", "course_deg", "battery_pct", "charging",
    "client_state", "mock", "wire",
)  # fmt: skip
"""Of the reports in a copy: times ISO 8601 in UTC, WGS-84 degrees, metres (accuracy: the claimed 68 % radius), metres a second."""

# Tables whose rows are copied as they are, by the name in the copy, with the columns that speak of others or only of the service.
_AS_STORED: dict[str, tuple[type[SQLModel], frozenset[str]]] = {
    "authorities": (t.Authority, frozenset()),
    "devices": (t.Device, frozenset({"credential_hash"})),
    "leave_requests": (t.LeaveRequest, frozenset({"requested_by", "decided_by", "outline"})),
    "leave_permits": (t.LeavePermit, frozenset({"outline"})),
    "check_ins": (t.CheckIn, frozenset({"token_hash", "asked_by"})),
    "check_entries": (t.CheckEntry, frozenset({"found_by", "seen", "note"})),
    "fix_requests": (t.FixRequest, frozenset({"asked_by"})),
    "statements": (t.Statement, frozenset({"taken_by"})),
    "measures": (t.Measure, frozenset({"recorded_by"})),
    "objections": (t.Objection, frozenset({"recorded_by", "answered_by", "escalation", "escalate_at"})),
    "links": (t.OwnLink, frozenset({"token_hash", "created_by"})),
}
_PLACES = frozenset({"id", "bureau_id", "office_id", "subject_id"})
WITHHELD_WORDS = (
    "工作人员记录的原文可能涉及他人，未包含在内。如需查阅，请向司法所提出；不同意的，应当说明理由（个人信息保护法第四十五条、第五十条）。",
    "What officers wrote in their own words may speak of others and is left out. Ask your office to see it; a refusal must give its "
    "reasons (Personal Information Protection Law, Arts 45 and 50).",
)
WITHHELD_MATTERS = (
    "有 {n} 件事还在核查，办结后会列出（个人信息保护法第三十五条）。",
    "{n} matters that are being looked into are listed once they are decided (Personal Information Protection Law, Art 35).",
)


def take_copy(session: Session, own: Own, what: str, portal: Portal, now: datetime) -> None:
    """Record that she takes a copy of ``what`` (``record``, ``csv``, ``geojson``). Raises TooMany."""
    e = AuditEvent
    taken = select(func.count()).select_from(e).where(e.subject_id == own.subject_id, e.action == "own.copy", e.actor == SUBJECT)
    if session.exec(taken.where(col(e.at) > now - DAY)).one() >= portal.copies_a_day:
        raise TooMany(
            f"A copy can be taken {portal.copies_a_day} times a day. Try again tomorrow.",
            f"每天最多下载 {portal.copies_a_day} 次，请明天再试。",
        )
    record_by(session, own, "own.copy", detail={"what": what}, now=now)


def record_copy(session: Session, own: Own, portal: Portal, now: datetime, books: Rulebooks | None = None) -> dict[str, Any]:
    """All that is held of her but the phone's reports, as plain values for JSON. In a writing session: it is audited. Raises TooMany."""
    take_copy(session, own, "record", portal, now)
    subject = own_subject(session, own)
    copy: dict[str, Any] = {
        "made_at": now,
        "subject": _row(subject, frozenset({"officer_id"})),
        "office": session.get_one(t.Office, subject.office_id).name,
        "conditions": _conditions(session, own, portal, now, books),
        "violations": [asdict(matter) for matter in matters(session, own, portal)],
    }
    for name, (table, left_out) in _AS_STORED.items():
        copy[name] = [_row(row, left_out) for row in _rows(session, table, own)]
    copy["leave_reports"] = [_row(row, frozenset({"recorded_by"})) for row in _leave_reports(session, own)]
    copy["notices"] = [_row(row, _NOTICE) for row in _rows(session, t.Notice, own) if row.recipient == Recipient.SUBJECT]
    copy["log_entries"] = [_row(row, _entry(portal)) for row in _rows(session, t.LogEntry, own)]
    copy["looks"] = [asdict(look) for look in looks(session, own, portal, now)]
    copy["held"] = [asdict(one) for one in held(session, own, portal)]
    copy["left_out"] = _left_out(session, own, portal)
    return _plain(copy)  # type: ignore[no-any-return]


_NOTICE = frozenset({"officer_id", "violation_id", "about", "dispatch_at", "done_by", "recipient", "severity"})


def positions_csv(session: Session, own: Own, portal: Portal, now: datetime) -> str:
    """Her phone's reports as CSV, by fix time. In a writing session: it is audited. Raises TooMany."""
    take_copy(session, own, "csv", portal, now)
    told = io.StringIO()
    writer = csv.writer(told)
    writer.writerow(COLUMNS)
    writer.writerows([_plain(_report(row)[name]) for name in COLUMNS] for row in _reports(session, own))
    return told.getvalue()


def positions_geojson(session: Session, own: Own, portal: Portal, now: datetime) -> dict[str, Any]:
    """The same as a GeoJSON FeatureCollection (RFC 7946); a contact without a position has no geometry. Raises TooMany."""
    take_copy(session, own, "geojson", portal, now)
    features = []
    for row in _reports(session, own):
        told = _plain(_report(row))
        lat, lon = told.pop("lat"), told.pop("lon")
        geometry = None if lat is None else {"type": "Point", "coordinates": [lon, lat]}
        features.append({"type": "Feature", "geometry": geometry, "properties": told})
    return {"type": "FeatureCollection", "features": features}


def _reports(session: Session, own: Own) -> Iterator[Report]:
    statement = select(Report).where(Report.subject_id == own.subject_id).order_by(col(Report.fix_time), col(Report.digest))
    return iter(session.exec(statement.options(defer(Report.raw)).execution_options(yield_per=CHUNK)))  # type: ignore[arg-type]


def _report(row: Report) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS} | {"source": SOURCES[row.source].value}


def _rows(session: Session, table: Any, own: Own) -> Sequence[Any]:
    rows: Sequence[Any] = session.exec(select(table).where(table.subject_id == own.subject_id).order_by(table.id)).all()
    return rows


def _leave_reports(session: Session, own: Own) -> Sequence[Any]:
    r, q = t.LeaveReport, t.LeaveRequest
    statement = select(r).join(q, col(q.id) == col(r.request_id)).where(q.subject_id == own.subject_id)
    return session.exec(statement.order_by(col(r.id))).all()


def _conditions(session: Session, own: Own, portal: Portal, now: datetime, books: Rulebooks | None) -> dict[str, Any]:
    found = conditions(session, own, portal, now, books)
    return {
        "located": found.located,
        "located_until": found.located_until,
        "interval_s": found.interval_s,
        "zones": [{"name": zone.name, "kind": zone.kind, "zh": zone.text[0], "en": zone.text[1]} for zone in found.zones],
        "contact_bans": [{"distance_m": ban.distance_m, "valid_until": ban.valid_until, "zh": ban.text[0]} for ban in found.bans],
    }


def _left_out(session: Session, own: Own, portal: Portal) -> list[dict[str, str]]:
    """What the copy does not hold, and why."""
    said = [] if portal.copy_log_words else [WITHHELD_WORDS]
    if n := withheld(session, own, portal):
        said.append((WITHHELD_MATTERS[0].format(n=n), WITHHELD_MATTERS[1].format(n=n)))
    return [{"zh": zh, "en": en} for zh, en in said]


def _entry(portal: Portal) -> frozenset[str]:
    return frozenset({"officer_id"} if portal.copy_log_words else {"officer_id", "content"})


def _row(row: SQLModel, left_out: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump().items() if name not in left_out | _PLACES}


def _plain(value: Any) -> Any:
    """Values that JSON knows; times as ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
