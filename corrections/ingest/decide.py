"""Whether a message may be used, from what the register says at this moment. Pure: no database, no clock."""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass, field

from corrections.domain.model import Category, Datum, SubjectStatus
from corrections.ingest.message import Flaw, Message, Reason
from corrections.settings import Settings

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings say about taking in; times in microseconds."""

    future_us: int
    age_us: int
    accuracy_m: float
    never_located: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        ingest = settings.ingest
        return cls(
            future_us=ingest.future_tolerance_s * 1_000_000,
            age_us=ingest.max_age_days * _DAY_US,
            accuracy_m=ingest.max_accuracy_m,
            never_located=frozenset(Category(one).value for one in settings.rules.never_located),
        )


@dataclass(slots=True)
class Standing:
    """What the register says of a device in service and its subject. Spans are ``[from, until)`` in microseconds; an
    authority's ends where it was revoked."""

    device_id: int
    identifier: str
    datum: Datum
    subject_id: int
    number: str
    bureau_id: int
    status: str
    category: str
    term_us: tuple[int, int]
    authorities_us: list[tuple[int, int]] = field(default_factory=list)

    def covers(self, at_us: int) -> bool:
        """Whether the subject may be located at a moment: within the term, under an authority."""
        start, end = self.term_us
        return start <= at_us < end and any(a <= at_us < b for a, b in self.authorities_us)

    def refusal(self, now_us: int, limits: Limits) -> Flaw | None:
        """Why nothing of this subject may be taken in now; None where it may."""
        if self.category in limits.never_located:
            return Flaw(Reason.NO_AUTHORITY, "category is never located")
        if self.status != SubjectStatus.ACTIVE:
            return Flaw(Reason.NO_AUTHORITY, f"subject is {self.status}")
        if not self.covers(now_us):
            return Flaw(Reason.NO_AUTHORITY, "no authority in force now")
        return None


def judge(message: Message, standing: Standing, now_us: int, limits: Limits) -> Flaw | None:
    """Why a message of a subject who may be located now (``Standing.refusal``) cannot be used; None where it can.

    1. A position from a time without authority is refused, whatever else is wrong with it, so that nothing of it is kept.
    2. Then the message's own flaw.
    3. Then a time that cannot be: further ahead than clocks go wrong, or older than what is taken in.
    """
    if message.subject and message.subject != standing.number:
        return Flaw(Reason.WRONG_SUBJECT, "", "subject")
    fix_us = message.fix_us
    if fix_us is None:
        return message.flaw
    future, ancient = fix_us > now_us + limits.future_us, fix_us < now_us - limits.age_us
    if not (future or ancient) and (message.lat is not None or message.flaw is not None) and not standing.covers(fix_us):
        return Flaw(Reason.NO_AUTHORITY, "no authority in force at the time of the fix")
    if message.flaw is not None:
        return message.flaw
    if future:
        return Flaw(Reason.FUTURE, "", "fix_time")
    if ancient:
        return Flaw(Reason.ANCIENT, "", "fix_time")
    return None


def may_keep(message: Message, flaw: Flaw, standing: Standing) -> bool:
    """Whether the raw message may be put aside: not without authority, nor where a fix claims a time from before there was one."""
    if flaw.reason in (Reason.NO_AUTHORITY, Reason.WRONG_SUBJECT):
        return False
    return flaw.reason is not Reason.ANCIENT or message.lat is None or standing.covers(message.fix_us or 0)


def report_digest(device_id: int, fix_us: int, lat: float | None, lon: float | None, accuracy_m: float | None) -> int:
    """63 bits that identify a measurement: a repeated report has the same.

    BLAKE2b (8 bytes, read big-endian, shifted right by one) over five little-endian values of 8 bytes: device id and fix time in
    microseconds as integers; latitude, longitude and accuracy as doubles, in the datum and size that the client gave, with nan
    for what it did not give and 0.0 for -0.0.
    """
    content = struct.pack(
        "<qqddd",
        device_id,
        fix_us,
        math.nan if lat is None else lat + 0.0,
        math.nan if lon is None else lon + 0.0,
        math.nan if accuracy_m is None else accuracy_m,
    )
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1


def aside_digest(*parts: object) -> int:
    """63 bits that identify what is put aside: of its parts' texts (bytes as they are), each with its length."""
    hasher = hashlib.blake2b(digest_size=8)
    for part in parts:
        content = part if isinstance(part, bytes) else str(part).encode()
        hasher.update(len(content).to_bytes(8, "big") + content)
    return int.from_bytes(hasher.digest(), "big") >> 1
