"""From asking for leave to being back: who may decide, what a decision does, what is told when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.casework import LeaveKind, LeaveReason, LeaveReportKind, RequestState
from corrections.domain.model import NoticeKind
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import leave, leave_due, outlines, permits, register
from corrections.records.leave import Wanted
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.store.database import writing
from corrections.store.tables import LeavePermit, LeaveRequest, Notice, SubjectState
from tests.review.scene import HOUR, NOW, a_subject, an_actor, settle

SETTINGS = Settings()
DAY = timedelta(days=1)
OWN = Own(1, "phone")


def wanted(leaves_at: datetime = NOW + 4 * DAY, lasts: timedelta = 9 * HOUR, **changes: Any) -> Wanted:
    terms: dict[str, Any] = {"kind": LeaveKind.LEAVE, "reason": LeaveReason.MEDICAL, "destination": "省城医院"} | changes
    return Wanted(leaves_at=leaves_at, returns_at=leaves_at + lasts, **terms)


def ask(session: Session, by: str | Own = "liming", want: Wanted | None = None, **more: Any) -> LeaveRequest:
    who = by if isinstance(by, Own) else an_actor(session, by)
    return leave.request_leave(session, who, 1, want or wanted(), settings=SETTINGS, now=NOW, **more)


def approve(session: Session, request: LeaveRequest, by: str = "head", now: datetime = NOW, **more: Any) -> LeaveRequest:
    terms: dict[str, Any] = {"revision": request.revision, "settings": SETTINGS} | more
    return leave.approve_leave(session, an_actor(session, by), request.id, now=now, **terms)


def told(session: Session, kind: NoticeKind) -> list[tuple[str, int | None, datetime]]:
    found = session.exec(select(Notice).where(Notice.kind == kind.value).order_by(Notice.id))
    return [(notice.recipient, notice.officer_id, notice.at) for notice in found]


@pytest.fixture
def office(database: Engine) -> Engine:
    with writing(database) as session:
        settle(session)
    return database


def test_a_short_leave_that_she_asks_for_herself_is_approved_by_the_office_head_and_counts_at_once(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session, OWN)
        approve(session, request)

        permit = session.get_one(LeavePermit, request.permit_id)
        assert (request.rank, request.days, request.state, request.requested_by) == ("office", 1, "approved", None)
        assert (permit.valid_from, permit.valid_until, permit.approved_by) == (request.leaves_at, request.returns_at, "head名")
        assert told(session, NoticeKind.LEAVE_REQUESTED) == [("office_head", 3, NOW)]
        assert told(session, NoticeKind.LEAVE_DECIDED) == [("subject", None, NOW), ("officer", 1, NOW)]


def test_approving_a_leave_that_has_begun_has_the_past_judged_again(office: Engine) -> None:
    with writing(office) as session:
        session.add(SubjectState(subject_id=1, bureau_id=1, fix_time=NOW))
        request = ask(session, want=wanted(NOW - 2 * HOUR, 2 * DAY))
        approve(session, request)
        session.expire_all()

        assert session.get_one(SubjectState, 1).revise_from == NOW - 2 * HOUR


@pytest.mark.parametrize(
    ("lasts", "by", "error"),
    [
        (6 * DAY + HOUR, "head", None),
        (7 * DAY + HOUR, "head", Forbidden),
        (7 * DAY + HOUR, "bureau", None),
        (6 * DAY + HOUR, "wangfang", Forbidden),
        (6 * DAY + HOUR, "zhao", NotFound),
    ],
)
def test_the_level_that_its_length_calls_for_decides(office: Engine, lasts: timedelta, by: str, error: type[Exception] | None) -> None:
    with writing(office) as session:
        request = ask(session, want=wanted(lasts=lasts))

        if error is None:
            assert approve(session, request, by).state == RequestState.APPROVED
        else:
            with pytest.raises(error):
                approve(session, request, by)


def test_more_than_thirty_days_in_two_months_need_the_superior_body_and_the_procuratorate_told(office: Engine) -> None:
    with writing(office) as session:
        for i in range(5):
            permits.grant_leave(
                session, None, 1, destination="外地", valid_from=NOW - (40 - 7 * i) * DAY, valid_until=NOW - (35 - 7 * i) * DAY + HOUR,
                approved_by="所长", now=NOW,
            )  # fmt: skip
        request = ask(session)

        assert (request.days, request.total_days, request.rank) == (1, 31, "superior")
        with pytest.raises(Invalid) as unnamed:
            approve(session, request, "bureau")
        with pytest.raises(Invalid) as untold:
            approve(session, request, "bureau", approved_by="市司法局")
        approve(session, request, "bureau", approved_by="市司法局", procuratorate_told_at=NOW)
        assert (unnamed.value.field, untold.value.field) == ("approved_by", "procuratorate_told_at")
        assert (request.state, request.approved_by) == ("approved", "市司法局")


def test_leave_that_was_approved_meanwhile_counts_when_it_is_decided(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session)
        permits.grant_leave(
            session, None, 1, destination="外地", valid_from=NOW - 40 * DAY, valid_until=NOW - 9 * DAY, approved_by="市局", now=NOW
        )

        with pytest.raises(Forbidden):
            approve(session, request)


def test_nobody_decides_about_what_she_asked_for_herself(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session, "head")

        with pytest.raises(Forbidden):
            approve(session, request)
        assert approve(session, request, "bureau").state == RequestState.APPROVED


def test_of_two_who_decide_at_once_one_is_told_who_was_first(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session)
        leave.refuse_leave(session, an_actor(session, "bureau"), request.id, revision=1, reason="材料不全", now=NOW)

        with pytest.raises(Conflict) as second:
            approve(session, request, revision=1)
        assert "不予批准" in second.value.zh


def test_a_refusal_says_why_and_she_is_told(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session, OWN)
        with pytest.raises(Invalid):
            leave.refuse_leave(session, an_actor(session, "head"), request.id, revision=1, reason=" ", now=NOW)
        leave.refuse_leave(session, an_actor(session, "head"), request.id, revision=1, reason="材料不全", now=NOW)

        hers = session.exec(select(Notice).where(Notice.kind == "leave_decided", Notice.recipient == "subject")).one()
        assert "材料不全" in hers.text_zh
        assert request.permit_id is None


def test_she_sees_and_asks_for_herself_alone(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session)
        a_subject(session, "S2")

        assert leave.request_for(session, OWN, request.id).id == request.id
        with pytest.raises(NotFound):
            leave.request_for(session, Own(2), request.id)
        with pytest.raises(NotFound):
            leave.request_leave(session, Own(2), 1, wanted(), settings=SETTINGS, now=NOW)


def test_an_extension_joins_on_and_its_days_count_with_those_before(office: Engine) -> None:
    with writing(office) as session:
        first = approve(session, ask(session, want=wanted(lasts=5 * DAY)))
        with pytest.raises(Invalid):
            ask(session, want=wanted(first.returns_at + HOUR), extends=first.id)
        longer = ask(session, want=wanted(first.returns_at, 3 * DAY), extends=first.id)

        assert (longer.days, longer.rank) == (9, "county")
        approve(session, longer, "bureau")
        assert first.overdue_at is None
        assert longer.overdue_at == longer.returns_at
        with pytest.raises(Conflict):
            leave.report_leave(session, OWN, first.id, LeaveReportKind.RETURN, at=NOW, now=NOW)


def test_coming_back_early_ends_the_permit_then(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session, want=wanted(NOW - DAY, 3 * DAY)))
        leave.report_leave(session, OWN, request.id, LeaveReportKind.DEPARTURE, at=NOW - DAY, now=NOW)
        leave.report_leave(session, OWN, request.id, LeaveReportKind.RETURN, at=NOW, now=NOW)

        assert session.get_one(LeavePermit, request.permit_id).revoked_at == NOW
        assert (request.returned_at, request.overdue_at) == (NOW, None)
        assert [report.kind for report in leave.reports_of(session, request.id)] == ["departure", "return"]
        with pytest.raises(Conflict):
            leave.report_leave(session, OWN, request.id, LeaveReportKind.RETURN, at=NOW, now=NOW)


def test_who_is_not_back_in_time_is_told_to_the_officer_and_hours_later_to_the_head_once_each(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session))
        back = request.returns_at
        for at in (back - timedelta(seconds=1), back, back + HOUR, back + 4 * HOUR, back + 9 * HOUR):
            leave_due.overdue_due(session, SETTINGS, at)

        assert told(session, NoticeKind.LEAVE_OVERDUE) == [("officer", 1, back), ("office_head", 3, back + 4 * HOUR)]


def test_a_service_that_was_down_tells_both_as_of_when_they_were_due(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session))
        leave_due.overdue_due(session, SETTINGS, request.returns_at + 8 * HOUR)

        assert [at for *_, at in told(session, NoticeKind.LEAVE_OVERDUE)] == [request.returns_at, request.returns_at + 4 * HOUR]


def test_coming_back_late_needs_its_reason(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session, want=wanted(NOW - DAY, DAY + HOUR)))
        late = NOW + 2 * HOUR
        with pytest.raises(Invalid) as silent:
            leave.report_leave(session, OWN, request.id, LeaveReportKind.RETURN, at=late, now=late)
        leave.report_leave(session, OWN, request.id, LeaveReportKind.RETURN, at=late, text="火车晚点", now=late)

        assert silent.value.field == "text"
        assert leave_due.overdue_due(session, SETTINGS, late) == 0


def test_what_is_not_decided_in_time_is_told_to_the_bureau_once(office: Engine) -> None:
    with writing(office) as session:
        request = ask(session)
        assert request.due_at == datetime.fromisoformat("2026-03-04T17:30:00+08:00")  # the end of the second working day after
        for at in (request.due_at - HOUR, request.due_at, request.due_at + DAY):
            leave_due.undecided_due(session, SETTINGS, at)

        assert told(session, NoticeKind.LEAVE_REQUESTED) == [("office_head", 3, NOW), ("bureau", None, request.due_at)]


def test_regular_activity_names_its_hours_and_ends_within_six_months(office: Engine) -> None:
    windows = [{"start": "07:00", "until": "20:00", "weekdays": [0, 2]}]
    outline = outlines.circle(41.5, 122.7, 5_000)
    with writing(office) as session:
        for lasts, more in ((30 * DAY, {}), (200 * DAY, {"windows": windows, "outline": outline})):
            with pytest.raises(Invalid):
                ask(session, want=wanted(lasts=lasts, kind=LeaveKind.REGULAR, **more))
        request = ask(session, want=wanted(lasts=150 * DAY, kind=LeaveKind.REGULAR, windows=windows, outline=outline))
        approve(session, request, "bureau")

        assert session.get_one(LeavePermit, request.permit_id).windows == windows
        assert (request.rank, request.overdue_at) == ("county", None)


def test_nothing_is_asked_for_somebody_who_is_not_under_supervision(office: Engine) -> None:
    with writing(office) as session:
        register.change_status(session, None, 1, status="custody", since=NOW, rules=SETTINGS.rules, now=NOW)

        with pytest.raises(Conflict):
            ask(session)
