"""What was put aside, what failed, and when nobody could be heard; and whether the monitor runs."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Done, Id, Limit, Page, PathId, Purpose, Shown, Text, page_of
from corrections.domain.model import Datum, FlagKind
from corrections.records import faults
from corrections.store.access import Action
from corrections.store.tables import DeviceFlag

router = APIRouter(tags=["faults"])


class SetAsideShown(Shown):
    """A message that was authentic but could not be used, or whose sender is unknown; `count` times, from first to last."""

    id: int
    received_at: datetime
    last_at: datetime
    count: int
    subject_id: int | None
    subject_number: str | None
    device: str | None
    wire: str
    reason: str
    detail: str


class SetAsideCount(Shown):
    wire: str
    reason: str
    count: int


class RawMessage(Shown):
    id: int
    wire: str
    reason: str
    raw_base64: str | None = Field(description="As it came, without its credential; null where nothing may be kept.")


class FailingShown(Shown):
    """A subject who cannot be evaluated; the others go on."""

    subject_id: int
    subject_number: str
    office_id: int
    fault: str
    since: datetime | None = Field(description="When it last failed; null: it is tried again at the next turn.")


class OutageShown(Shown):
    id: int
    began_at: datetime
    ended_at: datetime


class AreaSilenceShown(Shown):
    id: int
    began_at: datetime
    ended_at: datetime | None
    subjects: int


class DeviceFlagShown(Shown):
    """A technical doubt about a device. It says nothing about its subject."""

    id: int
    device_id: int
    device: str
    subject_id: int
    subject_number: str
    kind: FlagKind
    since: datetime
    until: datetime | None = Field(description="Null while it lasts.")
    declared: Datum = Field(description="The datum that the device is registered with.")
    looks_like: Datum = Field(description="The one that its positions look like.")
    nights: list[dict[str, object]] = Field(description="The nights that raised it: metres east and north of where it should have been.")
    reason_zh: str
    reason_en: str


class JobShown(Shown):
    name: str
    runs: int
    last_success: datetime | None
    failed: bool = Field(description="Its last run failed; the service's log says how.")


class MonitorShown(Shown):
    """Of the process that answers."""

    runs_here: bool
    started_at: datetime | None
    jobs: list[JobShown]
    oldest_waiting: datetime | None = Field(description="When the oldest report that waits for evaluation was received.")
    lag_s: float


@router.get("/faults/set-aside", summary="Messages that could not be used")
def list_set_aside(
    call: Calling,
    reason: Annotated[Text | None, Query(max_length=50)] = None,
    subject_id: Annotated[Id | None, Query()] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[SetAsideShown]:
    """Newest first."""
    with call.reading() as session:
        rows = faults.list_set_aside(session, call.actor, reason=reason, subject_id=subject_id, before=before, limit=limit)
        own = [name for name in SetAsideShown.model_fields if name not in ("subject_number", "device")]
        items = [
            SetAsideShown(**{name: getattr(row, name) for name in own}, subject_number=number, device=device)
            for row, number, device in rows
        ]
    return page_of(items, items, limit)


@router.get("/faults/set-aside/count", summary="How many, by wire format and reason")
def count_set_aside(call: Calling) -> list[SetAsideCount]:
    with call.reading() as session:
        return [SetAsideCount(wire=wire, reason=reason, count=count) for wire, reason, count in faults.count_set_aside(session, call.actor)]


@router.get("/faults/set-aside/{set_aside_id}", summary="A message as it came")
def get_set_aside(set_aside_id: PathId, purpose: Purpose, call: Calling) -> RawMessage:
    """It may hold a position: the read is recorded with its purpose."""
    with call.writing() as session:
        row = faults.raw_set_aside(session, call.actor, set_aside_id, purpose, call.now)
        raw = base64.b64encode(row.raw).decode() if row.raw else None
        return RawMessage(id=set_aside_id, wire=row.wire, reason=row.reason, raw_base64=raw)


@router.get("/faults/subjects", summary="Subjects who cannot be evaluated")
def list_failing(call: Calling) -> list[FailingShown]:
    with call.reading() as session:
        return [
            FailingShown(
                subject_id=state.subject_id,
                subject_number=subject.number,
                office_id=subject.office_id,
                fault=(state.fault or "").partition(":")[0],
                since=state.fault_at,
            )
            for subject, state in faults.list_failing(session, call.actor)
        ]


@router.post("/faults/subjects/{subject_id}/retry", summary="Try a subject again")
def retry(subject_id: PathId, call: Calling) -> Done:
    """At the monitor's next turn."""
    with call.writing() as session:
        faults.retry(session, call.actor, subject_id, call.now)
    return Done()


@router.get("/faults/outages", summary="When this service was down")
def list_outages(call: Calling, before: BeforeId = None, limit: Limit = 100) -> Page[OutageShown]:
    """Newest first. Nobody counts as missing for that time."""
    with call.reading() as session:
        rows = list(faults.list_outages(session, call.actor, before=before, limit=limit))
        return page_of([OutageShown.model_validate(row) for row in rows], rows, limit)


@router.get("/faults/area-silences", summary="When much of the bureau fell silent at once")
def list_area_silences(call: Calling, before: BeforeId = None, limit: Limit = 100) -> Page[AreaSilenceShown]:
    """Newest first. One matter, and not many."""
    with call.reading() as session:
        rows = list(faults.list_area_silences(session, call.actor, before=before, limit=limit))
        return page_of([AreaSilenceShown.model_validate(row) for row in rows], rows, limit)


@router.get("/faults/device-flags", summary="Doubts about devices")
def list_device_flags(
    call: Calling,
    current: Annotated[bool, Query(description="Only those that are not over.")] = True,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[DeviceFlagShown]:
    """Newest first: devices that seem to send another datum than they are registered with."""
    with call.reading() as session:
        rows = faults.list_device_flags(session, call.actor, current=current, before=before, limit=limit)
        return page_of([_flag_shown(*row) for row in rows], [flag for flag, _, _ in rows], limit)


@router.get("/monitor", summary="Whether the monitor runs")
def monitor_status(call: Calling) -> MonitorShown:
    call.actor.require(Action.READ_FAULTS)
    with call.reading() as session:
        oldest = faults.oldest_waiting(session)
    status = call.house.monitor.status if call.house.monitor is not None else None
    return MonitorShown(
        runs_here=status is not None,
        started_at=status.started_at if status else None,
        jobs=[
            JobShown(name=name, runs=job.runs, last_success=job.last_success, failed=job.last_error is not None)
            for name, job in sorted(status.jobs.items() if status else ())
        ],
        oldest_waiting=oldest,
        lag_s=0.0 if oldest is None else max(0.0, (call.now - oldest).total_seconds()),
    )


def _flag_shown(flag: DeviceFlag, number: str, device: str) -> DeviceFlagShown:
    own = {name: getattr(flag, name) for name in ("id", "device_id", "subject_id", "kind", "since", "until")}
    told = {name: flag.detail[name] for name in ("declared", "looks_like", "nights")}
    return DeviceFlagShown(**own, **told, subject_number=number, device=device, reason_zh=flag.detail["zh"], reason_en=flag.detail["en"])
