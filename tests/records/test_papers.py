"""A paper is a PDF that is the same for the same data, keeps what people wrote as text, and leaves no hole for a rare character."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pylopdf_fonts_zh_cn as fonts
import pytest

from corrections.records.glyphs import covered, legible
from corrections.records.papers import Language, render


def a_paper(text: str = "事实清楚。", **changes: Any) -> dict[str, Any]:
    return {"title": "处理建议书", "sections": [{"heading": "一、事实", "blocks": [{"kind": "text", "text": text}]}]} | changes


def pages(pdf: bytes) -> int:
    plain = pdf + b"".join(_inflated(pdf))
    return len(re.findall(rb"/Type\s*/Page\b", plain))


def _inflated(pdf: bytes) -> list[bytes]:
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_same_data_give_the_same_bytes(lang: Language) -> None:
    assert render("official", a_paper(), lang) == render("official", a_paper(), lang)
    assert render("official", a_paper(), lang) != render("official", a_paper("不清。"), lang)


def test_what_people_wrote_is_text_and_nothing_else() -> None:
    for said in ('#panic("x")', '#read("/etc/passwd")', "$ x $ *a* _b_ `c` <d> @e \\", '", "lang": "'):
        assert render("official", a_paper(said), "zh").startswith(b"%PDF-")


def test_every_kind_of_block_is_set_and_a_long_paper_takes_pages() -> None:
    blocks = [
        {"kind": "note", "text": "说明"},
        {"kind": "quote", "name": "社区矫正法第二十八条", "text": "原文"},
        {"kind": "facts", "rows": [["姓名", "张三"], ["编号", "S1"], ["类别", "缓刑"]]},
        {"kind": "table", "head": ["编号", "理由"], "widths": [1, 4], "rows": [[str(n), "离开活动范围"] for n in range(80)]},
    ]
    signed = [{"label": "建议人", "name": "李明", "date": "2026-03-02"}, {"label": "复核人"}]

    paper = render("official", a_paper(sections=[{"blocks": blocks}], signatures=signed, seal="云溪区司法局", banner="建议"), "zh")

    assert pages(paper) >= 3
    assert pages(render("official", a_paper(), "zh")) == 1


def test_a_character_that_the_font_lacks_is_told_by_its_code_point() -> None:
    points = covered(fonts.serif_path()) & covered(fonts.sans_path())

    assert legible("张三䶮喆堃镕，“Wang” 〔2026〕①", points) == "张三䶮喆堃镕，“Wang” 〔2026〕①"
    assert legible("王𠮷\n", points) == "王〓(U+20BB7)\n"
    assert render("official", a_paper("王𠮷"), "zh") == render("official", a_paper("王〓(U+20BB7)"), "zh")
    assert len(points) > 25_000


def test_a_file_that_is_no_font_is_told(tmp_path: Any) -> None:
    file = tmp_path / "x.otf"
    file.write_bytes(b"OTTO\x00\x00" + b"\x00" * 40)

    with pytest.raises(ValueError, match="cmap"):
        covered(file)
