"""期限清单: what is due, by when, what may be proposed next and the article it rests on; a person decides and does it.

Times are moments; ``days_left`` counts the bureau's local days (0: today, negative: so many days ago). No positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from corrections.domain import legal
from corrections.domain.casework import MeasureKind
from corrections.domain.legal import Contact, DueKind, Edge, Next
from corrections.domain.model import Category
from corrections.errors import Invalid
from corrections.records import agenda_sources as sources
from corrections.records.agenda_sources import Found
from corrections.records.measures import counts_of
from corrections.records.register import subject_in_reach
from corrections.settings import Settings
from corrections.settings.legal import Article
from corrections.store.access import Action, Actor
from corrections.store.tables import Bureau

MOST_ROWS = 2000
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Basis:
    """An article as the reader sees it. ``quoted``: the Chinese text are its own words; ``verified``: it was read at its source."""

    key: str
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    quoted: bool
    verified: bool


@dataclass(frozen=True, slots=True)
class May:
    """A measure that may be proposed, why, on which ground of config/measures.toml, and what it rests on (None: the settings hold no such
    ground or article)."""

    measure: MeasureKind
    why: legal.Why
    ground: str | None
    basis: Basis | None


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due. ``ref`` names its row, as ``clock:3``; ``edge`` and ``contact`` tell of a clock which edge ``at`` is and which
    one she is beyond; ``day`` the day it is in. ``heard_at``: she was heard since it began. ``counts`` are the measures that stand."""

    kind: DueKind
    ref: str
    subject_id: int | None
    subject_number: str | None
    subject_name: str | None
    minor: bool
    office_id: int
    officer_id: int | None
    at: datetime
    days_left: int
    overdue: bool
    edge: Edge | None = None
    contact: Contact | None = None
    day: int | None = None
    heard_at: datetime | None = None
    may: Sequence[May] = ()
    bases: Sequence[Basis] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is due, the most urgent first; ``more``: there was more than was asked for."""

    items: list[Due]
    more: bool


ARTICLES: Mapping[DueKind, Sequence[str]] = {
    DueKind.REPORTING_IN: ("law.21", "law.20", "law.22"),
    DueKind.OUT_OF_CONTACT: ("law.30",),
    DueKind.SEARCH: ("law.30",),
    DueKind.STATUS: ("law.32", "law.45"),
    DueKind.TERM_END: ("law.44",),
    DueKind.AUTHORITY_END: ("law.26",),
    DueKind.MEASURES: ("law.28",),
    DueKind.PROPOSAL: ("law.28",),
    DueKind.LEAVE_DECISION: ("law.27",),
    DueKind.LEAVE_RETURN: ("law.27",),
    DueKind.OBJECTION: ("law.34",),
    DueKind.ROUND: ("law.26",),
}
"""The keys in config/legal.toml of what each thing rests on."""


def agenda(
    session: Session,
    actor: Actor | None,
    *,
    subject_id: int | None = None,
    until: datetime | None = None,
    limit: int = 500,
    settings: Settings,
    now: datetime,
) -> Agenda:
    """What is due within the actor's reach (None: the operator, everything), or of one subject, up to ``until`` (None: as many days ahead
    as the settings say), by time; what has no time of its own stands at the moment at which it began.

    Raises Invalid, Forbidden, NotFound.
    """
    if actor is not None:
        actor.require(Action.SEARCH)
    if subject_id is not None:
        subject_in_reach(session, actor, subject_id, Action.SEARCH)
    horizon = until or now + timedelta(days=settings.legal.agenda_days)
    if not 1 <= limit <= MOST_ROWS or horizon > now + timedelta(days=MOST_DAYS):
        raise Invalid(
            f"Ask for at most {MOST_ROWS} things and {MOST_DAYS} days ahead.",
            f"最多查询 {MOST_ROWS} 项、今后 {MOST_DAYS} 天。",
            field="until",
        )
    scope = sources.Scope(session, actor, subject_id, horizon, settings, now)
    found = sorted(sources.everything(scope), key=lambda one: (one.at, one.kind, one.ref))
    shown = found[:limit]
    people = {one.subject.id: one.subject for one in shown if one.subject is not None}
    book = _Book(session, settings, now, counts_of(session, people))
    return Agenda([book.entry(one) for one in shown], more=len(found) > limit)


class _Book:
    """What the entries of one list share: wall clocks, counts, articles."""

    def __init__(self, session: Session, settings: Settings, now: datetime, counts: Mapping[int, Mapping[MeasureKind, int]]) -> None:
        self._session, self._settings, self._now, self._counts = session, settings, now, counts

    def entry(self, found: Found) -> Due:
        subject = found.subject
        zone = self.zones[found.bureau_id]
        days_left = (legal.local_day(found.at, zone) - legal.local_day(self._now, zone)).days
        counts = self._counts.get(subject.id or 0, {}) if subject is not None else {}
        return Due(
            kind=found.kind,
            ref=found.ref,
            subject_id=subject.id if subject else None,
            subject_number=subject.number if subject else None,
            subject_name=subject.name if subject else None,
            minor=subject is not None and subject.minor,
            office_id=found.office_id,
            officer_id=found.officer_id,
            at=found.at,
            days_left=days_left,
            overdue=found.at <= self._now,
            edge=found.edge,
            contact=found.contact,
            day=found.day,
            heard_at=found.heard_at,
            may=[self.may(one, Category(subject.category), zone) for one in found.may] if subject is not None else [],
            bases=self.bases(found.articles or ARTICLES[found.kind], zone),
            counts={kind.value: number for kind, number in counts.items()},
        )

    @cached_property
    def zones(self) -> Mapping[int, ZoneInfo]:
        return {b.id: ZoneInfo(b.timezone) for b in self._session.exec(select(Bureau)) if b.id is not None}

    def may(self, one: Next, category: Category, zone: ZoneInfo) -> May:
        grounds = self._settings.measures.grounds_on(legal.local_day(self._now, zone))
        fitting = (g.key for g in grounds if (g.measure, g.why) == (one.measure, one.why) and category in g.categories)
        return May(one.measure, one.why, next(fitting, None), next(iter(self.bases((f"step.{one.why}",), zone)), None))

    def bases(self, keys: Iterable[str], zone: ZoneInfo) -> list[Basis]:
        day = legal.local_day(self._now, zone)
        found = [self._settings.legal.article(key, day) for key in keys]
        return [_basis(article) for article in found if article is not None]


def _basis(article: Article) -> Basis:
    names = ("key", "name_zh", "name_en", "text_zh", "text_en", "quoted", "verified")
    return Basis(**{name: getattr(article, name) for name in names})
