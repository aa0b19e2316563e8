"""How a subject stands now: the next step of a silence as it climbs, and nothing for who may not review."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from corrections.domain.contact import Rung
from corrections.domain.model import Role
from corrections.errors import Forbidden
from corrections.monitor.present import NextStep, next_step, phone, present
from corrections.monitor.silence import watch_silence
from corrections.store.access import Actor
from corrections.store.database import reading, writing
from tests.monitor.conftest import NOW, District

HOUR = timedelta(hours=1)
LAST = NOW - 24 * HOUR
DUE = LAST + HOUR


def watched(district: District, now: datetime) -> NextStep | None:
    """What comes next after the watcher has looked at ``now``."""
    with writing(district.engine) as session:
        watch_silence(session, district.bureau_id, district.settings, now)
    with reading(district.engine) as session:
        return next_step(session, an_actor(district), district.subjects[0])


def an_actor(district: District, role: Role = Role.OFFICER) -> Actor:
    return Actor(district.officer_id, "李明", role, district.office_id, district.bureau_id)


def test_the_next_step_of_a_silence_is_told_as_it_climbs(district: District) -> None:
    district.store([district.report(0, LAST)])
    district.evaluate(LAST)

    assert watched(district, DUE - HOUR / 2) == NextStep(Rung.SUBJECT, DUE, None)
    assert watched(district, DUE) == NextStep(Rung.OFFICER, DUE + HOUR, None)
    climbing = watched(district, DUE + HOUR)
    (silence,) = district.violations()
    assert climbing == NextStep(Rung.OFFICE_HEAD, DUE + 4 * HOUR, silence.id)
    assert watched(district, DUE + 4 * HOUR) == NextStep(Rung.SEARCH, DUE + 12 * HOUR, silence.id)
    assert watched(district, DUE + 12 * HOUR) is None


def test_who_may_not_review_is_told_nothing(district: District) -> None:
    actor, subject = an_actor(district, Role.ADMINISTRATOR), district.subjects[0]

    with reading(district.engine) as session:
        for ask in (
            lambda: present(session, actor, [subject], NOW),
            lambda: phone(session, actor, subject, NOW),
            lambda: next_step(session, actor, subject),
        ):
            with pytest.raises(Forbidden):
                ask()


def test_a_subject_of_another_office_is_left_out(district: District) -> None:
    elsewhere = Actor(district.officer_id, "李明", Role.OFFICER, district.office_id + 1, district.bureau_id)

    with reading(district.engine) as session:
        assert present(session, elsewhere, district.subjects, NOW) == {}
        assert set(present(session, an_actor(district), district.subjects, NOW)) == set(district.subjects)
