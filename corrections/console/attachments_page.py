"""附件: photos and documents beside a violation, a statement, a request for leave, a search or a check."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from corrections.console.door import HOME, inside
from corrections.console.pages import download
from corrections.console.visit import PathId, Uploading, Visiting
from corrections.domain.casework import AttachedTo
from corrections.errors import Invalid
from corrections.records import attachments

router = APIRouter(prefix="/console/attachments")


@router.get("/{attachment_id}")
def open_one(attachment_id: PathId, visit: Visiting) -> Response:
    """That it was opened is on record."""
    with visit.writing() as session:
        attachment, file = attachments.open_attachment(session, visit.actor, attachment_id, visit.now)
        return download(file.content, file.media_type, attachment.name)


@router.post("/{about}/{about_id}")
def attach(sent: Uploading, about: AttachedTo, about_id: PathId, visit: Visiting) -> Response:
    """All that were chosen, or none of them."""
    if not sent.files:
        raise Invalid("Choose a photo or a document.", "请选择照片或文件。", field="file")
    with visit.writing() as session:
        for file in sent.files:
            attachments.attach(
                session, visit.actor, about, about_id, content=file.content, media_type=file.media_type, name=file.name,
                note=sent.fields.get("note", ""), settings=visit.settings, now=visit.now,
            )  # fmt: skip
    return RedirectResponse(inside(sent.fields.get("next", HOME)), 303)
