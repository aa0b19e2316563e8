"""Finding subjects and violations by what an officer has at hand: a number, part of a name, a telephone number, the number of a violation.

Within reach only; no places. (What looks for somebody who is missing is ``searches``.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from corrections.review import items
from corrections.review.items import QueueItem
from corrections.review.queue import reach_of
from corrections.store.access import ALLOWED, Action, Actor, within_reach
from corrections.store.tables import Subject, Violation, Zone

MOST = 30  # of each kind
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Found:
    """``more``: there are more subjects or violations like that."""

    subjects: Sequence[Subject]
    violations: Sequence[QueueItem]
    more: bool


def find(session: Session, actor: Actor, sought: str, now: datetime) -> Found:
    """What has ``sought`` in it: of subjects the number, the name and, in full, the phone; of violations the number, the zone's name or
    code, and those of the subjects that were found. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    word = " ".join(sought.replace("\x00", "").split())[:LONGEST]
    if not word:
        return Found([], [], False)
    u = Subject
    named = or_(col(u.number).icontains(word, autoescape=True), col(u.name).icontains(word, autoescape=True), col(u.phone) == word)
    statement = select(u).where(within_reach(actor, u), named).order_by(col(u.number)).limit(MOST + 1)
    subjects = session.exec(statement).all()
    violations = _violations(session, actor, word, [one.id for one in subjects if one.id is not None], now)
    return Found(subjects[:MOST], violations[:MOST], max(len(subjects), len(violations)) > MOST)


def _violations(session: Session, actor: Actor, word: str, subject_ids: Sequence[int], now: datetime) -> Sequence[QueueItem]:
    if actor.role not in ALLOWED[Action.REVIEW]:
        return []
    v, z = Violation, Zone
    zones = select(z.id).where(z.bureau_id == actor.bureau_id, or_(col(z.name).icontains(word, autoescape=True), col(z.code) == word))
    like: list[ColumnElement[bool]] = [col(v.subject_id).in_(subject_ids), col(v.zone_id).in_(zones)]
    if word.isascii() and word.isdigit() and len(word) < 16:
        like.append(col(v.id) == int(word))
    rows = items.rows(session, [reach_of(actor), or_(*like)], MOST + 1)
    return items.shown(session, rows, actor, now)
