"""Photos and documents: taken by what they are, kept once, for those who reach what they belong to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from corrections.domain.casework import AttachedTo, LeaveKind, LeaveReason
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import attachments, leave, soundness, statements
from corrections.records.soundness import State
from corrections.review import reviewing
from corrections.review.reviewing import Means
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.store.database import writing
from corrections.store.tables import Attachment, AuditEvent, CheckEntry, CheckRound, SearchCase, StoredFile
from tests.review.scene import DEADLINES, NOW, a_subject, a_violation, an_actor, kinds, last_event, settle

SETTINGS = Settings()
OWN = Own(1, "phone")
PNG, PDF = b"\x89PNG\r\n\x1a\n" + b"1" * 20, b"%PDF-1.7 x"
KINDS = list(AttachedTo)


@pytest.fixture
def office(database: Engine) -> Engine:
    """One of each that attachments belong to, of subject 1, all with the number 1; and her own statement, 2."""
    with writing(database) as session:
        a_violation(session, settle(session))
        a_subject(session, "S2", office_id=2, officer="zhao")
        officer = an_actor(session, "liming")
        statements.record_statement(session, officer, 1, text="在家", means=Means.PHONE, settings=SETTINGS, now=NOW)
        statements.record_statement(session, OWN, 1, text="在医院", settings=SETTINGS, now=NOW)
        wanted = leave.Wanted(LeaveKind.LEAVE, LeaveReason.MEDICAL, "省城", NOW + timedelta(days=9), NOW + timedelta(days=10))
        leave.request_leave(session, OWN, 1, wanted, settings=SETTINGS, now=NOW)
        session.add(SearchCase(bureau_id=1, office_id=1, subject_id=1, opened_by=1, opened_at=NOW, reason="失联"))
        session.add(CheckRound(bureau_id=1, office_id=1, officer_id=1, schedule="", slot_at=NOW, opened_at=NOW, due_at=NOW))
        session.flush()
        session.add(CheckEntry(round_id=1, subject_id=1))
    return database


def attach(
    session: Session, by: str | Own = "liming", about: AttachedTo = AttachedTo.VIOLATION, about_id: int = 1, **changes: Any
) -> Attachment:
    actor = by if isinstance(by, Own) else an_actor(session, by)
    terms: dict[str, Any] = {"content": PNG, "media_type": "image/png", "name": "现场.png", "note": "正门", "now": NOW} | changes
    return attachments.attach(session, actor, about, about_id, settings=SETTINGS, **terms)


@pytest.mark.parametrize("about", KINDS)
def test_it_is_attached_and_opened_by_who_reaches_what_it_belongs_to(office: Engine, about: AttachedTo) -> None:
    with writing(office) as session:
        made = attach(session, about=about)
        found = attachments.list_attachments(session, an_actor(session, "head"), about, 1)
        opened, file = attachments.open_attachment(session, an_actor(session, "bureau"), made.id, NOW)
        actions = session.exec(select(AuditEvent.action).where(AuditEvent.subject_id == 1)).all()

        assert (made.subject_id, made.name, made.added_by) == (1, "现场.png", 1)
        assert [(one.id, kept.size, kept.media_type) for one, kept in found] == [(made.id, len(PNG), "image/png")]
        assert (opened.id, file.content) == (made.id, PNG)
        assert actions[-2:] == ["attachment.add", "attachment.read"]


@pytest.mark.parametrize("about", KINDS)
def test_beyond_the_office_it_is_not_there(office: Engine, about: AttachedTo) -> None:
    with writing(office) as session:
        made = attach(session, about=about)
        zhao = an_actor(session, "zhao")
        for act in (
            lambda: attach(session, "zhao", about),
            lambda: attachments.list_attachments(session, zhao, about, 1),
            lambda: attachments.open_attachment(session, zhao, made.id, NOW),
            lambda: attach(session, about=about, about_id=77),
        ):
            with pytest.raises(NotFound):
                act()
        for login in ("auditor", "admin"):
            with pytest.raises(Forbidden):
                attachments.open_attachment(session, an_actor(session, login), made.id, NOW)


@pytest.mark.parametrize(
    ("about", "about_id", "hers"),
    [
        (AttachedTo.LEAVE_REQUEST, 1, True),
        (AttachedTo.STATEMENT, 2, True),
        (AttachedTo.STATEMENT, 1, False),  # an officer took it down
        (AttachedTo.VIOLATION, 1, False),
        (AttachedTo.SEARCH, 1, False),
        (AttachedTo.CHECK_ENTRY, 1, False),
    ],
)
def test_she_attaches_to_her_own_request_and_statement_alone(office: Engine, about: AttachedTo, about_id: int, hers: bool) -> None:
    with writing(office) as session:
        if hers:
            assert attach(session, OWN, about, about_id).added_by is None
        for own in (Own(2), *(() if hers else (OWN,))):
            with pytest.raises(NotFound):
                attach(session, own, about, about_id)


def test_a_violation_s_history_shows_it(office: Engine) -> None:
    with writing(office) as session:
        violation = a_violation(session, a_subject(session, "S3"))
        attach(session, about_id=violation.id)

        assert kinds(session, violation)[-1] == "attached"
        assert last_event(session, violation).content["text"] == "现场.png  正门"


def test_attaching_keeps_the_claim_of_her_who_holds_it(office: Engine) -> None:
    later = NOW + timedelta(minutes=20)
    with writing(office) as session:
        violation = reviewing.claim(session, an_actor(session, "liming"), 1, revision=1, deadlines=DEADLINES, now=NOW)
        first = violation.claimed_until
        attach(session, "wangfang", content=PDF, media_type="", now=later)
        session.refresh(violation)
        assert violation.claimed_until == first
        attach(session, now=later)
        session.refresh(violation)

        assert (violation.claimed_until, violation.revision) == (DEADLINES.claimed_until(later), 2)


def test_the_same_content_is_stored_once_and_beside_one_thing_once(office: Engine) -> None:
    with writing(office) as session:
        for about in KINDS:
            attach(session, about=about)
        with pytest.raises(Conflict, match="already"):
            attach(session, name="other.png")

        assert session.exec(select(func.count()).select_from(StoredFile)).one() == 1
        assert session.exec(select(func.count()).select_from(Attachment)).one() == len(KINDS)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content": b""}, "content"),
        ({"content": b"<html>", "media_type": "text/html"}, "content"),
        ({"content": PDF}, "content_type"),
        ({"content": PNG + b"x" * SETTINGS.attachments.most_bytes}, "content"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_field(office: Engine, changes: dict[str, Any], field: str) -> None:
    with writing(office) as session:
        with pytest.raises(Invalid) as fault:
            attach(session, **changes)

        assert fault.value.field == field
        assert session.exec(select(func.count()).select_from(StoredFile)).one() == 0


def test_so_many_at_most(office: Engine) -> None:
    with writing(office) as session:
        for number in range(SETTINGS.attachments.most_each):
            attach(session, content=PNG + bytes([number]))
        with pytest.raises(Conflict, match="20 files"):
            attach(session)


def test_content_that_was_changed_is_found(office: Engine) -> None:
    def check(session: Session) -> soundness.Check:
        return next(one for one in soundness.checks(session, SETTINGS, NOW) if one.name == "attachments")

    with writing(office) as session:
        attach(session)
        assert check(session).state is State.OK
        session.add(StoredFile(sha256="0" * 64, size=len(PNG), media_type="image/png", content=PNG, stored_at=NOW))

        assert (check(session).state, check(session).concerns) == (State.WRONG, ["0" * 64])
