"""禁止接触: orders that two subjects keep apart, as they are recorded and ended. Whoever is bound is told by the order, not here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.register import subject_in_reach
from corrections.records.revision import ask_patterns
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import ContactBan, Subject

DISTANCE_M = (20.0, 5_000.0)  # nearer than a phone can tell, further than anybody could mind
MINUTES = (5.0, 720.0)


def impose_contact_ban(
    session: Session,
    actor: Actor | None,
    subject_id: int,
    other_id: int,
    *,
    basis: str,
    distance_m: float,
    minutes: float,
    valid_from: datetime,
    valid_until: datetime | None = None,
    approved_by: str = "",
    now: datetime,
) -> ContactBan:
    """Record an order that two subjects of a bureau keep apart in ``[valid_from, valid_until)`` (None: until it is revoked): they are
    together when less than ``distance_m`` apart for ``minutes``. Both must be within the actor's reach: where they are of two offices,
    the bureau records it. ``approved_by`` is the actor unless said otherwise.

    Raises Invalid, Conflict (one of the two is in force at that time), Forbidden, NotFound.
    """
    subject, other = (subject_in_reach(session, actor, id_, Action.WRITE_REGISTER) for id_ in (subject_id, other_id))
    if subject_id == other_id:
        raise Invalid("An order needs two different subjects.", "禁止接触须为两名不同的对象。", field="other_id")
    if subject.bureau_id != other.bureau_id:
        raise Invalid("Both subjects must belong to one bureau.", "两名对象须属于同一司法局。", field="other_id")
    approver = approved_by.strip() or (actor.name if actor else "")
    _check(basis, approver, distance_m, minutes, valid_from, valid_until)
    _none_in_force(session, subject_id, other_id, valid_from, valid_until)
    ban = ContactBan(
        bureau_id=subject.bureau_id,
        subject_id=subject_id,
        other_id=other_id,
        basis=basis.strip(),
        distance_m=distance_m,
        minutes=minutes,
        valid_from=valid_from,
        valid_until=valid_until,
        approved_by=approver,
        approved_at=now,
    )
    session.add(ban)
    session.flush()
    _tell(session, actor, ban, "contact_ban.impose", min(valid_from, now), now)
    return ban


def revoke_contact_ban(session: Session, actor: Actor | None, ban_id: int, *, at: datetime, now: datetime) -> ContactBan:
    """End an order at ``at``; what was found before stays. Raises Conflict (it has ended), Forbidden, NotFound."""
    if actor is not None:
        actor.require(Action.WRITE_REGISTER)
    ban = session.get(ContactBan, ban_id)
    if ban is None:
        raise NotFound(f"There is no contact ban {ban_id} in your offices.", f"您所在机构没有编号 {ban_id} 的禁止接触令。")
    for subject_id in (ban.subject_id, ban.other_id):
        subject_in_reach(session, actor, subject_id, Action.WRITE_REGISTER)
    if ban.revoked_at is not None or (ban.valid_until is not None and ban.valid_until <= at):
        raise Conflict("The contact ban has already ended.", "该禁止接触令已终止。")
    ban.revoked_at = max(at, ban.valid_from)
    session.flush()
    _tell(session, actor, ban, "contact_ban.revoke", min(ban.revoked_at, now), now)
    return ban


def list_contact_bans(session: Session, actor: Actor, *, subject_id: int | None = None) -> Sequence[tuple[ContactBan, str, str]]:
    """The orders that bind somebody within the actor's reach, newest first, with the numbers of both. Raises Forbidden."""
    actor.require(Action.READ_REGISTER)
    b, one, two = ContactBan, aliased(Subject), aliased(Subject)
    reached = select(Subject.id).where(within_reach(actor, Subject))
    statement = select(b, one.number, two.number).join(one, col(one.id) == col(b.subject_id)).join(two, col(two.id) == col(b.other_id))
    statement = statement.where(or_(col(b.subject_id).in_(reached), col(b.other_id).in_(reached)))
    if subject_id is not None:
        statement = statement.where(or_(b.subject_id == subject_id, b.other_id == subject_id))
    return [(ban, number, other) for ban, number, other in session.exec(statement.order_by(col(b.id).desc()))]


def _check(basis: str, approver: str, distance_m: float, minutes: float, valid_from: datetime, valid_until: datetime | None) -> None:
    if not basis.strip():
        raise Invalid("Say what the order rests on.", "请填写禁止接触的依据。", field="basis")
    if not approver:
        raise Invalid("Say who approved it.", "请填写批准人。", field="approved_by")
    for name, value, (least, most) in (("distance_m", distance_m, DISTANCE_M), ("minutes", minutes, MINUTES)):
        if not least <= value <= most:
            raise Invalid(f"{name} must be {least:g} to {most:g}.", f"{name} 应为 {least:g} 至 {most:g}。", field=name)
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid("The order must end after it begins.", "禁止接触的截止时间必须晚于开始时间。", field="valid_until")


def _none_in_force(session: Session, subject_id: int, other_id: int, valid_from: datetime, valid_until: datetime | None) -> None:
    """Two orders about the same two at one time would make one meeting two matters."""
    b = ContactBan
    pair = or_(
        (col(b.subject_id) == subject_id) & (col(b.other_id) == other_id), (col(b.subject_id) == other_id) & (col(b.other_id) == subject_id)
    )
    for ban in session.exec(select(b).where(pair)):
        ends = [at for at in (ban.valid_until, ban.revoked_at) if at is not None]
        if (valid_until is None or ban.valid_from < valid_until) and (not ends or min(ends) > valid_from):
            raise Conflict(
                f"Contact ban {ban.id} keeps these two apart at that time; revoke it first.",
                f"两人在该期间已有编号 {ban.id} 的禁止接触令，请先撤销。",
            )


def _tell(session: Session, actor: Actor | None, ban: ContactBan, action: str, since: datetime, now: datetime) -> None:
    """Have the meetings of both looked for anew, and write it in the audit trail of both."""
    ask_patterns(session, [ban.subject_id, ban.other_id], since)
    detail: dict[str, Any] = {
        "ban": ban.id,
        "subjects": [ban.subject_id, ban.other_id],
        "distance_m": ban.distance_m,
        "minutes": ban.minutes,
    }
    detail |= {"from": ban.valid_from, "until": ban.valid_until, "revoked_at": ban.revoked_at}
    for subject_id in (ban.subject_id, ban.other_id):
        record_by(session, actor, action, subject_id=subject_id, detail=detail, now=now)
