"""The audit chain: appended to, never changed, and every tampering is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from corrections.domain.model import Role
from corrections.errors import Forbidden, Invalid, NotFound
from corrections.records import audit
from corrections.records.audit import Trouble
from corrections.store.access import Actor
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, Bureau, LogDay, Office, Officer, Report, ReviewEvent, Subject, Violation

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def some_events(database: Engine, n: int = 5) -> None:
    with writing(database) as session:
        for i in range(n):
            detail = {"号": i, "share": 0.1, "huge": 1e22, "nested": [None, True, {"b": 1, "a": "文\x00字"}], "at": NOW}
            audit.record(session, "李明", "subject.change", purpose="日常核查", detail=detail, now=NOW + timedelta(seconds=i))


def without_guard(session: Session, statement: str) -> None:
    """Do what only somebody with the database in hand can do."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER audit_event_refuses_update"))
        session.execute(text("DROP TRIGGER audit_event_refuses_delete"))
    else:
        session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
    session.execute(text(statement))


def test_an_untouched_chain_has_no_fault(database: Engine) -> None:
    some_events(database)

    with reading(database) as session:
        assert audit.verify(session) == []
        assert len(session.exec(select(AuditEvent)).all()) == 5


def test_an_empty_chain_has_no_fault(database: Engine) -> None:
    with reading(database) as session:
        assert audit.verify(session) == []


@pytest.mark.parametrize(
    ("tampering", "faults"),
    [
        ("UPDATE audit_event SET actor = '王芳' WHERE id = 3", [(3, Trouble.CHANGED)]),
        ("UPDATE audit_event SET at = at + 1 WHERE id = 2", [(2, Trouble.CHANGED)]),
        ("UPDATE audit_event SET subject_id = 7 WHERE id = 4", [(4, Trouble.CHANGED)]),
        ("UPDATE audit_event SET detail = '{}' WHERE id = 4", [(4, Trouble.CHANGED)]),
        ("DELETE FROM audit_event WHERE id = 3", [(4, Trouble.BROKEN)]),
        ("DELETE FROM audit_event WHERE id = 1", [(2, Trouble.BROKEN)]),
        (
            "INSERT INTO audit_event (id, at, actor, action, purpose, origin, detail, previous_hash, hash) "
            "SELECT 0, at, actor, action, purpose, origin, detail, previous_hash, hash FROM audit_event WHERE id = 5",
            [(0, Trouble.BROKEN), (1, Trouble.BROKEN)],
        ),
        ("UPDATE audit_event SET id = 9 WHERE id = 3", [(4, Trouble.BROKEN), (9, Trouble.BROKEN)]),
    ],
)
def test_tampering_is_named_with_its_place(database: Engine, tampering: str, faults: list[tuple[int, Trouble]]) -> None:
    some_events(database)

    with writing(database) as session:
        without_guard(session, tampering)
        found = audit.verify(session)

    assert [(fault.event_id, fault.trouble) for fault in found] == faults
    assert all(fault.en and fault.zh for fault in found)


def test_a_chain_cut_at_its_end_is_found_by_a_hash_kept_elsewhere(database: Engine) -> None:
    some_events(database)
    with writing(database) as session:
        kept = audit.head(session)
        assert audit.verify(session, kept_head=kept) == []

        without_guard(session, "DELETE FROM audit_event WHERE id = 5")

        assert audit.verify(session) == []
        assert [fault.trouble for fault in audit.verify(session, kept_head=kept)] == [Trouble.CUT]


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_the_chain(database: Engine, statement: str) -> None:
    some_events(database)

    with pytest.raises(DBAPIError, match="append-only"), writing(database) as session:
        session.execute(text(statement))


def a_subject(session: Session, number: str = "S1") -> Subject:
    bureau = Bureau(code=f"B{number}", name="云溪区司法局")
    session.add(bureau)
    session.flush()
    office = Office(bureau_id=bureau.id, code=f"O{number}", name="城关司法所")
    session.add(office)
    session.flush()
    officer = Officer(office_id=office.id, login=f"l{number}", name="李明", role="officer")
    subject = Subject(
        bureau_id=bureau.id, office_id=office.id, number=number, name="甲", category="probation", level="general",
        term_from=NOW, term_until=NOW + timedelta(days=365),
    )  # fmt: skip
    session.add_all([officer, subject])
    session.flush()
    return subject


def actor_of(subject: Subject, role: Role = Role.OFFICER) -> Actor:
    return Actor(officer_id=1, name="李明", role=role, office_id=subject.office_id, bureau_id=subject.bureau_id, origin="127.0.0.1")


def test_the_other_records_cannot_be_changed_either(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session)
        session.add(
            Report(bureau_id=subject.bureau_id, subject_id=subject.id, device_id=1, fix_time=NOW, digest=1, received_at=NOW, raw=b"")
        )
        session.add(LogDay(subject_id=subject.id, day="2026-03-02", written_at=NOW))
        violation = Violation(
            bureau_id=subject.bureau_id, office_id=subject.office_id, subject_id=subject.id, rule="boundary", nature="conduct",
            severity="medium", started_at=NOW, opened_at=NOW, last_fix_at=NOW, detected_at=NOW, due_at=NOW,
        )  # fmt: skip
        session.add(violation)
        session.flush()
        session.add(ReviewEvent(violation_id=violation.id, at=NOW, kind="detected"))

    for statement in (
        "UPDATE report SET lat = 1",
        "UPDATE log_day SET day = 'x'",
        "DELETE FROM log_day",
        "UPDATE review_event SET kind = 'x'",
        "DELETE FROM review_event",
    ):
        with pytest.raises(DBAPIError, match="append-only"), writing(database) as session:
            session.execute(text(statement))
    with writing(database) as session:
        session.execute(text("DELETE FROM report"))  # the end of retention


def test_a_look_at_a_location_is_recorded_with_its_purpose(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session)
        audit.audited_location_read(session, actor_of(subject), [subject.id], " 越界核实 ", NOW)

    with reading(database) as session:
        event = session.exec(select(AuditEvent)).one()
        assert (event.actor, event.action, event.subject_id, event.purpose) == ("李明", "location.read", subject.id, "越界核实")
        assert event.origin == "127.0.0.1"


def test_a_look_at_a_location_without_a_purpose_is_refused(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session)

        with pytest.raises(Invalid) as refusal:
            audit.audited_location_read(session, actor_of(subject), [subject.id], "  ", NOW)

    assert refusal.value.field == "purpose"


def test_a_look_beyond_the_office_or_the_role_is_refused_and_not_recorded_as_done(database: Engine) -> None:
    with writing(database) as session:
        here, elsewhere = a_subject(session, "S1"), a_subject(session, "S2")

        with pytest.raises(NotFound):
            audit.audited_location_read(session, actor_of(here), [here.id, elsewhere.id], "核实", NOW)
        with pytest.raises(Forbidden):
            audit.audited_location_read(session, actor_of(here, Role.ADMINISTRATOR), [here.id], "核实", NOW)

        assert session.exec(select(AuditEvent)).all() == []
