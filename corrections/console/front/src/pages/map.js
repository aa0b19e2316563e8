// The map of everybody within reach, the list of those in view, and the card of whoever is chosen. Where few are within reach all are held
// here; where there are thousands, only those in view are asked for, and while they are too many even so, the server counts them by area.
import { boundingExtent, buffer, containsExtent } from "ol/extent.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Circle as Ring, Stroke, Style } from "ol/style.js";
import { ORDER, cluster, crowd } from "../map/crowd.js";
import { colour, openMap, whenRecoloured } from "../map/ground.js";
import { STANDINGS, point, styleOf, zoneFeature, zoneLayer } from "../map/layers.js";
import { span, t } from "../core/words.js";

const REFRESH_MS = 20_000;
const COUNTS_MS = 60_000;
const CELL_PX = 64;
const REST_MS = 150; // after which a map that was moved lies still
const MOST_ROWS = 150;
const MARGIN = 0.15; // of the view, beyond which people are asked for, too

const target = document.getElementById("map");
if (target) start();

function start() {
  const $ = (id) => document.getElementById(id);
  const words = JSON.parse($("words").textContent);
  const ground = openMap(target);
  const view = ground.map.getView();
  const people = new VectorSource();
  const chosen = new VectorSource();
  const zones = zoneLayer(ground);
  zones.setVisible(false);
  for (const layer of [zones, new VectorLayer({ source: chosen }), new VectorLayer({ source: people, renderBuffer: 300 })]) ground.map.addLayer(layer);

  let all = []; // who is held
  let cells = []; // or counts by area
  let listed = []; // who is listed meanwhile: those on the wrong side
  let whole = false; // whether all within reach are held
  let asked = null; // the extent and resolution that was asked for
  let placed = false;
  let wanted = Number(target.dataset.subject) || null;
  let shownAt = 0; // when `all` was received: ages go on from then
  let counting = 0;
  let turn = 0;

  const office = () => ($("office") && $("office").value) || "";
  const kinds = () => [...document.querySelectorAll("#standings input")].map((box) => box.checked);
  const shown = (among = kinds()) => all.filter((one) => among[one.standing]);
  const extent = () => view.calculateExtent(ground.map.getSize());

  async function ask(address, query = {}) {
    const pairs = Object.entries(query).filter(([, value]) => value !== "");
    const answer = await fetch(pairs.length ? `${address}?${new URLSearchParams(pairs)}` : address, { credentials: "same-origin" });
    if (answer.redirected || answer.status === 401) document.dispatchEvent(new CustomEvent("session-ended"));
    if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
    return answer;
  }

  /** Ask for the positions anew: of all, or of what is in view. */
  async function refresh() {
    if (document.hidden) return;
    const mine = (turn += 1);
    const boxed = placed && !whole;
    const [around, resolution] = [wider(extent()), view.getResolution()];
    asked = boxed ? { around, resolution } : null;
    try {
      const told = await (await ask("/console/map/positions", boxed ? { ...box(around), cell: cellOf(resolution), office: office() } : { office: office() })).json();
      if (mine !== turn) return; // another was asked for meanwhile
      take(told);
      whole = !boxed && !cells.length;
      if (!boxed) tally(told.counts, told.unlocated);
      else count();
      listed = cells.length && placed ? (await (await ask("/console/map/wrong", { ...box(extent()), office: office() })).json()).rows.map(person) : [];
    } catch {
      asked = null;
      return say(t("暂时读不到位置，稍后自动再试。", "The positions cannot be read just now; it is tried again."), true);
    }
    if (!placed) place();
    draw();
    return undefined;
  }

  /** The figures of the legend are of all within reach, also while only a part is held. */
  async function count() {
    if (Date.now() - counting < COUNTS_MS) return;
    const { counts, unlocated } = await (await ask("/console/map/counts", { office: office() })).json();
    tally(counts, unlocated);
  }

  function tally(counts, unlocated) {
    counting = Date.now();
    counts.forEach((n, standing) => (document.querySelector(`[data-count="${standing}"]`).textContent = n));
    const total = counts.reduce((a, b) => a + b, 0);
    const more = unlocated ? t(`，另 ${unlocated} 人尚无定位`, `; ${unlocated} without a position`) : "";
    say(total || unlocated ? t(`共 ${total} 人${more}`, `${total} subjects${more}`) : t("您所管范围内没有可定位的对象。", "Nobody within your reach may be located."));
  }

  function take(told) {
    shownAt = performance.now();
    all = told.rows.map(person);
    cells = told.cells.map(([lon, lat, ...counts]) => ({ place: ground.toView([lon, lat]), counts }));
  }

  const person = ([id, number, name, at, lon, lat, accuracy, age, standing]) => ({ id, number, name, office: at, accuracy, age, standing, place: lon === null ? null : ground.toView([lon, lat]) });
  const wider = ([west, south, east, north]) => [west - (east - west) * MARGIN, south - (north - south) * MARGIN, east + (east - west) * MARGIN, north + (north - south) * MARGIN];
  /** A width of cells that stays the same for a while when zooming, so that they do, too. */
  const cellOf = (resolution) => 2 ** Math.round(Math.log2((CELL_PX * resolution) / 111_320));

  function box([west, south, east, north]) {
    const [a, b] = [ground.fromView([west, south]), ground.fromView([east, north])];
    return { west: a[0].toFixed(5), south: a[1].toFixed(5), east: b[0].toFixed(5), north: b[1].toFixed(5) };
  }

  /** Where the map begins: as it was left, at whom it was opened for, or so that nearly everybody is in view. */
  function place() {
    placed = true;
    const left = /^#(\d[\d.]*)\/(-?\d[\d.]*)\/(-?\d[\d.]*)$/.exec(location.hash);
    if (wanted) choose(wanted, true);
    else if (left) {
      view.setZoom(Number(left[1]));
      view.setCenter(ground.toView([Number(left[2]), Number(left[3])]));
    } else everybody();
  }

  function everybody() {
    const places = all.length ? all.map((one) => [one.place, 1]) : cells.map((cell) => [cell.place, cell.counts.reduce((a, b) => a + b, 0)]);
    if (places.length) ground.fit(buffer(most(places), 200), { maxZoom: 15 });
  }

  function draw() {
    people.clear(true);
    const among = kinds();
    people.addFeatures(cells.length ? cells.flatMap((cell) => counts(cell, among)) : crowd(shown(among), view.getResolution(), ground));
    list();
    mark();
  }

  function counts({ place: at, counts: of }, among) {
    const kept = of.map((n, standing) => (among[standing] ? n : 0));
    return kept.some(Boolean) ? [cluster(at, kept)] : [];
  }

  /** A ring around whoever is chosen. */
  function mark() {
    chosen.clear(true);
    const one = all.find(({ id }) => id === wanted);
    if (one) chosen.addFeature(point(one.place, styleOf("chosen", () => new Style({ image: new Ring({ radius: 17, stroke: new Stroke({ color: colour("accent"), width: 3 }) }) }))));
  }

  function list() {
    const [west, south, east, north] = extent();
    const among = kinds();
    const inside = (cells.length ? listed.filter(({ standing }) => among[standing]) : shown()).filter(({ place: [x, y] }) => x >= west && x <= east && y >= south && y <= north);
    inside.sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing) || a.age - b.age);
    const focused = document.activeElement.dataset.subject;
    $("rows").replaceChildren(...inside.slice(0, MOST_ROWS).map(row));
    const again = focused && $("rows").querySelector(`[data-subject="${focused}"]`);
    if (again) again.focus({ preventScroll: true });
    const more = inside.length - MOST_ROWS;
    $("more").textContent = cells.length
      ? t("图中人数较多，按区域合计，仅列出不符合的对象。放大后逐人列出，也可直接查找。", "There are many: they are counted by area, and only those on the wrong side are listed. Zoom in to list each, or find somebody.")
      : more > 0 ? t(`另有 ${more} 人，请放大或筛选。`, `${more} more: zoom in or filter.`) : inside.length ? "" : t("图中没有对象。可缩小地图，或点“全图”。", "Nobody is in view. Zoom out, or press “Everybody”.");
  }

  function row(one) {
    const line = document.createElement("tr");
    const name = Object.assign(document.createElement("button"), { type: "button", className: "as-link", textContent: `${one.number} ${one.name}`, lang: "zh-CN" });
    name.dataset.subject = one.id;
    name.addEventListener("click", () => choose(one.id, true, one));
    const how = Object.assign(document.createElement("span"), { className: `side ${STANDINGS[one.standing]}`, textContent: words.standings[one.standing] });
    const age = one.age + (performance.now() - shownAt) / 1000;
    const exact = one.accuracy === null ? t("精度未提供", "no accuracy") : `± ${one.accuracy >= 1000 ? t(`${(one.accuracy / 1000).toFixed(1)} 公里`, `${(one.accuracy / 1000).toFixed(1)} km`) : t(`${one.accuracy} 米`, `${one.accuracy} m`)}`;
    const when = Object.assign(document.createElement("span"), { textContent: t(`${span(age)}前`, `${span(age)} ago`) });
    when.append(Object.assign(document.createElement("small"), { textContent: exact }));
    for (const content of [name, how, when]) line.insertCell().append(content);
    if (one.id === wanted) line.setAttribute("aria-current", "true");
    return line;
  }

  /** Show somebody's card; `fly` there, too. */
  async function choose(id, fly, known = all.find((one) => one.id === id)) {
    wanted = id;
    if (fly && known && known.place) flyTo(known);
    mark();
    for (const line of $("rows").querySelectorAll("[aria-current]")) line.removeAttribute("aria-current");
    const card = $("card");
    card.hidden = false;
    card.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(`/console/map/subjects/${id}`);
      if (wanted !== id) return;
      card.innerHTML = await answer.text();
      $("close").addEventListener("click", close);
      if (fly && !known) {
        const found = (await seek(card.querySelector(".number").textContent)).find((one) => one.id === id);
        if (found && found.place) flyTo(found);
      }
    } catch (error) {
      card.textContent = error.message === "404" ? t("您的管理范围内没有该对象。", "There is no such subject within your reach.") : t("暂时读不到，请稍后再试。", "This cannot be read just now; try again.");
    }
    card.removeAttribute("aria-busy");
    $("in-view").scrollTop = 0;
  }

  const flyTo = ({ place: at, accuracy }) => {
    const around = Math.max((accuracy || 50) * 3, 300) * ground.metresAt(at);
    ground.fit(buffer([...at, ...at], around), { maxZoom: 17, duration: 250 });
  };

  function close() {
    wanted = null;
    $("card").hidden = true;
    target.focus({ preventScroll: true });
    mark();
  }

  async function seek(text) {
    if (!text) return [];
    const { rows } = await (await ask("/console/map/find", { q: text })).json();
    const found = rows.map(person);
    $("found").replaceChildren(...found.map(({ number, name }) => Object.assign(document.createElement("option"), { value: `${number} ${name}` })));
    return found;
  }

  let typed = 0;
  $("find").addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(() => seek($("find").value.split(" ")[0].trim()).catch(() => {}), 200);
  });
  $("find").addEventListener("change", async () => {
    clearTimeout(typed);
    const sought = $("find").value.trim();
    const found = await seek(sought.split(" ")[0]);
    const one = found.find(({ number, name }) => sought === `${number} ${name}` || sought === number || sought === name) || (found.length === 1 && found[0]);
    if (one) choose(one.id, true, one);
    if (sought && !one) say(found.length ? t(`有 ${found.length} 人符合，请选择其一。`, `${found.length} match: choose one.`) : t(`没有找到“${sought}”。`, `Nobody like “${sought}” is found.`), true);
    if (one && !one.place) say(t("该对象尚无定位。", "There is no position of this subject yet."), true);
  });
  $("standings").addEventListener("change", draw);
  if ($("office")) {
    $("office").addEventListener("change", () => {
      [placed, whole, counting] = [false, false, 0];
      wanted = null;
      history.replaceState(null, "", location.pathname);
      refresh();
    });
  }
  $("all").addEventListener("click", () => {
    if (whole) return everybody();
    [placed, wanted] = [false, null];
    history.replaceState(null, "", location.pathname);
    return refresh();
  });
  $("zones").addEventListener("change", async () => {
    const source = zones.getSource();
    if ($("zones").checked && !source.getFeatures().length) {
      const told = await (await ask("/console/map/zones")).json();
      source.addFeatures(told.map(([, name, kind, outline]) => zoneFeature(ground, { name, kind, outline })));
    }
    zones.setVisible($("zones").checked);
  });
  /** The sign next to a place of the screen, of somebody before a cluster's; OpenLayers would paint all signs anew to tell. */
  function signAt(pixel) {
    let [found, least] = [null, 24];
    for (const feature of people.getFeatures()) {
      if (!feature.get("one") && !feature.get("counts")) continue;
      const [x, y] = ground.map.getPixelFromCoordinate(feature.getGeometry().getFirstCoordinate());
      const away = Math.hypot(x - pixel[0], y - pixel[1]) + (feature.get("one") ? 0 : 4);
      if (away < least) [found, least] = [feature, away];
    }
    return found;
  }
  ground.map.on("click", (event) => {
    const feature = signAt(event.pixel);
    if (!feature) return;
    if (feature.get("one")) choose(feature.get("one").id, false);
    else open(feature);
  });
  /** Into a cluster: so far that its people come apart. */
  function open(feature) {
    const group = feature.get("group");
    const around = group ? boundingExtent(group.map(({ place: at }) => at)) : null;
    if (around && Math.max(around[2] - around[0], around[3] - around[1]) > 5) ground.fit(around, { maxZoom: 19, duration: 250, padding: [80, 80, 80, 80] });
    else view.animate({ center: feature.getGeometry().getFirstCoordinate(), zoom: Math.min(view.getZoom() + 2, 20), duration: 250 });
  }
  ground.map.on("pointermove", (event) => {
    if (!event.dragging) target.style.cursor = signAt(event.pixel) ? "pointer" : "";
  });
  let drawnAt = null;
  let resting = 0;
  ground.map.on("moveend", () => {
    if (!placed) return;
    if (view.getResolution() !== drawnAt && !cells.length) draw();
    drawnAt = view.getResolution();
    clearTimeout(resting);
    resting = setTimeout(rest, REST_MS);
  });
  /** Once the map lies still. */
  function rest() {
    const held = asked && containsExtent(asked.around, extent()) && cellOf(asked.resolution) === cellOf(view.getResolution());
    if (whole || held) list();
    else refresh();
    const [lon, lat] = ground.fromView(view.getCenter());
    history.replaceState(null, "", `${location.pathname}${location.search}#${view.getZoom().toFixed(2)}/${lon.toFixed(5)}/${lat.toFixed(5)}`);
  }
  whenRecoloured(draw);

  refresh();
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
  document.body.addEventListener("live-all", refresh);
  window.correctionsMap = {
    map: ground.map,
    inView: () => {
      const [west, south, east, north] = extent();
      const points = all.length ? all.map(({ place: at_ }) => ({ place: at_, n: 1 })) : cells.map(({ place: at_, counts: of }) => ({ place: at_, n: of.reduce((a, b) => a + b, 0) }));
      return points.reduce((sum, { place: [x, y], n }) => sum + (x >= west && x <= east && y >= south && y <= north ? n : 0), 0);
    },
  };
}

/** Where all but the outermost hundredths are, on each side: one who is far away does not make all others small. */
function most(places) {
  const total = places.reduce((sum, [, n]) => sum + n, 0);
  const cut = total > 50 ? total * 0.02 : 0;
  const edges = [0, 1].map((axis) => {
    const sorted = [...places].sort(([a], [b]) => a[axis] - b[axis]);
    const end = (list) => {
      let passed = 0;
      for (const [at, n] of list) if ((passed += n) > cut) return at[axis];
      return list[list.length - 1][0][axis];
    };
    return [end(sorted), end(sorted.reverse())];
  });
  return [edges[0][0], edges[1][0], edges[0][1], edges[1][1]];
}

function say(text, urgent = false) {
  const state = document.getElementById("state");
  state.textContent = text;
  state.classList.toggle("late", urgent);
}
