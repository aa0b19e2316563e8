"""What the rules found, as violations: new ones into the queue, known ones extended or revised, unfounded ones taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from corrections.domain.episodes import Known, reconcile
from corrections.domain.model import (
    CONDUCT,
    FOREVER_US,
    Episode,
    Nature,
    ReviewState,
    Rule,
    Severity,
    ZoneVersion,
    from_us,
    to_us,
)
from corrections.domain.reasons import boundary_reason, contact_reason, mock_reason
from corrections.domain.rules import BoundaryRule, Rulebook, Spell
from corrections.review import queue
from corrections.settings import Due, Rules
from corrections.store.tables import Subject, Violation

LATER_EVIDENCE = "later evidence"
DEEPER = "deeper"
CONTACT_RESUMED = "contact resumed"
ENDED_BY_TIME = "ended by time"
NOT_BORNE_OUT = "later evidence does not bear it out"
MONITORING_ENDED = "monitoring ended"
# What changes while an episode only goes on: it is written, but it is no news and no new revision.
EXTENSION = {"last_fix_at", "evidence", "reason_zh", "reason_en", "ends_at"}
DEEPER_FACTOR, DEEPER_LEAST_M = 2.0, 500.0
BY_FIX = (Rule.BOUNDARY.value, Rule.MOCK_LOCATION.value)


def settle_episodes(
    session: Session,
    subject: Subject,
    derived: Sequence[Episode],
    since_us: int,
    book: Rulebook,
    rule: BoundaryRule,
    due: Due,
    now: datetime,
) -> None:
    """Make a subject's stored violations those that ``derived`` says, for the span of fix times from ``since_us`` on."""
    stored = {v.id: v for v in _stored(session, subject, since_us, derived) if v.id is not None}
    versions = {v.id: v for v in book.zones.versions}
    changes = reconcile([_known(key, v) for key, v in stored.items()], derived)
    for known, episode in changes.same:
        _update(session, stored[known.key], _columns(episode, versions, book.timezone, rule, now), due, now)
    for known in changes.gone:
        if known.ended_us is None or known.ended_us > since_us:
            _take_back(session, stored[known.key], now)
    for episode in changes.new:
        columns = _columns(episode, versions, book.timezone, rule, now)
        queue.raise_violation(session, _violation(subject, episode.rule, columns, now), due, now)


def settle_spells(
    session: Session,
    subject: Subject,
    spells: Iterable[Spell],
    lawful_until_us: int,
    threshold_us: int,
    timezone: ZoneInfo,
    rules: Rules,
    now: datetime,
) -> None:
    """Raise and end violations about contact."""
    for spell in spells:
        columns = _contact_columns(spell, lawful_until_us, threshold_us, timezone, rules)
        stored = open_violation(session, subject, spell.rule)
        if stored is not None:
            queue.revise(session, stored, columns, now, note=CONTACT_RESUMED if spell.ended_us is not None else LATER_EVIDENCE)
        else:
            queue.raise_violation(session, _violation(subject, spell.rule, columns, now), rules.due, now)


def open_violation(session: Session, subject: Subject, rule: Rule) -> Violation | None:
    """The violation of a rule without a zone that is in progress, if there is one."""
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, v.rule == rule.value, col(v.ended_at).is_(None))
    return session.exec(statement.where(v.review_state != ReviewState.WITHDRAWN.value)).first()


def end_contact_violations(session: Session, subject: Subject, at: datetime, now: datetime) -> None:
    """End what is in progress about the contact of a subject who is not monitored any more."""
    for rule in (Rule.SILENCE, Rule.NO_POSITION):
        if (stored := open_violation(session, subject, rule)) is not None:
            queue.revise(session, stored, {"ended_at": max(at, stored.started_at)}, now, note=MONITORING_ENDED)


def close_ended(session: Session, now: datetime) -> int:
    """End the violations whose window, zone version or authority is over; returns how many."""
    v = Violation
    due = select(v).where(col(v.ended_at).is_(None), col(v.ends_at) <= now)
    found = session.exec(due.where(v.review_state != ReviewState.WITHDRAWN.value)).all()
    for violation in found:
        queue.revise(session, violation, {"ended_at": violation.ends_at}, now, note=ENDED_BY_TIME)
    return len(found)


def _stored(session: Session, subject: Subject, since_us: int, derived: Sequence[Episode]) -> Sequence[Violation]:
    """Violations by fix time that reach past ``since_us``, or that began with a derived episode and ended by then; withdrawn ones
    included (evidence may bear them out again)."""
    v = Violation
    statement = select(v).where(v.subject_id == subject.id, col(v.rule).in_(BY_FIX))
    if since_us > -FOREVER_US:
        began = [from_us(episode.started_us) for episode in derived]
        statement = statement.where(col(v.ended_at).is_(None) | (col(v.ended_at) > from_us(since_us)) | col(v.started_at).in_(began))
    return session.exec(statement.order_by(col(v.id))).all()


