"""At the end of term, in custody and with death monitoring stops at that very moment, by itself, and with it all that waits for her."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.casework import LeaveKind, LeaveReason, RequestState
from corrections.domain.model import AskReason, NoticeKind, Recipient, ReviewState, Role, Rule, SubjectStatus, to_us
from corrections.monitor import asking
from corrections.monitor.silence import watch_silence
from corrections.monitor.terms import end_terms_due, terms_due
from corrections.monitor.violations import close_ended
from corrections.records import accounts, permits, register
from corrections.records.permits import Basis, Ground
from corrections.review.notices import notify
from corrections.settings import Settings
from corrections.store.database import reading, writing
from corrections.store.rulebook import load_lawful
from corrections.store.tables import (
    AuditEvent,
    Authority,
    CheckIn,
    FixRequest,
    LeavePermit,
    LeaveRequest,
    Notice,
    Subject,
    SubjectState,
)
from tests.monitor.conftest import NOW, District

SETTINGS = Settings()
CHINA = ZoneInfo("Asia/Shanghai")
DAY, HOUR, MINUTE, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
END = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # the midnight that ends 2 March, in the district
OVER = [SubjectStatus.ENDED, SubjectStatus.DECEASED]
NOT_MONITORED = [*OVER, SubjectStatus.CUSTODY]


def end_at(district: District, at: datetime = END) -> None:
    """Subject 0's term ends at a moment."""
    with writing(district.engine) as session:
        register.change_subject(session, None, district.subjects[0], term_until=at, now=NOW)
    district.evaluate(NOW)


def run(district: District, now: datetime) -> int:
    with writing(district.engine) as session:
        return end_terms_due(session, SETTINGS, now)


def put(district: District, status: SubjectStatus, since: datetime, now: datetime | None = None) -> None:
    with writing(district.engine) as session:
        register.change_status(session, None, district.subjects[0], status=status, since=since, rules=SETTINGS.rules, now=now or since)


def the_subject(district: District) -> Subject:
    with reading(district.engine) as session:
        subject = session.get_one(Subject, district.subjects[0])
        session.expunge_all()
        return subject


def silent_violations(district: District, now: datetime) -> int:
    with writing(district.engine) as session:
        return watch_silence(session, district.bureau_id, SETTINGS, now)


def notices(district: District, kind: NoticeKind) -> list[Notice]:
    with reading(district.engine) as session:
        found = session.exec(select(Notice).where(Notice.kind == kind.value).order_by(col(Notice.id))).all()
        session.expunge_all()
        return list(found)


# ---- the end of term


def test_the_last_day_counts_whole_and_its_midnight_is_the_end(district: District) -> None:
    end_at(district)

    assert run(district, END - INSTANT) == 0
    assert the_subject(district).status == SubjectStatus.ACTIVE
    assert run(district, END) == 1
    assert (the_subject(district).status, the_subject(district).status_from) == (SubjectStatus.ENDED, END)


def test_she_may_be_located_up_to_that_midnight_and_no_longer(district: District) -> None:
    end_at(district)

    with reading(district.engine) as session:
        ((_, before),) = load_lawful(session, [session.get_one(Subject, district.subjects[0])])[district.subjects[0]]
    run(district, END + 8 * HOUR)
    with reading(district.engine) as session:
        ((_, after),) = load_lawful(session, [session.get_one(Subject, district.subjects[0])])[district.subjects[0]]

    assert (before, after) == (to_us(END), to_us(END))


def test_a_run_that_is_hours_late_ends_it_as_of_the_moment(district: District) -> None:
    end_at(district)

    assert run(district, END + 8 * HOUR) == 1

    assert the_subject(district).status_from == END
    (notice,) = notices(district, NoticeKind.TERM_ENDED)
    assert (notice.recipient, notice.officer_id, notice.at) == (Recipient.OFFICER, district.officer_id, END)
    assert "2026-03-02" in notice.text_zh  # the last day, not the one that begins at the end
    assert run(district, END + 9 * HOUR) == 0
    assert len(notices(district, NoticeKind.TERM_ENDED)) == 1


def test_the_audit_trail_names_the_service(district: District) -> None:
    end_at(district)

    run(district, END)

    with reading(district.engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "subject.status")).one()
        assert (event.actor, event.subject_id) == ("service", district.subjects[0])
        assert (event.detail["to"], event.detail["why"]) == ("ended", "end of term")


