"""Templates into pages, in the reader's language and on her bureau's wall clock. Whatever is put in is escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from corrections import clock
from corrections.portal import speech, wording
from corrections.portal.visit import Desk, Language, Visit, language_of

HERE = Path(__file__).parent
STYLE = (HERE / "static" / "portal.css").read_bytes()
SCRIPT = (HERE / "static" / "portal.js").read_bytes()
ICON = (HERE / "static" / "icon.svg").read_bytes()
VERSION = hashlib.sha256(STYLE + SCRIPT + ICON).hexdigest()[:12]

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_environment.globals.update(version=VERSION, wording=wording, speech=speech)


def page(visit: Visit, template: str, *, status: int = 200, here: str | None = None, **values: Any) -> HTMLResponse:
    """A page for a subject who came in. ``here`` is the address that shows it again, where that is not the one asked for."""
    return render(visit.request, visit.desk, template, status=status, here=here, visit=visit, **values)


def render(
    request: Request, desk: Desk, template: str, *, status: int = 200, here: str | None = None, visit: Visit | None = None, **values: Any
) -> HTMLResponse:
    """A page. ``visit`` None is for somebody who did not come in."""
    language = language_of(request, desk)
    timezone, now = (visit.timezone, visit.now) if visit else (ZoneInfo("UTC"), clock.now())
    told = _environment.get_template(template).render(
        language=language, here=here or request.url.path, visit=visit, **_speech(language, timezone, now), **values
    )
    return HTMLResponse(told, status_code=status, headers={"Content-Language": "en" if language == "en" else "zh-CN"})


def _speech(language: Language, timezone: ZoneInfo, now: datetime) -> dict[str, Callable[..., str]]:
    """The functions by which templates speak: a text, a word of the model, a moment, a day."""

    def t(zh: str, en: str) -> str:
        return en if language == "en" else zh

    def on(when: datetime | date) -> str:
        return t(*speech.day(when.astimezone(timezone).date() if isinstance(when, datetime) else when, now, timezone))

    return {
        "t": t,
        "b": lambda both: t(*both),
        "w": lambda table, key: t(*table[key]),
        "at": lambda moment: t(*speech.moment(moment, now, timezone)),
        "on": on,
        "ago": lambda moment: t(*speech.ago(moment, now)),
    }
