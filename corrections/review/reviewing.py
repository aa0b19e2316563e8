"""What officers do with a violation: claim, release, note, contact, hand over, decide, reopen. The program itself never decides.

Each step names the ``revision`` of the violation that the officer saw and happens only where that is still the newest (compare
and set): of two who act at once one wins, and the other is told who was first. Every step leaves an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from corrections.domain.model import Decision, FalseAlarmCause, NoticeKind, ReviewState
from corrections.errors import Conflict, Forbidden, Invalid
from corrections.review import queue, telling
from corrections.review.assignment import Why, may_take
from corrections.review.deadlines import Deadlines
from corrections.review.events import IN_WORDS, EventKind, append, last
from corrections.review.roster import is_absent
from corrections.review.telling import local
from corrections.store.access import ALLOWED, Action, Actor, violation_for
from corrections.store.tables import Officer, Violation

LONGEST_TEXT = 5000

STATES = {
    ReviewState.QUEUED: ("waiting", "待核查"),
    ReviewState.CLAIMED: ("claimed", "核查中"),
    ReviewState.DECIDED: ("decided", "已办结"),
    ReviewState.WITHDRAWN: ("withdrawn", "已撤回"),
}


class Means(StrEnum):
    """How somebody was contacted."""

    PHONE = "phone"  # 电话
    MESSAGE = "message"  # 短信、微信
    VIDEO = "video"  # 视频
    VISIT = "visit"  # 实地查访
    OTHER = "other"


class Answer(StrEnum):
    REACHED = "reached"
    NOT_REACHED = "not_reached"


def claim(session: Session, actor: Actor, violation_id: int, *, revision: int, deadlines: Deadlines, now: datetime) -> Violation:
    """Take a violation in hand, or go on holding it. A claim lasts until nothing was done about it for a time that the settings say; then
    a colleague may take it: a claimed one that lies still comes back.

    Raises Conflict, Forbidden, NotFound.
    """
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    _require_state(violation, ReviewState.QUEUED, ReviewState.CLAIMED)
    holder, until = violation.claimed_by, violation.claimed_until
    if holder not in (None, actor.officer_id) and until is not None and now < until:
        raise _held(session, violation, until)
    values: dict[str, Any] = {
        "review_state": ReviewState.CLAIMED.value, "claimed_by": actor.officer_id, "claimed_until": deadlines.claimed_until(now),
        "new_evidence": False,
    }  # fmt: skip
    if violation.officer_id is None:
        values |= {"officer_id": actor.officer_id, "assigned_why": Why.TAKEN.value}
    _step(session, actor, violation, EventKind.CLAIMED, {"from": holder}, now, **values)
    telling.end(session, violation, telling.WAITING, now)
    return violation


def release(session: Session, actor: Actor, violation_id: int, *, revision: int, note: str = "", now: datetime) -> Violation:
    """Put a claimed violation back in its owner's queue. By her who holds it, or a head. Raises Conflict, Forbidden, NotFound."""
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    _require_state(violation, ReviewState.CLAIMED)
    _require_hold(session, actor, violation)
    content = {"from": violation.claimed_by, "note": _text(note, "note") if note else ""}
    _step(session, actor, violation, EventKind.RELEASED, content, now, **_BACK)
    if violation.officer_id != actor.officer_id:
        telling.tell_owner(session, violation, NoticeKind.ASSIGNED, now)
    return violation


def note(session: Session, actor: Actor, violation_id: int, *, revision: int, text: str, deadlines: Deadlines, now: datetime) -> Violation:
    """Add a remark, in whatever state the violation is; of her who holds it, it keeps her claim. On a decided one that later evidence
    changed, a remark by the decider or a head says that the decision stands and takes the mark away. Raises Invalid, Conflict,
    Forbidden, NotFound."""
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    answers_for_it = violation.decided_by == actor.officer_id or _is_head(actor)
    stands = violation.review_state == ReviewState.DECIDED and violation.new_evidence and answers_for_it
    values = ({"new_evidence": False} if stands else {}) | held(actor, violation, deadlines, now)
    return _step(session, actor, violation, EventKind.NOTED, {"text": _text(text, "text")}, now, **values)


