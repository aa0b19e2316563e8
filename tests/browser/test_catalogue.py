"""Every text of the pages is a pair, Chinese and English, and both halves are complete: in templates, scripts and Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.browser.judging import CHINESE, foreign_words

CODE = Path(__file__).parents[2] / "corrections"
TEMPLATES = sorted([*(CODE / "console/templates").glob("*.j2"), *(CODE / "portal/templates").glob("*.j2")])
SCRIPTS = sorted([*(CODE / "console/front/src").rglob("*.js"), *(CODE / "portal/static").rglob("*.js")])
PYTHON = sorted(
    [*(CODE / "console").glob("*.py"), *(CODE / "portal").glob("*.py"), *(CODE / "records").glob("*words.py"), CODE / "errors.py"]
)
PARTICLE = 4  # characters that one language needs and the other has elsewhere in its sentence
STRING = r"""("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)"""
PAIR = re.compile(rf"\bt\(\s*{STRING}\s*,\s*{STRING}\s*,?\s*\)", re.DOTALL)
PLACEHOLDER = re.compile(r"\$?\{([^{}]*)\}")
NAME = re.compile(r"(?<![\w.\"'])[a-z_]\w*")


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: f"{file.parts[-3]}-{file.name}")
def test_a_template(file: Path) -> None:
    tree = Environment().parse(file.read_text(encoding="utf-8"))
    pairs = [call.args for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name) and call.node.name == "t"]
    said = [(zh.value, en.value) for zh, en in pairs if isinstance(zh, nodes.Const) and isinstance(en, nodes.Const)]
    outside = [part.data for data in tree.find_all(nodes.TemplateData) for part in [data] if CHINESE.search(part.data)]

    nothing_wrong([fault for zh, en in said for fault in faults(zh, en)] + [f"not a pair: {text.strip()}" for text in outside])


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script(file: Path) -> None:
    text = re.sub(r"^\s*//.*$|/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    said = [(zh[1:-1], en[1:-1]) for zh, en in PAIR.findall(text)]
    outside = [line.strip() for line in PAIR.sub("", text).splitlines() if CHINESE.search(line)]

    nothing_wrong([fault for zh, en in said for fault in faults(zh, en)] + [f"not a pair: {line}" for line in outside])


@pytest.mark.parametrize("file", PYTHON, ids=lambda file: f"{file.parts[-2]}-{file.name}")
def test_python(file: Path) -> None:
    """Of two texts side by side one is Chinese: (Chinese, English) where pages speak, (English, Chinese) where errors do."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = [(one, other) if CHINESE.search(one) else (other, one) for one, other in _side_by_side(tree)]

    nothing_wrong([fault for zh, en in said for fault in faults(zh, en)])


def nothing_wrong(found: list[str]) -> None:
    assert not found, "\n".join(found)


def faults(zh: str, en: str) -> Iterator[str]:
    """What is wrong with a pair."""
    pair = f"{zh!r}, {en!r}"
    if min(len(zh.strip()), len(en.strip())) == 0 and max(len(zh.strip()), len(en.strip())) > PARTICLE:
        yield f"one half is empty: {pair}"
    if CHINESE.search(en):
        yield f"Chinese in the English half: {pair}"
    if zh != en and not CHINESE.search(zh) and foreign_words(zh):
        yield f"no Chinese in the Chinese half: {pair}"
    if zh == en and foreign_words(zh):
        yield f"not translated: {pair}"
    if _named(zh) != _named(en):
        yield f"the placeholders differ: {pair}"


def _named(text: str) -> set[str]:
    """The variables whose values a text tells; ``zh`` and ``en`` are the halves of a pair that it tells."""
    names = (name for placeholder in PLACEHOLDER.findall(text) for name in NAME.findall(placeholder))
    return {"both" if name in ("zh", "en") else name for name in names}


def _side_by_side(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Pairs of texts in a tuple or in the arguments of a call, of which at least one is Chinese."""
    for node in ast.walk(tree):
        parts = node.elts if isinstance(node, ast.Tuple) else node.args if isinstance(node, ast.Call) else []
        texts = [_text(part) for part in parts]
        for one, other in pairwise(texts):
            if one is not None and other is not None and (CHINESE.search(one) or CHINESE.search(other)):
                yield one, other


def _text(node: ast.expr) -> str | None:
    """A text as written, with its placeholders; None where it is something else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return ast.unparse(node)[2:-1]
    return None
