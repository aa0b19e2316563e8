"""Patterns over time through the store: planted ones are found once, ordinary life is not, and the order of arrival does not matter."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from corrections.domain.model import Nature, Rule, Severity, from_us
from corrections.monitor import patterns as patterns_module
from corrections.monitor.explain import Explanation, Verdict, explain_violation
from corrections.monitor.patterns import PatternWatch
from corrections.monitor.scheduler import Monitor
from corrections.records.contact_bans import impose_contact_ban, revoke_contact_ban
from corrections.settings import Settings
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import Authority, Device, SubjectState, Violation
from tests.monitor.conftest import LAT, M_PER_DEG_LAT, District, build
from tests.unit.lives import at, life

DAYS = 20
LATE = from_us(at(DAYS + 5))  # now: after all of it
BEGAN = from_us(at(0))
PATTERNS = (Rule.LEFT_BEHIND, Rule.IMPLAUSIBLE_MOVEMENT, Rule.TOGETHER)
SAID = (
    "subject_id", "rule", "nature", "severity", "other_id", "started_at", "opened_at", "ended_at", "ends_at", "last_fix_at", "evidence",
    "reason_zh", "reason_en",
)  # fmt: skip

Place = tuple[int, float, float]


def rows(district: District, subject: int, fixes: list[Place], **more: Any) -> list[dict[str, Any]]:
    return [district.report(subject, from_us(us), east, lat=LAT + north / M_PER_DEG_LAT, **more) for us, east, north in fixes]


def look(district: District, now: datetime = LATE) -> patterns_module.Looked:
    district.evaluate(now)
    return PatternWatch(district.engine, district.settings).run(now)


def found(district: District, rule: Rule | None = None) -> list[Violation]:
    return [v for v in district.violations() if (v.rule == rule if rule else v.rule in PATTERNS)]


def hourly(district: District) -> None:
    """Devices that report every hour, so that a month is soon told."""
    with writing(district.engine) as session:
        for device in session.exec(select(Device)):
            device.interval_s = 3600


def ban(district: District, **terms: Any) -> int:
    given = {"basis": "禁止令", "distance_m": 100.0, "minutes": 60.0, "valid_from": BEGAN, "approved_by": "法院", "now": LATE} | terms
    with writing(district.engine) as session:
        return impose_contact_ban(session, None, district.subjects[0], district.subjects[1], **given).id


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Engine]:
    """SQLite; that both kinds say the same is a test of its own."""
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def two(make_district: Callable[..., District], database: Any) -> District:
    return build(database, Settings(), 2, now=BEGAN + timedelta(days=29))


# ---- phones left behind


def test_a_phone_left_at_home_for_a_week_is_found_on_the_second_day(two: District) -> None:
    lying = life(DAYS, at_home=set(range(13, DAYS)))
    two.store(rows(two, 0, [fix for fix in lying if fix[0] < at(14, 22)]))
    two.store(rows(two, 1, life(DAYS)))
    look(two)
    before = found(two)

    two.store(rows(two, 0, [fix for fix in lying if fix[0] >= at(14, 22)]))
    look(two)

    (violation,) = found(two)
    assert before == []
    assert (violation.rule, violation.nature, violation.severity) == (Rule.LEFT_BEHIND, Nature.CONDUCT, Severity.MEDIUM)
    assert (violation.started_at, violation.opened_at, violation.ended_at) == (from_us(at(13, 7)), from_us(at(14, 22)), None)
    assert "可能" in violation.reason_zh
    assert "may" in violation.reason_en
    assert {"peak_certainty", "peak_distance_m", "fixes", "deciding", "settings", "signs", "figures"} <= violation.evidence.keys()


def test_late_reports_of_an_outing_take_it_back(two: District) -> None:
    day_out = [(us, 2_000.0, n) if at(14, 12) <= us < at(14, 15) else (us, e, n) for us, e, n in life(16, at_home={13, 14, 15})]
    two.store(rows(two, 0, [fix for fix in day_out if not at(14, 12) <= fix[0] < at(14, 15)]))
    look(two)
    (before,) = found(two, Rule.LEFT_BEHIND)

    two.store(rows(two, 0, [fix for fix in day_out if at(14, 12) <= fix[0] < at(14, 15)]))
    look(two)

    assert before.review_state == "queued"
    assert found(two) == []
    assert [v.review_state for v in two.violations(withdrawn=True) if v.rule == Rule.LEFT_BEHIND] == ["withdrawn"]


def test_time_without_authority_tells_nothing(two: District) -> None:
    with writing(two.engine) as session:
        authority = session.exec(select(Authority).where(Authority.subject_id == two.subjects[0])).one()
        authority.revoked_at = from_us(at(13))
    two.store(rows(two, 0, life(DAYS, at_home=set(range(13, DAYS)))))

    look(two)

    assert found(two) == []


def test_mocked_fixes_tell_nothing(two: District) -> None:
    lying = life(DAYS, at_home=set(range(13, DAYS)))
    two.store(rows(two, 0, [f for f in lying if f[0] < at(13)]) + rows(two, 0, [f for f in lying if f[0] >= at(13)], mock=True))

    look(two)

    assert found(two) == []


# ---- movement


def test_two_phones_with_one_credential_are_a_technical_matter(two: District) -> None:
    far = [(us + 300_000_000, 60_000.0, north) for us, _, north in life(1)][:30]
    two.store(rows(two, 0, life(1)[:30] + far))

    look(two)

    (violation,) = found(two)
    assert (violation.rule, violation.nature) == (Rule.IMPLAUSIBLE_MOVEMENT, Nature.TECHNICAL)
    assert "proves no breach" in violation.reason_en


# ---- together


def meeting(district: District, hers: int = 0, his: int = 1) -> list[dict[str, Any]]:
    """They live 4 km apart, and are at one place on the second day from noon to three."""
    made = []
    for subject, home, seed in ((hers, 0.0, 1), (his, 4_000.0, 2)):
        calm = life(3, at_home={0, 1, 2}, interval_min=10, seed=seed)
        made += rows(district, subject, [(us, 2_000.0 + e if at(1, 12) <= us < at(1, 15) else home + e, n) for us, e, n in calm])
    return made


def test_each_of_two_who_met_against_an_order_is_a_matter_of_her_own(two: District) -> None:
    ban(two)
    two.store(meeting(two))

    look(two)

    one, other = found(two)
    assert {one.subject_id, other.subject_id} == set(two.subjects)
    assert (one.other_id, other.other_id) == (other.subject_id, one.subject_id)
    assert (one.started_at, one.ended_at) == (other.started_at, other.ended_at)
    assert one.rule == Rule.TOGETHER
    assert one.nature == Nature.CONDUCT
    assert "S1" in one.reason_zh
    assert "甲" not in one.reason_zh


def test_without_an_order_nobody_asks_who_met_whom(two: District) -> None:
    two.store(meeting(two))

    look(two)

    assert found(two) == []


def test_an_order_for_the_past_looks_at_the_past_and_its_end_takes_back(two: District) -> None:
    two.store(meeting(two))
    look(two)

    ban_id = ban(two)
    look(two)
    imposed = len(found(two))
    with writing(two.engine) as session:
        revoke_contact_ban(session, None, ban_id, at=from_us(at(1)), now=LATE)
    look(two)

    assert imposed == 2
    assert found(two) == []


def test_late_reports_of_either_revise_both(two: District) -> None:
    ban(two)
    everything = meeting(two)
    late = [
        row for row in everything if row["subject_id"] == two.subjects[1] and from_us(at(1, 13)) <= row["fix_time"] < from_us(at(1, 15))
    ]
    two.store([row for row in everything if row not in late])
    look(two)
    before = found(two)

    two.store(late)
    look(two)

    assert [v.last_fix_at for v in before] != [v.last_fix_at for v in found(two)]
    assert {v.last_fix_at for v in found(two)} == {
        from_us(
            at(
                1,
                14,
            )
            + 50 * 60_000_000
        )
    }


# ---- order of arrival


@pytest.fixture(scope="module")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, District]:
    file = tmp_path_factory.mktemp("furnished") / "district.db"
    shutil.copy(sqlite_template, file)
    district = build(open_database(f"sqlite:///{file}"), Settings(), 2, now=BEGAN + timedelta(days=29))
    ban(district)
    hourly(district)
    district.engine.dispose()
    return file, district


def an_eventful_month(district: District, seed: int) -> list[dict[str, Any]]:
    """Two subjects whose phones lie about at times, who meet at times, and of whose credentials one is used twice for a day."""
    rng = np.random.default_rng(seed)
    made = []
    for subject in range(2):
        home = set(range(int(rng.integers(11, 14)), int(rng.integers(14, 18)))) | set(rng.integers(0, DAYS, 1).tolist())
        fixes = life(DAYS, at_home=home, interval_min=60, seed=seed + subject)
        there = {day: float(rng.choice([0.0, 7_000.0])) for day in range(DAYS)}
        fixes = [(us, e + there[(us - at(0)) // 86_400_000_000], n) for us, e, n in fixes if rng.random() > 0.05]
        day = int(rng.integers(3, DAYS))
        fixes += [(at(day, hour), 90_000.0 + float(rng.normal(0, 20)), 0.0) for hour in np.arange(10, 14, 0.4)]
        made += rows(district, subject, fixes, received_at=LATE)
    return made


def said(district: District) -> list[dict[str, Any]]:
    told = [{name: getattr(v, name) for name in SAID} for v in found(district)]
    return sorted(told, key=lambda v: (v["subject_id"], v["rule"], v["started_at"], v["other_id"]))


def replayed(furnished: tuple[Path, District], batches: list[list[dict[str, Any]]], tmp: Path) -> list[dict[str, Any]]:
    file, template = furnished
    for leftover in tmp.glob("run.db*"):
        leftover.unlink()
    shutil.copy(file, tmp / "run.db")
    engine = open_database(f"sqlite:///{tmp / 'run.db'}")
    district = District(engine, template.settings, template.bureau_id, subjects=template.subjects, devices=template.devices)
    for batch in batches:
        district.store(batch)
        look(district)
    result = said(district)
    engine.dispose()
    return result


@settings(max_examples=8, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1_000), order=st.randoms(use_true_random=False), parts=st.integers(2, 12), mixed=st.booleans())
def test_the_order_of_arrival_does_not_matter(
    furnished: tuple[Path, District], tmp_path: Path, seed: int, order: Random, parts: int, mixed: bool
) -> None:
    everything = sorted(an_eventful_month(furnished[1], seed), key=lambda row: row["fix_time"])
    at_once = replayed(furnished, [everything], tmp_path)

    arriving = list(everything)
    if mixed:
        order.shuffle(arriving)
    cuts = sorted(order.randrange(len(arriving)) for _ in range(parts - 1))
    batches = [arriving[a:b] for a, b in zip([0, *cuts], [*cuts, len(arriving)], strict=True)]

    assert replayed(furnished, batches, tmp_path) == at_once


def test_the_months_of_the_property_are_eventful(furnished: tuple[Path, District], tmp_path: Path) -> None:
    told = [v for seed in range(6) for v in replayed(furnished, [an_eventful_month(furnished[1], seed)], tmp_path)]

    assert {v["rule"] for v in told} == set(PATTERNS)
    assert len(told) > 12


def test_both_databases_say_the_same(sqlite_url: str, postgresql_url: str) -> None:
    answers = []
    for url in (sqlite_url, postgresql_url):
        district = build(open_database(url), Settings(), 2, now=BEGAN + timedelta(days=29))
        ban(district)
        hourly(district)
        everything = an_eventful_month(district, 1)
        for batch in (everything[::2], everything[1::2]):
            district.store(batch)
            look(district)
        answers.append(said(district))
        district.engine.dispose()

    assert answers[0] == answers[1]
    assert answers[0]


# ---- derived again


def explained(district: District) -> list[Explanation]:
    with reading(district.engine) as session:
        return [explain_violation(session, session.get_one(Violation, v.id), LATE) for v in found(district)]


def test_each_is_derived_again_to_the_bit(two: District) -> None:
    ban(two)
    hourly(two)
    two.store(an_eventful_month(two, 1))
    look(two)

    told = explained(two)

    assert {one.rule for one in told} == set(PATTERNS)
    assert [one.differences for one in told] == [[]] * len(told)
    assert all(one.agrees for one in told)


def test_changed_evidence_shows(two: District) -> None:
    two.store(rows(two, 0, life(DAYS, at_home=set(range(13, DAYS)))))
    look(two)
    (violation,) = found(two)
    first, *others = violation.evidence["deciding"]
    with writing(two.engine) as session:
        stored = session.get_one(Violation, violation.id)
        stored.evidence = {**stored.evidence, "deciding": [{**first, "lat": 41.0}, *others]}

    (told,) = explained(two)

    assert (told.verdict, told.agrees) == (Verdict.DIFFERENT, False)
    assert [difference.field for difference in told.differences] == ["evidence.deciding[0].lat"]


# ---- the job


def test_a_look_at_nothing_new_changes_nothing(two: District) -> None:
    two.store(rows(two, 0, life(DAYS, at_home=set(range(13, DAYS)))))
    first, before = look(two), said(two)

    again = look(two)

    assert (first.looks > 0, again.looks) == (True, 0)
    assert said(two) == before


def test_a_long_past_is_looked_at_in_parts_that_give_the_same(two: District, monkeypatch: pytest.MonkeyPatch) -> None:
    two.store(rows(two, 0, life(DAYS, at_home=set(range(13, DAYS)))))
    two.store(rows(two, 1, life(DAYS, at_home=set(range(13, DAYS)))))
    monkeypatch.setattr(patterns_module, "DAYS_AT_ONCE", 3)

    looked = look(two)

    one, other = found(two, Rule.LEFT_BEHIND)
    assert looked.looks >= 2 * (DAYS // 3)
    assert (one.started_at, one.ended_at) == (other.started_at, other.ended_at) == (from_us(at(13, 7)), None)


def test_a_subject_who_fails_leaves_the_others_alone_and_is_tried_again(two: District, monkeypatch: pytest.MonkeyPatch) -> None:
    for subject in range(2):
        two.store(rows(two, subject, life(DAYS, at_home=set(range(13, DAYS)))))
    whole = patterns_module._movement

    def failing(session: Any, tracks: Any, told: Any, since_us: int) -> None:
        if told.subject_id == two.subjects[0]:
            raise ValueError("planted")
        whole(session, tracks, told, since_us)

    with monkeypatch.context() as planted:
        planted.setattr(patterns_module, "_movement", failing)
        looked = look(two)
    during = found(two)
    look(two)

    assert looked.failed == [two.subjects[0]]
    assert [v.subject_id for v in during] == [two.subjects[1]]
    assert [v.subject_id for v in found(two)] == two.subjects


def test_a_process_that_finds_the_bureau_taken_lets_it_be(postgresql_url: str) -> None:
    district = build(open_database(postgresql_url), Settings(), 1, now=BEGAN + timedelta(days=29))
    district.store(rows(district, 0, life(DAYS, at_home=set(range(13, DAYS)))))
    district.evaluate(LATE)
    with writing(district.engine) as session:
        patterns_module.lock_place(session, district.bureau_id)

        taken = PatternWatch(district.engine, district.settings).run(LATE)

    assert taken.looks == 0
    assert PatternWatch(district.engine, district.settings).run(LATE).looks > 0
    district.engine.dispose()


def test_a_subject_who_fails_shows_in_the_status_of_the_job(two: District, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> None:
        raise ValueError("planted")

    two.store(rows(two, 0, life(2)))
    two.evaluate(LATE)
    monitor = Monitor(two.engine, two.settings)
    monkeypatch.setattr(patterns_module, "_movement", failing)

    monitor.run("patterns")

    assert "1 subjects" in (monitor.status.jobs["patterns"].last_error or "")


def test_the_scheduler_runs_it(two: District) -> None:
    two.store(rows(two, 0, life(DAYS, at_home=set(range(13, DAYS)))))
    two.evaluate(LATE)
    monitor = Monitor(two.engine, two.settings)

    monitor.run("patterns")

    assert monitor.status.jobs["patterns"].last_error is None
    assert len(found(two, Rule.LEFT_BEHIND)) == 1
    with reading(two.engine) as session:
        assert session.get_one(SubjectState, two.subjects[0]).patterns_from is None
