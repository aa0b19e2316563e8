"""(g) The console's pages over a province: how long the server takes for each, what it sends, and how smoothly the map moves.

``corrections serve --web`` over the database of ``province``; one request after the other, as one officer makes them, timed at the client
on the same machine. The map is moved in Chromium, without a graphics card as office computers often are, for some seconds.
"""

from __future__ import annotations

import http.client
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlmodel import select

from corrections import clock
from corrections.domain.model import ReviewState, Role
from corrections.store.database import open_database, reading
from corrections.store.tables import Violation
from corrections.web import SESSION_COOKIE
from scripts.measure.figures import Outcome, against, heading, line, not_measured
from scripts.measure.province import LOGINS, SUBJECTS, WAITING, furnish, private_postgresql
from scripts.sample_service import SampleService, Trouble

PORT = 8474
TIMES = 60  # each page for each role
WARM = 5
MOST_MS = 100.0
MOST_KB = 500.0
LEAST_FRAMES = 30.0
MOVED_S = 8.0
IN_VIEW = 5_000


def measure() -> list[Outcome]:
    """Print the 95th percentile and the weight of each page for each role, and the map's frames a second, with their targets."""
    heading(f"The console with {SUBJECTS:,} subjects and {WAITING:,} open violations on PostgreSQL")
    outcomes: list[Outcome] = []
    with private_postgresql() as address:
        engine = open_database(address)
        furnish(engine, clock.now())
        with reading(engine) as session:
            waiting = select(Violation.id).where(Violation.officer_id == 1, Violation.review_state == ReviewState.QUEUED.value)
            violation_id = session.exec(waiting).first()
        engine.dispose()
        with _served(address) as service:
            pages = {
                "today": "/console/", "queue": "/console/queue?tab=office", "violation": f"/console/violations/{violation_id}",
                "map": "/console/map", "map, positions": "/console/map/positions",
            }  # fmt: skip
            for name, path in pages.items():
                outcomes.append(_timed(service.port, name, path))
            outcomes.append(_weighed(service, pages))
            outcomes.append(_moved(service))
    return outcomes


@contextmanager
def _served(address: str) -> Iterator[SampleService]:
    folder = Path(tempfile.mkdtemp(prefix="corrections-bench-"))
    try:
        service = SampleService(folder, PORT, {"CORRECTIONS_DATABASE_URL": address})
        service.arguments = ("serve", "--web")
        with service:
            yield service
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _timed(port: int, name: str, path: str) -> Outcome:
    """The slowest role's 95th percentile, ms."""
    slowest: dict[str, float] = {}
    for role, login in LOGINS.items():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        taken: list[float] = []
        for turn in range(WARM + TIMES):
            start = time.perf_counter()
            connection.request("GET", path, headers=_headers(login))
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise Trouble(f"{path} was answered {answer.status} to {login}: {content[:300]!r}")
            if turn >= WARM:
                taken.append((time.perf_counter() - start) * 1_000)
        connection.close()
        slowest[role] = float(np.percentile(taken, 95))
        line(
            f"{name}, {role}: median, 95th percentile, sent",
            f"{np.median(taken):7.1f} ms {slowest[role]:7.1f} ms {len(content) / 1e3:7.1f} kB",
        )
    return against(f"{name}: 95th percentile of the slowest role", max(slowest.values()), MOST_MS, "ms", at_most=True)


def _headers(login: str) -> Mapping[str, str]:
    return {"Cookie": f"{SESSION_COOKIE}={login}", "Accept-Encoding": "gzip"}


def _weighed(service: SampleService, pages: Mapping[str, str]) -> Outcome:
    """What a browser fetches for the heaviest page, the map library aside, kB as sent."""

    def weigh(page: Any, context: Any) -> float:
        heaviest = 0.0
        for name in ("today", "queue", "violation", "map"):
            sizes: list[float] = []

            def add(request: Any, sizes: list[float] = sizes) -> None:
                if not _is_of_map_library(request.url):
                    size = request.sizes()
                    sizes.append(size["responseBodySize"] + size["responseHeadersSize"])

            fresh = context.new_page()
            fresh.on("requestfinished", add)
            fresh.goto(service.url + pages[name])
            fresh.wait_for_timeout(3_000)
            fresh.close()
            line(f"{name}: with all that belongs to it, but the map library", f"{sum(sizes) / 1e3:7.1f} kB")
            heaviest = max(heaviest, sum(sizes) / 1e3)
        return heaviest

    found = _in_chromium(service, LOGINS[Role.BUREAU], weigh)
    name = "the heaviest page with all that belongs to it"
    return not_measured(name, found) if isinstance(found, str) else against(name, found, MOST_KB, "kB", at_most=True)


def _is_of_map_library(url: str) -> bool:
    return "/chunks/" in url or url.endswith("map.css")


ZOOMING = """async most => {
  const view = window.correctionsMap.map.getView();
  while (window.correctionsMap.inView() > most) {
    view.setResolution(view.getResolution() / 1.1);
    await new Promise((done) => setTimeout(done, 700));
  }
}"""
MOVING = """async ([seconds, least]) => {
  const { map } = window.correctionsMap;
  const view = map.getView();
  const start = performance.now();
  const [x, y] = view.getCenter();
  const span = view.getResolution() * 200;
  let frames = 0;
  const gaps = [];
  let last = start;
  while (performance.now() - start < seconds * 1000) {
    const t = (performance.now() - start) / 1000;
    view.setCenter([x + Math.sin(t) * span, y + Math.cos(t * 0.7) * span]);
    await new Promise((done) => map.once("postrender", done));
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    frames += 1;
  }
  gaps.sort((a, b) => a - b);
  return { rate: (frames * 1000) / (last - start), slow: gaps[Math.floor(gaps.length * 0.95)], shown: window.correctionsMap.inView() };
}"""


def _moved(service: SampleService) -> Outcome:
    """Frames a second while the map is moved with thousands of subjects in view."""

    def move(page: Any, _context: Any) -> dict[str, float]:
        page.goto(f"{service.url}/console/map")
        page.wait_for_function("() => window.correctionsMap && window.correctionsMap.inView() > 0", timeout=60_000)
        page.evaluate(ZOOMING, IN_VIEW * 1.1)  # into the middle, until about so many are in view
        page.wait_for_function(
            "most => { const n = window.correctionsMap.inView(); return n > most / 2 && n < most * 1.2; }", arg=IN_VIEW, timeout=60_000
        )
        found: dict[str, float] = page.evaluate(MOVING, [MOVED_S, IN_VIEW])
        return found

    found = _in_chromium(service, LOGINS[Role.BUREAU], move)
    name = "the map moves, frames a second"
    if isinstance(found, str):
        return not_measured(name, found)
    line("subjects in view while it moves", f"{found['shown']:9,.0f}")
    line("95th percentile of the time between frames", f"{found['slow']:9.1f} ms")
    return against(name, found["rate"], LEAST_FRAMES, "/s")


def _in_chromium(service: SampleService, login: str, do: Callable[[Any, Any], Any]) -> Any:
    """What ``do`` finds with a page and its context; why there is none as a string."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        return "Chromium is not on this machine (Debian: apt-get install chromium)"
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        try:
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            context.add_cookies([{"name": SESSION_COOKIE, "value": login, "url": service.url}])
            return do(context.new_page(), context)
        finally:
            browser.close()
