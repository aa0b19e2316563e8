"""Silence and contact without a position, by received time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from corrections.domain.model import Nature, Rule, Severity, SubjectStatus
from corrections.monitor.outages import pulse
from corrections.monitor.silence import watch_silence
from corrections.monitor.violations import close_ended
from corrections.records import register
from corrections.settings import Rules, Settings, Silence
from corrections.store.database import reading, writing
from corrections.store.tables import AreaSilence, Outage, SubjectState
from tests.monitor.conftest import NOW, District, add_subject

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LAST = NOW - 6 * HOUR
DUE = LAST + HOUR  # three missed intervals of ten minutes, but at least an hour: the subject is reminded
OFFICER = DUE + HOUR  # the reminder did not help


def watch(district: District, now: datetime) -> int:
    with writing(district.engine) as session:
        return watch_silence(session, district.bureau_id, district.settings, now)


def heard(district: District, *moments: datetime, subject: int = 0, east_m: float | None = 0.0) -> None:
    """Reports received at these moments, each evaluated as it came."""
    for at in moments:
        district.store([district.report(subject, at, east_m)])
        district.evaluate(at)


def expected_by(district: District, subject: int = 0) -> datetime | None:
    with reading(district.engine) as session:
        return session.get_one(SubjectState, district.subjects[subject]).expected_by


def test_a_contact_sets_when_the_next_is_due(district: District) -> None:
    heard(district, LAST)

    assert expected_by(district) == DUE


def test_silence_that_lasts_is_a_technical_matter_from_when_it_was_due(district: District) -> None:
    heard(district, LAST)

    assert watch(district, DUE) == 0
    assert watch(district, OFFICER - MINUTE) == 0
    assert watch(district, OFFICER) == 1

    (violation,) = district.violations()
    assert (violation.rule, violation.nature) == (Rule.SILENCE, Nature.TECHNICAL)
    assert (violation.started_at, violation.opened_at, violation.ended_at) == (LAST, DUE, None)
    assert "本身不说明违规" in violation.reason_zh
    assert (violation.officer_id, violation.detected_at) == (district.officer_id, OFFICER)


def test_silence_is_raised_once_and_ends_with_the_next_contact(district: District) -> None:
    heard(district, LAST)
    watch(district, OFFICER)
    assert watch(district, OFFICER + MINUTE) == 0

    heard(district, NOW)

    (violation,) = district.violations()
    assert violation.ended_at == NOW
    assert expected_by(district) == NOW + HOUR


def test_a_silence_that_nobody_watched_is_found_afterwards_just_the_same(district: District) -> None:
    heard(district, LAST, NOW)

    (violation,) = district.violations()
    assert (violation.started_at, violation.opened_at, violation.ended_at) == (LAST, DUE, NOW)


def test_reports_that_wait_for_evaluation_are_contact(district: District) -> None:
    heard(district, LAST)
    district.store([district.report(0, DUE - MINUTE)])

    assert watch(district, DUE + MINUTE) == 0


def test_a_report_without_a_position_is_contact(district: District) -> None:
    heard(district, LAST)
    heard(district, LAST + 50 * MINUTE, east_m=None)

    assert watch(district, DUE) == 0


def test_contact_without_a_position_for_long_is_a_matter_of_its_own(district: District) -> None:
    heard(district, LAST)
    heard(district, *[LAST + i * 10 * MINUTE for i in range(1, 10)], east_m=None)

    (violation,) = district.violations()
    assert (violation.rule, violation.started_at, violation.opened_at, violation.ended_at) == (Rule.NO_POSITION, LAST, DUE, None)

    heard(district, LAST + 100 * MINUTE)

    (violation,) = district.violations()
    assert violation.ended_at == LAST + 100 * MINUTE


def test_nobody_is_missing_while_the_service_itself_was_down(district: District) -> None:
    with writing(district.engine) as session:
        pulse(session, "one", hears=True, outage_after_s=120, now=LAST)
    heard(district, LAST)

    with writing(district.engine) as session:
        outage = pulse(session, "two", hears=True, outage_after_s=120, now=LAST + 5 * HOUR)

    assert outage is not None
    assert watch(district, LAST + 5 * HOUR + MINUTE) == 0
    assert expected_by(district) == DUE + 5 * HOUR
    assert watch(district, OFFICER + 5 * HOUR - MINUTE) == 0
    assert watch(district, OFFICER + 5 * HOUR) == 1


def test_signs_of_life_close_together_are_no_outage(district: District) -> None:
    with writing(district.engine) as session:
        for i in range(10):
            pulse(session, "one", hears=True, outage_after_s=120, now=LAST + i * MINUTE)
        pulse(session, "worker", hears=False, outage_after_s=120, now=LAST + HOUR)

        assert session.exec(select(Outage)).all() == []


def test_a_process_that_hears_nothing_does_not_hide_an_outage(district: District) -> None:
    with writing(district.engine) as session:
        pulse(session, "web", hears=True, outage_after_s=120, now=LAST)
        for i in range(1, 60):
            pulse(session, "worker", hears=False, outage_after_s=120, now=LAST + i * MINUTE)

        outage = pulse(session, "web", hears=True, outage_after_s=120, now=LAST + HOUR)

    assert outage is not None
    assert (outage.began_at, outage.ended_at) == (LAST, LAST + HOUR)


@pytest.fixture
def crowd(district: District) -> District:
    """Twenty subjects in all."""
    with writing(district.engine) as session:
        for i in range(1, 20):
            add_subject(session, district, f"S{i}", NOW - timedelta(days=30))
    return district


def test_the_silence_of_a_whole_area_is_one_matter(crowd: District) -> None:
    for i in range(20):
        heard(crowd, LAST + i * 20 * MINUTE / 40, subject=i)

    raised = [watch(crowd, DUE + i * MINUTE) for i in range(0, 60, 5)]

    assert sum(raised) == 0
    with reading(crowd.engine) as session:
        area = session.exec(select(AreaSilence)).one()
        assert area.ended_at is None
        assert area.subjects == 20


def test_after_an_area_is_heard_again_one_who_stays_silent_is_missed(crowd: District) -> None:
    for i in range(20):
        heard(crowd, LAST, subject=i)
    watch(crowd, DUE)
    back = DUE + HOUR
    for i in range(1, 20):
        heard(crowd, back, subject=i)

    raised = []
    for i in range(1, 14):
        crowd.store([crowd.report(subject, back + i * 10 * MINUTE) for subject in range(1, 20)])
        crowd.evaluate(back + i * 10 * MINUTE)
        raised.append(watch(crowd, back + i * 10 * MINUTE))

    assert sum(raised) == 1
    (missing,) = (v for v in crowd.violations() if v.rule == Rule.SILENCE)
    assert (missing.subject_id, missing.ended_at) == (crowd.subjects[0], None)


def test_a_few_silent_among_many_are_each_a_matter(crowd: District) -> None:
    for i in range(20):
        heard(crowd, LAST, subject=i)
    for i in range(3, 20):
        heard(crowd, DUE - MINUTE, DUE + 30 * MINUTE, OFFICER - MINUTE, subject=i)

    assert watch(crowd, OFFICER) == 3


def test_one_who_is_not_monitored_any_more_is_not_missed(district: District) -> None:
    heard(district, LAST)
    with writing(district.engine) as session:
        register.change_status(
            session, None, district.subjects[0], status=SubjectStatus.CUSTODY, since=LAST + MINUTE, rules=Rules(), now=LAST + MINUTE
        )

    assert watch(district, NOW) == 0
    assert district.violations() == []


def test_silence_in_progress_ends_with_the_monitoring(district: District) -> None:
    heard(district, LAST)
    watch(district, OFFICER)
    with writing(district.engine) as session:
        register.change_status(session, None, district.subjects[0], status=SubjectStatus.CUSTODY, since=OFFICER, rules=Rules(), now=OFFICER)

    district.evaluate()

    (violation,) = district.violations()
    assert violation.ended_at == OFFICER


def test_what_is_over_by_time_is_closed_without_a_report(district: District) -> None:
    district.forbid("BAR", 2_000, severity=Severity.HIGH, windows=[{"start": "08:00", "until": "11:00"}])
    district.store(district.walk(0, NOW - 2 * HOUR, [2_000] * 5))
    district.evaluate(NOW - 75 * MINUTE)
    assert [v.ended_at for v in district.violations()] == [None]

    with writing(district.engine) as session:
        closed = close_ended(session, NOW)

    assert closed == 1
    (violation,) = district.violations()
    assert violation.ended_at == NOW - HOUR
    district.evaluate()
    assert [v.ended_at for v in district.violations()] == [NOW - HOUR]


def test_a_device_with_a_longer_interval_is_given_longer(district: District) -> None:
    with writing(district.engine) as session:
        register.change_device(session, None, district.devices[0], interval_s=3_600, now=LAST)

    heard(district, LAST)

    assert expected_by(district) == LAST + 3 * HOUR


def test_the_silence_rule_is_the_bureaus_to_set(district: District) -> None:
    district.settings = Settings(rules=Rules(silence=Silence(missed_intervals=10)))

    heard(district, LAST)

    assert expected_by(district) == LAST + 100 * MINUTE


def test_a_clock_that_was_set_back_does_no_harm(district: District) -> None:
    heard(district, NOW, NOW - 2 * HOUR)

    assert district.violations() == []
    with reading(district.engine) as session:
        (state,) = session.exec(select(SubjectState).order_by(col(SubjectState.subject_id))).all()
        assert state.last_contact_at == NOW


def test_reports_of_others_that_wait_do_not_stop_the_watch(district: District) -> None:
    heard(district, LAST)
    with writing(district.engine) as session:
        add_subject(session, district, "S1", LAST - timedelta(days=5))
    watch(district, DUE)
    district.store([district.report(1, OFFICER - timedelta(seconds=1))])

    assert watch(district, OFFICER) == 1


def test_while_reports_lie_unevaluated_for_long_nobody_is_silent(district: District) -> None:
    heard(district, LAST)
    with writing(district.engine) as session:
        add_subject(session, district, "S1", LAST - timedelta(days=5))
    district.store([district.report(1, OFFICER - 2 * MINUTE)])

    assert watch(district, OFFICER) == 0
    district.evaluate(OFFICER)
    assert watch(district, OFFICER) == 1


@pytest.mark.parametrize(("client", "due"), [("", HOUR), ("OwnTracks 2.5", 90 * MINUTE), ("overland", 3 * HOUR), ("Traccar", 90 * MINUTE)])
def test_a_client_that_is_quiet_when_still_is_given_longer(district: District, client: str, due: timedelta) -> None:
    with writing(district.engine) as session:
        register.change_device(session, None, district.devices[0], client=client, now=LAST)

    heard(district, LAST)

    assert expected_by(district) == LAST + due
