"""Why somebody is silent: a table of what is known and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrections.domain.causes import Cause, Circumstances, Filled, Said, filled, why_silent
from corrections.domain.contact import Spell
from corrections.domain.model import ClientState, Rule

NOTHING, FULL, HALF = Filled(0, 0.0), Filled(30, 0.97), Filled(12, 0.4)
CHARGED, LOW, LOW_ON_CABLE = Said(80.0, False), Said(9.0, False), Said(9.0, True)
OFF, STOPPED = Said(80.0, False, ClientState.PERMISSION_OFF), Said(80.0, False, ClientState.STOPPED)
LASTING, OVER = Spell(Rule.SILENCE, 1_000, 2_000, None), Spell(Rule.SILENCE, 1_000, 2_000, 9_000)
BLIND = Spell(Rule.NO_POSITION, 1_000, 2_000, None)
WITHIN, LATER = ((1_500, 1_800),), ((2_500, 2_800),)

TABLE: list[tuple[str, Spell, Said, dict[str, Any], Cause]] = [
    ("nothing is known", LASTING, Said(), {}, Cause.UNKNOWN),
    ("a charged phone may be anywhere while it lasts", LASTING, CHARGED, {}, Cause.UNKNOWN),
    ("a low battery ran out", LASTING, LOW, {}, Cause.BATTERY_EMPTY),
    ("a battery of unknown charging ran out", LASTING, Said(9.0, None), {}, Cause.BATTERY_EMPTY),
    ("a low battery on the cable did not", LASTING, LOW_ON_CABLE, {}, Cause.UNKNOWN),
    ("low is what the bureau says", LASTING, LOW, {"low_pct": 5.0}, Cause.UNKNOWN),
    ("the app may not read the location", LASTING, OFF, {}, Cause.PERMISSION_OFF),
    ("location is off", LASTING, Said(state=ClientState.LOCATION_OFF), {}, Cause.LOCATION_OFF),
    ("the app said that it stops", LASTING, STOPPED, {}, Cause.APP_STOPPED),
    ("power saving stops nobody", LASTING, Said(80.0, state=ClientState.POWER_SAVE), {}, Cause.UNKNOWN),
    ("what the app said counts before the battery", LASTING, Said(9.0, False, ClientState.STOPPED), {}, Cause.APP_STOPPED),
    ("our own outage lay in the time allowed", LASTING, CHARGED, {"outages": WITHIN}, Cause.OWN_OUTAGE),
    ("one that came later explains nothing", LASTING, CHARGED, {"outages": LATER}, Cause.UNKNOWN),
    ("she fell silent with her area", LASTING, CHARGED, {"areas": WITHIN}, Cause.AREA),
    ("an empty battery explains more than the area", LASTING, LOW, {"areas": WITHIN}, Cause.BATTERY_EMPTY),
    ("the gap was filled afterwards", OVER, CHARGED, {"filled": FULL}, Cause.BUFFERED),
    ("also where the battery had been low", OVER, LOW, {"filled": FULL}, Cause.BUFFERED),
    ("too little of it was", OVER, CHARGED, {"filled": HALF}, Cause.UNKNOWN),
    ("how much is enough is what the bureau says", OVER, CHARGED, {"filled": HALF, "buffered_share": 0.3}, Cause.BUFFERED),
    ("nothing was measured on a charged phone", OVER, CHARGED, {"filled": NOTHING}, Cause.APP_STOPPED),
    ("nothing was measured, the battery was never told", OVER, Said(), {"filled": NOTHING}, Cause.UNKNOWN),
    ("nothing was measured, the battery had been low", OVER, LOW, {"filled": NOTHING}, Cause.BATTERY_EMPTY),
    ("a client that is quiet when still proves nothing", OVER, CHARGED, {"filled": NOTHING, "quiet_when_still": True}, Cause.UNKNOWN),
    ("contact without a position has its own causes", BLIND, OFF, {}, Cause.PERMISSION_OFF),
    ("a battery is none of them", BLIND, LOW, {}, Cause.UNKNOWN),
    ("nor is an app that stopped", BLIND, STOPPED, {}, Cause.UNKNOWN),
]


@pytest.mark.parametrize(("spell", "before", "known", "cause"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_cause_follows_from_what_is_known(spell: Spell, before: Said, known: dict[str, Any], cause: Cause) -> None:
    assert why_silent(spell, Circumstances(before, **known)).cause is cause


def test_the_evidence_says_what_the_cause_is_based_on() -> None:
    why = why_silent(OVER, Circumstances(Said(80.0, None, ClientState.ALLOWED, 900), areas=WITHIN, filled=FULL, quiet_when_still=True))

    assert why.evidence() == {
        "cause": "buffered",
        "basis": {
            "battery_pct": 80.0, "state": "allowed", "at_us": 900, "fixes": 30, "covered": 0.97, "quiet_when_still": True,
            "areas": [[1_500, 1_800]],
        },
    }  # fmt: skip


def test_the_evidence_leaves_out_what_nobody_said() -> None:
    assert why_silent(LASTING, Circumstances(Said())).evidence() == {"cause": "unknown", "basis": {}}


def test_fixes_at_every_interval_cover_a_gap() -> None:
    assert filled(0, 100, [10, 20, 30, 40, 50, 60, 70, 80, 90], 10) == Filled(9, 1.0)


def test_a_fix_vouches_for_one_and_a_half_intervals() -> None:
    assert filled(0, 100, [10], 20).share == pytest.approx((10 + 30) / 100)


def test_a_gap_without_fixes_is_not_covered() -> None:
    assert filled(0, 10, [], 10) == Filled(0, 0.0)
    assert filled(0, 10, [0, 10, 11], 10) == Filled(0, 0.0)


@given(st.lists(st.integers(-20, 220)), st.integers(1, 50))
def test_the_share_is_one(moments: list[int], interval: int) -> None:
    found = filled(0, 200, sorted(moments), interval)

    assert 0.0 <= found.share <= 1.0
    assert found.fixes == sum(0 < at < 200 for at in moments)
