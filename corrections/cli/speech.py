"""How the command line speaks: the reader's language, tables that keep their columns in Chinese, JSON for programs.

Nothing here loads the service, so that ``--help`` is quick.
"""

from __future__ import annotations

import json
import os
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any

import typer


def language() -> str:
    """``zh`` or ``en``, from ``service.language``. Read by hand, because errors in the settings are told in it, too."""
    named = os.environ.get("CORRECTIONS_SERVICE__LANGUAGE", "")
    if not named:
        file = Path(os.environ.get("CORRECTIONS_CONFIG", "config")) / "service.toml"
        try:
            named = tomllib.loads(file.read_text(encoding="utf-8"))["service"]["language"]
        except (OSError, ValueError, LookupError, TypeError):
            named = "zh"
    return "en" if named == "en" else "zh"


def t(zh: str, en: str) -> str:
    """The text in the reader's language."""
    return en if language() == "en" else zh


AsJson = Annotated[bool, typer.Option("--json", help=t("以 JSON 输出，供程序读取。", "Print JSON for programs."))]
As = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="LOGIN",
        help=t("以哪位工作人员的名义（账号）；角色和管理范围照常适用。", "In which officer's name (login); her role and reach apply."),
    ),
]
Secrets = Annotated[
    Path | None,
    typer.Option(
        "--secrets",
        metavar="FILE",
        dir_okay=False,
        help=t(
            "将密码或设备凭证写入新文件（仅本人可读），不在屏幕显示。",
            "Write passwords or credentials to a new file (readable by you only) instead of the screen.",
        ),
    ),
]


def say(text: str = "") -> None:
    typer.echo(text)


def complain(text: str) -> None:
    typer.echo(text, err=True)


def print_json(value: Any) -> None:
    """One JSON document; times as RFC 3339 in UTC."""
    typer.echo(json_text(value))


def json_text(value: Any) -> str:
    """The document that ``print_json`` prints."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def local(at: datetime | None, zone: tzinfo) -> str:
    """A moment as read on a clock on the wall, to the minute; empty for None."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns under their headers, as wide as their widest cell on screen."""
    lines = [list(headers), *([("" if cell is None else str(cell)) for cell in row] for row in rows)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(headers))]
    for number, line in enumerate(lines):
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        say("  ".join(cells).rstrip())
        if number == 0:
            say("  ".join("-" * width for width in widths))


def _width(text: str) -> int:
    """Columns on screen: East Asian wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
