"""``corrections rounds``: a round from its beginning to its signature, check-ins, and the auditor's derivation."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from corrections.clock import SetClock
from corrections.store.database import writing
from tests.cli.conftest import NOW, Run
from tests.monitor.check_scene import seen_at


def test_a_round_is_gone_through_and_signed(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        seen_at(session, 1, NOW - timedelta(minutes=2))

    begun = founded("rounds", "open", "--as", "liming", "--json")
    shown = founded("rounds", "show", 1, "--as", "liming")
    placed = founded("rounds", "show", 1, "--as", "liming", "--purpose", "check")
    refused = founded("rounds", "sign", 1, "--as", "liming")
    confirmed = founded("rounds", "confirm", 1, 1, "--as", "liming")
    signed = founded("rounds", "sign", 1, "--as", "liming", "--note", "fine")

    assert begun.json == {"id": 1, "revision": 1}
    assert "Round begun by hand" in shown.out
    assert "30.05000" not in shown.out
    assert "30.05000, 120.05000 ±12 m" in placed.out
    assert (refused.code, "1 subjects have no finding yet: S1." in refused.err) == (1, True)
    assert (confirmed.out, signed.out) == ("Round 1, revision 2.\n", "Round 1, revision 3.\n")
    (listed,) = founded("rounds", "list", "--as", "wangfang", "--json").json
    assert (listed["state"], listed["found"], listed["signed_by_name"], listed["note"]) == ("signed", 1, "李明", "fine")
    assert "signed" in founded("rounds", "list", "--as", "wangfang").out


def test_a_finding_needs_words_and_a_round_may_be_handed_over(founded: Run) -> None:
    founded("rounds", "open", "--as", "liming")

    assert founded("rounds", "find", 1, 1, "not_reached", "--as", "liming").code == 1
    assert founded("rounds", "find", 1, 1, "not_reached", "--as", "liming", "--note", "no answer").code == 0
    handed = founded("rounds", "hand-over", 1, "--to", "wangfang", "--reason", "away", "--as", "liming")

    assert (handed.code, handed.out) == (0, "Round 1, revision 3.\n")
    assert founded("rounds", "find", 1, 1, "sleeping", "--as", "liming").code == 2


def test_a_subject_is_asked_to_check_in(founded: Run) -> None:
    asked = founded("rounds", "ask", "S1", "--as", "liming", "--purpose", "at home?")
    listed = founded("rounds", "check-ins", "S1", "--as", "liming")

    assert asked.out.startswith("To be answered before 2026-03-02 12:30: /c/")
    assert "waiting" in listed.out
    assert "asked 0, answered 0, missed 0" in listed.out
    assert founded("rounds", "ask", "S1", "--as", "liming", "--purpose", "again").code == 1


def test_a_past_day_is_derived_again_and_a_secret_renewed(founded: Run, clock: SetClock) -> None:
    too_soon = founded("rounds", "rederive", "2026-03-02")
    clock.advance(timedelta(days=1))
    told = founded("rounds", "rederive", "2026-03-02")
    renewed = founded("rounds", "new-secret", "--json").json

    assert too_soon.code == 1
    assert (told.code, told.out) == (0, "0 moments, 0 do not match; commitments that hold: 1 of 1.\n")  # no schedule was carried out
    assert (renewed["from"], len(renewed["commitment"])) == ("2026-03-09", 64)
    assert founded("rounds", "rederive", "no day").code == 2
