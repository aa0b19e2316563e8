// The map of everybody within reach: symbols by standing (shape and colour), clusters that say how many stand how, the last position always
// with its circle and its age. Clusters are made for each zoom on a grid that stands still while the map moves; moving draws what is there.
import Feature from "ol/Feature.js";
import GeoJSON from "ol/format/GeoJSON.js";
import Circle from "ol/geom/Circle.js";
import Point from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Fill, Icon, Stroke, Style } from "ol/style.js";
import { colour, openMap } from "../map/ground.js";
import { metres, span, t } from "../core/words.js";

const REFRESH_MS = 20_000;
const CELL_PX = 58;
const CLOSE = 3; // metres a pixel, from which on nobody is put together with others
const MOST_ROWS = 150;
const COLOURS = ["good", "bad", "warn", "soft"];
const ORDER = [1, 2, 3, 0]; // those that ask for a look first
const FADES_S = 6 * 3600;

const target = document.getElementById("map");
function start() {
  const words = JSON.parse(document.getElementById("words").textContent);
  const ground = openMap(target);
  const source = new VectorSource();
  const zones = new VectorLayer({ source: new VectorSource(), visible: false });
  ground.map.addLayer(zones);
  ground.map.addLayer(new VectorLayer({ source, renderBuffer: 400, updateWhileInteracting: false, updateWhileAnimating: false }));
  const view = ground.map.getView();
  let all = [];
  let cells = [];
  let placed = false;
  let wanted = Number(target.dataset.subject) || null;

  const standings = () => new Set([...document.querySelectorAll("#standings input:checked")].map((box) => Number(box.value)));
  const office = () => Number((document.getElementById("office") || {}).value || 0);
  const shown = () => {
    const kinds = standings();
    const at = office();
    return all.filter((one) => kinds.has(one.standing) && (!at || one.office === at));
  };

  async function refresh() {
    if (document.hidden) return;
    const query = cells.length && placed ? `?${new URLSearchParams(box())}` : "";
    let told;
    try {
      const answer = await fetch(`/console/map/positions${query}`, { credentials: "same-origin" });
      if (answer.status === 401) return document.dispatchEvent(new CustomEvent("session-ended"));
      told = await answer.json();
    } catch {
      return say(t("暂时读不到位置，稍后自动再试。", "The positions cannot be read just now; it is tried again."));
    }
    all = told.rows.map(([id, number, name, at, lon, lat, accuracy, age, standing]) => ({ id, number, name, office: at, lon, lat, accuracy, age, standing, place: ground.toView([lon, lat]) }));
    cells = told.cells.map(([lon, lat, ...counts]) => ({ place: ground.toView([lon, lat]), counts }));
    const missing = told.unlocated ? t(`，另有 ${told.unlocated} 人没有位置`, `; ${told.unlocated} more have no position`) : "";
    const total = all.length || cells.reduce((sum, cell) => sum + cell.counts.reduce((a, b) => a + b, 0), 0);
    say(t(`${total} 人${missing}`, `${total} subjects${missing}`));
    count();
    if (!placed && total) placeView();
    draw();
    offer();
  }

  function box() {
    const [west, south, east, north] = view.calculateExtent(ground.map.getSize());
    const [a, b] = [ground.fromView([west, south]), ground.fromView([east, north])];
    return { west: a[0].toFixed(5), south: a[1].toFixed(5), east: b[0].toFixed(5), north: b[1].toFixed(5) };
  }

  function placeView() {
    placed = true;
    const one = wanted && all.find(({ id }) => id === wanted);
    if (one) return choose(one, true);
    const points = all.length ? all.map(({ place }) => place) : cells.map(({ place }) => place);
    ground.fit(new VectorSource({ features: points.map((place) => new Feature(new Point(place))) }).getExtent(), { maxZoom: 15 });
  }

  function count() {
    for (const [index] of COLOURS.entries()) {
      const n = all.length ? all.filter(({ standing }) => standing === index).length : cells.reduce((sum, { counts }) => sum + counts[index], 0);
      document.querySelector(`[data-count="${index}"]`).textContent = n;
    }
  }

  function draw() {
    const resolution = view.getResolution();
    const features = cells.length ? cells.map(({ place, counts }) => cluster(place, counts)) : grouped(shown(), resolution);
    source.clear(true);
    source.addFeatures(features);
    list();
  }

  function grouped(people, resolution) {
    if (resolution <= CLOSE) return people.flatMap((one) => alone(one, ground));
    const size = CELL_PX * resolution;
    const groups = new Map();
    for (const one of people) {
      const key = `${Math.floor(one.place[0] / size)}:${Math.floor(one.place[1] / size)}`;
      const group = groups.get(key);
      if (group) group.push(one);
      else groups.set(key, [one]);
    }
    return [...groups.values()].flatMap((group) => (group.length === 1 ? alone(group[0], ground) : cluster(middle(group), counted(group), group)));
  }

  function list() {
    const extent = view.calculateExtent(ground.map.getSize());
    const inside = shown().filter(({ place: [x, y] }) => x >= extent[0] && x <= extent[2] && y >= extent[1] && y <= extent[3]);
    inside.sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing) || a.age - b.age);
    const rows = inside.slice(0, MOST_ROWS).map((one) => row(one, words, () => choose(one, true)));
    document.getElementById("rows").replaceChildren(...rows);
    const more = inside.length - MOST_ROWS;
    document.getElementById("more").textContent = cells.length
      ? t("人数较多，按区域合计；放大后逐人显示。", "There are many: counted by area; zoom in to see each.")
      : more > 0 ? t(`另有 ${more} 人，请放大或筛选。`, `${more} more: zoom in or filter.`) : inside.length ? "" : t("图中没有对象。", "Nobody is in view.");
  }

  function choose(one, fly) {
    wanted = one.id;
    if (fly) ground.fit(new Circle(one.place, Math.max((one.accuracy || 50) * 4, 300) * ground.metresAt(one.place)).getExtent(), { maxZoom: 17 });
    const card = document.getElementById("card");
    card.replaceChildren(...told(one, words));
    card.hidden = false;
  }

  function offer() {
    const options = shown().slice(0, 2000).map((one) => Object.assign(document.createElement("option"), { value: `${one.number} ${one.name}` }));
    document.getElementById("found").replaceChildren(...options);
  }

  document.getElementById("find").addEventListener("change", (event) => {
    const sought = event.target.value.trim();
    const one = sought && all.find(({ number, name }) => `${number} ${name}` === sought || number === sought || name === sought || `${number} ${name}`.includes(sought));
    if (one) choose(one, true);
    else if (sought) say(t(`没有找到“${sought}”。`, `Nobody like “${sought}” is found.`));
  });
  document.getElementById("standings").addEventListener("change", draw);
  if (document.getElementById("office")) document.getElementById("office").addEventListener("change", draw);
  document.getElementById("zones").addEventListener("change", async (event) => {
    if (event.target.checked && !zones.getSource().getFeatures().length) zones.getSource().addFeatures(await zoneFeatures(ground));
    zones.setVisible(event.target.checked);
  });
  ground.map.on("click", (event) => {
    const feature = ground.map.forEachFeatureAtPixel(event.pixel, (found) => found, { hitTolerance: 6, layerFilter: (layer) => layer !== zones });
    if (!feature) return;
    const one = feature.get("one");
    if (one) choose(one, false);
    else view.animate({ center: feature.getGeometry().getFirstCoordinate(), zoom: view.getZoom() + 2, duration: 200 });
  });
  ground.map.on("pointermove", (event) => {
    if (!event.dragging) target.style.cursor = ground.map.hasFeatureAtPixel(event.pixel, { hitTolerance: 6, layerFilter: (layer) => layer !== zones }) ? "pointer" : "";
  });
  let at = null;
  ground.map.on("moveend", () => {
    if (cells.length) refresh();
    else if (view.getResolution() !== at) draw();
    else list();
    at = view.getResolution();
  });

  refresh();
  setInterval(refresh, REFRESH_MS);
  document.addEventListener("visibilitychange", refresh);
  document.body.addEventListener("live-all", refresh);
  window.correctionsMap = {
    map: ground.map,
    inView: () => {
      const [west, south, east, north] = view.calculateExtent(ground.map.getSize());
      const points = all.length ? all.map(({ place }) => ({ place, n: 1 })) : cells.map(({ place, counts }) => ({ place, n: counts.reduce((a, b) => a + b, 0) }));
      return points.reduce((sum, { place: [x, y], n }) => sum + (x >= west && x <= east && y >= south && y <= north ? n : 0), 0);
    },
  };
}

