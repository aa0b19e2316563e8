// Zones as they are drawn: what they look like, and their way from WGS-84 to the view and back.
import GeoJSON from "ol/format/GeoJSON.js";
import { Fill, Stroke, Style } from "ol/style.js";
import { colour } from "./ground.js";

const format = new GeoJSON();

/** A GeoJSON geometry in WGS-84 as a feature of the view. */
export function toFeature(ground, geometry) {
  const feature = format.readFeature({ type: "Feature", geometry });
  feature.getGeometry().applyTransform(each(ground.toView));
  return feature;
}

/** A geometry of the view as GeoJSON in WGS-84, to seven decimals (a centimetre). */
export function toGeoJson(ground, geometry) {
  const copy = geometry.clone();
  copy.applyTransform(each(ground.fromView));
  return format.writeGeometryObject(copy, { decimals: 7 });
}

const each = (place) => (input, output, stride) => {
  for (let i = 0; i < input.length; i += stride) [output[i], output[i + 1]] = place([input[i], input[i + 1]]);
  return output;
};

/** Prohibited areas are red, dashed and hatched, permitted ones green and whole. */
export function zoneStyle(kind, { faint = false } = {}) {
  const wrong = kind === "exclusion";
  const line = colour(wrong ? "bad" : "good");
  return new Style({
    stroke: new Stroke({ color: faint ? colour("soft") : line, width: faint ? 1.5 : 2, lineDash: faint ? [4, 6] : wrong ? [8, 5] : undefined }),
    fill: faint ? undefined : new Fill({ color: wrong ? hatched(line) : `${line}16` }),
  });
}

/** Slanting lines on a light ground, as a fill. */
function hatched(line) {
  const canvas = document.createElement("canvas");
  const side = Math.round(10 * (window.devicePixelRatio || 1));
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d");
  pen.fillStyle = `${line}12`;
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = `${line}55`;
  pen.lineWidth = side / 9;
  pen.beginPath();
  for (const shift of [-side, 0, side]) {
    pen.moveTo(shift, side);
    pen.lineTo(shift + side, 0);
  }
  pen.stroke();
  return pen.createPattern(canvas, "repeat");
}
