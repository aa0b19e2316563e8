"""Every page, in both languages: it opens without an error or a request to another host, axe finds nothing, and all is translated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from corrections.console.menu import MENU
from corrections.domain.model import Role
from corrections.store.access import ALLOWED
from tests.browser.bureau import CONVICTED, HOME, MINOR, NOW, ON_LEAVE, OUT, SCHOOL, SILENT, UNSAID, found_of
from tests.browser.conftest import Readers
from tests.browser.judging import accessibility, mixed
from tests.browser.looking import Language
from tests.browser.service import Service

LANGUAGES: tuple[Language, ...] = ("zh", "en")
TODAY, DAY = NOW.date(), NOW.date().replace(day=3)
ROLES = {"head": Role.OFFICE_HEAD, "li": Role.OFFICER, "bureau": Role.BUREAU, "admin": Role.ADMINISTRATOR, "auditor": Role.AUDITOR}

# What the menu does not name, and who opens it. {out} … are violations of the bureau.
DETAILS = [
    ("head", "/console/queue?tab=office"),
    ("head", "/console/queue?tab=decided"),
    ("li", "/console/violations/{out}"),
    ("li", "/console/violations/{school}"),
    ("li", "/console/violations/{silent}"),
    ("head", "/console/violations/{decided}"),
    ("li", "/console/violations/{out}/explanation"),
    ("li", "/console/violations/{silent}/explanation"),
    ("li", f"/console/subjects/{CONVICTED}"),
    ("head", f"/console/subjects/{MINOR}"),
    ("head", f"/console/subjects/{HOME}"),
    ("head", f"/console/subjects/{ON_LEAVE}"),
    ("head", f"/console/subjects/{OUT}/edit"),
    ("head", "/console/subjects/new"),
    ("li", f"/console/subjects/{OUT}/replay?day={TODAY}"),
    ("li", f"/console/subjects/{CONVICTED}/replay?day={DAY}"),
    ("head", f"/console/subjects/{OUT}/log/{DAY}"),
    ("head", "/console/search?q=YX2026"),
    ("head", "/console/search?q=99999"),
    ("head", "/console/zones/1"),
    ("bureau", "/console/zones/3/edit"),
    ("bureau", "/console/zones/new"),
    ("wang", "/console/checks/1"),
    ("head", "/console/leave/1"),
    ("head", "/console/leave/2"),
    ("head", "/console/leave/7"),
    ("li", f"/console/leave/new?subject={OUT}"),
    ("head", "/console/admin/roster"),
    ("head", "/console/objections"),
    ("li", "/console/account"),
    ("admin", "/console/admin/accounts"),
    ("admin", "/console/admin/accounts/1"),
    ("admin", "/console/admin/gateways"),
    ("admin", "/console/admin/outbox"),
    ("admin", "/console/admin/condition"),
    ("admin", "/console/admin/settings"),
    ("admin", "/console/admin/import"),
]
WITHOUT_PURPOSE = [
    "/console/violations/{out}", "/console/violations/{out}/explanation", f"/console/subjects/{OUT}", f"/console/subjects/{OUT}/log/{DAY}",
    "/console/map", f"/console/subjects/{OUT}/replay?day={TODAY}", "/console/log",
]  # fmt: skip
OWN = ["/me", "/me/rules", "/me/map", "/me/leave", "/me/leave/new", "/me/data", "/me/matters", "/me/objections", "/me/objections/new"]
MOST_FOLLOWED = 40
FILES = re.compile(r"\.(pdf|csv|json|geojson|kml|kmz|gpx|xlsx|html|svg|png)$|/(paper|certificate|content|file|static)\b")


def menu_of(role: Role) -> list[str]:
    return [entry.address for _, entries in MENU for entry in entries if role in ALLOWED[entry.action]]


@pytest.mark.parametrize(("login", "address"), [(login, address) for login, role in ROLES.items() for address in menu_of(role)])
def test_what_the_menu_names(readers: Readers, login: str, address: str) -> None:
    first = next(one for one, role in ROLES.items() if address in menu_of(role))
    nothing_in(findings(readers, login, address, languages=LANGUAGES if login == first else ("zh",)))


@pytest.mark.parametrize(("login", "address"), DETAILS)
def test_what_the_pages_lead_to(readers: Readers, desk: Service, login: str, address: str) -> None:
    nothing_in(findings(readers, login, filled(desk, address)))


@pytest.mark.parametrize("address", WITHOUT_PURPOSE)
def test_what_asks_for_a_purpose_first(readers: Readers, desk: Service, address: str) -> None:
    nothing_in(findings(readers, "li" + UNSAID, filled(desk, address)))


@pytest.mark.parametrize("address", OWN)
def test_what_a_subject_sees_on_her_phone(readers: Readers, address: str) -> None:
    nothing_in(findings(readers, None, address))


@pytest.mark.parametrize(
    ("login", "address", "status"),
    [("", "/console/login", 200), ("li", "/console/nowhere", 404), ("li", "/console/violations/99", 404), ("li", "/console/audit", 403),
     ("auditor", "/console/queue", 403)],
)  # fmt: skip
def test_what_says_no(readers: Readers, login: str, address: str, status: int) -> None:
    nothing_in(findings(readers, login, address, status=status))


@pytest.mark.parametrize(
    ("login", "address"), [*(("head", address) for address in menu_of(Role.OFFICE_HEAD)), *DETAILS, *((None, address) for address in OWN)]
)
def test_in_the_dark(readers: Readers, desk: Service, login: str | None, address: str) -> None:
    nothing_in(findings(readers, login, filled(desk, address), languages=("zh",), dark=True))


@pytest.mark.parametrize("login", [*ROLES, None])
def test_where_links_of_the_first_pages_lead(readers: Readers, desk: Service, login: str | None) -> None:
    """One address of each kind that no other test opens."""
    known = {kind(address) for _, address in DETAILS} | {kind(address) for role in Role for address in menu_of(role)}
    known |= {kind(address) for address in OWN}
    starts = OWN[:1] if login is None else menu_of(ROLES[login])
    found: list[str] = []
    page, watch = readers(login, "zh")
    addresses = list(followed(page, starts, known))[:MOST_FOLLOWED]
    page.goto("about:blank")
    watch.taken()  # of pages that other tests open
    for address in addresses:
        found += findings(readers, login, address)
    nothing_in(found)


# ---- how it is walked


def nothing_in(found: list[str]) -> None:
    assert not found, "\n".join(found)


def findings(
    readers: Readers, login: str | None, address: str, *, status: int = 200, languages: Sequence[Language] = LANGUAGES, dark: bool = False
) -> list[str]:
    """What is wrong with a page, in each language. ``login`` None: on the subject's phone; empty: nobody is logged in."""
    who, found = login or ("own" if login is None else "nobody"), list[str]()
    for language in languages:
        page, watch = readers(login, language, dark=dark)
        watch.allowed = () if status < 400 else (f"answer {status}: GET", f"status of {status}")
        answer = page.goto(address)
        told = answer.status if answer is not None else None
        wrong = judged(page, language, dark=dark) if told == status else [f"answered {told}"]
        page.goto("about:blank")  # what it complains of is heard before the next page is asked for, and it takes no time from others
        found += [f"{who} {address} [{language}{' dark' if dark else ''}] {one}" for one in [*wrong, *watch.taken()]]
    return found


