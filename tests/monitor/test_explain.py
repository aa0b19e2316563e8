"""Each violation can be derived again from what is stored, to the bit, and says so; what cannot, or no longer, says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, update
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import col, select

from corrections.domain.model import Role, Rule
from corrections.errors import Forbidden, Invalid, NotFound
from corrections.monitor.by_fix import BY_FIX
from corrections.monitor.explain import Explanation, Verdict, explain
from corrections.monitor.violations import close_ended
from corrections.records import accounts, outlines, permits, zones
from corrections.records.accounts import actor_by_login
from corrections.settings import Boundary, Rules, Settings
from corrections.store.database import reading, writing
from corrections.store.rule_history import as_json, rules_in_force
from corrections.store.tables import AuditEvent, Report, Violation, Zone, ZoneRevision
from tests.monitor.conftest import LAT, LON, NOW, District
from tests.monitor.test_any_order import an_eventful_day, with_places

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = NOW - 6 * HOUR
OUT = [0, 0, *[9_000] * 8]


def explained(district: District, violation: Violation) -> Explanation:
    assert violation.id is not None
    return explain(district.engine, None, violation.id, "复核", NOW)


def by_fix(district: District, *, withdrawn: bool = False) -> list[Violation]:
    return [v for v in district.violations(withdrawn=withdrawn) if Rule(v.rule) in BY_FIX]


def the_one(district: District) -> Violation:
    (violation,) = (v for v in by_fix(district, withdrawn=True) if v.rule == Rule.BOUNDARY)
    return violation


def one_that_lasts(district: District) -> Violation:
    district.store(district.walk(0, START, OUT))
    district.evaluate()
    return the_one(district)


def in_batches(district: District, rows: list[dict[str, Any]], size: int, first: datetime = NOW) -> None:
    """``first`` is when the first batch is evaluated."""
    for i in range(0, len(rows), size):
        district.store(rows[i : i + size])
        district.evaluate(NOW if i else first)


@pytest.fixture
def pair(database: Engine, make_district: Callable[..., District]) -> District:
    """Two subjects, a forbidden place and one that is forbidden at night."""
    district = make_district(database, 2)
    with_places(district)
    return district


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_violation_of_a_district_comes_out_identical(pair: District, seed: int) -> None:
    in_batches(pair, an_eventful_day(pair, seed), 20)

    found = by_fix(pair)

    assert len(found) > 2
    for violation in found:
        why = explained(pair, violation)
        assert (why.verdict, why.agrees, why.differences) == (Verdict.IDENTICAL, True, [])


def test_it_is_identical_also_after_late_evidence_revised_it(pair: District) -> None:
    rows = an_eventful_day(pair, 4)
    late = [row for i, row in enumerate(rows) if i % 3 == 1]
    in_batches(pair, [row for i, row in enumerate(rows) if i % 3 != 1], 15)
    in_batches(pair, late[::-1], 7)

    found = by_fix(pair, withdrawn=True)

    assert any(v.revision > 1 for v in found)
    for violation in found:
        why = explained(pair, violation)
        withdrawn = violation.review_state == "withdrawn"
        assert (why.verdict, why.agrees) == (Verdict.NOT_BORNE_OUT if withdrawn else Verdict.IDENTICAL, True)


@pytest.mark.parametrize("seed", range(5, 9))
def test_it_is_identical_also_after_the_settings_were_changed_in_the_midst_of_it(pair: District, seed: int) -> None:
    rows = sorted(an_eventful_day(pair, seed), key=lambda row: row["fix_time"])
    middle = rows[len(rows) // 2]["fix_time"]
    pair.store(rows[: len(rows) // 2 : 2])
    pair.evaluate(middle)
    pair.settings = Settings(rules=Rules(boundary=Boundary(preset="calm")))
    in_batches(pair, [*rows[len(rows) // 2 :], *rows[1 : len(rows) // 2 : 2]], 20, first=middle)

    found = by_fix(pair)

    assert len({str(v.evidence["settings"]) for v in found}) == 2
    assert {explained(pair, v).verdict for v in found} == {Verdict.IDENTICAL}


def test_what_is_late_is_judged_by_the_settings_of_its_fix_time(database: Engine, make_district: Callable[..., District]) -> None:
    def found(*batches: tuple[str, list[dict[str, Any]]]) -> list[Any]:
        for preset, rows in batches:
            district.settings = Settings(rules=Rules(boundary=Boundary(preset=preset)))
            district.store(rows)
            district.evaluate(middle)
        return [(v.started_at, v.opened_at, v.evidence["settings"]) for v in by_fix(district)]

    middle = START + 60 * MINUTE
    district = make_district(database)
    early, late = district.walk(0, START, OUT[:6]), district.walk(0, middle, [9_000, 9_000, *[0] * 6])
    came_late = found(("prompt", early[:1]), ("calm", late), ("calm", early))

    ((_, opened, settings),) = came_late
    assert opened < middle
    with reading(district.engine) as session:
        assert settings == as_json(rules_in_force(session)[0][1])


def test_a_mocked_spell_comes_out_identical_whether_it_lasts_or_not(district: District) -> None:
    rows = district.walk(0, START, [0] * 12)
    district.store([row | {"mock": 2 <= i < 5} for i, row in enumerate(rows)])
    district.evaluate()

    (violation,) = by_fix(district)

    assert violation.ended_at is not None
    assert explained(district, violation).verdict is Verdict.IDENTICAL
    district.store([row | {"mock": True} for row in district.walk(0, START + 3 * HOUR, [0] * 3)])
    district.evaluate()
    assert [explained(district, v).verdict for v in by_fix(district)] == [Verdict.IDENTICAL] * 2


def test_what_was_closed_by_the_clock_comes_out_identical(district: District) -> None:
    district.forbid("BAR", 2_000, windows=[{"start": "08:00", "until": "11:00"}])
    district.store(district.walk(0, NOW - 2 * HOUR, [2_000] * 5))
    district.evaluate(NOW - 75 * MINUTE)
    verdicts = [explained(district, v).verdict for v in by_fix(district)]
    with writing(district.engine) as session:
        assert close_ended(session, NOW) > 0
    verdicts += [explained(district, v).verdict for v in by_fix(district)]
    district.store(district.walk(0, NOW - 30 * MINUTE, [0]))
    district.evaluate()
    verdicts += [explained(district, v).verdict for v in by_fix(district)]

    assert set(verdicts) == {Verdict.IDENTICAL}


def test_a_zone_that_was_renamed_and_redrawn_since_changes_nothing(district: District) -> None:
    district.store(district.walk(0, START, [*OUT, 0, 0, 0, 0, 0, 0]))
    district.evaluate()
    with writing(district.engine) as session:
        zone = session.exec(select(Zone)).one()
        _, revision = zones.zone_for(session, None, zone.id)
        terms = zones.terms_of(zone, revision)
        renamed = zones.Terms(code=terms.code, name="新名称", kind=terms.kind)
        zones.publish_zone(session, None, district.bureau_id, renamed, outlines.circle(LAT, LON, 3_000), valid_from=NOW, now=NOW)
    district.evaluate()

    why = explained(district, the_one(district))

    assert (why.verdict, why.zone["version"]) == (Verdict.IDENTICAL, 1)


@pytest.mark.parametrize(
    ("tamper", "fields"),
    [
        (lambda v: v.evidence.update(peak_distance_m=v.evidence["peak_distance_m"] + 1e-9), ["evidence.peak_distance_m"]),
        (lambda v: v.evidence["deciding"][1].update(certainty=0.5), ["evidence.deciding[1].certainty"]),
        (lambda v: v.evidence.pop("fixes"), ["evidence.fixes"]),
        (lambda v: v.evidence.update(more=1), ["evidence.more"]),
        (lambda v: v.evidence["settings"].update(close_at=0.19), ["evidence.settings.close_at"]),
        (lambda v: setattr(v, "opened_at", v.opened_at + timedelta(microseconds=1)), ["opened_at"]),
        (lambda v: setattr(v, "reason_en", v.reason_en.replace("outside", "inside")), []),
        (lambda v: setattr(v, "reason_zh", v.reason_zh + "！"), ["reason_zh"]),
        (lambda v: setattr(v, "severity", "low"), ["severity"]),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_named(district: District, tamper: Callable[[Violation], Any], fields: list[str]) -> None:
    id_ = one_that_lasts(district).id
    with writing(district.engine) as session:
        violation = session.get_one(Violation, id_)
        before = violation.reason_en
        tamper(violation)
        flag_modified(violation, "evidence")
        fields = fields or (["reason_en"] if violation.reason_en != before else [])

    why = explained(district, the_one(district))

    assert [difference.field for difference in why.differences] == fields
    assert (why.verdict, why.agrees) == ((Verdict.DIFFERENT, False) if fields else (Verdict.IDENTICAL, True))


def test_what_was_taken_back_after_a_decision_says_that_nothing_bears_it_out(district: District) -> None:
    id_ = one_that_lasts(district).id
    with writing(district.engine) as session:
        violation = session.get_one(Violation, id_)
        violation.review_state, violation.decision = "decided", "confirmed"
        permits.grant_leave(
            session, None, district.subjects[0], destination="沈阳", valid_from=START, valid_until=NOW, approved_by="所长", now=NOW
        )
    waiting = explained(district, the_one(district))
    district.evaluate()

    after = explained(district, the_one(district))

    assert (waiting.verdict, waiting.agrees, waiting.waiting) == (Verdict.NOT_BORNE_OUT, False, True)
    assert (after.verdict, after.agrees, after.waiting) == (Verdict.NOT_BORNE_OUT, True, False)


def test_what_rests_on_reports_that_are_gone_cannot_be_derived_again(district: District) -> None:
    violation = one_that_lasts(district)
    with writing(district.engine) as session:
        session.execute(delete(Report).where(col(Report.fix_time) < START + 40 * MINUTE))

    why = explained(district, violation)

    assert (why.verdict, why.agrees) == (Verdict.IMPOSSIBLE, False)
    assert "no longer stored" in why.paragraph_en
    assert "不再保存" in why.paragraph_zh


def test_what_rests_on_a_damaged_zone_version_cannot_be_derived_again(district: District) -> None:
    violation = one_that_lasts(district)
    with writing(district.engine) as session:
        session.execute(update(ZoneRevision).values(outline=b"damaged"))

    why = explained(district, violation)

    assert (why.verdict, why.agrees) == (Verdict.IMPOSSIBLE, False)
    assert "not readable" in why.why_en
    assert "无法读取" in why.why_zh


def test_what_has_no_settings_in_its_evidence_cannot_be_derived_again(district: District) -> None:
    id_ = one_that_lasts(district).id
    with writing(district.engine) as session:
        violation = session.get_one(Violation, id_)
        violation.evidence.pop("settings")
        flag_modified(violation, "evidence")

    assert explained(district, the_one(district)).verdict is Verdict.IMPOSSIBLE


def test_the_paragraph_tells_what_was_measured_in_both_languages(district: District) -> None:
    why = explained(district, one_that_lasts(district))

    for said in (
        "自 2026-03-02 06:20 起",
        "活动范围“云溪城区”之外（围栏第 1 版）",
        "在边界外侧 4.0 公里",
        "所报精度半径 20 米",
        "逐位一致",
    ):
        assert said in why.paragraph_zh
    for said in (
        "since 2026-03-02 06:20 the subject has been outside the permitted area", "4.0 km outside the edge", "a claimed radius of 20 m",
        "for an officer to decide", "identical to the last bit",
    ):  # fmt: skip
        assert said in why.paragraph_en


def test_the_look_is_recorded_with_its_purpose(district: District) -> None:
    violation = one_that_lasts(district)
    with reading(district.engine) as session:
        actor = actor_by_login(session, "liming", "test")
    explain(district.engine, actor, violation.id, "出庭", NOW)
    explained(district, violation)

    with reading(district.engine) as session:
        looks = session.exec(select(AuditEvent).where(AuditEvent.action == "location.read").order_by(col(AuditEvent.id))).all()
        assert [(e.actor, e.subject_id, e.purpose) for e in looks] == [("李明", 1, "出庭"), ("operator", 1, "复核")]


def test_who_may_not_review_is_told_nothing(district: District) -> None:
    violation = one_that_lasts(district)
    with writing(district.engine) as session:
        accounts.create_officer(session, None, office_id=1, login="audit", name="审计", role=Role.AUDITOR, now=NOW)
        officer, auditor = (actor_by_login(session, login, "test") for login in ("liming", "audit"))

    with pytest.raises(Forbidden):
        explain(district.engine, auditor, violation.id, "看看", NOW)
    with pytest.raises(NotFound):
        explain(district.engine, officer, 99, "看看", NOW)
    with pytest.raises(NotFound):
        explain(district.engine, None, 99, "看看", NOW)
    with pytest.raises(Invalid):
        explain(district.engine, officer, violation.id, " ", NOW)
