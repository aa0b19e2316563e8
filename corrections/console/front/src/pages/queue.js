// The queue beside a violation: going through it by keyboard, what is new, and the shown one when it changes elsewhere.
import { readCourse } from "../core/course.js";
import { isBeingTyped } from "../core/drafts.js";
import { t } from "../core/words.js";

const detail = document.getElementById("detail");
const links = () => [...document.querySelectorAll("#list a[data-violation]")];
const shown = () => detail.querySelector("#violation");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  go(step);
});

function go(step) {
  const all = links();
  if (!all.length) return;
  const at = all.findIndex((link) => link.getAttribute("aria-current"));
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  if (next.getAttribute("aria-current")) return;
  if (shown() && isBeingTyped(detail) && !window.confirm(t("已填写的内容尚未提交，会保留为草稿。继续？", "What you typed was not sent; it is kept as a draft. Go on?"))) return;
  next.click();
  next.scrollIntoView({ block: "nearest" });
}

function mark() {
  const id = shown() && shown().dataset.violation;
  for (const link of links()) {
    if (link.dataset.violation === id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

let known = new Set(links().map((link) => link.dataset.violation));

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "detail") {
    detail.scrollTop = 0;
    if (!event.detail.requestConfig || event.detail.requestConfig.verb === "get") detail.focus({ preventScroll: true });
  }
  mark();
  if (event.target.id !== "detail") tellNew();
});

// Not before: until then what has the name of something that was there before bears its marks.
document.body.addEventListener("htmx:afterSettle", (event) => detail.contains(event.target) && drawMap());

function tellNew() {
  const all = links();
  const fresh = all.filter((link) => !known.has(link.dataset.violation));
  for (const link of fresh) link.closest("li").classList.add("new");
  if (fresh.length) {
    const first = fresh[0].querySelector(".kind").textContent;
    document.getElementById("announce").textContent = t(`新的违规 ${fresh.length} 件：${first}`, `${fresh.length} new: ${first}`);
  }
  known = new Set([...known, ...all.map((link) => link.dataset.violation)]);
}

// The shown one changed elsewhere: it is told, and shown anew only when asked for; what was typed stays (core/drafts.js).
for (const kind of ["live-queue", "live-all"]) {
  document.body.addEventListener(kind, (event) => {
    const now = shown();
    const ids = event.detail && event.detail.ids;
    if (!now || (ids && !ids.includes(Number(now.dataset.violation)))) return;
    fetch(`/console/violations/${now.dataset.violation}/revision`, { credentials: "same-origin" })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((told) => told && shown() === now && told.revision !== Number(now.dataset.revision) && tellChanged(now))
      .catch(() => {}); // the connection's own notice says so
  });
}

function tellChanged(now) {
  const bar = now.querySelector("#changed");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: t("更新", "Show it as it stands") });
  button.addEventListener("click", () => {
    const link = links().find((one) => one.dataset.violation === now.dataset.violation);
    if (link) link.click();
    else location.reload();
  });
  bar.replaceChildren(t("这件违规有新的进展，下方不是最新情况。", "This violation has gone on; what is below is not the latest."), " ", button);
  bar.hidden = false;
}

function drawMap() {
  readCourse();
  if (document.getElementById("evidence-map")) import("../map/evidence.js").then(({ showEvidence }) => showEvidence());
}

mark();
drawMap();
