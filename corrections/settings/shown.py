"""The settings in force as they are shown to people: each value with what it means and where it comes from, secrets left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corrections.settings import FILES, Settings

SECRET = re.compile(r"url|password|secret|token|key\b", re.IGNORECASE)
HIDDEN = "••••••"
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Value:
    """``name`` with dots, ``meaning`` as the file says it (empty where it says nothing), ``source`` the file's name, the variable's, or
    empty for the default."""

    name: str
    value: str
    meaning: str
    source: str


def shown_settings(settings: Settings) -> Mapping[str, Sequence[Value]]:
    """By section, in the order of the settings."""
    meanings, sources = _told_in_files()
    told: dict[str, list[Value]] = {}
    for section, inside in settings.model_dump(mode="json").items():
        values = [
            Value(name, HIDDEN if SECRET.search(name) and value else value[:LONGEST], meanings.get(name, ""), _source(name, sources))
            for name, value in _flat(section, inside)
        ]
        told[section] = values
    return told


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inside in value.items():
            yield from _flat(f"{name}.{key}", inside)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, one in enumerate(value, 1):
            label = next((str(one[key]) for key in ("name", "key", "valid_from") if one.get(key)), str(number))
            yield from _flat(f"{name}[{label}]", one)
    else:
        yield name, "—" if value is None or value == [] or value == {} else str(value)


def _source(name: str, files: Mapping[str, str]) -> str:
    variable = "CORRECTIONS_" + re.sub(r"\[.*?\]", "", name).upper().replace(".", "__")
    return variable if variable in os.environ else files.get(re.sub(r"\[.*?\]", "", name), "")


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
