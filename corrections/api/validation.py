"""Faults that pydantic found in an input, as sentences that name the field and the remedy, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

WHERE = {"body", "query", "path", "header", "cookie"}
MOST_FAULTS = 50


class InputFault(BaseModel):
    """One field, and what to do about it."""

    field: str | None
    en: str
    zh: str


def _too_short(least: int) -> tuple[str, str]:
    return ("must not be empty", "不得为空") if least == 1 else (f"must have a length of at least {least}", f"长度不得小于 {least}")


def _too_long(most: int) -> tuple[str, str]:
    return f"must have a length of at most {most}", f"长度不得大于 {most}"


_Words = tuple[str, str] | Callable[[Mapping[str, Any]], tuple[str, str]]

WORDS: dict[str, _Words] = {
    "missing": ("is missing: give it", "缺失，请填写"),
    "extra_forbidden": ("is not known here: leave it out", "无法识别，请删除"),
    "json_invalid": ("is not valid JSON: correct it", "不是有效的 JSON，请检查"),
    "enum": lambda c: (f"must be one of {c['expected']}", f"应为 {c['expected'].replace(' or ', '、')} 之一"),
    "literal_error": lambda c: (f"must be one of {c['expected']}", f"应为 {c['expected'].replace(' or ', '、')} 之一"),
    "union_tag_invalid": lambda c: (f"must be one of {c['expected_tags']}", f"应为 {c['expected_tags']} 之一"),
    "union_tag_not_found": ("does not say of which kind it is: give its shape", "未注明类型，请填写 shape"),
    "timezone_aware": ("must name its time zone, such as 2026-03-02T09:00:00+08:00", "须注明时区，例如 2026-03-02T09:00:00+08:00"),
    "string_too_short": lambda c: _too_short(c["min_length"]),
    "too_short": lambda c: _too_short(c["min_length"]),
    "string_too_long": lambda c: _too_long(c["max_length"]),
    "too_long": lambda c: _too_long(c["max_length"]),
    "greater_than_equal": lambda c: (f"must be at least {c['ge']}", f"不得小于 {c['ge']}"),
    "less_than_equal": lambda c: (f"must be at most {c['le']}", f"不得大于 {c['le']}"),
    "greater_than": lambda c: (f"must be more than {c['gt']}", f"必须大于 {c['gt']}"),
    "less_than": lambda c: (f"must be less than {c['lt']}", f"必须小于 {c['lt']}"),
    "unprintable": ("must not hold a NUL character", "不得含有空字符"),
    "year_out_of_range": ("must lie in the years 1900 to 2200", "年份应在 1900 至 2200 之间"),
}
FORMS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("int", ("must be a whole number", "应为整数")),
    ("float", ("must be a number", "应为数字")),
    ("finite", ("must be a finite number", "应为有限数值")),
    ("bool", ("must be true or false", "应为 true 或 false")),
    ("datetime", ("must be a moment such as 2026-03-02T09:00:00+08:00", "应为时间，例如 2026-03-02T09:00:00+08:00")),
    ("date", ("must be a date such as 2026-03-02", "应为日期，例如 2026-03-02")),
    ("string", ("must be text", "应为文本")),
    ("list", ("must be a list", "应为列表")),
    ("dict", ("must be an object", "应为对象")),
    ("model", ("must be an object", "应为对象")),
)


def faults_of(error: RequestValidationError) -> list[InputFault]:
    """Every fault once, in the order found."""
    faults: dict[tuple[str | None, str], InputFault] = {}
    for fault in error.errors()[:MOST_FAULTS]:
        field = _field(fault)
        en, zh = _words(fault)
        told = InputFault(field=field, en=f"{field or 'The request'} {en}.", zh=f"{field or '请求内容'} {zh}。")
        faults.setdefault((field, en), told)
    return list(faults.values())


def _field(fault: Mapping[str, Any]) -> str | None:
    """``windows.0.start`` of ``("body", "windows", 0, "start")``; None for the request as a whole."""
    loc = fault["loc"]
    if fault["type"] == "json_invalid":
        return None
    inner = loc[1:] if loc and loc[0] in WHERE else loc
    return ".".join(str(part) for part in inner) or None


def _words(fault: Mapping[str, Any]) -> tuple[str, str]:
    kind, context = fault["type"], fault.get("ctx", {})
    words = WORDS.get(kind) or next((words for start, words in FORMS if kind.startswith(start)), None)
    if words is None:
        return f"is not valid: {fault['msg']}", f"无效：{fault['msg']}"
    return words(context) if callable(words) else words
