"""The ladder of a silence: each step at its minute, once, whoever runs and however late; nobody is missing while we, or a whole area,
were out; contact ends it anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlmodel import col, select

from corrections import clock
from corrections.clock import SetClock
from corrections.domain.model import Decision, NoticeKind, Recipient, ReviewState, Role, Severity, SubjectStatus
from corrections.monitor.scheduler import Monitor
from corrections.monitor.silence import watch_silence
from corrections.monitor.violations import ABOUT_CONTACT, close_ended
from corrections.records import accounts, register
from corrections.review import notices, reviewing
from corrections.review.deadlines import Deadlines
from corrections.review.events import EventKind
from corrections.settings import Ladder, Rules, Settings
from corrections.store.access import Actor
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import AreaSilence, Notice, Outage, ReviewEvent, SubjectState, Violation
from tests.monitor.conftest import NOW, District, add_subject

MINUTE, HOUR, INSTANT = timedelta(minutes=1), timedelta(hours=1), timedelta(microseconds=1)
LAST = NOW - 24 * HOUR
DUE = LAST + HOUR
OFFICER, HEAD, SEARCH = DUE + HOUR, DUE + 4 * HOUR, DUE + 12 * HOUR
S, O, H = Recipient.SUBJECT, Recipient.OFFICER, Recipient.OFFICE_HEAD  # noqa: E741
STEPS = [
    (DUE, [(S, NoticeKind.SILENCE)]),
    (OFFICER, [(O, NoticeKind.SILENCE)]),
    (HEAD, [(H, NoticeKind.SILENCE)]),
    (SEARCH, [(O, NoticeKind.SEARCH), (H, NoticeKind.SEARCH)]),
]
ALL = [told for _, step in STEPS for told in step]


@pytest.fixture
def silent(district: District) -> District:
    """A subject who was last heard at LAST, in an office with a head."""
    with writing(district.engine) as session:
        accounts.create_officer(session, None, office_id=district.office_id, login="head", name="所长", role=Role.OFFICE_HEAD, now=LAST)
    heard(district, LAST)
    return district


def watch(district: District, now: datetime) -> int:
    with writing(district.engine) as session:
        return watch_silence(session, district.bureau_id, district.settings, now)


def heard(district: District, at: datetime, subject: int = 0, **more: object) -> None:
    district.store([district.report(subject, at, **more)])
    district.evaluate(at)


def told(district: District, *, waiting: bool = False) -> list[tuple[str, str]]:
    """Who was told what of the silence, in order; those that still ``wait`` only."""
    with reading(district.engine) as session:
        about_it = col(Notice.kind).in_([kind.value for kind in ABOUT_CONTACT])
        found = session.exec(select(Notice).where(about_it).order_by(col(Notice.id))).all()
        return [(n.recipient, n.kind) for n in found if not waiting or n.done_at is None]


def the_violation(district: District) -> Violation:
    (violation,) = district.violations()
    return violation


def the_area(district: District) -> AreaSilence:
    with reading(district.engine) as session:
        area = session.exec(select(AreaSilence)).one()
        session.expunge_all()
        return area


def steps(district: District) -> list[tuple[str, dict[str, object]]]:
    with reading(district.engine) as session:
        return [(event.kind, event.content) for event in session.exec(select(ReviewEvent).order_by(col(ReviewEvent.id)))]


def test_each_step_is_taken_at_its_minute(silent: District) -> None:
    expected: list[tuple[str, str]] = []
    for at, step in STEPS:
        watch(silent, at - INSTANT)
        assert told(silent) == expected
        watch(silent, at)
        expected += step
        assert told(silent) == expected


def test_each_step_is_taken_once(silent: District) -> None:
    for at, _ in STEPS:
        for _ in range(3):
            watch(silent, at)
    watch(silent, NOW)

    assert told(silent) == ALL
    assert (the_violation(silent).rung, the_violation(silent).rung_due_at) == (4, None)


@pytest.mark.parametrize("first", range(4))
def test_a_late_run_takes_at_once_what_is_due(silent: District, first: int) -> None:
    at, _ = STEPS[first]

    watch(silent, at)

    assert told(silent) == [one for _, step in STEPS[: first + 1] for one in step]
    watch(silent, SEARCH)
    assert told(silent) == ALL


def test_the_next_step_is_a_stored_time(silent: District) -> None:
    due: list[datetime | None] = []
    for at, _ in STEPS:
        watch(silent, at)
        with reading(silent.engine) as session:
            state = session.get_one(SubjectState, silent.subjects[0])
            due.append(state.expected_by or next(iter(session.exec(select(Violation.rung_due_at)))))

    assert due == [OFFICER, HEAD, SEARCH, None]


def test_the_steps_survive_a_restart(silent: District) -> None:
    url = silent.engine.url
    for at, _ in STEPS:
        silent.engine = open_database(url.render_as_string(hide_password=False))
        watch(silent, at)
        silent.engine.dispose()

    assert told(silent) == ALL


def test_the_subject_is_reminded_and_the_officers_queue_stays_empty(silent: District) -> None:
    watch(silent, DUE)

    assert silent.violations() == []
    with reading(silent.engine) as session:
        (notice,) = session.exec(select(Notice)).all()
        session.expunge_all()
    assert (notice.at, notice.violation_id, notice.officer_id, notice.done_at) == (DUE, None, None, None)
    assert "请检查电量、网络和定位程序" in notice.text_zh
    assert "has not reported since" in notice.text_en


def test_the_history_shows_each_step(silent: District) -> None:
    for at, _ in STEPS:
        watch(silent, at)

    shown = [(content["recipient"], content["kind"]) for kind, content in steps(silent) if kind == EventKind.NOTIFIED]
    assert shown == ALL
    first = next(content for kind, content in steps(silent) if kind == EventKind.NOTIFIED)
    assert first["since"] == DUE.isoformat()


def test_the_head_of_the_office_is_told_by_name(silent: District) -> None:
    watch(silent, HEAD)

    with reading(silent.engine) as session:
        by = {n.recipient: n.officer_id for n in session.exec(select(Notice).where(Notice.kind == NoticeKind.SILENCE.value))}
    assert by == {S: None, O: silent.officer_id, H: silent.officer_id + 1}


def test_an_office_without_a_head_is_told_all_the_same(district: District) -> None:
    heard(district, LAST)

    watch(district, SEARCH)

    assert told(district) == ALL


def test_a_search_is_proposed_and_makes_it_graver_and_sooner(silent: District) -> None:
    watch(silent, OFFICER)
    assert (the_violation(silent).severity, the_violation(silent).due_at) == (Severity.MEDIUM, datetime(2026, 3, 3, 1, 0, tzinfo=UTC))

    watch(silent, SEARCH)

    assert (the_violation(silent).severity, the_violation(silent).due_at) == (Severity.HIGH, SEARCH + 4 * HOUR)
    assert the_violation(silent).review_state == ReviewState.QUEUED


def test_a_silence_that_was_graver_already_stays_so(silent: District) -> None:
    silent.settings = Settings(rules=Rules(silence=Rules().silence.model_copy(update={"severity": Severity.GRAVE})))

    watch(silent, SEARCH)

    assert the_violation(silent).severity == Severity.GRAVE


@pytest.mark.parametrize("first", range(4))
def test_contact_ends_it_between_any_two_steps(silent: District, first: int) -> None:
    at, _ = STEPS[first]
    watch(silent, at)

    heard(silent, at + MINUTE)

    assert told(silent, waiting=True) == []
    assert [v.ended_at for v in silent.violations()] == ([] if first == 0 else [at + MINUTE])
    assert all(v.rung_due_at is None for v in silent.violations())
    before = told(silent)
    watch(silent, at + 2 * MINUTE)
    assert told(silent) == before


def test_notices_that_became_needless_were_told_by_nobody(silent: District) -> None:
    watch(silent, HEAD)
    heard(silent, HEAD + MINUTE)

    with reading(silent.engine) as session:
        ended = {(n.done_at, n.done_by) for n in session.exec(select(Notice)) if n.kind != NoticeKind.ASSIGNED}
    assert ended == {(HEAD + MINUTE, None)}


def test_the_severity_of_a_search_stays_when_contact_resumes(silent: District) -> None:
    watch(silent, SEARCH)

    heard(silent, SEARCH + MINUTE)

    assert (the_violation(silent).severity, the_violation(silent).ended_at) == (Severity.HIGH, SEARCH + MINUTE)


def test_a_second_silence_climbs_anew(silent: District) -> None:
    watch(silent, HEAD)
    back = HEAD + MINUTE
    heard(silent, back)

    watch(silent, back + HOUR)
    watch(silent, back + 2 * HOUR)

    assert told(silent)[3:] == [(S, NoticeKind.SILENCE), (O, NoticeKind.SILENCE)]
    assert [v.rung for v in silent.violations()] == [3, 2]


def test_what_nobody_watched_comes_out_the_same(silent: District) -> None:
    heard(silent, SEARCH)

    violation = the_violation(silent)
    assert (violation.started_at, violation.opened_at, violation.ended_at) == (LAST, DUE, SEARCH)
    assert violation.severity == Severity.HIGH
    assert told(silent) == []


def test_a_silence_that_was_over_before_the_officers_step_is_no_violation(silent: District) -> None:
    heard(silent, OFFICER - INSTANT)
    assert silent.violations() == []

    heard(silent, OFFICER - INSTANT + 2 * HOUR)
    assert len(silent.violations()) == 1


def test_a_reminder_that_an_officer_gave_is_not_given_again(silent: District) -> None:
    watch(silent, DUE)
    with writing(silent.engine) as session:
        actor = Actor(silent.officer_id, "李明", Role.OFFICER, silent.office_id, silent.bureau_id)
        notices.complete_notice(session, actor, 1, DUE + MINUTE)

    watch(silent, OFFICER)

    assert told(silent) == ALL[:2]
    assert told(silent, waiting=True) == ALL[1:2]


def test_our_own_outage_puts_each_step_off(silent: District) -> None:
    watch(silent, DUE)
    down = timedelta(minutes=40)
    with writing(silent.engine) as session:
        session.add(Outage(began_at=DUE + 10 * MINUTE, ended_at=DUE + 10 * MINUTE + down))

    watch(silent, OFFICER + down - INSTANT)
    assert told(silent) == ALL[:1]
    watch(silent, OFFICER + down)
    assert told(silent) == ALL[:2]
    with writing(silent.engine) as session:
        session.add(Outage(began_at=OFFICER + HOUR, ended_at=OFFICER + HOUR + down))
    watch(silent, HEAD + 2 * down - INSTANT)
    assert told(silent) == ALL[:2]
    watch(silent, HEAD + 2 * down)
    assert told(silent) == ALL[:3]


def test_while_a_whole_area_is_silent_nobody_climbs(silent: District) -> None:
    with writing(silent.engine) as session:
        for i in range(1, 20):
            add_subject(session, silent, f"S{i}", LAST - timedelta(days=5))
    others = range(1, 20)
    for at in (LAST, LAST + 30 * MINUTE, DUE + 20 * MINUTE, OFFICER, OFFICER + 30 * MINUTE):
        silent.store([silent.report(i, at) for i in others])
        silent.evaluate(at)
        watch(silent, at)
    assert told(silent) == ALL[:2]

    lost = OFFICER + 30 * MINUTE  # from here on nobody is heard, for ten hours
    for minutes in range(0, 601, 10):
        watch(silent, lost + minutes * MINUTE)

    assert told(silent) == ALL[:2]
    back = lost + 10 * HOUR
    assert the_area(silent).began_at == lost
    for minutes in range(0, 600, 10):
        silent.store([silent.report(i, back + minutes * MINUTE) for i in others])
        silent.evaluate(back + minutes * MINUTE)
        watch(silent, back + minutes * MINUTE)
        if told(silent) != ALL[:2]:
            break
    area = the_area(silent)
    assert area.ended_at is not None
    assert told(silent)[2:] == ALL[2:3]
    put_off = area.ended_at - area.began_at
    assert HEAD + put_off <= back + minutes * MINUTE < HEAD + put_off + 10 * MINUTE


def test_a_decided_silence_does_not_climb_until_it_is_reopened(silent: District) -> None:
    watch(silent, OFFICER)
    officer = Actor(silent.officer_id, "李明", Role.OFFICER, silent.office_id, silent.bureau_id)
    head = Actor(silent.officer_id + 1, "所长", Role.OFFICE_HEAD, silent.office_id, silent.bureau_id)
    with writing(silent.engine) as session:
        seen = reviewing.claim(
            session, officer, 1, revision=the_violation(silent).revision, deadlines=Deadlines.of(Settings()), now=OFFICER
        )
        seen = reviewing.decide(
            session, officer, 1, revision=seen.revision, decision=Decision.REASONABLE_EXCUSE, reason="住院", now=OFFICER
        )
    watch(silent, HEAD)
    assert told(silent) == ALL[:2]

    with writing(silent.engine) as session:
        reviewing.reopen(
            session, head, 1, revision=the_violation(silent).revision, reason="已出院", deadlines=Deadlines.of(Settings()), now=HEAD + HOUR
        )
    watch(silent, HEAD + 2 * HOUR)

    assert told(silent) == ALL[:3]


def test_a_claimed_silence_climbs(silent: District) -> None:
    watch(silent, OFFICER)
    officer = Actor(silent.officer_id, "李明", Role.OFFICER, silent.office_id, silent.bureau_id)
    with writing(silent.engine) as session:
        reviewing.claim(session, officer, 1, revision=the_violation(silent).revision, deadlines=Deadlines.of(Settings()), now=OFFICER)

    watch(silent, SEARCH)

    assert told(silent) == ALL
    assert (the_violation(silent).review_state, the_violation(silent).new_evidence) == (ReviewState.CLAIMED, True)


def test_the_end_of_monitoring_ends_the_ladder(silent: District) -> None:
    watch(silent, OFFICER)
    with writing(silent.engine) as session:
        register.change_status(
            session, None, silent.subjects[0], status=SubjectStatus.CUSTODY, since=HEAD - MINUTE, rules=Rules(), now=HEAD - MINUTE
        )
    silent.evaluate(HEAD - MINUTE)

    watch(silent, SEARCH)

    assert told(silent) == ALL[:2]
    assert told(silent, waiting=True) == []


def test_the_ladder_is_the_bureaus_to_set(silent: District) -> None:
    silent.settings = Settings(rules=Rules(ladder=Ladder(officer_hours=0, office_head_hours=0.5, search_hours=0.5)))

    assert watch(silent, DUE) == 1
    assert told(silent) == ALL[:2]
    watch(silent, DUE + 30 * MINUTE)
    assert told(silent) == ALL


def test_steps_that_go_backwards_are_refused() -> None:
    with pytest.raises(ValueError, match="must not decrease"):
        Ladder(officer_hours=5, office_head_hours=4)


def test_a_phone_that_never_reported_is_its_officers_matter_at_once(district: District) -> None:
    awaited = NOW - timedelta(days=29)  # a day after it was enrolled

    assert watch(district, awaited - INSTANT) == 0
    assert watch(district, awaited) == 1
    assert told(district) == ALL[:2]
    watch(district, awaited + 4 * HOUR)
    assert told(district) == ALL[:3]
    heard(district, awaited + 5 * HOUR)

    assert (the_violation(district).opened_at, the_violation(district).ended_at) == (awaited, awaited + 5 * HOUR)
    assert told(district, waiting=True) == []


def test_one_back_from_custody_is_awaited_anew(silent: District) -> None:
    register_change = {"rules": Rules()}
    with writing(silent.engine) as session:
        register.change_status(session, None, silent.subjects[0], status=SubjectStatus.CUSTODY, since=DUE, now=DUE, **register_change)
    back = LAST + 10 * HOUR
    with writing(silent.engine) as session:
        register.change_status(session, None, silent.subjects[0], status=SubjectStatus.ACTIVE, since=back, now=back, **register_change)

    assert watch(silent, back + 24 * HOUR - INSTANT) == 0
    assert watch(silent, back + 24 * HOUR) == 1
    assert told(silent) == ALL[:2]
    watch(silent, back + 28 * HOUR)
    assert told(silent) == ALL[:3]


def test_one_who_was_heard_while_she_was_being_raised_is_taken_back(silent: District) -> None:
    watch(silent, OFFICER)  # a report that came in just before is committed just after

    silent.store([silent.report(0, DUE - INSTANT)])
    silent.evaluate(OFFICER)

    assert silent.violations() == []
    (withdrawn,) = silent.violations(withdrawn=True)
    assert (withdrawn.review_state, withdrawn.rung_due_at) == (ReviewState.WITHDRAWN, None)
    assert told(silent, waiting=True) == []


def test_the_scheduler_climbs(silent: District) -> None:
    monitor = Monitor(silent.engine, silent.settings)
    with clock.using(SetClock(LAST)) as moment:
        assert isinstance(moment, SetClock)
        for at, _ in STEPS:
            moment.advance(at - clock.now())
            monitor.run("watch")

    assert monitor.status.jobs["watch"].last_error is None
    assert told(silent) == ALL


@pytest.mark.parametrize("seed", range(3))
def test_watched_or_not_the_same_contacts_come_to_the_same_violations(silent: District, seed: int) -> None:
    random = Random(seed)
    at, moments = LAST, []
    for _ in range(12):
        at += MINUTE * random.choice([10, 10, 40, 59, 60, 61, 119, 120, 121, 300, 780, 900])
        moments.append(at)
    minute = LAST
    for moment in moments:
        while (minute := minute + 10 * MINUTE) <= moment:
            watch(silent, minute)
        heard(silent, moment)
    with writing(silent.engine) as session:
        add_subject(session, silent, "S1", LAST - timedelta(days=5))
    silent.store([silent.report(1, moment) for moment in [LAST, *moments]])

    silent.evaluate(moments[-1])

    watched, unwatched = (
        [(v.rule, v.started_at, v.opened_at, v.ended_at, v.severity) for v in silent.violations() if v.subject_id == subject]
        for subject in silent.subjects
    )
    assert watched == unwatched
    assert watched


def test_the_end_of_the_authority_ends_the_ladder(silent: District) -> None:
    watch(silent, OFFICER)
    with writing(silent.engine) as session:
        session.get_one(Violation, 1).ends_at = HEAD - MINUTE
        close_ended(session, HEAD)

    watch(silent, SEARCH)

    assert (the_violation(silent).ended_at, the_violation(silent).rung_due_at) == (HEAD - MINUTE, None)
    assert told(silent) == ALL[:2]
    assert told(silent, waiting=True) == []
