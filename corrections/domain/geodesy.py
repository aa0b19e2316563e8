"""Datums, an area's metric projection, geodesic distance. Degrees are WGS-84 unless a datum is named.

GCJ-02 has no published definition. The formula is the one that all open implementations share (Krasovsky 1940 ellipsoid;
first published as ``eviltransform``, 2013); they agree with one another to 1.2 cm. BD-09 is a further rotation on top of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import overload

import numpy as np
import pyproj
from numpy.typing import ArrayLike

from corrections.domain.model import Datum, Floats

KRASOVSKY_A = 6378245.0
KRASOVSKY_E2 = 0.00669342162296594323
BD_TURN = np.pi * 3000.0 / 180.0

# The rectangle within which providers shift positions. It holds Hong Kong, Macao and Taiwan, where they differ.
CHINA = (72.004, 0.8293, 137.8347, 55.8271)


def _in_china(lat: Floats, lon: Floats) -> Floats:
    west, south, east, north = CHINA
    return ((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).astype(np.float64)


def _gcj_shift(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """What GCJ-02 adds to a WGS-84 position, degrees; zero outside China."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    m = 1.0 - KRASOVSKY_E2 * np.sin(phi) ** 2
    scale = _in_china(lat, lon) * 180.0 / np.pi
    d_lat = north * scale * m * np.sqrt(m) / (KRASOVSKY_A * (1.0 - KRASOVSKY_E2))
    d_lon = east * scale * np.sqrt(m) / (KRASOVSKY_A * np.cos(phi))
    return d_lat, d_lon


def _gcj_to_wgs(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """Fixed point of ``wgs + shift(wgs) = gcj``. The shift's slope is under 0.01, so ten rounds leave less than a nanometre."""
    guess_lat, guess_lon = lat, lon
    for _ in range(10):
        d_lat, d_lon = _gcj_shift(guess_lat, guess_lon)
        guess_lat, guess_lon = lat - d_lat, lon - d_lon
    return guess_lat, guess_lon


def _gcj_to_bd(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BD_TURN)
    return radius * np.sin(angle) + 0.006, radius * np.cos(angle) + 0.0065


def _bd_to_gcj(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    guess_lat, guess_lon = lat - 0.006, lon - 0.0065
    for _ in range(10):
        back_lat, back_lon = _gcj_to_bd(guess_lat, guess_lon)
        guess_lat, guess_lon = guess_lat + lat - back_lat, guess_lon + lon - back_lon
    return guess_lat, guess_lon


@overload
def to_wgs84(lat: float, lon: float, datum: Datum) -> tuple[float, float]: ...
@overload
def to_wgs84(lat: Floats, lon: Floats, datum: Datum) -> tuple[Floats, Floats]: ...
def to_wgs84(lat: float | Floats, lon: float | Floats, datum: Datum) -> tuple[float, float] | tuple[Floats, Floats]:
    """The WGS-84 position (degrees) of one given in ``datum``; scalars in, scalars out, arrays in, arrays of the same shape out.

    The inverse of GCJ-02 and BD-09 closes to better than a millimetre. CGCS2000 differs from WGS-84 by centimetres and is
    taken as the same.
    """
    if datum in (Datum.WGS84, Datum.CGCS2000):
        return lat, lon  # type: ignore[return-value]
    out_lat, out_lon = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    if datum is Datum.BD09:
        out_lat, out_lon = _bd_to_gcj(out_lat, out_lon)
    out_lat, out_lon = _gcj_to_wgs(out_lat, out_lon)
    return (float(out_lat), float(out_lon)) if np.ndim(lat) == 0 else (out_lat, out_lon)


@overload
def from_wgs84(lat: float, lon: float, datum: Datum) -> tuple[float, float]: ...
@overload
def from_wgs84(lat: Floats, lon: Floats, datum: Datum) -> tuple[Floats, Floats]: ...
def from_wgs84(lat: float | Floats, lon: float | Floats, datum: Datum) -> tuple[float, float] | tuple[Floats, Floats]:
    """The position (degrees) in ``datum`` of one in WGS-84; shapes as in ``to_wgs84``."""
    if datum in (Datum.WGS84, Datum.CGCS2000):
        return lat, lon  # type: ignore[return-value]
    out_lat, out_lon = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    d_lat, d_lon = _gcj_shift(out_lat, out_lon)
    out_lat, out_lon = out_lat + d_lat, out_lon + d_lon
    if datum is Datum.BD09:
        out_lat, out_lon = _gcj_to_bd(out_lat, out_lon)
    return (float(out_lat), float(out_lon)) if np.ndim(lat) == 0 else (out_lat, out_lon)


class Plane:
    """An azimuthal equidistant plane (metres) about a centre: true in distance and direction from there, and within
    (r / 6371 km)² / 6 across it, which is 9e-5 at 150 km from the centre (Snyder, Map Projections, USGS PP 1395, section 25).
    """

    def __init__(self, lat: float, lon: float) -> None:
        self.lat, self.lon = lat, lon
        crs = pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m")
        self._forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def to_metres(self, lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats]:
        """x (east) and y (north) in metres from the centre; arrays of one shape."""
        x, y = self._forward.transform(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        return np.asarray(x), np.asarray(y)

    def to_degrees(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Latitude and longitude in degrees of metres on the plane."""
        lon, lat = self._forward.transform(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), direction="INVERSE")
        return np.asarray(lat), np.asarray(lon)


@lru_cache(maxsize=256)
def plane_at(lat: float, lon: float) -> Plane:
    """The plane about a centre, which neighbouring zones share."""
    return Plane(lat, lon)


_GEOD = pyproj.Geod(ellps="WGS84")


def distances_m(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Geodesic distances in metres between WGS-84 positions, pair by pair (Karney 2013); arrays of one length."""
    return np.asarray(_GEOD.inv(lon1, lat1, lon2, lat2)[2], dtype=np.float64)


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Geodesic distance in metres between two WGS-84 positions (Karney 2013); for single pairs, not for columns."""
    return float(_GEOD.inv(lon1, lat1, lon2, lat2)[2])
