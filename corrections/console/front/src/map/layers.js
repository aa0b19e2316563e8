// What all maps draw alike: zones with their names, fixes as circles of their accuracy, tracks with gaps, signs of how somebody stands.
// Styles are made once for each sort and kept until light turns into dark.
import Feature from "ol/Feature.js";
import Circle from "ol/geom/Circle.js";
import LineString from "ol/geom/LineString.js";
import Point from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Fill, Icon, Stroke, Style, Text } from "ol/style.js";
import { colour, font, whenRecoloured } from "./ground.js";
import { toFeature, zoneStyle } from "./shapes.js";

export const STANDINGS = ["right", "wrong", "unknown", "silent"];
const COLOURS = { right: "good", wrong: "bad", unknown: "warn", silent: "soft" };

let kept = {};
whenRecoloured(() => (kept = {}));

/** The style of a sort, made when it is first asked for. */
export function styleOf(sort, make) {
  if (!kept[sort]) kept[sort] = make();
  return kept[sort];
}

/** The colour in which a standing is drawn; it is told by a shape, too. */
export const standingColour = (standing) => colour(COLOURS[standing]);

/** A layer that is drawn anew while the map moves, so that nothing jumps. */
export const liveLayer = (options = {}) => new VectorLayer({ source: new VectorSource(), updateWhileAnimating: true, updateWhileInteracting: true, ...options });

/** Zones with their names. Each is {kind: "inclusion"|"exclusion", name, outline: GeoJSON in WGS-84}. */
export function zoneLayer(ground, zones = []) {
  const layer = new VectorLayer({ source: new VectorSource(), declutter: true });
  layer.setStyle((feature) => styleOf(`zone ${feature.get("kind")} ${feature.get("name")}`, () => [zoneStyle(feature.get("kind")), named(feature.get("name"))]));
  layer.getSource().addFeatures(zones.map((zone) => zoneFeature(ground, zone)));
  return layer;
}

export function zoneFeature(ground, { kind, name, outline }) {
  const feature = toFeature(ground, outline);
  feature.setProperties({ kind, name });
  return feature;
}

const named = (name) =>
  new Style({
    text: new Text({ text: name, font, overflow: true, fill: new Fill({ color: colour("ink") }), stroke: new Stroke({ color: colour("paper"), width: 3 }) }),
  });

/** The circle of a fix's accuracy; null where the phone claimed none: then the sign itself says so. */
export function accuracyCircle(ground, place, accuracy, standing) {
  if (accuracy === null) return null;
  const circle = new Feature(new Circle(place, accuracy * ground.metresAt(place)));
  circle.setStyle(ring(standing));
  return circle;
}

const ring = (standing) =>
  styleOf(`ring ${standing}`, () => {
    const line = standingColour(standing);
    return new Style({ stroke: new Stroke({ color: line, width: 1 }), fill: new Fill({ color: `${line}1a` }) });
  });

/** Somebody, or a fix: a disc, a triangle, a disc with a question mark, or a ring; `fade` from 0 to 3 is how old it is. None looks exact: a
 * pale disc around it stands for the circle of accuracy where that is too small to be seen, and a dashed ring says that none was claimed. */
export const signStyle = (standing, { size = 26, fade = 0, unclaimed = false } = {}) =>
  styleOf(`sign ${standing} ${size} ${fade} ${unclaimed}`, () => new Style({ image: signImage(standing, size, fade, unclaimed), zIndex: 5 }));

/** The same as an image, for a style of one's own. */
export function signImage(standing, size, fade = 0, unclaimed = false) {
  const r = size / 2 - 5;
  const room = 2 * (r + (unclaimed ? 11 : 6));
  const { canvas, pen, scale } = sheet(room);
  const c = room / 2;
  pen.globalAlpha = 0.2;
  pen.fillStyle = standingColour(standing);
  pen.beginPath();
  pen.arc(c, c, r + 5, 0, 2 * Math.PI);
  pen.fill();
  pen.globalAlpha = [1, 0.8, 0.62, 0.48][fade];
  if (unclaimed) {
    pen.strokeStyle = standingColour(standing);
    pen.setLineDash([3, 3]);
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(c, c, room / 2 - 1.5, 0, 2 * Math.PI);
    pen.stroke();
    pen.setLineDash([]);
  }
  const hollow = standing === "silent";
  pen.fillStyle = hollow ? colour("paper") : standingColour(standing);
  pen.strokeStyle = hollow ? standingColour(standing) : colour("paper");
  pen.lineWidth = hollow ? 3 : 2;
  pen.beginPath();
  if (standing === "wrong") {
    for (const [x, y] of [[0, -1.25], [1.25, 0.95], [-1.25, 0.95]]) pen.lineTo(c + x * r, c + y * r);
    pen.closePath();
  } else pen.arc(c, c, r, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  if (standing === "unknown" && size > 20) write(pen, "?", c, c, colour("paper"), Math.round(r * 1.6));
  return new Icon({ img: canvas, scale });
}

/** A canvas of so many CSS pixels, its pen, and the scale at which an icon shows it. */
export function sheet(size) {
  const density = Math.max(window.devicePixelRatio || 1, 1);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(size * density);
  const pen = canvas.getContext("2d");
  pen.scale(density, density);
  return { canvas, pen, scale: 1 / density };
}

export function write(pen, text, x, y, fill, size) {
  pen.fillStyle = fill;
  pen.font = `600 ${size}px "Noto Sans CJK SC", "Microsoft YaHei", sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, x, y + 1);
}

/** A track as lines: whole where one fix follows the other, dashed and grey where nothing was known for longer than `gap` (ms). Fixes are
 * {at: ms, place}, in order. */
export function trackLines(fixes, gap) {
  const lines = [];
  let run = [];
  const end = () => {
    if (run.length > 1) lines.push(line(run, "track"));
  };
  fixes.forEach((fix, i) => {
    const before = fixes[i - 1];
    if (before && fix.at - before.at > gap) {
      end();
      lines.push(line([before.place, fix.place], "gap"));
      run = [];
    }
    run.push(fix.place);
  });
  end();
  return lines;
}

function line(places, sort) {
  const feature = new Feature(new LineString(places));
  feature.setStyle(lineStyle(sort));
  return feature;
}

/** `track`: where she went; `gap`: nothing is known between; `ahead`: of another time than what the map is about. */
export const lineStyle = (sort) =>
  styleOf(`line ${sort}`, () => {
    const stroke = { track: { color: colour("accent"), width: 2 }, gap: { color: colour("soft"), width: 1.5, lineDash: [3, 7] }, ahead: { color: `${colour("soft")}80`, width: 1.5 } }[sort];
    return new Style({ stroke: new Stroke(stroke) });
  });

/** Where somebody stayed: a dashed circle; never smaller than can be seen. */
export function stayCircle(ground, place, radius) {
  const feature = new Feature(new Circle(place, Math.max(radius, 30) * ground.metresAt(place)));
  feature.setStyle(styleOf("stay", () => new Style({ stroke: new Stroke({ color: colour("soft"), width: 1.5, lineDash: [2, 3] }), fill: new Fill({ color: `${colour("soft")}22` }) })));
  return feature;
}

/** A point with a style that is kept. */
export function point(place, style) {
  const feature = new Feature(new Point(place));
  feature.setStyle(style);
  return feature;
}
