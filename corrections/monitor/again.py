"""A violation derived anew from what is stored.

The derivation starts from the monitor's checkpoint before the violation began and takes the stored reports, the zone version and the
rule settings that are frozen in the violation's evidence; leaves and authorities are those on record (a revoked one keeps the moment
from which it was). Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, func, type_coerce
from sqlmodel import Session, col, select

from corrections.domain.contact import Contacts, Spell, due_us, follow_contacts
from corrections.domain.episodes import reconcile
from corrections.domain.in_force import RulesInForce, advance_through, rule_at
from corrections.domain.memory import Memory
from corrections.domain.model import EPOCH, FOREVER_US, Episode, Reports, Rule, from_us, to_us
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.monitor.by_fix import BY_FIX, episode_columns
from corrections.monitor.check_ins import missed_again
from corrections.monitor.contact import load_excuses
from corrections.monitor.patterns_again import PATTERN_RULES, UNCHECKED, pattern_again
from corrections.monitor.violations import as_known
from corrections.store.rule_history import rules_in_force
from corrections.store.rulebook import checkpoint_before, load_lawful, load_reports, load_rulebook, unreadable_zones
from corrections.store.tables import Report, StreamPosition, Subject, Violation

Columns = dict[str, Any]


class CannotDerive(Exception):
    """Something that a violation rests on is no longer there, or no longer readable."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en, self.zh = en, zh


@dataclass(slots=True)
class Derived:
    """What comes out: the columns of the violation in each form that may be stored rightly (none: there is no such violation), from
    how many reports since when, and which of the stored columns are not derived."""

    forms: list[Columns] = field(default_factory=list)
    reports: int = 0
    from_us: int | None = None
    unchecked: tuple[str, ...] = ()


def derive_again(session: Session, violation: Violation, now: datetime) -> Derived:
    """What the stored reports give for a violation. Raises CannotDerive."""
    rule = Rule(violation.rule)
    if rule not in AGAIN:
        raise CannotDerive("the program has no derivation of this rule from stored reports", "程序没有依据保存的上报推算此规则的方法")
    return AGAIN[rule](session, violation, now)


# ---- the rules by fix


def _by_fix(session: Session, violation: Violation, now: datetime) -> Derived:
    """As the monitor derives: from the checkpoint before the violation began to the fix that ended it, with the settings of then."""
    rules = _settings(session, violation)
    book = load_rulebook(session, violation.bureau_id, [violation.subject_id])
    _require_zone(session, violation, book)
    start, memory = _memory_before(session, violation)
    reports = load_reports(session, violation.subject_id, start, _until_us(session, violation), upto_id=evaluated(session, violation))
    _require_reports(violation, reports)
    last_us = {violation.subject_id: max(start - 1, -FOREVER_US)}
    done = advance_through(book, reports, {violation.subject_id: memory}, last_us, rules)
    episode = _same(session, violation, done.episodes.get(violation.subject_id, []))
    return Derived(_forms(episode, violation, book, rule_at(rules, episode.opened_us), now) if episode else [], len(reports), start)


def _settings(session: Session, violation: Violation) -> RulesInForce:
    """The settings in force at each fix time. Those frozen in the evidence must be readable, and come out again."""
    try:
        frozen = msgspec.convert(violation.evidence["settings"], BoundaryRule)
        return rules_in_force(session) or ((to_us(EPOCH), frozen),)
    except (KeyError, msgspec.ValidationError) as error:
        raise CannotDerive(
            "the rule settings of then are not in its evidence in a form that this version of the program reads",
            "证据中没有本版程序可读的当时规则设置",
        ) from error


def _require_zone(session: Session, violation: Violation, book: Rulebook) -> None:
    wanted = violation.zone_revision_id
    if wanted is None or any(version.id == wanted for version in book.zones.versions):
        return
    reason = next((why for _, revision, why in unreadable_zones(session, violation.bureau_id) if revision.id == wanted), "")
    raise CannotDerive(
        f"its zone version (number {wanted}) is not readable any more: {reason or 'it is gone'}",
        f"所依据的围栏版本（编号 {wanted}）已无法读取：{reason or '已不存在'}",
    )


