"""Papers (文书) as PDF: a template of ``templates/*.typ``, set by typst in the Chinese font that comes with the program.

The same data give the same bytes: nothing of the machine or the moment is in them but what the data say. Data reach the template as
JSON and stay text there; nothing is read from the system or the network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pylopdf_fonts_zh_cn as fonts

from corrections.records.glyphs import covered, legible

Language = Literal["zh", "en"]
TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, data: Mapping[str, Any], lang: Language) -> bytes:
    """A paper as PDF. ``template`` is the name of a file of ``templates`` without its ending; ``official`` takes a title and sections of
    blocks (see its head). Characters that the font lacks are written as 〓 and their code point.

    >>> render("official", {"title": "外出证明", "sections": []}, "zh")[:5]
    b'%PDF-'
    """
    made: bytes = compiled(template, data, lang, "pdf")
    return made


def compiled(template: str, data: Mapping[str, Any], lang: Language, form: Literal["pdf", "png"]) -> Any:
    """The bytes of a PDF, or of each page as a picture (one page: its bytes; several: a list)."""
    points = covered(fonts.serif_path()) & covered(fonts.sans_path())
    import typst  # 5 MB, for what is seldom done

    return typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=[fonts.serif_path().parent],
        ignore_system_fonts=True,
        format=form,
        sys_inputs={"data": json.dumps(_plain(data, points), ensure_ascii=False), "lang": lang},
    )


def _plain(value: Any, points: frozenset[int]) -> Any:
    if isinstance(value, str):
        return legible(value, points)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item, points) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item, points) for item in value]
    return value
