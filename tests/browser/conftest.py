"""One furnished bureau, served to real Chromium. ``desk`` is shared by the tests that only look; ``own_desk`` is a test's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.bureau import furnish
from tests.browser.looking import CHROMIUM, Language, Watch, visiting
from tests.browser.service import Service, serving
from tests.conftest import Databases

PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with the module: while it is open, an event loop runs in this process, and no other test could run its own."""
    chromium = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    assert chromium is not None, "Chromium is needed (Debian: apt-get install chromium fonts-noto-cjk)"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        yield started
        started.close()


@pytest.fixture(scope="session")
def desk(databases: Databases) -> Iterator[Service]:
    """For tests that change nothing but what a look leaves behind."""
    with databases.sqlite(furnish) as url, serving(url) as service:
        yield service


@pytest.fixture
def own_desk(databases: Databases) -> Iterator[Service]:
    """A copy of the bureau of the test's own."""
    with databases.sqlite(furnish) as url, serving(url) as service:
        yield service


class People:
    """Opens browsers for people; in the end nothing may have gone wrong in any of them."""

    def __init__(self, browser: Browser, service: Service, open_: ExitStack) -> None:
        self._browser, self._service, self._open = browser, service, open_
        self.watches: list[Watch] = []

    def __call__(self, token: str | None, **how: Any) -> Page:
        """A page in a browser of hers; see ``visiting``."""
        entered: AbstractContextManager[tuple[BrowserContext, Watch]] = visiting(self._browser, self._service, token, **how)
        context, watch = self._open.enter_context(entered)
        context.set_default_timeout(PATIENCE_MS)
        self.watches.append(watch)
        return context.new_page()

    def allow(self, *words: str) -> None:
        """Faults that the test provokes, by words that tell them."""
        for watch in self.watches:
            watch.allowed += words

    def faults(self) -> list[str]:
        return [fault for watch in self.watches for fault in watch.taken()]


@pytest.fixture
def people(browser: Browser, own_desk: Service) -> Iterator[People]:
    """Browsers at the test's own desk: ``people("li")``, ``people(None, own=True)``, ``people("head", language="en")``."""
    yield from _people(browser, own_desk)


@pytest.fixture
def onlookers(browser: Browser, desk: Service) -> Iterator[People]:
    """The same at the shared desk."""
    yield from _people(browser, desk)


def _people(browser: Browser, service: Service) -> Iterator[People]:
    with ExitStack() as open_:
        people = People(browser, service, open_)
        yield people
        faults = people.faults()
    assert not faults, "\n".join(faults)


class Readers:
    """Whoever reads pages at the shared desk: a page for each in each language, which goes from address to address."""

    def __init__(self, browser: Browser, service: Service, open_: ExitStack) -> None:
        self._browser, self._service, self._open = browser, service, open_
        self._pages: dict[tuple[str | None, Language, bool], tuple[Page, Watch]] = {}

    def __call__(self, login: str | None, language: Language, *, dark: bool = False) -> tuple[Page, Watch]:
        """``login`` None: the subject on her phone; empty: nobody."""
        key = (login, language, dark)
        if key not in self._pages:
            entered: AbstractContextManager[tuple[BrowserContext, Watch]] = visiting(
                self._browser, self._service, login, language=language, own=login is None, dark=dark
            )
            context, watch = self._open.enter_context(entered)
            context.set_default_timeout(PATIENCE_MS)
            self._pages[key] = (context.new_page(), watch)
        return self._pages[key]


@pytest.fixture(scope="module")
def readers(browser: Browser, desk: Service) -> Iterator[Readers]:
    with ExitStack() as open_:
        yield Readers(browser, desk, open_)
