"""What officers do with a violation: claim, release, note, contact, hand over, decide, reopen. The program itself never decides.

Each step names the ``revision`` of the violation that the officer saw and happens only where that is still the newest (compare
and set): of two who act at once one wins, and the other is told who was first. Every step leaves an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col

from corrections.domain.model import EPOCH, Decision, FalseAlarmCause, ReviewState
from corrections.errors import Conflict, Forbidden, Invalid
from corrections.review.assignment import assignment_for, may_take
from corrections.review.events import EventKind, append, last, last_steps
from corrections.review.queue import due_at
from corrections.review.roster import is_absent
from corrections.settings import Rules
from corrections.store.access import ALLOWED, Action, Actor, violation_for
from corrections.store.tables import Bureau, Officer, Violation

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


def claim(session: Session, actor: Actor, violation_id: int, *, revision: int, rules: Rules, now: datetime) -> Violation:
    """Take a violation in hand, or go on holding it. A colleague's may be taken once she has done nothing about it for
    ``rules.claim_minutes``: a claimed one that lies still comes back.

    Raises Conflict, Forbidden, NotFound.
    """
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    _require_state(violation, ReviewState.QUEUED, ReviewState.CLAIMED)
    holder = violation.claimed_by
    if holder not in (None, actor.officer_id):
        free_from = last_steps(session, [violation]).get(violation_id, EPOCH) + timedelta(minutes=rules.claim_minutes)
        if now < free_from:
            raise _held(session, violation, free_from)
    values = {"review_state": ReviewState.CLAIMED.value, "claimed_by": actor.officer_id, "new_evidence": False}
    if violation.officer_id is None:
        values["officer_id"] = actor.officer_id
    return _step(session, actor, violation, EventKind.CLAIMED, {"from": holder}, now, **values)


def release(session: Session, actor: Actor, violation_id: int, *, revision: int, note: str = "", now: datetime) -> Violation:
    """Put a claimed violation back in its owner's queue. By her who holds it, or a head. Raises Conflict, Forbidden, NotFound."""
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    _require_state(violation, ReviewState.CLAIMED)
    _require_hold(session, actor, violation)
    content = {"from": violation.claimed_by, "note": _text(note, "note") if note else ""}
    return _step(session, actor, violation, EventKind.RELEASED, content, now, **_BACK)


def note(session: Session, actor: Actor, violation_id: int, *, revision: int, text: str, now: datetime) -> Violation:
    """Add a remark, in whatever state the violation is. On a decided one that later evidence changed, a remark by the decider or a
    head says that the decision stands and takes the mark away. Raises Invalid, Conflict, Forbidden, NotFound."""
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    answers_for_it = violation.decided_by == actor.officer_id or _is_head(actor)
    stands = violation.review_state == ReviewState.DECIDED and violation.new_evidence and answers_for_it
    values = {"new_evidence": False} if stands else {}
    return _step(session, actor, violation, EventKind.NOTED, {"text": _text(text, "text")}, now, **values)


def contact(
    session: Session, actor: Actor, violation_id: int, *, revision: int, means: Means, whom: str, answer: Answer, text: str, now: datetime
) -> Violation:
    """Record an attempt to contact the subject or somebody close: how, whom, whether reached, and what was said (or why not
    reached). Raises Invalid, Conflict, Forbidden, NotFound."""
    violation = _as_seen(session, actor, violation_id, Action.REVIEW, revision)
    content = {
        "means": Means(means).value,
        "whom": _text(whom, "whom"),
        "answer": Answer(answer).value,
        "text": _text(text, "text"),
    }
    return _step(session, actor, violation, EventKind.CONTACTED, content, now)


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
    return _step(session, actor, violation, EventKind.HANDED_OVER, content, now, officer_id=to, **_BACK)


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
        "review_state": ReviewState.DECIDED.value, "claimed_by": None, "decision": content["decision"], "cause": content["cause"],
        "decided_by": actor.officer_id, "decided_at": now, "new_evidence": False,
    }  # fmt: skip
    return _step(session, actor, violation, EventKind.DECIDED, content, now, **values)


def reopen(session: Session, actor: Actor, violation_id: int, *, revision: int, reason: str, rules: Rules, now: datetime) -> Violation:
    """Put a decided violation back in the queue, assigned and due anew; the decision stays in its history. By a head.

    Raises Invalid, Conflict, Forbidden, NotFound.
    """
    violation = _as_seen(session, actor, violation_id, Action.ASSIGN, revision)
    _require_state(violation, ReviewState.DECIDED)
    chosen = assignment_for(session, violation, now)
    due = due_at(violation, rules.due, now)
    content = {"to": chosen.officer_id, "why": chosen.why, "due_at": due, "reason": _text(reason, "reason"), "decision": violation.decision}
    undone = {"decision": None, "cause": None, "decided_by": None, "decided_at": None}
    return _step(session, actor, violation, EventKind.REOPENED, content, now, officer_id=chosen.officer_id, due_at=due, **undone, **_BACK)


# ---- compare and set


_BACK = {"review_state": ReviewState.QUEUED.value, "claimed_by": None}


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
    return violation


def _overtaken(session: Session, violation: Violation) -> Conflict:
    """Who was first, with what, and how the violation stands now."""
    assert violation.id is not None
    session.refresh(violation)
    event = last(session, violation.id)
    officer = session.get(Officer, event.officer_id) if event and event.officer_id is not None else None
    who_en, who_zh = (officer.name, officer.name) if officer else ("The service", "系统")
    step = event.kind.replace("_", " ") if event else "changed"
    at = _local(session, violation, event.at) if event else ""
    en, zh = STATES[ReviewState(violation.review_state)]
    return Conflict(
        f"{who_en} was first ({step}, {at}). It is {en} now, revision {violation.revision}: look at it again before you go on.",
        f"{who_zh}已先行操作（{STEPS_ZH.get(step, step)}，{at}）。现状态：{zh}，第 {violation.revision} 版。请刷新后再操作。",
        field="revision",
    )


STEPS_ZH = {
    "detected": "发现", "assigned": "分派", "revised": "证据更新", "withdrawn": "撤回", "revived": "恢复", "notified": "提醒",
    "claimed": "认领", "released": "退回", "noted": "备注", "contacted": "联络", "handed over": "移交", "decided": "办结",
    "reopened": "重新打开",
}  # fmt: skip


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
    when = _local(session, violation, free_from) if free_from else ""
    return Conflict(
        f"{holder.name} has claimed this violation." + (f" A colleague may claim it from {when} on." if when else ""),
        f"该违规由{holder.name}核查中。" + (f"{when} 起他人可以认领。" if when else ""),
    )


def _check_taker(session: Session, violation: Violation, officer_id: int, now: datetime) -> None:
    assert violation.id is not None
    taker = may_take(session, officer_id, violation)
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


def _local(session: Session, violation: Violation, at: datetime) -> str:
    """On the bureau's wall clock."""
    zone = ZoneInfo(session.get_one(Bureau, violation.bureau_id).timezone)
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
