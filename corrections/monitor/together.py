"""Meetings of subjects whom an order keeps apart, as violations of each of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlmodel import Session, col, or_, select

from corrections.domain.model import FOREVER_US, Rule, to_us
from corrections.domain.patterns import Pattern
from corrections.domain.together import Ban, Party, TogetherRule, meetings, of_party, reach_us
from corrections.monitor.pattern_evidence import Judged, Told, settle_patterns, touching_us
from corrections.monitor.tracks import Tracks, pattern_rules
from corrections.store.tables import ContactBan, Subject


def together(session: Session, tracks: Tracks, told: Told, since_us: int) -> None:
    """Settle what new reports of a subject, or a change of her orders, from ``since_us`` on say of her meetings: hers, and those of the
    others, each with all the orders that bind them."""
    bans = bans_of(session, told.subject_id)
    others = sorted({other_of(ban, told.subject_id) for ban in bans})
    if not bans:
        return
    for subject_id in (told.subject_id, *others):
        _settle_one(session, tracks, replace(told, subject=session.get_one(Subject, subject_id)), since_us)


def bans_of(session: Session, subject_id: int) -> list[ContactBan]:
    """The orders that keep a subject apart from others, whenever in force, by id."""
    b = ContactBan
    return list(session.exec(select(b).where(or_(b.subject_id == subject_id, b.other_id == subject_id)).order_by(col(b.id))))


def _settle_one(session: Session, tracks: Tracks, told: Told, since_us: int) -> None:
    rule = pattern_rules(told.rules.patterns).together
    bans = bans_of(session, told.subject_id)
    intervals = {s: tracks.interval_s(s) for ban in bans for s in (ban.subject_id, ban.other_id)}
    reach = max(reach_us(intervals[ban.subject_id], intervals[ban.other_id], ban.minutes) for ban in bans)
    since = touching_us(session, told.subject_id, Rule.TOGETHER, since_us - reach, reach)
    parties = {s: Party(tracks.of(s, since - reach), tracks.lawful(s), interval) for s, interval in intervals.items()}
    found: list[Pattern] = []
    numbers: dict[int, str] = {}
    for ban in bans:
        other_id = other_of(ban, told.subject_id)
        numbers[other_id] = session.get_one(Subject, other_id).number
        found += found_by(ban, told.subject_id, parties, rule, since, told.until_us)
    settle_patterns(session, told, found, Rule.TOGETHER, since, Judged(rule, tracks.belief, intervals, numbers))


def found_by(
    row: ContactBan, subject_id: int, parties: Mapping[int, Party], rule: TogetherRule, since_us: int, until_us: int
) -> list[Pattern]:
    """The meetings of one of the two whom an order keeps apart, always compared in the order of their ids."""
    other_id, ban = other_of(row, subject_id), as_ban(row)
    one, two = (parties[s] for s in sorted((subject_id, other_id)))
    met = meetings(one, two, ban, rule, since_us, until_us)
    return [of_party(meeting, parties[subject_id], parties[other_id], other_id, ban) for meeting in met]


def as_ban(row: ContactBan) -> Ban:
    """A stored order as the domain judges by it."""
    assert row.id is not None
    ends = [to_us(at) for at in (row.valid_until, row.revoked_at) if at is not None]
    return Ban(row.id, to_us(row.valid_from), min(ends, default=FOREVER_US), row.distance_m, row.minutes)


def other_of(ban: ContactBan, subject_id: int) -> int:
    """Whom an order keeps from one of the two."""
    return ban.other_id if ban.subject_id == subject_id else ban.subject_id
