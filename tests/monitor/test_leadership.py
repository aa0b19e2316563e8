"""One of several processes acts: a lease that one holds, keeps, loses and gives up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

from sqlalchemy import Engine

from corrections.monitor.leadership import hold, let_go
from corrections.store.database import open_database, writing

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def holds(engine: Engine, holder: str, now: datetime = NOW, name: str = "chores") -> int | None:
    with writing(engine) as session:
        return hold(session, name, holder, now, MINUTE)


def test_the_first_holds_it_and_the_second_waits(database: Engine) -> None:
    assert holds(database, "one") == 1
    assert holds(database, "two") is None
    assert holds(database, "two", name="another job") == 1


def test_the_holder_keeps_it_as_long_as_it_renews(database: Engine) -> None:
    for minutes in range(5):
        assert holds(database, "one", NOW + 0.9 * minutes * MINUTE) == 1

    assert holds(database, "two", NOW + 4.5 * MINUTE) is None


def test_what_a_dead_process_held_is_taken_over_when_it_runs_out(database: Engine) -> None:
    holds(database, "one")

    assert holds(database, "two", NOW + 0.99 * MINUTE) is None
    assert holds(database, "two", NOW + MINUTE) == 2
    assert holds(database, "one", NOW + MINUTE) is None


def test_a_process_that_ends_lets_go_at_once(database: Engine) -> None:
    holds(database, "one")
    with writing(database) as session:
        let_go(session, "chores", "two", NOW)
    assert holds(database, "two") is None

    with writing(database) as session:
        let_go(session, "chores", "one", NOW)

    assert holds(database, "two") == 2


def test_of_many_who_start_at_once_one_holds_it(database_url: str) -> None:
    processes = 6
    together = Barrier(processes)

    def start(i: int) -> int | None:
        engine = open_database(database_url)
        try:
            together.wait()
            return holds(engine, f"process {i}")
        finally:
            engine.dispose()

    with ThreadPoolExecutor(processes) as pool:
        epochs = list(pool.map(start, range(processes)))

    assert sorted(epoch for epoch in epochs if epoch is not None) == [1]
