"""What an endpoint works with: the desk that serves, the visit that is served, and the form that was sent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Request
from sqlalchemy import Engine
from sqlmodel import Session

from corrections import clock
from corrections.console.door import LANGUAGE_COOKIE
from corrections.console.feed import Feed
from corrections.errors import Invalid, Unauthenticated
from corrections.records import accounts, directory
from corrections.review import notices
from corrections.settings import Settings
from corrections.store.access import ALLOWED, Action, Actor
from corrections.store.database import reading, writing
from corrections.store.rulebook import Rulebooks
from corrections.web import SAFE, SESSION_COOKIE, Upload, origin_of, read_form, read_upload, require_same_origin

LONGEST_FORM = 200_000  # bytes
LONGEST_UPLOAD = 40_000_000  # bytes of a form with files
MOST_FIELDS = 50
MOST_ID = 2**53 - 1
WORDS = ("text", "reason", "note", "whom")  # fields of a form whose words are not to be lost
LONGEST_PURPOSE = 500
Language = Literal["zh", "en"]
Choice = TypeVar("Choice", bound=StrEnum)
PathId = Annotated[int, Path(ge=1, le=MOST_ID)]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the console serves from; ``books`` keep compiled zones from one page to the next."""

    engine: Engine
    settings: Settings
    feed: Feed
    books: Rulebooks = field(default_factory=Rulebooks)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A form with files."""

    fields: dict[str, str]
    files: list[Upload]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request by a person who is logged in; ``timezone`` is her bureau's, ``purpose`` why she looks at
    locations (empty while she has not said so), ``notices`` how many wait within her reach."""

    desk: Desk
    request: Request
    actor: Actor
    token: str
    bureau: str
    timezone: ZoneInfo
    now: datetime
    purpose: str = ""
    notices: int = 0

    @property
    def settings(self) -> Settings:
        return self.desk.settings

    def may(self, action: Action) -> bool:
        return self.actor.role in ALLOWED[action]

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
    """Who asks. Raises Unauthenticated, and Forbidden for a change that another site's page asks for.

    Use keeps a log-in alive; that is written once a minute at most.
    """
    if request.method not in SAFE:
        require_same_origin(request)
    desk, now, token = desk_of(request), clock.now(), request.cookies.get(SESSION_COOKIE)
    if not token:
        raise Unauthenticated("Log in first.", "请先登录。")
    with reading(desk.engine) as session:
        actor = accounts.actor_for(session, token, now, desk.settings, origin_of(request))
        bureau = directory.bureau_of(session, actor)
        name, timezone = bureau.name, ZoneInfo(bureau.timezone)
        stale, purpose = accounts.needs_touch(session, token, now), accounts.purpose_of(session, token)
        waiting = notices.count_open(session, actor) if actor.role in ALLOWED[Action.REVIEW] else 0
    if stale:
        with writing(desk.engine) as session:
            accounts.touch(session, token, now)
    return Visit(desk, request, actor, token, name, timezone, now, purpose, waiting)


def language_of(request: Request, desk: Desk) -> Language:
    """What the reader chose, else the service's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "zh" if chosen == "zh" else desk.settings.service.language


# ---- forms


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form as the browser sent them. Kept with the request, so that what was typed can be shown again.

    Raises Invalid.
    """
    too_long = Invalid("The form holds too much text.", "表单内容过长，请缩短后重试。")
    request.state.form = form = await read_form(request, longest=LONGEST_FORM, most_fields=MOST_FIELDS, too_long=too_long)
    return form


async def upload_of(request: Request) -> Uploaded:
    """The fields and files of a form with files. Raises Invalid."""
    most = LONGEST_UPLOAD // 1_000_000
    too_long = Invalid(f"That is too large; at most {most} MB.", f"文件过大，不得超过 {most} MB。", field="file")
    fields, files = await read_upload(request, longest=LONGEST_UPLOAD, most_fields=MOST_FIELDS, too_long=too_long)
    request.state.form = fields
    return Uploaded(fields, files)


def typed_words(form: dict[str, str]) -> dict[str, str]:
    """What somebody wrote, to be shown again where it could not be used."""
    return {name: form[name] for name in WORDS if form.get(name, "").strip()}


def number(form: dict[str, str], name: str) -> int:
    """A whole number of a form. Raises Invalid."""
    value = form.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 16 and 0 < int(value) <= MOST_ID):
        raise Invalid("Choose one of what is offered.", "请选择所列选项之一。", field=name)
    return int(value)


def choice(form: dict[str, str], name: str, choices: type[Choice]) -> Choice:
    """One of the values of an enumeration. Raises Invalid."""
    try:
        return choices(form.get(name, ""))
    except ValueError:
        raise Invalid("Choose one of what is offered.", "请选择所列选项之一。", field=name) from None


def checked_purpose(purpose: str) -> str:
    """A purpose that can be recorded; whether there is one at all is for the audit to say. Raises Invalid."""
    if len(purpose) > LONGEST_PURPOSE:
        raise Invalid(f"A purpose has at most {LONGEST_PURPOSE} characters.", f"目的不超过 {LONGEST_PURPOSE} 个字符。", field="purpose")
    return purpose


Serving = Annotated[Desk, Depends(desk_of)]
Visiting = Annotated[Visit, Depends(visit_of)]
Form = Annotated[dict[str, str], Depends(form_of)]
Uploading = Annotated[Uploaded, Depends(upload_of)]
