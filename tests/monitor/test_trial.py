"""Try before you publish: what draft zones or changed settings would have said over stored reports, subject by subject."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select

from corrections.domain.model import Datum, Decision, FalseAlarmCause, Level, Role, Rule, Scope, Severity, ZoneKind
from corrections.errors import Conflict, Forbidden, Invalid
from corrections.monitor import trial
from corrections.monitor.trial import changed_boundary, try_settings, try_zones
from corrections.monitor.trial_findings import Change, Found, Trial
from corrections.records import accounts, outlines, zones
from corrections.records.accounts import actor_by_login
from corrections.review import reviewing
from corrections.review.deadlines import Deadlines
from corrections.settings import Boundary, Rules, Settings
from corrections.store.access import Actor
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent, ReviewEvent, Violation, Zone, ZoneRevision
from tests.monitor.conftest import LAT, LON, M_PER_DEG_LON, NOW, District, add_subject

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AREA = zones.Terms(code="AREA", name="云溪城区", kind=ZoneKind.INCLUSION)
PURPOSE = "试行围栏"


def circle(east_m: float, radius_m: float, datum: Datum = Datum.WGS84) -> outlines.Outline:
    return outlines.circle(LAT, LON + east_m / M_PER_DEG_LON, radius_m, datum=datum)


def school(**terms: Any) -> zones.Terms:
    return zones.Terms(code="SCHOOL", name="学校", kind=ZoneKind.EXCLUSION, severity=Severity.HIGH, **terms)


def tried(district: District, *drafts: trial.Draft, days: int = 14) -> Trial:
    return try_zones(district.engine, None, district.bureau_id, drafts, days, PURPOSE, district.settings, NOW)


def found(made: Trial) -> list[tuple[str, Found]]:
    return [(subject.number, one) for subject in made.subjects for one in subject.found if one.rule != Rule.APPROACH]


def an_actor(district: District, login: str) -> Actor:
    with reading(district.engine) as session:
        return actor_by_login(session, login, "test")


@pytest.fixture
def pair(database: Engine, make_district: Callable[..., District]) -> District:
    """S0 stays 3 km out for three hours a day ago, and goes far out and back two days ago; S1 stays at the centre."""
    district = make_district(database, 2)
    far = [0, 0, *[9_000] * 8, *[0] * 8]
    district.store(district.walk(0, NOW - 2 * DAY, far))
    district.store(district.walk(0, NOW - DAY, [0] * 6 + [3_000] * 18 + [0] * 12))
    district.store(district.walk(1, NOW - 2 * DAY, [0] * 150, step=20 * MINUTE))
    district.evaluate()
    return district


def test_a_new_zone_would_make_violations_of_those_who_were_there(pair: District) -> None:
    made = tried(pair, (school(), circle(3_000, 500)))

    ((number, one),) = found(made)
    assert (number, one.change, one.zone_code, one.severity) == ("S0", Change.NEW, "SCHOOL", Severity.HIGH)
    assert one.started_at == NOW - DAY + HOUR
    assert one.ended_at is not None
    assert one.ended_at >= NOW - DAY + 4 * HOUR
    assert one.deepest_m == pytest.approx(500, abs=30)
    assert "学校" in one.reason_zh
    assert (made.looked_at, made.gone, made.same, made.reports) == (2, 0, 1, 18 + 36 + 150)


def test_a_draft_writes_nothing_but_that_the_locations_were_looked_at(pair: District) -> None:
    def stored() -> tuple[int, ...]:
        with reading(pair.engine) as session:
            return tuple(session.exec(select(func.count()).select_from(t)).one() for t in (Violation, ReviewEvent, Zone, ZoneRevision))

    before = stored()
    tried(pair, (school(), circle(3_000, 500)))

    assert stored() == before
    with reading(pair.engine) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert (event.action, event.purpose, event.detail["subjects"]) == ("location.read", PURPOSE, pair.subjects)


def test_a_smaller_area_adds_and_deepens_a_wider_one_takes_away(pair: District) -> None:
    smaller, wider = tried(pair, (AREA, circle(0, 2_000))), tried(pair, (AREA, circle(0, 20_000)))

    different, new = (one for _, one in found(smaller))
    assert (different.change, new.change) == (Change.DIFFERENT, Change.NEW)
    assert any("3.0 km deeper" in said for said in different.told_en)
    assert any("深入 3.0 公里" in said for said in different.told_zh)
    ((_, gone),) = found(wider)
    assert (gone.change, gone.deepest_m) == (Change.GONE, pytest.approx(4_000, rel=0.02))
    assert (smaller.present, smaller.draft, wider.present, wider.draft) == (1, 2, 1, 0)


def test_the_zone_as_it_is_changes_nothing(pair: District) -> None:
    made = tried(pair, (AREA, circle(0, 5_000)))

    assert (found(made), made.same, made.present, made.draft) == ([], 1, 1, 1)


def test_what_lasted_through_the_switch_is_not_new_because_of_it(pair: District) -> None:
    made = tried(pair, (AREA, circle(0, 5_000)), days=1)
    pair.store(pair.walk(1, NOW - 5 * DAY, [9_000] * 500))
    pair.evaluate()

    lasting = tried(pair, (AREA, circle(0, 5_000)), days=2)

    assert (made.present, made.new, made.gone) == (0, 0, 0)
    assert (lasting.new, lasting.gone, lasting.different) == (0, 0, 0)
    assert lasting.same >= 1


def test_windows_and_whom_it_binds_are_those_of_the_draft(pair: District) -> None:
    three_hours = (NOW - DAY + HOUR).hour + 8  # local
    during, otherwise = f"{three_hours % 24:02}:00", f"{(three_hours + 5) % 24:02}:00"

    def new(**terms: Any) -> int:
        return len([one for _, one in found(tried(pair, (school(**terms), circle(3_000, 500)))) if one.change is Change.NEW])

    assert new(windows=[{"start": during, "until": otherwise}]) == 1
    assert new(windows=[{"start": otherwise, "until": during}]) == 0
    assert new(scope=Scope.SUBJECT, subject_id=pair.subjects[0]) == 1
    assert new(scope=Scope.SUBJECT, subject_id=pair.subjects[1]) == 0
    assert new(scope=Scope.LEVEL, level=Level.STRICT) == 0
    assert new(scope=Scope.OFFICE, office_id=pair.office_id) == 1


def test_another_severity_is_a_difference(pair: District) -> None:
    made = tried(pair, (zones.Terms(code="AREA", name="云溪城区", kind=ZoneKind.INCLUSION, severity=Severity.HIGH), circle(0, 5_000)))

    ((_, one),) = found(made)
    assert (one.change, one.severity) == (Change.DIFFERENT, Severity.HIGH)
    assert "severity high instead of medium" in one.told_en


def test_an_outline_in_another_datum_lies_where_it_was_meant(pair: District) -> None:
    shifted = tried(pair, (school(), circle(3_000, 100, datum=Datum.GCJ02)))

    assert found(shifted) == []
    assert len(found(tried(pair, (school(), circle(3_000, 100))))) == 1


def test_several_drafts_are_tried_together(pair: District) -> None:
    made = tried(pair, (AREA, circle(0, 20_000)), (school(), circle(9_000, 500)))

    assert {(one.zone_code, one.change) for _, one in found(made)} == {("AREA", Change.GONE), ("SCHOOL", Change.NEW)}


def test_it_counts_which_false_alarms_would_be_gone(pair: District) -> None:
    actor = an_actor(pair, "liming")
    (violation,) = (v for v in pair.violations() if v.rule == Rule.BOUNDARY)
    with writing(pair.engine) as session:
        claimed = reviewing.claim(session, actor, violation.id, revision=violation.revision, deadlines=Deadlines.of(pair.settings), now=NOW)
        reviewing.decide(
            session, actor, violation.id, revision=claimed.revision, decision=Decision.FALSE_ALARM, cause=FalseAlarmCause.ZONE_ERROR,
            reason="围栏画错", now=NOW,
        )  # fmt: skip

    made = tried(pair, (AREA, circle(0, 20_000)))

    assert (made.false_alarms, made.false_alarms_gone, made.confirmed, made.confirmed_gone) == (1, 1, 0, 0)
    ((_, one),) = found(made)
    assert (one.violation_id, one.decision) == (violation.id, "false_alarm")
    zh, en = made.summary
    assert "已认定误报的 1 条中将取消 1 条" in zh
    assert "Of 1 that officers decided were false alarms 1 would be gone" in en


def test_changed_settings_are_tried_over_everybody(pair: District) -> None:
    def with_(**changes: Any) -> Trial:
        changed = changed_boundary(pair.settings.rules.boundary, {key.replace("__", "."): value for key, value in changes.items()})
        return try_settings(pair.engine, None, pair.bureau_id, changed, 14, PURPOSE, pair.settings, NOW)

    same, unused = with_(preset=pair.settings.rules.boundary.preset), with_(floor_wifi_m=50)

    assert (same.looked_at, same.new, same.gone, same.different, same.same) == (2, 0, 0, 0, 1)
    assert (unused.same, unused.gone) == (1, 0)


def test_settings_that_ask_for_more_take_away(pair: District) -> None:
    pair.store([row | {"accuracy_m": None} for row in pair.walk(1, NOW - 2 * HOUR, [0, *[5_400] * 8])])
    pair.evaluate()
    changed = changed_boundary(pair.settings.rules.boundary, {"floor_gps_m": 5_000})

    made = try_settings(pair.engine, None, pair.bureau_id, changed, 14, PURPOSE, pair.settings, NOW)

    assert [(number, one.change) for number, one in found(made)] == [("S1", Change.GONE)]
    assert (made.present, made.draft, made.same) == (2, 1, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"prompt.nothing": 1}, "prompt.nothing"), ({"preset": "loud"}, "preset"), ({"prompt": 1}, "prompt"), ({"silence.x": 1}, "silence.x")],
)
def test_a_setting_that_is_none_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        changed_boundary(Boundary(), changes)

    assert field in str(refused.value.field)


def test_a_setting_is_named_with_or_without_where_it_stands() -> None:
    for name in ("preset", "boundary.preset", "rules.boundary.preset"):
        assert changed_boundary(Boundary(), {name: "calm"}).preset == "calm"
    assert Rules(boundary=changed_boundary(Boundary(), {"floor_cell_m": "1500"})).boundary.floor_cell_m == 1500


def test_who_may_not_set_zones_or_see_locations_may_not_try(pair: District) -> None:
    with writing(pair.engine) as session:
        for login, role in (("head", Role.OFFICE_HEAD), ("bureau", Role.BUREAU), ("admin", Role.ADMINISTRATOR), ("audit", Role.AUDITOR)):
            accounts.create_officer(session, None, office_id=pair.office_id, login=login, name=login, role=role, now=NOW)

    def as_(login: str, terms: zones.Terms) -> Trial:
        draft = (terms, circle(3_000, 500))
        return try_zones(pair.engine, an_actor(pair, login), pair.bureau_id, [draft], 14, PURPOSE, pair.settings, NOW)

    for login in ("liming", "admin", "audit"):
        with pytest.raises(Forbidden):
            as_(login, school())
    with pytest.raises(Forbidden):
        as_("head", school())  # a zone for everyone
    assert as_("head", school(scope=Scope.OFFICE, office_id=pair.office_id)).new >= 1
    assert as_("bureau", school()).new >= 1


def test_an_office_is_the_boundary_of_what_is_tried(pair: District) -> None:
    from corrections.records import register

    with writing(pair.engine) as session:
        other = register.create_office(session, None, bureau_id=pair.bureau_id, code="YX2", name="第二司法所", now=NOW)
        accounts.create_officer(session, None, office_id=other.id, login="head2", name="head2", role=Role.OFFICE_HEAD, now=NOW)

    made = try_settings(pair.engine, an_actor(pair, "head2"), pair.bureau_id, Boundary(), 14, PURPOSE, pair.settings, NOW)

    assert (made.looked_at, made.present) == (0, 0)


@pytest.mark.parametrize("days", [0, -1, trial.MOST_DAYS + 1])
def test_how_far_back_is_bounded(pair: District, days: int) -> None:
    with pytest.raises(Invalid, match="days must be 1 to"):
        tried(pair, (school(), circle(3_000, 500)), days=days)


def test_input_at_fault_is_told(pair: District) -> None:
    other_kind = zones.Terms(code="AREA", name="云溪城区", kind=ZoneKind.EXCLUSION)
    with pytest.raises(Conflict):
        tried(pair, (other_kind, circle(0, 500)))
    with pytest.raises(Invalid):
        tried(pair)
    with pytest.raises(Invalid, match="purpose"):
        try_zones(pair.engine, None, pair.bureau_id, [(school(), circle(0, 500))], 14, " ", pair.settings, NOW)


def test_many_subjects_are_taken_in_chunks_and_come_out_the_same(pair: District, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(pair.engine) as session:
        for i in range(2, 7):
            add_subject(session, pair, f"S{i}", NOW - 30 * DAY)
    for i in range(2, 7):
        pair.store(pair.walk(i, NOW - DAY, [0] * 3 + [3_000] * i + [0] * 6))
    pair.evaluate()
    together = tried(pair, (school(), circle(3_000, 500)))

    monkeypatch.setattr(trial, "AT_ONCE", 2)

    assert tried(pair, (school(), circle(3_000, 500))) == together
    assert len(together.subjects) > 3


def test_a_trial_tells_how_far_it_is_and_ends_where_it_is_given_up(pair: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "AT_ONCE", 1)
    judged = Mock(side_effect=trial._try_chunk)
    monkeypatch.setattr(trial, "_try_chunk", judged)
    drafts = [(school(), circle(3_000, 500))]

    trying = trial.trying_zones(pair.engine, None, pair.bureau_id, drafts, 14, PURPOSE, pair.settings, NOW)
    assert [next(trying), next(trying)] == [(0, 2), (1, 2)]
    trying.close()

    assert judged.call_count == 1


def test_the_present_side_gives_what_the_monitor_stored(pair: District) -> None:
    made = tried(pair, (AREA, circle(0, 20_000)))

    (violation,) = (v for v in pair.violations() if v.rule == Rule.BOUNDARY)
    ((_, one),) = found(made)
    assert (one.violation_id, one.started_at, one.ended_at) == (violation.id, violation.started_at, violation.ended_at)
    assert one.reason_zh == violation.reason_zh
    assert Settings().rules.boundary == pair.settings.rules.boundary
