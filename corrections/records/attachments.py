"""附件: photos and documents beside a violation, a statement, a request for leave, a search or a check. What a file is, its content says;
content is kept once, by its SHA-256, and never changed. Who reaches what it belongs to, reaches it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from corrections.domain.casework import AttachedTo
from corrections.domain.files import agrees, clean_name, type_of
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.records.statements import statement_for
from corrections.review.deadlines import Deadlines
from corrections.review.events import EventKind, append
from corrections.review.reviewing import held
from corrections.review.telling import tell_watchers
from corrections.settings import Settings
from corrections.settings.measures import Attachments
from corrections.store.access import Action, Actor, Own, subject_for, violation_for
from corrections.store.tables import Attachment, CheckEntry, LeaveRequest, SearchCase, StoredFile, Violation

LONGEST_NOTE = 500
ACTIONS: Mapping[AttachedTo, Action] = {
    AttachedTo.VIOLATION: Action.REVIEW,
    AttachedTo.STATEMENT: Action.REVIEW,
    AttachedTo.LEAVE_REQUEST: Action.REVIEW,
    AttachedTo.SEARCH: Action.SEARCH,
    AttachedTo.CHECK_ENTRY: Action.CHECK,
}


def attach(
    session: Session,
    actor: Actor | Own,
    about: AttachedTo,
    about_id: int,
    *,
    content: bytes,
    media_type: str = "",
    name: str = "",
    note: str = "",
    settings: Settings,
    now: datetime,
) -> Attachment:
    """Put a photo or document beside something within reach; a subject, beside her own request for leave or what she stated herself.

    1. What it belongs to says whose it is. 2. The content is of a type that is taken, and what was declared (``media_type``) agrees.
    3. The content is stored once. 4. The same content beside the same thing is told.
    5. A violation's history shows it, and a claim of hers lasts anew.
    Raises Invalid (naming ``content``, ``content_type`` or ``note``), Conflict, Forbidden, NotFound.
    """
    about = AttachedTo(about)
    subject_id, row = _owner(session, actor, about, about_id)
    limits = settings.attachments
    found = _checked_type(content, media_type, limits)
    said = note.strip()
    if len(said) > LONGEST_NOTE or "\x00" in said:
        raise Invalid(f"A note has at most {LONGEST_NOTE} characters.", f"说明不得超过 {LONGEST_NOTE} 字。", field="note")
    sha256 = hashlib.sha256(content).hexdigest()
    _not_there(session, about, about_id, sha256, limits.most_each)
    _store(session, sha256, content, found, now)
    attachment = Attachment(
        subject_id=subject_id, about=about.value, about_id=about_id, sha256=sha256, name=clean_name(name, found), note=said,
        added_by=actor.officer_id if isinstance(actor, Actor) else None, added_at=now,
    )  # fmt: skip
    session.add(attachment)
    session.flush()
    detail = {"attachment": attachment.id, "about": about.value, "about_id": about_id, "sha256": sha256}
    record_by(session, actor, "attachment.add", subject_id=subject_id, detail=detail, now=now)
    if isinstance(row, Violation) and isinstance(actor, Actor):
        _shown_in(session, row, attachment, actor, Deadlines.of(settings), now)
    return attachment


def list_attachments(session: Session, actor: Actor | Own, about: AttachedTo, about_id: int) -> Sequence[tuple[Attachment, StoredFile]]:
    """What is attached to something within reach, in order, each with its stored file (its content is not read). Raises Forbidden,
    NotFound."""
    about = AttachedTo(about)
    _owner(session, actor, about, about_id)
    a = Attachment
    found = session.exec(select(a).where(a.about == about.value, a.about_id == about_id).order_by(col(a.id))).all()
    return _with_files(session, found)


def attachment_for(session: Session, actor: Actor | Own, attachment_id: int) -> Attachment:
    """The attachment, if what it belongs to is within reach. Raises Forbidden, NotFound."""
    if isinstance(actor, Actor):
        actor.require(Action.REVIEW)
    attachment = session.get(Attachment, attachment_id)
    missing = NotFound(f"There is no attachment {attachment_id} in your offices.", f"您所在机构没有编号 {attachment_id} 的附件。")
    if attachment is None:
        raise missing
    try:
        _owner(session, actor, AttachedTo(attachment.about), attachment.about_id)
    except NotFound as error:
        raise missing from error
    return attachment


def open_attachment(session: Session, actor: Actor | Own, attachment_id: int, now: datetime) -> tuple[Attachment, StoredFile]:
    """An attachment and its stored content, in a writing session: that it was opened is audited. Raises Forbidden, NotFound."""
    attachment = attachment_for(session, actor, attachment_id)
    detail = {"attachment": attachment_id, "about": attachment.about, "about_id": attachment.about_id}
    record_by(session, actor, "attachment.read", subject_id=attachment.subject_id, detail=detail, now=now)
    return attachment, session.get_one(StoredFile, attachment.sha256)


def spoiled(session: Session) -> list[str]:
    """The hashes of stored files whose content is no longer what it was."""
    f = StoredFile
    found = session.exec(select(f.sha256, f.size, f.content).order_by(f.sha256).execution_options(yield_per=20))
    return [kept for kept, size, content in found if size != len(content) or hashlib.sha256(content).hexdigest() != kept]


# ---- whose it is


def _owner(session: Session, actor: Actor | Own, about: AttachedTo, about_id: int) -> tuple[int, Any]:
    """The subject of what an attachment belongs to, and its row. Raises Forbidden, NotFound."""
    if isinstance(actor, Actor):
        actor.require(ACTIONS[about])
    row = _FIND[about](session, actor, about_id)
    return row.subject_id, row


def _violation(session: Session, actor: Actor | Own, about_id: int) -> Any:
    if isinstance(actor, Own):
        raise _missing(about_id)
    return violation_for(session, actor, about_id, Action.REVIEW)


def _statement(session: Session, actor: Actor | Own, about_id: int) -> Any:
    statement = statement_for(session, actor, about_id)
    if isinstance(actor, Own) and statement.taken_by is not None:
        raise _missing(about_id)  # what an officer took down is the officer's record
    return statement


def _of_subject(table: Any, action: Action, *, hers: bool) -> Callable[[Session, Actor | Own, int], Any]:
    """Rows that belong to a subject; ``hers``: she reaches her own herself."""

    def find(session: Session, actor: Actor | Own, about_id: int) -> Any:
        row = session.get(table, about_id)
        if row is None or (isinstance(actor, Own) and not (hers and row.subject_id == actor.subject_id)):
            raise _missing(about_id)
        if isinstance(actor, Actor):
            try:
                subject_for(session, actor, row.subject_id, action)
            except NotFound as error:
                raise _missing(about_id) from error
        return row

    return find


_FIND: Mapping[AttachedTo, Callable[[Session, Actor | Own, int], Any]] = {
    AttachedTo.VIOLATION: _violation,
    AttachedTo.STATEMENT: _statement,
    AttachedTo.LEAVE_REQUEST: _of_subject(LeaveRequest, Action.REVIEW, hers=True),
    AttachedTo.SEARCH: _of_subject(SearchCase, Action.SEARCH, hers=False),
    AttachedTo.CHECK_ENTRY: _of_subject(CheckEntry, Action.CHECK, hers=False),
}


def _missing(about_id: int) -> NotFound:
    return NotFound(
        f"There is nothing with the number {about_id} to attach to.", f"没有编号 {about_id} 的记录可添加附件。", field="about_id"
    )


# ---- what it is


def _checked_type(content: bytes, media_type: str, settings: Attachments) -> Any:
    if not content:
        raise Invalid("The file is empty: choose it again.", "文件为空，请重新选择。", field="content")
    if len(content) > settings.most_bytes:
        raise Invalid(
            f"The file has {len(content) / 1e6:.1f} MB, the limit is {settings.most_mb:g} MB: send a smaller photo or fewer pages.",
            f"文件大小为 {len(content) / 1e6:.1f} MB，上限为 {settings.most_mb:g} MB，请缩小照片或减少页数后再上传。",
            field="content",
        )
    found = type_of(content)
    if found is None:
        raise Invalid(
            "Only JPEG, PNG and HEIC photos and PDF documents are taken, whatever the file's name: save it as one of these.",
            "只接受 JPEG、PNG、HEIC 照片和 PDF 文档（按内容识别，与文件名无关），请另存为这些格式后再上传。",
            field="content",
        )
    if not agrees(media_type, found):
        raise Invalid(
            f"The file is {found}, but was declared as {media_type[:80]}: declare what it is.",
            f"文件内容为 {found}，与所声明的类型（{media_type[:80]}）不符，请按实际类型上传。",
            field="content_type",
        )
    return found


def _not_there(session: Session, about: AttachedTo, about_id: int, sha256: str, most: int) -> None:
    a = Attachment
    beside = select(func.count()).select_from(a).where(a.about == about.value, a.about_id == about_id)
    if session.exec(beside.where(a.sha256 == sha256)).one():
        raise Conflict("This file is attached already.", "该文件已作为附件添加。", field="content")
    if session.exec(beside).one() >= most:
        raise Conflict(f"{most} files are attached already.", f"已有 {most} 个附件，不能再添加。")


def _shown_in(session: Session, violation: Violation, attachment: Attachment, actor: Actor, deadlines: Deadlines, now: datetime) -> None:
    """Have a violation's history show the attachment, and its watchers hear of it; of her who holds the violation, it keeps her claim."""
    v, said = Violation, f"{attachment.name}  {attachment.note}".strip()
    append(
        session,
        violation,
        EventKind.ATTACHED,
        {"attachment": attachment.id, "sha256": attachment.sha256, "text": said},
        now,
        actor.officer_id,
    )
    if kept := held(actor, violation, deadlines, now):
        session.execute(update(v).where(col(v.id) == violation.id, col(v.claimed_by) == actor.officer_id).values(**kept))
    tell_watchers(session, violation, EventKind.ATTACHED, now, but=(actor.officer_id,))


def _store(session: Session, sha256: str, content: bytes, media_type: str, now: datetime) -> None:
    """Keep the content where it is not kept yet; of two who bring the same at once one keeps it."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"sha256": sha256, "size": len(content), "media_type": str(media_type), "content": content, "stored_at": now}
    session.execute(insert(StoredFile).values(**row).on_conflict_do_nothing(index_elements=["sha256"]))


def _with_files(session: Session, found: Sequence[Attachment]) -> list[tuple[Attachment, StoredFile]]:
    f = StoredFile
    wanted = select(f).where(col(f.sha256).in_({one.sha256 for one in found})).options(defer(f.content))  # type: ignore[arg-type]
    files = {one.sha256: one for one in session.exec(wanted)}
    return [(one, files[one.sha256]) for one in found]
