"""Why, again: a violation derived anew from what is stored, whether it comes out the same to the bit, and the account of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from corrections.domain.account import DECIDED_BY_A_PERSON, Both, ZoneCase, account
from corrections.domain.model import FOREVER_US, Fix, ReviewState, Rule, ZoneKind, from_us, to_us
from corrections.errors import NotFound
from corrections.monitor.again import CannotDerive, Columns, Derived, derive_again, evaluated
from corrections.monitor.violations import timezone_of
from corrections.records.audit import audited_location_read
from corrections.review import queue
from corrections.store.access import Action, Actor, violation_for
from corrections.store.database import reading, writing
from corrections.store.tables import Report, Subject, SubjectState, Violation, Zone, ZoneRevision


class Verdict(StrEnum):
    """What deriving a violation anew gives."""

    IDENTICAL = "identical"
    DIFFERENT = "different"
    NOT_BORNE_OUT = "not_borne_out"  # what is stored gives no such violation
    IMPOSSIBLE = "impossible"  # something that it rests on is no longer there


VERDICTS: dict[Verdict, Both] = {
    Verdict.IDENTICAL: (
        "依据保存的记录重新推算，结果与记载逐位一致。",
        "Derived anew from what is stored, it comes out identical to the last bit.",
    ),
    Verdict.DIFFERENT: (
        "依据保存的记录重新推算，结果与记载不一致，差异如下。",
        "Derived anew from what is stored, it comes out different, as listed.",
    ),
    Verdict.NOT_BORNE_OUT: (
        "依据保存的记录重新推算，该情形不成立。",
        "Derived anew from what is stored, there is no such violation.",
    ),
    Verdict.IMPOSSIBLE: ("无法重新推算：", "It cannot be re-derived: "),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, with what is stored and what comes out; None where one of them has no such field."""

    field: str
    stored: Any
    derived: Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a violation stands, and whether it can be derived again.

    ``agrees``: what comes out is what the violation says of itself (one that was taken back says that nothing does). ``why`` tells why
    it cannot be re-derived. ``waiting``: reports or changes of the record are still to be evaluated. ``unchecked``: columns that are
    not derived. ``reports`` is how many reports were judged anew, from ``judged_from`` on.
    """

    violation_id: int
    subject_number: str
    rule: str
    verdict: Verdict
    agrees: bool
    waiting: bool
    why_zh: str
    why_en: str
    paragraph_zh: str
    paragraph_en: str
    differences: list[Difference]
    zone: dict[str, Any] | None
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    evidence: dict[str, Any]
    timezone: str
    unchecked: list[str]
    reports: int = 0
    judged_from: datetime | None = None


def explain(engine: Engine, actor: Actor | None, violation_id: int, purpose: str, now: datetime) -> Explanation:
    """Derive a violation anew and explain it. Looks at locations: recorded with its purpose, before anything is read. ``actor`` None
    is the operator at the machine.

    Raises Invalid (no purpose), Forbidden, NotFound.
    """
    with writing(engine) as session:
        violation = violation_for(session, actor, violation_id, Action.REVIEW) if actor else _any(session, violation_id)
        audited_location_read(session, actor, [violation.subject_id], purpose, now)
    with reading(engine) as session:
        return explain_violation(session, session.get_one(Violation, violation_id), now)


def _any(session: Session, violation_id: int) -> Violation:
    violation = session.get(Violation, violation_id)
    if violation is None:
        raise NotFound(f"There is no violation {violation_id}.", f"没有编号 {violation_id} 的违规。")
    return violation


def explain_violation(session: Session, violation: Violation, now: datetime) -> Explanation:
    """1. Derive anew. 2. Compare, field by field, with the form that comes closest. 3. Tell it."""
    derived, why = Derived(), ("", "")
    differences: list[Difference] = []
    try:
        derived = derive_again(session, violation, now)
        verdict, differences = _compare(violation, derived.forms)
    except CannotDerive as reason:
        verdict, why = Verdict.IMPOSSIBLE, (reason.zh, reason.en)
    taken_back = violation.review_state == ReviewState.WITHDRAWN or not queue.is_borne_out(session, violation)
    expected = Verdict.NOT_BORNE_OUT if taken_back else Verdict.IDENTICAL
    zh, en = _paragraph(session, violation)
    result_zh, result_en = VERDICTS[verdict]
    timezone = timezone_of(session, violation.bureau_id)
    return Explanation(
        violation_id=violation.id or 0,
        subject_number=session.get_one(Subject, violation.subject_id).number,
        rule=violation.rule,
        verdict=verdict,
        agrees=verdict is expected,
        waiting=_waiting(session, violation),
        why_zh=why[0],
        why_en=why[1],
        paragraph_zh=f"{zh}{result_zh}{why[0]}",
        paragraph_en=f"{en} {result_en}{why[1]}",
        differences=differences,
        zone=_zone(session, violation),
        started_at=violation.started_at,
        opened_at=violation.opened_at,
        ended_at=violation.ended_at,
        evidence=violation.evidence,
        timezone=timezone.key,
        unchecked=list(derived.unchecked),
        reports=derived.reports,
        judged_from=None if derived.from_us is None or derived.from_us == -FOREVER_US else from_us(derived.from_us),
    )


# ---- comparing


def _compare(violation: Violation, forms: list[Columns]) -> tuple[Verdict, list[Difference]]:
    """The verdict, and what differs from the form that comes closest."""
    if not forms:
        return Verdict.NOT_BORNE_OUT, []
    closest = min((_differences(violation, columns) for columns in forms), key=len)
    return (Verdict.DIFFERENT, closest) if closest else (Verdict.IDENTICAL, [])


def _differences(violation: Violation, columns: Columns) -> list[Difference]:
    found: list[Difference] = []
    for name, derived in columns.items():
        _walk(name, getattr(violation, name), derived, found)
    return found


def _walk(path: str, stored: Any, derived: Any, found: list[Difference]) -> None:
    if isinstance(stored, Mapping) and isinstance(derived, Mapping):
        for key in sorted({*stored, *derived}):
            _walk(f"{path}.{key}", stored.get(key), derived.get(key), found)
    elif isinstance(stored, list) and isinstance(derived, list) and len(stored) == len(derived):
        for i, (one, other) in enumerate(zip(stored, derived, strict=True)):
            _walk(f"{path}[{i}]", one, other, found)
    elif stored != derived:
        found.append(Difference(path, stored, derived))


def _waiting(session: Session, violation: Violation) -> bool:
    newer = select(Report.id).where(Report.bureau_id == violation.bureau_id, Report.subject_id == violation.subject_id)
    if session.exec(newer.where(col(Report.id) > evaluated(session, violation)).limit(1)).first() is not None:
        return True
    state = session.get(SubjectState, violation.subject_id)
    return state is not None and state.revise_from is not None


# ---- telling


def _paragraph(session: Session, violation: Violation) -> Both:
    evidence = violation.evidence
    zone = evidence.get("zone")
    if not zone or "fixes" not in evidence:
        return violation.reason_zh + DECIDED_BY_A_PERSON[0], f"{violation.reason_en} {DECIDED_BY_A_PERSON[1]}"
    case = ZoneCase(
        kind=ZoneKind(zone["kind"]),
        name=zone["name"],
        version=zone["version"],
        near=violation.rule == Rule.APPROACH,
        started_us=to_us(violation.started_at),
        opened_us=to_us(violation.opened_at),
        ended_us=None if violation.ended_at is None else to_us(violation.ended_at),
        fixes=evidence["fixes"],
        deciding=[msgspec.convert(fix, Fix) for fix in evidence.get("deciding", [])],
        against=evidence.get("against"),
    )
    return account(case, timezone_of(session, violation.bureau_id))


def _zone(session: Session, violation: Violation) -> dict[str, Any] | None:
    if violation.zone_revision_id is None:
        return None
    revision = session.get_one(ZoneRevision, violation.zone_revision_id)
    return {
        "code": session.get_one(Zone, revision.zone_id).code,
        **violation.evidence.get("zone", {}),
        "valid_from": revision.valid_from,
        "valid_until": revision.valid_until,
        "windows": revision.windows,
    }
