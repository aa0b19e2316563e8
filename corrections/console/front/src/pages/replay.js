// A day played: the track so far over the whole of it, the fix of the moment with its circle, the zones that bind just then, and a time line
// below. Between two fixes nothing is made up: the last one stays, and once it has ceased to tell it turns grey.
import { containsCoordinate } from "ol/extent.js";
import Feature from "ol/Feature.js";
import MultiPoint from "ol/geom/MultiPoint.js";
import VectorSource from "ol/source/Vector.js";
import { openMap, whenRecoloured } from "../map/ground.js";
import { STANDINGS, accuracyCircle, lineStyle, liveLayer, point, signStyle, stayCircle, trackLines, zoneFeature, zoneLayer } from "../map/layers.js";
import { Timeline, clockOf } from "../map/timeline.js";
import { metres, span, t } from "../core/words.js";

const SKIPPED_MS = 120_000; // gaps are shown for so long of the day's time before they are skipped
const WORDS = { right: t("符合", "right side"), wrong: t("不符合", "wrong side"), unknown: t("无法确定", "cannot tell") };

if (document.getElementById("drawn")) start(JSON.parse(document.getElementById("drawn").textContent));

function start(told) {
  const $ = (id) => document.getElementById(id);
  const ground = openMap($("replay-map"));
  const { hold } = told;
  const fixes = told.fixes.map(([at, lon, lat, accuracy, side, speed]) => ({ at, accuracy, side: STANDINGS[side], place: ground.toView([lon, lat]), speed: speed && { kmh: speed[0] * 3.6, own: speed[1], uncertain: speed[2] } }));
  const violations = told.violations.map(([id, zh, en, from, until, open]) => ({ id, name: t(zh, en), from, until, open }));
  const gaps = gapsOf(fixes, told);
  const line = new Timeline({ ...told, fixes, violations }, gaps);
  const zones = told.zones.map(([name, kind, version, outline, spans]) => ({ label: t(`${name}（第 ${version} 版）`, `${name} (version ${version})`), spans, feature: zoneFeature(ground, { name, kind, outline }) }));
  const stays = told.stays.map(([from, until, lon, lat, radius]) => ({ from, until, feature: stayCircle(ground, ground.toView([lon, lat]), radius) }));
  const [zoned, ahead, track, now] = [zoneLayer(ground), liveLayer(), liveLayer(), liveLayer()];
  for (const layer of [zoned, ahead, track, now]) ground.map.addLayer(layer);

  let at = fixes[0].at;
  let passed = -1; // the last fix that is drawn
  let binding = null;
  let playing = 0;

  whole();
  for (const id of ["controls", "at"]) $(id).hidden = false;
  ground.map.updateSize();
  fit();

  /** All of the day, faintly. */
  function whole() {
    ahead.getSource().clear(true);
    const lines = trackLines(fixes, hold);
    for (const one of lines) one.setStyle(lineStyle("ahead"));
    ahead.getSource().addFeatures(lines);
  }

  function fit() {
    const all = new VectorSource({ features: fixes.map(({ place }) => point(place)) });
    ground.fit(all.getExtent(), { maxZoom: 16, padding: [40, 60, 60, 60] });
  }

  function show({ follow = true } = {}) {
    const index = lastUntil(fixes, at);
    if (index !== passed) {
      draw(index);
      passed = index;
    }
    const fix = fixes[Math.max(index, 0)];
    const lost = index < 0 || at - fix.at > hold;
    mark(fix, lost);
    if (follow) keepInView(fix);
    bind();
    line.cursor(at);
    $("at").value = at;
    $("at").setAttribute("aria-valuetext", clockOf(at));
    $("clock").textContent = clockOf(at, true);
    tell(fix, index, lost);
  }

  function draw(index) {
    const so = fixes.slice(0, index + 1);
    const source = track.getSource();
    source.clear(true);
    source.addFeatures(trackLines(so, hold));
    source.addFeatures(stays.filter(({ from }) => index >= 0 && from <= fixes[index].at).map(({ feature }) => feature));
    for (const side of ["right", "unknown", "wrong"]) {
      const places = so.filter((fix) => fix.side === side).map(({ place }) => place);
      if (!places.length) continue;
      const dots = new Feature(new MultiPoint(places));
      dots.setStyle(signStyle(side, { size: 16, fade: 1 }));
      source.addFeature(dots);
    }
  }

  function mark(fix, lost) {
    const key = `${fix.at} ${lost}`;
    if (now.get("shown") === key) return;
    now.set("shown", key);
    const standing = lost ? "silent" : fix.side;
    const circle = accuracyCircle(ground, fix.place, fix.accuracy, standing);
    now.getSource().clear(true);
    now.getSource().addFeatures([...(circle ? [circle] : []), point(fix.place, signStyle(standing, { size: 30, unclaimed: fix.accuracy === null }))]);
  }

  function keepInView(fix) {
    const size = ground.map.getSize();
    if (!size || containsCoordinate(ground.map.getView().calculateExtent(size.map((side) => side * 0.8)), fix.place)) return;
    ground.map.getView().setCenter(fix.place);
  }

  /** The zones that bind at the moment, and no others. */
  function bind() {
    const bound = zones.filter(({ spans }) => spans.some(([from, until]) => at >= from && at < until));
    const key = bound.map(({ label }) => label).join(t("、", ", "));
    if (key === binding) return;
    binding = key;
    zoned.getSource().clear(true);
    zoned.getSource().addFeatures(bound.map(({ feature }) => feature));
    const leave = told.leaves.some(([from, until]) => at >= from && at < until) ? t("（请假外出期间）", " (on leave)") : "";
    $("binding").textContent = (bound.length ? t(`此刻有效的围栏：${key}`, `Zones in force at this moment: ${key}`) : t("此刻没有有效的围栏", "No zone is in force at this moment")) + leave;
  }

  function tell(fix, index, lost) {
    if (index < 0) return ($("told").textContent = t("此前没有定位", "no fix before"));
    const parts = [WORDS[fix.side], fix.accuracy === null ? t("精度未提供", "no accuracy given") : `± ${metres(fix.accuracy)}`];
    if (fix.speed) parts.push(`${fix.speed.own ? "" : t("约 ", "about ")}${Math.round(fix.speed.kmh)} ${t("公里/时", "km/h")}${fix.speed.uncertain ? t("（可能未移动）", " (perhaps no movement)") : ""}`);
    const stay = stays.find(({ from, until }) => at >= from && at <= until);
    if (stay) parts.push(t(`停留 ${span((stay.until - stay.from) / 1000)}`, `stay of ${span((stay.until - stay.from) / 1000)}`));
    const breach = violations.find(({ from, until }) => at >= from && at <= until);
    if (breach) parts.push(breach.name);
    const since = span((at - fix.at) / 1000);
    const text = lost ? t(`已 ${since}没有定位；最后一次：`, `no fix for ${since}; the last one: `) : t(`${clockOf(fix.at)} 的定位：`, `fix of ${clockOf(fix.at)}: `);
    return ($("told").textContent = text + parts.join(" · "));
  }

  function go(moment, options) {
    at = Math.min(Math.max(moment, told.start), told.end);
    show(options);
  }

  function step(direction) {
    pause();
    const index = lastUntil(fixes, at);
    const to = direction > 0 ? index + 1 : fixes[index] && fixes[index].at < at ? index : index - 1;
    if (fixes[to]) go(fixes[to].at);
  }

  function found(direction) {
    pause();
    const moments = violations.map(({ from }) => from);
    const next = direction > 0 ? moments.find((from) => from > at) : [...moments].reverse().find((from) => from < at);
    if (next !== undefined) go(next);
  }

  function play() {
    if (playing) return pause();
    if (at >= Math.min(fixes[fixes.length - 1].at + hold, told.end)) at = fixes[0].at;
    playing = performance.now();
    $("play").textContent = t("暂停", "Pause");
    requestAnimationFrame(turn);
    return undefined;
  }

  function pause() {
    playing = 0;
    $("play").textContent = t("播放", "Play");
  }

  function turn(moment) {
    if (!playing) return;
    at += Math.max(moment - playing, 0) * Number($("speed").value);
    playing = moment;
    const gap = $("skip").checked && gaps.find(([from, until]) => at > from + SKIPPED_MS && at < until);
    if (gap) [, at] = gap;
    const last = Math.min(fixes[fixes.length - 1].at + hold, told.end);
    if (at >= last) {
      at = last;
      pause();
    }
    show();
    if (playing) requestAnimationFrame(turn);
  }

  $("play").addEventListener("click", play);
  $("back").addEventListener("click", () => step(-1));
  $("forth").addEventListener("click", () => step(1));
  $("last-found").addEventListener("click", () => found(-1));
  $("next-found").addEventListener("click", () => found(1));
  $("at").addEventListener("input", () => go(Number($("at").value)));
  const sheet = $("cursor");
  const seek = (event) => go(line.moment(event.clientX - sheet.getBoundingClientRect().left));
  sheet.addEventListener("pointerdown", (event) => {
    sheet.setPointerCapture(event.pointerId);
    seek(event);
  });
  sheet.addEventListener("pointermove", (event) => event.buttons && seek(event));
  ground.map.on("click", (event) => {
    const near = fixes.reduce((best, fix) => {
      const [x, y] = ground.map.getPixelFromCoordinate(fix.place);
      const away = Math.hypot(x - event.pixel[0], y - event.pixel[1]);
      return away < best.away ? { away, fix } : best;
    }, { away: 14 });
    if (near.fix) go(near.fix.at, { follow: false });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const on = event.target.closest("input, select, textarea, button, a, summary, [role=application]");
    if (event.key === " " && (!on || on.getAttribute("role") === "application")) return event.preventDefault(), play();
    if (on && on.getAttribute("role") === "application") return undefined; // there the arrows move the map
    if (on && ["INPUT", "SELECT", "TEXTAREA"].includes(on.tagName)) return undefined;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") return event.preventDefault(), step(event.key === "ArrowLeft" ? -1 : 1);
    return undefined;
  });
  new ResizeObserver(() => (line.draw(), line.cursor(at))).observe($("line").parentElement);
  whenRecoloured(() => {
    line.draw();
    whole();
    draw(passed);
    now.unset("shown");
    show();
  });
  line.draw();
  go(violations.length ? Math.max(violations[0].from, fixes[0].at) : fixes[fixes.length - 1].at, { follow: false });
  window.correctionsReplay = { go, fixes };
}

/** The index of the last fix until a moment, -1 before the first. */
function lastUntil(fixes, at) {
  let [low, high] = [0, fixes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fixes[middle].at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** When nothing is known: from where a fix has ceased to tell until the next; not of the future. */
function gapsOf(fixes, { start, end, now, hold }) {
  const gaps = [];
  let known = start;
  for (const { at } of fixes) {
    if (at > known) gaps.push([known, at]);
    known = Math.max(known, at + hold);
  }
  const until = Math.min(end, now);
  if (known < until) gaps.push([known, until]);
  return gaps;
}
