"""Patterns over time, after the fact: what new reports touched is told anew, with as much before it as the rules look back on.

The fix time from which on a subject's days are to be looked at is stored (``subject_state.patterns_from``), set when her reports are
evaluated or an order changes. A look is bounded: so many subjects in a transaction, so many days of each; what is left follows in the
next one. Whoever holds the row of the bureau's place in the stream is the only one to look, as in ``evaluate``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections import clock
from corrections.domain.left_behind import HABIT_DAYS, LOOK_BACK_DAYS, RUN_DAYS, first_day, left_behind, touched
from corrections.domain.model import FOREVER_US, Rule, from_us, to_us
from corrections.domain.movement import QUIET_US, REACH_US, implausible
from corrections.domain.patterns import DAY_US, Pattern
from corrections.domain.zones import from_us_local_date, local_midnight_us
from corrections.monitor.device_flags import settle_flags
from corrections.monitor.pattern_evidence import Judged, Told, settle_patterns, touching_us
from corrections.monitor.together import together
from corrections.monitor.tracks import Tracks, pattern_rules
from corrections.review.deadlines import Deadlines
from corrections.settings import Settings
from corrections.store.database import reading, writing
from corrections.store.rulebook import Rulebooks, boundary_rule
from corrections.store.tables import StreamPosition, Subject, SubjectState

log = logging.getLogger(__name__)

DAYS_AT_ONCE = HABIT_DAYS


@dataclass(slots=True)
class Looked:
    """How many looks were taken, and at which subjects one failed (they are tried again at the next run)."""

    looks: int = 0
    failed: list[int] = field(default_factory=list)


class PatternWatch:
    """Looks for patterns, and keeps the compiled zones from one run to the next."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self._books = Rulebooks()

    def run(self, now: datetime | None = None) -> Looked:
        """Look at everything that reports or orders have touched. Running it again, or twice at once, changes nothing."""
        done = Looked()
        with reading(self._engine) as session:
            asked = select(SubjectState.bureau_id).where(col(SubjectState.patterns_from).is_not(None)).distinct()
            bureaus = sorted(session.exec(asked))
        for bureau_id in bureaus:
            while self._batch(bureau_id, now or clock.now(), done):
                pass
        return done

    def _batch(self, bureau_id: int, now: datetime, done: Looked) -> bool:
        """One transaction over some subjects of a bureau; whether there may be more. A subject that fails leaves the others alone."""
        with writing(self._engine) as session:
            if lock_place(session, bureau_id) is None:
                return False
            s = SubjectState
            asked = select(s.subject_id).where(s.bureau_id == bureau_id, col(s.patterns_from).is_not(None))
            asked = asked.where(col(s.subject_id).not_in(done.failed)).order_by(col(s.subject_id))
            subjects = session.exec(asked.limit(self._settings.rules.patterns.subjects_at_once)).all()
            tracks = Tracks(session, boundary_rule(self._settings.rules.boundary).belief, self._books, bureau_id)
            for subject_id in subjects:
                if self._alone(session, tracks, subject_id, now):
                    done.looks += 1
                else:
                    done.failed.append(subject_id)
            return bool(subjects)

    def _alone(self, session: Session, tracks: Tracks, subject_id: int, now: datetime) -> bool:
        try:
            with session.begin_nested():
                _look(session, self._settings, tracks, subject_id, now)
            return True
        except Exception:
            log.exception("the patterns of subject %d could not be told; they are tried again at the next run", subject_id)
            session.expire_all()
            return False


def lock_place(session: Session, bureau_id: int) -> StreamPosition | None:
    """A bureau's place in the stream, held until the transaction ends; None when somebody else holds it."""
    place = select(StreamPosition).where(StreamPosition.bureau_id == bureau_id)
    return session.exec(place.with_for_update(skip_locked=True)).first()


def _look(session: Session, settings: Settings, tracks: Tracks, subject_id: int, now: datetime) -> None:
    """1. From where on, and how far at once. 2. Movement. 3. Phones left behind, where a day was touched that is over, and with it doubts
    about devices. 4. Meetings, hers and those of whom she met. 5. Note what is left."""
    state, subject = session.get_one(SubjectState, subject_id), session.get_one(Subject, subject_id)
    assert state.patterns_from is not None
    since_us = to_us(state.patterns_from)
    until_us = _days_on(since_us, tracks.timezone)
    if (first_us := tracks.next_us(subject_id, since_us)) is not None and first_us >= until_us:
        since_us, until_us = first_us, _days_on(first_us, tracks.timezone)
    latest_us = tracks.latest_us(subject_id)
    if latest_us is None or latest_us < until_us:
        until_us = FOREVER_US
    told = Told(subject, tracks.timezone, settings.rules, Deadlines.of(settings), now, until_us)
    tracks.limit(until_us if until_us == FOREVER_US else until_us + 2 * DAY_US)
    _movement(session, tracks, told, since_us)
    _left_behind(session, tracks, told, since_us)
    together(session, tracks, told, since_us)
    state.patterns_from = None if until_us == FOREVER_US else from_us(until_us)
    session.flush()


def _days_on(us: int, timezone: ZoneInfo) -> int:
    return local_midnight_us(from_us_local_date(us, timezone) + timedelta(days=DAYS_AT_ONCE), timezone)


def _movement(session: Session, tracks: Tracks, told: Told, since_us: int) -> None:
    since = touching_us(session, told.subject_id, Rule.IMPLAUSIBLE_MOVEMENT, since_us - REACH_US, REACH_US + QUIET_US)
    track = tracks.of(told.subject_id, since - REACH_US)
    rule = pattern_rules(told.rules.patterns).movement
    found = implausible(track, tracks.lawful(told.subject_id), rule, since, told.until_us)
    settle_patterns(session, told, found, Rule.IMPLAUSIBLE_MOVEMENT, since, Judged(rule, tracks.belief))


def _left_behind(session: Session, tracks: Tracks, told: Told, since_us: int) -> None:
    rule, timezone, subject_id = pattern_rules(told.rules.patterns).left_behind, tracks.timezone, told.subject_id
    first = first_day(tracks.previous_us(subject_id, since_us), since_us, timezone, rule)
    day_us = local_midnight_us(first, timezone)
    over = touched(tracks.of(subject_id, min(day_us, since_us)), timezone, rule, since_us, first)
    since = touching_us(session, subject_id, Rule.LEFT_BEHIND, day_us, (RUN_DAYS + 1) * DAY_US)
    if not over and not _may_end(session, subject_id, day_us):
        return
    since = min(day_us, local_midnight_us(from_us_local_date(since, timezone), timezone))
    interval_s = tracks.interval_s(subject_id)
    back_us = local_midnight_us(from_us_local_date(since, timezone) - timedelta(days=LOOK_BACK_DAYS), timezone)
    track = tracks.of(subject_id, back_us)
    found: Sequence[Pattern] = left_behind(track, tracks.lawful(subject_id), timezone, rule, interval_s, since, told.until_us)
    settle_patterns(session, told, found, Rule.LEFT_BEHIND, since, Judged(rule, tracks.belief, {subject_id: interval_s}))
    if over:
        settle_flags(session, tracks, told, first)


def _may_end(session: Session, subject_id: int, day_us: int) -> bool:
    """Whether an episode is in progress, or ended on the day that is touched or later: its end may be another one now."""
    return touching_us(session, subject_id, Rule.LEFT_BEHIND, day_us, 0) < day_us
