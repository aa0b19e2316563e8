// The ground that all maps stand on: the bureau's base map, or none (a plain ground with a grid), a scale bar, and the way between
// WGS-84, which the service speaks, and the view's own coordinates. Chinese base maps are in GCJ-02; then everything drawn is shifted
// onto them, and what is drawn by hand is shifted back.
import Map from "ol/Map.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import Zoom from "ol/control/Zoom.js";
import Attribution from "ol/control/Attribution.js";
import { defaults as defaultInteractions } from "ol/interaction/defaults.js";
import Graticule from "ol/layer/Graticule.js";
import TileLayer from "ol/layer/Tile.js";
import XYZ from "ol/source/XYZ.js";
import { fromLonLat, toLonLat } from "ol/proj.js";
import { fromGcj02, toGcj02 } from "./gcj02.js";
import { Stroke, Text, Fill } from "ol/style.js";
import { t } from "../core/words.js";

/** A colour of the style sheet, as it is in the light or dark that is shown. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const FONT = '13px "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';
export const font = FONT;

/**
 * A map in an element. `base` is what the server says of the bureau's base map (data-base, JSON): {url, datum, max_zoom, attribution},
 * or null for none.
 * @returns {{map: Map, toView: Function, fromView: Function, metresAt: Function, fit: Function}} toView and fromView take and give
 *   [lon, lat] in WGS-84 degrees; metresAt(coordinate) is how many view units a metre is there.
 */
export function openMap(target, { base = JSON.parse(target.dataset.base || "null") } = {}) {
  const shifted = base !== null && base.datum === "GCJ02";
  const toView = ([lon, lat]) => fromLonLat(shifted ? toGcj02(lon, lat) : [lon, lat]);
  const fromView = (coordinate) => {
    const [lon, lat] = toLonLat(coordinate);
    return shifted ? fromGcj02(lon, lat) : [lon, lat];
  };
  const map = new Map({
    target,
    layers: [base === null ? grid() : tiles(base)],
    view: new View({ center: fromLonLat([105, 35]), zoom: 4, maxZoom: 20, constrainResolution: false, enableRotation: false }),
    controls: [
      new Zoom({ zoomInTipLabel: t("放大", "Zoom in"), zoomOutTipLabel: t("缩小", "Zoom out") }),
      new ScaleLine({ minWidth: 80 }),
      new Attribution({ collapsible: false, tipLabel: t("地图来源", "Sources of the map") }),
    ],
    interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false }),
    keyboardEventTarget: target,
  });
  const metresAt = (coordinate) => 1 / Math.cos((toLonLat(coordinate)[1] * Math.PI) / 180);
  const fit = (extent, options = {}) => map.getView().fit(extent, { padding: [40, 40, 40, 40], maxZoom: 17, ...options });
  return { map, toView, fromView, metresAt, fit };
}

function tiles({ url, max_zoom, min_zoom = 0, attribution }) {
  const source = new XYZ({ url, maxZoom: max_zoom, minZoom: min_zoom, attributions: attribution || undefined, crossOrigin: "anonymous" });
  return new TileLayer({ source, className: "ol-layer base-map" });
}

/** Without a base map: lines of latitude and longitude on a plain ground, so that moving and zooming can be seen. */
function grid() {
  const label = () => new Text({ font: FONT, fill: new Fill({ color: colour("soft") }) });
  return new Graticule({
    strokeStyle: new Stroke({ color: colour("line"), width: 1 }),
    showLabels: true,
    wrapX: false,
    targetSize: 140,
    lonLabelStyle: label(),
    latLabelStyle: label(),
    lonLabelFormatter: (lon) => `${(+lon.toFixed(4)).toString()}°`,
    latLabelFormatter: (lat) => `${(+lat.toFixed(4)).toString()}°`,
    intervals: [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001],
  });
}
