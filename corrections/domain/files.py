"""What a photo or document really is, by its first bytes, and a name for it that no system stumbles over. Pure."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

LONGEST_NAME = 120  # characters, the ending included
UNDECLARED = ("", "application/octet-stream", "binary/octet-stream")


class FileType(StrEnum):
    """The media types that are accepted."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    HEIC = "image/heic"
    PDF = "application/pdf"


ENDINGS = {FileType.JPEG: (".jpg", ".jpeg"), FileType.PNG: (".png",), FileType.HEIC: (".heic", ".heif"), FileType.PDF: (".pdf",)}
_SAME = {"image/jpg": FileType.JPEG, "image/pjpeg": FileType.JPEG, "image/heif": FileType.HEIC, "application/x-pdf": FileType.PDF}
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})


def type_of(content: bytes) -> FileType | None:
    """The type that the bytes show: JPEG (ITU T.81: SOI and a marker), PNG (W3C, 8 bytes), PDF (ISO 32000: the header), HEIC (ISO 23008-12:
    a brand of HEVC pictures in ``ftyp``); None for anything else.

    >>> type_of(bytes.fromhex("ffd8ffe0")), type_of(b"%PDF-1.7"), type_of(b"<html>")
    (<FileType.JPEG: 'image/jpeg'>, <FileType.PDF: 'application/pdf'>, None)
    """
    if content.startswith(b"\xff\xd8\xff"):
        return FileType.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileType.PNG
    if content.startswith(b"%PDF-"):
        return FileType.PDF
    if content[4:8] == b"ftyp":
        length = min(int.from_bytes(content[:4], "big"), 256, len(content))
        brands = {content[8:12]} | {content[at : at + 4] for at in range(16, length - 3, 4)}
        return FileType.HEIC if brands & _HEIC else None
    return None


def agrees(declared: str, found: FileType) -> bool:
    """Whether a declared media type (with or without parameters) is the one found. What says nothing does not disagree."""
    said = declared.partition(";")[0].strip().lower()
    return said in UNDECLARED or _SAME.get(said, said) == found


def clean_name(name: str, found: FileType) -> str:
    r"""A file name of one line: without its folders, control, format and reserved characters; at most ``LONGEST_NAME`` long; ending as its
    type does; ``file`` where nothing is left.

    >>> clean_name("C:\\照片\\诊断 证明.JPG", FileType.JPEG), clean_name("..", FileType.PDF), clean_name("a.exe", FileType.PNG)
    ('诊断 证明.JPG', 'file.pdf', 'a.exe.png')
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    kept = " ".join(kept.split()).rstrip(". ")
    endings = ENDINGS[found]
    stem, ending = next(((kept[: -len(e)], kept[-len(e) :]) for e in endings if kept.lower().endswith(e)), (kept, endings[0]))
    return (stem.strip(". ") or "file")[: LONGEST_NAME - len(ending)] + ending
