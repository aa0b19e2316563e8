"""Violations about contact are derived again from the received times of what is stored; what rests on more says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import col

from corrections.domain.model import Rule, SubjectStatus
from corrections.monitor.explain import Explanation, Verdict, explain
from corrections.records import register
from corrections.settings import Rules
from corrections.store.database import writing
from corrections.store.tables import Outage, Report, Violation
from tests.monitor.conftest import NOW, District
from tests.monitor.test_contact import DUE, HOUR, LAST, MINUTE, OFFICER, heard, watch


def the_one(district: District, rule: Rule = Rule.SILENCE) -> Violation:
    (violation,) = (v for v in district.violations() if v.rule == rule)
    return violation


def explained(district: District, rule: Rule = Rule.SILENCE) -> Explanation:
    return explain(district.engine, None, the_one(district, rule).id, "复核", NOW)


def test_a_silence_comes_out_identical_while_it_lasts_and_when_it_is_over(district: District) -> None:
    heard(district, LAST - MINUTE, LAST)
    watch(district, OFFICER)
    lasting = explained(district)
    heard(district, NOW)

    over = explained(district)

    assert (lasting.verdict, lasting.ended_at) == (Verdict.IDENTICAL, None)
    assert (over.verdict, over.ended_at, over.agrees) == (Verdict.IDENTICAL, NOW, True)
    assert "reason_zh" in over.unchecked


def test_time_in_which_the_service_was_down_is_left_out_again(district: District) -> None:
    with writing(district.engine) as session:
        session.add(Outage(began_at=LAST + 10 * MINUTE, ended_at=LAST + 40 * MINUTE))
    heard(district, LAST)
    watch(district, OFFICER + HOUR)

    assert the_one(district).opened_at == DUE + 30 * MINUTE
    assert explained(district).verdict is Verdict.IDENTICAL


def test_contact_without_a_position_comes_out_identical(district: District) -> None:
    heard(district, LAST)
    heard(district, *[LAST + i * 10 * MINUTE for i in range(1, 10)], east_m=None)
    verdicts = [explained(district, Rule.NO_POSITION).verdict]
    heard(district, LAST + 100 * MINUTE)
    verdicts.append(explained(district, Rule.NO_POSITION).verdict)

    assert verdicts == [Verdict.IDENTICAL] * 2


def test_a_silence_that_ended_with_the_monitoring_comes_out_identical(district: District) -> None:
    heard(district, LAST)
    watch(district, OFFICER)
    with writing(district.engine) as session:
        register.change_status(
            session, None, district.subjects[0], status=SubjectStatus.CUSTODY, since=OFFICER + HOUR, rules=Rules(), now=OFFICER + HOUR
        )
    district.evaluate()

    assert (explained(district).verdict, explained(district).ended_at) == (Verdict.IDENTICAL, OFFICER + HOUR)


def test_a_silence_whose_times_were_changed_is_different(district: District) -> None:
    heard(district, LAST)
    watch(district, OFFICER)
    with writing(district.engine) as session:
        session.get_one(Violation, the_one(district).id).opened_at -= timedelta(seconds=1)

    why = explained(district)

    assert (why.verdict, [d.field for d in why.differences]) == (Verdict.DIFFERENT, ["opened_at"])


@pytest.mark.parametrize("gone", ["report", "threshold"])
def test_a_silence_whose_ground_is_gone_cannot_be_derived_again(district: District, gone: str) -> None:
    heard(district, LAST - MINUTE, LAST)
    watch(district, OFFICER)
    with writing(district.engine) as session:
        if gone == "report":
            session.execute(delete(Report).where(col(Report.received_at) == LAST))
        else:
            violation = session.get_one(Violation, the_one(district).id)
            violation.evidence.pop("threshold_us")
            flag_modified(violation, "evidence")

    assert (explained(district).verdict, explained(district).agrees) == (Verdict.IMPOSSIBLE, False)