def test_what_was_a_breach_is_not_in_progress_any_more_and_stays_for_its_review(district: District) -> None:
    end_at(district)
    district.store(district.walk(0, END - HOUR, [8_000.0] * 6))
    district.evaluate(END - MINUTE)
    assert [v.ended_at for v in district.violations()] == [None]

    run(district, END)
    district.evaluate(END)
    with writing(district.engine) as session:
        close_ended(session, END)

    (violation,) = district.violations()
    assert (violation.rule, violation.ended_at, violation.review_state) == (Rule.BOUNDARY, END, ReviewState.QUEUED)


def test_a_term_that_is_longer_now_does_not_end(district: District) -> None:
    end_at(district)
    end_at(district, END + 30 * DAY)

    assert run(district, END) == 0


def test_one_in_custody_whose_term_ends_is_left_to_a_person(district: District) -> None:
    end_at(district)
    put(district, SubjectStatus.CUSTODY, NOW)

    assert run(district, END) == 0
    assert the_subject(district).status == SubjectStatus.CUSTODY


# ---- what stops


@pytest.mark.parametrize("status", NOT_MONITORED)
def test_what_is_measured_from_that_moment_on_is_not_judged(district: District, status: SubjectStatus) -> None:
    district.store(district.walk(0, NOW - 2 * HOUR, [0.0] * 6 + [8_000.0] * 12))  # she leaves an hour before
    district.evaluate(NOW)
    (violation,) = district.violations()

    put(district, status, NOW - 30 * MINUTE, NOW)
    district.evaluate(NOW)

    (kept,) = district.violations()
    assert (kept.id, kept.ended_at, kept.review_state) == (violation.id, NOW - 30 * MINUTE, ReviewState.QUEUED)


@pytest.mark.parametrize("status", NOT_MONITORED)
def test_a_breach_that_began_only_afterwards_is_none(district: District, status: SubjectStatus) -> None:
    district.store(district.walk(0, NOW - 2 * HOUR, [0.0] * 6 + [8_000.0] * 6))
    put(district, status, NOW - 70 * MINUTE, NOW)

    district.evaluate(NOW)

    assert district.violations() == []


@pytest.mark.parametrize("status", NOT_MONITORED)
def test_nothing_is_expected_and_what_was_asked_for_ends(district: District, status: SubjectStatus) -> None:
    district.store([district.report(0, NOW - HOUR)])
    district.evaluate(NOW - HOUR)
    subject_id, terms = district.subjects[0], {"bureau_id": 1, "office_id": 1, "subject_id": district.subjects[0], "schedule": ""}
    with writing(district.engine) as session:
        asking.ask(session, subject_id, AskReason.OFFICER, NOW - MINUTE, settings=SETTINGS, asked_by=district.officer_id)
        for asked, answered, missed in ((NOW, None, None), (NOW - HOUR, NOW, None), (NOW - 2 * HOUR, None, NOW - HOUR)):
            moments = {"slot_at": asked, "asked_at": asked, "expires_at": asked + HOUR}
            session.add(CheckIn(**terms, **moments, token_hash=str(asked), answered_at=answered, missed_at=missed))
            session.flush()
        subject = session.get_one(Subject, subject_id)
        for kind in (NoticeKind.SILENCE, NoticeKind.CHECK_IN, NoticeKind.LOW_BATTERY, NoticeKind.OBJECTION):
            notify(session, subject, Recipient.SUBJECT, kind, ("提醒", "notice"), NOW)

    put(district, status, NOW + MINUTE)

    with reading(district.engine) as session:
        assert session.get_one(SubjectState, subject_id).expected_by is None
        assert session.exec(select(FixRequest.expires_at)).one() == NOW + MINUTE
        check_ins = session.exec(select(CheckIn).order_by(col(CheckIn.id))).all()
        assert [check_in.skipped for check_in in check_ins] == ["not_monitored", "", ""]
        still_open = session.exec(select(Notice.kind).where(col(Notice.done_at).is_(None))).all()
    assert still_open == ["objection"]
    assert silent_violations(district, NOW + 3 * DAY) == 0


@pytest.mark.parametrize("status", NOT_MONITORED)
def test_what_the_officer_is_told_of_the_end_stays_when_the_monitor_looks_again(district: District, status: SubjectStatus) -> None:
    end_at(district)
    run(district, END)
    put(district, status, END, END)

    district.evaluate(END + HOUR)

    assert [notice.done_at for notice in notices(district, NoticeKind.TERM_ENDED)] == [None]


