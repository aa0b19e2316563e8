"""Spells of a rule about contact, as violations: raised, ended when contact resumes or monitoring stops, explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, type_coerce
from sqlmodel import Session, select

from corrections.domain.causes import Circumstances, Filled, Said, Why, filled, why_silent
from corrections.domain.contact import Ladder, Rung, Spell
from corrections.domain.contact_reasons import CLEARER, contact_reason, phone_reason
from corrections.domain.model import ClientState, Rule, Severity, from_us, to_us
from corrections.domain.rules import Spans, merged
from corrections.monitor.violations import ABOUT_CONTACT, LATER_EVIDENCE, changes_told, let_go, moment, new_violation, open_violation
from corrections.review import notices, queue
from corrections.review.deadlines import Deadlines
from corrections.settings import Rules
from corrections.store.tables import Report, Subject, Violation

CONTACT_RESUMED = "contact resumed"
MONITORING_ENDED = "monitoring ended"
RULES = (Rule.SILENCE, Rule.NO_POSITION, Rule.LOW_BATTERY, Rule.PERMISSION_OFF)
LOOK_BACK = timedelta(days=1)  # for what a phone last said of itself
HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Excuses:
    """The spans (µs) in which nobody was missing: the service's own outages, and area-wide silences."""

    outages: Spans = ()
    areas: Spans = ()

    @property
    def all(self) -> Spans:
        return merged([*self.outages, *self.areas])


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one subject's contact: the interval (µs) at which her phone is expected to report, whether its client is quiet when
    still, how long she may be silent, until when she is monitored, what is excused, the bureau's wall clock and rules, and the deadlines
    of its queue."""

    interval_us: int
    quiet_when_still: bool
    threshold_us: int
    lawful_until_us: int
    excuses: Excuses
    timezone: ZoneInfo
    rules: Rules
    deadlines: Deadlines

    @property
    def ladder(self) -> Ladder:
        return ladder_of(self.rules)

    def after_us(self, rule: Rule) -> int:
        """How long a spell of a rule lasts before it is a matter."""
        if rule is Rule.LOW_BATTERY:
            return round(self.rules.battery.officer_after_hours * HOUR_US)
        if rule is Rule.PERMISSION_OFF:
            return round(self.rules.permission.officer_after_hours * HOUR_US)
        return self.threshold_us


def ladder_of(rules: Rules) -> Ladder:
    """The settings of the ladder as the domain takes them."""
    hours = (rules.ladder.officer_hours, rules.ladder.office_head_hours, rules.ladder.search_hours)
    return Ladder(*(round(each * HOUR_US) for each in hours))


def settle_spells(session: Session, subject: Subject, spells: Iterable[Spell], terms: Terms, now: datetime) -> list[Violation]:
    """Raise and end violations about contact; returns those that were raised. A silence that is over raises one only when it lasted
    until the officer's rung; before that it was a matter between the service and the subject."""
    raised: list[Violation] = []
    for spell in spells:
        stored = open_violation(session, subject, spell.rule)
        brief = (
            spell.rule is Rule.SILENCE and spell.ended_us is not None and not terms.ladder.reached(Rung.OFFICER, spell, terms.excuses.all)
        )
        if stored is None and brief:
            continue
        columns = _columns(session, subject, spell, terms)
        if stored is None:
            violation = new_violation(subject, spell.rule, columns, now)
            raised.append(queue.raise_violation(session, violation, terms.deadlines, now))
        else:
            over = spell.ended_us is not None
            note, told = CONTACT_RESUMED if over else LATER_EVIDENCE, changes_told(session, stored, columns)
            queue.revise(session, stored, columns, now, note=note, told=told, deadlines=terms.deadlines)
            if over:
                let_go(session, stored, now)
    return raised


def end_contact_violations(session: Session, subject: Subject, at: datetime, now: datetime) -> None:
    """End what is in progress about the contact of a subject who is not monitored any more."""
    assert subject.id is not None
    for rule in RULES:
        if (stored := open_violation(session, subject, rule)) is not None:
            queue.revise(session, stored, {"ended_at": max(at, stored.started_at)}, now, note=MONITORING_ENDED)
            let_go(session, stored, now)
    notices.end_of_subject(session, subject.id, ABOUT_CONTACT, now)


def explain_again(session: Session, subject: Subject, stored: Violation, terms: Terms, now: datetime) -> None:
    """Look anew at why a silence that is over was one, after more of what the phone had measured meanwhile came in. It is news only
    where the cause is another."""
    assert stored.ended_at is not None
    spell = Spell(Rule.SILENCE, to_us(stored.started_at), to_us(stored.opened_at), to_us(stored.ended_at))
    columns = _columns(session, subject, spell, terms)
    changed = {name: columns[name] for name in ("evidence", "reason_zh", "reason_en") if columns[name] != getattr(stored, name)}
    if stored.evidence.get("cause") != columns["evidence"]["cause"]:
        queue.revise(session, stored, changed, now, note=LATER_EVIDENCE, told=[CLEARER])
        return
    for name, value in changed.items():
        setattr(stored, name, value)


