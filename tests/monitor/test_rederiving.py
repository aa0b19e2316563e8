"""The auditor derives past moments again: they match, or what does not is named; nothing to come is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from corrections.domain.checks import Draw, moments_of
from corrections.errors import Forbidden, Invalid
from corrections.monitor.check_ins import ask_check_ins_due
from corrections.monitor.rederiving import Match, Rederived, rederive
from corrections.monitor.rounds import open_rounds_due
from corrections.records.check_secrets import rotate_secret
from corrections.store.database import open_database, reading, writing
from corrections.store.tables import AuditEvent, CheckIn, CheckSecret
from tests.conftest import Databases
from tests.monitor.check_scene import DAY, MINUTE, MONDAY, ZONE, bureau_at_work, local, schedule, settings_of, subject
from tests.review.scene import an_actor

DAYTIME = [{"start": "08:00", "until": "21:00"}]
SETTINGS = settings_of(
    schedule(),
    schedule("surprise", kind="random", times=[], windows=DAYTIME, count=2, days="every"),
    schedule("check-in", purpose="check_in", kind="random", times=[], windows=DAYTIME, count=2, days="every", due_minutes=30),
    schedule("weekly", purpose="check_in", kind="random", times=[], windows=DAYTIME, count=3, per="week", days="every", due_minutes=30),
)
TUESDAY = MONDAY + DAY


def a_day_of_checks(engine: Engine) -> None:
    """The schedules carried out from Monday evening to Tuesday night, for two subjects."""
    bureau_at_work(engine)
    with writing(engine) as session:
        subject(session, "S2", "zhao", office_id=2)
    now = local(22)
    while now <= local(23, day=TUESDAY):
        with writing(engine) as session:
            open_rounds_due(session, SETTINGS, now)
            ask_check_ins_due(session, SETTINGS, now)
        now += 9 * MINUTE


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    with databases.copy(request.param, a_day_of_checks) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def again(engine: Engine, day: date = TUESDAY, now: datetime = local(9, day=MONDAY + 2 * DAY), login: str = "auditor") -> Rederived:
    with writing(engine) as session:
        return rederive(session, an_actor(session, login), 0, day, SETTINGS, now)


def test_a_day_as_it_was_matches(engine: Engine) -> None:
    told = again(engine)

    assert told.matches
    counted = {(one.purpose, one.schedule): 0 for one in told.compared}
    for one in told.compared:
        counted[one.purpose, one.schedule] += 1
    assert counted.pop(("check_in", "weekly"), 0) <= 6
    assert counted == {("round", "morning"): 2, ("round", "surprise"): 4, ("check_in", "check-in"): 4}
    assert all(one.match is Match.MATCHES and one.stored_id for one in told.compared)
    with reading(engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "checks.rederive")).one()
        assert event.detail["matches"] is True


def test_a_moment_that_somebody_chose_shows(engine: Engine) -> None:
    with writing(engine) as session:
        chosen = session.exec(select(CheckIn).where(CheckIn.schedule == "check-in")).first()
        assert chosen is not None
        was, chosen.slot_at = chosen.slot_at, local(12, 0, TUESDAY) + timedelta(seconds=7)

    told = again(engine)

    assert not told.matches
    odd = {(one.at, one.match) for one in told.compared if one.match is not Match.MATCHES}
    assert odd == {(was, Match.NOT_STORED), (local(12, 0, TUESDAY) + timedelta(seconds=7), Match.NOT_DERIVED)}


def test_a_check_in_that_was_taken_out_shows(engine: Engine) -> None:
    with writing(engine) as session:
        gone = session.exec(select(CheckIn).where(CheckIn.schedule == "check-in")).first()
        assert gone is not None
        about, at = f"subject:{gone.subject_id}", gone.slot_at
        session.delete(gone)

    odd = [(one.about, one.at, one.match) for one in again(engine).compared if one.match is not Match.MATCHES]

    assert odd == [(about, at, Match.NOT_STORED)]


def test_a_secret_that_was_swapped_shows(engine: Engine) -> None:
    with writing(engine) as session:
        session.exec(select(CheckSecret)).one().secret = b"x" * 32

    told = again(engine)

    assert not told.matches
    assert [one.sound for one in told.commitments] == [False]


def test_a_secret_that_was_swapped_with_its_commitment_is_not_in_the_chain(engine: Engine) -> None:
    with writing(engine) as session:
        row = session.exec(select(CheckSecret)).one()
        row.secret, row.commitment = b"x" * 32, hashlib.sha256(b"x" * 32).hexdigest()

    assert [(one.sound, one.committed_at) for one in again(engine).commitments] == [(False, None)]


@pytest.mark.parametrize("now", [local(9, day=TUESDAY), local(23, 59, TUESDAY)])
def test_a_day_that_is_not_over_is_not_shown(engine: Engine, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        again(engine, TUESDAY, now)

    assert refusal.value.field == "day"
    assert again(engine, TUESDAY, local(0, day=TUESDAY + DAY)).matches


def test_nobody_but_the_auditor(engine: Engine) -> None:
    for login in ("liming", "head", "bureau", "admin"):
        with pytest.raises(Forbidden):
            again(engine, login=login)


def test_the_secret_in_use_is_not_shown_and_one_out_of_use_is_and_gives_the_same_moments(engine: Engine) -> None:
    assert [one.secret for one in again(engine).commitments] == [None]
    with writing(engine) as session:
        rotate_secret(session, an_actor(session, "bureau"), 0, local(9, day=TUESDAY + DAY))
    next_monday = MONDAY + 7 * DAY
    assert [one.secret for one in again(engine, now=local(12, day=next_monday)).commitments] == [None]  # a night may reach into Monday

    (shown,) = again(engine, now=local(0, day=next_monday + DAY)).commitments

    assert shown.secret is not None
    assert hashlib.sha256(bytes.fromhex(shown.secret)).hexdigest() == shown.commitment
    plan = SETTINGS.checks.schedule("check-in", TUESDAY).plan  # type: ignore[union-attr]
    with reading(engine) as session:
        stored = session.exec(select(CheckIn.slot_at).where(CheckIn.schedule == "check-in", CheckIn.subject_id == 1)).all()
    derived = moments_of(plan, SETTINGS.calendar.at(ZONE), TUESDAY, Draw(bytes.fromhex(shown.secret), "check-in", "subject:1"))
    assert sorted(stored) == list(derived)


def test_a_new_secret_counts_from_next_monday_on(engine: Engine) -> None:
    with writing(engine) as session:
        made = rotate_secret(session, an_actor(session, "bureau"), 0, local(9, day=TUESDAY))

    assert made.valid_from == local(0, day=MONDAY + 7 * DAY)
    assert again(engine).matches
    with writing(engine) as session, pytest.raises(Forbidden):
        rotate_secret(session, an_actor(session, "liming"), 0, local(9, day=TUESDAY))
