// The time line of a day, in lanes under each other: speed, accuracy, stays, on which side, leave and violations; gaps are hatched grey
// through all of them. What never changes is drawn once, the cursor on a sheet of its own.
import { colour, font } from "./ground.js";
import { STANDINGS, standingColour } from "./layers.js";
import { metres, t } from "../core/words.js";

const LEFT = 68;
const RIGHT = 12;
const LANES = { speed: [4, 46], accuracy: [56, 28], stays: [90, 10], sides: [104, 18], found: [126, 20] }; // top and height
export const HEIGHT = 168;
const HOUR = 3_600_000;
const ACCURACIES = [10, 100, 1_000, 10_000]; // metres, on a scale of logarithms

export class Timeline {
  /** `told` is what the server says of the day; `gaps` are [from, until] of which nothing is known. */
  constructor(told, gaps) {
    [this.told, this.gaps] = [told, gaps];
    this.canvas = document.getElementById("line");
    this.top = document.getElementById("cursor");
    this.links = document.getElementById("found-on");
    this.fastest = Math.max(30, ...told.fixes.map(({ speed }) => (speed ? speed.kmh : 0)));
  }

  x(at) {
    const { start, end } = this.told;
    return LEFT + ((at - start) / (end - start)) * (this.width - LEFT - RIGHT);
  }

  /** The moment at a place of the sheet. */
  moment(x) {
    const { start, end } = this.told;
    return Math.min(Math.max(start + ((x - LEFT) / (this.width - LEFT - RIGHT)) * (end - start), start), end);
  }

  draw() {
    this.width = this.canvas.parentElement.clientWidth;
    const pen = sheet(this.canvas, this.width);
    sheet(this.top, this.width);
    pen.font = font;
    this.hours(pen);
    this.names(pen);
    for (const [from, until] of this.gaps) hatch(pen, this.x(from), this.x(until), 0, LANES.sides[0] + LANES.sides[1]);
    this.speeds(pen);
    this.accuracies(pen);
    this.bands(pen);
    this.link();
  }

