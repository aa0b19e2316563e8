"""``corrections casework``: from a statement to a measure and its paper, attachments, and false alarms, from the machine itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from corrections.store.database import writing
from tests.cli.conftest import Run
from tests.records.test_proposals import confirmed
from tests.review.scene import settle

PDF = b"%PDF-1.7 x"
MADE = ("--on", "2026-03-02", "--decided-by", "区局")


@pytest.fixture
def office(on_database: Run, database: Engine) -> Run:
    """Violation 1 of subject S1 was confirmed."""
    with writing(database) as session:
        confirmed(session, settle(session))
    return on_database


def heard(run: Run) -> None:
    said = run("casework", "statement", "S1", "--as", "liming", "--means", "phone", "--text", "当时在医院", "--violation", 1)
    assert (said.code, said.out) == (0, "Statement 1 is recorded.\n"), said.err


def proposed(run: Run) -> None:
    terms = ("--measure", "warning", "--ground", "warning.rules", "--facts", "未经批准外出", "--violation", 1, "--statement", 1)
    made = run("casework", "propose", "S1", "--as", "liming", *terms)
    assert (made.code, made.out) == (0, "Proposal 1 (warning): waits for a second officer\n"), made.err


def test_from_statement_to_measure_and_paper(office: Run) -> None:
    heard(office)
    proposed(office)
    own = office("casework", "second", 1, "--as", "liming")
    agreed = office("casework", "second", 1, "--as", "head", "--note", "同意").out
    done = office("casework", "outcome", 1, "--as", "head", *MADE, "--document", "警1号", "--json").json

    assert own.code == 1
    assert agreed == "Proposal 1 (warning): seconded\n"
    assert (done["state"], done["measure_id"]) == ("granted", 1)
    assert "warning" in office("casework", "measures", "--as", "liming", "--subject", "S1").out
    for kind in ("proposal", "measure"):
        assert office("casework", "paper", kind, 1, f"{kind}.pdf", "--as", "liming", "--lang", "zh").code == 0
        assert Path(f"{kind}.pdf").read_bytes().startswith(b"%PDF-")
    assert office("casework", "paper", "measure", 1, "measure.pdf", "--as", "liming").code == 1  # it is there already


def test_a_proposal_is_refused_or_taken_back(office: Run) -> None:
    heard(office)
    proposed(office)

    assert "refused" in office("casework", "second", 1, "--as", "head", "--refuse", "--note", "事实不清").out
    assert office("casework", "withdraw", 1, "--as", "liming", "--reason", "误提").code == 1
    listed = office("casework", "proposals", "--as", "bureau", "--state", "refused", "--json").json
    assert [(row["id"], row["subject"], row["note"]) for row in listed] == [(1, "S1", "事实不清")]
    assert "S1" in office("casework", "proposals", "--as", "bureau").out


def test_a_measure_from_paper_is_recorded_and_taken_back(office: Run) -> None:
    terms = ("--kind", "admonition", *MADE, "--document", "训1号")

    assert office("casework", "measure", "S1", "--as", "head", *terms).out == "Measure 1: admonition\n"
    assert office("casework", "revoke", 1, "--as", "head", "--reason", "有误").out == "Measure 1: admonition, taken back\n"
    assert office("casework", "measures", "--as", "head", "--json").json == []
    assert len(office("casework", "measures", "--as", "head", "--all", "--json").json) == 1
    assert (
        office("casework", "measure", "S1", "--as", "head", "--kind", "warning", "--on", "gestern", *MADE[2:], "--document", "1").code == 1
    )


def test_the_options_say_what_they_ask_for(office: Run) -> None:
    shown = office("casework", "options", "S1", "--as", "liming")
    told = office("casework", "options", "S1", "--as", "liming", "--json").json

    assert "revoke_probation.warned_twice" in shown.out
    assert {one["second"] for one in told} == {"none", "office_head", "bureau"}
    assert not any(one["fits"] for one in told)


def test_a_file_is_attached_listed_and_fetched(office: Run) -> None:
    Path("病历.pdf").write_bytes(PDF)

    made = office("casework", "attach", "violation", 1, "病历.pdf", "--as", "liming", "--note", "急诊", "--json").json
    listed = office("casework", "attachments", "violation", 1, "--as", "head").out
    fetched = office("casework", "fetch", made["id"], "out.pdf", "--as", "head")

    assert (made["name"], fetched.code) == ("病历.pdf", 0)
    assert "急诊" in listed
    assert Path("out.pdf").read_bytes() == PDF
    assert office("casework", "statements", "S1", "--as", "liming", "--json").json == []


def test_false_alarms_are_shown_by_rule(office: Run) -> None:
    heard(office)
    days = ("--from", "2026-03-01", "--until", "2026-03-02")

    shown = office("casework", "figures", "--as", "head", *days)

    assert "out of contact" in shown.out
    assert office("casework", "figures", "--as", "head", *days, "--json").json["total"]["decided"] == 1
    assert "当时在医院" in office("casework", "statements", "S1", "--as", "liming").out