def contact(
    session: Session,
    actor: Actor,
    violation_id: int,
    *,
    revision: int,
    means: Means,
    whom: str,
    answer: Answer,
    text: str,
    deadlines: Deadlines,
    now: datetime,
) -> Violation:
    """Record an attempt to contact the subject or somebody close: how, whom, whether reached, and what was said (or why not
    reached). Of her who holds the violation, it keeps her claim. Raises Invalid, Conflict, Forbidden, NotFound."""
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    content = {
        "means": Means(means).value,
        "whom": _text(whom, "whom"),
        "answer": Answer(answer).value,
        "text": _text(text, "text"),
    }
    return _step(session, actor, violation, EventKind.CONTACTED, content, now, **held(actor, violation, deadlines, now))


def hand_over(session: Session, actor: Actor, violation_id: int, *, revision: int, to: int, reason: str, now: datetime) -> Violation:
    """Give a violation to another officer who may review it. By its owner while it waits, by her who holds it while it is claimed,
    by a head at any time. Raises Invalid (no reason; an officer who cannot take it), Conflict, Forbidden, NotFound."""
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    _require_state(violation, ReviewState.QUEUED, ReviewState.CLAIMED)
    holder = violation.claimed_by if violation.review_state == ReviewState.CLAIMED else violation.officer_id
    if holder != actor.officer_id and not _is_head(actor):
        raise Forbidden(
            "Only the officer who holds it, an office head or the bureau hands it over.", "只有承办人、司法所所长或司法局可以移交。"
        )
    _check_taker(session, violation, to, now)
    content = {"from": holder, "to": to, "reason": _text(reason, "reason")}
    values = {"officer_id": to, "assigned_why": Why.HANDED_OVER.value}
    _step(session, actor, violation, EventKind.HANDED_OVER, content, now, **values, **_BACK)
    telling.end(session, violation, (*telling.WAITING, NoticeKind.DUE_SOON), now)
    if to != actor.officer_id:
        telling.tell_owner(session, violation, NoticeKind.HANDED_OVER, now)
    return violation


def decide(
    session: Session,
    actor: Actor,
    violation_id: int,
    *,
    revision: int,
    decision: Decision,
    cause: FalseAlarmCause | None = None,
    reason: str,
    now: datetime,
) -> Violation:
    """Close a violation with a decision and its reason, and for a false alarm its cause. By her who claimed it, or a head.

    Raises Invalid, Conflict (not claimed by the actor; somebody was first), Forbidden, NotFound.
    """
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    decision = Decision(decision)
    if (decision is Decision.FALSE_ALARM) != (cause is not None):
        raise Invalid(
            "A false alarm needs its cause; another decision has none.", "认定误报须选择误报原因；其他结论不填误报原因。", field="cause"
        )
    _require_state(violation, ReviewState.QUEUED, ReviewState.CLAIMED)
    if not _is_head(actor):
        _require_state(violation, ReviewState.CLAIMED)
        _require_hold(session, actor, violation)
    content = {"decision": decision.value, "cause": FalseAlarmCause(cause).value if cause else None, "reason": _text(reason, "reason")}
    values = {
        "review_state": ReviewState.DECIDED.value, "decision": content["decision"], "cause": content["cause"],
        "decided_by": actor.officer_id, "decided_at": now, "new_evidence": False,
    }  # fmt: skip
    _step(session, actor, violation, EventKind.DECIDED, content, now, **values, **queue.OVER)
    telling.end(session, violation, telling.REVIEW, now)
    return violation


def reopen(
    session: Session, actor: Actor, violation_id: int, *, revision: int, reason: str, deadlines: Deadlines, now: datetime
) -> Violation:
    """Put a decided violation back in the queue, assigned and due anew; the decision stays in its history. By a head.

    Raises Invalid, Conflict, Forbidden, NotFound.
    """
    violation = _as_seen(session, actor, violation_id, Action.ASSIGN, revision)
    _require_state(violation, ReviewState.DECIDED)
    content = {"reason": _text(reason, "reason"), "decision": violation.decision}
    undone = {"decision": None, "cause": None, "decided_by": None, "decided_at": None}
    again = queue.anew(session, violation, deadlines, now)
    content |= {"to": again["officer_id"], "why": again["assigned_why"], "due_at": again["due_at"]}
    _step(session, actor, violation, EventKind.REOPENED, content, now, **undone, **again)
    queue.announce(session, violation, deadlines, now)
    return violation


def held(actor: Actor, violation: Violation, deadlines: Deadlines, now: datetime) -> dict[str, Any]:
    """What a step of the actor does to a claim: of her who holds it, it lasts anew."""
    return {"claimed_until": deadlines.claimed_until(now)} if violation.claimed_by == actor.officer_id else {}


