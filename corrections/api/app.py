"""The HTTP service put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine
from starlette.types import ASGIApp

from corrections.api import health, problems
from corrections.api.context import House
from corrections.api.metrics import Metrics
from corrections.api.routes import (
    agenda,
    attachments,
    audit,
    authorities,
    check_ins,
    clocks,
    contact_bans,
    devices,
    faults,
    figures,
    gateways,
    imports,
    leaves,
    links,
    login,
    logs,
    matters,
    measures,
    notices,
    objections,
    officers,
    offices,
    outbox,
    own,
    own_leave,
    proposals,
    roster,
    rounds,
    searches,
    statements,
    subjects,
    trials,
    violations,
    whereabouts,
    zones,
)
from corrections.api.shell import Shell
from corrections.records.sheets import MOST_BYTES
from corrections.settings import Settings
from corrections.web import OwnDoor

if TYPE_CHECKING:
    from corrections.ingest.writer import Ingest
    from corrections.monitor.scheduler import Monitor

# Bytes of bodies with outlines (100,000 vertices, JSON in JSON) and files, by how the address begins.
LARGE = {"/api/v1/imports/": MOST_BYTES, "/api/v1/zones": 40_000_000, "/api/v1/trials": 40_000_000, "/api/v1/subjects/": 10_000_000}
NOUNS = (
    login,
    violations,
    matters,
    roster,
    subjects,
    whereabouts,
    notices,
    outbox,
    rounds,
    check_ins,
    logs,
    authorities,
    devices,
    leaves,
    contact_bans,
    zones,
    trials,
    offices,
    officers,
    gateways,
    imports,
    faults,
    agenda,
    clocks,
    searches,
    links,
    objections,
    statements,
    proposals,
    measures,
    attachments,
    figures,
    own,
    own_leave,
    audit,
)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": phrase, "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, phrase in {
        401: "Not logged in.", 403: "The role does not allow it.", 404: "Not there, or out of reach.",
        409: "Somebody was first, or the state does not allow it.", 422: "The input is not valid.", 503: "Not at present; try again.",
    }.items()
}  # fmt: skip
DESCRIPTION = """For programs and the console. Log in with `POST /api/v1/login`, then send `Authorization: Bearer TOKEN`.

Times are ISO 8601 with a time zone, positions WGS-84 degrees. Errors are RFC 9457 problem details, in Chinese or English as
`Accept-Language` asks. An office is the boundary of what is seen: what lies beyond is answered as if it were not there (404). Reads of a
location need a purpose and are recorded. Reports of phones go to `/ingest/...`, those of systems to `POST /api/v1/reports`."""


def create_app(engine: Engine, settings: Settings, *, ingest: Ingest | None = None, monitor: Monitor | None = None) -> ASGIApp:
    """The service as an ASGI app, which starts and stops ``ingest`` and ``monitor`` with itself where they are given."""
    house = House(engine, settings, Metrics(engine, ingest, monitor), ingest, monitor)
    app = FastAPI(
        title="Community corrections monitoring",
        version=version("corrections"),
        description=DESCRIPTION,
        docs_url=None,  # they would fetch scripts from another host
        redoc_url=None,
        lifespan=_lifespan(house),
    )
    app.state.house = house
    app.state.own_door = OwnDoor(engine, settings)
    problems.install(app, settings.service.language)
    # what is a little too large is told with its remedy; what is larger is not taken in at all
    files = settings.attachments.most_bytes + 1_000_000
    large = LARGE | {"/api/v1/attachments/": files, "/api/v1/own/attachments/": files}
    app.add_middleware(Shell, house=house, large=large)
    app.include_router(health.router)
    api = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for noun in NOUNS:
        api.include_router(noun.router)
    app.include_router(api)
    _describe_problems(app)
    if ingest is None:
        return app
    from corrections.ingest.http import ingest_app

    return ingest_app(ingest, app)


def _lifespan(house: House) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        """Ingest first, so that the monitor's first sign of life is true; at the end reports first, then what looks at them."""
        parts = [part for part in (house.ingest, house.monitor) if part is not None]
        for part in parts:
            await asyncio.to_thread(part.start)
        try:
            yield
        finally:
            for part in parts:
                await asyncio.to_thread(part.stop)

    return lifespan


def _describe_problems(app: FastAPI) -> None:
    """Say in /openapi.json what a problem looks like, and that input at fault is told as one."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document["components"]["schemas"]
        if "Problem" not in schemas:
            problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs", {})
            schemas["Problem"] = problem
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
