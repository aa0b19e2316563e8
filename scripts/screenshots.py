"""Pictures of the pages over the sample district, as officers see them after a day's work."""

from __future__ import annotations

import argparse
import asyncio
import csv
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from corrections import clock
from scripts.api_client import ApiClient
from scripts.demo import PATIENCE
from scripts.measure.http import until_evaluated
from scripts.movements import LOCAL
from scripts.phones import phones_for_days, read_identities, read_origin, send_all
from scripts.sample_district import TOP, make, zones
from scripts.sample_service import SampleService, Trouble
from scripts.sample_work import HEAD, OFFICER, Worked, work

PORT = 8475
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
AUDITOR, KEEPER, BUREAU = "shenji", "guanli", "wangjianguo"


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as somebody sees it; with ``name`` None for the whole set only."""

    file: str
    login: str
    path: str
    for_readme: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="DIR", help="every page, in both languages, light and dark")
    options = parser.parse_args(arguments)
    with served() as (service, worked), sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if chromium is None:
            raise Trouble("Chromium is needed (Debian: apt-get install chromium fonts-noto-cjk).")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        pictures = list(_pictures(service))
        if options.all:
            for language in ("zh", "en"):
                for scheme in ("light", "dark"):
                    _take(browser, service, worked, pictures, options.all / f"{language}-{scheme}", language, scheme)
        else:
            chosen = [picture for picture in pictures if picture.for_readme]
            _take(browser, service, worked, chosen, TOP / ".github", "zh", "light")
        browser.close()
    return 0


@contextmanager
def served() -> Iterator[tuple[SampleService, Worked]]:
    """The sample district after two days of reports and a day of work, in a folder that ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="corrections-pictures-"))
    try:
        district, now = make(), clock.now()
        service = SampleService(folder, PORT)
        service.set_up(zones(district), district.people, now)
        with service:
            service.wait_for_nightly()
            yesterday = now.astimezone(LOCAL).date() - timedelta(days=1)
            played = phones_for_days(district, read_identities(folder), read_origin(folder), yesterday, clock.now())
            asyncio.run(send_all(played.phones, "127.0.0.1", PORT, patience=PATIENCE))
            until_evaluated(service)
            yield service, work(lambda login: _as(service, login), service.url, clock.now())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pictures(service: SampleService) -> Iterator[Picture]:
    """Every page; those that show one thing show one that there is."""
    head = _as(service, HEAD)
    found = head.get("/api/v1/violations", limit=100)["items"]
    breach = next(one for one in found if one["rule"] == "boundary" and one["review_state"] != "decided")
    leave = head.get("/api/v1/leave-requests")["items"][0]
    rounds = head.get("/api/v1/rounds")["items"]
    zone = head.get("/api/v1/zones")["items"][0]
    day = (clock.now().astimezone(LOCAL) - timedelta(days=1)).date()
    subject = f"/console/subjects/{breach['subject_id']}"
    yield Picture("today", HEAD, "/console/", for_readme=True)
    yield Picture("review", HEAD, f"/console/violations/{breach['id']}?tab=office", for_readme=True)
    yield Picture("map", HEAD, "/console/map", for_readme=True)
    yield Picture("replay", HEAD, f"{subject}/replay?day={day}", for_readme=True)
    yield from (
        Picture("queue-officer", OFFICER, "/console/queue"),
        Picture("explanation", HEAD, f"/console/violations/{breach['id']}/explanation"),
        Picture("subjects", HEAD, "/console/subjects"),
        Picture("subject", HEAD, subject),
        Picture("subject-edit", HEAD, f"{subject}/edit"),
        Picture("log-day", HEAD, f"{subject}/log/{day}"),
        Picture("zones", HEAD, "/console/zones"),
        Picture("zone", HEAD, f"/console/zones/{zone['id']}"),
        Picture("zone-edit", BUREAU, f"/console/zones/{zone['id']}/edit"),
        Picture("zone-new", BUREAU, "/console/zones/new"),
        Picture("checks", OFFICER, "/console/checks"),
        Picture("round", OFFICER, f"/console/checks/{rounds[0]['id']}"),
        Picture("leave", HEAD, "/console/leave"),
        Picture("leave-one", HEAD, f"/console/leave/{leave['id']}"),
        Picture("leave-new", OFFICER, f"/console/leave/new?subject={breach['subject_id']}"),
        Picture("roster", HEAD, "/console/admin/roster"),
        Picture("agenda", HEAD, "/console/agenda"),
        Picture("notices", HEAD, "/console/notices"),
        Picture("objections", HEAD, "/console/objections"),
        Picture("log", HEAD, "/console/log"),
        Picture("statistics", BUREAU, "/console/statistics"),
        Picture("search", HEAD, "/console/search?q=YX2026"),
        Picture("faults", HEAD, "/console/faults"),
        Picture("admin", KEEPER, "/console/admin"),
        Picture("accounts", KEEPER, "/console/admin/accounts"),
        Picture("settings", KEEPER, "/console/admin/settings"),
        Picture("import", KEEPER, "/console/admin/import"),
        Picture("audit", AUDITOR, "/console/audit"),
    )


OWN_PAGES = ("", "/rules", "/map", "/leave", "/leave/new", "/data", "/matters", "/objections")


def _take(
    browser: Browser, service: SampleService, worked: Worked, pictures: Sequence[Picture], folder: Path, language: str, scheme: str
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pages: dict[str, Page] = {}
    for picture in pictures:
        page = pages.get(picture.login) or _logged_in(browser, service, picture.login, language, scheme)
        pages[picture.login] = page
        answer = page.goto(service.url + picture.path)
        page.wait_for_timeout(1_200)
        page.screenshot(path=folder / f"{picture.file}.png")
        print(f"{picture.file:14} {answer.status if answer else '-'} {page.title()}", flush=True)
    phone: Mapping[str, Any] = {"viewport": PHONE, "device_scale_factor": 2, "is_mobile": True, "has_touch": True, "color_scheme": scheme}
    page = browser.new_context(**phone).new_page()
    page.goto(worked.own_address)
    for path in OWN_PAGES if len(pictures) > 5 else OWN_PAGES[:1]:
        page.goto(f"{service.url}/me{path}")
        page.screenshot(path=folder / f"own{path.replace('/', '-')}.png")


def _logged_in(browser: Browser, service: SampleService, login: str, language: str, scheme: Any) -> Page:
    page = browser.new_context(viewport=DESK, color_scheme=scheme, locale="zh-CN").new_page()  # type: ignore[arg-type]
    page.goto(f"{service.url}/console/login")
    page.fill("#login", login)
    page.fill("#password", _password(service, login))
    with page.expect_navigation():
        page.click("button.main")
    if language == "en":
        with page.expect_navigation():
            page.click("button[value=en]")
    if page.query_selector(".why summary"):
        page.click(".why summary")
        page.fill("#why", "Regular supervision" if language == "en" else "日常监管")
        with page.expect_navigation():
            page.click(".why form button")
    return page


def _as(service: SampleService, login: str) -> ApiClient:
    client = ApiClient(service.url)
    client.log_in(login, _password(service, login))
    return client


def _password(service: SampleService, login: str) -> str:
    with open(service.folder / "passwords.csv", encoding="utf-8-sig", newline="") as lines:
        return next(row["password"] for row in csv.DictReader(lines) if row["login"] == login)


if __name__ == "__main__":
    raise SystemExit(main())
