"""A small register, a clock that stands still, and the doors, for the tests of ingest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections import clock
from corrections.clock import SetClock
from corrections.domain.model import Category, Datum, Level, to_us
from corrections.ingest.message import Message, Outcome, Sender
from corrections.ingest.writer import Ingest
from corrections.records import permits, register
from corrections.settings import Settings
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.database import reading, writing
from corrections.store.tables import Bureau, Device, Gateway, Office, Report, SetAside, Subject

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
_numbers = count(1)


def settings_with(**ingest: Any) -> Settings:
    return Settings(ingest={**Settings().ingest.model_dump(), **ingest})


@dataclass
class Phone:
    subject_id: int
    device_id: int
    identifier: str
    credential: str

    @property
    def sender(self) -> Sender:
        return Sender((self.credential,))


@dataclass
class District:
    """A bureau with one office, to which phones are added as tests need them."""

    engine: Engine
    settings: Settings
    clock: SetClock
    bureau_id: int = 0
    office_id: int = 0
    ingests: list[Ingest] = field(default_factory=list)

    def __post_init__(self) -> None:
        with writing(self.engine) as session:
            bureau = Bureau(code=f"B{next(_numbers)}", name="云溪区司法局")
            session.add(bureau)
            session.flush()
            assert bureau.id is not None
            office = Office(bureau_id=bureau.id, code=f"O{next(_numbers)}", name="城关司法所")
            session.add(office)
            session.flush()
            assert office.id is not None
            self.bureau_id, self.office_id = bureau.id, office.id

    def subject(self, **changes: Any) -> Subject:
        terms: dict[str, Any] = {
            "bureau_id": self.bureau_id, "office_id": self.office_id, "number": f"S{next(_numbers)}", "name": "甲",
            "category": Category.PROBATION.value, "level": Level.GENERAL.value, "term_from": NOW - timedelta(days=100),
            "term_until": NOW + timedelta(days=365),
        }  # fmt: skip
        with writing(self.engine) as session:
            subject = Subject(**terms | changes)
            session.add(subject)
        return subject

    def grant(self, subject_id: int, start: datetime, end: datetime) -> int:
        with writing(self.engine) as session:
            authority = permits.grant_authority(
                session, None, subject_id, basis=permits.Basis.ARTICLE26, valid_from=start, valid_until=end, approved_by="王局长",
                approved_on=start, rules=self.settings.rules, now=NOW,
            )  # fmt: skip
            assert authority.id is not None
            return authority.id

    def phone(self, *, datum: Datum = Datum.WGS84, authority: bool = True, subject: Subject | None = None, **changes: Any) -> Phone:
        subject = subject or self.subject(**changes)
        assert subject.id is not None
        if authority:
            self.grant(subject.id, NOW - timedelta(days=90), NOW + timedelta(days=90))
        identifier, credential = f"phone-{next(_numbers)}", new_credential()
        with writing(self.engine) as session:
            device = Device(subject_id=subject.id, identifier=identifier, credential_hash=hash_credential(credential), datum=datum.value)
            session.add(device)
            session.flush()
            assert device.id is not None
            return Phone(subject.id, device.id, identifier, credential)

    def gateway(self, bureau_id: int | None = None) -> str:
        credential = new_credential()
        with writing(self.engine) as session:
            session.add(Gateway(bureau_id=bureau_id or self.bureau_id, name="平台", credential_hash=hash_credential(credential)))
        return credential

    def revoke(self, phone: Phone) -> None:
        with writing(self.engine) as session:
            register.revoke_device(session, None, phone.device_id, now=NOW)

    def ingest(self, **changes: Any) -> Ingest:
        """An ingest that is not started; started ones are stopped when the test ends."""
        self.ingests.append(Ingest(self.engine, settings_with(**changes) if changes else self.settings))
        return self.ingests[-1]

    def take(self, phone: Phone | Sender, *messages: Message, wire: str = "osmand") -> Outcome:
        return self.ingest().take_now(phone if isinstance(phone, Sender) else phone.sender, wire, messages)

    def reports(self) -> list[Report]:
        with reading(self.engine) as session:
            found = list(session.exec(select(Report).order_by(col(Report.id))))
            session.expunge_all()
            return found

    def positions(self) -> list[tuple[datetime, float, float]]:
        return [(r.fix_time, r.lat, r.lon) for r in self.reports() if r.lat is not None and r.lon is not None]

    def asides(self) -> list[SetAside]:
        with reading(self.engine) as session:
            found = list(session.exec(select(SetAside).order_by(col(SetAside.id))))
            session.expunge_all()
            return found

    def reasons(self) -> list[tuple[str, int]]:
        return [(aside.reason, aside.count) for aside in self.asides()]


@pytest.fixture
def still() -> Iterator[SetClock]:
    moment = SetClock(NOW)
    with clock.using(moment):
        yield moment


@pytest.fixture
def district(database: Engine, still: SetClock) -> Iterator[District]:
    made = District(database, Settings(), still)
    yield made
    for ingest in made.ingests:
        ingest.stop()


@pytest.fixture
def fix() -> Callable[..., Message]:
    """Makes a message with a position: ``fix(minutes=-5)`` is five minutes before now."""

    def make(minutes: float = 0.0, lat: float | None = 41.5, lon: float | None = 122.7, **changes: Any) -> Message:
        fix_us = changes.pop("fix_us", to_us(NOW + timedelta(minutes=minutes)))
        raw = changes.pop("raw", f"{fix_us} {lat} {lon}".encode())
        return Message(raw=raw, fix_us=fix_us, lat=lat, lon=lon, **changes)

    return make
