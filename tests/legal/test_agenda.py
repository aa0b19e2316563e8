"""The list of what is due: each thing with its time, what may be proposed next, and the article that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.casework import ClockKind, MeasureKind, SearchOutcome
from corrections.domain.legal import LAWFUL, Contact, DueKind, Edge, Terms, Why, may_be_proposed
from corrections.domain.model import Category, SubjectStatus
from corrections.errors import Forbidden, Invalid, NotFound
from corrections.records import clocks, permits, register, searches
from corrections.records.agenda import ARTICLES, Due, agenda
from corrections.records.permits import Basis, Ground
from corrections.settings import Settings
from corrections.store.database import writing
from corrections.store.tables import CheckRound, LeaveRequest, Measure, Objection, Proposal, Subject, SubjectState
from tests.review.scene import NOW, RULES, a_subject, an_actor, an_officer, settle

SETTINGS = Settings()
CHINA = ZoneInfo("Asia/Shanghai")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ADMONITION, WARNING = MeasureKind.ADMONITION, MeasureKind.WARNING


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with writing(database) as session:
        settle(session)
        a_subject(session, "S2", office_id=2, officer="zhao")
        yield session


def due(session: Session, login: str = "liming", now: datetime = NOW, **terms: Any) -> list[Due]:
    return agenda(session, an_actor(session, login), settings=SETTINGS, now=now, **terms).items


def the_one(session: Session, kind: DueKind, login: str = "liming", now: datetime = NOW, **terms: Any) -> Due:
    (found,) = [one for one in due(session, login, now, **terms) if one.kind is kind]
    return found


def started(session: Session, kind: ClockKind = ClockKind.OUT_OF_CONTACT, starts_at: datetime = NOW) -> int:
    terms = {"kind": kind, "starts_at": starts_at, "basis": "失联", "settings": SETTINGS, "now": NOW}
    return clocks.start_clock(session, an_actor(session, "liming"), 1, **terms).id


def measured(session: Session, kind: MeasureKind, on: datetime = NOW, **terms: Any) -> None:
    session.add(Measure(subject_id=1, kind=kind.value, category="probation", decided_on=on, decided_by="县局", recorded_at=on, **terms))
    session.flush()


def proposed(one: Due) -> list[tuple[MeasureKind, Why, str]]:
    return [(may.measure, may.why, may.basis.key) for may in one.may if may.basis is not None]


# ---- running terms


@pytest.mark.parametrize(
    ("now", "at", "days_left", "contact", "measures"),
    [
        ("2026-03-02T10:00", "2026-03-13T00:00", 11, Contact.WITHIN_DAYS, [(ADMONITION, Why.WITHIN_DAYS, "step.within_days")]),
        ("2026-03-12T23:59", "2026-03-13T00:00", 1, Contact.WITHIN_DAYS, [(ADMONITION, Why.WITHIN_DAYS, "step.within_days")]),
        ("2026-03-13T00:00", "2026-04-03T00:00", 21, Contact.OVER_DAYS, [(WARNING, Why.OVER_DAYS, "step.over_days")]),
        (
            "2026-04-05T10:00", "2026-04-03T00:00", -2, Contact.OVER_MONTH,
            [(MeasureKind.REVOKE_PROBATION, Why.OVER_MONTH, "step.over_month"), (WARNING, Why.OVER_DAYS, "step.over_days")],
        ),
    ],
)  # fmt: skip
def test_out_of_contact_says_what_may_be_proposed_and_on_what_it_rests(
    session: Session, now: str, at: str, days_left: int, contact: Contact, measures: list[tuple[MeasureKind, Why, str]]
) -> None:
    clock_id = started(session)

    one = the_one(session, DueKind.OUT_OF_CONTACT, now=local(now), until=local("2026-05-01"))

    assert (one.ref, one.at, one.days_left, one.contact) == (f"clock:{clock_id}", local(at), days_left, contact)
    assert one.overdue == (days_left < 0)
    assert proposed(one) == measures
    assert [(basis.key, basis.quoted, basis.verified) for basis in one.bases] == [("law.30", True, True)]


def test_what_may_be_proposed_follows_the_category_and_the_counts(session: Session) -> None:
    started(session)
    register.change_subject(session, None, 1, category=Category.CONTROL, now=NOW)
    for _ in range(2):
        measured(session, ADMONITION)
    measured(session, WARNING, revoked_at=NOW)

    one = the_one(session, DueKind.OUT_OF_CONTACT, now=local("2026-04-05T10:00"))

    assert [may.measure for may in one.may] == [MeasureKind.SECURITY_PENALTY, WARNING, WARNING]
    assert one.counts == {"admonition": 2}  # one that was revoked does not count


def test_one_who_was_heard_since_is_shown_so(session: Session) -> None:
    started(session)
    session.add(SubjectState(subject_id=1, bureau_id=1, last_contact_at=NOW + HOUR))
    session.flush()

    assert the_one(session, DueKind.OUT_OF_CONTACT, now=NOW + DAY).heard_at == NOW + HOUR


def test_reporting_in_is_due_with_the_end_of_the_tenth_day(session: Session) -> None:
    started(session, ClockKind.REPORTING_IN)

    one = the_one(session, DueKind.REPORTING_IN)

    assert (one.at, one.edge, one.may) == (local("2026-03-13T00:00"), Edge.REPORT_BY, [])
    assert [basis.key for basis in one.bases] == ["law.21", "law.20", "law.22"]


def test_what_lies_beyond_the_horizon_is_left_out_and_what_is_over_too(session: Session) -> None:
    clock_id = started(session)

    assert due(session, until=NOW + 5 * DAY) == []
    clocks.end_clock(session, an_actor(session, "liming"), clock_id, note="找到", now=NOW)
    assert due(session) == []


# ---- searches


def test_an_open_search_stands_since_it_was_opened(session: Session) -> None:
    case = searches.open_search(session, an_actor(session, "liming"), 1, reason="失联", settings=SETTINGS, now=NOW)

    assert (the_one(session, DueKind.SEARCH).at, the_one(session, DueKind.SEARCH).overdue) == (NOW, True)
    searches.close_search(
        session, an_actor(session, "liming"), case.id, outcome=SearchOutcome.CUSTODY, note="被拘留", settings=SETTINGS, now=NOW + HOUR
    )
    (one,) = due(session, now=NOW + DAY)
    assert (one.kind, one.ref, [basis.key for basis in one.bases]) == (DueKind.STATUS, f"search:{case.id}", ["law.32", "law.45"])
    register.change_status(session, None, 1, status=SubjectStatus.CUSTODY, since=NOW + 2 * HOUR, rules=RULES, now=NOW + 2 * HOUR)
    assert due(session, now=NOW + DAY) == []
    register.change_status(session, None, 1, status=SubjectStatus.ACTIVE, since=NOW + DAY, rules=RULES, now=NOW + DAY)
    assert due(session, now=NOW + 2 * DAY) == []


# ---- ends that come


def test_the_end_of_term_is_due_and_in_custody_stays_for_a_person(session: Session) -> None:
    ends = local("2026-03-20T00:00")
    register.change_subject(session, None, 1, term_until=ends, now=NOW)
    assert (the_one(session, DueKind.TERM_END).at, the_one(session, DueKind.TERM_END).bases[0].key) == (ends, "law.44")

    register.change_status(session, None, 1, status=SubjectStatus.CUSTODY, since=NOW, rules=RULES, now=NOW)

    assert the_one(session, DueKind.TERM_END, now=ends + DAY).overdue
    register.change_status(session, None, 1, status=SubjectStatus.ENDED, since=ends, rules=RULES, now=ends + DAY)
    assert due(session, now=ends + DAY) == []


def grant(session: Session, until: datetime, **terms: Any) -> int:
    given = {"basis": Basis.ARTICLE26, "valid_from": NOW, "approved_by": "局长", "approved_on": NOW, "rules": RULES, "now": NOW} | terms
    return permits.grant_authority(session, None, 1, valid_until=until, **given).id


def test_a_legal_basis_is_due_when_the_last_of_them_ends_before_the_term(session: Session) -> None:
    grant(session, NOW + 10 * DAY)
    last = grant(session, NOW + 20 * DAY, basis=Basis.ARTICLE29, ground=Ground.PENALISED)
    assert due(session) == []  # nobody is located before a device is enrolled

    register.enrol_device(session, None, 1, identifier="P1", rules=RULES, now=NOW)

    one = the_one(session, DueKind.AUTHORITY_END)
    assert (one.ref, one.at, [basis.key for basis in one.bases]) == (f"authority:{last}", NOW + 20 * DAY, ["law.29"])
    assert the_one(session, DueKind.AUTHORITY_END, now=NOW + 21 * DAY).overdue  # she is not located any more
    grant(session, NOW + 365 * DAY)
    assert due(session) == []


# ---- measures that stand


def test_two_admonitions_lead_to_a_warning_until_it_is_proposed_or_given(session: Session) -> None:
    measured(session, ADMONITION, NOW - 3 * DAY)
    assert due(session) == []

    measured(session, ADMONITION, NOW - DAY)

    one = the_one(session, DueKind.MEASURES)
    assert (one.at, proposed(one), one.counts) == (NOW - DAY, [(WARNING, Why.ADMONISHED, "step.admonished")], {"admonition": 2})
    measured(session, WARNING, NOW)
    assert due(session) == []
    measured(session, ADMONITION, NOW + DAY)
    assert the_one(session, DueKind.MEASURES, now=NOW + DAY).at == NOW + DAY


@pytest.mark.parametrize(
    ("category", "measure"),
    [
        (Category.PROBATION, MeasureKind.REVOKE_PROBATION),
        (Category.PAROLE, MeasureKind.REVOKE_PAROLE),
        (Category.TEMPORARY, MeasureKind.IMPRISON),
        (Category.CONTROL, MeasureKind.SECURITY_PENALTY),
    ],
)
def test_two_warnings_lead_to_the_last_step_of_the_category(session: Session, category: Category, measure: MeasureKind) -> None:
    register.change_subject(session, None, 1, category=category, now=NOW)
    for _ in range(2):
        measured(session, WARNING)

    assert [may.measure for may in the_one(session, DueKind.MEASURES).may] == [measure]
    liming = an_officer(session, "liming").id
    terms = {"bureau_id": 1, "office_id": 1, "subject_id": 1, "ground": "", "facts": "", "proposed_by": liming, "proposed_at": NOW}
    assert [may.ground is not None for may in the_one(session, DueKind.MEASURES).may] == [True]
    session.add(Proposal(**terms, measure=measure.value))
    session.flush()
    assert [one.kind for one in due(session)] == [DueKind.PROPOSAL]


# ---- what waits elsewhere


def test_what_waits_for_an_answer_is_due_at_its_own_time(session: Session) -> None:
    same = {"bureau_id": 1, "office_id": 1, "subject_id": 1}
    leave = same | {
        "kind": "leave", "reason": "work", "destination": "杭州", "leaves_at": NOW - 5 * DAY, "returns_at": NOW - DAY, "days": 4,
        "total_days": 4, "rank": "office", "requested_at": NOW - 7 * DAY,
    }  # fmt: skip
    session.add(LeaveRequest(**leave, due_at=NOW + HOUR))
    session.add(LeaveRequest(**leave, due_at=NOW, state="approved"))
    session.add(LeaveRequest(**leave, due_at=NOW, state="approved", returned_at=NOW - DAY))
    session.add(Objection(**same, about="data", text="不同意", at=NOW, due_at=NOW + 2 * HOUR))
    session.add(Objection(**same, about="data", text="不同意", at=NOW, due_at=NOW, answered_at=NOW))
    round_ = {"bureau_id": 1, "office_id": 1, "officer_id": 1, "schedule": "早", "opened_at": NOW}
    session.add(CheckRound(**round_, slot_at=NOW, due_at=NOW + 3 * HOUR))
    session.add(CheckRound(**round_, slot_at=NOW + HOUR, due_at=NOW, state="signed"))
    session.flush()

    assert [(one.kind, one.ref, one.at) for one in due(session)] == [
        (DueKind.LEAVE_RETURN, "leave_request:2", NOW - DAY),
        (DueKind.LEAVE_DECISION, "leave_request:1", NOW + HOUR),
        (DueKind.OBJECTION, "objection:1", NOW + 2 * HOUR),
        (DueKind.ROUND, "round:1", NOW + 3 * HOUR),
    ]
    assert DueKind.ROUND not in {one.kind for one in due(session, subject_id=1)}


@pytest.mark.parametrize("category", sorted(LAWFUL))
@pytest.mark.parametrize("contact", list(Contact))
def test_whatever_may_be_proposed_has_its_ground_among_those_of_the_measures(category: Category, contact: Contact) -> None:
    counts = {ADMONITION: 2, WARNING: 2}
    grounds = SETTINGS.measures.grounds_on(NOW.date())

    for one in may_be_proposed(category, counts, contact, Terms()):
        assert [g.key for g in grounds if (g.measure, g.why) == (one.measure, one.why) and category in g.categories] != [], one


# ---- reach and bounds


def test_an_office_is_the_boundary(session: Session) -> None:
    started(session)
    session.add(CheckRound(bureau_id=1, office_id=1, officer_id=1, schedule="", slot_at=NOW, opened_at=NOW, due_at=NOW))
    session.flush()

    assert [len(due(session, login)) for login in ("liming", "head", "bureau", "zhao")] == [2, 2, 2, 0]
    assert len(agenda(session, None, settings=SETTINGS, now=NOW).items) == 2
    with pytest.raises(NotFound):
        due(session, "zhao", subject_id=1)
    for login in ("auditor", "admin"):
        with pytest.raises(Forbidden):
            due(session, login)


def test_a_long_list_says_that_there_is_more(session: Session) -> None:
    started(session)
    started(session, ClockKind.REPORTING_IN)

    found = agenda(session, an_actor(session, "liming"), limit=1, settings=SETTINGS, now=NOW)

    assert (len(found.items), found.more) == (1, True)
    for terms in ({"limit": 0}, {"until": NOW + 367 * DAY}):
        with pytest.raises(Invalid):
            due(session, **terms)


def test_every_article_that_is_named_is_in_the_settings_and_only_what_was_read_is_quoted() -> None:
    named = {key for keys in ARTICLES.values() for key in keys} | {f"step.{why}" for why in Why} | {"law.29"}

    articles = [(key, SETTINGS.legal.article(key, NOW.date())) for key in sorted(named)]

    held = [(key, article) for key, article in articles if article is not None]
    assert held == articles
    assert all(article.text_zh and article.text_en and article.verified for _, article in held)
    assert [key for key, article in held if article.quoted] == [key for key in sorted(named) if key.startswith("law.")]


def test_without_articles_in_the_settings_nothing_is_made_up(session: Session) -> None:
    started(session)
    bare = Settings(legal={"articles": []})

    (one,) = agenda(session, None, settings=bare, now=NOW).items

    assert (one.bases, [may.basis for may in one.may]) == ([], [None])


def test_the_subject_is_named_by_number(session: Session) -> None:
    started(session)

    one = the_one(session, DueKind.OUT_OF_CONTACT)

    assert (one.subject_number, one.subject_name, one.officer_id) == ("S1", session.get_one(Subject, 1).name, 1)