def judged(page: Page, language: Language, *, dark: bool) -> list[str]:
    """What is held against the page, once its parts have come. In the dark only its colours are others."""
    page.wait_for_function("!document.querySelector('.htmx-request, [aria-busy=true]')")
    return accessibility(page, colours=True) if dark else accessibility(page) + mixed(page, language)


def filled(desk: Service, address: str) -> str:
    return address.format(
        out=found_of(desk.engine, OUT), school=found_of(desk.engine, SCHOOL), silent=found_of(desk.engine, SILENT),
        decided=found_of(desk.engine, CONVICTED),
    )  # fmt: skip


def followed(page: Page, starts: list[str], known: set[str]) -> Iterator[str]:
    """Addresses that these pages lead to, one of each kind that is not known."""
    for start in starts:
        page.goto(start)
        hrefs: list[str] = page.eval_on_selector_all("main a[href], nav a[href]", "all => all.map((a) => a.getAttribute('href'))")
        for href in hrefs:
            if href.startswith("/") and not FILES.search(urlsplit(href).path) and kind(href) not in known:
                known.add(kind(href))
                yield href


def kind(address: str) -> str:
    """The address without what tells one thing from another of its kind, and without how it is shown."""
    return re.sub(r"\d[\d-]*", "#", urlsplit(address).path)