def a_leave(session: Session, district: District) -> None:
    permits.grant_leave(
        session,
        None,
        district.subjects[0],
        destination="杭州",
        valid_from=NOW - DAY,
        valid_until=NOW + 3 * DAY,
        approved_by="所长",
        now=NOW,
    )
    same = {
        "bureau_id": district.bureau_id, "office_id": district.office_id, "subject_id": district.subjects[0], "destination": "杭州",
        "kind": LeaveKind.LEAVE.value, "reason": LeaveReason.WORK.value, "leaves_at": NOW - DAY, "returns_at": NOW + 3 * DAY, "days": 5,
        "total_days": 5, "rank": "office", "requested_at": NOW - 2 * DAY, "due_at": NOW + DAY,
    }  # fmt: skip
    session.add(LeaveRequest(**same, state=RequestState.APPROVED.value, permit_id=1, overdue_at=NOW + 3 * DAY))
    session.add(LeaveRequest(**same, tell_at=NOW + DAY))


@pytest.mark.parametrize("status", OVER)
def test_leave_ends_with_the_measure(district: District, status: SubjectStatus) -> None:
    with writing(district.engine) as session:
        a_leave(session, district)

    put(district, status, NOW + HOUR)

    with reading(district.engine) as session:
        permit, requests = session.get_one(LeavePermit, 1), session.exec(select(LeaveRequest).order_by(col(LeaveRequest.id))).all()
        authority = session.exec(select(Authority)).one()
        assert (permit.revoked_at, authority.revoked_at) == (NOW + HOUR, NOW + HOUR)
        assert [(r.state, r.overdue_at, r.tell_at) for r in requests] == [("approved", None, None), ("withdrawn", None, None)]


def test_custody_leaves_legal_bases_and_leave_as_they_are_but_nobody_waits_for_her(district: District) -> None:
    with writing(district.engine) as session:
        a_leave(session, district)

    put(district, SubjectStatus.CUSTODY, NOW + HOUR)

    with reading(district.engine) as session:
        approved, requested = session.exec(select(LeaveRequest).order_by(col(LeaveRequest.id))).all()
        assert session.get_one(LeavePermit, 1).revoked_at is None
        assert session.exec(select(Authority)).one().revoked_at is None
        assert (approved.overdue_at, requested.state) == (None, "requested")


# ---- back from custody


def test_back_from_custody_monitoring_resumes_and_the_time_away_is_no_silence(district: District) -> None:
    district.store([district.report(0, NOW - HOUR)])
    district.evaluate(NOW - HOUR)
    put(district, SubjectStatus.CUSTODY, NOW)
    district.evaluate(NOW)
    back = NOW + 20 * DAY
    put(district, SubjectStatus.ACTIVE, back)

    district.store(district.walk(0, back + 2 * HOUR, [0.0, 0.0, 8_000.0, 8_000.0, 8_000.0]))
    district.evaluate(back + 3 * HOUR)

    assert [v.rule for v in district.violations()] == [Rule.BOUNDARY]
    with reading(district.engine) as session:
        assert session.get_one(SubjectState, district.subjects[0]).expected_by is not None


@pytest.mark.parametrize("east_m", [0.0, 8_000.0])
def test_a_breach_that_ended_with_custody_does_not_last_through_it(district: District, east_m: float) -> None:
    district.store(district.walk(0, NOW - 2 * HOUR, [0.0] * 6 + [8_000.0] * 6))
    district.evaluate(NOW)
    put(district, SubjectStatus.CUSTODY, NOW)
    district.evaluate(NOW)
    back = NOW + 20 * DAY
    put(district, SubjectStatus.ACTIVE, back)
    district.evaluate(back)

    district.store(district.walk(0, back + HOUR, [east_m] * 6))
    district.evaluate(back + 3 * HOUR)

    first, *later = district.violations()
    assert first.ended_at == NOW
    assert [violation.started_at >= back for violation in later] == ([True] if east_m else [])


@pytest.mark.parametrize(
    ("until", "revoked_at", "continues"),
    [(NOW + 60 * DAY, None, True), (NOW + 10 * DAY, None, False), (NOW + 60 * DAY, NOW + 5 * DAY, False)],
)
def test_no_legal_basis_covers_the_time_in_custody(
    district: District, until: datetime, revoked_at: datetime | None, continues: bool
) -> None:
    with writing(district.engine) as session:
        basis = session.exec(select(Authority)).one()
        basis.valid_until, basis.revoked_at = until, revoked_at
    put(district, SubjectStatus.CUSTODY, NOW)
    put(district, SubjectStatus.ACTIVE, NOW + 20 * DAY)

    with reading(district.engine) as session:
        spans = load_lawful(session, [session.get_one(Subject, district.subjects[0])])[district.subjects[0]]
        bases = session.exec(select(Authority).order_by(col(Authority.id))).all()
        terms = [(one.basis, one.approved_by, one.valid_until) for one in bases]

    assert [end for _, end in spans] == [to_us(NOW), to_us(until)][: 1 + continues]
    assert [start for start, _ in spans][1:] == [to_us(NOW + 20 * DAY)] * continues
    assert len(set(terms)) == 1  # what goes on is the same basis, by the same approval


