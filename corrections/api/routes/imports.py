"""Register files in: CSV or XLSX, all or nothing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Shown, Text
from corrections.records.imports import Register, import_register
from corrections.store.access import Action

router = APIRouter(prefix="/imports", tags=["imports"])

FILE = {
    "requestBody": {
        "required": True,
        "description": "The file itself, not a form.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream")
        },
    }
}
NEEDED = {Register.OFFICERS: Action.WRITE_ACCOUNTS}


class ImportedShown(Shown):
    """What the file brought in, or would bring in."""

    dry_run: bool
    counts: dict[str, int]
    credentials: list[dict[str, str]] = Field(description="Device, subject and credential of each enrolled device; shown this once.")
    passwords: list[dict[str, str]] = Field(description="Login and first password of each officer; shown this once.")


async def body_of(request: Request) -> bytes:
    return await request.body()


@router.post("/{kind}", summary="Import a register file", openapi_extra=FILE)
def import_file(
    kind: Register,
    call: Calling,
    data: Annotated[bytes, Depends(body_of)],
    filename: Annotated[Text, Query(max_length=200, description="Its name; the ending tells its form.")] = "",
    dry_run: Annotated[bool, Query(description="Do the whole work, and then take it back.")] = False,
) -> ImportedShown:
    """Every fault is told with its row and field (`rows`); with one fault nothing stays."""
    call.actor.require(NEEDED.get(kind, Action.WRITE_REGISTER))
    terms: dict[str, Any] = {"bureau_id": call.actor.bureau_id, "settings": call.settings, "dry_run": dry_run, "now": call.now}
    with call.writing() as session:
        done = import_register(session, call.actor, kind, data, filename, **terms)
    shown = ImportedShown.model_validate(done)
    return shown if not dry_run else shown.model_copy(update={"credentials": [], "passwords": []})
