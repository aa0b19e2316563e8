"""Reports from a file, by the operator at the machine: CSV with a line of column names, or one JSON report a line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from corrections.errors import Invalid, NotFound
from corrections.ingest import system, values
from corrections.ingest.message import Flaw, Message, Result, Sender
from corrections.ingest.values import Unreadable
from corrections.ingest.writer import Ingest

CHUNK = 5_000
REQUIRED = ("device", "fix_time")
IGNORED = "received_time"  # when a file says that a report was received; received_at is always this service's own clock


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of the file that was refused; the first line is 1, which in a CSV holds the names."""

    line: int
    flaw: Flaw


@dataclass(slots=True)
class Taken:
    """What became of a file's reports."""

    stored: int = 0
    repeated: int = 0
    refused: int = 0
    faults: list[Fault] = field(default_factory=list)


def ingest_file(ingest: Ingest, bureau_id: int, path: Path) -> Taken:
    """Store the reports of a file for the devices of a bureau. Faulty lines are refused one by one, the others are stored.

    CSV columns are ``subject, device, fix_time, received_time, lat, lon, accuracy_m, source`` and the other fields of
    ``ingest.system``; ``device`` and ``fix_time`` are required, and an empty value is none. A ``subject`` must be the number of
    the device's subject. Repeating a file changes nothing.

    Raises NotFound, Invalid (no such column), Unavailable (what was stored before it stays).
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", f"没有文件 {path}。", field="path")
    sender, taken = Sender(bureau_id=bureau_id), Taken()
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        start = lines.read(1)
        lines.seek(0)
        numbered = _from_json(lines) if start in ("{", "[") else _from_csv(lines)
        while chunk := list(islice(numbered, CHUNK)):
            outcome = ingest.take_now(sender, "file", [message for _, message in chunk])
            for (line, _), verdict in zip(chunk, outcome.verdicts, strict=True):
                if verdict.result is Result.STORED:
                    taken.stored += 1
                elif verdict.result is Result.REPEATED:
                    taken.repeated += 1
                elif verdict.flaw is not None:
                    taken.refused += 1
                    taken.faults.append(Fault(line, verdict.flaw))
    return taken


def _from_json(lines: Iterable[str]) -> Iterator[tuple[int, Message]]:
    for line, text in enumerate(lines, start=1):
        raw = text.strip().encode()
        if raw:
            try:
                yield line, system.read(values.parse(raw), raw)
            except Unreadable as fault:
                yield line, values.unreadable(raw, str(fault))


def _from_csv(lines: Iterable[str]) -> Iterator[tuple[int, Message]]:
    reader = csv.reader(lines, strict=False)
    names = [name.strip() for name in next(reader, [])]
    _check(names)
    try:
        for row in reader:
            if not row:
                continue
            raw = ",".join(row).encode()
            if len(row) != len(names):
                yield reader.line_num, values.unreadable(raw, f"{len(row)} values for {len(names)} columns")
            else:
                yield reader.line_num, system.read(_typed(dict(zip(names, row, strict=True))), raw)
    except csv.Error as error:
        raise Invalid(
            f"Line {reader.line_num} of the file cannot be read as CSV: {error}.", f"文件第 {reader.line_num} 行不是有效的 CSV。"
        ) from error


def _check(names: list[str]) -> None:
    known = {*system.FIELDS, IGNORED}
    for name in REQUIRED:
        if name not in names:
            raise Invalid(f"The file has no column {name}.", f"文件缺少列 {name}。", field=name)
    for name in names:
        if name not in known or names.count(name) > 1:
            raise Invalid(f"The file has a column too many: {name}.", f"文件有多余的列：{name}。", field=name)


def _typed(row: dict[str, str]) -> dict[str, Any]:
    """The texts of a row as the values that the system's form has; a text that spells no number stays one, and is refused."""
    told: dict[str, Any] = {}
    for name, text in row.items():
        text = text.strip()
        if not text or name == IGNORED:
            continue
        if name in ("lat", "lon") or name in system.RANGES:
            number = values.number_or_text(text)
            told[name] = text if number is None else number
        elif name in ("mock", "charging"):
            truth = values.truth(text)
            told[name] = text if truth is None else truth
        else:
            told[name] = text
    return told
