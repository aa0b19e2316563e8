"""Browsers as people use them, and what goes wrong in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, Response

from corrections import clock
from corrections.console.door import HOME, LANGUAGE_COOKIE
from corrections.portal import visit as portal
from corrections.web import SESSION_COOKIE
from tests.browser.bureau import OWN_TOKEN
from tests.browser.service import RunningClock, Service

Language = Literal["zh", "en"]
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
CLOCK = """{
  const ahead = AHEAD, Real = Date;
  globalThis.Date = new Proxy(Real, {
    construct: (target, given) => given.length ? new Real(...given) : new Real(Real.now() + ahead),
    apply: () => new Real(Real.now() + ahead).toString(),
    get: (target, name) => name === "now" ? () => Real.now() + ahead : Reflect.get(target, name),
  });
}"""


class Watch:
    """What went wrong in a context since it was last asked. Pages are opened by tests; what they do is heard here."""

    def __init__(self, context: BrowserContext, host: str) -> None:
        self._host, self._found = host, list[str]()
        self.allowed: tuple[str, ...] = ()
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"error of a script: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def taken(self) -> list[str]:
        """What was found, which is forgotten with it. A test that provokes a fault names in ``allowed`` what belongs to it."""
        found, self._found = self._found, []
        return [one for one in found if not any(word in one for word in self.allowed)]

    def _note(self, what: str) -> None:
        self._found.append(what)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self._note(f"request to another host: {request.url}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # what is under way when a page is left
            self._note(f"request failed: {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"answer {response.status}: {response.request.method} {response.url}")


@contextmanager
def visiting(
    browser: Browser, service: Service, token: str | None, *, language: Language = "zh", own: bool = False, dark: bool = False, **more: Any
) -> Iterator[tuple[BrowserContext, Watch]]:
    """A browser in which whoever has the token of a log-in is logged in; ``own``: a subject's phone."""
    told = {"viewport": PHONE, "device_scale_factor": 2, "is_mobile": True, "has_touch": True} if own else {"viewport": DESK}
    scheme: Literal["dark", "light"] = "dark" if dark else "light"
    context = browser.new_context(
        **(told | {"base_url": service.url, "color_scheme": scheme, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"} | more)
    )
    watch = Watch(context, urlsplit(service.url).netloc)
    running = clock._clock
    assert isinstance(running, RunningClock)
    context.add_init_script(CLOCK.replace("AHEAD", str(int(running.ahead.total_seconds() * 1000))))
    log_in(context, service, token, language, own=own)
    try:
        yield context, watch
    finally:
        context.close()


def log_in(context: BrowserContext, service: Service, token: str | None, language: Language, *, own: bool = False) -> None:
    """The cookies of a log-in, and the language."""
    of_session, of_language = (portal.OWN_COOKIE, portal.LANGUAGE_COOKIE) if own else (SESSION_COOKIE, LANGUAGE_COOKIE)
    given = [(of_language, language, "/" if own else HOME)]
    if token or own:
        given.append((of_session, token or OWN_TOKEN, "/me" if own else "/"))
    context.clear_cookies()
    context.add_cookies([{"name": n, "value": v, "domain": "127.0.0.1", "path": p} for n, v, p in given])
