// All zones on a map, or one with the version before it.
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { openMap } from "../map/ground.js";
import { toFeature, zoneStyle } from "../map/shapes.js";

const all = document.getElementById("zones-map");
const one = document.getElementById("zone-map");
if (all) showAll();
if (one) showOne();

async function showAll() {
  const answer = await fetch("/console/zones/outlines.json", { credentials: "same-origin" });
  const zones = answer.ok ? await answer.json() : [];
  if (!zones.length) return;
  all.hidden = false;
  const ground = openMap(all);
  const source = new VectorSource();
  for (const [id, name, kind, geometry] of zones) {
    const feature = toFeature(ground, geometry);
    feature.setProperties({ id, name });
    feature.setStyle(zoneStyle(kind));
    source.addFeature(feature);
  }
  ground.map.addLayer(new VectorLayer({ source }));
  ground.fit(source.getExtent());
  ground.map.on("click", (event) => {
    const found = [];
    ground.map.forEachFeatureAtPixel(event.pixel, (feature) => void found.push(feature));
    const smallest = found.sort((a, b) => a.getGeometry().getArea() - b.getGeometry().getArea())[0];
    if (smallest) location.href = `/console/zones/${smallest.get("id")}`;
  });
}

function showOne() {
  const told = JSON.parse(document.getElementById("zone-drawn").textContent);
  const ground = openMap(one);
  const feature = toFeature(ground, told.outline);
  feature.setStyle(zoneStyle(told.kind));
  const source = new VectorSource({ features: [feature] });
  if (told.before) {
    const before = toFeature(ground, told.before);
    before.setStyle(zoneStyle(told.kind, { faint: true }));
    source.addFeature(before);
  }
  ground.map.addLayer(new VectorLayer({ source }));
  ground.fit(source.getExtent());
}
