"""Logging in and out, and who one is."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from pydantic import Field

from corrections import clock
from corrections.api.context import Calling, Serving
from corrections.api.models import Done, Given, Shown, Text
from corrections.domain.model import Role
from corrections.records import accounts, directory, guessing
from corrections.store.access import ALLOWED, Action
from corrections.web import BROWSER_COOKIE, clear_cookie, origin_of, require_same_origin, set_browser, set_cookie

router = APIRouter(tags=["log-in"])


class Credentials(Given):
    login: Text = Field(min_length=1, max_length=200)
    password: Text = Field(min_length=1)


class Person(Shown):
    """Who is logged in, and what her role allows."""

    officer_id: int
    name: str
    role: Role
    office_id: int
    bureau_id: int
    timezone: str = Field(description="In which the bureau counts days.")
    actions: list[Action]


class LoggedIn(Shown):
    """``token`` goes into ``Authorization: Bearer``; browsers have it as a cookie, too."""

    token: str
    officer_id: int
    name: str
    role: Role
    expires_at: datetime


@router.post("/login", summary="Log in")
def log_in(given: Credentials, request: Request, response: Response, house: Serving) -> LoggedIn:
    """A token that ends after a fixed time, or sooner without use. After too many wrong passwords 429, for some minutes; a browser in which
    the same person has logged in before is counted apart."""
    if "sec-fetch-site" in request.headers or "origin" in request.headers:
        require_same_origin(request)  # so that another site's page cannot log a browser in as somebody else
    now, browser, service = clock.now(), request.cookies.get(BROWSER_COOKIE, ""), house.settings.service
    with house.writing() as session:
        token, officer = accounts.log_in(session, given.login, given.password, now, house.settings, origin_of(request), browser)
        assert officer.id is not None
        browser = guessing.remember(session, officer.id, browser, house.settings, now)
    hours = service.session_hours
    set_cookie(request, response, token, hours)
    set_browser(request, response, browser, service.browser_days)
    return LoggedIn(token=token, officer_id=officer.id, name=officer.name, role=Role(officer.role), expires_at=now + timedelta(hours=hours))


@router.post("/logout", summary="Log out")
def log_out(request: Request, response: Response, call: Calling) -> Done:
    with call.writing() as session:
        accounts.log_out(session, call.token, call.now, call.actor.origin)
    clear_cookie(request, response)
    return Done()


@router.get("/me", summary="Who is logged in")
def me(call: Calling) -> Person:
    actor = call.actor
    with call.reading() as session:
        timezone = directory.bureau_of(session, actor).timezone
    return Person(
        officer_id=actor.officer_id,
        name=actor.name,
        role=actor.role,
        office_id=actor.office_id,
        bureau_id=actor.bureau_id,
        timezone=timezone,
        actions=[action for action in Action if actor.role in ALLOWED[action]],
    )
