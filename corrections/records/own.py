"""The link by which a subject opens her own view on her phone: made at the desk, shown once, ended by time, by hand or by the next one.

The link stands for the subject. Whoever opens it is audited as her, once a visit; that one was made, and a copy taken, is among what
she is shown of her record, so that she would see that somebody else used it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from corrections.domain.model import SubjectStatus
from corrections.errors import Conflict, LinkEnded, NotFound, Unauthenticated
from corrections.records.audit import record_by
from corrections.records.register import subject_in_reach
from corrections.settings.portal import Portal
from corrections.store.access import Action, Actor, Own
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.tables import OwnLink, Subject

PAGE = "/me"
QUIET = 4  # modules of white about a QR code (ISO/IEC 18004)


def make_link(
    session: Session, actor: Actor | None, subject_id: int, portal: Portal, now: datetime, *, keep_others: bool = False
) -> tuple[OwnLink, str]:
    """A link for a subject within reach, and its token, which is told this once. The links before it end unless ``keep_others``.

    By those alone who may see her location, as the link shows it. Raises Conflict (the term is over for too long, or she has died),
    Forbidden, NotFound.
    """
    subject = subject_in_reach(session, actor, subject_id, Action.READ_LOCATION)
    expires_at = subject.term_until + timedelta(days=portal.days_after_term)
    if expires_at <= now or subject.status == SubjectStatus.DECEASED:
        raise Conflict("Supervision is over: there is nothing more to open a view on.", "监管已结束，不能再生成本人查询链接。")
    if not keep_others:
        _end(session, subject_id, now)
    token = new_credential()
    link = OwnLink(
        subject_id=subject_id,
        token_hash=hash_credential(token),
        created_by=actor.officer_id if actor else None,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(link)
    session.flush()
    record_by(session, actor, "own_link.make", subject_id=subject_id, detail={"link": link.id, "until": expires_at}, now=now)
    return link, token


def links_of(session: Session, actor: Actor | None, subject_id: int) -> Sequence[OwnLink]:
    """A subject's links, newest first, ended ones included. Raises Forbidden, NotFound."""
    subject_in_reach(session, actor, subject_id, Action.READ_LOCATION)
    return session.exec(select(OwnLink).where(OwnLink.subject_id == subject_id).order_by(col(OwnLink.id).desc())).all()


def revoke_link(session: Session, actor: Actor | None, link_id: int, now: datetime) -> OwnLink:
    """End a link at once. Raises Conflict (it has ended), Forbidden, NotFound."""
    if actor is not None:
        actor.require(Action.READ_LOCATION)
    link = session.get(OwnLink, link_id)
    if link is None:
        raise NotFound(f"There is no link {link_id} in your offices.", f"您所在机构没有编号 {link_id} 的本人查询链接。")
    subject_in_reach(session, actor, link.subject_id, Action.READ_LOCATION)
    if link.revoked_at is not None or link.expires_at <= now:
        raise Conflict("The link has already ended.", "该链接已失效。")
    link.revoked_at = now
    record_by(session, actor, "own_link.revoke", subject_id=link.subject_id, detail={"link": link_id}, now=now)
    return link


def address_of(token: str, base: str) -> str:
    """What the phone opens; ``base`` is ``https://HOST`` without a slash at its end."""
    return f"{base}{PAGE}/{token}"


def qr_svg(address: str) -> str:
    """The address as a QR code: an SVG element, black on white, to be scanned from a screen or from paper."""
    made = io.BytesIO()
    import segno  # 4 MB, for what is seldom done

    segno.make(address, error="m", micro=False).save(made, kind="svg", xmldecl=False, border=QUIET, scale=6, light="#fff", omitsize=True)
    return made.getvalue().decode("utf-8").strip()


# ---- who opens one


def own_by_token(session: Session, token: str, now: datetime, origin: str = "") -> Own:
    """The subject who asks with this token. It is looked up by its hash alone, so that the time taken tells nothing of it.

    Raises Unauthenticated (there is no such link), LinkEnded.
    """
    link = _link(session, token)
    if link is None:
        raise Unauthenticated(
            "This link is not known. Scan the code again, or ask your officer for a new one.",
            "这个链接无法识别。请重新扫码，或向工作人员要一个新的。",
        )
    if link.revoked_at is not None or link.expires_at <= now:
        raise LinkEnded("This link has ended. Ask your officer for a new one.", "这个链接已经失效。请向工作人员要一个新的。")
    return Own(link.subject_id, origin)


def visit_is_new(session: Session, token: str, portal: Portal, now: datetime) -> bool:
    """Whether opening the view now is a visit that is to be recorded."""
    link = _link(session, token)
    return link is not None and (link.last_used_at is None or link.last_used_at <= now - timedelta(minutes=portal.view_minutes))


def record_visit(session: Session, own: Own, token: str, portal: Portal, now: datetime) -> bool:
    """Record that she looks at her own record, unless this visit stands in the audit trail already; whether it was recorded."""
    before = now - timedelta(minutes=portal.view_minutes)
    due = col(OwnLink.last_used_at).is_(None) | (col(OwnLink.last_used_at) <= before)
    guarded = update(OwnLink).where(col(OwnLink.token_hash) == hash_credential(token), due).values(last_used_at=now)
    if session.execute(guarded, execution_options={"synchronize_session": False}).rowcount == 0:  # type: ignore[attr-defined]
        return False
    record_by(session, own, "own.view", now=now)
    return True


def own_subject(session: Session, own: Own) -> Subject:
    """The subject who asks about herself."""
    return session.get_one(Subject, own.subject_id)


def _link(session: Session, token: str) -> OwnLink | None:
    return session.exec(select(OwnLink).where(OwnLink.token_hash == hash_credential(token))).first()


def _end(session: Session, subject_id: int, now: datetime) -> None:
    """The links that still open end."""
    live = update(OwnLink).where(col(OwnLink.subject_id) == subject_id, col(OwnLink.revoked_at).is_(None), col(OwnLink.expires_at) > now)
    session.execute(live.values(revoked_at=now))