# ---- compare and set


_BACK = {"review_state": ReviewState.QUEUED.value, "claimed_by": None, "claimed_until": None}


def _as_seen(session: Session, actor: Actor, violation_id: int, action: Action, revision: int) -> Violation:
    """The violation, if the actor may act on it and has seen its newest revision."""
    violation = violation_for(session, actor, violation_id, action)
    if violation.revision != revision:
        raise _overtaken(session, violation)
    return violation


def _step(
    session: Session, actor: Actor, violation: Violation, kind: EventKind, content: Mapping[str, Any], now: datetime, **values: Any
) -> Violation:
    """Change the row that was seen, and leave an event; where it is no longer the same row, raise Conflict instead."""
    v = Violation
    guarded = update(v).where(col(v.id) == violation.id, col(v.revision) == violation.revision)
    done = session.execute(guarded.values(revision=v.revision + 1, **values), execution_options={"synchronize_session": False})
    if done.rowcount == 0:  # type: ignore[attr-defined]
        raise _overtaken(session, violation)
    session.refresh(violation)
    append(session, violation, kind, content, now, actor.officer_id)
    telling.tell_watchers(session, violation, kind, now, but=(actor.officer_id,))
    return violation


def _overtaken(session: Session, violation: Violation) -> Conflict:
    """Who was first, with what, and how the violation stands now."""
    assert violation.id is not None
    session.refresh(violation)
    event = last(session, violation.id)
    officer = session.get(Officer, event.officer_id) if event and event.officer_id is not None else None
    who_en, who_zh = (officer.name, officer.name) if officer else ("The service", "系统")
    step_zh, step_en = IN_WORDS[EventKind(event.kind)] if event else ("变更", "changed")
    at = local(session, violation, event.at) if event else ""
    en, zh = STATES[ReviewState(violation.review_state)]
    return Conflict(
        f"{who_en} was first ({step_en}, {at}). It is {en} now, revision {violation.revision}: look at it again before you go on.",
        f"{who_zh}已先行操作（{step_zh}，{at}）。现状态：{zh}，第 {violation.revision} 版。请刷新后再操作。",
        field="revision",
    )


# ---- checks


def _require_state(violation: Violation, *states: ReviewState) -> None:
    if violation.review_state not in states:
        en, zh = STATES[ReviewState(violation.review_state)]
        needed_en, needed_zh = " or ".join(STATES[s][0] for s in states), "或".join(STATES[s][1] for s in states)
        raise Conflict(f"The violation is {en}; this needs it {needed_en}.", f"该违规当前为“{zh}”，须为“{needed_zh}”方可操作。")


def _require_hold(session: Session, actor: Actor, violation: Violation) -> None:
    if violation.claimed_by != actor.officer_id and not _is_head(actor):
        raise _held(session, violation, None)


def _held(session: Session, violation: Violation, free_from: datetime | None) -> Conflict:
    holder = session.get_one(Officer, violation.claimed_by)
    when = local(session, violation, free_from) if free_from else ""
    return Conflict(
        f"{holder.name} has claimed this violation." + (f" A colleague may claim it from {when} on." if when else ""),
        f"该违规由{holder.name}核查中。" + (f"{when} 起他人可以认领。" if when else ""),
    )


def _check_taker(session: Session, violation: Violation, officer_id: int, now: datetime) -> None:
    assert violation.id is not None
    taker = may_take(session, officer_id, violation, now)
    if taker is None or is_absent(session, officer_id, now):
        raise Invalid(
            "Choose an officer who is on duty and may review this office's violations.",
            "请选择在岗、未请假且有权核查本所违规的工作人员。",
            field="to",
        )
    if officer_id == violation.officer_id and violation.claimed_by in (None, officer_id):
        raise Invalid("The violation is hers already.", "该违规已由其承办。", field="to")


def _is_head(actor: Actor) -> bool:
    return actor.role in ALLOWED[Action.ASSIGN]


def _text(value: str, name: str) -> str:
    value = value.strip()
    if not value:
        raise Invalid(f"{name} must not be empty.", "请填写内容，不得为空。", field=name)
    if len(value) > LONGEST_TEXT or "\x00" in value:
        raise Invalid(f"{name} has at most {LONGEST_TEXT} characters of text.", f"内容不得超过 {LONGEST_TEXT} 个字符。", field=name)
    return value
