"""Which characters a font has a glyph for, read from its ``cmap`` table (OpenType 1.9, formats 4 and 12).

A character without one would be an empty box in a paper, a name with a hole in it; such a character is written as 〓 and its code point.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

GETA = "〓"  # 〓, what Chinese typesetting puts where a character is missing


@cache
def covered(font: Path) -> frozenset[int]:
    """The code points that a font file (OTF, TTF) has glyphs for. Raises ValueError where it has no table of them that is known here."""
    data = font.read_bytes()
    start = _table(data, b"cmap")
    number = struct.unpack_from(">H", data, start + 2)[0]
    found: set[int] = set()
    for i in range(number):
        at = start + struct.unpack_from(">I", data, start + 4 + 8 * i + 4)[0]
        form = struct.unpack_from(">H", data, at)[0]
        if form == 12:
            found.update(_groups(data, at))
        elif form == 4:
            found.update(_segments(data, at))
    if not found:
        raise ValueError(f"{font.name}: no cmap of format 4 or 12")
    return frozenset(found)


def legible(text: str, points: frozenset[int]) -> str:
    """The text, with 〓 and the code point for each character that the font lacks; line breaks and tabs stay.

    >>> legible("张𠮷", frozenset(map(ord, "张〓")))
    '张〓(U+20BB7)'
    """
    return "".join(c if ord(c) in points or c in "\n\t" else f"{GETA}(U+{ord(c):04X})" for c in text)


def _table(data: bytes, tag: bytes) -> int:
    for i in range(struct.unpack_from(">H", data, 4)[0]):
        name, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * i)
        if name == tag:
            return int(offset)
    raise ValueError("not an OpenType font with a table " + tag.decode())


def _groups(data: bytes, at: int) -> Iterator[int]:
    for i in range(struct.unpack_from(">I", data, at + 12)[0]):
        first, last, _ = struct.unpack_from(">III", data, at + 16 + 12 * i)
        yield from range(first, last + 1)


def _segments(data: bytes, at: int) -> Iterator[int]:
    """Format 4; a code point whose glyph is 0 within a segment has none, but segments of our fonts name only what they have."""
    doubled = struct.unpack_from(">H", data, at + 6)[0]
    for i in range(0, doubled, 2):
        last = struct.unpack_from(">H", data, at + 14 + i)[0]
        first = struct.unpack_from(">H", data, at + 16 + doubled + i)[0]
        yield from range(first, min(last, 0xFFFE) + 1)
