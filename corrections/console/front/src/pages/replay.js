// A day played: the track so far, the fix of the moment with its circle, the zones that bind just then, and a time line below.
import Feature from "ol/Feature.js";
import Circle from "ol/geom/Circle.js";
import LineString from "ol/geom/LineString.js";
import Point from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import { Circle as Dot, Fill, RegularShape, Stroke, Style } from "ol/style.js";
import { colour, openMap } from "../map/ground.js";
import { toFeature, zoneStyle } from "../map/shapes.js";
import { metres, t } from "../core/words.js";

const COLOURS = { right: "good", wrong: "bad", unknown: "warn" };
const told = document.getElementById("drawn") && JSON.parse(document.getElementById("drawn").textContent);
function start() {
  const fixes = told.fixes.map(([at, lon, lat, accuracy, speed, side]) => ({ at, lon, lat, accuracy, speed, side }));
  const gap = Math.max(told.interval_s * 2_500, 15 * 60_000);
  const ground = openMap(document.getElementById("replay-map"));
  const zones = told.zones.map(([, kind, outline, spans]) => {
    const feature = toFeature(ground, outline);
    feature.setStyle(zoneStyle(kind));
    return { feature, spans };
  });
  for (const fix of fixes) fix.place = ground.toView([fix.lon, fix.lat]);
  speeds(fixes);
  const zoneSource = new VectorSource();
  const trackSource = new VectorSource();
  const nowSource = new VectorSource();
  for (const source of [zoneSource, trackSource, nowSource]) ground.map.addLayer(new VectorLayer({ source, updateWhileAnimating: true }));
  ground.fit(new VectorSource({ features: fixes.map(({ place }) => new Feature(new Point(place))) }).getExtent(), { maxZoom: 16 });
  document.getElementById("controls").hidden = false;
  for (const [from, until, lon, lat, radius] of told.stays) {
    const place = ground.toView([lon, lat]);
    const stay = new Feature(new Circle(place, Math.max(radius, 30) * ground.metresAt(place)));
    stay.setStyle(new Style({ stroke: new Stroke({ color: colour("soft"), width: 1.5, lineDash: [2, 3] }), fill: new Fill({ color: `${colour("soft")}22` }) }));
    stay.setProperties({ from, until });
    trackSource.addFeature(stay);
  }
  const slider = document.getElementById("at");
  const canvas = document.getElementById("line");
  const button = document.getElementById("play");
  let at = fixes[0].at;
  let playing = 0;
  let drawn = [];

  function show() {
    zoneSource.clear(true);
    zoneSource.addFeatures(zones.filter(({ spans }) => spans.some(([from, until]) => at >= from && at < until)).map(({ feature }) => feature));
    const passed = fixes.filter((fix) => fix.at <= at);
    if (passed.length < drawn.length) {
      drawn.forEach((feature) => trackSource.removeFeature(feature));
      drawn = [];
    }
    for (let i = drawn.length; i < passed.length; i += 1) drawn.push(part(fixes[i - 1], fixes[i], gap));
    trackSource.addFeatures(drawn.filter((feature) => !trackSource.hasFeature(feature)));
    const fix = passed[passed.length - 1] || fixes[0];
    nowSource.clear(true);
    nowSource.addFeatures(marks(fix, ground));
    slider.value = at;
    const time = new Date(at).toLocaleTimeString(document.documentElement.lang, { hour12: false, timeZone: document.body.dataset.timezone || undefined });
    const old = at - fix.at > gap ? t("（其后没有定位）", " (no position since)") : "";
    document.getElementById("now").textContent = `${time} · ${fix.accuracy === null ? t("精度未提供", "no accuracy given") : `± ${metres(fix.accuracy)}`} · ${Math.round(fix.kmh)} ${t("公里/时", "km/h")}${old}`;
    timeline(canvas, fixes, at, gap);
  }

  function step(direction) {
    const next = direction > 0 ? fixes.find((fix) => fix.at > at) : [...fixes].reverse().find((fix) => fix.at < at);
    if (next) at = next.at;
    show();
  }

  function play() {
    playing = playing ? 0 : performance.now();
    button.textContent = playing ? t("暂停", "Pause") : t("播放", "Play");
    if (at >= fixes[fixes.length - 1].at) at = fixes[0].at;
    if (playing) requestAnimationFrame(turn);
  }

  function turn(now) {
    if (!playing) return;
    at += (now - playing) * Number(document.getElementById("speed").value);
    playing = now;
    if (at >= told.end || at > fixes[fixes.length - 1].at + gap) {
      at = Math.min(at, told.end);
      play();
    }
    show();
    requestAnimationFrame(turn);
  }

  button.addEventListener("click", play);
  document.getElementById("back").addEventListener("click", () => step(-1));
  document.getElementById("forth").addEventListener("click", () => step(1));
  slider.addEventListener("input", () => {
    at = Number(slider.value);
    show();
  });
  canvas.addEventListener("click", (event) => {
    at = told.start + ((told.end - told.start) * event.offsetX) / canvas.clientWidth;
    show();
  });
  new ResizeObserver(show).observe(canvas);
  at = fixes[fixes.length - 1].at;
  show();
}

