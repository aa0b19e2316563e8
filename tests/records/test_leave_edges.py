"""Leave at its edges: extensions, revoked permits, several requests at once, who is told when her officer is away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from corrections.domain.casework import LeaveKind, LeaveReportKind, RequestState
from corrections.domain.model import NoticeKind
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid
from corrections.records import leave, leave_due, outlines, permits, register, roster
from corrections.store.database import writing
from corrections.store.tables import LeavePermit, LeaveRequest, Notice
from tests.records.test_leave import DAY, OWN, SETTINGS, approve, ask, told, wanted
from tests.review.scene import HOUR, NOW, an_actor, an_officer, settle

BACK = LeaveReportKind.RETURN


@pytest.fixture
def office(database: Engine) -> Engine:
    with writing(database) as session:
        settle(session)
    return database


def extended(session: Session) -> tuple[LeaveRequest, LeaveRequest]:
    """Two days of leave from yesterday on, and two more."""
    first = approve(session, ask(session, want=wanted(NOW - DAY, 2 * DAY)))
    return first, approve(session, ask(session, want=wanted(first.returns_at, 2 * DAY), extends=first.id))


# ---- extensions


def test_coming_back_before_the_extension_begins_ends_both_permits(office: Engine) -> None:
    with writing(office) as session:
        first, longer = extended(session)
        leave.report_leave(session, OWN, longer.id, BACK, at=NOW, now=NOW)

        ends = [session.get_one(LeavePermit, part.permit_id).revoked_at for part in (first, longer)]
        assert ends == [NOW, longer.leaves_at]  # of the second, nothing is left
        assert [part.returned_at for part in (first, longer)] == [NOW, NOW]


def test_nobody_comes_back_before_the_first_leave_began(office: Engine) -> None:
    with writing(office) as session:
        first, longer = extended(session)

        with pytest.raises(Invalid) as error:
            leave.report_leave(session, OWN, longer.id, BACK, at=first.leaves_at - HOUR, now=NOW)
        assert error.value.field == "at"


def test_an_extension_is_approved_before_the_leave_ends(office: Engine) -> None:
    with writing(office) as session:
        first = approve(session, ask(session, want=wanted(NOW - DAY, 2 * DAY)))
        longer = ask(session, want=wanted(first.returns_at, DAY), extends=first.id)
        with pytest.raises(Conflict):
            approve(session, longer, now=first.returns_at)

        assert approve(session, longer, now=first.returns_at - timedelta(seconds=1)).state == RequestState.APPROVED


def test_of_two_extensions_of_one_leave_one_is_approved(office: Engine) -> None:
    with writing(office) as session:
        first = approve(session, ask(session, want=wanted(NOW - DAY, 2 * DAY)))
        one, other = (ask(session, want=wanted(first.returns_at, DAY), extends=first.id) for _ in range(2))
        approve(session, one)

        with pytest.raises(Conflict):
            approve(session, other)


def test_who_is_back_asks_anew(office: Engine) -> None:
    with writing(office) as session:
        first = approve(session, ask(session, want=wanted(NOW - DAY, 2 * DAY)))
        leave.report_leave(session, OWN, first.id, BACK, at=NOW, now=NOW)

        with pytest.raises(Conflict):
            ask(session, want=wanted(first.returns_at, DAY), extends=first.id)


# ---- revoked


def test_a_revoked_permit_is_told_to_her_and_she_is_to_be_back_by_then(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session, want=wanted(NOW - DAY, 3 * DAY)))
        end = NOW + 6 * HOUR
        permits.revoke_leave(session, an_actor(session, "head"), request.permit_id, at=end, now=NOW)
        for at in (end - timedelta(seconds=1), end, end + HOUR):
            leave_due.overdue_due(session, SETTINGS, at)
        with pytest.raises(Invalid) as unexplained:
            leave.report_leave(session, OWN, request.id, BACK, at=end + HOUR, now=end + HOUR)

        hers = session.exec(select(Notice).where(Notice.recipient == "subject").order_by(Notice.id)).all()
        assert "2026-03-02 15:00" in hers[-1].text_zh
        assert told(session, NoticeKind.LEAVE_OVERDUE) == [("officer", 1, end)]
        assert unexplained.value.field == "text"


def test_a_permit_revoked_before_it_begins_leaves_nothing_to_come_back_from(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session))
        permits.revoke_leave(session, an_actor(session, "head"), request.permit_id, at=NOW, now=NOW)

        assert request.overdue_at is None
        assert leave_due.overdue_due(session, SETTINGS, request.returns_at + DAY) == 0


def test_a_revoked_permit_counts_no_days(office: Engine) -> None:
    with writing(office) as session:
        first = approve(session, ask(session, want=wanted(lasts=29 * DAY)), "bureau")
        permits.revoke_leave(session, an_actor(session, "head"), first.permit_id, at=NOW, now=NOW)

        assert ask(session, want=wanted(lasts=5 * DAY)).total_days == 6


# ---- several


def test_leave_that_is_permitted_for_later_counts_as_well(office: Engine) -> None:
    with writing(office) as session:
        approve(session, ask(session, want=wanted(NOW + 20 * DAY, 25 * DAY)), "bureau")
        request = ask(session, want=wanted(lasts=5 * DAY))

        assert (request.days, request.total_days, request.rank) == (6, 32, "superior")


def test_of_two_leaves_approved_at_once_the_second_counts_the_first(office: Engine) -> None:
    with writing(office) as session:
        permits.grant_leave(
            session, None, 1, destination="外地", valid_from=NOW - 30 * DAY, valid_until=NOW - 12 * DAY, approved_by="区司法局", now=NOW
        )  # 19 days
        ids = [ask(session, want=wanted(NOW + days * DAY, 6 * DAY)).id for days in (4, 12)]
    barrier, outcomes = Barrier(2), dict.fromkeys(ids, "")

    def decide(request_id: int) -> None:
        barrier.wait()
        try:
            with writing(office) as session:
                approve(session, session.get_one(LeaveRequest, request_id))
        except CorrectionsError as error:
            outcomes[request_id] = type(error).__name__

    threads = [Thread(target=decide, args=(request_id,)) for request_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes.values()) == ["", "Forbidden"]


def test_two_processes_that_look_at_once_tell_once(office: Engine) -> None:
    with writing(office) as session:
        back = approve(session, ask(session)).returns_at
    barrier, told_by = Barrier(2), [0, 0]

    def look(index: int) -> None:
        barrier.wait()
        with writing(office) as session:
            told_by[index] = leave_due.overdue_due(session, SETTINGS, back)

    threads = [Thread(target=look, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with writing(office) as session:
        assert told(session, NoticeKind.LEAVE_OVERDUE) == [("officer", 1, back)]
    assert sorted(told_by) == [0, 1]


# ---- custody


def test_nobody_waits_for_a_subject_in_custody_nor_approves_her_leave(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session))
        waiting = ask(session, want=wanted(NOW + 20 * DAY))
        register.change_status(session, None, 1, status="custody", since=NOW, rules=SETTINGS.rules, now=NOW)

        assert leave_due.overdue_due(session, SETTINGS, request.returns_at) == 0
        assert request.overdue_at is None
        with pytest.raises(Conflict):
            approve(session, waiting)


# ---- asking


def test_what_is_asked_for_late_is_marked_unless_it_is_urgent_and_says_why(office: Engine) -> None:
    soon = NOW + 2 * DAY
    with writing(office) as session:
        assert not ask(session, want=wanted(NOW + 3 * DAY)).late
        assert ask(session, want=wanted(soon)).late
        assert not ask(session, want=wanted(soon, urgent=True, details="母亲病危")).late
        with pytest.raises(Invalid) as silent:
            ask(session, want=wanted(soon, urgent=True, details=" "))
        assert silent.value.field == "details"


@pytest.mark.parametrize(
    ("want", "field"),
    [
        (wanted(lasts=-HOUR), "returns_at"),
        (wanted(NOW - 3 * DAY, DAY), "returns_at"),
        (wanted(lasts=367 * DAY), "returns_at"),
        (wanted(destination=" "), "destination"),
        (wanted(details="\x00"), "details"),
        (wanted(windows=[{"start": "07:00", "until": "20:00", "weekdays": [0]}]), "windows"),
    ],
)
def test_what_cannot_be_meant_is_not_taken(office: Engine, want: leave.Wanted, field: str) -> None:
    with writing(office) as session:
        with pytest.raises(Invalid) as error:
            ask(session, want=want)

        assert error.value.field == field
        assert session.exec(select(LeaveRequest)).all() == []


@pytest.mark.parametrize(
    ("leaves", "returns", "taken"),
    [
        ("2026-08-31T08:00+08:00", "2027-02-28T08:00+08:00", True),  # February has no 31st
        ("2026-08-31T08:00+08:00", "2027-02-28T08:01+08:00", False),
        ("2027-08-31T08:00+08:00", "2028-02-29T08:00+08:00", True),  # nor in a leap year
        ("2026-12-31T08:00+08:00", "2027-06-30T08:00+08:00", True),
    ],
)
def test_six_months_of_regular_activity_are_calendar_months(office: Engine, leaves: str, returns: str, taken: bool) -> None:
    start, end = datetime.fromisoformat(leaves), datetime.fromisoformat(returns)
    terms = {"windows": [{"start": "22:00", "until": "06:00", "weekdays": [4]}], "outline": outlines.circle(41.5, 122.7, 5_000)}
    with writing(office) as session:
        want = wanted(start, end - start, kind=LeaveKind.REGULAR, **terms)

        if taken:
            assert ask(session, want=want).rank == "county"
        else:
            with pytest.raises(Invalid):
                ask(session, want=want)


def test_regular_activity_counts_no_days_of_leave(office: Engine) -> None:
    terms = {"windows": [{"start": "07:00", "until": "20:00", "weekdays": [0]}], "outline": outlines.circle(41.5, 122.7, 5_000)}
    with writing(office) as session:
        approve(session, ask(session, want=wanted(lasts=60 * DAY, kind=LeaveKind.REGULAR, **terms)), "bureau")

        assert ask(session).total_days == 1


# ---- who may, who is told


@pytest.mark.parametrize("act", [leave.withdraw_leave, lambda s, by, i, now: leave.report_leave(s, by, i, BACK, at=now, now=now)])
def test_who_keeps_accounts_does_nothing_about_leave(office: Engine, act: Callable[..., object]) -> None:
    with writing(office) as session:
        request = ask(session)

        with pytest.raises(Forbidden):
            act(session, an_actor(session, "admin"), request.id, now=NOW)


def test_while_her_officer_is_away_the_deputy_is_told(office: Engine) -> None:
    with writing(office) as session:
        request = approve(session, ask(session))
        back = request.returns_at
        liming, deputy = an_officer(session, "liming").id, an_officer(session, "wangfang").id
        roster.record_absence(session, None, liming, starts_at=NOW, ends_at=back + DAY, deputy_id=deputy, now=NOW)
        leave_due.overdue_due(session, SETTINGS, back)

        assert told(session, NoticeKind.LEAVE_OVERDUE) == [("officer", deputy, back)]


def test_the_bureau_alone_decides_where_it_did_not_delegate(office: Engine) -> None:
    (terms,) = SETTINGS.leave.terms
    own = SETTINGS.model_copy(
        update={"leave": SETTINGS.leave.model_copy(update={"terms": (terms.model_copy(update={"not_delegated": ("YX0",)}),)})}
    )
    with writing(office) as session:
        request = leave.request_leave(session, OWN, 1, wanted(), settings=own, now=NOW)

        assert request.rank == "county"
        assert told(session, NoticeKind.LEAVE_REQUESTED) == [("bureau", None, NOW)]


def test_who_is_away_now_can_be_listed(office: Engine) -> None:
    with writing(office) as session:
        first, longer = extended(session)
        approve(session, ask(session, want=wanted(NOW + 10 * DAY)))
        officer = an_actor(session, "liming")

        def away(at: datetime) -> list[int | None]:
            return [request.id for request in leave.list_requests(session, officer, away_at=at)]

        assert away(NOW) == [first.id]
        assert away(longer.leaves_at) == [longer.id]
