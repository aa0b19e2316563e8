"""The map of everybody and a day's replay, as they are used: by mouse, by keyboard, and on a base map in another datum."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from corrections.console.base_map import NOTHING
from corrections.domain.geodesy import distance_m, from_wgs84
from corrections.domain.model import Datum
from tests.browser.bureau import CONVICTED, MINOR, NOW, SILENT
from tests.browser.conftest import People
from tests.browser.judging import accessibility

YESTERDAY = NOW.date().replace(day=3)
EARTH_M = 6_378_137.0

# Where the sign of a subject who stands alone is on the screen, in view units, and how many signs there are.
SIGN = """() => {
  const { map } = window.correctionsMap;
  const source = map.getLayers().getArray().slice(-1)[0].getSource();
  const sign = source.getFeatures().find((feature) => feature.get("one"));
  const [x, y] = map.getPixelFromCoordinate(sign.getGeometry().getCoordinates());
  const { left, top } = map.getTargetElement().getBoundingClientRect();
  return { id: sign.get("one").id, number: sign.get("one").number, at: [left + x, top + y], place: sign.getGeometry().getCoordinates() };
}"""


def the_map(page: Page, address: str = "/console/map") -> Any:
    page.goto(address)
    expect(page.locator("#rows tr").first).to_be_visible()
    page.wait_for_function("() => window.correctionsMap.inView() > 0")
    page.wait_for_timeout(300)
    return page.evaluate(SIGN)


def test_a_sign_is_clicked_and_says_who_it_is(onlookers: People) -> None:
    page = onlookers("li", language="en")
    sign = the_map(page)

    page.mouse.click(*sign["at"])

    expect(page.locator("#card h2")).to_contain_text(sign["number"])
    expect(page.locator("#card").get_by_role("link", name="Replay")).to_have_attribute(
        "href", re.compile(rf"/console/subjects/{sign['id']}/replay\?day=2026-03-0\d")
    )
    assert accessibility(page) == []


def test_somebody_is_found_by_keyboard_alone(onlookers: People) -> None:
    page = onlookers("li", language="zh")
    the_map(page)

    page.keyboard.press("f")
    page.keyboard.type("YX2026004")
    page.keyboard.press("Enter")

    expect(page.locator("#card h2")).to_contain_text("Zhou Qi")
    expect(page.locator("#card")).to_contain_text("没有近期定位")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(page.locator("#card")).to_be_hidden()


def test_the_list_leaves_out_what_is_filtered_out(onlookers: People) -> None:
    page = onlookers("li", language="en")
    the_map(page)
    silent = page.locator("#rows .side.silent")
    expect(silent.first).to_be_visible()

    page.get_by_label("no recent fix").uncheck()

    expect(silent).to_have_count(0)
    expect(page.locator("#rows .side.wrong").first).to_be_visible()


def test_a_map_begins_with_whom_it_was_opened_for(onlookers: People) -> None:
    page = onlookers("head", language="en")
    the_map(page, f"/console/map?subject={SILENT}")

    expect(page.locator("#card h2")).to_contain_text("Zhou Qi")
    expect(page.locator("#rows tr[aria-current]")).to_contain_text("YX2026004")


def test_on_a_base_map_in_gcj02_all_is_shifted_to_match(onlookers: People) -> None:
    page = onlookers("li", language="en")
    base = json.dumps({"url": "/console/tiles/1/{z}/{x}/{y}", "datum": "GCJ02", "max_zoom": 14}).replace('"', "&#34;")
    page.route("**/console/tiles/**", lambda route: route.fulfill(body=NOTHING, content_type="image/png"))

    def with_base(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('data-base="null"', f'data-base="{base}"'))

    page.route(re.compile(r"/console/map$"), with_base)
    sign = the_map(page)
    rows = page.evaluate("async () => (await (await fetch('/console/map/positions')).json()).rows")
    lon, lat = next(row[4:6] for row in rows if row[0] == sign["id"])

    x, y = sign["place"]
    shown = math.degrees(2 * math.atan(math.exp(y / EARTH_M)) - math.pi / 2), math.degrees(x / EARTH_M)
    assert distance_m(*shown, *from_wgs84(lat, lon, Datum.GCJ02)) < 0.01
    assert distance_m(*shown, lat, lon) > 100


def test_a_day_is_stepped_through_and_played_by_keyboard(onlookers: People) -> None:
    page = onlookers("li", language="en")
    page.goto(f"/console/subjects/{CONVICTED}/replay?day={YESTERDAY}")
    clock = page.locator("#clock")
    expect(clock).to_have_text(re.compile(r"14:\d\d:\d\d"))  # where what was found begins
    expect(page.locator("#binding")).to_contain_text("Yunxi district")

    began = clock.inner_text()
    page.keyboard.press("ArrowRight")
    expect(clock).not_to_have_text(began)
    after = clock.inner_text()
    page.keyboard.press(",")
    page.keyboard.press(".")
    expect(clock).to_have_text(after)
    page.keyboard.press(" ")
    expect(page.locator("#play")).to_have_text("Pause")
    expect(clock).not_to_have_text(after)
    page.keyboard.press("k")
    expect(page.locator("#play")).to_have_text("Play")
    page.keyboard.press("p")
    expect(clock).to_have_text(began)


def test_what_was_found_is_a_link_on_the_time_line(onlookers: People) -> None:
    page = onlookers("li", language="en")
    page.goto(f"/console/subjects/{CONVICTED}/replay?day={YESTERDAY}")

    page.locator("#found-on a").first.click()

    page.wait_for_url("**/console/violations/*")


@pytest.mark.parametrize("width", [420, 1366])
def test_a_replay_has_its_map_and_its_line_on_any_screen(onlookers: People, width: int) -> None:
    page = onlookers("li", language="zh")
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(f"/console/subjects/{MINOR}/replay?day={YESTERDAY}")
    expect(page.locator("#controls")).to_be_visible()

    box = page.locator("#replay-map").bounding_box()
    assert box is not None
    assert box["height"] > 200
    page.locator("summary", has_text="文字列表").click()
    expect(page.locator("table.fixes tbody tr").first).to_be_visible()
    assert accessibility(page) == []
