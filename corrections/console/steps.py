"""The steps of a review as forms: which of them the state and the role allow, and how each is carried out.

The rules are the review's own; ``open_steps`` only spares the reader forms that would be refused.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from corrections.console.visit import Visit, choice, number
from corrections.domain.model import Decision, FalseAlarmCause, ReviewState, Role
from corrections.review import matters, reviewing, watching
from corrections.review.assignment import OPEN, may_take
from corrections.review.deadlines import Deadlines
from corrections.review.items import QueueItem
from corrections.review.matters import Matter
from corrections.review.reviewing import Answer, Means
from corrections.review.roster import absences
from corrections.store.access import Action
from corrections.store.tables import Office, Officer, Violation


class Step(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    NOTE = "note"
    CONTACT = "contact"
    HAND_OVER = "hand-over"
    DECIDE = "decide"
    REOPEN = "reopen"
    WATCH = "watch"
    UNWATCH = "unwatch"


def open_steps(item: QueueItem, visit: Visit) -> set[Step]:
    """What the visitor could do now. Claiming again what she holds is offered where it acknowledges new evidence."""
    me, head = visit.actor.officer_id, visit.may(Action.ASSIGN)
    queued, claimed = item.review_state == ReviewState.QUEUED, item.review_state == ReviewState.CLAIMED
    mine = claimed and item.claimed_by == me
    steps = {Step.NOTE, Step.CONTACT}
    if queued or (mine and item.new_evidence) or (claimed and not mine and _lies_still(item, visit)):
        steps.add(Step.CLAIM)
    if mine or (claimed and head):
        steps.add(Step.RELEASE)
    if mine or (item.review_state in OPEN and head):
        steps.add(Step.DECIDE)
    if mine or (queued and item.officer_id == me) or (item.review_state in OPEN and head):
        steps.add(Step.HAND_OVER)
    if item.review_state == ReviewState.DECIDED and head:
        steps.add(Step.REOPEN)
    if item.watched:
        steps.add(Step.UNWATCH)
    elif not mine and item.officer_id != me:
        steps.add(Step.WATCH)
    return steps


def matter_of(session: Session, item: QueueItem, visit: Visit) -> Matter | None:
    """What is open of the subject at the same time, this violation included; None where nothing else is."""
    if item.review_state not in OPEN:
        return None
    found = matters.matter(session, visit.actor, item.matter_id, now=visit.now)
    return found if sum(one.review_state in OPEN for one in found.items) > 1 else None


def takers(session: Session, violation: Violation, visit: Visit) -> list[tuple[int, str]]:
    """To whom the violation may be handed over now, by id and name."""
    holder = violation.claimed_by if violation.review_state == ReviewState.CLAIMED else violation.officer_id
    near = select(Officer).join(Office, col(Office.id) == col(Officer.office_id)).where(Office.bureau_id == violation.bureau_id)
    near = near.where((col(Officer.office_id) == violation.office_id) | (col(Officer.role) == Role.BUREAU.value))
    staff = session.exec(near.order_by(col(Officer.id))).all()
    away = absences(session, visit.now)
    free = [(o.id, o.name) for o in staff if o.id is not None and o.id != holder and o.id not in away]
    return [(id_, name) for id_, name in free if may_take(session, id_, violation, visit.now) is not None]


def carry_out(session: Session, visit: Visit, violation_id: int, step: Step, form: dict[str, str]) -> None:
    """Do what a form asks for, with ``whole`` for all that is open of the matter. Raises Invalid, Conflict, Forbidden, NotFound."""
    doing = _DOING_WHOLE[step] if form.get("whole") == "yes" and step in _DOING_WHOLE else _DOING[step]
    doing(session, visit, violation_id, number(form, "revision"), form)


def _lies_still(item: QueueItem, visit: Visit) -> bool:
    return item.claimed_until is None or visit.now >= item.claimed_until


Doing = Callable[[Session, Visit, int, int, dict[str, str]], object]


def _claim(session: Session, visit: Visit, violation_id: int, revision: int, _form: dict[str, str]) -> object:
    return reviewing.claim(session, visit.actor, violation_id, revision=revision, deadlines=Deadlines.of(visit.settings), now=visit.now)


def _release(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    note = form.get("note", "").strip()
    return reviewing.release(session, visit.actor, violation_id, revision=revision, note=note, now=visit.now)


def _note(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    terms = {"text": form.get("text", ""), "deadlines": Deadlines.of(visit.settings)}
    return reviewing.note(session, visit.actor, violation_id, revision=revision, **terms, now=visit.now)  # type: ignore[arg-type]


def _contact(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    return reviewing.contact(session, visit.actor, violation_id, revision=revision, **_contacted(visit, form), now=visit.now)


def _contacted(visit: Visit, form: dict[str, str]) -> dict[str, Any]:
    means, answer = choice(form, "means", Means), choice(form, "answer", Answer)
    whom, text = form.get("whom", ""), form.get("text", "")
    return {"means": means, "whom": whom, "answer": answer, "text": text, "deadlines": Deadlines.of(visit.settings)}


def _hand_over(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    to, reason = number(form, "to"), form.get("reason", "")
    return reviewing.hand_over(session, visit.actor, violation_id, revision=revision, to=to, reason=reason, now=visit.now)


def _decide(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    decision = choice(form, "decision", Decision)
    cause = choice(form, "cause", FalseAlarmCause) if form.get("cause") else None
    reason = form.get("reason", "")
    return reviewing.decide(
        session, visit.actor, violation_id, revision=revision, decision=decision, cause=cause, reason=reason, now=visit.now
    )


def _reopen(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    deadlines, reason = Deadlines.of(visit.settings), form.get("reason", "")
    return reviewing.reopen(session, visit.actor, violation_id, revision=revision, reason=reason, deadlines=deadlines, now=visit.now)


def _watch(session: Session, visit: Visit, violation_id: int, _revision: int, _form: dict[str, str]) -> object:
    return watching.watch(session, visit.actor, violation_id, now=visit.now)


def _unwatch(session: Session, visit: Visit, violation_id: int, _revision: int, _form: dict[str, str]) -> object:
    return watching.unwatch(session, visit.actor, violation_id)


def _claim_all(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    seen, deadlines = _seen(violation_id, revision, form), Deadlines.of(visit.settings)
    return matters.claim(session, visit.actor, number(form, "matter"), revisions=seen, deadlines=deadlines, now=visit.now)


def _contact_about_all(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    seen, terms = _seen(violation_id, revision, form), _contacted(visit, form)
    return matters.contact(session, visit.actor, number(form, "matter"), revisions=seen, **terms, now=visit.now)


def _hand_over_all(session: Session, visit: Visit, violation_id: int, revision: int, form: dict[str, str]) -> object:
    seen, to, reason = _seen(violation_id, revision, form), number(form, "to"), form.get("reason", "")
    return matters.hand_over(session, visit.actor, number(form, "matter"), revisions=seen, to=to, reason=reason, now=visit.now)


def _seen(violation_id: int, revision: int, form: dict[str, str]) -> dict[int, int]:
    """The revisions of the open violations of a matter that the page showed."""
    others = {name.removeprefix("seen-"): name for name in form if name.startswith("seen-")}
    return {violation_id: revision} | {int(id_): number(form, name) for id_, name in others.items() if id_.isdigit() and len(id_) <= 16}


_DOING_WHOLE: dict[Step, Doing] = {Step.CLAIM: _claim_all, Step.CONTACT: _contact_about_all, Step.HAND_OVER: _hand_over_all}
_DOING: dict[Step, Doing] = {
    Step.CLAIM: _claim, Step.RELEASE: _release, Step.NOTE: _note, Step.CONTACT: _contact, Step.HAND_OVER: _hand_over,
    Step.DECIDE: _decide, Step.REOPEN: _reopen, Step.WATCH: _watch, Step.UNWATCH: _unwatch,
}  # fmt: skip
