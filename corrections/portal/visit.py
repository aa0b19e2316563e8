"""What a page works with: the desk that serves, the visit of a subject, and the form that was sent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Request
from sqlalchemy import Engine
from sqlmodel import Session

from corrections import clock
from corrections.errors import Invalid, Unauthenticated
from corrections.records.own import own_subject
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.store.database import reading, writing
from corrections.store.tables import Bureau
from corrections.web import SAFE, OwnDoor, Upload, origin_of, read_form, read_upload, require_same_origin

OWN_COOKIE = "corrections_own"
LANGUAGE_COOKIE = "corrections_own_language"
LONGEST_FORM = 60_000  # bytes
LONGEST_UPLOAD = 30_000_000  # bytes of a form with files
MOST_FIELDS = 30
MOST_ID = 2**53 - 1
Language = Literal["zh", "en"]
Choice = TypeVar("Choice", bound=StrEnum)
PathId = Annotated[int, Path(ge=1, le=MOST_ID)]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages are served from."""

    engine: Engine
    settings: Settings
    door: OwnDoor


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A form with files."""

    fields: dict[str, str]
    files: list[Upload]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request by a subject; ``timezone`` is her bureau's."""

    desk: Desk
    request: Request
    own: Own
    timezone: ZoneInfo
    now: datetime

    @property
    def settings(self) -> Settings:
        return self.desk.settings

    def reading(self) -> AbstractContextManager[Session]:
        """A session for looking only."""
        return reading(self.desk.engine)

    def writing(self) -> AbstractContextManager[Session]:
        """One unit of work; it is committed when the block ends, before anything is answered."""
        return writing(self.desk.engine)


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def visit_of(request: Request) -> Visit:
    """Who asks. Raises Unauthenticated, LinkEnded, TooMany, and Forbidden for a change that another site's page asks for."""
    if request.method not in SAFE:
        require_same_origin(request)
    desk, now, token = desk_of(request), clock.now(), request.cookies.get(OWN_COOKIE)
    if not token:
        raise Unauthenticated("Open the link that you were given, or scan its code again.", "请打开给您的链接，或者重新扫码。")
    own = desk.door.come_in(token, now, origin_of(request))
    with reading(desk.engine) as session:
        bureau = session.get_one(Bureau, own_subject(session, own).bureau_id)
        return Visit(desk, request, own, ZoneInfo(bureau.timezone), now)


def language_of(request: Request, desk: Desk) -> Language:
    """What the reader chose, else the service's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "zh" if chosen == "zh" else desk.settings.service.language


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form as the browser sent them. Raises Invalid."""
    too_long = Invalid("This is too long. Write less.", "内容太长，请写短一些。")
    return await read_form(request, longest=LONGEST_FORM, most_fields=MOST_FIELDS, too_long=too_long)


async def upload_of(request: Request) -> Uploaded:
    """The fields and files of a form with files. Raises Invalid."""
    most = LONGEST_UPLOAD // 1_000_000
    too_long = Invalid(f"These files are too large: together at most {most} MB.", f"文件太大，加起来不能超过 {most} 兆。", field="papers")
    return Uploaded(*await read_upload(request, longest=LONGEST_UPLOAD, most_fields=MOST_FIELDS, too_long=too_long))


def choice(form: dict[str, str], name: str, choices: type[Choice]) -> Choice:
    """One of the values of an enumeration. Raises Invalid."""
    try:
        return choices(form.get(name, ""))
    except ValueError:
        raise Invalid("Choose one of these.", "请选一个。", field=name) from None


Serving = Annotated[Desk, Depends(desk_of)]
Visiting = Annotated[Visit, Depends(visit_of)]
Form = Annotated[dict[str, str], Depends(form_of)]
Uploading = Annotated[Uploaded, Depends(upload_of)]
