// Windows of a zone as rows of days and hours, with the week drawn above them as console/week.py does. What is sent is the field of lines
// ("1,2,3 22:00-06:00"), which stays as it is where its lines cannot be read, and without scripts.
import { t } from "./words.js";

const LINE = /^([1-7,]+)\s+(\d{2}:\d{2})\s*[-–~至]\s*(\d{2}:\d{2})$/;
const DAY = 24 * 60;

export function editWeek() {
  const field = document.getElementById("windows");
  const drawing = document.querySelector("#week svg.sketch");
  const given = read(field.value);
  if (!drawing || !given) return;
  const spans = document.getElementById("spans");
  const template = document.getElementById("span-row").content.firstElementChild;
  document.getElementById("windows-text").hidden = true;
  document.getElementById("windows-rows").hidden = false;

  const add = ({ days, start, until }) => {
    const row = template.cloneNode(true);
    for (const box of boxes(row)) box.checked = days.includes(Number(box.dataset.day));
    row.querySelector("[data-at=start]").value = start;
    row.querySelector("[data-at=until]").value = until;
    row.querySelector("[data-remove]").addEventListener("click", () => {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      changed();
      (next ? next.querySelector("[data-remove]") : document.getElementById("add-span")).focus();
    });
    spans.append(row);
    return row;
  };
  const changed = () => {
    const rows = [...spans.children].map(told);
    field.value = rows.map(({ days, start, until }) => `${days.join(",")} ${start}-${until}`).join("\n");
    field.dispatchEvent(new Event("input", { bubbles: true })); // for the draft of the form
    show(rows);
  };
  const show = (rows) => {
    document.getElementById("windows-none").hidden = rows.length > 0;
    draw(drawing, rows.length ? rows.filter(isWhole) : [{ days: [1, 2, 3, 4, 5, 6, 7], start: "00:00", until: "00:00" }]);
    drawing.setAttribute("aria-label", said(rows.filter(isWhole)));
  };

  given.forEach(add);
  show([...spans.children].map(told));
  spans.addEventListener("input", changed);
  document.getElementById("add-span").addEventListener("click", () => {
    add({ days: [1, 2, 3, 4, 5, 6, 7], start: "22:00", until: "06:00" }).querySelector("input").focus();
    changed();
  });
}

/** The lines as rows; null where one cannot be read. */
function read(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const found = lines.map((line) => LINE.exec(line));
  if (found.includes(null)) return null;
  return found.map(([, days, start, until]) => ({ days: days.split(",").filter(Boolean).map(Number), start, until: until === "24:00" ? "00:00" : until }));
}

const boxes = (row) => [...row.querySelectorAll("[data-day]")];
const isWhole = ({ days, start, until }) => days.length > 0 && start && until;

/** A row as it stands; one without a day is not sent. */
function told(row) {
  const days = boxes(row).filter((box) => box.checked).map((box) => Number(box.dataset.day));
  const [start, until] = ["start", "until"].map((name) => row.querySelector(`[data-at=${name}]`).value);
  boxes(row)[0].setCustomValidity(days.length ? "" : t("请至少选择一天。", "Choose a day at least."));
  row.querySelector("[data-next]").hidden = !(start && until && minutes(until) <= minutes(start) && minutes(until) > 0);
  return { days, start, until };
}

const minutes = (at) => Number(at.slice(0, 2)) * 60 + Number(at.slice(3, 5));

function draw(drawing, rows) {
  const [left, right, top, height, bar] = ["left", "right", "top", "row", "bar"].map((name) => Number(drawing.dataset[name]));
  const x = (at) => Math.round((left + ((right - left) * at) / DAY) * 10) / 10;
  const place = drawing.querySelector(".spans");
  place.textContent = "";
  for (const [day, parts] of byDay(rows).entries()) {
    for (const [start, end] of joined(parts)) {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const [from, to] = [x(start), x(end)];
      const given = { x: from, y: top + day * height + (height - bar) / 2, width: Math.round((to - from) * 10) / 10, height: bar };
      for (const [name, value] of Object.entries(given)) rect.setAttribute(name, String(value));
      place.append(rect);
    }
  }
}

/** [from, until] in minutes for each day from Monday; what passes midnight has a part on each of its two days. */
function byDay(rows) {
  const found = Array.from({ length: 7 }, () => []);
  for (const { days, start, until } of rows) {
    const [from, to] = [minutes(start), minutes(until)];
    for (const day of days) {
      found[day - 1].push([from, to > from ? to : DAY]);
      if (to <= from && to > 0) found[day % 7].push([0, to]);
    }
  }
  return found;
}

function joined(parts) {
  const found = [];
  for (const [start, end] of parts.sort((a, b) => a[0] - b[0])) {
    const last = found[found.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([start, end]);
  }
  return found;
}

function said(rows) {
  const names = [...document.getElementById("span-row").content.querySelectorAll("label.pick")].map((label) => label.textContent.trim());
  const spans = rows.map(({ days, start, until }) => `${days.map((day) => names[day - 1]).join(t("、", ", "))} ${start}–${until}`);
  return t("一周的时段：", "The week: ") + (spans.length ? spans.join(t("；", "; ")) : t("任何时候", "at all times"));
}
