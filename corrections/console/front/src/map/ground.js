// The ground that all maps stand on: the bureau's base map, or none (a plain ground with a grid), a scale bar, and the way between
// WGS-84, which the service speaks, and the view's own coordinates. Chinese base maps are in GCJ-02; then everything drawn is shifted
// onto them, and what is drawn by hand is shifted back.
import Map from "ol/Map.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import Zoom from "ol/control/Zoom.js";
import Attribution from "ol/control/Attribution.js";
import { defaults as defaultInteractions } from "ol/interaction/defaults.js";
import Layer from "ol/layer/Layer.js";
import TileLayer from "ol/layer/Tile.js";
import XYZ from "ol/source/XYZ.js";
import { fromLonLat, toLonLat, transformExtent } from "ol/proj.js";
import { fromGcj02, toGcj02 } from "./gcj02.js";
import { t } from "../core/words.js";

let palette = {};
const dark = matchMedia("(prefers-color-scheme: dark)");

/** A colour of the style sheet, as it is in the light or dark that is shown. */
export function colour(name) {
  if (!palette[name]) palette[name] = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return palette[name];
}

/** Calls back once light has turned into dark or back, and `colour` gives other colours. */
export const whenRecoloured = (callback) => dark.addEventListener("change", () => ((palette = {}), callback()));

export const font = '13px "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

/** China, where nothing better is known: [longitude, latitude], zoom. */
const ANYWHERE = { centre: [105, 35], zoom: 4 };

/**
 * A map in an element. `base` is what the server says of the ground (data-base, JSON): where a map begins ({centre, zoom}, if anywhere),
 * and of a base map {url, datum, min_zoom, max_zoom, bounds, attribution}; null for neither.
 * @returns {{map: Map, toView: Function, fromView: Function, metresAt: Function, fit: Function}} toView and fromView take and give
 *   [lon, lat] in WGS-84 degrees; metresAt(coordinate) is how many view units a metre is there.
 */
export function openMap(target, { base = JSON.parse(target.dataset.base || "null") } = {}) {
  const { centre, zoom, url, datum } = { ...ANYWHERE, ...base };
  const shifted = Boolean(url) && datum === "GCJ02";
  const toView = ([lon, lat]) => fromLonLat(shifted ? toGcj02(lon, lat) : [lon, lat]);
  const fromView = (coordinate) => {
    const [lon, lat] = toLonLat(coordinate);
    return shifted ? fromGcj02(lon, lat) : [lon, lat];
  };
  const map = new Map({
    target,
    layers: [url ? tiles(base) : grid()],
    view: new View({ center: toView(centre), zoom, maxZoom: 20, constrainResolution: false, enableRotation: false }),
    controls: [
      new Zoom({ zoomInTipLabel: t("放大", "Zoom in"), zoomOutTipLabel: t("缩小", "Zoom out") }),
      new ScaleLine({ minWidth: 80 }),
      new Attribution({ collapsible: false, tipLabel: t("地图来源", "Sources of the map") }),
    ],
    interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false }),
    keyboardEventTarget: target,
  });
  if (url && !base.centre) holdBack(map);
  whenRecoloured(() => {
    for (const layer of map.getLayers().getArray()) layer.changed();
  });
  const metresAt = (coordinate) => 1 / Math.cos((toLonLat(coordinate)[1] * Math.PI) / 180);
  const fit = (extent, options = {}) => map.getView().fit(extent, { padding: [40, 40, 40, 40], maxZoom: 17, ...options });
  return { map, toView, fromView, metresAt, fit };
}

/** No tiles of anywhere are asked for while the page does not know yet what it is about. */
function holdBack(map) {
  const layer = map.getLayers().item(0);
  const show = () => layer.setVisible(true);
  layer.setVisible(false);
  map.getView().once("change", show);
  setTimeout(show, 2_000);
}

function tiles({ url, max_zoom, min_zoom = 0, bounds, attribution }) {
  const source = new XYZ({ url, maxZoom: max_zoom, minZoom: min_zoom, attributions: attribution ? escaped(attribution) : undefined });
  const extent = bounds ? transformExtent(bounds, "EPSG:4326", "EPSG:3857") : undefined;
  return new TileLayer({ source, extent, className: "ol-layer base-map" });
}

/** OpenLayers takes attributions for HTML. */
const escaped = (text) => Object.assign(document.createElement("i"), { textContent: text }).innerHTML;

const STEPS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const APART_PX = 130;

/** Without a base map: lines of latitude and longitude on a plain ground, so that moving and zooming can be seen. */
function grid() {
  const canvas = document.createElement("canvas");
  canvas.className = "plain-ground";
  return new Layer({ render: (frame) => drawGrid(canvas, frame) });
}

function drawGrid(canvas, { size: [width, height], extent, pixelRatio, viewState: { resolution } }) {
  if (canvas.width !== Math.round(width * pixelRatio)) canvas.width = Math.round(width * pixelRatio);
  if (canvas.height !== Math.round(height * pixelRatio)) canvas.height = Math.round(height * pixelRatio);
  const pen = canvas.getContext("2d");
  pen.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = font;
  pen.strokeStyle = colour("line");
  pen.lineWidth = 1;
  const [west, south] = toLonLat([extent[0], extent[1]]);
  const [east, north] = toLonLat([extent[2], extent[3]]);
  const apart = STEPS.find((step) => step >= ((east - west) * APART_PX) / width) || 30;
  const labels = [];
  pen.beginPath();
  for (let i = Math.ceil(west / apart); i * apart <= east; i += 1) {
    const x = Math.round((fromLonLat([i * apart, 0])[0] - extent[0]) / resolution) + 0.5;
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    labels.push([degrees(i * apart, apart), x + 4, 6, "left", "top"]);
  }
  for (let i = Math.ceil(south / apart); i * apart <= Math.min(north, 85); i += 1) {
    const y = Math.round((extent[3] - fromLonLat([0, i * apart])[1]) / resolution) + 0.5;
    pen.moveTo(0, y);
    pen.lineTo(width, y);
    labels.push([degrees(i * apart, apart), width - 6, y - 4, "right", "bottom"]);
  }
  pen.stroke();
  pen.fillStyle = colour("soft");
  for (const [text, x, y, align, baseline] of labels) {
    if (baseline === "top" && (x < 50 || x > width - 70)) continue; // the buttons' and the latitudes' corners
    pen.textAlign = align;
    pen.textBaseline = baseline;
    pen.fillText(text, x, y);
  }
  return canvas;
}

const degrees = (value, step) => `${value.toFixed(step >= 1 ? 0 : Math.ceil(-Math.log10(step)))}°`;