def _known(key: int, v: Violation) -> Known:
    return Known(key, Rule(v.rule), v.zone_id, to_us(v.started_at), None if v.ended_at is None else to_us(v.ended_at), v.other_id)


def _update(session: Session, stored: Violation, columns: Mapping[str, Any], due: Due, now: datetime) -> None:
    """1. Bring back what was taken back. 2. Write a mere extension quietly. 3. Revise for anything else, and for what is deeper."""
    if stored.review_state == ReviewState.WITHDRAWN:
        queue.revive(session, stored, due, now)
    differing = {name for name, value in columns.items() if getattr(stored, name) != value}
    before, after = _peak_m(stored.evidence), _peak_m(columns["evidence"])
    deeper = after >= DEEPER_FACTOR * before and after >= before + DEEPER_LEAST_M
    if differing <= EXTENSION and not deeper:
        for name in differing:
            setattr(stored, name, columns[name])
        session.flush()
    else:
        queue.revise(session, stored, columns, now, note=DEEPER if deeper else LATER_EVIDENCE)


def _take_back(session: Session, stored: Violation, now: datetime) -> None:
    """A violation that nobody has seen is withdrawn; one that somebody has seen stays, but no longer as in progress."""
    if stored.review_state == ReviewState.WITHDRAWN:
        return
    queue.withdraw(session, stored, now, note=NOT_BORNE_OUT)
    if stored.ended_at is None and stored.review_state != ReviewState.WITHDRAWN:
        queue.revise(session, stored, {"ended_at": stored.last_fix_at}, now, note=NOT_BORNE_OUT)


def _peak_m(evidence: Mapping[str, Any]) -> float:
    return float(evidence.get("peak_distance_m", 0.0))


def _violation(subject: Subject, rule: Rule, columns: Mapping[str, Any], now: datetime) -> Violation:
    assert subject.id is not None
    return Violation(
        bureau_id=subject.bureau_id,
        office_id=subject.office_id,
        subject_id=subject.id,
        rule=rule.value,
        nature=(Nature.CONDUCT if rule in CONDUCT else Nature.TECHNICAL).value,
        detected_at=now,
        **columns,
    )


def _columns(
    episode: Episode, versions: Mapping[int, ZoneVersion], timezone: ZoneInfo, rule: BoundaryRule, now: datetime
) -> dict[str, Any]:
    """The columns of a violation that an episode tells, evidence frozen in: zone version, rule settings, fixes."""
    if episode.ended_us is None and episode.window_ends_us <= to_us(now):
        episode = replace(episode, ended_us=episode.window_ends_us)  # the memory's own goes on until a fix ends it
    zone = versions.get(episode.zone_version_id)
    zh, en = boundary_reason(episode, zone, timezone) if zone is not None else mock_reason(episode, timezone)
    evidence: dict[str, Any] = {
        "peak_certainty": episode.peak_certainty,
        "peak_distance_m": episode.peak_distance_m,
        "fixes": episode.fixes,
        "window_us": episode.window_us,
        "deciding": [asdict(fix) for fix in episode.evidence],
        "settings": asdict(rule),
    }
    if zone is not None:
        evidence["zone"] = {"id": zone.zone_id, "version": zone.version, "name": zone.name, "kind": zone.kind.value}
    return {
        "severity": (zone.severity if zone is not None else Severity.HIGH).value,
        "zone_id": episode.zone_id,
        "zone_revision_id": zone.id if zone is not None else None,
        "started_at": from_us(episode.started_us),
        "opened_at": from_us(episode.opened_us),
        "ended_at": None if episode.ended_us is None else from_us(episode.ended_us),
        "ends_at": _moment(episode.window_ends_us),
        "last_fix_at": from_us(episode.last_us),
        "evidence": _jsonable(evidence),
        "reason_zh": zh,
        "reason_en": en,
    }


def _contact_columns(spell: Spell, lawful_until_us: int, threshold_us: int, timezone: ZoneInfo, rules: Rules) -> dict[str, Any]:
    zh, en = contact_reason(spell, threshold_us, timezone)
    return {
        "severity": rules.silence.severity.value,
        "started_at": from_us(spell.last_us),
        "opened_at": from_us(spell.due_us),
        "ended_at": None if spell.ended_us is None else from_us(spell.ended_us),
        "ends_at": _moment(lawful_until_us),
        "last_fix_at": from_us(spell.last_us),
        "evidence": {"last_us": spell.last_us, "due_us": spell.due_us, "threshold_us": threshold_us},
        "reason_zh": zh,
        "reason_en": en,
    }


def _moment(us: int) -> datetime | None:
    return None if us >= FOREVER_US else from_us(us)


def _jsonable(value: Any) -> Any:
    """Tuples as lists, as JSON gives them back, so that what is stored equals what is derived again."""
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    return value
