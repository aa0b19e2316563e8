"""Legal clocks: who starts them, from when, what the service proposes, and at which moment who is told of which edge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.casework import ClockKind, Finding
from corrections.domain.legal import Contact, ContactSource, Edge
from corrections.domain.model import Recipient, SubjectStatus
from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound
from corrections.records import clocks, logs, register, searches
from corrections.records.logs import EntryKind
from corrections.review import events
from corrections.review.events import EventKind
from corrections.review.reviewing import Answer
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import (
    AuditEvent,
    CheckEntry,
    CheckIn,
    CheckRound,
    LegalClock,
    Notice,
    Report,
    Statement,
    Subject,
    SubjectState,
)
from tests.review.scene import NOW, RULES, a_subject, a_violation, an_actor, an_officer, away, settle

SETTINGS = Settings()
CHINA = ZoneInfo("Asia/Shanghai")
DAY, HOUR, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
KIND = ClockKind.OUT_OF_CONTACT


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


# NOW is Monday 2026-03-02, 09:00 in Shanghai.
STEPS = (
    (local("2026-03-12T08:30"), "medium"),  # the tenth day: tomorrow it is more than ten days
    (local("2026-03-13T00:00"), "high"),
    (local("2026-04-02T08:30"), "medium"),
    (local("2026-04-03T00:00"), "high"),
)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with writing(database) as session:
        settle(session)
        a_subject(session, "S2", office_id=2, officer="zhao")
        yield session


def start(session: Session, starts_at: datetime = NOW, login: str = "liming", now: datetime = NOW, **terms: object) -> LegalClock:
    given = {"kind": KIND, "starts_at": starts_at, "basis": "家属称当日离家", "settings": SETTINGS, "now": now} | terms
    return clocks.start_clock(session, an_actor(session, login), 1, **given)


def told(session: Session, *, waiting: bool = False) -> list[tuple[str, datetime, str]]:
    """Recipient, since when and severity of the notices about clocks, in order; ``waiting`` leaves out those that are over."""
    statement = select(Notice).where(Notice.kind == "clock").order_by(col(Notice.id))
    found = session.exec(statement.execution_options(populate_existing=True)).all()
    return [(n.recipient, n.at, n.severity) for n in found if not (waiting and n.done_at)]


# ---- what is proposed


def a_report(session: Session, at: datetime) -> None:
    session.add(Report(bureau_id=1, subject_id=1, device_id=1, fix_time=at, received_at=at, digest=1, raw=b""))
    session.flush()


def test_without_any_contact_nothing_is_proposed(session: Session) -> None:
    proposed = clocks.propose_start(session, an_actor(session, "liming"), 1, KIND, NOW)

    assert (proposed.at, proposed.source) == (None, None)


def test_reporting_in_is_proposed_from_the_beginning_of_her_term(session: Session) -> None:
    proposed = clocks.propose_start(session, an_actor(session, "liming"), 1, ClockKind.REPORTING_IN, NOW)

    assert (proposed.at, proposed.source) == (NOW - 10 * DAY, ContactSource.TERM)


def each_contact(session: Session, source: ContactSource, at: datetime) -> None:
    """One contact of the source at a moment."""
    if source is ContactSource.REPORT:
        a_report(session, at)
    elif source is ContactSource.LOG_ENTRY:
        logs.add_entry(session, an_actor(session, "liming"), 1, kind=EntryKind.VISIT, content="在家", at=at, now=NOW)
    elif source is ContactSource.REVIEW:
        violation = a_violation(session, session.get_one(Subject, 1), at)
        events.append(session, violation, EventKind.CONTACTED, {"answer": Answer.REACHED}, at)
        events.append(session, violation, EventKind.CONTACTED, {"answer": Answer.NOT_REACHED}, at + HOUR)
    elif source is ContactSource.CHECK_IN:
        terms = {"bureau_id": 1, "office_id": 1, "subject_id": 1, "schedule": "", "slot_at": at, "asked_at": at, "expires_at": at + HOUR}
        session.add(CheckIn(**terms, token_hash="x", answered_at=at))
    elif source is ContactSource.STATEMENT:
        session.add(Statement(subject_id=1, taken_at=at, means="visit", text="说明", recorded_at=at))
    elif source is ContactSource.ROUND:
        session.add(CheckRound(bureau_id=1, office_id=1, officer_id=1, schedule="", slot_at=at, opened_at=at, due_at=at))
        session.flush()
        session.add(CheckEntry(round_id=1, subject_id=1, finding=Finding.REACHED.value, found_at=at, found_by=1))
    session.flush()


SOURCES = [
    ContactSource.REPORT, ContactSource.LOG_ENTRY, ContactSource.REVIEW, ContactSource.CHECK_IN, ContactSource.STATEMENT,
    ContactSource.ROUND,
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_the_latest_contact_is_proposed_with_where_it_comes_from(session: Session, source: ContactSource) -> None:
    for other in SOURCES:
        if other is not source:
            each_contact(session, other, NOW - 5 * DAY)
    each_contact(session, source, NOW - 2 * DAY)

    proposed = clocks.propose_start(session, an_actor(session, "liming"), 1, KIND, NOW)

    assert (proposed.at, proposed.source) == (NOW - 2 * DAY, source)
    assert proposed.ref.partition(":")[0] == {
        ContactSource.REPORT: "",
        ContactSource.REVIEW: "violation",
        ContactSource.ROUND: "check_entry",
    }.get(source, source.value)


def test_what_the_monitor_remembers_of_her_phone_is_proposed(session: Session) -> None:
    session.add(SubjectState(subject_id=1, bureau_id=1, last_contact_at=NOW - HOUR))
    session.flush()

    assert clocks.propose_start(session, an_actor(session, "liming"), 1, KIND, NOW).at == NOW - HOUR


# ---- who starts and ends it


def test_a_person_sets_the_start_and_what_was_proposed_stands_beside_it(session: Session) -> None:
    a_report(session, NOW - DAY)

    clock = start(session, NOW - 2 * DAY)

    assert (clock.starts_at, clock.proposed_at, clock.set_by) == (NOW - 2 * DAY, NOW - DAY, an_officer(session, "liming").id)
    event = session.exec(select(AuditEvent).where(AuditEvent.action == "clock.start")).one()
    assert (event.subject_id, event.detail["basis"]) == (1, "家属称当日离家")


@pytest.mark.parametrize(
    ("login", "terms", "error"),
    [
        ("liming", {"starts_at": NOW + INSTANT}, Invalid),
        ("liming", {"basis": "  "}, Invalid),
        ("zhao", {}, NotFound),
        ("auditor", {}, Forbidden),
        ("admin", {}, Forbidden),
    ],
)
def test_what_cannot_start(session: Session, login: str, terms: dict[str, object], error: type[CorrectionsError]) -> None:
    with pytest.raises(error):
        start(session, login=login, **terms)


def test_one_of_a_kind_runs_at_a_time(session: Session) -> None:
    start(session)

    with pytest.raises(Conflict):
        start(session)
    assert start(session, kind=ClockKind.REPORTING_IN).kind == "reporting_in"


def test_nobody_in_custody_is_out_of_contact(session: Session) -> None:
    register.change_status(session, None, 1, status=SubjectStatus.CUSTODY, since=NOW, rules=RULES, now=NOW)

    with pytest.raises(Conflict):
        start(session)


def test_a_changed_start_is_a_new_clock_and_the_old_one_says_why(session: Session) -> None:
    old = start(session, NOW - DAY)
    case = searches.open_search(session, an_actor(session, "liming"), 1, reason="失联", settings=SETTINGS, now=NOW)

    terms = {"starts_at": NOW - 3 * DAY, "reason": "邻居三日前见过", "settings": SETTINGS, "now": NOW + HOUR}
    new = clocks.change_start(session, an_actor(session, "head"), old.id, **terms)

    assert (old.ended_at, old.end_note, old.tell_at) == (NOW + HOUR, "邻居三日前见过", None)
    assert (new.starts_at, new.basis, new.ended_at) == (NOW - 3 * DAY, "邻居三日前见过", None)
    session.refresh(case)
    assert case.clock_id == new.id


def test_it_ends_once_when_she_was_found(session: Session) -> None:
    clock = start(session)
    actor = an_actor(session, "liming")

    with pytest.raises(Invalid):
        clocks.end_clock(session, actor, clock.id, note="找到", at=NOW - INSTANT, now=NOW + DAY)
    clocks.end_clock(session, actor, clock.id, note="本人来所", at=NOW + HOUR, now=NOW + DAY)

    assert (clock.ended_at, clock.ended_by, clock.tell_at) == (NOW + HOUR, actor.officer_id, None)
    with pytest.raises(Conflict):
        clocks.end_clock(session, actor, clock.id, note="再次", now=NOW + DAY)
    with pytest.raises(NotFound):
        clocks.end_clock(session, an_actor(session, "zhao"), clock.id, note="别所", now=NOW + DAY)


@pytest.mark.parametrize("status", [SubjectStatus.CUSTODY, SubjectStatus.DECEASED, SubjectStatus.ENDED])
def test_it_ends_by_itself_with_supervision(session: Session, status: SubjectStatus) -> None:
    clock = start(session)
    clocks.clock_edges_due(session, SETTINGS, STEPS[0][0])

    since = STEPS[0][0] + HOUR
    register.change_status(session, None, 1, status=status, since=since, rules=RULES, now=since + HOUR)

    assert (clock.ended_at, clock.ended_by, clock.tell_at) == (since, None, None)
    assert told(session, waiting=True) == []
    assert clocks.clock_edges_due(session, SETTINGS, NOW + 60 * DAY) == 0


# ---- who is told of its edges, when


def test_officer_and_head_are_told_before_each_edge_and_when_it_is_reached(session: Session) -> None:
    clock = start(session)

    for i, (at, severity) in enumerate(STEPS):
        assert clocks.clock_edges_due(session, SETTINGS, at - INSTANT) == 0
        assert clocks.clock_edges_due(session, SETTINGS, at) == 1
        assert told(session)[2 * i :] == [("officer", at, severity), ("office_head", at, severity)]
    assert (clock.told, clock.tell_at) == (4, None)
    assert clocks.clock_edges_due(session, SETTINGS, NOW + 90 * DAY) == 0


def test_a_second_run_tells_nothing(session: Session) -> None:
    start(session)
    clocks.clock_edges_due(session, SETTINGS, STEPS[0][0])

    assert clocks.clock_edges_due(session, SETTINGS, STEPS[0][0]) == 0
    assert len(told(session)) == 2


def test_a_run_that_is_late_tells_what_was_reached_as_of_when_it_was(session: Session) -> None:
    clock = start(session)

    clocks.clock_edges_due(session, SETTINGS, STEPS[1][0] + 8 * HOUR)  # the service was down over the edge

    assert told(session) == [("officer", STEPS[1][0], "high"), ("office_head", STEPS[1][0], "high")]
    assert (clock.told, clock.tell_at) == (2, STEPS[2][0])


def test_what_announced_an_edge_is_needless_once_it_is_reached(session: Session) -> None:
    start(session)
    for at, _ in STEPS[:2]:
        clocks.clock_edges_due(session, SETTINGS, at)

    assert told(session, waiting=True) == [("officer", STEPS[1][0], "high"), ("office_head", STEPS[1][0], "high")]


def test_of_a_start_in_the_past_the_edge_that_was_passed_is_told_at_once(session: Session) -> None:
    start(session, local("2026-02-10T12:00"))  # ten days ended with 20 February

    clocks.clock_edges_due(session, SETTINGS, NOW)

    assert told(session) == [("officer", NOW, "high"), ("office_head", NOW, "high")]


def test_the_deputy_is_told_for_an_officer_who_is_away(session: Session) -> None:
    an_officer(session, "liming").deputy_id = an_officer(session, "wangfang").id
    away(session, "liming", NOW + 30 * DAY)
    start(session)

    clocks.clock_edges_due(session, SETTINGS, STEPS[0][0])

    notice = session.exec(select(Notice).where(Notice.recipient == Recipient.OFFICER.value)).one()
    assert notice.officer_id == an_officer(session, "wangfang").id


def test_reporting_in_has_one_edge(session: Session) -> None:
    clock = start(session, kind=ClockKind.REPORTING_IN)

    for at, _ in STEPS:
        clocks.clock_edges_due(session, SETTINGS, at)

    assert [at for _, at, _ in told(session)[::2]] == [STEPS[0][0], STEPS[1][0]]
    assert clock.tell_at is None


# ---- how far it has come


@pytest.mark.parametrize(
    ("at", "day", "contact", "edge"),
    [
        ("2026-03-12T23:59", 10, Contact.WITHIN_DAYS, Edge.OVER_DAYS),
        ("2026-03-13T00:00", 11, Contact.OVER_DAYS, Edge.OVER_MONTH),
        ("2026-04-03T00:00", 32, Contact.OVER_MONTH, Edge.OVER_MONTH),
    ],
)
def test_its_state_tells_day_and_edge(session: Session, at: str, day: int, contact: Contact, edge: Edge) -> None:
    state = clocks.state_of(session, start(session), SETTINGS, local(at))

    assert (state.day, state.contact, state.next_edge[0]) == (day, contact, edge)


def test_the_state_of_one_that_is_over_stands_still(session: Session) -> None:
    clock = start(session)
    clocks.end_clock(
        session, an_actor(session, "liming"), clock.id, note="找到", at=local("2026-03-12T10:00"), now=local("2026-03-20T10:00")
    )

    state = clocks.state_of(session, clock, SETTINGS, local("2026-06-01T00:00"))

    assert (state.day, state.contact) == (10, Contact.WITHIN_DAYS)


def test_clocks_are_listed_within_reach(session: Session) -> None:
    start(session)
    ended = start(session, kind=ClockKind.REPORTING_IN)
    clocks.end_clock(session, an_actor(session, "liming"), ended.id, note="已报到", now=NOW)

    def ids(login: str, **terms: bool) -> list[int | None]:
        return [clock.id for clock in clocks.list_clocks(session, an_actor(session, login), **terms)]

    assert (ids("liming"), ids("bureau", running=True), ids("head", running=False), ids("zhao")) == ([2, 1], [1], [2], [])
    with pytest.raises(Forbidden):
        ids("auditor")
