"""Patterns as violations: evidence frozen in, reasons in both languages, and how far back a look must reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.belief import BeliefRule
from corrections.domain.model import FOREVER_US, Episode, ReviewState, Rule, Severity, from_us, to_us
from corrections.domain.pattern_reasons import Both, left_behind_reason, movement_reason, together_reason
from corrections.domain.patterns import Pattern
from corrections.monitor.by_fix import jsonable
from corrections.monitor.violations import moment, settle
from corrections.review.deadlines import Deadlines
from corrections.settings import Patterns, Rules
from corrections.store.tables import Subject, Violation


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a subject in one look, up to fix time ``until_us``."""

    subject: Subject
    timezone: ZoneInfo
    rules: Rules
    deadlines: Deadlines
    now: datetime
    until_us: int

    @property
    def subject_id(self) -> int:
        assert self.subject.id is not None
        return self.subject.id


@dataclass(frozen=True, slots=True)
class Judged:
    """By what a pattern was found, which its evidence keeps: the rule, the radii assumed, the intervals of the devices by subject, and the
    numbers of the other subjects of contact bans."""

    settings: Any
    belief: BeliefRule
    intervals_s: Mapping[int, int] = field(default_factory=dict)
    others: Mapping[int, str] = field(default_factory=dict)


def touching_us(session: Session, subject_id: int, rule: Rule, since_us: int, margin_us: int) -> int:
    """The fix time from which on a rule's episodes must be told anew, so that those that reach to within ``margin_us`` before
    ``since_us`` are told whole: the earliest of their starts, else ``since_us``."""
    v = Violation
    stored = select(v.started_at, v.ended_at).where(v.subject_id == subject_id, v.rule == rule.value)
    rows = session.exec(stored.where(v.review_state != ReviewState.WITHDRAWN.value).order_by(col(v.started_at).desc())).all()
    for started_at, ended_at in rows:
        if ended_at is None or to_us(ended_at) >= since_us - margin_us:
            since_us = min(since_us, to_us(started_at))
    return since_us


def settle_patterns(session: Session, told: Told, found: Sequence[Pattern], rule: Rule, since_us: int, judged: Judged) -> None:
    """Make a subject's stored violations of one rule those that were found, for fix times from ``since_us`` on."""
    if told.until_us < FOREVER_US:  # what is still in progress where this look ends is settled by the next one
        found = [_ended(pattern) for pattern in found]
    by_key = {key_of(pattern.episode): pattern for pattern in found}

    def columns(episode: Episode) -> dict[str, Any]:
        columns = pattern_columns(by_key[key_of(episode)], judged, told.timezone, told.now)
        return columns | {"severity": _severity(rule, told.rules.patterns).value}

    episodes = [pattern.episode for pattern in found]
    settle(session, told.subject, episodes, (rule,), since_us - 1, told.until_us, columns, told.deadlines, told.now)


def pattern_columns(pattern: Pattern, judged: Judged, timezone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """The columns of a violation that a pattern tells, but for its severity; evidence frozen in: figures, rule settings, fixes."""
    episode = pattern.episode
    if episode.ended_us is None and episode.window_ends_us <= to_us(now):
        episode = replace(episode, ended_us=episode.window_ends_us)
    zh, en = _said(replace(pattern, episode=episode), judged, timezone)
    evidence: dict[str, Any] = {
        "peak_certainty": episode.peak_certainty,
        "peak_distance_m": episode.peak_distance_m,
        "fixes": episode.fixes,
        "deciding": [asdict(fix) for fix in episode.evidence],
        "signs": pattern.signs,
        "figures": pattern.figures,
        "settings": {name: value.isoformat() if isinstance(value, time) else value for name, value in asdict(judged.settings).items()},
        "floor_m": judged.belief.floor_m,
        "intervals_s": sorted([subject_id, interval_s] for subject_id, interval_s in judged.intervals_s.items()),
    }
    return {
        "other_id": episode.other_id,
        "started_at": from_us(episode.started_us),
        "opened_at": from_us(episode.opened_us),
        "ended_at": None if episode.ended_us is None else from_us(episode.ended_us),
        "ends_at": moment(episode.window_ends_us),
        "last_fix_at": from_us(episode.last_us),
        "evidence": jsonable(evidence),
        "reason_zh": zh,
        "reason_en": en,
    }


def key_of(episode: Episode) -> tuple[int, int]:
    """What tells a subject's episodes of one rule apart."""
    return episode.started_us, episode.other_id


def _severity(rule: Rule, patterns: Patterns) -> Severity:
    severities = {
        Rule.LEFT_BEHIND: patterns.left_behind.severity,
        Rule.IMPLAUSIBLE_MOVEMENT: patterns.movement.severity,
        Rule.TOGETHER: patterns.together.severity,
    }
    return severities[rule]


def _said(pattern: Pattern, judged: Judged, timezone: ZoneInfo) -> Both:
    if pattern.episode.rule is Rule.LEFT_BEHIND:
        return left_behind_reason(pattern, timezone)
    if pattern.episode.rule is Rule.IMPLAUSIBLE_MOVEMENT:
        return movement_reason(pattern, timezone)
    return together_reason(pattern, judged.others[pattern.episode.other_id], timezone)


def _ended(pattern: Pattern) -> Pattern:
    if pattern.episode.ended_us is not None:
        return pattern
    return replace(pattern, episode=replace(pattern.episode, ended_us=pattern.episode.last_us))
