"""Order does not matter: the same reports give the same violations in any order, any batching, with repeats."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from corrections.domain.model import Scope, ZoneKind
from corrections.monitor.by_fix import BY_FIX
from corrections.records import outlines, permits, zones
from corrections.store.database import open_database, writing
from corrections.store.tables import Violation
from tests.monitor.conftest import LAT, LON, NOW, District

START = NOW - timedelta(hours=40)
STEP = timedelta(minutes=10)
# What the reports say, apart from when and in how many steps the service came to know it.
SAID = (
    "subject_id", "rule", "nature", "severity", "zone_id", "zone_revision_id", "started_at", "opened_at", "ended_at", "last_fix_at",
    "evidence", "reason_zh", "reason_en",
)  # fmt: skip


def said(violations: list[Violation]) -> list[dict[str, Any]]:
    by_fix = [v for v in violations if v.rule in BY_FIX]
    return sorted(
        ({name: getattr(v, name) for name in SAID} | {"ends_at": ends_by_itself(v)} for v in by_fix),
        key=lambda v: (v["subject_id"], v["started_at"], v["zone_id"]),
    )


def ends_by_itself(violation: Violation) -> datetime | None:
    """When time ends what goes on. Of what has ended it says nothing, and a zone version that is drawn later leaves it as it was."""
    return violation.ends_at if violation.ended_at is None else None


Step = list[dict[str, Any]] | Callable[[District], None]
"""A batch of reports to store and evaluate, or something that somebody does in between."""


def an_eventful_day(district: District, seed: int) -> list[dict[str, Any]]:
    """Two subjects who come and go over two days, past a midnight, a curfew and a forbidden place, with vague and mocked fixes."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for subject in range(2):
        east = 0.0
        for i in range(90):
            if rng.random() < 0.12:
                east = float(rng.choice([0.0, 2_000.0, 4_250.0, 4_700.0, 5_600.0, 9_000.0]))
            more = {
                "accuracy_m": float(rng.choice([15.0, 60.0, 900.0], p=[0.7, 0.2, 0.1])),
                "source": int(rng.choice([1, 2, 3])),
                "mock": bool(rng.random() < 0.02),
            }
            at = START + i * STEP + timedelta(seconds=float(rng.integers(0, 300)))
            place = None if rng.random() < 0.05 else east + float(rng.normal(0, 30))
            rows.append(district.report(subject, at, place, received_at=NOW, **(more if place is not None else {})))
    return rows


def with_places(district: District) -> None:
    district.forbid("SCHOOL", 2_000)
    district.forbid("BAR", 4_700, windows=[{"start": "21:00", "until": "05:00"}])
    with writing(district.engine) as session:
        terms = {"destination": "沈阳", "valid_from": NOW - timedelta(hours=34), "valid_until": NOW - timedelta(hours=28)}
        permits.grant_leave(session, None, district.subjects[0], **terms, approved_by="王所长", now=NOW - timedelta(days=3))


def redrawn(district: District) -> None:
    """The permitted area was made smaller 20 hours ago, which somebody enters only now."""
    with writing(district.engine) as session:
        terms = zones.Terms(code="AREA", name="云溪城区", kind=ZoneKind.INCLUSION, scope=Scope.EVERYONE)
        outline = outlines.circle(LAT, LON, 4_500.0)
        zones.publish_zone(session, None, district.bureau_id, terms, outline, valid_from=NOW - timedelta(hours=20), now=NOW)


@pytest.fixture(scope="module")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, District]:
    """A file with the district in it, to be copied for each run."""
    from corrections.settings import Settings
    from tests.monitor.conftest import build

    file = tmp_path_factory.mktemp("furnished") / "district.db"
    shutil.copy(sqlite_template, file)
    engine = open_database(f"sqlite:///{file}")
    district = build(engine, Settings(), 2)
    with_places(district)
    engine.dispose()
    return file, district


def replayed(furnished: tuple[Path, District], steps: Sequence[Step], tmp: Path) -> list[dict[str, Any]]:
    """What a fresh service says after these steps, evaluated after each."""
    file, template = furnished
    copy = tmp / "run.db"
    for leftover in tmp.glob("run.db*"):
        leftover.unlink()
    shutil.copy(file, copy)
    district = District(
        open_database(f"sqlite:///{copy}"), template.settings, template.bureau_id, subjects=template.subjects, devices=template.devices
    )
    for step in steps:
        if callable(step):
            step(district)
        else:
            district.store(step)
        district.evaluate()
    result = said(district.violations())
    district.engine.dispose()
    return result


class InOrder(Random):
    """Shuffles nothing, repeats nothing."""

    def shuffle(self, x: Any) -> None:
        pass

    def random(self) -> float:
        return 1.0


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 1_000), order=st.randoms(use_true_random=False), size=st.integers(5, 90), repeats=st.floats(0, 0.4))
@example(seed=7, order=Random(1), size=1, repeats=0.0)
@example(seed=0, order=InOrder(), size=1, repeats=0.0)
def test_any_order_any_batching_and_repeats_give_the_same_violations(
    furnished: tuple[Path, District], tmp_path: Path, seed: int, order: Any, size: int, repeats: float
) -> None:
    rows = an_eventful_day(furnished[1], seed)
    in_order = replayed(furnished, [sorted(rows, key=lambda r: r["fix_time"])], tmp_path)

    shuffled = rows + [row for row in rows if order.random() < repeats]
    order.shuffle(shuffled)
    batches = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]

    assert replayed(furnished, batches, tmp_path) == in_order


@settings(
    max_examples=6, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(seed=st.integers(0, 1_000), order=st.randoms(use_true_random=False), size=st.integers(5, 60), when=st.floats(0, 1))
@example(seed=384, order=Random(3), size=25, when=0.85)  # a version that begins after what it would have ended sooner
def test_a_zone_that_changes_in_between_comes_to_the_same_as_one_changed_before(
    furnished: tuple[Path, District], tmp_path: Path, seed: int, order: Any, size: int, when: float
) -> None:
    rows = an_eventful_day(furnished[1], seed)
    in_order = replayed(furnished, [redrawn, sorted(rows, key=lambda r: r["fix_time"])], tmp_path)

    order.shuffle(rows)
    steps: list[Step] = [rows[i : i + size] for i in range(0, len(rows), size)]
    steps.insert(round(when * len(steps)), redrawn)

    assert replayed(furnished, steps, tmp_path) == in_order


def test_the_days_of_the_property_are_eventful(furnished: tuple[Path, District], tmp_path: Path) -> None:
    found = [v for seed in range(5) for v in replayed(furnished, [an_eventful_day(furnished[1], seed)], tmp_path)]

    assert {v["rule"] for v in found} == set(BY_FIX)
    assert len({v["zone_id"] for v in found}) == 4
    assert len(found) > 25


def test_both_databases_say_the_same(make_district: Callable[..., District], sqlite_url: str, postgresql_url: str) -> None:
    answers = []
    for url in (sqlite_url, postgresql_url):
        district = make_district(open_database(url), 2)
        with_places(district)
        for row in an_eventful_day(district, 3)[::-1][:150]:
            district.store([row])
        district.evaluate()
        answers.append(said(district.violations()))
        district.engine.dispose()

    assert answers[0] == answers[1]
    assert answers[0]
