"""签到: the answer to a check-in. The position comes from the Geolocation API of the browser on the subject's phone (W3C, WGS-84), and is
stored as a report by the same path as all others, before she is told that it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from corrections.domain.model import Datum, from_us, to_us
from corrections.errors import Invalid
from corrections.ingest import values
from corrections.ingest.message import Message, Reason, Result, Sender
from corrections.ingest.rows import BROWSER
from corrections.ingest.writer import Ingest
from corrections.records.check_ins import by_token, note_answer, require_open
from corrections.settings.section import in_force
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.database import reading, writing
from corrections.store.tables import CheckIn, Device, Report, Subject

WIRE = "check-in"


class Answer(StrEnum):
    """What became of an answer; each of them counts as having checked in."""

    STORED = "stored"
    REFUSED = "refused"  # the position was not kept: nobody may locate her now


@dataclass(frozen=True, slots=True)
class Position:
    """What the browser says. ``lat`` and ``lon`` are WGS-84 degrees, ``accuracy_m`` the radius that it claims (95 % by the
    specification, which is kept as it is: a wider circle only makes the program less sure). ``sent_at`` is the phone's clock at the
    moment of sending, by which a clock that is wrong does no harm."""

    lat: float
    lon: float
    accuracy_m: float | None
    measured_at: datetime
    sent_at: datetime | None = None


def answer_check_in(engine: Engine, ingest: Ingest, token: str, position: Position, now: datetime, origin: str = "") -> Answer:
    """Take the answer to a check-in, in transactions of its own.

    1. The link must be of a check-in that can be answered now. 2. The position must be one, and of now. 3. It is stored as a report, as
    durably as any; without authority nothing of it is kept. 4. The check-in is noted as answered. What is cut off between 3 and 4 is sent
    again by the page, and the report then found to be there.

    Raises NotFound, Conflict (answered already; the time is over), Invalid (no position; too old), Unavailable.
    """
    with reading(engine) as session:
        made = by_token(session, token)
        require_open(session, made, now)
        subject = session.get_one(Subject, made.subject_id)
        number, subject_id = subject.number, made.subject_id
    message = _message(position, _oldest(ingest, made, now), now, ingest)
    identifier = _browser_of(engine, subject_id, number)
    outcome = ingest.take_now(Sender(browser=identifier), WIRE, [message])
    verdict = outcome.verdicts[0]
    if verdict.flaw is not None and verdict.flaw.reason is not Reason.NO_AUTHORITY:
        raise Invalid(verdict.flaw.reason.en, verdict.flaw.reason.zh, field=verdict.flaw.field)
    with writing(engine) as session:
        stored = verdict.result is not Result.REFUSED
        report_id = _report_of(session, subject_id, message) if stored else None
        note_answer(session, token, report_id, now, origin)
    return Answer.STORED if stored else Answer.REFUSED


def _message(position: Position, oldest: timedelta, now: datetime, ingest: Ingest) -> Message:
    """The answer as ingest takes it; its age is told by the phone's own clock, where that is known. Raises Invalid."""
    age = max((position.sent_at or now) - position.measured_at, timedelta(0))
    ahead = timedelta(seconds=ingest.settings.ingest.future_tolerance_s)
    if age > oldest or (position.sent_at is None and position.measured_at > now + ahead):
        raise Invalid(
            "The position is not of now. Allow the page to use your location, go near a window, and try again.",
            "这不是当前的位置。请允许页面使用定位，到窗边或室外再试一次。",
            field="measured_at",
        )
    lat, lon, flaw = values.coordinates(position.lat, position.lon)
    if flaw is not None:
        raise Invalid(flaw.reason.en, flaw.reason.zh, field=flaw.field or "lat")
    accuracy_m = values.positive(position.accuracy_m)
    raw = json.dumps(
        {"lat": position.lat, "lon": position.lon, "accuracy_m": position.accuracy_m, "measured_at": position.measured_at.isoformat()}
        | ({"sent_at": position.sent_at.isoformat()} if position.sent_at else {})
    ).encode()
    fix = position.measured_at if position.sent_at is None else now - age
    return Message(raw=raw, fix_us=to_us(min(fix, now)), lat=lat, lon=lon, accuracy_m=accuracy_m, datum=Datum.WGS84)


def _oldest(ingest: Ingest, made: CheckIn, now: datetime) -> timedelta:
    zone = ingest.zone
    return timedelta(minutes=in_force(ingest.settings.checks.check_ins, now.astimezone(zone).date()).oldest_fix_minutes)


def _browser_of(engine: Engine, subject_id: int, number: str) -> str:
    """The device that stands for a subject's browser, made when she first checks in. It is never in service: no credential of it is told,
    and nothing is expected of it."""
    identifier = f"{BROWSER}-{number}"
    with writing(engine) as session:
        if session.exec(select(Device.id).where(Device.identifier == identifier)).first() is None:
            device = Device(
                subject_id=subject_id,
                identifier=identifier,
                credential_hash=hash_credential(new_credential()),
                client=BROWSER,
                active=False,
            )
            try:
                with session.begin_nested():
                    session.add(device)
            except IntegrityError:  # another answer of hers was first
                pass
    return identifier


def _report_of(session: Session, subject_id: int, message: Message) -> int | None:
    assert message.fix_us is not None
    mine = select(Report.id).where(Report.subject_id == subject_id, Report.fix_time == from_us(message.fix_us), Report.wire == WIRE)
    return session.exec(mine).first()
