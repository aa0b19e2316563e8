"""Episodes of the rules that follow the fixes, as violations: evidence frozen in, reasons in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from corrections.domain.in_force import RulesInForce, rule_at
from corrections.domain.model import FOREVER_US, Episode, Reports, Rule, Severity, ZoneVersion, from_us, to_us
from corrections.domain.reasons import boundary_reason, mock_reason
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.monitor.late import late_within
from corrections.monitor.violations import moment, nothing_late, settle
from corrections.review.deadlines import Deadlines
from corrections.store.tables import Subject

BY_FIX = (Rule.BOUNDARY, Rule.OVERDUE_RETURN, Rule.APPROACH, Rule.MOCK_LOCATION)


def settle_episodes(
    session: Session,
    subject: Subject,
    derived: Sequence[Episode],
    since_us: int,
    book: Rulebook,
    rules: RulesInForce,
    deadlines: Deadlines,
    now: datetime,
    late: Reports | None = None,
) -> None:
    """Make a subject's stored violations by fix time those that ``derived`` says, for fix times after ``since_us``; ``late`` are her
    reports that came after later ones."""
    versions = {v.id: v for v in book.zones.versions}

    def columns(episode: Episode) -> dict[str, Any]:
        return episode_columns(episode, versions, book.timezone, rule_at(rules, episode.opened_us), now)

    within = nothing_late if late is None else partial(late_within, late=late, book=book)
    settle(session, subject, derived, BY_FIX, since_us, FOREVER_US, columns, deadlines, now, within)


def episode_columns(
    episode: Episode, versions: Mapping[int, ZoneVersion], timezone: ZoneInfo, rule: BoundaryRule, now: datetime
) -> dict[str, Any]:
    """The columns of a violation that an episode tells, evidence frozen in: zone version, rule settings when it opened, fixes."""
    if episode.ended_us is None and episode.window_ends_us <= to_us(now):
        episode = replace(episode, ended_us=episode.window_ends_us)  # the memory's own goes on until a fix ends it
    zone = versions.get(episode.zone_version_id)
    zh, en = boundary_reason(episode, zone, timezone, rule.near_m(zone)) if zone is not None else mock_reason(episode, timezone)
    evidence: dict[str, Any] = {
        "peak_certainty": episode.peak_certainty,
        "peak_distance_m": episode.peak_distance_m,
        "fixes": episode.fixes,
        "window_us": episode.window_us,
        "course": episode.course,
        "against": asdict(episode.against),
        "deciding": [asdict(fix) for fix in episode.evidence],
        "settings": asdict(rule),
    }
    if zone is not None:
        evidence["zone"] = {"id": zone.zone_id, "version": zone.version, "name": zone.name, "kind": zone.kind.value}
    return {
        "severity": _severity(episode, zone).value,
        "zone_id": episode.zone_id,
        "zone_revision_id": zone.id if zone is not None else None,
        "started_at": from_us(episode.started_us),
        "opened_at": from_us(episode.opened_us),
        "ended_at": None if episode.ended_us is None else from_us(episode.ended_us),
        "ends_at": moment(episode.window_ends_us),
        "last_fix_at": from_us(episode.last_us),
        "evidence": jsonable(evidence),
        "reason_zh": zh,
        "reason_en": en,
    }


def _severity(episode: Episode, zone: ZoneVersion | None) -> Severity:
    """The zone's; an approach, which is no breach yet, is less than an entry."""
    if zone is None:
        return Severity.HIGH
    return Severity.MEDIUM if episode.rule is Rule.APPROACH and zone.severity in (Severity.HIGH, Severity.GRAVE) else zone.severity


def jsonable(value: Any) -> Any:
    """Tuples as lists, as JSON gives them back, so that what is stored equals what is derived again."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value
