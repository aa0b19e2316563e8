"""What a subject says is kept as she said it: by an officer, or by herself over her own view."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Rule
from corrections.errors import Conflict, Invalid, NotFound
from corrections.records import statements
from corrections.review.reviewing import Means
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.store.database import writing
from corrections.store.tables import Statement, Subject
from tests.review.scene import HOUR, NOW, a_subject, a_violation, an_actor, settle

SETTINGS = Settings()
OWN = Own(1, "phone")


def record(session: Session, by: str | Own = "liming", subject_id: int = 1, **changes: Any) -> Statement:
    actor = by if isinstance(by, Own) else an_actor(session, by)
    means = None if isinstance(by, Own) else Means.PHONE
    terms: dict[str, Any] = {"text": "手机没电了", "means": means, "settings": SETTINGS, "now": NOW} | changes
    return statements.record_statement(session, actor, subject_id, **terms)


@pytest.fixture
def office(database: Engine) -> Engine:
    with writing(database) as session:
        a_violation(session, settle(session))
        a_subject(session, "S2", office_id=2, officer="zhao")
    return database


def test_an_officer_takes_it_down_with_means_and_time(office: Engine) -> None:
    with writing(office) as session:
        made = record(session, violation_id=1, taken_at=NOW - HOUR)

        assert (made.taken_by, made.means, made.taken_at, made.recorded_at) == (1, "phone", NOW - HOUR, NOW)


def test_she_gives_it_herself_and_sees_what_she_said(office: Engine) -> None:
    with writing(office) as session:
        made = record(session, OWN, violation_id=1)
        record(session, taken_at=NOW)

        assert (made.taken_by, made.means) == (None, "message")
        assert [one.id for one in statements.list_statements(session, OWN, 1)] == [2, 1]
        assert statements.statement_for(session, OWN, 2).id == 2
        assert [one.id for one in statements.list_statements(session, OWN, 1, violation_id=1)] == [1]


@pytest.mark.parametrize(
    "changes", [{"text": " "}, {"means": None}, {"taken_at": NOW + HOUR}, {"taken_at": NOW - timedelta(days=400)}, {"text": "x" * 5001}]
)
def test_what_says_nothing_or_cannot_be_is_refused(office: Engine, changes: dict[str, Any]) -> None:
    with writing(office) as session, pytest.raises(Invalid):
        record(session, **changes)


def test_nobody_reaches_beyond_her_people(office: Engine) -> None:
    with writing(office) as session:
        made = record(session, "zhao", 2)
        for by, subject_id in (("zhao", 1), (OWN, 2)):
            with pytest.raises(NotFound):
                record(session, by, subject_id)
        for actor in (OWN, an_actor(session, "liming")):
            with pytest.raises(NotFound):
                statements.statement_for(session, actor, made.id)
            with pytest.raises(NotFound):
                statements.list_statements(session, actor, 2)
        with pytest.raises(NotFound):
            record(session, "zhao", 2, violation_id=1)


def test_what_she_is_not_shown_yet_is_not_there_for_her(office: Engine) -> None:
    with writing(office) as session:
        hidden = a_violation(session, session.get_one(Subject, 1), rule=Rule.TOGETHER.value)
        with pytest.raises(NotFound):
            record(session, OWN, violation_id=hidden.id)

        assert record(session, violation_id=hidden.id).violation_id == hidden.id


def test_she_gives_so_many_a_day(office: Engine) -> None:
    with writing(office) as session:
        for _ in range(SETTINGS.attachments.own_statements_a_day):
            record(session, OWN)
        with pytest.raises(Conflict):
            record(session, OWN)

        assert record(session, OWN, now=NOW + timedelta(days=1, seconds=1)).taken_by is None
        with pytest.raises(Invalid):
            record(session, OWN, declined=True, now=NOW + timedelta(days=2))