const say = (text) => (document.getElementById("state").textContent = text);
const middle = (group) => [0, 1].map((axis) => group.reduce((sum, { place }) => sum + place[axis], 0) / group.length);
const counted = (group) => COLOURS.map((_, index) => group.filter(({ standing }) => standing === index).length);

function alone(one, ground) {
  const features = [];
  if (one.accuracy) {
    const circle = new Feature(new Circle(one.place, one.accuracy * ground.metresAt(one.place)));
    circle.setStyle(ring(one.standing));
    features.push(circle);
  }
  const symbol = new Feature({ geometry: new Point(one.place), one });
  symbol.setStyle(mark(one.standing, one.age > FADES_S));
  return [...features, symbol];
}

function cluster(place, counts, group) {
  const feature = new Feature({ geometry: new Point(place), group });
  feature.setStyle(pie(counts));
  return feature;
}

const cached = new Map();
const styleOf = (key, make) => {
  if (!cached.has(key)) cached.set(key, make());
  return cached.get(key);
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());

const ring = (standing) =>
  styleOf(`ring${standing}`, () => new Style({ stroke: new Stroke({ color: colour(COLOURS[standing]), width: 1 }), fill: new Fill({ color: `${colour(COLOURS[standing])}1a` }) }));

/** Somebody: a disc, a triangle, a disc with a question mark, or a ring; paler where the position is old. */
const mark = (standing, old) =>
  styleOf(`mark${standing}${old}`, () => {
    const [canvas, pen] = sheet(26);
    pen.globalAlpha = old ? 0.55 : 1;
    pen.fillStyle = colour(COLOURS[standing]);
    pen.strokeStyle = colour("paper");
    pen.lineWidth = 2;
    pen.beginPath();
    if (standing === 1) {
      pen.moveTo(13, 3);
      pen.lineTo(23, 21);
      pen.lineTo(3, 21);
      pen.closePath();
    } else pen.arc(13, 13, 8, 0, 2 * Math.PI);
    if (standing === 3) {
      pen.fillStyle = colour("paper");
      pen.strokeStyle = colour("soft");
      pen.lineWidth = 3;
    }
    pen.fill();
    pen.stroke();
    if (standing === 2) label(pen, "?", 13, 13, colour("paper"), 13);
    return new Style({ image: new Icon({ img: canvas, scale: 1 / canvas.density }) });
  });

