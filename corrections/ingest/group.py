"""One transaction of ingest: whose each message is, whether it may be used, and the rows that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
from sqlalchemy import Connection

from corrections.domain.geodesy import to_wgs84
from corrections.domain.model import Datum, to_us
from corrections.ingest import rows
from corrections.ingest.decide import Limits, Standing, aside_digest, judge, may_keep, report_digest
from corrections.ingest.message import RAW_CAP, REPEATED, STORED, Flaw, Message, Outcome, Reason, Result, Sender, Verdict
from corrections.store.credentials import hash_credential

PHONES = frozenset({"osmand", "owntracks", "overland", "check-in"})
"""The wires at whose other end the device itself is: whatever it sends is a sign of life."""

ASKABLE = frozenset({"owntracks"})
"""The wires whose replies can ask the phone for a fresh fix."""

_SAME_AS_WGS84 = frozenset({Datum.WGS84, Datum.CGCS2000})
_NOTHING_KEPT = frozenset({Reason.NO_AUTHORITY, Reason.WRONG_SUBJECT})


@dataclass(frozen=True, slots=True)
class Request:
    sender: Sender
    wire: str
    messages: Sequence[Message]


@dataclass(slots=True)
class Origin:
    """Whom a request's credential shows it to come from: a device, or somebody who may speak for the devices of a bureau."""

    standing: Standing | None = None
    bureau_id: int | None = None
    name: str = ""
    secret: bytes = b""


