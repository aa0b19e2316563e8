"""Browsers as people use them, and what is held against every page: no error, no other host, no accessibility finding, no word of the
other language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from corrections import clock
from corrections.console.door import LANGUAGE_COOKIE
from corrections.portal import visit as portal
from corrections.web import SESSION_COOKIE
from tests.browser.bureau import OWN_TOKEN
from tests.browser.service import RunningClock, Service

Language = Literal["zh", "en"]
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
AXE = Path(__file__).parents[2] / "corrections/console/front/node_modules/axe-core/axe.min.js"
LAW = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
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
    given = [(of_language, language, "/")] + ([(of_session, token or OWN_TOKEN, "/me" if own else "/")] if token or own else [])
    context.clear_cookies()
    context.add_cookies([{"name": n, "value": v, "domain": "127.0.0.1", "path": p} for n, v, p in given])


# ---- what is held against a page


def accessibility(page: Page, scope: str | None = None) -> list[str]:
    """What axe finds against WCAG 2.2, levels A and AA; in one part of the page where ``scope`` selects it."""
    page.evaluate(AXE.read_text(encoding="utf-8") + "\n;0")
    ask = """async ([tags, scope]) => (await axe.run(scope || document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]}))
      .violations.flatMap((v) => v.nodes.map((n) => `${v.id} (${v.impact}): ${n.target.join(" ")} :: ${n.failureSummary || ""}`))"""
    found: list[str] = page.evaluate(ask, [LAW, scope])
    return ["axe " + re.sub(r"\s+", " ", one)[:400] for one in found]


CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]*[A-Za-z]|[A-Za-z]")
TOLD = """([own, data]) => {
  const found = [];
  const isOther = (e) => { const l = e.closest("[lang]"); return l && l.getAttribute("lang").slice(0, 2) !== own; };
  const isData = (e) => e.closest(data);
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement;
    if (!e || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName) || !n.data.trim() || isOther(e) || isData(e)) continue;
    found.push([e.tagName.toLowerCase() + (e.className && e.className.baseVal === undefined ? "." + e.className.split(" ")[0] : ""), n.data.trim()]);
  }
  for (const e of document.querySelectorAll("[title],[aria-label],[alt],[placeholder],[data-label],[data-key-name],[data-confirm],[aria-description],[content],[label],button[value],input[type=submit][value],datalist option[value]")) {
    if (isOther(e) || isData(e)) continue;
    for (const a of ["title", "aria-label", "alt", "placeholder", "data-label", "data-key-name", "data-confirm", "aria-description", "label"])
      if (e.getAttribute(a)) found.push([`${e.tagName.toLowerCase()}[${a}]`, e.getAttribute(a)]);
    if (e.matches("input[type=submit], datalist option")) found.push([e.tagName.toLowerCase() + "[value]", e.getAttribute("value")]);
  }
  return found;
}"""
"""All texts of a page and of its attributes that people read or hear, with the kind of element that they stand in; what is marked as of
another language or as data is left out."""

DATA = "input, textarea, .data, code, kbd, samp, pre, [data-data]"

# What is the same in both languages: names of standards, formats and clients, units, and what people of the furnished bureau wrote.
WORDS_OF_ALL = frozenset(
    """A AA CSV PDF GeoJSON JSON KML KMZ GPX XLSX Excel QR ID IP GPS WGS-84 WGS GCJ-02 GCJ BD-09 BD CGCS CGCS2000 URL API HTTP HTTPS SHA HMAC
    OsmAnd OwnTracks Overland Traccar Client osmand owntracks overland traccar Wi-Fi WiFi UTC Asia Shanghai
    English m km s h d min j k g t q c l n z x f a u e r b i o p v w y Enter Esc Escape Ctrl Shift Alt Tab TOML toml config
    axe MB kB KB OpenLayers Android iOS iPhone Apple PMTiles MVT SSE""".split()
)


def mixed(page: Page, language: Language, names: Iterable[str]) -> list[str]:
    """Texts in the other language, with where they stand: Chinese characters on an English page, words that are neither
    ``WORDS_OF_ALL`` nor data on a Chinese one."""
    found: list[str] = []
    for where, said in page.evaluate(TOLD, [language, DATA]):
        text = re.sub(r"\s+", " ", said)
        if language == "en":
            if CHINESE.search(text):
                found.append(f"Chinese in {where}: {text[:120]}")
        elif words := _foreign(text, names):
            found.append(f"English in {where}: {text[:120]} ({', '.join(words[:6])})")
    return list(dict.fromkeys(found))


def _foreign(text: str, names: Iterable[str]) -> list[str]:
    for name in names:
        text = text.replace(name, " ")
    text = re.sub(r"\S*[/@_=]\S*|\b[0-9a-f]{7,}\b|\b[A-Z]{2}\d+\b", " ", text)  # addresses, keys, digests, numbers of subjects
    return [word for word in LATIN.findall(text) if word not in WORDS_OF_ALL]