def last_words(session: Session, subject_id: int, at_us: int) -> Said:
    """What a subject's phone had last said of itself by a moment (received time, µs), in the day before it."""
    r: Any = Report.__table__.c  # type: ignore[attr-defined]
    received, fix = type_coerce(r.received_at, BigInteger), type_coerce(r.fix_time, BigInteger)
    since = at_us - to_us(from_us(0) + LOOK_BACK)
    statement = select(received, r.battery_pct, r.charging, r.client_state).where(r.subject_id == subject_id)
    statement = statement.where(fix >= since, received >= since, received <= at_us)
    statement = statement.where(r.battery_pct.is_not(None) | (r.client_state != ""))
    return _said(session.execute(statement.order_by(fix.desc(), r.id.desc()).limit(50)).all())


def _said(rows: Sequence[Any]) -> Said:
    """The newest word of each kind, of rows from the newest to the oldest."""
    power = next(((battery, charging) for _, battery, charging, _ in rows if battery is not None), (None, None))
    state = next((ClientState(state) for *_, state in rows if state), ClientState.NOTHING)
    return Said(power[0], power[1], state, rows[0][0] if rows else None)


def _columns(session: Session, subject: Subject, spell: Spell, terms: Terms) -> dict[str, Any]:
    """The columns of a violation that a spell tells."""
    assert subject.id is not None
    threshold = terms.after_us(spell.rule)
    evidence: dict[str, Any] = {"last_us": spell.last_us, "due_us": spell.due_us, "threshold_us": threshold}
    if spell.rule in (Rule.LOW_BATTERY, Rule.PERMISSION_OFF):
        said = last_words(session, subject.id, spell.due_us if spell.ended_us is None else spell.ended_us - 1)
        evidence["battery_pct"] = said.battery_pct
        zh, en = phone_reason(spell, threshold, said.battery_pct, terms.timezone)
    else:
        why = _why(session, subject.id, spell, terms)
        evidence |= {"interval_us": terms.interval_us, **why.evidence(), "settings": _settings(terms)}
        zh, en = contact_reason(spell, threshold, why, terms.timezone)
    return {
        "severity": _severity(spell, terms).value,
        "started_at": from_us(spell.last_us),
        "opened_at": from_us(spell.due_us),
        "ended_at": None if spell.ended_us is None else from_us(spell.ended_us),
        "ends_at": moment(terms.lawful_until_us),
        "last_fix_at": from_us(spell.last_us),
        "evidence": evidence,
        "reason_zh": zh,
        "reason_en": en,
    }


def _settings(terms: Terms) -> dict[str, Any]:
    """The rule settings that a spell was judged by, besides the time allowed."""
    return {
        "low_pct": terms.rules.battery.below_pct,
        "buffered_share": terms.rules.silence.buffered_share,
        "quiet_when_still": terms.quiet_when_still,
        **asdict(terms.ladder),
        "severity": terms.rules.silence.severity.value,
        "search_severity": terms.rules.ladder.search_severity.value,
    }


def _severity(spell: Spell, terms: Terms) -> Severity:
    """By the bureau's settings; a silence that lasted until a search was proposed has that step's."""
    if spell.rule is Rule.LOW_BATTERY:
        return terms.rules.battery.severity
    if spell.rule is Rule.PERMISSION_OFF:
        return terms.rules.permission.severity
    if spell.rule is Rule.SILENCE and terms.ladder.reached(Rung.SEARCH, spell, terms.excuses.all):
        return graver(terms.rules.silence.severity, terms.rules.ladder.search_severity)
    return terms.rules.silence.severity


def graver(one: Severity, other: Severity) -> Severity:
    """The graver of two."""
    ranks = list(Severity)
    return max(one, other, key=ranks.index)


def _why(session: Session, subject_id: int, spell: Spell, terms: Terms) -> Why:
    silent = spell.rule is Rule.SILENCE
    circumstances = Circumstances(
        before=last_words(session, subject_id, spell.last_us if silent else spell.due_us),
        outages=_touching(terms.excuses.outages, spell),
        areas=_touching(terms.excuses.areas, spell),
        filled=_filled(session, subject_id, spell, terms) if silent else None,
        quiet_when_still=terms.quiet_when_still,
        low_pct=terms.rules.battery.below_pct,
        buffered_share=terms.rules.silence.buffered_share,
    )
    return why_silent(spell, circumstances)


def _touching(spans: Spans, spell: Spell) -> Spans:
    """Those that began before a silence became a matter, and ended after it began."""
    return tuple((start, end) for start, end in spans if start < spell.due_us and end > spell.last_us)


def _filled(session: Session, subject_id: int, spell: Spell, terms: Terms) -> Filled | None:
    """What was measured in a silence that is over, as far as it has come in."""
    if spell.ended_us is None:
        return None
    r: Any = Report.__table__.c  # type: ignore[attr-defined]
    fix = type_coerce(r.fix_time, BigInteger)
    statement = select(fix).where(r.subject_id == subject_id, r.lat.is_not(None), r.mock.is_(False))
    moments = session.execute(statement.where(fix > spell.last_us, fix < spell.ended_us).order_by(fix)).scalars().all()
    return filled(spell.last_us, spell.ended_us, moments, terms.interval_us)
