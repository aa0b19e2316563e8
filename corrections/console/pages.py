"""Templates into pages, in the reader's language and on her bureau's wall clock. Whatever is put in is escaped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from corrections import clock
from corrections.console import base_map, menu, wording
from corrections.console.assets import assets
from corrections.console.visit import Desk, Language, Visit, language_of
from corrections.domain.model import Role
from corrections.records import words
from corrections.store.access import Action

HERE = Path(__file__).parent

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_environment.globals.update(words=words, wording=wording, asset=lambda name: f"/console/static/{assets().version}/{name}", menu=menu)
_environment.globals.update(Action=Action, Role=Role, query=urlencode)


def page(visit: Visit, template: str, *, status: int = 200, here: str | None = None, **values: Any) -> HTMLResponse:
    """A page for somebody who is logged in. ``here`` is the address that shows it again, where that is not the one asked for."""
    return render(visit.request, visit.desk, template, status=status, here=here, visit=visit, **values)


def render(
    request: Request, desk: Desk, template: str, *, status: int = 200, here: str | None = None, visit: Visit | None = None, **values: Any
) -> HTMLResponse:
    """A page. ``visit`` None is for somebody who is not known (yet)."""
    language = language_of(request, desk)
    told = _environment.get_template(template).render(
        language=language,
        here=here or _address(request),
        visit=visit,
        base_map=lambda: base_map.told(desk.settings.map, language),
        **_speech(language, visit.timezone if visit else ZoneInfo("UTC"), visit.now if visit else clock.now()),
        **values,
    )
    return HTMLResponse(told, status_code=status, headers={"Content-Language": "en" if language == "en" else "zh-CN"})


def download(content: bytes, media_type: str, name: str) -> Response:
    """A file to be kept."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media_type, headers=headers)


def _speech(language: Language, timezone: ZoneInfo, now: datetime) -> dict[str, Callable[..., str]]:
    """The functions by which templates speak: a text, a word of the model (by its table, or its enumeration), a moment."""

    def t(zh: str, en: str) -> str:
        return en if language == "en" else zh

    def at(moment: datetime | str | None, form: str = "%Y-%m-%d %H:%M") -> str:
        if moment is None:
            return "—"
        read = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return f"{read.astimezone(timezone):{form}}"

    def soon(moment: datetime) -> str:
        """Without the year, where that is this one."""
        this_year = moment.astimezone(timezone).year == now.astimezone(timezone).year
        return at(moment, "%m-%d %H:%M" if this_year else "%Y-%m-%d %H:%M")

    return {
        "t": t,
        "b": lambda both: t(*both),
        "w": lambda table, key: t(*wording.word(table, key)),
        "e": lambda kind, key: t(*wording.word(wording.OF_KINDS[kind], key)),
        "at": at,
        "soon": soon,
        "ago": lambda moment: t(*wording.span(now - moment)),
    }


def _address(request: Request) -> str:
    """What shows the page again; a form's address does not."""
    if request.method != "GET":
        return ""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
