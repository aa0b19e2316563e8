"""电子围栏: publishing zones. A version is never edited; a newer one ends it, and whom either binds is judged anew from then on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from corrections.domain.model import Level, Role, Scope, Severity, ZoneKind
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.records import outlines
from corrections.records.audit import record_by
from corrections.records.outlines import Outline
from corrections.records.register import office_for, subject_in_reach
from corrections.records.revision import ask_revision
from corrections.records.validity import Area
from corrections.store.access import Action, Actor
from corrections.store.tables import Bureau, Subject, Zone, ZoneRevision

MOST_WINDOWS = 50
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_WINDOW_KEYS = {"start", "until", "weekdays"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a zone version says besides its outline. ``windows`` is as stored: ``[{"start": "22:00", "until": "06:00",
    "weekdays": [0, …, 6]}]`` in the bureau's local time, Monday 0, empty for all day."""

    code: str
    name: str
    kind: ZoneKind
    scope: Scope = Scope.EVERYONE
    subject_id: int | None = None
    level: Level | None = None
    office_id: int | None = None
    severity: Severity = Severity.MEDIUM
    windows: Sequence[Mapping[str, Any]] = ()


def publish_zone(
    session: Session, actor: Actor | None, bureau_id: int, terms: Terms, outline: Outline, *, valid_from: datetime, now: datetime
) -> ZoneRevision:
    """Publish a zone, or a new version of the one with this code, in force from ``valid_from`` on (which may lie in the past).

    1. Check who may and what is said. 2. End the version before at ``valid_from``. 3. Store the new one. 4. Ask for a revision of
    everybody whom either binds. Raises Invalid, Conflict (the code is another bureau's or of the other kind; the version before
    begins later), Forbidden, NotFound.
    """
    windows = parse_windows(terms.windows)
    bound = whom_they_bind(session, actor, bureau_id, terms)
    zone = _zone(session, bureau_id, terms)
    before = current_revision(session, zone)
    if before is not None:
        if valid_from < before.valid_from:
            raise Conflict(
                f"The version in force begins at {before.valid_from.isoformat()}; a new one cannot begin earlier.",
                f"现行版本自 {before.valid_from.isoformat()} 生效，新版本不得更早。",
                field="valid_from",
            )
        bound = bound | whom_it_binds(bureau_id, before)
        if before.valid_until is None or before.valid_until > valid_from:
            before.valid_until = valid_from
    assert zone.id is not None
    zone.name = terms.name.strip()
    revision = ZoneRevision(
        zone_id=zone.id,
        version=before.version + 1 if before else 1,
        scope=terms.scope.value,
        subject_id=terms.subject_id,
        level=terms.level.value if terms.level else None,
        office_id=terms.office_id,
        severity=terms.severity.value,
        outline=outline.wkb,
        source=outline.source,
        windows=windows,
        valid_from=valid_from,
        published_by=actor.name if actor else "operator",
        published_at=now,
    )
    session.add(revision)
    session.flush()
    ask_revision(session, bound, min(valid_from, now))
    detail = {"zone": zone.code, "version": revision.version, "from": valid_from, "kind": zone.kind, "scope": revision.scope}
    record_by(session, actor, "zone.publish", subject_id=terms.subject_id, detail=detail, now=now)
    return revision


def publish_urban_union(
    session: Session,
    actor: Actor | None,
    bureau_id: int,
    terms: Terms,
    districts: Sequence[Outline],
    *,
    valid_from: datetime,
    now: datetime,
) -> ZoneRevision:
    """The default permitted area: the union of a city's urban districts, one inclusion zone for everyone. Moving between districts
    of one city is not leaving it. Raises as ``publish_zone``, and InvalidGeometry without a district."""
    everyone = replace(terms, kind=ZoneKind.INCLUSION, scope=Scope.EVERYONE, subject_id=None, level=None, office_id=None)
    return publish_zone(session, actor, bureau_id, everyone, outlines.union(districts), valid_from=valid_from, now=now)