  cursor(at) {
    const pen = this.top.getContext("2d");
    pen.clearRect(0, 0, this.width, HEIGHT);
    const x = Math.round(this.x(at));
    pen.strokeStyle = colour("ink");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, HEIGHT - 18);
    pen.stroke();
    pen.fillStyle = colour("ink");
    pen.beginPath();
    pen.arc(x, HEIGHT - 18, 5, 0, 2 * Math.PI);
    pen.fill();
  }

  hours(pen) {
    const { start, end } = this.told;
    const every = this.width > 900 ? 2 : this.width > 500 ? 3 : 6;
    pen.textBaseline = "bottom";
    pen.textAlign = "center";
    for (let hour = 0; start + hour * HOUR <= end; hour += every) {
      const x = Math.round(this.x(start + hour * HOUR)) + 0.5;
      pen.strokeStyle = colour("line");
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, HEIGHT - 18);
      pen.stroke();
      pen.fillStyle = colour("soft");
      pen.fillText(clockOf(start + hour * HOUR), Math.min(x, this.width - 18), HEIGHT);
    }
  }

  names(pen) {
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillStyle = colour("soft");
    const names = { speed: t("速度", "Speed"), accuracy: t("精度", "Accuracy"), stays: t("停留", "Stays"), sides: t("情况", "Standing"), found: t("违规", "Violations") };
    for (const [lane, [top, height]] of Object.entries(LANES)) pen.fillText(names[lane], 0, top + height / 2);
    pen.textBaseline = "top";
    pen.fillText(`${Math.round(this.fastest)} ${t("公里/时", "km/h")}`, LEFT + 3, LANES.speed[0] - 2);
  }

  /** Bars from the fix before: solid as the phone said, pale where derived, dashed outlines where she may not have moved at all. */
  speeds(pen) {
    const [top, height] = LANES.speed;
    const floor = top + height;
    this.told.fixes.forEach((fix, i) => {
      if (!fix.speed) return;
      const before = this.told.fixes[i - 1];
      const from = before && fix.at - before.at <= this.told.hold ? before.at : fix.at - 60_000;
      const [x, w] = [this.x(from), Math.max(this.x(fix.at) - this.x(from), 1.5)];
      const h = Math.max((fix.speed.kmh / this.fastest) * height, fix.speed.kmh > 0.5 ? 1 : 0);
      pen.globalAlpha = fix.speed.own ? 0.95 : 0.4;
      if (fix.speed.uncertain) {
        pen.globalAlpha = 0.55;
        pen.strokeStyle = colour("soft");
        pen.setLineDash([2, 2]);
        pen.strokeRect(x, floor - h, w, h);
        pen.setLineDash([]);
      } else {
        pen.fillStyle = colour("accent");
        pen.fillRect(x, floor - h, w, h);
      }
    });
    pen.globalAlpha = 1;
    line(pen, LEFT, this.width - RIGHT, floor + 0.5);
  }

  /** How exact each fix was: the higher, the worse. */
  accuracies(pen) {
    const [top, height] = LANES.accuracy;
    const [least, most] = [Math.log10(ACCURACIES[0]), Math.log10(ACCURACIES[ACCURACIES.length - 1])];
    const y = (m) => top + height - ((Math.min(Math.max(Math.log10(Math.max(m, 1)), least), most) - least) / (most - least)) * height;
    pen.fillStyle = colour("soft");
    for (const { at, accuracy } of this.told.fixes) {
      if (accuracy === null) pen.fillText("?", this.x(at) - 3, top);
      else pen.fillRect(this.x(at) - 1, y(accuracy) - 1, 2.5, 2.5);
    }
    pen.textAlign = "left";
    pen.textBaseline = "top";
    pen.fillText(metres(1_000), LEFT + 3, y(1_000) - 7);
    pen.globalAlpha = 0.5;
    line(pen, LEFT, this.width - RIGHT, Math.round(y(1_000)) + 0.5);
    pen.globalAlpha = 1;
    line(pen, LEFT, this.width - RIGHT, top + height + 0.5);
  }

  bands(pen) {
    pen.fillStyle = colour("soft");
    for (const [from, until] of this.told.stays) {
      pen.beginPath();
      pen.rect(this.x(from), LANES.stays[0], Math.max(this.x(until) - this.x(from) - 1, 2), LANES.stays[1]);
      pen.fill();
    }
    const [top, height] = LANES.sides;
    for (const [from, until, side] of this.told.sides) {
      const tall = [height * 0.45, height, height * 0.7][side];
      if (side === 2 && this.gaps.some(([a, b]) => from >= a - 1 && until <= b + 1)) continue; // unknown for want of a fix: hatched
      const [x, w] = [this.x(from), Math.max(this.x(until) - this.x(from), 1.5)];
      pen.fillStyle = standingColour(STANDINGS[side]);
      pen.fillRect(x, top + height - tall, w, tall);
      if (side === 1) striped(pen, x, top, w, height);
      if (side === 2) dotted(pen, x, top + height - tall, w, tall);
    }
    line(pen, LEFT, this.width - RIGHT, top + height + 0.5);
    pen.fillStyle = colour("tint");
    pen.strokeStyle = colour("accent");
    for (const [from, until] of this.told.leaves) {
      const [x, w] = [this.x(from), Math.max(this.x(until) - this.x(from), 2)];
      pen.fillRect(x, LANES.found[0], w, LANES.found[1]);
      pen.strokeRect(x, LANES.found[0] + 0.5, w, LANES.found[1] - 1);
      pen.fillStyle = colour("accent");
      pen.textBaseline = "middle";
      if (w > 40) pen.fillText(t("请假", "leave"), x + 5, LANES.found[0] + LANES.found[1] / 2);
      pen.fillStyle = colour("tint");
    }
  }

  /** Violations are links above their spans. */
  link() {
    this.links.replaceChildren(
      ...this.told.violations.map(({ id, name, from, until }) => {
        const link = Object.assign(document.createElement("a"), { href: `/console/violations/${id}`, textContent: name, title: name });
        const left = Math.min(this.x(from), this.width - RIGHT - 24);
        link.style.left = `${left}px`;
        link.style.width = `${Math.max(this.x(until) - left, 24)}px`;
        link.style.top = `${LANES.found[0] - 2}px`;
        return link;
      }),
    );
  }
}

/** The hour and minute on the bureau's clock. */
export const clockOf = (at, seconds = false) =>
  new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, timeZone: document.body.dataset.timezone || undefined });

function sheet(canvas, width) {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(HEIGHT * density);
  const pen = canvas.getContext("2d");
  pen.setTransform(density, 0, 0, density, 0, 0);
  return pen;
}

function line(pen, from, until, y) {
  pen.strokeStyle = colour("line");
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(from, y);
  pen.lineTo(until, y);
  pen.stroke();
}

function within(pen, x, y, w, h, draw) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  draw();
  pen.restore();
}

function slants(pen, x, y, w, h, step) {
  pen.beginPath();
  for (let at = x - h; at < x + w; at += step) {
    pen.moveTo(at, y + h);
    pen.lineTo(at + h, y);
  }
  pen.stroke();
}

const hatch = (pen, from, until, top, height) =>
  within(pen, from, top, until - from, height, () => {
    pen.fillStyle = colour("back");
    pen.fillRect(from, top, until - from, height);
    pen.strokeStyle = colour("line");
    pen.lineWidth = 1;
    slants(pen, from, top, until - from, height, 9);
  });

const striped = (pen, x, y, w, h) =>
  within(pen, x, y, w, h, () => {
    pen.strokeStyle = colour("paper");
    pen.lineWidth = 1.5;
    slants(pen, x, y, w, h, 7);
  });

const dotted = (pen, x, y, w, h) =>
  within(pen, x, y, w, h, () => {
    pen.fillStyle = colour("paper");
    for (let at = x + 2; at < x + w; at += 6) pen.fillRect(at, y + h / 2 - 1, 2, 2);
  });