@dataclass(slots=True)
class Aside:
    """What is put aside of one or more messages of a group that are the same."""

    wire: str
    standing: Standing | None
    flaw: Flaw
    raw: bytes | None
    count: int = 0
    contacts: list[Message] = field(default_factory=list)  # signs of life if it is new


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the log says of a message that was not used; no position."""

    wire: str
    device: str
    flaw: Flaw


class Group:
    """What the requests of one transaction come to.

    1. ``__init__``: look up whose they are, in one query each for all of them, always from the current rows.
    2. ``take``: judge each message.
    3. ``write``: put aside, count the signs of life in what was put aside, convert to WGS-84, store.
    4. ``outcomes``: what to answer, once the transaction is committed.
    """

    def __init__(self, connection: Connection, requests: Sequence[Request], now: datetime, limits: Limits, zone: tzinfo) -> None:
        self._connection, self._requests, self._limits = connection, requests, limits
        self._now_us = to_us(now)
        self._local_day, self._utc_day = now.astimezone(zone).date(), now.astimezone(UTC).date()
        self._rows: list[tuple[Any, ...]] = []
        self._keys: dict[rows.Key, tuple[list[Verdict], int] | None] = {}
        self._shifted: dict[Datum, list[int]] = {}
        self._asides: dict[int, Aside] = {}
        self._refused_now: dict[int, Flaw | None] = {}
        self._verdicts: list[list[Verdict]] = []
        self.refusals: list[Refusal] = []
        self.outcomes: list[Outcome] = []
        self.stored = 0
        self.repeated = 0
        self._origins = _origins(connection, requests)
        self._devices = self._devices_behind_gateways()

    def take(self) -> None:
        """Judge every message."""
        for request, origin in zip(self._requests, self._origins, strict=True):
            verdicts: list[Verdict] = []
            self._verdicts.append(verdicts)
            if origin is None:
                self._unauthenticated(request)
                continue
            for message in request.messages:
                standing = origin.standing or self._device_of(message, request, origin)
                if standing is None:
                    verdicts.append(self._unknown(message, request, origin))
                    continue
                flaw = self._refusal_now(standing) or judge(message, standing, self._now_us, self._limits)
                if flaw is None:
                    self._accept(message, standing, request.wire, origin.secret, verdicts)
                else:
                    verdicts.append(self._refuse(message, standing, request.wire, origin.secret, flaw))

    def write(self) -> None:
        """Write what was judged. Raises what the database raises."""
        if self._asides:
            self._write_asides()
        self._convert()
        if self._rows:
            new = rows.insert_reports(self._connection, self._rows)
            self.stored = len(self._rows)
            if new is not None:
                self._find_repeats(new)
        asked = self._ask()
        self.outcomes = [
            Outcome(origin is not None, tuple(verdicts), i in asked)
            for i, (origin, verdicts) in enumerate(zip(self._origins, self._verdicts, strict=True))
        ]

    def _ask(self) -> set[int]:
        """Which requests come from a phone that can be asked for a fresh fix, and is wanted to be: each wish is told once. One that the
        request itself fulfils needs no telling."""
        able = {
            i: origin.standing.subject_id
            for i, (request, origin) in enumerate(zip(self._requests, self._origins, strict=True))
            if request.wire in ASKABLE and origin and origin.standing and self._refusal_now(origin.standing) is None
        }
        wanted = rows.open_requests(self._connection, set(able.values()), self._now_us) if able else {}
        told: dict[int, int] = {}  # by wish: the request whose reply tells it
        for i, subject in able.items():
            wish, asked_us = wanted.get(subject, (0, 0))
            if wish and not any(m.lat is not None and (m.fix_us or 0) >= asked_us for m in self._requests[i].messages):
                told.setdefault(wish, i)
        if told:
            rows.note_told(self._connection, told, self._now_us)
        return set(told.values())

    # ---- whose it is

    def _devices_behind_gateways(self) -> dict[str, Standing]:
        named = {
            name
            for request, origin in zip(self._requests, self._origins, strict=True)
            if origin is not None and origin.standing is None
            for names in (*(message.claims for message in request.messages), request.sender.claims)
            for name in names
        }
        return rows.standing_by(self._connection, "identifier", named)

    def _device_of(self, message: Message, request: Request, origin: Origin) -> Standing | None:
        for name in message.claims or request.sender.claims:
            standing = self._devices.get(name)
            if standing is not None and standing.bureau_id == origin.bureau_id:
                return standing
        return None

    def _unauthenticated(self, request: Request) -> None:
        claims = next((message.claims for message in request.messages if message.claims), request.sender.claims)
        flaw = Flaw(Reason.UNKNOWN_DEVICE, claims[0][:64] if claims else "")
        digest = aside_digest("unauthenticated", request.wire, self._local_day)
        self._asides.setdefault(digest, Aside(request.wire, None, flaw, None)).count += 1
        self.refusals.append(Refusal(request.wire, "", flaw))

    def _unknown(self, message: Message, request: Request, origin: Origin) -> Verdict:
        claims = message.claims or request.sender.claims
        flaw = message.flaw or Flaw(Reason.UNKNOWN_DEVICE, claims[0][:64] if claims else "", "device")
        digest = aside_digest(flaw.reason, request.wire, origin.name, flaw.detail, self._local_day)
        self._asides.setdefault(digest, Aside(request.wire, None, flaw, None)).count += 1
        self.refusals.append(Refusal(request.wire, "", flaw))
        return Verdict(Result.REFUSED, flaw)

    # ---- what becomes of it

    def _refusal_now(self, standing: Standing) -> Flaw | None:
        subject = standing.subject_id
        if subject not in self._refused_now:
            self._refused_now[subject] = standing.refusal(self._now_us, self._limits)
        return self._refused_now[subject]

    def _accept(self, message: Message, standing: Standing, wire: str, secret: bytes, verdicts: list[Verdict]) -> None:
        fix_us = self._now_us if message.fix_us is None else message.fix_us
        key, row = self._row(message, standing, wire, fix_us, _kept(message.raw, secret))
        if key in self._keys:
            verdicts.append(REPEATED)
            self.repeated += 1
            return
        self._keys[key] = (verdicts, len(verdicts))
        verdicts.append(STORED)
        datum = message.datum or standing.datum
        if message.lat is not None and datum not in _SAME_AS_WGS84:
            self._shifted.setdefault(datum, []).append(len(self._rows))
        self._rows.append(row)

    def _row(self, message: Message, standing: Standing, wire: str, fix_us: int, raw: bytes) -> tuple[rows.Key, tuple[Any, ...]]:
        lat, lon, accuracy_m = message.lat, message.lon, message.accuracy_m
        digest = report_digest(standing.device_id, fix_us, lat, lon, accuracy_m)
        if accuracy_m is not None and accuracy_m > self._limits.accuracy_m:
            accuracy_m = None
        row = (
            standing.bureau_id, standing.subject_id, standing.device_id, fix_us, digest, self._now_us, lat, lon, accuracy_m,
            message.source, (message.datum or standing.datum).value, message.altitude_m, message.speed_mps, message.course_deg,
            message.battery_pct, message.charging, message.client_state.value, message.mock, wire, raw,
        )  # fmt: skip
        return (standing.subject_id, fix_us, digest), row

    def _refuse(self, message: Message, standing: Standing, wire: str, secret: bytes, flaw: Flaw) -> Verdict:
        raw = _kept(message.raw, secret)
        content: object = self._utc_day if flaw.reason in _NOTHING_KEPT else raw
        digest = aside_digest(standing.device_id, flaw.reason, content)
        kept = raw if may_keep(message, flaw, standing) else None
        aside = self._asides.setdefault(digest, Aside(wire, standing, flaw, kept))
        aside.count += 1
        if wire in PHONES and flaw.reason not in _NOTHING_KEPT:
            aside.contacts.append(message)
        self.refusals.append(Refusal(wire, standing.identifier, flaw))
        return Verdict(Result.REFUSED, flaw)

    # ---- writing

    def _write_asides(self) -> None:
        known = rows.known_asides(self._connection, self._asides)
        for digest, aside in self._asides.items():
            for message in aside.contacts:
                # Without a time of its own a message cannot be told from a repeat, and the phone did speak again.
                if aside.standing is not None and (digest not in known or message.fix_us is None):
                    self._add_contact(message, aside.standing, aside.wire)
        now = self._now_us
        rows.put_aside(
            self._connection,
            [
                (
                    digest, now, now, aside.count, aside.standing and aside.standing.device_id,
                    aside.standing and aside.standing.subject_id, aside.wire, aside.flaw.reason.value, aside.flaw.detail, aside.raw,
                )
                for digest, aside in self._asides.items()
            ],
        )  # fmt: skip

    def _add_contact(self, message: Message, standing: Standing, wire: str) -> None:
        contact = Message(
            raw=b"", battery_pct=message.battery_pct, charging=message.charging, client_state=message.client_state, mock=message.mock
        )  # fmt: skip
        key, row = self._row(contact, standing, wire, self._now_us, b"")
        if key not in self._keys:
            self._keys[key] = None
            self._rows.append(row)

    def _convert(self) -> None:
        for datum, places in self._shifted.items():
            given = np.array([self._rows[place][rows.LAT : rows.LAT + 2] for place in places], dtype=np.float64)
            lats, lons = to_wgs84(given[:, 0], given[:, 1], datum)
            for place, lat, lon in zip(places, lats.tolist(), lons.tolist(), strict=True):
                row = self._rows[place]
                self._rows[place] = (*row[: rows.LAT], lat, lon, *row[rows.LAT + 2 :])

    def _find_repeats(self, new: set[rows.Key]) -> None:
        for key, owner in self._keys.items():
            if key not in new:
                self.stored -= 1
                if owner is not None:
                    verdicts, place = owner
                    verdicts[place] = REPEATED
                    self.repeated += 1


def _origins(connection: Connection, requests: Sequence[Request]) -> list[Origin | None]:
    """Whom each request comes from; None where no credential offered is in service. The first that is counts."""
    hashes = {text: hash_credential(text) for request in requests for text in request.sender.offered}
    devices = rows.standing_by(connection, "credential_hash", set(hashes.values()))
    others = [key for text, key in hashes.items() if key not in devices]
    gateways = rows.gateways(connection, others) if others else {}
    named = {request.sender.browser for request in requests if request.sender.browser}
    browsers = rows.standing_by(connection, "identifier", named, browsers=True) if named else {}

    def origin_of(sender: Sender) -> Origin | None:
        if sender.browser:
            return Origin(standing=browsers[sender.browser]) if sender.browser in browsers else None
        if sender.bureau_id is not None:
            return Origin(bureau_id=sender.bureau_id, name="operator")
        for text in sender.offered:
            key = hashes[text]
            if key in devices:
                return Origin(standing=devices[key], secret=text.encode())
            if key in gateways:
                number, bureau_id = gateways[key]
                return Origin(bureau_id=bureau_id, name=f"gateway {number}", secret=text.encode())
        return None

    return [origin_of(request.sender) for request in requests]


def _kept(raw: bytes, secret: bytes) -> bytes:
    """What is kept of a raw message: its beginning, without the credential."""
    if secret and secret in raw:
        raw = raw.replace(secret, b"*")
    return raw[:RAW_CAP]
