"""Check-ins: asked by an officer or at random moments, answered with a position, or missed, which counts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.clock import SetClock, using
from corrections.domain.model import Level, to_us
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.ingest.check_in import Answer, Position, answer_check_in
from corrections.ingest.writer import Ingest
from corrections.monitor.check_ins import ask_check_in, ask_check_ins_due, miss_check_ins_due
from corrections.monitor.contact import expected_intervals
from corrections.monitor.explain import explain
from corrections.records.check_ins import counts_of, list_check_ins
from corrections.records.check_secrets import secrets_of
from corrections.settings import Settings
from corrections.settings.checks import Schedule
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import AuditEvent, CheckIn, Device, Notice, Outage, Report, Subject, Violation
from tests.conftest import Databases
from tests.monitor.check_scene import DAY, HOUR, MINUTE, MONDAY, bureau_at_work, local, schedule, settings_of, subject
from tests.review.scene import an_actor, kinds

LIMING = 1
NINE = local(9)
NONE = settings_of()
RANDOM: dict[str, Any] = {
    "purpose": "check_in", "kind": "random", "windows": [{"start": "08:00", "until": "21:00"}], "count": 2, "days": "every",
    "due_minutes": 30, "times": [],
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    with databases.copy(request.param, bureau_at_work) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


def strict(**terms: Any) -> Schedule:
    return schedule("check-in", **(RANDOM | terms))


def asked(engine: Engine, now: datetime = NINE, *, login: str = "liming", purpose: str = "核实在家", subject_id: int = 1) -> str:
    """The token of a check-in that an officer asked for."""
    with writing(engine) as session:
        return ask_check_in(session, an_actor(session, login), subject_id, purpose, NONE, now)[1]


def answer(engine: Engine, token: str, now: datetime = NINE + MINUTE, **changes: Any) -> Answer:
    told = {"lat": 30.05, "lon": 120.05, "accuracy_m": 25.0, "measured_at": now} | changes
    with using(SetClock(now)):
        return answer_check_in(engine, Ingest(engine, NONE), token, Position(**told), now, "10.0.0.7")


def miss(engine: Engine, now: datetime, settings: Settings = NONE) -> int:
    with writing(engine) as session:
        return miss_check_ins_due(session, settings, now)


def due(engine: Engine, now: datetime, settings: Settings) -> int:
    with writing(engine) as session:
        return ask_check_ins_due(session, settings, now)


def check_ins(engine: Engine) -> list[CheckIn]:
    with reading(engine) as session:
        found = list(session.exec(select(CheckIn).order_by(col(CheckIn.slot_at), col(CheckIn.id))))
        session.expunge_all()
        return found


def violations(engine: Engine) -> list[Violation]:
    with reading(engine) as session:
        found = list(session.exec(select(Violation).order_by(col(Violation.id))))
        session.expunge_all()
        return found


def reports(engine: Engine) -> list[Report]:
    with reading(engine) as session:
        found = list(session.exec(select(Report).order_by(col(Report.id))))
        session.expunge_all()
        return found


# ---- asking


def test_an_officer_asks_with_a_purpose_and_the_subject_is_told_the_link(engine: Engine) -> None:
    token = asked(engine)

    (made,) = check_ins(engine)
    assert (made.subject_id, made.asked_by, made.purpose, made.asked_at, made.expires_at) == (1, LIMING, "核实在家", NINE, local(9, 30))
    with reading(engine) as session:
        notice = session.exec(select(Notice)).one()
        assert (notice.kind, notice.recipient, notice.subject_id, notice.about) == ("check_in", "subject", 1, "check_in:1")
        assert f"/c/{token}" in notice.text_zh
        assert f"/c/{token}" in notice.text_en
        assert "2026-03-02 09:30" in notice.text_zh
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "check_in.ask")).one()
        assert (event.subject_id, event.purpose) == (1, "核实在家")


def test_the_link_is_nowhere_else(engine: Engine) -> None:
    token = asked(engine)

    (made,) = check_ins(engine)
    assert token not in made.token_hash
    with reading(engine) as session:
        assert all(token not in str(event.detail) for event in session.exec(select(AuditEvent)))


def test_not_without_a_purpose_nor_while_she_is_being_asked_nor_without_authority(engine: Engine) -> None:
    with pytest.raises(Invalid) as refusal:
        asked(engine, purpose=" ")
    assert refusal.value.field == "purpose"
    asked(engine)
    with pytest.raises(Conflict, match="already"):
        asked(engine, NINE + MINUTE)
    with writing(engine) as session:
        other = subject(session, "S2", can=False)
    with pytest.raises(Conflict, match="legal basis"):
        asked(engine, subject_id=other.id or 0)


def test_not_beyond_the_office_nor_by_the_auditor(engine: Engine) -> None:
    with pytest.raises(NotFound):
        asked(engine, login="zhao")
    with pytest.raises(Forbidden):
        asked(engine, login="auditor")


# ---- answering


def test_an_answer_is_a_report_and_is_noted(engine: Engine) -> None:
    token = asked(engine)

    assert answer(engine, token) is Answer.STORED

    (made,), (report,) = check_ins(engine), reports(engine)
    assert (made.answered_at, made.report_id) == (NINE + MINUTE, report.id)
    assert (report.lat, report.lon, report.accuracy_m, report.wire) == (30.05, 120.05, 25.0, "check-in")
    assert (report.datum, report.fix_time, report.received_at) == ("WGS84", NINE + MINUTE, NINE + MINUTE)
    with reading(engine) as session:
        assert session.exec(select(Notice).where(col(Notice.done_at).is_(None))).all() == []
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "check_in.answer")).one()
        assert (event.actor, event.subject_id, event.origin) == ("subject", 1, "10.0.0.7")


def test_nothing_is_expected_of_the_browser_that_answered(engine: Engine) -> None:
    answer(engine, asked(engine))
    answer(engine, asked(engine, NINE + HOUR), NINE + HOUR)

    with reading(engine) as session:
        device = session.exec(select(Device)).one()
        assert (device.identifier, device.client, device.active) == ("browser-S1", "browser", False)
        assert expected_intervals(session, [1], NONE.rules.silence) == {}


def test_answering_twice_is_told_so_and_stores_nothing_more(engine: Engine) -> None:
    token = asked(engine)
    answer(engine, token)

    with pytest.raises(Conflict, match="2026-03-02 09:01"):
        answer(engine, token, NINE + 2 * MINUTE)
    assert len(reports(engine)) == 1


def test_answering_late_is_told_so_and_stores_nothing(engine: Engine) -> None:
    token = asked(engine)

    for now in (local(9, 30), local(12)):
        with pytest.raises(Conflict) as refusal:
            answer(engine, token, now)
        assert refusal.value.zh == "本次签到已于 2026-03-02 09:30 截止，请联系工作人员说明情况。"
    assert reports(engine) == []


def test_an_unknown_link_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        answer(engine, "nobody")


def test_without_authority_the_position_is_not_kept_but_she_has_answered(engine: Engine) -> None:
    token = asked(engine)
    with writing(engine) as session:
        session.get_one(Subject, 1).term_until = NINE  # her term ended meanwhile

    assert answer(engine, token) is Answer.REFUSED

    (made,) = check_ins(engine)
    assert (made.answered_at, made.report_id) == (NINE + MINUTE, None)
    assert reports(engine) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"measured_at": NINE - 5 * MINUTE}, "measured_at"),  # six minutes old
        ({"measured_at": NINE + HOUR}, "measured_at"),
        ({"measured_at": NINE - 5 * MINUTE, "sent_at": NINE + 2 * MINUTE}, "measured_at"),
        ({"lat": 91.0}, "lat"),
        ({"lat": 0.0, "lon": 0.0}, "lat"),
    ],
)
def test_what_is_no_position_of_now_may_be_tried_again(engine: Engine, changes: dict[str, Any], field: str) -> None:
    token = asked(engine)

    with pytest.raises(Invalid) as refusal:
        answer(engine, token, **changes)

    assert refusal.value.field == field
    assert answer(engine, token, NINE + 2 * MINUTE) is Answer.STORED


def test_a_phone_whose_clock_is_wrong_may_answer(engine: Engine) -> None:
    phone = NINE - timedelta(days=300)

    assert answer(engine, asked(engine), measured_at=phone, sent_at=phone + timedelta(seconds=20)) is Answer.STORED

    assert reports(engine)[0].fix_time == NINE + MINUTE - timedelta(seconds=20)


def test_an_answer_that_was_cut_off_before_it_was_noted_may_be_sent_again(engine: Engine) -> None:
    token, position = asked(engine), {"measured_at": NINE + MINUTE}
    answer(engine, token, **position)
    with writing(engine) as session:
        made = session.get_one(CheckIn, 1)
        stored, made.answered_at, made.report_id = made.report_id, None, None  # as if the power had gone

    assert answer(engine, token, NINE + 2 * MINUTE, **position) is Answer.STORED

    assert [made.report_id for made in check_ins(engine)] == [stored]
    assert len(reports(engine)) == 1


# ---- missing one


def test_a_missed_one_is_a_technical_violation_of_the_minute_it_was_due(engine: Engine) -> None:
    asked(engine)

    assert miss(engine, local(9, 29)) == 0
    assert miss(engine, local(11)) == 1
    assert miss(engine, local(11)) == 0

    (made,), (violation,) = check_ins(engine), violations(engine)
    assert made.missed_at == local(9, 30)
    assert (violation.rule, violation.nature, violation.severity, violation.officer_id) == ("missed_check_in", "technical", "low", LIMING)
    assert (violation.started_at, violation.opened_at, violation.ended_at) == (NINE, local(9, 30), None)
    assert violation.reason_zh.startswith("2026-03-02 09:00 要求签到，至 2026-03-02 09:30 未签到；近 30 天内第 1 次未签到。")
    assert "number 1 that was missed in 30 days" in violation.reason_en
    assert "lat" not in str(violation.evidence)


def test_further_ones_revise_it_and_make_it_graver(engine: Engine) -> None:
    for i in range(3):
        asked(engine, NINE + i * HOUR)
        miss(engine, NINE + i * HOUR + 30 * MINUTE)

    (violation,) = violations(engine)
    assert [m["check_in"] for m in violation.evidence["missed"]] == [1, 2, 3]
    assert (violation.evidence["number"], violation.severity, violation.last_fix_at) == (3, "medium", local(11, 30))
    assert "第 3 次未签到，已连续 3 次" in violation.reason_zh
    with reading(engine) as session:
        assert kinds(session, violation).count("revised") == 2


def test_the_next_one_that_is_answered_ends_it(engine: Engine) -> None:
    asked(engine)
    miss(engine, local(9, 30))

    answer(engine, asked(engine, local(10)), local(10, 5))
    asked(engine, local(12))
    miss(engine, local(12, 30))

    first, second = violations(engine)
    assert (first.ended_at, second.ended_at) == (local(10, 5), None)
    assert (len(second.evidence["missed"]), second.evidence["number"]) == (1, 2)


def test_what_was_missed_long_ago_does_not_count_any_more(engine: Engine) -> None:
    asked(engine)
    miss(engine, local(9, 30))
    answer(engine, asked(engine, local(10)), local(10, 5))

    asked(engine, local(9, 0, MONDAY + 30 * DAY))
    miss(engine, local(9, 30, MONDAY + 30 * DAY))

    assert violations(engine)[-1].evidence["number"] == 1


def test_it_ends_with_the_authority_to_locate_her(engine: Engine) -> None:
    asked(engine)
    miss(engine, local(9, 30))

    (violation,) = violations(engine)
    assert violation.ends_at == NINE + 90 * DAY  # the authority of the scene


def test_it_is_derived_again_to_the_bit_from_what_is_stored(engine: Engine) -> None:
    for i in range(3):
        asked(engine, NINE + i * HOUR)
        miss(engine, NINE + i * HOUR + 30 * MINUTE)
    with writing(engine) as session:
        actor = an_actor(session, "liming")

    in_progress = explain(engine, actor, 1, "核实", local(12))
    answer(engine, asked(engine, local(13)), local(13, 5))
    over = explain(engine, actor, 1, "核实", local(14))
    with writing(engine) as session:
        session.get_one(CheckIn, 2).missed_at = None
    tampered = explain(engine, actor, 1, "核实", local(14))

    assert [told.verdict for told in (in_progress, over, tampered)] == ["identical", "identical", "different"]
    assert "severity" in {difference.field for difference in tampered.differences}


def test_our_own_outage_gives_her_the_time_back(engine: Engine) -> None:
    token = asked(engine)
    with writing(engine) as session:
        session.add(Outage(began_at=local(9, 10), ended_at=local(11)))

    assert miss(engine, local(11)) == 0
    assert check_ins(engine)[0].expires_at == local(11, 20)  # she had had ten of her thirty minutes
    assert miss(engine, local(11, 19)) == 0
    assert answer(engine, token, local(11, 19)) is Answer.STORED


def test_after_that_time_she_has_missed_it_all_the_same(engine: Engine) -> None:
    asked(engine)
    with writing(engine) as session:
        session.add(Outage(began_at=local(9, 10), ended_at=local(11)))

    assert [miss(engine, at) for at in (local(11), local(11, 20))] == [0, 1]

    assert check_ins(engine)[0].missed_at == local(11, 20)


def test_right_after_an_outage_she_may_answer_though_no_job_has_run(engine: Engine) -> None:
    token = asked(engine)
    with writing(engine) as session:
        session.add(Outage(began_at=local(9, 10), ended_at=local(11)))

    assert answer(engine, token, local(11, 1)) is Answer.STORED


def test_who_was_taken_into_custody_meanwhile_has_missed_nothing(engine: Engine) -> None:
    asked(engine)
    with writing(engine) as session:
        person = session.get_one(Subject, 1)
        person.status, person.status_from = "custody", local(9, 15)

    assert miss(engine, local(9, 30)) == 0

    assert [(c.skipped, c.missed_at) for c in check_ins(engine)] == [("not_monitored", None)]
    assert violations(engine) == []


def test_an_answer_and_the_job_at_once_agree(engine: Engine, url: str) -> None:
    token = asked(engine)
    together = Barrier(2)

    def do(step: Any) -> Any:
        together.wait()
        try:
            return step()
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(do, [lambda: answer(engine, token, local(9, 29)), lambda: miss(engine, local(9, 30))]))

    (made,) = check_ins(engine)
    assert (made.answered_at is None) != (made.missed_at is None)
    assert (answers[0] is Answer.STORED, answers[1]) == ((True, 0) if made.missed_at is None else (False, 1))


def test_officers_read_what_was_asked_and_how_it_was_answered(engine: Engine) -> None:
    asked(engine)
    miss(engine, local(9, 30))
    answer(engine, asked(engine, local(10)), local(10, 5))

    with reading(engine) as session:
        actor = an_actor(session, "head")
        items = list_check_ins(session, actor, 1)
        counts = counts_of(session, actor, 1, NONE, local(11))

    assert [(i.state, i.located, i.asked_by_name, i.purpose) for i in items] == [
        ("answered", True, "liming名", "核实在家"), ("missed", False, "liming名", "核实在家"),
    ]  # fmt: skip
    assert (counts.days, counts.asked, counts.answered, counts.missed) == (30, 2, 1, 1)


# ---- at random moments


def moments(engine: Engine, settings: Settings) -> list[datetime]:
    return [made.slot_at for made in check_ins(engine)]


def through_the_day(engine: Engine, settings: Settings, day: Any = MONDAY, step: timedelta = 5 * MINUTE) -> None:
    """Every so often from seven in the morning to ten at night."""
    now = local(7, day=day)
    while now <= local(22, day=day):
        due(engine, now, settings)
        miss(engine, now, settings)
        now += step


def test_each_subject_is_asked_so_often_at_moments_of_her_own(engine: Engine) -> None:
    settings = settings_of(strict())
    with writing(engine) as session:
        for number in ("S2", "S3"):
            subject(session, number)

    through_the_day(engine, settings)

    made = check_ins(engine)
    assert sorted(c.subject_id for c in made) == [1, 1, 2, 2, 3, 3]
    assert len({c.slot_at for c in made}) == 6
    assert all(c.asked_at - c.slot_at < 5 * MINUTE and c.asked_by is None for c in made if not c.skipped)


def test_level_and_office_choose_whom_to_ask(engine: Engine) -> None:
    settings = settings_of(strict(levels=["strict"], offices=["YX0"]))
    with writing(engine) as session:
        subject(session, "S2", level=Level.STRICT)
        subject(session, "S3", "zhao", office_id=2, level=Level.STRICT)

    through_the_day(engine, settings)

    assert {c.subject_id for c in check_ins(engine)} == {2}


def test_who_may_not_be_located_is_not_asked_and_that_is_on_record(engine: Engine) -> None:
    settings = settings_of(strict())
    with writing(engine) as session:
        person = session.get_one(Subject, 1)
        person.status, person.status_from = "custody", local(6)

    through_the_day(engine, settings)

    assert [(c.skipped, c.missed_at) for c in check_ins(engine)] == [("not_monitored", None)] * 2
    with reading(engine) as session:
        assert session.exec(select(Notice)).all() == []


def test_moments_that_passed_while_the_service_was_down_are_not_asked_afterwards(engine: Engine) -> None:
    settings = settings_of(strict())
    due(engine, local(7), settings)

    assert due(engine, local(22), settings) == 0

    assert [c.skipped for c in check_ins(engine)] == ["outage"] * 2
    assert miss(engine, local(23), settings) == 0


def test_of_several_processes_one_asks(engine: Engine, url: str) -> None:
    settings = settings_of(strict(kind="fixed", times=["10:00"], windows=[], count=0))
    due(engine, local(9), settings)
    processes = 4
    together = Barrier(processes)

    def start(_: int) -> int:
        own = open_database(url)
        try:
            together.wait()
            return due(own, local(10), settings)
        finally:
            own.dispose()

    with ThreadPoolExecutor(processes) as pool:
        made = list(pool.map(start, range(processes)))

    assert sorted(made) == [0, 0, 0, 1]
    assert len(check_ins(engine)) == 1


def test_by_default_nobody_is_asked_at_random(engine: Engine) -> None:
    settings = Settings()

    for i in range(14):
        due(engine, local(22, day=MONDAY + i * DAY), settings)

    assert check_ins(engine) == []


def test_the_secret_is_committed_to_when_it_is_made(engine: Engine) -> None:
    due(engine, local(7), settings_of(strict()))

    with reading(engine) as session:
        (secret,) = secrets_of(session, 1, local(7))
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "check_secret.commit")).one()
        assert (len(secret.secret), secret.valid_from, event.at) == (32, local(0), local(7))
        assert event.detail["commitment"] == secret.commitment
        assert secret.secret.hex() not in str(event.detail)
        assert to_us(event.at) > to_us(secret.valid_from)
