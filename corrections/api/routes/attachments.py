"""附件: photos and documents beside a violation, a statement, a request for leave, a search or a check; for staff, and for a subject beside
what is her own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.files import body_of, declared_type, download
from corrections.api.models import PathId, Shown, Text
from corrections.api.own import OwnCalling
from corrections.domain.casework import AttachedTo
from corrections.domain.files import FileType
from corrections.records import attachments
from corrections.store.tables import Attachment, StoredFile

router = APIRouter(tags=["attachments"])

FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, not a form.",
        "content": {kind.value: {"schema": {"type": "string", "format": "binary"}} for kind in FileType},
    }
}
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.value: {"schema": {"type": "string", "format": "binary"}} for kind in FileType}, "description": "The file."}
}
Body = Annotated[bytes, Depends(body_of)]
Declared = Annotated[str, Depends(declared_type)]
Name = Annotated[Text, Query(max_length=500, description="The file's name; it is cleaned.")]
Note = Annotated[Text, Query(max_length=attachments.LONGEST_NOTE, description="What it shows.")]


class AttachmentShown(Shown):
    id: int
    subject_id: int
    about: AttachedTo
    about_id: int
    name: str
    note: str
    sha256: str
    added_by: int | None = Field(description="Null: the subject herself.")
    added_at: datetime


class KeptShown(AttachmentShown):
    media_type: FileType
    size: int = Field(description="In bytes.")


@router.get("/attachments/{attachment_id}/content", summary="Open an attachment", response_class=Response, responses=BINARY)
def open_attachment(attachment_id: PathId, call: Calling) -> Response:
    """As a file to save; it is recorded in the audit trail."""
    with call.writing() as session:
        return _file(*attachments.open_attachment(session, call.actor, attachment_id, call.now))


@router.get("/attachments/{about}/{about_id}", summary="What is attached to something")
def list_attachments(about: AttachedTo, about_id: PathId, call: Calling) -> list[KeptShown]:
    with call.reading() as session:
        return _kept(attachments.list_attachments(session, call.actor, about, about_id))


@router.post("/attachments/{about}/{about_id}", status_code=201, summary="Attach a photo or document", openapi_extra=FILE)
def attach(
    about: AttachedTo, about_id: PathId, call: Calling, content: Body, media_type: Declared, name: Name = "", note: Note = ""
) -> AttachmentShown:
    """JPEG, PNG, HEIC or PDF, by content and with a `Content-Type` that agrees. A violation's history shows it."""
    terms: dict[str, Any] = {"content": content, "media_type": media_type, "name": name, "note": note}
    with call.writing() as session:
        made = attachments.attach(session, call.actor, about, about_id, settings=call.settings, now=call.now, **terms)
        return AttachmentShown.model_validate(made)


# ---- a subject beside what is her own


@router.get(
    "/own/attachments/{attachment_id}/content", summary="Open an attachment of mine", response_class=Response, responses=BINARY,
    tags=["a subject's own view"],
)  # fmt: skip
def open_own_attachment(attachment_id: PathId, call: OwnCalling) -> Response:
    with call.writing() as session:
        return _file(*attachments.open_attachment(session, call.own, attachment_id, call.now))


@router.get("/own/attachments/{about}/{about_id}", summary="What I attached", tags=["a subject's own view"])
def list_own_attachments(about: AttachedTo, about_id: PathId, call: OwnCalling) -> list[KeptShown]:
    with call.reading() as session:
        return _kept(attachments.list_attachments(session, call.own, about, about_id))


@router.post(
    "/own/attachments/{about}/{about_id}", status_code=201, summary="Attach to my request or statement", openapi_extra=FILE,
    tags=["a subject's own view"],
)  # fmt: skip
def attach_own(
    about: AttachedTo, about_id: PathId, call: OwnCalling, content: Body, media_type: Declared, name: Name = "", note: Note = ""
) -> AttachmentShown:
    """Beside her own request for leave, or a statement that she gave herself."""
    terms: dict[str, Any] = {"content": content, "media_type": media_type, "name": name, "note": note}
    with call.writing() as session:
        made = attachments.attach(session, call.own, about, about_id, settings=call.settings, now=call.now, **terms)
        return AttachmentShown.model_validate(made)


def _file(attachment: Attachment, file: StoredFile) -> Response:
    return download(file.content, file.media_type, attachment.name)


def _kept(found: Any) -> list[KeptShown]:
    return [
        KeptShown(**AttachmentShown.model_validate(one).model_dump(), media_type=FileType(file.media_type), size=file.size)
        for one, file in found
    ]
