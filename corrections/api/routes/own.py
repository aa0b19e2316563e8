"""本人查询: what a subject may see and do about herself, with the token of her link as bearer. Whatever her pages do, this does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from corrections.api.models import Done, PathId, Shown
from corrections.api.outlines import geojson
from corrections.api.own import OwnCalling
from corrections.api.routes.objections import ObjectionBody, OwnObjectionShown
from corrections.domain.casework import MeasureKind
from corrections.domain.model import Decision, Rule, SubjectStatus, ZoneKind
from corrections.records import objections, own_copy, own_record
from corrections.records.own_home import Touch, check_in_asked, home, note_seen
from corrections.records.own_rights import rights
from corrections.records.own_rules import OwnZone, conditions

router = APIRouter(prefix="/own", tags=["a subject's own view"])


class ToldShown(Shown):
    """A notice for her that still stands."""

    id: int
    kind: str
    at: datetime
    text_zh: str
    text_en: str
    seen_ends: bool = Field(description="It stands until she says that she has seen it.")


class AskedShown(Shown):
    """A check-in that waits for her answer: `POST /check-ins/{token}/answer`."""

    id: int
    expires_at: datetime
    token: str


class HomeShown(Shown):
    """How she stands now, without a place."""

    name: str
    bureau: str
    office: str
    phone: str = Field(description="Of the office; empty where it is not known.")
    officer: str | None
    timezone: str
    status: SubjectStatus
    term_from: datetime
    term_until: datetime
    touch: Touch = Field(description="Whether her phone is in touch.")
    last_contact_at: datetime | None
    battery_low: bool
    permission_off: bool
    notices: list[ToldShown]
    check_in: AskedShown | None = Field(description="What she is asked for now.")


class WindowShown(Shown):
    start: str
    until: str = Field(description="At or before the start: of the next day.")
    weekdays: list[int] = Field(description="On which it begins; Monday is 0.")


class OwnZoneShown(Shown):
    """A zone that binds her, in plain words."""

    zone_id: int
    kind: ZoneKind
    name: str = Field(description="Empty where the place is not shown.")
    windows: list[WindowShown] = Field(description="None: at all times.")
    binds_now: bool
    until: datetime | None = Field(description="When the window she is in ends.")
    next_at: datetime | None = Field(description="When the next window begins.")
    zh: str
    en: str
    outline: dict[str, Any] | None = Field(description="GeoJSON, WGS-84; null where the place is not shown.")


class OwnBanShown(Shown):
    """An order that keeps her from somebody, who is not named here."""

    distance_m: float
    minutes: float
    valid_from: datetime
    valid_until: datetime | None
    zh: str
    en: str


class OwnLeaveShown(Shown):
    destination: str
    valid_from: datetime
    valid_until: datetime


class ConditionsShown(Shown):
    located: bool = Field(description="Her phone may be located now.")
    located_until: datetime | None
    interval_s: int | None
    zones: list[OwnZoneShown]
    contact_bans: list[OwnBanShown]
    leave: list[OwnLeaveShown] = Field(description="In force now: permitted areas let her go, prohibited ones do not.")


class HeldShown(Shown):
    """One kind of what is held about her."""

    kind: str
    zh: str
    en: str
    count: int
    first: datetime | None
    last: datetime | None
    kept_zh: str = Field(description="For how long it is kept.")
    kept_en: str


class LookShown(Shown):
    """Somebody saw her location, made a link to her view, or took a copy."""

    at: datetime
    what: str
    role: str
    office: str | None
    purpose: str


class MatterShown(Shown):
    """What was found of her; the reason is told once it was decided."""

    id: int
    rule: Rule
    zone_kind: ZoneKind | None
    technical: bool = Field(description="About the phone, not about what she did.")
    started_at: datetime
    ended_at: datetime | None
    reason_zh: str
    reason_en: str
    decision: Decision | None
    cause: str | None
    decided_at: datetime | None
    decision_reason: str


class MeasureShown(Shown):
    """A measure that was taken and stands."""

    id: int
    kind: MeasureKind
    decided_on: datetime
    decided_by: str
    document: str


class RightShown(Shown):
    name: str
    zh: str
    en: str
    source_zh: str
    source_en: str


@router.get("", summary="How I stand")
def get_home(call: OwnCalling) -> HomeShown:
    with call.reading() as session:
        found, asked = home(session, call.own, call.settings, call.now), check_in_asked(session, call.own, call.now)
    same = {name: getattr(found, name) for name in HomeShown.model_fields if name not in ("timezone", "notices", "check_in")}
    return HomeShown(
        **same,
        timezone=found.timezone.key,
        notices=[ToldShown.model_validate(notice) for notice in found.notices],
        check_in=AskedShown.model_validate(asked) if asked else None,
    )


@router.post("/notices/{notice_id}/seen", summary="I have seen a notice")
def see_notice(notice_id: PathId, call: OwnCalling) -> Done:
    """Of those that only tell her something."""
    with call.writing() as session:
        note_seen(session, call.own, notice_id, call.now)
    return Done()


@router.get("/conditions", summary="My rules: what binds me now")
def get_conditions(call: OwnCalling) -> ConditionsShown:
    with call.reading() as session:
        found = conditions(session, call.own, call.settings.portal, call.now, call.door.books)
        return ConditionsShown(
            located=found.located,
            located_until=found.located_until,
            interval_s=found.interval_s,
            zones=[_zone(zone) for zone in found.zones],
            contact_bans=[
                OwnBanShown(
                    distance_m=ban.distance_m, minutes=ban.minutes, valid_from=ban.valid_from, valid_until=ban.valid_until,
                    zh=ban.text[0], en=ban.text[1],
                )
                for ban in found.bans
            ],
            leave=[OwnLeaveShown.model_validate(permit) for permit in found.leave],
        )  # fmt: skip


@router.get("/held", summary="What is held about me, and for how long")
def get_held(call: OwnCalling) -> list[HeldShown]:
    with call.reading() as session:
        found = own_record.held(session, call.own, call.settings.portal)
    return [
        HeldShown(
            kind=one.kind, zh=one.words[0], en=one.words[1], count=one.count, first=one.first, last=one.last,
            kept_zh=one.kept[0], kept_en=one.kept[1],
        )
        for one in found
    ]  # fmt: skip


@router.get("/looks", summary="Who looked at my location")
def get_looks(call: OwnCalling) -> list[LookShown]:
    """Newest first, by office and role, with the purpose given; who made a link to this view, and each copy taken."""
    with call.reading() as session:
        return [LookShown.model_validate(look) for look in own_record.looks(session, call.own, call.settings.portal, call.now)]


@router.get("/violations", summary="What was found of me")
def get_violations(call: OwnCalling) -> list[MatterShown]:
    with call.reading() as session:
        found = own_record.matters(session, call.own, call.settings.portal)
    kept = [name for name in MatterShown.model_fields if not name.startswith("reason_")]
    return [MatterShown(**{name: getattr(one, name) for name in kept}, reason_zh=one.reason[0], reason_en=one.reason[1]) for one in found]


@router.get("/measures", summary="Measures taken")
def get_measures(call: OwnCalling) -> list[MeasureShown]:
    with call.reading() as session:
        return [MeasureShown.model_validate(row) for row in own_record.measures_of(session, call.own)]


@router.get("/rights", summary="My rights")
def get_rights(call: OwnCalling) -> list[RightShown]:
    return [
        RightShown(name=one.name, zh=one.words[0], en=one.words[1], source_zh=one.source[0], source_en=one.source[1])
        for one in rights(call.settings.portal)
    ]


@router.get("/copy", summary="A copy of my record")
def get_copy(call: OwnCalling) -> dict[str, Any]:
    """All that is held about the subject but her phone's reports (which `/own/positions.csv` and `.geojson` give); `left_out` says what is
    not in it, and why. So many copies a day."""
    with call.writing() as session:
        return own_copy.record_copy(session, call.own, call.settings.portal, call.now, call.door.books)


@router.get("/positions.csv", summary="What my phone reported, as CSV", response_class=Response)
def get_positions_csv(call: OwnCalling) -> Response:
    with call.writing() as session:
        told = own_copy.positions_csv(session, call.own, call.settings.portal, call.now)
    return Response(told, media_type="text/csv; charset=utf-8")


@router.get("/positions.geojson", summary="What my phone reported, as GeoJSON")
def get_positions_geojson(call: OwnCalling) -> dict[str, Any]:
    with call.writing() as session:
        return own_copy.positions_geojson(session, call.own, call.settings.portal, call.now)


@router.get("/objections", summary="My objections and their answers")
def list_own_objections(call: OwnCalling) -> list[OwnObjectionShown]:
    with call.reading() as session:
        return [OwnObjectionShown.model_validate(row) for row in objections.objections_of(session, call.own)]


@router.post("/objections", status_code=201, summary="Object")
def make_own_objection(given: ObjectionBody, call: OwnCalling) -> OwnObjectionShown:
    with call.writing() as session:
        made = objections.object_(
            session, call.own, call.own.subject_id, **given.model_dump(), settings=call.settings, now=call.now
        )  # fmt: skip
        return OwnObjectionShown.model_validate(made)


def _zone(zone: OwnZone) -> OwnZoneShown:
    return OwnZoneShown(
        zone_id=zone.zone_id,
        kind=zone.kind,
        name=zone.name,
        windows=[WindowShown(start=f"{w.start:%H:%M}", until=f"{w.until:%H:%M}", weekdays=sorted(w.weekdays)) for w in zone.windows],
        binds_now=zone.binds_now,
        until=zone.until,
        next_at=zone.next_at,
        zh=zone.text[0],
        en=zone.text[1],
        outline=geojson(zone.outline) if zone.outline is not None else None,
    )
