"""Why somebody was silent, from what is stored: before she is heard again, and as what her phone had measured comes in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from corrections.domain.model import ClientState, ReviewState, Role, Rule
from corrections.monitor.silence import watch_silence
from corrections.records import register
from corrections.review import reviewing
from corrections.review.deadlines import Deadlines
from corrections.review.events import EventKind
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.database import reading, writing
from corrections.store.tables import AreaSilence, Outage, ReviewEvent, Violation
from tests.monitor.conftest import NOW, District

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LAST = NOW - 10 * HOUR
OFFICER, BACK = LAST + 2 * HOUR, LAST + 5 * HOUR


def heard(district: District, at: datetime, *, received_at: datetime | None = None, **more: Any) -> None:
    district.store([district.report(0, at, received_at=received_at, **more)])
    district.evaluate(received_at or at)


def watch(district: District, now: datetime) -> None:
    with writing(district.engine) as session:
        watch_silence(session, district.bureau_id, district.settings, now)


def silence(district: District) -> Violation:
    """The last one."""
    return [v for v in district.violations() if v.rule == Rule.SILENCE][-1]


def cause(district: District) -> str:
    return str(silence(district).evidence["cause"])


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({}, "unknown"),
        ({"battery_pct": 80.0, "charging": False}, "unknown"),
        ({"battery_pct": 6.0, "charging": False}, "battery_empty"),
        ({"battery_pct": 6.0, "charging": True}, "unknown"),
        ({"battery_pct": 80.0, "client_state": ClientState.STOPPED}, "app_stopped"),
        ({"client_state": ClientState.PERMISSION_OFF}, "permission_off"),
        ({"client_state": ClientState.LOCATION_OFF}, "location_off"),
    ],
)
def test_while_it_lasts_the_last_report_tells(district: District, last: dict[str, Any], expected: str) -> None:
    heard(district, LAST, **last)

    watch(district, OFFICER)

    assert cause(district) == expected
    told = {"state" if name == "client_state" else name for name in last}
    assert told <= set(silence(district).evidence["basis"])


def test_the_newest_word_of_each_kind_counts(district: District) -> None:
    heard(district, LAST - 20 * MINUTE, battery_pct=50.0)
    heard(district, LAST - 10 * MINUTE, battery_pct=8.0)
    heard(district, LAST)

    watch(district, OFFICER)

    assert cause(district) == "battery_empty"
    assert silence(district).evidence["basis"] == {"battery_pct": 8.0, "at_us": round((LAST - 10 * MINUTE).timestamp()) * 1_000_000}


def test_what_was_said_days_ago_explains_nothing(district: District) -> None:
    heard(district, LAST - timedelta(days=2), battery_pct=8.0)
    heard(district, LAST)

    watch(district, OFFICER)

    assert (cause(district), silence(district).evidence["basis"]) == ("unknown", {})


def test_a_silence_that_began_with_our_outage_says_so(district: District) -> None:
    heard(district, LAST)
    with writing(district.engine) as session:
        session.add(Outage(began_at=LAST + 10 * MINUTE, ended_at=LAST + 40 * MINUTE))

    watch(district, OFFICER + 30 * MINUTE)

    assert cause(district) == "own_outage"
    assert "本服务自身曾中断" in silence(district).reason_zh


def test_a_silence_that_began_with_the_areas_says_so(district: District) -> None:
    heard(district, LAST)
    with writing(district.engine) as session:
        ended = LAST + 40 * MINUTE
        session.add(AreaSilence(bureau_id=district.bureau_id, began_at=LAST + 10 * MINUTE, ended_at=ended, subjects=50))

    watch(district, OFFICER + 30 * MINUTE)

    assert cause(district) == "area"


def test_a_charged_phone_that_measured_nothing_was_off(district: District) -> None:
    heard(district, LAST, battery_pct=80.0)
    watch(district, OFFICER)

    heard(district, BACK)

    assert (cause(district), silence(district).ended_at) == ("app_stopped", BACK)
    assert "期间手机没有记录任何定位" in silence(district).reason_zh


def test_a_client_that_is_quiet_when_still_may_have_lain_still(district: District) -> None:
    with writing(district.engine) as session:
        register.change_device(session, None, district.devices[0], client="owntracks", now=LAST)
    heard(district, LAST, battery_pct=80.0)

    heard(district, BACK)

    assert (cause(district), silence(district).evidence["basis"]["quiet_when_still"]) == ("unknown", True)


def buffered(district: District, received_at: datetime) -> list[dict[str, Any]]:
    """What the phone measured every ten minutes while it was out of contact."""
    count = (BACK - LAST) // (10 * MINUTE)
    return [district.report(0, LAST + i * 10 * MINUTE, received_at=received_at) for i in range(1, count)]


def test_a_phone_that_uploads_what_it_measured_was_out_of_contact(district: District) -> None:
    heard(district, LAST, battery_pct=8.0)
    watch(district, OFFICER)
    assert cause(district) == "battery_empty"

    district.store([*buffered(district, BACK), district.report(0, BACK)])
    district.evaluate(BACK)

    assert (cause(district), silence(district).ended_at) == ("buffered", BACK)
    assert silence(district).evidence["basis"]["covered"] == 1.0
    assert "轨迹现已完整，覆盖 100% 的时间（29 次定位）" in silence(district).reason_zh
    assert "The track is now complete: 100% of the time (29 fixes)." in silence(district).reason_en


def one_by_one(district: District) -> None:
    """The oldest first, each evaluated as it came, as Traccar's client sends."""
    for i, row in enumerate(buffered(district, BACK)):
        district.store([row | {"received_at": BACK + timedelta(seconds=i)}])
        district.evaluate(BACK + timedelta(seconds=i))


def test_fixes_that_come_one_by_one_lead_to_the_same(district: District) -> None:
    heard(district, LAST, battery_pct=80.0)
    watch(district, OFFICER)

    one_by_one(district)

    assert (cause(district), silence(district).ended_at) == ("buffered", BACK)
    assert silence(district).evidence["basis"]["fixes"] == 29


def test_what_comes_later_is_news_only_when_the_cause_changes(district: District) -> None:
    heard(district, LAST, battery_pct=80.0)
    watch(district, OFFICER)
    with writing(district.engine) as session:
        officer = Actor(district.officer_id, "李明", Role.OFFICER, district.office_id, district.bureau_id)
        reviewing.claim(session, officer, 1, revision=1, deadlines=Deadlines.of(Settings()), now=OFFICER)

    one_by_one(district)

    with reading(district.engine) as session:
        revised = session.exec(select(ReviewEvent).where(ReviewEvent.kind == EventKind.REVISED.value)).all()
        assert len(revised) <= 3  # the end, and the cause: from unknown to buffered
    assert (silence(district).review_state, silence(district).new_evidence) == (ReviewState.CLAIMED, True)


def test_mocked_fixes_fill_nothing(district: District) -> None:
    heard(district, LAST, battery_pct=80.0)
    district.store([row | {"mock": True} for row in buffered(district, BACK)] + [district.report(0, BACK)])
    district.evaluate(BACK)

    assert cause(district) == "app_stopped"
