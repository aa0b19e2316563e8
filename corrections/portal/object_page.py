"""What was found of her, and how she objects: the form, her objections and their answers, the way to the procuratorate."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from corrections.domain.casework import ObjectedTo
from corrections.errors import Conflict, Invalid, NotFound
from corrections.portal.pages import page
from corrections.portal.visit import MOST_ID, Form, Visit, Visiting, choice
from corrections.records.objections import LONGEST_TEXT, object_, objections_of
from corrections.records.own_record import matters, measures_of
from corrections.records.own_rights import petition

router = APIRouter()
HERE = "/me/objections"


@router.get("/me/matters")
def found_of_her(visit: Visiting) -> Response:
    with visit.reading() as session:
        return page(
            visit, "matters.html.j2", matters=matters(session, visit.own, visit.settings.portal), measures=measures_of(session, visit.own),
            objected={(one.about, one.about_id) for one in objections_of(session, visit.own)},
        )  # fmt: skip


@router.get(HERE)
def objections(visit: Visiting, done: bool = False) -> Response:
    with visit.reading() as session:
        return page(
            visit, "objections.html.j2", here=HERE, objections=objections_of(session, visit.own), done=done,
            petition=petition(visit.settings.portal),
        )  # fmt: skip


@router.get(f"{HERE}/new")
def form(
    visit: Visiting, about: ObjectedTo = ObjectedTo.OTHER, about_id: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None
) -> Response:
    return _form(visit, about, about_id, "")


@router.post(HERE)
def make(sent: Form, visit: Visiting) -> Response:
    """What cannot be taken shows the form again, with what was written."""
    about = choice(sent, "about", ObjectedTo)
    number = sent.get("about_id", "")
    about_id = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else None
    try:
        with visit.writing() as session:
            object_(
                session, visit.own, visit.own.subject_id, about=about, about_id=about_id, text=sent.get("text", ""),
                settings=visit.settings, now=visit.now,
            )  # fmt: skip
    except (Invalid, Conflict, NotFound) as error:
        return _form(visit, about, about_id, sent.get("text", ""), error)
    return RedirectResponse(f"{HERE}?done=true", 303)


def _form(visit: Visit, about: ObjectedTo, about_id: int | None, text: str, error: Invalid | Conflict | NotFound | None = None) -> Response:
    return page(
        visit, "objection_form.html.j2", status=error.status if error else 200, here=f"{HERE}/new", about=about, about_id=about_id,
        text=text, error=error, longest=LONGEST_TEXT, free=(ObjectedTo.DATA, ObjectedTo.OTHER),
    )  # fmt: skip