def retire_zone(session: Session, actor: Actor | None, zone_id: int, *, at: datetime, now: datetime) -> ZoneRevision:
    """End a zone at ``at``. Raises Conflict (it has ended before, or begins later), Forbidden, NotFound."""
    zone, revision = zone_for(session, actor, zone_id)
    whom_they_bind(session, actor, zone.bureau_id, terms_of(zone, revision))
    if at < revision.valid_from or (revision.valid_until is not None and revision.valid_until <= at):
        raise Conflict("The zone is not in force at that moment.", "该围栏在所填时间未生效。", field="at")
    revision.valid_until = at
    session.flush()
    ask_revision(session, whom_it_binds(zone.bureau_id, revision), min(at, now))
    record_by(session, actor, "zone.retire", subject_id=revision.subject_id, detail={"zone": zone.code, "at": at}, now=now)
    return revision


def zone_for(session: Session, actor: Actor | None, zone_id: int) -> tuple[Zone, ZoneRevision]:
    """A zone of the actor's bureau with its newest version. Raises NotFound."""
    zone = session.get(Zone, zone_id)
    revision = current_revision(session, zone) if zone else None
    if zone is None or revision is None or (actor is not None and actor.bureau_id != zone.bureau_id):
        raise NotFound(f"There is no zone {zone_id} in your bureau.", f"本局没有编号 {zone_id} 的电子围栏。")
    return zone, revision


def current_revision(session: Session, zone: Zone) -> ZoneRevision | None:
    """The newest version, in force or not."""
    statement = select(ZoneRevision).where(ZoneRevision.zone_id == zone.id).order_by(col(ZoneRevision.version).desc())
    return session.exec(statement.limit(1)).first()


def terms_of(zone: Zone, revision: ZoneRevision) -> Terms:
    """What a stored version says."""
    return Terms(
        code=zone.code,
        name=zone.name,
        kind=ZoneKind(zone.kind),
        scope=Scope(revision.scope),
        subject_id=revision.subject_id,
        level=Level(revision.level) if revision.level else None,
        office_id=revision.office_id,
        severity=Severity(revision.severity),
        windows=revision.windows,
    )


def neighbours(session: Session, bureau_id: int, outline: Area, at: datetime) -> list[tuple[str, float]]:
    """Codes of the bureau's zones in force at ``at`` that overlap an outline, with the shared square kilometres, largest first."""
    r = ZoneRevision
    statement = select(Zone.code, r.outline).join(Zone, col(Zone.id) == col(r.zone_id)).where(Zone.bureau_id == bureau_id)
    in_force = statement.where(col(r.valid_from) <= at, col(r.valid_until).is_(None) | (col(r.valid_until) > at))
    others: dict[str, Any] = {code: shapely.from_wkb(wkb) for code, wkb in session.exec(in_force)}
    return outlines.overlaps(outline, others)


