"""Try before you publish: what draft zones, or changed settings of the boundary rule, would have said over stored reports.

The live code judges the same reports twice, once by the present zones and settings and once by the changed ones, as if these had been
in force for ``LEAD_IN`` before the time looked at, so that nothing is new or gone only because of the switch. Both start from the
monitor's checkpoint. Nothing is written but the audit of the look; subjects are taken in chunks, so that memory stays bounded and
whoever waits sees how far it is, and can end it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import ValidationError
from sqlalchemy import ColumnElement, Engine, or_
from sqlmodel import Session, col, select

from corrections.domain.episodes import reconcile
from corrections.domain.judging import advance
from corrections.domain.memory import Memory
from corrections.domain.model import FOREVER_US, Episode, Reports, ReviewState, ZoneVersion, from_us, to_us
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.domain.zones import Bindings, ZoneBook, from_us_local_date, local_midnight_us
from corrections.errors import Invalid
from corrections.monitor.by_fix import BY_FIX
from corrections.monitor.trial_findings import Judged, Look, SubjectTrial, Trial, compare, count
from corrections.monitor.violations import as_known, timezone_of
from corrections.records import zones
from corrections.records.audit import audited_location_read
from corrections.records.outlines import Outline
from corrections.settings import Boundary, Settings
from corrections.store.access import Action, Actor, within_reach
from corrections.store.database import reading, writing
from corrections.store.rulebook import Rulebooks, as_version, boundary_rule, checkpoint_before, load_reports
from corrections.store.tables import Subject, Violation, Zone, ZoneRevision

MOST_DAYS = 62
LEAD_IN = timedelta(days=1)
AT_ONCE = 25  # subjects judged together

Draft = tuple[zones.Terms, Outline]
Trying = Generator[tuple[int, int], None, Trial]
"""A trial on its way: yields how many subjects were judged, of how many, after each chunk; returns what was found. Given up, it ends."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is tried: the rules of each side, the drafts and whom each binds, the subjects (id, number), from when on (µs) the drafts
    are taken to be in force, and what is looked at."""

    bureau_id: int
    present: BoundaryRule
    changed: BoundaryRule
    drafts: tuple[ZoneVersion, ...]
    bound: tuple[frozenset[int], ...]
    subjects: tuple[tuple[int, str], ...]
    lead_us: int
    look: Look


def try_zones(
    engine: Engine, actor: Actor | None, bureau_id: int, drafts: Sequence[Draft], days: int, purpose: str, settings: Settings, now: datetime
) -> Trial:
    """``trying_zones`` to its end."""
    return _whole(trying_zones(engine, actor, bureau_id, drafts, days, purpose, settings, now))


def _whole(trying: Trying) -> Trial:
    """A trial carried out to its end."""
    while True:
        try:
            next(trying)
        except StopIteration as end:
            found: Trial = end.value
            return found


def trying_zones(
    engine: Engine, actor: Actor | None, bureau_id: int, drafts: Sequence[Draft], days: int, purpose: str, settings: Settings, now: datetime
) -> Trying:
    """Run draft zones, new ones or new versions of those with their codes, over the last ``days`` days of everybody whom they, or the
    versions that they would end, bind. ``actor`` None is the operator at the machine.

    Looks at locations: recorded with its purpose before anything is read. For whoever may both set zones and see locations, within her
    reach. Raises Invalid (days, purpose, terms), Conflict (a code is taken), Forbidden, NotFound, before anything is judged.
    """
    if not drafts:
        raise Invalid("There is no zone to try.", "没有可试行的围栏。", field="zone")
    rule = boundary_rule(settings.rules.boundary)

    def plan(session: Session) -> _Plan:
        versions, whom, replaced = [], [], []
        lead_us, since_us = _times(timezone_of(session, bureau_id), days, now)
        for number, (terms, outline) in enumerate(drafts, start=1):
            condition = zones.whom_they_bind(session, actor, bureau_id, terms)
            zone, before = _zone_before(session, bureau_id, terms, -number)
            versions.append(_version(zone, before, terms, outline, -number, lead_us))
            whom.append(condition)
            replaced += [zones.whom_it_binds(bureau_id, before)] if before is not None else []
        everybody = _subjects(session, actor, bureau_id, or_(*whom, *replaced))
        reach = {subject_id for subject_id, _ in everybody}
        bound = tuple(frozenset(id_ for id_ in session.exec(select(Subject.id).where(condition)) if id_ in reach) for condition in whom)
        codes = _codes(session, bureau_id) | {v.zone_id: terms.code for v, (terms, _) in zip(versions, drafts, strict=True)}
        look = Look(since_us, now, timezone_of(session, bureau_id), codes)
        return _Plan(bureau_id, rule, rule, tuple(versions), bound, everybody, lead_us, look)

    return (yield from _run(engine, actor, plan, days, purpose))


def try_settings(
    engine: Engine, actor: Actor | None, bureau_id: int, changed: Boundary, days: int, purpose: str, settings: Settings, now: datetime
) -> Trial:
    """Run changed settings of the boundary rule over the last ``days`` days of everybody within reach; else as ``try_zones``."""
    rules = boundary_rule(settings.rules.boundary), boundary_rule(changed)

    def plan(session: Session) -> _Plan:
        timezone = timezone_of(session, bureau_id)
        everybody = _subjects(session, actor, bureau_id, col(Subject.bureau_id) == bureau_id)
        lead_us, since_us = _times(timezone, days, now)
        return _Plan(bureau_id, *rules, (), (), everybody, lead_us, Look(since_us, now, timezone, _codes(session, bureau_id)))

    return _whole(_run(engine, actor, plan, days, purpose))


def changed_boundary(boundary: Boundary, changes: Mapping[str, Any]) -> Boundary:
    """The settings of the boundary rule with some values changed, each by its name with dots (``prompt.open_at``, ``preset``; a leading
    ``rules.`` or ``boundary.`` may stand before it). Raises Invalid naming what is wrong."""
    values = boundary.model_dump(mode="json")
    for name, value in changes.items():
        *path, last = name.removeprefix("rules.").removeprefix("boundary.").split(".")
        place: Any = values
        for part in path:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place or isinstance(place[last], dict):
            raise Invalid(f"There is no setting {name} of the boundary rule.", f"越界规则没有设置项 {name}。", field=name)
        place[last] = value
    try:
        return Boundary.model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise Invalid(f"{key}: {fault['msg']}", f"设置项 {key} 的值“{fault['input']}”无效。", field=key) from error


# ---- who and when


def _times(timezone: ZoneInfo, days: int, now: datetime) -> tuple[int, int]:
    """From when the draft is taken to be in force, a local midnight, and from when violations are looked at (µs)."""
    since = now - timedelta(days=days)
    return local_midnight_us(from_us_local_date(to_us(since - LEAD_IN), timezone), timezone), to_us(since)


def _subjects(session: Session, actor: Actor | None, bureau_id: int, whom: ColumnElement[bool]) -> tuple[tuple[int, str], ...]:
    reach = col(Subject.bureau_id) == bureau_id if actor is None else within_reach(actor, Subject)
    rows = session.exec(select(Subject.id, Subject.number).where(reach, whom).order_by(col(Subject.id)))
    return tuple((subject_id, number) for subject_id, number in rows if subject_id is not None)


def _codes(session: Session, bureau_id: int) -> dict[int, str]:
    return {id_: code for id_, code in session.exec(select(Zone.id, Zone.code).where(Zone.bureau_id == bureau_id)) if id_ is not None}


def _zone_before(session: Session, bureau_id: int, terms: zones.Terms, id_: int) -> tuple[Zone, ZoneRevision | None]:
    """The zone that the draft is a version of, a made-up one for a new zone, and the version that it would end."""
    zone = zones.known_zone(session, bureau_id, terms)
    if zone is None:
        return Zone(id=id_, bureau_id=bureau_id, code=terms.code, name=terms.name, kind=terms.kind.value), None
    return zone, zones.current_revision(session, zone)


def _version(zone: Zone, before: ZoneRevision | None, terms: zones.Terms, outline: Outline, id_: int, from_us_: int) -> ZoneVersion:
    """A draft as the domain judges against it."""
    assert zone.id is not None
    revision = ZoneRevision(
        id=id_, zone_id=zone.id, version=before.version + 1 if before else 1, scope=terms.scope.value, severity=terms.severity.value,
        outline=outline.wkb, windows=zones.parse_windows(terms.windows), valid_from=from_us(from_us_),
    )  # fmt: skip
    return replace(as_version(zone, revision), name=terms.name.strip())


# ---- judging twice


def _run(engine: Engine, actor: Actor | None, make: Callable[[Session], _Plan], days: int, purpose: str) -> Trying:
    """1. Check who may. 2. Find whom it concerns, and record the look. 3. Judge chunk by chunk, without holding up any writer. No session
    is open while it waits to be asked for more."""
    for action in (Action.WRITE_ZONES, Action.REVIEW, Action.READ_LOCATION):
        if actor is not None:
            actor.require(action)
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"days must be 1 to {MOST_DAYS}.", f"天数应为 1 至 {MOST_DAYS}。", field="days")
    with writing(engine) as session:
        plan = make(session)
        audited_location_read(session, actor, [subject_id for subject_id, _ in plan.subjects], purpose, plan.look.now)
    trial = Trial(days, from_us(plan.look.since_us), plan.look.now, looked_at=len(plan.subjects))
    books = Rulebooks()
    drawn: ZoneBook | None = None
    yield 0, len(plan.subjects)
    for i in range(0, len(plan.subjects), AT_ONCE):
        chunk = dict(plan.subjects[i : i + AT_ONCE])
        with reading(engine) as session:
            book = books.load(session, plan.bureau_id, chunk)
            drawn = drawn or _with_drafts(book.zones, plan)
            _try_chunk(session, chunk, book, _bound_anew(book, drawn, plan, chunk), plan, trial)
        yield min(i + AT_ONCE, len(plan.subjects)), len(plan.subjects)
    return trial


def _with_drafts(known: ZoneBook, plan: _Plan) -> ZoneBook:
    """The zones with the drafts among them, each ending the versions before it at the lead-in."""
    if not plan.drafts:
        return known
    redrawn = {draft.zone_id for draft in plan.drafts}
    kept = [
        replace(v, valid_until_us=min(v.valid_until_us, plan.lead_us)) if v.zone_id in redrawn else v for v in known.versions
    ]  # fmt: skip
    return ZoneBook([*kept, *plan.drafts])


def _bound_anew(book: Rulebook, drawn: ZoneBook, plan: _Plan, chunk: Mapping[int, str]) -> Rulebook:
    if not plan.drafts:
        return book
    place = {version.id: i for i, version in enumerate(drawn.versions)}
    bindings = {
        subject_id: [
            *(place[id_] for id_ in book.bindings.versions_of(subject_id, book.zones)),
            *(place[draft.id] for draft, whom in zip(plan.drafts, plan.bound, strict=True) if subject_id in whom),
        ]
        for subject_id in chunk
    }
    return replace(book, zones=drawn, bindings=Bindings(bindings))


def _try_chunk(session: Session, chunk: Mapping[int, str], book: Rulebook, drafted: Rulebook, plan: _Plan, trial: Trial) -> None:
    starts = {subject_id: checkpoint_before(session, subject_id, plan.lead_us) for subject_id in chunk}
    reports = _joined([load_reports(session, subject_id, start) for subject_id, (start, _) in starts.items()])
    trial.reports += int((reports.fix_us >= plan.look.since_us).sum())
    present = _judged(reports, starts, book, plan.present)
    draft = _judged(reports, starts, drafted, plan.changed)
    for subject_id, number in chunk.items():
        was = Judged.of(present.get(subject_id, []), book, plan.present, plan.look)
        would_be = Judged.of(draft.get(subject_id, []), drafted, plan.changed, plan.look)
        made, stored = SubjectTrial(subject_id, number), _stored(session, subject_id, was.episodes)
        compare(made, was, would_be, stored, plan.look)
        count(trial, made, was, would_be, stored)


def _judged(reports: Reports, starts: Mapping[int, tuple[int, bytes]], book: Rulebook, rule: BoundaryRule) -> dict[int, list[Episode]]:
    """The episodes of each subject, from her checkpoint on."""
    memories = {subject_id: Memory.decode(memory) for subject_id, (_, memory) in starts.items()}
    last_us = {subject_id: max(start - 1, -FOREVER_US) for subject_id, (start, _) in starts.items()}
    return advance(book, reports, memories, last_us, rule).episodes


def _joined(parts: Sequence[Reports]) -> Reports:
    """Reports of several subjects, each in order, as one, in the order of the subjects."""
    return Reports(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Reports.__dataclass_fields__})


def _stored(session: Session, subject_id: int, episodes: Sequence[Episode]) -> dict[int, Violation]:
    """The stored violation of each episode, by the episode's place, where there is one that was not withdrawn."""
    v = Violation
    statement = select(v).where(v.subject_id == subject_id, col(v.rule).in_([rule.value for rule in BY_FIX]))
    rows = {row.id: row for row in session.exec(statement.where(v.review_state != ReviewState.WITHDRAWN.value))}
    place = {id(episode): i for i, episode in enumerate(episodes)}
    return {place[id(episode)]: rows[known.key] for known, episode in reconcile([as_known(row) for row in rows.values()], episodes).same}