def _memory_before(session: Session, violation: Violation) -> tuple[int, Memory]:
    """From where (µs) and with what memory to start: the checkpoint before the first fix, or the very beginning."""
    start, memory = checkpoint_before(session, violation.subject_id, to_us(violation.started_at))
    try:
        return start, Memory.decode(memory)
    except msgspec.MsgspecError:
        return -FOREVER_US, Memory()


def _until_us(session: Session, violation: Violation) -> int:
    """Up to and with the first fix after the end, which may be what ended it; everything of one that lasts."""
    if violation.ended_at is None:
        return FOREVER_US
    r = Report.__table__.c  # type: ignore[attr-defined]
    at = type_coerce(func.min(r.fix_time), BigInteger)
    after = select(at).where(r.subject_id == violation.subject_id, r.lat.is_not(None), r.fix_time >= violation.ended_at)
    found = session.execute(after.where(r.id <= evaluated(session, violation))).scalar()
    return FOREVER_US if found is None else int(found) + 1


def evaluated(session: Session, violation: Violation) -> int:
    """The id of the last report of the bureau that was evaluated."""
    place = session.get(StreamPosition, violation.bureau_id)
    return place.position if place else 0


def _require_reports(violation: Violation, reports: Reports) -> None:
    stored = set(zip(reports.fix_us.tolist(), reports.digest.tolist(), strict=True))
    deciding = violation.evidence.get("deciding", [])
    missing = [fix for fix in deciding if (fix["fix_us"], fix["digest"]) not in stored]
    if missing:
        raise CannotDerive(
            f"of the {len(deciding)} fixes that decided it {len(missing)} are no longer stored (kept no longer, or changed)",
            f"起决定作用的 {len(deciding)} 次定位中有 {len(missing)} 次已不再保存（超过保存期限或被改动）",
        )


def _same(session: Session, violation: Violation, episodes: list[Episode]) -> Episode | None:
    """The episode that the monitor would take for this violation, among all that are stored of the subject."""
    v = Violation
    stored = session.exec(select(v).where(v.subject_id == violation.subject_id, col(v.rule).in_([rule.value for rule in BY_FIX])))
    matched = reconcile([as_known(one) for one in stored], episodes).same
    return next((episode for known, episode in matched if known.key == violation.id), None)


def _forms(episode: Episode, violation: Violation, book: Rulebook, rule: BoundaryRule, now: datetime) -> list[Columns]:
    """As it is written while it lasts, and, once its window is over, as it is closed by the clock and as a later fix writes it."""
    named = violation.evidence.get("zone", {}).get("name")
    versions = {v.id: replace(v, name=named) if v.id == violation.zone_revision_id and named else v for v in book.zones.versions}
    lasting = episode_columns(episode, versions, book.timezone, rule, EPOCH)
    if episode.ended_us is not None or episode.window_ends_us > to_us(now):
        return [lasting]
    by_clock = {**lasting, "ended_at": from_us(episode.window_ends_us)}
    return [by_clock, episode_columns(episode, versions, book.timezone, rule, now), lasting]


# ---- the rules about contact


def _contact(session: Session, violation: Violation, now: datetime) -> Derived:
    """By the received times of the stored reports, with the time allowed of then: since when, when it became a matter, until when."""
    rule, (last, threshold) = Rule(violation.rule), _allowed(violation)
    received, positioned = _heard(session, violation, last)
    excuses = load_excuses(session, {violation.bureau_id}, from_us(last), now)
    spells, _ = follow_contacts(Contacts(last, last), received, positioned, threshold, excuses.all)
    ours = [spell for spell in spells if spell.rule is rule and spell.last_us == last]
    if not ours and rule is Rule.SILENCE and not received:
        ours = [Spell(rule, last, due_us(last, threshold, excuses.all), None)]
    unchecked: tuple[str, ...] = ("severity", "evidence.cause", "reason_zh", "reason_en")
    if any(start < to_us(violation.opened_at) and end > last for start, end in excuses.areas):
        unchecked += ("opened_at",)  # an area-wide loss puts everybody off for as long as it lasts, by the clock of then
    forms = [form for spell in ours[-1:] for form in _contact_forms(session, violation, spell, "opened_at" in unchecked)]
    return Derived(forms, len(received), last, unchecked)