/** Kilometres an hour, as the phone said or from fix to fix; what lies within the errors of both counts as none. */
function speeds(fixes) {
  fixes.forEach((fix, i) => {
    const before = fixes[i - 1];
    fix.derived = fix.speed === null;
    if (!fix.derived) fix.kmh = fix.speed * 3.6;
    else if (!before || fix.at === before.at) fix.kmh = 0;
    else {
      const scale = Math.cos((fix.lat * Math.PI) / 180);
      const away = Math.hypot(fix.place[0] - before.place[0], fix.place[1] - before.place[1]) * scale;
      const sure = Math.max(away - (fix.accuracy || 0) - (before.accuracy || 0), 0);
      fix.kmh = (sure / ((fix.at - before.at) / 1000)) * 3.6;
    }
  });
}

function part(before, fix, gap) {
  const dots = new Style({ image: shape(fix.side, 3) });
  const geometry = before ? new LineString([before.place, fix.place]) : new Point(fix.place);
  const feature = new Feature(geometry);
  const apart = before && fix.at - before.at > gap;
  const line = new Style({ stroke: new Stroke({ color: colour(apart ? "soft" : "accent"), width: 2, lineDash: apart ? [3, 7] : undefined }) });
  dots.setGeometry(new Point(fix.place));
  feature.setStyle(before ? [line, dots] : [dots]);
  return feature;
}

function marks(fix, ground) {
  const made = [];
  const line = colour(COLOURS[fix.side]);
  if (fix.accuracy !== null) {
    const circle = new Feature(new Circle(fix.place, fix.accuracy * ground.metresAt(fix.place)));
    circle.setStyle(new Style({ stroke: new Stroke({ color: line, width: 1.5 }), fill: new Fill({ color: `${line}26` }) }));
    made.push(circle);
  }
  const dot = new Feature(new Point(fix.place));
  dot.setStyle(new Style({ image: shape(fix.side, 7) }));
  return [...made, dot];
}

const shape = (side, radius) => {
  const fill = new Fill({ color: colour(COLOURS[side]) });
  const stroke = new Stroke({ color: colour("paper"), width: radius > 4 ? 2 : 1 });
  return side === "wrong" ? new RegularShape({ points: 3, radius: radius + 2, fill, stroke }) : new Dot({ radius, fill, stroke });
};

/** Four bands: speed as bars, stays, on which side (colour and height), violations; gaps are hatched. */
function timeline(canvas, fixes, at, gap) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, 132];
  if (canvas.width !== width * scale) [canvas.width, canvas.height] = [width * scale, height * scale];
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const x = (time) => ((time - told.start) / (told.end - told.start)) * width;
  const top = Math.max(...fixes.map(({ kmh }) => kmh), 20);
  pen.font = "12px sans-serif";
  for (let hour = 0; hour <= 24; hour += 3) {
    const left = x(told.start + hour * 3_600_000);
    pen.strokeStyle = colour("line");
    pen.beginPath();
    pen.moveTo(left, 0);
    pen.lineTo(left, 116);
    pen.stroke();
    pen.fillStyle = colour("soft");
    pen.fillText(`${String(hour).padStart(2, "0")}:00`, Math.min(left + 3, width - 34), 128);
  }
  fixes.forEach((fix, i) => {
    const next = fixes[i + 1];
    const until = Math.min(next ? next.at : fix.at + gap, fix.at + gap);
    pen.globalAlpha = fix.derived ? 0.45 : 0.9;
    pen.fillStyle = colour("accent");
    const h = (fix.kmh / top) * 52;
    pen.fillRect(x(fix.at), 58 - h, Math.max(x(until) - x(fix.at), 1.5), h);
    pen.globalAlpha = 1;
    pen.fillStyle = colour(COLOURS[fix.side]);
    const tall = { right: 6, unknown: 10, wrong: 16 }[fix.side];
    pen.fillRect(x(fix.at), 96 - tall, Math.max(x(until) - x(fix.at), 1.5), tall);
    if (next && next.at - fix.at > gap) {
      pen.strokeStyle = colour("soft");
      pen.setLineDash([2, 4]);
      pen.strokeRect(x(until), 62, x(next.at) - x(until), 34);
      pen.setLineDash([]);
    }
  });
  pen.fillStyle = colour("soft");
  for (const [from, until] of told.stays) pen.fillRect(x(from), 64, Math.max(x(until) - x(from), 2), 5);
  pen.fillStyle = colour("bad");
  for (const [, , , from, until] of told.violations) pen.fillRect(x(Math.max(from, told.start)), 102, Math.max(x(until) - x(Math.max(from, told.start)), 3), 8);
  pen.fillStyle = colour("soft");
  pen.fillText(`${Math.round(top)} ${t("公里/时", "km/h")}`, 4, 12);
  pen.strokeStyle = colour("ink");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(x(at), 0);
  pen.lineTo(x(at), 116);
  pen.stroke();
  pen.lineWidth = 1;
}

if (told) start();
