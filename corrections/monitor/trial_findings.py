"""How what draft rules say differs from what the present ones say over the same reports: which violations would be new, gone, different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from corrections.domain.changes import Both, Said, said_of, told
from corrections.domain.episodes import Known, reconcile
from corrections.domain.model import Decision, Episode, Rule, Severity, to_us
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.monitor.by_fix import BY_FIX, episode_columns
from corrections.store.tables import Violation


class Change(StrEnum):
    NEW = "new"
    GONE = "gone"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Found:
    """A violation that would be new, gone or different. Times, depth, certainty and reason are those of the draft; of one that would
    be gone, the present ones. ``told`` says what would be different. ``violation_id`` and ``decision`` are those of the stored one."""

    change: Change
    rule: Rule
    zone_code: str | None
    zone_name: str | None
    severity: Severity
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    deepest_m: float
    certainty: float
    reason_zh: str
    reason_en: str
    told_zh: list[str]
    told_en: list[str]
    violation_id: int | None
    decision: str | None


@dataclass(slots=True)
class SubjectTrial:
    """What would change for one subject, in order of time, and how many violations would stay as they are."""

    subject_id: int
    number: str
    found: list[Found] = field(default_factory=list)
    same: int = 0


@dataclass(slots=True)
class Trial:
    """What would change over ``[since, until)``. ``subjects`` has an entry for each subject for whom anything would; ``present`` and
    ``draft`` are how many violations there are by each. Of the violations that officers decided, how many were false alarms or
    confirmed, and how many of these would be gone."""

    days: int
    since: datetime
    until: datetime
    looked_at: int = 0
    reports: int = 0
    present: int = 0
    draft: int = 0
    new: int = 0
    gone: int = 0
    different: int = 0
    same: int = 0
    false_alarms: int = 0
    false_alarms_gone: int = 0
    confirmed: int = 0
    confirmed_gone: int = 0
    subjects: list[SubjectTrial] = field(default_factory=list)

    @property
    def summary(self) -> Both:
        """(Chinese, English), in a few sentences."""
        return (
            f"最近 {self.days} 天、{self.looked_at} 名对象、{self.reports} 条上报：现行规则得出 {self.present} 条违规，试行规则得出 "
            f"{self.draft} 条；其中新增 {self.new} 条，取消 {self.gone} 条，变化 {self.different} 条，不变 {self.same} 条。"
            f"已认定误报的 {self.false_alarms} 条中将取消 {self.false_alarms_gone} 条；已认定属实的 {self.confirmed} 条中将取消 "
            f"{self.confirmed_gone} 条。",
            f"Over the last {self.days} days, {self.looked_at} subjects and {self.reports} reports: the present rules give {self.present} "
            f"violations, the draft {self.draft}; {self.new} would be new, {self.gone} gone, {self.different} different, {self.same} the "
            f"same. Of {self.false_alarms} that officers decided were false alarms {self.false_alarms_gone} would be gone; of "
            f"{self.confirmed} that they confirmed, {self.confirmed_gone}.",
        )


@dataclass(frozen=True, slots=True)
class Look:
    """From when on (µs) violations are looked at, when that is, on which wall clock, and what the zones are called."""

    since_us: int
    now: datetime
    timezone: ZoneInfo
    codes: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The episodes of one subject that reach into the time looked at, and by what she was judged."""

    episodes: list[Episode]
    book: Rulebook
    rule: BoundaryRule

    @staticmethod
    def of(episodes: Sequence[Episode], book: Rulebook, rule: BoundaryRule, look: Look) -> Judged:
        """One whose window is over has ended."""
        now_us = to_us(look.now)
        over = [replace(e, ended_us=e.window_ends_us) if e.ended_us is None and e.window_ends_us <= now_us else e for e in episodes]
        return Judged([e for e in over if e.rule in BY_FIX and (e.ended_us is None or e.ended_us > look.since_us)], book, rule)

    def columns(self, place: int, look: Look) -> dict[str, Any]:
        """What a violation would say of the episode at this place."""
        versions = {version.id: version for version in self.book.zones.versions}
        return episode_columns(self.episodes[place], versions, look.timezone, self.rule, look.now)

    def clipped(self, look: Look) -> list[Episode]:
        """What began before the time looked at is taken to begin with it."""
        since = look.since_us
        return [replace(e, started_us=max(e.started_us, since), opened_us=max(e.opened_us, since)) for e in self.episodes]


def compare(subject: SubjectTrial, present: Judged, draft: Judged, stored: Mapping[int, Violation], look: Look) -> None:
    """Put into ``subject`` what would change for her, in order of time; ``stored`` are the violations on record by the place of their
    present episode."""
    before, after = present.clipped(look), draft.clipped(look)
    place = {id(episode): i for i, episode in enumerate(after)}
    known = [Known(i, e.rule, e.zone_id, e.started_us, e.ended_us, e.other_id) for i, e in enumerate(before)]
    changes = reconcile(known, after)
    found: list[Found] = []
    for one, episode in changes.same:
        was = _said(before[one.key], present.columns(one.key, look))
        said = told(was, _said(episode, draft.columns(place[id(episode)], look)), look.timezone)
        if said:
            found.append(_found(Change.DIFFERENT, draft, place[id(episode)], look, stored.get(one.key), said))
        else:
            subject.same += 1
    found += [_found(Change.GONE, present, one.key, look, stored.get(one.key), []) for one in changes.gone]
    found += [_found(Change.NEW, draft, place[id(episode)], look, None, []) for episode in changes.new]
    subject.found = sorted(found, key=lambda one: (one.started_at, one.change))


def count(trial: Trial, subject: SubjectTrial, present: Judged, draft: Judged, stored: Mapping[int, Violation]) -> None:
    """Add a subject to the totals."""
    changes = [found.change for found in subject.found]
    gone = [found.decision for found in subject.found if found.change is Change.GONE]
    decided = [violation.decision for violation in stored.values()]
    trial.present += len(present.episodes)
    trial.draft += len(draft.episodes)
    trial.new += changes.count(Change.NEW)
    trial.gone += changes.count(Change.GONE)
    trial.different += changes.count(Change.DIFFERENT)
    trial.same += subject.same
    trial.false_alarms += decided.count(Decision.FALSE_ALARM)
    trial.false_alarms_gone += gone.count(Decision.FALSE_ALARM)
    trial.confirmed += decided.count(Decision.CONFIRMED)
    trial.confirmed_gone += gone.count(Decision.CONFIRMED)
    if subject.found:
        trial.subjects.append(subject)


def _said(episode: Episode, columns: Mapping[str, Any]) -> Said:
    return said_of(episode, Severity(columns["severity"]))


def _found(change: Change, side: Judged, place: int, look: Look, stored: Violation | None, said: list[Both]) -> Found:
    episode, columns = side.episodes[place], side.columns(place, look)
    return Found(
        change=change,
        rule=episode.rule,
        zone_code=look.codes.get(episode.zone_id),
        zone_name=columns["evidence"].get("zone", {}).get("name"),
        severity=Severity(columns["severity"]),
        started_at=columns["started_at"],
        opened_at=columns["opened_at"],
        ended_at=columns["ended_at"],
        deepest_m=max(0.0, episode.peak_distance_m),
        certainty=episode.peak_certainty,
        reason_zh=columns["reason_zh"],
        reason_en=columns["reason_en"],
        told_zh=[zh for zh, _ in said],
        told_en=[en for _, en in said],
        violation_id=stored.id if stored else None,
        decision=stored.decision if stored else None,
    )
