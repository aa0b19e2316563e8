"""Whether this process is alive, whether it can do its work, and its figures. Without log-in and without personal data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from corrections import clock
from corrections.api.context import House, Serving
from corrections.store.database import schema_is_current

router = APIRouter(tags=["health"])

STUCK_AFTER = timedelta(minutes=4)  # NIJ Standard-1004.00 section 5.3.5: an alert of active tracking is delivered within
WATCHED_JOBS = ("pulse", "evaluate", "watch")


class Alive(BaseModel):
    alive: bool = True


class Ready(BaseModel):
    ready: bool
    faults: list[str] = Field(description="What keeps this process from its work: database, schema, writer, or a job of the monitor.")


@router.get("/health/live", summary="The process runs")
def live() -> Alive:
    return Alive()


@router.get("/health/ready", summary="The process can do its work", responses={503: {"model": Ready, "description": "It cannot."}})
def ready(house: Serving) -> JSONResponse:
    """The database answers and has the schema of this version, the writer of reports is alive, and no job of the monitor is stuck."""
    faults = list(_faults(house))
    return JSONResponse(Ready(ready=not faults, faults=faults).model_dump(), status_code=503 if faults else 200)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(house: Serving) -> Response:
    return Response(house.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _faults(house: House) -> Iterator[str]:
    try:
        with house.reading() as session:
            session.execute(text("SELECT 1"))
        if not schema_is_current(house.engine):
            yield "schema"
    except SQLAlchemyError:
        yield "database"
    if house.ingest is not None and not house.ingest.alive:
        yield "writer"
    if house.monitor is not None:
        yield from _stuck(house.monitor)


def _stuck(monitor: Any) -> Iterator[str]:
    """Jobs that have not ended well for longer than an alert may take."""
    status = monitor.status
    for name in WATCHED_JOBS:
        job = status.jobs.get(name)
        since = (job.last_success if job else None) or status.started_at
        if job is not None and since is not None and clock.now() - since > STUCK_AFTER:
            yield f"monitor:{name}"
