"""Tables to take along: CSV as spreadsheets open it, in UTF-8 with its mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi.responses import Response

from corrections.console.pages import download

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # with which a text begins that a spreadsheet would carry out


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """To be kept. Numbers stay numbers; a text that a spreadsheet would take for a formula gets an apostrophe before it, None is empty."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(header)
    table.writerows([_cell(value) for value in row] for row in rows)
    return download(("\ufeff" + out.getvalue()).encode(), "text/csv; charset=utf-8", name)


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return "'" + text if text.startswith(FORMULAS) else text
