"""``corrections roster`` and ``corrections queue matters``."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import Duty
from tests.cli.conftest import Run

DUTY = ("roster", "duty", "liming", "--from", "2026-03-02T17:30", "--until", "2026-03-03T08:30")
ABSENCE = ("roster", "absence", "liming", "--from", "2026-03-03", "--until", "2026-03-05")
HEADER = "值班人员,开始,结束,司法所\n"


def test_duties_and_absences_are_recorded_listed_and_cancelled(founded: Run) -> None:
    said = [
        founded(*DUTY, "--office", "YX1"),
        founded(*DUTY),
        founded(*ABSENCE, "--deputy", "wangfang", "--reason", "培训"),
    ]
    assert [s.code for s in said] == [0, 0, 0], said
    listed = founded("roster", "list", "--from", "2026-03-01").out.splitlines()
    assert [line.split() for line in listed[2:]] == [
        ["duty", "1", "liming", "李明", "2026-03-02", "17:30", "2026-03-03", "08:30", "YX1"],
        ["duty", "2", "liming", "李明", "2026-03-02", "17:30", "2026-03-03", "08:30", "all", "offices"],
        ["absence", "1", "liming", "李明", "2026-03-03", "00:00", "2026-03-05", "00:00"],
    ]

    cancelled = [founded("roster", "cancel", "--duty", "2"), founded("roster", "cancel", "--absence", "1")]

    assert [s.code for s in cancelled] == [0, 0]
    left = founded("roster", "list", "--from", "2026-03-01", "--json").json
    assert [(row["kind"], row["id"], row["office"]) for row in left] == [("duty", 1, "YX1")]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("cancel",), 2, "--duty"),
        (("cancel", "--duty", "1", "--absence", "1"), 2, "--duty"),
        (("cancel", "--duty", "9"), 1, "There is no duty 9"),
        (("duty", "nobody", "--from", "2026-03-02", "--until", "2026-03-03"), 1, "no active officer with the login nobody"),
        (("duty", "liming", "--from", "2026-03-02", "--until", "2026-03-03", "--office", "X"), 1, "There is no office X."),
        (("duty", "liming", "--from", "soon", "--until", "2026-03-03"), 1, "soon is not a day or a moment"),
        (("absence", "liming", "--from", "2026-03-03", "--until", "2026-03-02"), 1, "ends after it begins"),
    ],
)
def test_what_cannot_be_done_is_told(founded: Run, arguments: tuple[str, ...], code: int, told: str) -> None:
    said = founded("roster", *arguments)

    assert said.code == code
    assert told in said.err


def test_a_month_is_imported_from_a_file(founded: Run, database: Engine) -> None:
    rows = "".join(f"liming,2026-03-{day:02} 17:30,2026-03-{day + 1:02} 08:30,{'YX1' if day % 2 else ''}\n" for day in range(1, 31))
    Path("值班.csv").write_text(HEADER + rows, encoding="gb18030")

    tried = founded("roster", "import", "值班.csv", "--dry-run")
    done = founded("roster", "import", "值班.csv", "--json")

    assert tried.out == "It would bring in 30 duties.\n"
    assert done.json == {"duties": 30, "dry_run": False}
    with reading(database) as session:
        assert len(session.exec(select(Duty)).all()) == 30


def test_one_faulty_row_and_nothing_is_imported(founded: Run, database: Engine) -> None:
    founded("roster", "duty", "liming", "--from", "2026-03-01T17:30", "--until", "2026-03-02T08:30")
    rows = [
        "liming,2026-03-05 17:30,2026-03-06 08:30,",
        "liming,2026-03-01 17:30,2026-03-02 08:30,",
        "nobody,2026-03-05 17:30,2026-03-06 08:30,YX9",
        "liming,2026-03-06 08:30,2026-03-05 17:30,YX1",
        "liming,bald,2026-03-05 17:30,YX1",
    ]
    Path("duties.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")

    said = founded("roster", "import", "duties.csv")

    assert said.code == 1
    told = (
        "row 3 officer: This duty is planned already.",
        "row 4 officer: There is no officer nobody",
        "row 4 office: There is no office YX9",
        "row 5 ends_at: A duty ends after it begins",
        "row 6 from: bald is not a date",
    )
    assert [line for line in told if line not in said.err] == []
    with reading(database) as session:
        assert len(session.exec(select(Duty)).all()) == 1


def test_a_file_is_not_taken_twice(founded: Run) -> None:
    Path("duties.csv").write_text(HEADER + "liming,2026-03-05 17:30,2026-03-06 08:30,\n", encoding="utf-8")

    assert [founded("roster", "import", "duties.csv").code for _ in range(2)] == [0, 1]
