// The evidence of a violation on a map: the zone as it was, the deciding fixes with their circles of accuracy, the track before and after.
import Feature from "ol/Feature.js";
import Circle from "ol/geom/Circle.js";
import LineString from "ol/geom/LineString.js";
import Point from "ol/geom/Point.js";
import GeoJSON from "ol/format/GeoJSON.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Circle as Dot, Fill, Stroke, Style, Text } from "ol/style.js";
import { colour, font, openMap } from "./ground.js";

const GAP_MS = 45 * 60_000;

export function showEvidence() {
  const target = document.getElementById("evidence-map");
  if (!target || target.dataset.shown) return;
  target.dataset.shown = "yes";
  target.hidden = false;
  const plain = target.parentElement.querySelector(".plain-map");
  if (plain) plain.hidden = true;
  const told = JSON.parse(target.dataset.drawn);
  const ground = openMap(target);
  const source = new VectorSource();
  const place = ([lon, lat]) => ground.toView([lon, lat]);
  const circle = ([lon, lat, accuracy]) => {
    const centre = place([lon, lat]);
    return new Circle(centre, (accuracy || 0) * ground.metresAt(centre));
  };
  if (told.zone) source.addFeatures(zoneFeatures(told.zone, place));
  source.addFeatures(trackFeatures(told, place));
  for (const [index, fix] of told.fixes.entries()) {
    if (fix[2] !== null) source.addFeature(styled(new Feature(circle(fix)), around()));
    source.addFeature(styled(new Feature(new Point(place(fix))), dot(String(index + 1), fix[2] === null)));
  }
  ground.map.addLayer(new VectorLayer({ source }));
  showChosen(target, ground, circle, place);
  const extent = new VectorSource({ features: told.fixes.map((fix) => new Feature(circle([fix[0], fix[1], Math.max(fix[2] || 0, 150, told.edge_m * 1.1)]))) });
  ground.fit(extent.getExtent(), { maxZoom: 16 });
}

/** The fix that is read on the curve beside the map, in its own ring; brought into view where it is not. */
function showChosen(target, ground, circle, place) {
  const source = new VectorSource();
  ground.map.addLayer(new VectorLayer({ source, zIndex: 9 }));
  target.closest("#evidence").addEventListener("fix-chosen", ({ detail }) => {
    source.clear();
    if (!detail.place) return;
    const at = place(detail.place);
    const ring = new Dot({ radius: 9, stroke: new Stroke({ color: colour("ink"), width: 3 }) });
    if (detail.place[2]) source.addFeature(styled(new Feature(circle(detail.place)), around()));
    source.addFeature(styled(new Feature(new Point(at)), new Style({ image: ring })));
    const view = ground.map.getView();
    const [west, south, east, north] = view.calculateExtent(ground.map.getSize());
    if (at[0] < west || at[0] > east || at[1] < south || at[1] > north) view.setCenter(at);
  });
}

const styled = (feature, ...styles) => (feature.setStyle(styles), feature);

function zoneFeatures({ kind, outline }, place) {
  const wrong = kind === "exclusion";
  const line = colour(wrong ? "bad" : "good");
  const [feature] = new GeoJSON().readFeatures({ type: "Feature", geometry: outline });
  const geometry = feature.getGeometry();
  geometry.applyTransform((input, output, stride) => {
    for (let i = 0; i < input.length; i += stride) [output[i], output[i + 1]] = place([input[i], input[i + 1]]);
    return output;
  });
  const style = new Style({ stroke: new Stroke({ color: line, width: 2, lineDash: wrong ? [8, 5] : undefined }), fill: new Fill({ color: `${line}1c` }) });
  return [styled(feature, style)];
}

function trackFeatures({ track, from, until }, place) {
  const made = [];
  for (let i = 1; i < track.length; i += 1) {
    const [before, after] = [track[i - 1], track[i]];
    const within = after[3] >= from && before[3] <= until;
    const style = new Style({
      stroke: new Stroke({ color: colour(within ? "accent" : "soft"), width: within ? 2 : 1.5, lineDash: after[3] - before[3] > GAP_MS ? [3, 6] : undefined }),
    });
    made.push(styled(new Feature(new LineString([place(before), place(after)])), style));
  }
  for (const fix of track) {
    const within = fix[3] >= from && fix[3] <= until;
    const image = new Dot({ radius: 2.5, fill: new Fill({ color: colour(within ? "accent" : "soft") }) });
    made.push(styled(new Feature(new Point(place(fix))), new Style({ image })));
  }
  return made;
}

const around = () => new Style({ stroke: new Stroke({ color: colour("accent"), width: 1 }), fill: new Fill({ color: `${colour("accent")}1f` }) });

function dot(label, unclaimed) {
  const fill = new Fill({ color: colour(unclaimed ? "paper" : "accent") });
  return new Style({
    zIndex: 5,
    image: new Dot({ radius: 6, fill, stroke: new Stroke({ color: colour(unclaimed ? "accent" : "paper"), width: 2 }) }),
    text: new Text({ text: label, font, offsetX: 14, offsetY: -8, fill: new Fill({ color: colour("ink") }), stroke: new Stroke({ color: colour("paper"), width: 3 }) }),
  });
}
