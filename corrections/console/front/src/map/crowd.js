// Many people on a map: signs by how they stand, and clusters that say how many stand how. Clusters are made for each zoom on a grid that
// lies still while the map moves; moving only draws what is there.
import Feature from "ol/Feature.js";
import Point from "ol/geom/Point.js";
import { Icon, Style } from "ol/style.js";
import { colour } from "./ground.js";
import { STANDINGS, accuracyCircle, sheet, signStyle, standingColour, styleOf, write } from "./layers.js";

export const ORDER = [1, 2, 3, 0]; // of standings: those that ask for a look first
const CELL_PX = 58;
const CLOSE = { resolution: 3, px: 30 }; // metres a pixel, from which on people are put together only where they would cover each other
const SEPARATE = { resolution: 0.6, most: 2_000 }; // ... and from which on nobody is, unless there are very many
const AGES_S = [3600, 6 * 3600, 24 * 3600];

/** The features that show these people at a resolution. */
export function crowd(people, resolution, ground) {
  if (resolution <= SEPARATE.resolution && people.length <= SEPARATE.most) return people.flatMap((one) => alone(one, ground));
  const size = (resolution <= CLOSE.resolution ? CLOSE.px : CELL_PX) * resolution;
  const groups = new Map();
  for (const one of people) {
    const key = Math.floor(one.place[0] / size) * 0x4000000 + Math.floor(one.place[1] / size);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  const features = [];
  for (const group of groups.values()) {
    if (group.length === 1) features.push(...alone(group[0], ground));
    else features.push(cluster(middle(group), counted(group), group));
  }
  return features;
}

function alone(one, ground) {
  const standing = STANDINGS[one.standing];
  const fade = AGES_S.filter((age) => one.age > age).length;
  const sign = new Feature({ geometry: new Point(one.place), one });
  sign.setStyle(signStyle(standing, { fade, unclaimed: one.accuracy === null }));
  const circle = accuracyCircle(ground, one.place, one.accuracy, standing);
  return circle ? [circle, sign] : [sign];
}

/** A sign for several: `group` is who, where it is known. */
export function cluster(place, counts, group = null) {
  const feature = new Feature({ geometry: new Point(place), group, counts });
  feature.setStyle(pie(counts));
  return feature;
}

const middle = (group) => [0, 1].map((axis) => group.reduce((sum, { place }) => sum + place[axis], 0) / group.length);

export function counted(group) {
  const counts = [0, 0, 0, 0];
  for (const { standing } of group) counts[standing] += 1;
  return counts;
}

const short = (n) => (n >= 10_000 ? `${Math.round(n / 1000)}k` : String(n));

/** Their number within a ring that is divided by how they stand; the wrong side first, from the top, the silent dashed. With somebody on the
 * wrong side it bears a triangle, too. */
const pie = (counts) =>
  styleOf(`pie ${counts}`, () => {
    const total = counts.reduce((a, b) => a + b, 0);
    const size = total < 10 ? 34 : total < 100 ? 40 : total < 1000 ? 48 : 56;
    const { canvas, pen, scale } = sheet(size);
    const [c, r] = [size / 2, size / 2 - 4];
    pen.fillStyle = colour("paper");
    pen.beginPath();
    pen.arc(c, c, r + 3, 0, 2 * Math.PI);
    pen.fill();
    pen.lineWidth = 5;
    let from = -Math.PI / 2;
    for (const standing of ORDER) {
      if (!counts[standing]) continue;
      const to = from + (2 * Math.PI * counts[standing]) / total;
      pen.beginPath();
      pen.arc(c, c, r, from, to);
      pen.strokeStyle = standingColour(STANDINGS[standing]);
      pen.setLineDash(standing === 3 ? [2, 2] : standing === 2 ? [6, 2] : []);
      pen.stroke();
      from = to;
    }
    pen.setLineDash([]);
    write(pen, short(total), c, c, colour("ink"), size > 44 ? 15 : 13);
    if (counts[1]) triangle(pen, size - 8, 8);
    return new Style({ image: new Icon({ img: canvas, scale }), zIndex: 4 });
  });

function triangle(pen, x, y) {
  pen.fillStyle = standingColour("wrong");
  pen.strokeStyle = colour("paper");
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const [dx, dy] of [[0, -6.5], [6.5, 5], [-6.5, 5]]) pen.lineTo(x + dx, y + dy);
  pen.closePath();
  pen.stroke();
  pen.fill();
}
