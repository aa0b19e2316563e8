"""What is held against every page: axe's findings, and words of the other language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import bureau
from tests.browser.looking import Language

HERE = Path(__file__).parent
AXE = HERE.parents[1] / "corrections/console/front/node_modules/axe-core/axe.min.js"
LAW = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
RUN_AXE = """async (which) => {
  const found = await axe.run(document, {runOnly: which, resultTypes: ["violations"]});
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")} (${n.failureSummary || v.help})`));
}"""
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
LATIN = re.compile(r"[A-Za-z][\w'’-]+", re.ASCII)
NO_WORDS = re.compile(r"[\w ]+…|\S*[/@_=]\S*|\b[0-9a-f]{7,}\b|\b[A-Z]{2}\d+\b|[\w-]+\.[a-z]+\b|\b[a-z]+-\d+\b")
"""What was cut short, addresses, keys, names of files, digests, numbers of subjects and of devices."""


def accessibility(page: Page, *, colours: bool = False) -> list[str]:
    """What axe finds against WCAG 2.2, levels A and AA; with ``colours`` against what it says of these alone."""
    page.evaluate(_text(AXE) + "\n;0")
    which = {"type": "rule", "values": COLOURS} if colours else {"type": "tag", "values": LAW}
    found: list[str] = page.evaluate(RUN_AXE, which)
    return ["axe " + re.sub(r"\s+", " ", one)[:400] for one in found]


def mixed(page: Page, language: Language) -> list[str]:
    """Texts in the other language, with where they stand: Chinese characters on an English page; on a Chinese one words that are neither
    the same in both languages nor what somebody of the bureau wrote."""
    return list(dict.fromkeys(_mixed(page, language)))


def _mixed(page: Page, language: Language) -> Iterator[str]:
    for where, said in page.evaluate(_text(HERE / "texts.js"), language):
        text = re.sub(r"\s+", " ", said)
        if language == "en":
            if CHINESE.search(text):
                yield f"Chinese in {where}: {text[:120]}"
        elif words := foreign_words(text):
            yield f"English in {where}: {text[:120]} [{', '.join(words[:6])}]"


def foreign_words(text: str) -> list[str]:
    """Words that have no place on a Chinese page."""
    for written in _written():
        text = text.replace(written, " ")
    return [word for word in LATIN.findall(NO_WORDS.sub(" ", text)) if word not in _shared_words()]


@cache
def _written() -> list[str]:
    """What people of the furnished bureau wrote: the texts in its source that begin with a capital letter, longest first."""
    parts = ast.walk(ast.parse(_text(Path(bureau.__file__))))
    texts = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return sorted((text for text in texts if text[:1].isupper() and len(text) > 1), key=len, reverse=True)


@cache
def _shared_words() -> frozenset[str]:
    lines = _text(HERE / "same_in_both.txt").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
