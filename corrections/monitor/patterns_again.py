"""A violation of a pattern derived anew from what is stored: with the rule, the radii and the intervals that its evidence keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from corrections.domain.belief import BeliefRule
from corrections.domain.episodes import reconcile
from corrections.domain.left_behind import LOOK_BACK_DAYS, LeftBehindRule, left_behind
from corrections.domain.model import EPOCH, FOREVER_US, Rule, from_us, to_us
from corrections.domain.movement import REACH_US, MovementRule, implausible
from corrections.domain.patterns import Pattern
from corrections.domain.together import Party, TogetherRule, reach_us
from corrections.domain.zones import from_us_local_date, local_midnight_us
from corrections.monitor.pattern_evidence import Judged, key_of, pattern_columns
from corrections.monitor.together import bans_of, found_by, other_of
from corrections.monitor.tracks import Tracks
from corrections.monitor.violations import as_known
from corrections.store.rulebook import Rulebooks
from corrections.store.tables import Subject, Violation

PATTERN_RULES: dict[Rule, Any] = {
    Rule.LEFT_BEHIND: LeftBehindRule,
    Rule.IMPLAUSIBLE_MOVEMENT: MovementRule,
    Rule.TOGETHER: TogetherRule,
}
UNCHECKED = ("severity",)  # the bureau's of then; no evidence tells it


def pattern_again(session: Session, violation: Violation, now: datetime) -> tuple[list[dict[str, Any]], int, int]:
    """The columns of a violation in each form that may be stored rightly (none: nothing bears it out), from how many fixes, and from
    which fix time (µs) on. Raises KeyError, msgspec.ValidationError where its evidence cannot be read."""
    evidence, rule = violation.evidence, Rule(violation.rule)
    judged = Judged(
        settings=msgspec.convert(evidence["settings"], PATTERN_RULES[rule]),
        belief=BeliefRule(floor_m=tuple(evidence["floor_m"])),
        intervals_s={int(subject_id): int(interval_s) for subject_id, interval_s in evidence["intervals_s"]},
        others={violation.other_id: session.get_one(Subject, violation.other_id).number} if violation.other_id else {},
    )
    tracks = Tracks(session, judged.belief, Rulebooks(), violation.bureau_id)
    found, back_us = _found(session, violation, tracks, judged)
    fixes = len(tracks.of(violation.subject_id, back_us))
    pattern = _same(session, violation, found)
    return (_forms(pattern, judged, tracks, now) if pattern else []), fixes, back_us


def _found(session: Session, violation: Violation, tracks: Tracks, judged: Judged) -> tuple[Sequence[Pattern], int]:
    """What the rule finds from the violation's start on, and how far back it looked (µs)."""
    subject_id, since = violation.subject_id, to_us(violation.started_at)
    if violation.rule == Rule.LEFT_BEHIND:
        day = from_us_local_date(since, tracks.timezone)
        back = local_midnight_us(day - timedelta(days=LOOK_BACK_DAYS), tracks.timezone)
        since = local_midnight_us(day, tracks.timezone)
        lawful, interval_s = tracks.lawful(subject_id), judged.intervals_s[subject_id]
        return left_behind(tracks.of(subject_id, back), lawful, tracks.timezone, judged.settings, interval_s, since), back
    if violation.rule == Rule.IMPLAUSIBLE_MOVEMENT:
        back = since - REACH_US
        return implausible(tracks.of(subject_id, back), tracks.lawful(subject_id), judged.settings, since), back
    ban = next(ban for ban in bans_of(session, subject_id) if ban.id == violation.evidence["figures"]["ban"])
    other_id = other_of(ban, subject_id)
    intervals = {s: judged.intervals_s[s] for s in (subject_id, other_id)}
    back = since - reach_us(intervals[subject_id], intervals[other_id], ban.minutes)
    parties = {s: Party(tracks.of(s, back), tracks.lawful(s), interval_s) for s, interval_s in intervals.items()}
    return found_by(ban, subject_id, parties, judged.settings, since, FOREVER_US), back


def _same(session: Session, violation: Violation, found: Sequence[Pattern]) -> Pattern | None:
    """The pattern that the monitor would take for this violation, among all that are stored of the subject."""
    v = Violation
    stored = session.exec(select(v).where(v.subject_id == violation.subject_id, v.rule == violation.rule).order_by(col(v.id)))
    matched = reconcile([as_known(one) for one in stored], [pattern.episode for pattern in found]).same
    ours = next((key_of(episode) for known, episode in matched if known.key == violation.id), None)
    return next((pattern for pattern in found if key_of(pattern.episode) == ours), None)


def _forms(pattern: Pattern, judged: Judged, tracks: Tracks, now: datetime) -> list[dict[str, Any]]:
    """As it is written while it lasts, and, once its time is over, as it is closed by the clock."""
    lasting = pattern_columns(pattern, judged, tracks.timezone, EPOCH)
    ends_us = pattern.episode.window_ends_us
    if pattern.episode.ended_us is not None or ends_us > to_us(now):
        return [lasting]
    return [{**lasting, "ended_at": from_us(ends_us)}, pattern_columns(pattern, judged, tracks.timezone, now), lasting]
