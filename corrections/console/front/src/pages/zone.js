// Drawing a zone: polygons with holes, circles, and lines for corridors; corners are moved, added and taken out (Alt and a click); each step can
// be undone. What is drawn stands in the form's fields, in WGS-84, and is kept in this tab until it is published.
import Collection from "ol/Collection.js";
import Feature from "ol/Feature.js";
import Circle from "ol/geom/Circle.js";
import Polygon from "ol/geom/Polygon.js";
import Draw from "ol/interaction/Draw.js";
import Modify from "ol/interaction/Modify.js";
import Snap from "ol/interaction/Snap.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { getArea, getLength } from "ol/sphere.js";
import { openMap } from "../map/ground.js";
import { toFeature, toGeoJson, zoneStyle } from "../map/shapes.js";
import { tryAndTell } from "../core/trial.js";
import { editWeek } from "../core/week.js";
import { metres, t } from "../core/words.js";

const form = document.getElementById("zone-form");
const field = (name) => form.elements.namedItem(name);
const ground = openMap(document.getElementById("draw-map"));
const source = new VectorSource();
const style = () => zoneStyle(field("kind").value);
const layer = new VectorLayer({ source, style });
const others = new VectorSource();
const steps = [];
const KEPT = `draft:drawn-${form.dataset.draft}`;
let drawing = null;

ground.map.addLayer(new VectorLayer({ source: others, opacity: 0.45 }));
ground.map.addLayer(layer);
document.getElementById("drawing").hidden = false;
const modify = new Modify({ source });
ground.map.addInteraction(modify);
ground.map.addInteraction(new Snap({ source }));
modify.on("modifystart", remember);
modify.on("modifyend", tell);

for (const button of document.querySelectorAll("[data-draw]")) button.addEventListener("click", () => act(button.dataset.draw));
document.getElementById("shapes").addEventListener("change", fold);
field("kind").addEventListener("change", () => layer.setStyle(style()));
field("outline").addEventListener("change", () => (remember(), take(field("outline").value)));
for (const name of ["lat", "lon", "radius_m"]) field(name).addEventListener("change", circleFromFields);
form.addEventListener("submit", (event) => {
  if (event.submitter && event.submitter.value === "publish") sessionStorage.removeItem(KEPT);
});

const kept = sessionStorage.getItem(KEPT);
if (!field("outline").value && kept) field("outline").value = kept;
if (field("outline").value) take(field("outline").value);
fold();
showOthers();
tryAndTell(form);
document.addEventListener("DOMContentLoaded", editWeek); // once a draft of the form was put back

function act(what) {
  stop();
  if (what === "undo") return undo();
  remember();
  if (what === "clear") return source.clear(), tell();
  if (what === "hole" && !source.getFeatures().length) return undefined;
  const type = { polygon: "Polygon", hole: "Polygon", circle: "Circle", line: "LineString" }[what];
  drawing = new Draw({ features: new Collection(), type });
  drawing.on("drawend", ({ feature }) => {
    stop();
    if (what === "hole") cut(feature.getGeometry());
    else {
      source.clear();
      source.addFeature(new Feature(feature.getGeometry()));
    }
    choose({ polygon: "drawn", hole: "drawn", circle: "circle", line: "corridor" }[what]);
    tell();
  });
  ground.map.addInteraction(drawing);
  return document.getElementById("draw-map").focus();
}

function stop() {
  if (drawing) ground.map.removeInteraction(drawing);
  drawing = null;
}

function cut(hole) {
  const geometry = source.getFeatures()[0].getGeometry();
  const ring = hole.getLinearRing(0);
  if (geometry.getType() === "Polygon") geometry.appendLinearRing(ring);
  else if (geometry.getType() === "MultiPolygon") {
    const parts = geometry.getPolygons();
    const inside = parts.find((part) => part.intersectsCoordinate(ring.getFirstCoordinate()));
    if (inside) inside.appendLinearRing(ring);
    geometry.setCoordinates(parts.map((part) => part.getCoordinates()));
  }
}

function remember() {
  steps.push(source.getFeatures().map((feature) => feature.getGeometry().clone()));
}

function undo() {
  const before = steps.pop();
  if (!before) return;
  source.clear();
  source.addFeatures(before.map((geometry) => new Feature(geometry)));
  tell();
}

/** What is drawn goes into the fields, with its measures beside. */
function tell() {
  const [feature] = source.getFeatures();
  const measured = document.getElementById("measured");
  measured.textContent = "";
  if (!feature) {
    field("outline").value = field("line").value = "";
    return;
  }
  const geometry = feature.getGeometry();
  if (geometry.getType() === "Circle") {
    const [lon, lat] = ground.fromView(geometry.getCenter());
    const radius = geometry.getRadius() / ground.metresAt(geometry.getCenter());
    field("lat").value = lat.toFixed(6);
    field("lon").value = lon.toFixed(6);
    field("radius_m").value = Math.round(radius);
    measured.textContent = t(`半径 ${metres(radius)}`, `radius ${metres(radius)}`);
  } else if (geometry.getType() === "LineString") {
    field("line").value = JSON.stringify(toGeoJson(ground, geometry));
    measured.textContent = t(`长 ${metres(getLength(geometry))}`, `${metres(getLength(geometry))} long`);
  } else {
    field("outline").value = JSON.stringify(toGeoJson(ground, geometry));
    sessionStorage.setItem(KEPT, field("outline").value);
    const km2 = (getArea(geometry) / 1e6).toFixed(2);
    measured.textContent = t(`面积 ${km2} 平方公里`, `${km2} km²`);
  }
}

function take(text) {
  try {
    const told = JSON.parse(text);
    const feature = toFeature(ground, told.geometry || told);
    source.clear();
    source.addFeature(feature);
    ground.fit(source.getExtent());
    tell();
  } catch {
    // WKT and KML are read by the service
  }
}

function circleFromFields() {
  const [lat, lon, radius] = ["lat", "lon", "radius_m"].map((name) => Number(field(name).value));
  if (!lat || !lon || !radius) return;
  const centre = ground.toView([lon, lat]);
  remember();
  source.clear();
  source.addFeature(new Feature(new Circle(centre, radius * ground.metresAt(centre))));
  ground.fit(source.getExtent());
}

function choose(shape) {
  form.querySelector(`[name=shape][value=${shape}]`).checked = true;
  fold();
}

function fold() {
  const shape = form.querySelector("[name=shape]:checked").value;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== shape;
}

async function showOthers() {
  const answer = await fetch("/console/zones/outlines.json", { credentials: "same-origin" });
  for (const [, , kind, geometry] of answer.ok ? await answer.json() : []) {
    const feature = toFeature(ground, geometry);
    feature.setStyle(zoneStyle(kind, { faint: true }));
    others.addFeature(feature);
  }
  if (!source.getFeatures().length && others.getFeatures().length) ground.fit(others.getExtent());
}

window.correctionsDrawing = { map: ground.map, source, Polygon };