def parse_windows(windows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The windows in their stored form. ``until`` at or before ``start`` passes midnight; equal, it is a whole day; ``weekdays``
    are those on which it begins, all when left out. Raises Invalid."""
    if len(windows) > MOST_WINDOWS:
        raise Invalid(f"A zone has at most {MOST_WINDOWS} windows.", f"一个围栏最多 {MOST_WINDOWS} 个时段。", field="windows")
    return [_window(window) for window in windows]


def _window(window: Mapping[str, Any]) -> dict[str, Any]:
    start, until = window.get("start"), window.get("until")
    until = "00:00" if until == "24:00" else until
    times = all(isinstance(at, str) and _TIME.fullmatch(at) for at in (start, until))
    weekdays = window.get("weekdays", list(range(7)))
    days = isinstance(weekdays, list | tuple) and bool(weekdays) and all(type(day) is int and 0 <= day <= 6 for day in weekdays)
    if not times or not days or not window.keys() <= _WINDOW_KEYS:
        raise Invalid(
            'A window has "start" and "until" as HH:MM and "weekdays" as a list of 0 (Monday) to 6.',
            "时段须含 start、until（时:分，如 22:00）和 weekdays（0 为星期一至 6 为星期日的列表）。",
            field="windows",
        )
    return {"start": start, "until": until, "weekdays": sorted(set(weekdays))}


def whom_they_bind(session: Session, actor: Actor | None, bureau_id: int, terms: Terms) -> ColumnElement[bool]:
    """Whom the terms bind, as a condition over Subject, once the actor may bind them and the terms name them rightly.

    Raises Invalid, Forbidden, NotFound.
    """
    if actor is not None:
        actor.require(Action.WRITE_ZONES)
        if actor.bureau_id != bureau_id:
            raise NotFound(f"There is no bureau {bureau_id} within your reach.", f"您的管理范围内没有编号 {bureau_id} 的司法局。")
        if actor.role is Role.OFFICE_HEAD and terms.scope not in (Scope.SUBJECT, Scope.OFFICE):
            raise Forbidden("An office head sets zones for her own office.", "司法所所长只能为本所设置围栏。")
    if session.get(Bureau, bureau_id) is None:
        raise NotFound(f"There is no bureau {bureau_id}.", f"没有编号 {bureau_id} 的司法局。")
    given = {Scope.SUBJECT: terms.subject_id, Scope.LEVEL: terms.level, Scope.OFFICE: terms.office_id}
    for scope, value in given.items():
        if (value is not None) != (terms.scope is scope):
            raise Invalid(
                f"The scope {terms.scope} and its target do not agree.", f"适用范围（{terms.scope}）与所选对象不一致。", field="scope"
            )
    if terms.subject_id is not None:
        subject = subject_in_reach(session, actor, terms.subject_id, Action.WRITE_ZONES)
        if subject.bureau_id != bureau_id:
            raise Invalid("The subject belongs to another bureau.", "该对象属于其他司法局。", field="subject_id")
    if terms.office_id is not None and office_for(session, actor, terms.office_id, Action.WRITE_ZONES).bureau_id != bureau_id:
        raise Invalid("The office belongs to another bureau.", "该司法所属于其他司法局。", field="office_id")
    return _whom(bureau_id, terms.scope, terms.subject_id, terms.level, terms.office_id)


def whom_it_binds(bureau_id: int, revision: ZoneRevision) -> ColumnElement[bool]:
    """Whom a version binds, as a condition over Subject."""
    return _whom(bureau_id, Scope(revision.scope), revision.subject_id, revision.level, revision.office_id)


def _whom(bureau_id: int, scope: Scope, subject_id: int | None, level: str | None, office_id: int | None) -> ColumnElement[bool]:
    here = col(Subject.bureau_id) == bureau_id
    match scope:
        case Scope.SUBJECT:
            return here & (col(Subject.id) == subject_id)
        case Scope.LEVEL:
            return here & (col(Subject.level) == level)
        case Scope.OFFICE:
            return here & (col(Subject.office_id) == office_id)
        case Scope.EVERYONE:
            return here


def known_zone(session: Session, bureau_id: int, terms: Terms) -> Zone | None:
    """The zone that has the code already, None for a new one. Raises Invalid (no code or name), Conflict (the code is another bureau's
    or of the other kind)."""
    code, name = terms.code.strip(), terms.name.strip()
    if not code or not name:
        raise Invalid("A zone has a code and a name.", "请填写围栏编号和名称。", field="code" if not code else "name")
    zone = session.exec(select(Zone).where(Zone.code == code)).first()
    if zone is not None and zone.bureau_id != bureau_id:
        raise Conflict(f"The code {code} is taken.", f"围栏编号 {code} 已被使用。", field="code")
    if zone is not None and zone.kind != terms.kind:
        raise Conflict("A zone cannot turn from inclusion to exclusion: publish another.", "围栏类型不能更改，请另行发布。", field="kind")
    return zone


def _zone(session: Session, bureau_id: int, terms: Terms) -> Zone:
    zone = known_zone(session, bureau_id, terms)
    if zone is None:
        zone = Zone(bureau_id=bureau_id, code=terms.code.strip(), name=terms.name.strip(), kind=terms.kind.value)
        session.add(zone)
        session.flush()
    return zone