# ---- reminders


def remind(district: District, now: datetime) -> int:
    with writing(district.engine) as session:
        return terms_due(session, SETTINGS, now)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


@pytest.fixture
def ending(district: District) -> District:
    """The term of subject 0 ends with 30 June, the authority with 31 May; there is a head."""
    with writing(district.engine) as session:
        accounts.create_officer(session, None, office_id=district.office_id, login="head", name="王芳", role=Role.OFFICE_HEAD, now=NOW)
        session.get_one(Subject, district.subjects[0]).term_until = local("2026-07-01")
        session.exec(select(Authority)).one().valid_until = local("2026-06-01")
    return district


def reminded(district: District) -> list[tuple[str, str, datetime]]:
    return [(notice.about.partition(":")[0], notice.recipient, notice.at) for notice in notices(district, NoticeKind.CLOCK)]


TERM = ("term", "officer", local("2026-05-31T08:30"))  # 30 days before the last day
BASIS = [("authority", who, local("2026-05-17T08:30")) for who in ("officer", "office_head")]  # 14 days before


def test_the_ends_that_come_are_reminded_of_once_at_the_hour_of_the_settings(ending: District) -> None:
    moments = ("2026-05-16T08:30", "2026-05-17T08:29", "2026-05-17T08:30", "2026-05-17T08:31", "2026-05-18T08:30", "2026-05-31T08:30")
    given = [remind(ending, local(at)) for at in (*moments, "2026-06-01T08:30")]

    assert given == [0, 0, 1, 0, 0, 1, 0]
    assert reminded(ending) == [*BASIS, TERM]


def test_after_a_stop_what_was_missed_is_reminded_of(ending: District) -> None:
    remind(ending, local("2026-05-10T12:00"))

    assert remind(ending, local("2026-05-30T03:00")) == 1
    assert reminded(ending) == BASIS


def test_an_end_that_was_changed_is_reminded_of_anew_and_the_old_reminder_is_over(ending: District) -> None:
    remind(ending, local("2026-05-31T12:00"))
    with writing(ending.engine) as session:
        register.change_subject(session, None, ending.subjects[0], term_until=local("2026-07-11"), now=local("2026-06-01T12:00"))

    assert [remind(ending, local(at)) for at in ("2026-06-09T12:00", "2026-06-10T12:00", "2026-06-11T12:00")] == [0, 1, 0]
    of_term = [notice for notice in notices(ending, NoticeKind.CLOCK) if notice.about.startswith("term")]
    assert [notice.done_at is None for notice in of_term] == [False, True]


def test_a_device_is_reminded_of_with_its_three_months(ending: District) -> None:
    begins = local("2026-03-02T12:00")
    given = {"basis": Basis.ARTICLE29, "ground": Ground.PENALISED, "approved_by": "局长", "approved_on": begins, "rules": SETTINGS.rules}
    with writing(ending.engine) as session:
        until = local("2026-06-02T12:00")
        permits.grant_authority(session, None, ending.subjects[0], valid_from=begins, valid_until=until, now=begins, **given)

    remind(ending, local("2026-05-19T08:30"))

    device = [notice for notice in notices(ending, NoticeKind.CLOCK) if notice.at == local("2026-05-19T08:30")]
    assert {notice.recipient for notice in device} == {"officer", "office_head"}
    assert "三个月" in device[0].text_zh


def test_a_basis_that_another_takes_over_from_is_not_reminded_of(ending: District) -> None:
    with writing(ending.engine) as session:
        given = {"basis": Basis.ARTICLE26, "approved_by": "局长", "approved_on": NOW, "rules": SETTINGS.rules, "now": NOW}
        permits.grant_authority(session, None, ending.subjects[0], valid_from=NOW, valid_until=local("2026-07-01"), **given)

    assert remind(ending, local("2026-05-20T12:00")) == 0


def test_of_two_who_run_at_once_one_acts(district: District, make_district: Callable[..., District]) -> None:
    end_at(district)
    with Session(district.engine) as first, Session(district.engine) as second:
        assert end_terms_due(first, SETTINGS, END) == 1
        if district.engine.dialect.name == "postgresql":  # SQLite has one writer anyway
            assert end_terms_due(second, SETTINGS, END) == 0
        first.commit()

    assert run(district, END) == 0


def test_it_runs_on_an_empty_database(database: Engine) -> None:
    with writing(database) as session:
        assert (end_terms_due(session, SETTINGS, NOW), terms_due(session, SETTINGS, NOW)) == (0, 0)
