"""The register: who may be located, on what ground, and what a change asks of the monitor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.model import Category, Level, Role, SubjectStatus
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import permits, register
from corrections.records.permits import Basis, Ground
from corrections.records.revision import ask_revision
from corrections.settings import Rules
from corrections.store.access import Actor
from corrections.store.credentials import hash_credential
from corrections.store.database import writing
from corrections.store.tables import AuditEvent, Device, Office, StreamPosition, Subject, SubjectState

NOW = datetime(2026, 3, 2, tzinfo=UTC)
RULES = Rules()


def offices(session: Session, n: int = 2) -> list[Office]:
    bureau = register.create_bureau(session, None, code="YX", name="云溪区司法局", now=NOW)
    return [register.create_office(session, None, bureau_id=bureau.id, code=f"YX{i}", name=f"第{i}司法所", now=NOW) for i in range(n)]


def a_subject(session: Session, office: Office, number: str = "S1", category: Category = Category.PROBATION) -> Subject:
    return register.create_subject(
        session, None, office_id=office.id, number=number, name="甲", category=category, level=Level.GENERAL,
        term_from=NOW - timedelta(days=10), term_until=NOW + timedelta(days=365), now=NOW,
    )  # fmt: skip


def an_actor(office: Office, role: Role) -> Actor:
    return Actor(officer_id=7, name="李明", role=role, office_id=office.id, bureau_id=office.bureau_id)


def state_of(session: Session, subject: Subject) -> SubjectState:
    session.expire_all()
    return session.get_one(SubjectState, subject.id)


def grant(session: Session, subject: Subject, actor: Actor | None = None, **changes: object) -> None:
    terms = {
        "basis": Basis.ARTICLE26, "valid_from": NOW - timedelta(days=5), "valid_until": NOW + timedelta(days=60),
        "approved_by": "王局长", "approved_on": NOW - timedelta(days=6),
    } | changes  # fmt: skip
    permits.grant_authority(session, actor, subject.id, **terms, rules=RULES, now=NOW)


def test_a_bureau_gets_its_place_in_the_stream(database: Engine) -> None:
    with writing(database) as session:
        bureau = register.create_bureau(session, None, code="YX", name="云溪区司法局", now=NOW)

        assert session.get_one(StreamPosition, bureau.id).position == 0


def test_a_number_is_given_once(database: Engine) -> None:
    with writing(database) as session:
        office, _ = offices(session)
        a_subject(session, office)

        with pytest.raises(Conflict) as refusal:
            a_subject(session, office, " S1 ")

    assert refusal.value.field == "number"


@pytest.mark.parametrize(
    ("role", "own", "error"),
    [
        (Role.OFFICE_HEAD, True, None),
        (Role.BUREAU, False, None),
        (Role.ADMINISTRATOR, False, None),
        (Role.OFFICE_HEAD, False, NotFound),
        (Role.OFFICER, True, Forbidden),
        (Role.AUDITOR, True, Forbidden),
    ],
)
def test_the_register_is_written_by_the_heads_within_their_reach(
    database: Engine, role: Role, own: bool, error: type[CorrectionsError] | None
) -> None:
    with writing(database) as session:
        here, there = offices(session)
        subject = a_subject(session, here)
        actor = an_actor(here if own else there, role)

        if error is None:
            register.change_subject(session, actor, subject.id, phone="13800000000", now=NOW)
            assert session.get_one(Subject, subject.id).phone == "13800000000"
        else:
            with pytest.raises(error):
                register.change_subject(session, actor, subject.id, phone="13800000000", now=NOW)


def test_an_office_of_another_bureau_is_out_of_reach(database: Engine) -> None:
    with writing(database) as session:
        office, _ = offices(session)
        other = register.create_bureau(session, None, code="QT", name="其他司法局", now=NOW)
        stranger = Actor(8, "王芳", Role.ADMINISTRATOR, office_id=99, bureau_id=other.id)

        with pytest.raises(NotFound):
            register.change_office(session, stranger, office.id, name="改名", now=NOW)
        with pytest.raises(Forbidden):
            register.create_office(session, stranger, bureau_id=office.bureau_id, code="X", name="新所", now=NOW)


def test_a_device_credential_is_shown_once_and_stored_hashed(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])

        device, credential = register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)

        assert device.credential_hash == hash_credential(credential)
        assert credential not in str(session.exec(select(AuditEvent)).all())


def test_a_rotated_credential_replaces_the_old(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])
        device, old = register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)

        new = register.rotate_credential(session, None, device.id, now=NOW)

        assert new != old
        assert session.get_one(Device, device.id).credential_hash == hash_credential(new)


@pytest.mark.parametrize(("interval_s", "hours"), [(600, 24), (86_400, 72)])
def test_an_enrolled_device_is_expected_within_a_day_or_the_silence_rule(database: Engine, interval_s: int, hours: int) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])

        register.enrol_device(session, None, subject.id, identifier="P1", interval_s=interval_s, rules=RULES, now=NOW)

        state = state_of(session, subject)
        assert state.expected_by == NOW + timedelta(hours=hours)
        assert state.bureau_id == subject.bureau_id


def test_a_revoked_last_device_is_no_longer_expected(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])
        first, _ = register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)
        second, _ = register.enrol_device(session, None, subject.id, identifier="P2", rules=RULES, now=NOW)

        register.revoke_device(session, None, first.id, now=NOW)
        assert state_of(session, subject).expected_by is not None
        register.revoke_device(session, None, second.id, now=NOW)
        assert state_of(session, subject).expected_by is None


def test_one_who_is_never_located_gets_neither_device_nor_authority(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0], category=Category.RELEASED)

        with pytest.raises(Conflict, match="never located"):
            register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)
        with pytest.raises(Conflict) as refusal:
            grant(session, subject, basis=Basis.CONSENT)

    assert refusal.value.field == "category"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"basis": Basis.ARTICLE29}, "ground"),
        ({"basis": Basis.ARTICLE26, "ground": Ground.PENALISED}, "ground"),
        ({"basis": Basis.CONSENT}, "basis"),
        ({"approved_by": " "}, "approved_by"),
        ({"approved_on": NOW}, "valid_from"),
        ({"valid_until": NOW - timedelta(days=5)}, "valid_until"),
    ],
)
def test_an_authority_that_lacks_something_is_refused(database: Engine, changes: dict[str, object], field: str) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])

        with pytest.raises(Invalid) as refusal:
            grant(session, subject, **changes)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("start", "end", "allowed"),
    [
        ("2026-01-01T00:00+08:00", "2026-04-01T00:00+08:00", True),
        ("2026-01-01T00:00+08:00", "2026-04-01T00:00:01+08:00", False),
        ("2025-11-30T00:00+08:00", "2026-02-28T00:00+08:00", True),
        ("2025-11-30T00:00+08:00", "2026-03-01T00:00+08:00", False),
    ],
)
def test_a_positioning_device_ends_within_three_calendar_months(database: Engine, start: str, end: str, allowed: bool) -> None:
    begins, ends = datetime.fromisoformat(start).astimezone(UTC), datetime.fromisoformat(end).astimezone(UTC)
    terms = {
        "basis": Basis.ARTICLE29,
        "ground": Ground.LEFT_WITHOUT_APPROVAL,
        "valid_from": begins,
        "valid_until": ends,
        "approved_on": begins,
    }
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])

        if allowed:
            grant(session, subject, **terms)
            assert permits.authority_at(session, subject.id, begins).basis == "article29.2"
            assert permits.authority_at(session, subject.id, ends) is None
        else:
            with pytest.raises(Invalid, match="three months"):
                grant(session, subject, **terms)


def test_a_positioning_device_is_the_bureaus_to_approve(database: Engine) -> None:
    terms = {"basis": Basis.ARTICLE29, "ground": Ground.PENALISED}
    with writing(database) as session:
        office, _ = offices(session)
        subject = a_subject(session, office)

        with pytest.raises(Forbidden):
            grant(session, subject, an_actor(office, Role.OFFICE_HEAD), **terms)
        grant(session, subject, an_actor(office, Role.BUREAU), **terms)


def test_a_revoked_authority_is_in_force_until_then(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])
        grant(session, subject)
        authority = permits.authority_at(session, subject.id, NOW)

        permits.revoke_authority(session, None, authority.id, at=NOW, now=NOW)

        assert permits.authority_at(session, subject.id, NOW - timedelta(seconds=1)) is not None
        assert permits.authority_at(session, subject.id, NOW) is None
        with pytest.raises(Conflict):
            permits.revoke_authority(session, None, authority.id, at=NOW, now=NOW)


def test_the_earliest_asked_for_revision_stands(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])

        for days in (3, 5, 1):
            ask_revision(session, [subject.id], NOW - timedelta(days=days))

        assert state_of(session, subject).revise_from == NOW - timedelta(days=5)


def test_a_revision_concerns_only_those_named(database: Engine) -> None:
    with writing(database) as session:
        here, there = offices(session)
        mine, other = a_subject(session, here, "S1"), a_subject(session, there, "S2")

        ask_revision(session, col(Subject.office_id) == here.id, NOW)

        assert state_of(session, mine).revise_from == NOW
        assert session.get(SubjectState, other.id) is None


def test_each_change_that_counts_asks_for_its_revision(database: Engine) -> None:
    past = NOW - timedelta(days=2)
    with writing(database) as session:
        here, there = offices(session)

        def revised(number: str, change: object) -> datetime | None:
            subject = a_subject(session, here, number)
            change(subject)  # type: ignore[operator]
            return state_of(session, subject).revise_from

        assert revised("A", lambda s: grant(session, s, valid_from=past)) == past
        assert revised("B", lambda s: register.change_subject(session, None, s.id, level=Level.STRICT, now=NOW)) == NOW
        assert revised("C", lambda s: register.change_subject(session, None, s.id, term_until=past, now=NOW)) == past
        assert revised("D", lambda s: register.change_subject(session, None, s.id, office_id=there.id, now=NOW)) == NOW
        leave = {"destination": "沈阳", "valid_until": NOW + timedelta(days=3), "approved_by": "所长", "now": NOW}
        assert revised("E", lambda s: permits.grant_leave(session, None, s.id, valid_from=past, **leave)) == past
        custody = {"status": SubjectStatus.CUSTODY, "since": past, "rules": RULES, "now": NOW}
        assert revised("F", lambda s: register.change_status(session, None, s.id, **custody)) == past


def test_a_change_of_phone_number_asks_for_nothing(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])

        register.change_subject(session, None, subject.id, phone="13900000000", now=NOW)

        assert session.get(SubjectState, subject.id) is None


@pytest.mark.parametrize("status", [SubjectStatus.ENDED, SubjectStatus.CUSTODY, SubjectStatus.DECEASED])
def test_a_status_that_ends_supervision_ends_the_watch(database: Engine, status: SubjectStatus) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])
        register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)
        grant(session, subject)

        register.change_status(session, None, subject.id, status=status, since=NOW, rules=RULES, now=NOW)

        assert state_of(session, subject).expected_by is None
        assert (permits.authority_at(session, subject.id, NOW) is None) == (status is not SubjectStatus.CUSTODY)
        with pytest.raises(Conflict):
            register.enrol_device(session, None, subject.id, identifier="P2", rules=RULES, now=NOW)


def test_back_from_custody_reports_are_expected_again(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session)[0])
        register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)
        custody = {"status": SubjectStatus.CUSTODY, "since": NOW, "rules": RULES, "now": NOW}
        register.change_status(session, None, subject.id, **custody)
        later = NOW + timedelta(days=3)

        register.change_status(session, None, subject.id, status=SubjectStatus.ACTIVE, since=later, rules=RULES, now=later)

        assert state_of(session, subject).expected_by == later + timedelta(hours=24)


def test_leave_is_approved_by_heads_in_their_own_name(database: Engine) -> None:
    with writing(database) as session:
        office, _ = offices(session)
        subject = a_subject(session, office)
        terms = {"destination": "沈阳", "valid_from": NOW, "valid_until": NOW + timedelta(days=3), "now": NOW}

        with pytest.raises(Forbidden):
            permits.grant_leave(session, an_actor(office, Role.OFFICER), subject.id, **terms)
        permit = permits.grant_leave(session, an_actor(office, Role.OFFICE_HEAD), subject.id, **terms)
        with pytest.raises(Invalid):
            permits.grant_leave(session, None, subject.id, **terms)

        assert permit.approved_by == "李明"
        assert permits.revoke_leave(session, None, permit.id, at=NOW, now=NOW).revoked_at == NOW


def test_every_change_of_the_register_is_audited(database: Engine) -> None:
    with writing(database) as session:
        subject = a_subject(session, offices(session, 1)[0])
        register.enrol_device(session, None, subject.id, identifier="P1", rules=RULES, now=NOW)
        grant(session, subject)

        actions = list(session.exec(select(AuditEvent.action).order_by(col(AuditEvent.id))))

    assert actions == ["bureau.create", "office.create", "subject.create", "device.enrol", "authority.grant"]
