"""The details of an event of the audit trail, told in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from corrections.records.audit_words import KINDS, NAMES, WORDS, Both
from corrections.records.words import BASES, STATUSES

_OFFICES, _OFFICERS = frozenset({"office", "office_id", "offices"}), frozenset({"to", "deputy", "deputy_id", "officer_id"})
_MOMENTS = frozenset(
    {
        "at", "from", "until", "due_at", "ended_at", "expires_at", "proposed_at", "revoked_at", "since", "starts_at", "term_from",
        "term_until", "decided_on",
    }
)  # fmt: skip
STATUS: Mapping[str, Both] = {"from": ("原状态", "before"), "to": ("现状态", "now")}
YES, NO = ("是", "yes"), ("否", "no")


@dataclass(frozen=True, slots=True)
class Pair:
    """One detail in words: a moment, or what it says."""

    name: Both
    said: Both
    at: datetime | None = None


def pairs(action: str, detail: Mapping[str, Any], offices: Mapping[int, str], officers: Mapping[int, str]) -> Iterator[Pair]:
    """What the detail of an event says. Left out: who did it and whose it is, which stand beside it, and what is not there."""
    for key, value in detail.items():
        who = key == "officer_id" and action != "subject.change"
        whose = (key == "bureau" and isinstance(value, int)) or (key == "subjects" and not isinstance(value, int))
        if not (who or whose or value is None or value == "" or value == []):
            yield _pair(action, key, value, offices, officers)


def officers_in(detail: Mapping[str, Any]) -> Iterator[int]:
    """The numbers of officers that a detail names."""
    return (value for key, value in detail.items() if key in _OFFICERS and isinstance(value, int))


def _pair(action: str, key: str, value: Any, offices: Mapping[int, str], officers: Mapping[int, str]) -> Pair:
    if action == "subject.status" and key in STATUS:
        return Pair(STATUS[key], STATUSES.get(str(value), (str(value), str(value))))
    name = NAMES.get(key, (key, key))
    if key in _MOMENTS and (moment := _moment(value)) is not None:
        return Pair(name, ("", ""), moment)
    if key == "scope" and isinstance(value, Mapping):
        return Pair(name, _reach(value, offices))
    return Pair(name, _said(action, key, value, offices, officers))


def _said(action: str, key: str, value: Any, offices: Mapping[int, str], officers: Mapping[int, str]) -> Both:
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, list):
        return _joined([_said(action, key, one, offices, officers) for one in value])
    if isinstance(value, int) and key in _OFFICES | _OFFICERS and action != "register.import":
        named = (offices if key in _OFFICES else officers).get(value, str(value))
        return named, named
    table = KINDS.get(action, KINDS.get(action.partition(".")[0], {})) if key == "kind" else WORDS.get(key, {})
    if key == "basis":
        return _basis(str(value))
    return table.get(str(value), (str(value), str(value)))


def _basis(value: str) -> Both:
    name, _, ground = value.partition(".")
    zh, en = BASES.get(name, (name, name))
    return (f"{zh}，情形（{ground}）", f"{en}, ground ({ground})") if ground else (zh, en)


def _reach(scope: Mapping[str, Any], offices: Mapping[int, str]) -> Both:
    if "bureau" in scope:
        return "全局对象", "all of the bureau"
    return _joined([(name, name) for one in scope.get("offices", ()) for name in [offices.get(one, str(one))]])


def _joined(parts: list[Both]) -> Both:
    return "、".join(zh for zh, _ in parts), ", ".join(en for _, en in parts)


def _moment(value: Any) -> datetime | None:
    """A moment; None for a day and for what is none."""
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return read if read.tzinfo is not None else None
