"""A file is what its bytes say, and gets a name that no system stumbles over."""

from __future__ import annotations

import pytest

from corrections.domain.files import LONGEST_NAME, FileType, agrees, clean_name, type_of

JPEG, PNG, PDF = b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\x89PNG\r\n\x1a\n\x00", b"%PDF-1.7\n"


def heic(*brands: bytes) -> bytes:
    body = b"ftyp" + brands[0] + b"\x00\x00\x00\x00" + b"".join(brands)
    return (len(body) + 4).to_bytes(4, "big") + body + b"\x00" * 64


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (JPEG, FileType.JPEG),
        (PNG, FileType.PNG),
        (PDF, FileType.PDF),
        (heic(b"heic"), FileType.HEIC),
        (heic(b"mif1", b"heic"), FileType.HEIC),
        (heic(b"mif1", b"avif"), None),
        (heic(b"isom", b"mp42"), None),
        (b"<svg onload=alert(1)>", None),
        (b"PK\x03\x04", None),
        (b"MZ\x90", None),
        (b" %PDF-1.7", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_the_type_is_what_the_bytes_say(content: bytes, found: FileType | None) -> None:
    assert type_of(content) is found


@pytest.mark.parametrize(
    ("declared", "found", "same"),
    [
        ("image/jpeg", FileType.JPEG, True),
        ("IMAGE/JPG; charset=x", FileType.JPEG, True),
        ("image/heif", FileType.HEIC, True),
        ("", FileType.PDF, True),
        ("application/octet-stream", FileType.PNG, True),
        ("image/png", FileType.JPEG, False),
        ("text/html", FileType.PDF, False),
    ],
)
def test_what_was_declared_must_agree(declared: str, found: FileType, same: bool) -> None:
    assert agrees(declared, found) is same


@pytest.mark.parametrize(
    ("name", "found", "clean"),
    [
        ("../../etc/passwd", FileType.PDF, "passwd.pdf"),
        ("照片\u202egpj.exe", FileType.JPEG, "照片gpj.exe.jpg"),
        ('a"b\r\nSet-Cookie: x.png', FileType.PNG, "abSet-Cookie x.png"),
        ("证明.jpeg", FileType.JPEG, "证明.jpeg"),
        ("  . ", FileType.HEIC, "file.heic"),
        (".pdf", FileType.PDF, "file.pdf"),
        ("", FileType.PNG, "file.png"),
    ],
)
def test_the_name_is_cleaned(name: str, found: FileType, clean: str) -> None:
    assert clean_name(name, found) == clean


def test_a_long_name_keeps_its_ending() -> None:
    cut = clean_name("长" * 500 + ".pdf", FileType.PDF)

    assert (len(cut), cut[-4:]) == (LONGEST_NAME, ".pdf")