def _allowed(violation: Violation) -> tuple[int, int]:
    try:
        return int(violation.evidence["last_us"]), int(violation.evidence["threshold_us"])
    except (KeyError, TypeError, ValueError) as error:
        raise CannotDerive("the last contact and the time allowed are not in its evidence", "证据中没有最后联系时间和允许时长") from error


def _heard(session: Session, violation: Violation, last: int) -> tuple[list[int], list[bool]]:
    """The received times (µs) of the reports after the last contact, in order, and whether each had a position."""
    r: Any = Report.__table__  # type: ignore[attr-defined]
    at = type_coerce(r.c.received_at, BigInteger)
    mine = select(at, r.c.lat).where(r.c.subject_id == violation.subject_id, r.c.id <= evaluated(session, violation))
    rows = session.execute(mine.where(at >= last).order_by(at, r.c.id)).all()
    before = session.execute(mine.where(at < last).limit(1)).first()
    if before is not None and (not rows or int(rows[0][0]) != last):
        raise CannotDerive("the report of the last contact is no longer stored", "最后一次联系的上报已不再保存")
    later = [(int(received), lat is not None) for received, lat in rows if int(received) > last]
    return [received for received, _ in later], [positioned for _, positioned in later]


def _contact_forms(session: Session, violation: Violation, spell: Spell, put_off: bool) -> list[Columns]:
    """As contact ended it, and as the end of the monitoring did."""
    opened = violation.opened_at if put_off else from_us(spell.due_us)
    evidence = {**violation.evidence, "last_us": spell.last_us, "due_us": to_us(opened)}
    ended = None if spell.ended_us is None else from_us(spell.ended_us)
    form = {
        "started_at": from_us(spell.last_us), "opened_at": opened, "ended_at": ended, "last_fix_at": from_us(spell.last_us),
        "evidence": evidence,
    }  # fmt: skip
    spans = load_lawful(session, [session.get_one(Subject, violation.subject_id)]).get(violation.subject_id, ())
    over = [end for start, end in spans if start <= spell.due_us and (spell.ended_us is None or end < spell.ended_us)]
    return [form, *({**form, "ended_at": max(from_us(end), from_us(spell.last_us))} for end in over)]


# ---- patterns over time


def _pattern(session: Session, violation: Violation, now: datetime) -> Derived:
    """As the monitor looks for patterns, from as far back as the rule looks, with the settings of then."""
    started, last = to_us(violation.started_at), to_us(violation.last_fix_at)
    _require_reports(violation, load_reports(session, violation.subject_id, started, last + 1))
    try:
        forms, fixes, since = pattern_again(session, violation, now)
    except (KeyError, msgspec.ValidationError) as error:
        raise CannotDerive(
            "the rule settings of then are not in its evidence in a form that this version of the program reads",
            "证据中没有本版程序可读的当时规则设置",
        ) from error
    return Derived(forms, fixes, since, UNCHECKED)


# ---- check-ins


def _missed(session: Session, violation: Violation, now: datetime) -> Derived:
    """From the check-ins that are stored, with the settings of then."""
    try:
        forms = missed_again(session, violation)
    except (KeyError, ValueError) as error:
        raise CannotDerive(
            "the check-ins that were missed, or the settings of then, are not in its evidence in a form that this version reads",
            "证据中没有本版程序可读的未签到记录或当时设置",
        ) from error
    return Derived(forms, unchecked=("ends_at",))


AGAIN: dict[Rule, Callable[[Session, Violation, datetime], Derived]] = {
    **dict.fromkeys(BY_FIX, _by_fix),
    Rule.SILENCE: _contact,
    Rule.NO_POSITION: _contact,
    **dict.fromkeys(PATTERN_RULES, _pattern),
    Rule.MISSED_CHECK_IN: _missed,
}
"""How the violations of each rule are derived again."""