/** Several: their number within a ring that is divided by how they stand; the wrong side first, from the top. */
const pie = (counts) =>
  styleOf(`pie${counts}`, () => {
    const total = counts.reduce((a, b) => a + b, 0);
    const size = total < 10 ? 34 : total < 100 ? 40 : total < 1000 ? 48 : 58;
    const [canvas, pen] = sheet(size);
    const [c, r] = [size / 2, size / 2 - 3];
    pen.fillStyle = colour("paper");
    pen.beginPath();
    pen.arc(c, c, r, 0, 2 * Math.PI);
    pen.fill();
    let from = -Math.PI / 2;
    for (const standing of ORDER) {
      if (!counts[standing]) continue;
      const to = from + (2 * Math.PI * counts[standing]) / total;
      pen.beginPath();
      pen.arc(c, c, r, from, to);
      pen.strokeStyle = colour(COLOURS[standing]);
      pen.lineWidth = 5;
      pen.setLineDash(standing === 3 ? [2, 2] : []);
      pen.stroke();
      from = to;
    }
    label(pen, String(total), c, c, colour("ink"), size > 44 ? 15 : 13);
    return new Style({ image: new Icon({ img: canvas, scale: 1 / canvas.density }) });
  });

function sheet(size) {
  const canvas = document.createElement("canvas");
  canvas.density = Math.max(window.devicePixelRatio || 1, 1);
  canvas.width = canvas.height = size * canvas.density;
  const pen = canvas.getContext("2d");
  pen.scale(canvas.density, canvas.density);
  return [canvas, pen];
}

function label(pen, text, x, y, fill, size) {
  pen.fillStyle = fill;
  pen.font = `600 ${size}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, x, y + 1);
}

function row(one, words, choose) {
  const line = document.createElement("tr");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "as-link", textContent: `${one.number} ${one.name}` });
  button.addEventListener("click", choose);
  const how = Object.assign(document.createElement("span"), { className: `side ${["right", "wrong", "unknown", "silent"][one.standing]}`, textContent: words.standings[one.standing] });
  for (const content of [button, how, span(one.age)]) line.insertCell().append(content);
  return line;
}

function told(one, words) {
  const heading = Object.assign(document.createElement("h2"), { textContent: `${one.number} ${one.name}`, lang: "zh-CN" });
  const list = document.createElement("dl");
  const facts = [
    [t("情况", "Standing"), words.standings[one.standing]],
    [t("位置", "Position"), t(`${span(one.age)}前，精度 ${one.accuracy === null ? "未提供" : `± ${metres(one.accuracy)}`}`, `${span(one.age)} ago, ${one.accuracy === null ? "no accuracy given" : `± ${metres(one.accuracy)}`}`)],
  ];
  if (words.offices[one.office]) facts.push([t("司法所", "Office"), words.offices[one.office]]);
  for (const [name, value] of facts) {
    list.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
  }
  const links = document.createElement("p");
  for (const [address, text] of [[`/console/subjects/${one.id}`, t("对象", "Subject")], [`/console/subjects/${one.id}/replay`, t("轨迹回放", "Replay")]]) {
    links.append(Object.assign(document.createElement("a"), { href: address, textContent: text }), " ");
  }
  return [heading, list, links];
}

async function zoneFeatures(ground) {
  const answer = await fetch("/console/map/zones", { credentials: "same-origin" });
  const reader = new GeoJSON();
  return (await answer.json()).map(([id, name, kind, geometry]) => {
    const feature = reader.readFeature({ type: "Feature", geometry });
    feature.getGeometry().applyTransform((input, output, stride) => {
      for (let i = 0; i < input.length; i += stride) [output[i], output[i + 1]] = ground.toView([input[i], input[i + 1]]);
      return output;
    });
    const wrong = kind === "exclusion";
    const line = colour(wrong ? "bad" : "good");
    feature.setStyle(new Style({ stroke: new Stroke({ color: line, width: 1.5, lineDash: wrong ? [8, 5] : undefined }), fill: new Fill({ color: `${line}14` }) }));
    return feature;
  });
}

if (target) start();
