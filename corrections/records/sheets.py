"""Register files as rows: CSV (UTF-8 with or without mark, GB 18030) and XLSX, with what each cell may say, in both languages."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from corrections.errors import Invalid

MOST_BYTES = 50_000_000
MOST_UNPACKED = 500_000_000  # an XLSX is a ZIP, and a small one can be made to unpack without end
MOST_ROWS = 100_000

_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_Word = TypeVar("_Word", bound=StrEnum)

YES = {"是", "yes", "y", "true", "1", "是未成年人"}
NO = {"否", "no", "n", "false", "0", ""}


@dataclass(slots=True)
class Row:
    """One row: its number as the spreadsheet shows it, its cells by our names, and the faults found in it so far."""

    number: int
    cells: Mapping[str, Any]
    zone: ZoneInfo
    faults: list[dict[str, object]] = field(default_factory=list)

    def fault(self, name: str | None, en: str, zh: str) -> None:
        self.faults.append({"row": self.number, "field": name, "en": en, "zh": zh})

    def has(self, *names: str) -> bool:
        """Whether any of these cells is filled in."""
        return any(_text(self.cells.get(name)) for name in names)

    def text(self, name: str, *, required: bool = False) -> str:
        """The cell as text, a whole number without a decimal point."""
        value = _text(self.cells.get(name))
        if required and not value:
            self.fault(name, f"{name} is missing.", f"缺少{name}。")
        return value

    def word(self, name: str, words: Mapping[str, _Word], default: _Word | None = None) -> _Word | None:
        """The enumeration member that the cell names, in either language or by its code; None after a fault."""
        value = self.text(name, required=default is None)
        if not value:
            return default
        found = words.get(value.lower())
        if found is None:
            choice = "、".join(words)
            self.fault(name, f"{value} is not one of {choice}.", f"“{value}”无法识别，可填：{choice}。")
        return found

    def number_of(self, name: str, default: int) -> int:
        """A whole number; the default where the cell is empty."""
        value = self.text(name)
        if not value:
            return default
        if not value.isascii() or not value.isdigit():
            self.fault(name, f"{value} is not a whole number.", f"“{value}”不是整数。")
            return default
        return int(value)

    def yes(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in YES | NO:
            self.fault(name, f"{value} is neither yes nor no.", f"“{value}”无法识别，请填“是”或“否”。")
        return value in YES

    def moment(self, name: str, *, end: bool = False, default: datetime | None = None) -> datetime | None:
        """A moment in UTC. A day alone (2026-03-02, 2026/3/2, 2026年3月2日) begins at local midnight; as an ``end`` it is
        included, so the moment is the midnight after it. None after a fault."""
        value = self.cells.get(name)
        if not _text(value):
            if default is None:
                self.text(name, required=True)
            return default
        try:
            return _moment(value, self.zone, end)
        except (ValueError, OverflowError):
            self.fault(name, f"{value} is not a date, such as 2026-03-02.", f"“{value}”不是日期，请填写如 2026-03-02。")
            return None


def read_rows(data: bytes, filename: str, columns: Mapping[str, Sequence[str]], required: Sequence[str], zone: ZoneInfo) -> list[Row]:
    """The rows of a CSV or XLSX file, empty ones left out. ``columns`` gives for each of our names the headers it may have.

    Raises Invalid for a file that cannot be read, an unknown, repeated or missing column, and too many rows.
    """
    if len(data) > MOST_BYTES:
        raise Invalid(f"The file is larger than {MOST_BYTES // 1_000_000} MB.", f"文件超过 {MOST_BYTES // 1_000_000} MB。", field="file")
    lines = _xlsx(data) if filename.lower().endswith((".xlsx", ".xlsm")) or data[:2] == b"PK" else _csv(data)
    header = next(lines, None)
    if header is None:
        raise Invalid("The file is empty.", "文件为空。", field="file")
    names = _names(header, columns, required)
    rows: list[Row] = []
    for number, line in enumerate(lines, start=2):
        cells = dict(zip(names, line, strict=False))
        if any(_text(value) for value in cells.values()):
            rows.append(Row(number, cells, zone))
        if len(rows) > MOST_ROWS:
            raise Invalid(f"The file has more than {MOST_ROWS:,} rows.", f"文件超过 {MOST_ROWS} 行，请分批导入。", field="file")
    return rows


def _names(header: Sequence[Any], columns: Mapping[str, Sequence[str]], required: Sequence[str]) -> list[str]:
    known = {alias.lower(): name for name, aliases in columns.items() for alias in (name, *aliases)}
    names: list[str] = []
    titles = [_text(cell) for cell in header]
    while titles and not titles[-1]:
        titles.pop()
    for title in titles:
        name = known.get(title.lower().strip())
        if name is None:
            raise Invalid(f"Unknown column “{title}”. Known: {', '.join(columns)}.", f"无法识别的列“{title}”。", field=title or "header")
        if name in names:
            raise Invalid(f"The column {name} stands twice.", f"列“{title}”重复。", field=name)
        names.append(name)
    for name in required:
        if name not in names:
            aliases = " / ".join((name, *columns[name]))
            raise Invalid(f"The column {aliases} is missing.", f"缺少列：{aliases}。", field=name)
    return names


def _csv(data: bytes) -> Iterator[Sequence[Any]]:
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\x00" in text:
        raise Invalid("The file is neither UTF-8 nor GB 18030 text.", "文件编码应为 UTF-8 或 GB 18030。", field="file")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise Invalid(f"The CSV cannot be read: {error}.", "无法读取 CSV 文件，请检查引号和分隔符。", field="file") from error


def _xlsx(data: bytes) -> Iterator[Sequence[Any]]:
    from openpyxl import load_workbook  # a third of a second that only this needs

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MOST_UNPACKED:
            raise Invalid("The workbook unpacks to more than may be read.", "工作簿解压后过大。", field="file")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        yield from book.worksheets[0].iter_rows(values_only=True)
    except Invalid:
        raise
    except Exception as error:  # openpyxl lets errors of its ZIP and XML parsers through, of many classes
        raise Invalid(f"The workbook cannot be read: {error}.", "无法读取工作簿，请另存为 XLSX 后重试。", field="file") from error


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _moment(value: Any, zone: ZoneInfo, end: bool) -> datetime:
    if isinstance(value, datetime):
        at = value
    elif isinstance(value, date):
        at = datetime.combine(value, time())
    elif found := _DAY.fullmatch(_text(value)):
        at = datetime(int(found[1]), int(found[2]), int(found[3]))  # noqa: DTZ001 - the zone follows below
    else:
        at = datetime.fromisoformat(_text(value))
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    if end and at.time() == time():
        at += timedelta(days=1)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
