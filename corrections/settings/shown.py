"""The settings in force as they are shown to people: each value with what it means and where it comes from, secrets left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from corrections.settings import FILES, Settings

SECRET = re.compile(r"url|password|secret|token|_key$", re.IGNORECASE)
HIDDEN = "••••••"
LONGEST = 300
NAMED = ("name", "key", "code")


@dataclass(frozen=True, slots=True)
class Value:
    """``name`` with dots and, in brackets, the entry of a list; ``part`` is all of it but the last word. ``meaning`` as the file says it
    (empty where it says nothing), ``source`` the file's name, the variable's, or empty for the default. ``since``: from which local day on
    the entry holds that it stands in (None: always); ``in_force``: it does on the day asked for."""

    name: str
    value: str
    meaning: str
    source: str
    since: date | None = None
    in_force: bool = True

    @property
    def part(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def word(self) -> str:
        return self.name.rpartition(".")[2]


def shown_settings(settings: Settings, today: date) -> Mapping[str, Sequence[Value]]:
    """By section, in the order of the settings."""
    meanings, sources = _told_in_files()
    told: dict[str, list[Value]] = {}
    for section, inside in settings.model_dump(mode="json").items():
        told[section] = [
            Value(name, _told(name, value), meanings.get(_plain(name), ""), _source(name, sources), *held)
            for name, value, held in _flat(section, inside, today, (None, True))
        ]
    return told


Held = tuple[date | None, bool]


def _flat(name: str, value: Any, today: date, held: Held) -> Iterator[tuple[str, Any, Held]]:
    if isinstance(value, dict) and value:
        for key, inside in value.items():
            yield from _flat(f"{name}.{key}", inside, today, held)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, one in enumerate(value, 1):
            named = next((str(one[key]) for key in NAMED if one.get(key)), "")
            since = one.get("valid_from", "")
            label = " ".join(filter(None, (named, since))) or str(number)
            yield from _flat(f"{name}[{label}]", one, today, _held(value, named, since, today) if since else held)
    else:
        yield name, value, held


def _held(entries: list[dict[str, Any]], named: str, since: str, today: date) -> Held:
    """Of the entries of one name that which began last holds; before the first begins, the first."""
    same = sorted(e["valid_from"] for e in entries if named in ("", *(str(e.get(key)) for key in NAMED)))
    begun = [day for day in same if day <= today.isoformat()]
    return date.fromisoformat(since), since == (begun[-1] if begun else same[0])


def _told(name: str, value: Any) -> str:
    if value is None or value == [] or value == {} or value == "":
        return "—"
    if SECRET.search(name.rpartition(".")[2]):
        return HIDDEN
    if isinstance(value, list):
        return ", ".join(_one(item) for item in value)[:LONGEST]
    return _one(value)[:LONGEST]


def _one(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(name: str) -> str:
    return re.sub(r"\[.*?\]", "", name)


def _source(name: str, files: Mapping[str, str]) -> str:
    """A variable may name the value or what it stands in."""
    parts = _plain(name).upper().split(".")
    variables = ("CORRECTIONS_" + "__".join(parts[: n + 1]) for n in range(len(parts)))
    return next((variable for variable in variables if variable in os.environ), files.get(_plain(name), ""))


def _told_in_files() -> tuple[dict[str, str], dict[str, str]]:
    """By the name of a value: the comment above it, and the file it stands in."""
    folder = Path(os.environ.get("CORRECTIONS_CONFIG", "config"))
    meanings: dict[str, str] = {}
    sources: dict[str, str] = {}
    for file in (folder / name for name in FILES):
        section, comment = "", list[str]()
        for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
            if line.startswith("#"):
                comment.append(line.lstrip("# ").strip())
            elif found := re.match(r"\[+([\w.]+)\]+", line):
                section, comment = found[1], []
            elif found := re.match(r"([\w.]+)\s*=", line):
                name = f"{section}.{found[1]}" if section else found[1]
                meanings.setdefault(name, " ".join(comment))
                sources[name] = file.name
                comment = []
            elif not line.strip():
                comment = []
    return meanings, sources
