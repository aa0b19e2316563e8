// GCJ-02 and WGS-84 in degrees, as corrections/domain/geodesy.py has them; a test holds the two together.
const KRASOVSKY_A = 6378245.0;
const KRASOVSKY_E2 = 0.00669342162296594323;
const CHINA = [72.004, 0.8293, 137.8347, 55.8271]; // outside of it nothing is shifted
const { PI, abs, cos, sin, sqrt } = Math;

/** What GCJ-02 adds to a WGS-84 position: [longitude, latitude]. */
function shift(lon, lat) {
  const [west, south, mostEast, mostNorth] = CHINA;
  if (lon < west || lon > mostEast || lat < south || lat > mostNorth) return [0, 0];
  const x = lon - 105;
  const y = lat - 35;
  const root = sqrt(abs(x));
  const wave = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave;
  north += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  north += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave;
  east += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  east += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const phi = (lat * PI) / 180;
  const m = 1 - KRASOVSKY_E2 * sin(phi) ** 2;
  return [
    (((east * 180) / PI) * sqrt(m)) / (KRASOVSKY_A * cos(phi)),
    (((north * 180) / PI) * m * sqrt(m)) / (KRASOVSKY_A * (1 - KRASOVSKY_E2)),
  ];
}

/** [lon, lat] in GCJ-02 of a place in WGS-84. */
export function toGcj02(lon, lat) {
  const [east, north] = shift(lon, lat);
  return [lon + east, lat + north];
}

/** The inverse, by a fixed point: the shift's slope is under 0.01, so ten rounds leave less than a nanometre. */
export function fromGcj02(lon, lat) {
  let [x, y] = [lon, lat];
  for (let round = 0; round < 10; round += 1) {
    const [east, north] = shift(x, y);
    [x, y] = [lon - east, lat - north];
  }
  return [x, y];
}
