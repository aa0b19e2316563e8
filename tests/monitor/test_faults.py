"""Nothing stops the watch: one subject's fault, a restart or a second evaluator never keeps the others from being checked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from corrections.monitor import derive as derive_module
from corrections.monitor.evaluate import evaluate
from corrections.settings import Schedules, Settings
from corrections.store.database import reading, writing
from corrections.store.tables import ReviewEvent, SubjectState, ZoneRevision
from tests.monitor.conftest import NOW, District

START = NOW - timedelta(hours=6)
OUT = [0, 0, 9_000, 9_000, 9_000]


@pytest.fixture
def three(database: Engine, make_district: Callable[..., District]) -> District:
    return make_district(database, 3)


def store_all(district: District) -> None:
    for subject in range(len(district.subjects)):
        district.store(district.walk(subject, START, OUT))


def fault_of(district: District, subject: int) -> str | None:
    with reading(district.engine) as session:
        return session.get_one(SubjectState, district.subjects[subject]).fault


def fails_for(district: District, subject: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging this subject's reports raises an error."""
    real = derive_module.advance_through

    def advance(book: Any, reports: Any, *rest: Any) -> Any:
        if district.subjects[subject] in reports.subject:
            raise ZeroDivisionError("a fault of one subject")
        return real(book, reports, *rest)

    monkeypatch.setattr(derive_module, "advance_through", advance)


def test_a_subject_that_cannot_be_judged_is_set_aside_and_the_others_go_on(
    three: District, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store_all(three)
    fails_for(three, 1, monkeypatch)

    with caplog.at_level(logging.ERROR):
        done = three.evaluate()

    assert done.failed == [three.subjects[1]]
    assert {v.subject_id for v in three.violations()} == {three.subjects[0], three.subjects[2]}
    assert "ZeroDivisionError" in (fault_of(three, 1) or "")
    assert sum("set aside" in r.message for r in caplog.records) == 1


def test_one_who_was_set_aside_is_tried_again_and_nothing_of_hers_is_lost(three: District, monkeypatch: pytest.MonkeyPatch) -> None:
    store_all(three)
    with monkeypatch.context() as broken:
        fails_for(three, 1, broken)
        three.evaluate()
        three.store(three.walk(1, START + timedelta(hours=1), [9_000] * 3))
        three.evaluate(NOW + timedelta(minutes=1))

    three.evaluate(NOW + timedelta(minutes=2))
    assert fault_of(three, 1) is not None

    three.evaluate(NOW + timedelta(hours=2))

    assert fault_of(three, 1) is None
    (violation,) = (v for v in three.violations() if v.subject_id == three.subjects[1])
    assert violation.started_at == START + timedelta(minutes=20)
    assert violation.evidence["fixes"] == 6


def test_a_zone_that_cannot_be_read_does_not_stop_the_stream(three: District) -> None:
    three.forbid("BROKEN", 2_000)
    store_all(three)
    with writing(three.engine) as session:
        session.execute(update(ZoneRevision).where(col(ZoneRevision.version) == 1, col(ZoneRevision.id) == 2).values(outline=b"\x01"))

    three.evaluate()

    assert {v.subject_id for v in three.violations()} == set(three.subjects)


def test_a_small_batch_comes_to_the_same(three: District) -> None:
    three.settings = Settings(schedules=Schedules(batch=2))
    store_all(three)

    done = three.evaluate()

    assert done.reports == 15
    assert len(three.violations()) == 3


def test_two_evaluators_at_once_raise_each_violation_once(three: District) -> None:
    store_all(three)
    together = Barrier(2)
    errors: list[BaseException] = []

    def run() -> None:
        together.wait()
        try:
            evaluate(three.engine, three.settings, NOW)
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(three.violations()) == 3
    with reading(three.engine) as session:
        assert len([e for e in session.exec(select(ReviewEvent)) if e.kind == "detected"]) == 3
