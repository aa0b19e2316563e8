"""Zones from a file: a GeoJSON FeatureCollection in which each feature is a zone, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlmodel import Session, select

from corrections.domain.model import Datum, Level, Scope, Severity, ZoneKind
from corrections.errors import CorrectionsError, ImportRejected, Invalid, NotFound
from corrections.records.outlines import Outline, from_geojson
from corrections.records.zones import Terms, publish_zone
from corrections.store.access import Actor
from corrections.store.tables import Bureau, Office, Subject, ZoneRevision

PROPERTIES = {
    "zone", "name", "kind", "subject", "level", "office", "severity", "windows", "daily_from", "daily_to", "timezone",
}  # fmt: skip
_Word = TypeVar("_Word", bound=StrEnum)

SEVERITY = {ZoneKind.INCLUSION: Severity.MEDIUM, ZoneKind.EXCLUSION: Severity.HIGH}  # where the file says none


def import_zones(
    session: Session,
    actor: Actor | None,
    bureau_id: int,
    content: str | bytes,
    *,
    datum: Datum = Datum.WGS84,
    repair: bool = False,
    dry_run: bool = False,
    valid_from: datetime,
    now: datetime,
) -> list[tuple[ZoneRevision, Outline]]:
    """Publish every feature of a FeatureCollection as a zone or a new version of the one with its code.

    Properties: ``zone`` (its code), ``kind`` (inclusion, exclusion), one of ``subject`` (a number, "*" for everyone), ``level`` and
    ``office`` (a code); and ``name``, ``severity``, ``windows`` or ``daily_from`` with ``daily_to``, ``timezone`` (the bureau's).
    Returns each version with its outline, whose ``repair`` tells what was changed; a dry run does the whole work and takes it back.
    Raises ImportRejected with a fault a feature (``row`` counts features from 1), and then leaves nothing behind; Forbidden.
    """
    published: list[tuple[ZoneRevision, Outline]] = []
    faults: list[dict[str, object]] = []
    with session.begin_nested() as savepoint:
        read = _read(session, bureau_id, content, datum, repair, faults)
        for row, (terms, outline) in read:
            try:
                published.append((publish_zone(session, actor, bureau_id, terms, outline, valid_from=valid_from, now=now), outline))
            except CorrectionsError as error:
                faults.append(_fault(row, error))
        if faults:
            raise ImportRejected(faults)
        if dry_run:
            savepoint.rollback()
    return published


def read_zones(
    session: Session, bureau_id: int, content: str | bytes, *, datum: Datum = Datum.WGS84, repair: bool = False
) -> list[tuple[Terms, Outline]]:
    """The zones of a file, in the form that ``import_zones`` takes, published by nobody. Raises ImportRejected with a fault a feature,
    Invalid, NotFound."""
    faults: list[dict[str, object]] = []
    read = list(_read(session, bureau_id, content, datum, repair, faults))
    if faults:
        raise ImportRejected(faults)
    return [zone for _, zone in read]


def _read(
    session: Session, bureau_id: int, content: str | bytes, datum: Datum, repair: bool, faults: list[dict[str, object]]
) -> Iterator[tuple[int, tuple[Terms, Outline]]]:
    """Each feature that can be read, with its number from 1; those that cannot are added to ``faults``."""
    bureau = session.get(Bureau, bureau_id)
    if bureau is None:
        raise NotFound(f"There is no bureau {bureau_id}.", f"没有编号 {bureau_id} 的司法局。")
    seen: set[str] = set()
    for row, feature in enumerate(_features(content), start=1):
        try:
            terms = _terms(session, bureau, feature)
            if terms.code in seen:
                raise Invalid(f"{terms.code} stands in the file twice.", f"围栏 {terms.code} 在文件中重复。", field="zone")
            seen.add(terms.code)
            outline = from_geojson(feature, datum=datum, repair=repair)
        except CorrectionsError as error:
            faults.append(_fault(row, error))
            continue
        yield row, (terms, outline)


def _fault(row: int, error: CorrectionsError) -> dict[str, object]:
    return {"row": row, "field": error.field, "en": error.en, "zh": error.zh}


def _features(content: str | bytes) -> list[Mapping[str, Any]]:
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        document = json.loads(text)
        features = document["features"] if document["type"] == "FeatureCollection" else None
    except (ValueError, KeyError, TypeError, RecursionError):
        features = None
    if not isinstance(features, list) or not features or not all(isinstance(f, dict) for f in features):
        raise Invalid("The file must be a GeoJSON FeatureCollection with features.", "文件应为含有要素的 GeoJSON FeatureCollection。")
    return features


def _terms(session: Session, bureau: Bureau, feature: Mapping[str, Any]) -> Terms:
    p = feature.get("properties")
    if not isinstance(p, dict):
        raise Invalid("The feature has no properties.", "要素缺少 properties。", field="properties")
    if unknown := sorted(p.keys() - PROPERTIES):
        raise Invalid(f"Unknown property {unknown[0]}.", f"无法识别的属性 {unknown[0]}。", field=unknown[0])
    kind = _one_of(ZoneKind, p.get("kind"), "kind")
    scope, subject_id, level, office_id = _target(session, p)
    code = p.get("zone")
    if not isinstance(code, str) or not code.strip():
        raise Invalid("The zone needs a code.", "请填写围栏编号。", field="zone")
    if p.get("timezone") not in (None, bureau.timezone):
        raise Invalid(
            f"Windows are in the bureau's time zone, {bureau.timezone}.", f"时段须使用本局时区 {bureau.timezone}。", field="timezone"
        )
    severity = _one_of(Severity, p["severity"], "severity") if "severity" in p else SEVERITY[kind]
    name = p.get("name") or code
    return Terms(code.strip(), str(name), kind, scope, subject_id, level, office_id, severity, _windows(p))


def _target(session: Session, p: Mapping[str, Any]) -> tuple[Scope, int | None, Level | None, int | None]:
    given = [key for key in ("subject", "level", "office") if p.get(key) is not None]
    if len(given) != 1:
        raise Invalid("Give one of subject, level and office.", "请填写 subject、level、office 之一。", field="subject")
    value = str(p[given[0]])
    if value == "*":
        return Scope.EVERYONE, None, None, None
    if given[0] == "level":
        return Scope.LEVEL, None, _one_of(Level, value, "level"), None
    if given[0] == "office":
        office = session.exec(select(Office).where(Office.code == value)).first()
        if office is None:
            raise Invalid(f"There is no office {value}.", f"没有编号 {value} 的司法所。", field="office")
        return Scope.OFFICE, None, None, office.id
    subject = session.exec(select(Subject).where(Subject.number == value)).first()
    if subject is None:
        raise Invalid(f"There is no subject {value}.", f"没有编号 {value} 的社区矫正对象。", field="subject")
    return Scope.SUBJECT, subject.id, None, None


def _windows(p: Mapping[str, Any]) -> list[dict[str, Any]]:
    start, until = p.get("daily_from"), p.get("daily_to")
    if start is None and until is None:
        windows = p.get("windows") or []
        if not isinstance(windows, list) or not all(isinstance(w, dict) for w in windows):
            raise Invalid("windows must be a list of windows.", "windows 应为时段列表。", field="windows")
        return windows
    if p.get("windows"):
        raise Invalid("Give windows or daily_from and daily_to, not both.", "windows 与 daily_from、daily_to 只能选一种。", field="windows")
    return [{"start": start, "until": until}]


def _one_of(kind: type[_Word], value: Any, name: str) -> _Word:
    try:
        return kind(value)
    except ValueError as error:
        words = ", ".join(kind)
        raise Invalid(f"{name} must be one of {words}.", f"{name} 应为 {words} 之一。", field=name) from error
