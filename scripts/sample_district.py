"""The invented district 云溪区 (Yunxi): places, 280 people under supervision and the zones that bind them, from a seed.

No real place and no real person: the outline is drawn by chance about 41.5 N 122.7 E, the names are put together by chance, and
the telephone numbers cannot be dialled. ``make`` draws it, ``write`` puts it into a folder as the files that ``corrections import``
reads. Offices and officers are those of ``config/sample``.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from corrections.domain.geodesy import Plane

TOP = Path(__file__).resolve().parents[1]
SAMPLE = TOP / "config" / "sample"
BUREAU = {"code": "YX", "name": "云溪区司法局", "name_en": "Yunxi District Justice Bureau", "timezone": "Asia/Shanghai"}
CENTRE = (41.50, 122.72)
SUBJECTS = 280
STRICT, LENIENT = 40, 80
SCHOOLS = 6
CURFEW_RADIUS_M = 200.0

Point = NDArray[np.float64]  # x (east) and y (north) in metres on the district's plane
TOWNS = {"YX01": (0, 0), "YX02": (4300, 900), "YX03": (700, 4500), "YX04": (-900, -4600), "YX05": (-4400, 1300), "YX06": (3600, -3900)}


class Client(StrEnum):
    """The phone programs in use; the words stand in the register's column ``client``."""

    TRACCAR_8 = "Traccar Client 8"
    TRACCAR_9 = "Traccar Client 9"
    TRACCAR_10 = "Traccar Client 10"
    OWNTRACKS = "OwnTracks"
    OVERLAND = "Overland"


class Part(StrEnum):
    """What a subject or her phone does that is out of the ordinary."""

    ORDINARY = "ordinary"
    LEAVES = "leaves"  # leaves the permitted area for 20 to 90 minutes
    ENTERS = "enters"  # goes into a school she must keep away from
    BREAKS_CURFEW = "breaks_curfew"
    FALLS_SILENT = "falls_silent"  # the phone reports no more from 13:20 on
    NEVER_REPORTS = "never_reports"
    UPLOADS_LATE = "uploads_late"  # three hours without a network, sent afterwards in shuffled order
    REPEATS = "repeats"  # sends messages twice
    ABSURD = "absurd"  # now and then (0, 0) and coordinates that do not exist
    MOCK = "mock"  # a program that feigns positions
    SHIFTED = "shifted"  # the phone sends GCJ-02
    NO_AUTHORITY = "no_authority"  # the legal basis has run out, the phone still sends


CAST = {
    Part.LEAVES: 6,
    Part.ENTERS: 1,
    Part.BREAKS_CURFEW: 2,
    Part.FALLS_SILENT: 1,
    Part.NEVER_REPORTS: 1,
    Part.UPLOADS_LATE: 1,
    Part.REPEATS: 1,
    Part.ABSURD: 1,
    Part.MOCK: 1,
    Part.SHIFTED: 1,
    Part.NO_AUTHORITY: 1,
}
CLIENT_OF = {Part.MOCK: Client.TRACCAR_8, Part.UPLOADS_LATE: Client.OVERLAND}  # only Traccar Client up to 8 tells mock positions

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英华玲刚桂兰平辉鹏红玉建文斌宇浩凯健俊帆雪梅松柏晨阳海波志国春生永祥"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented subject with her phone, and where she lives, works and goes."""

    index: int
    number: str
    name: str
    office: str
    officer: str
    category: str
    level: str
    minor: bool
    client: Client
    interval_s: int
    part: Part
    device: str
    home: Point
    work: Point | None
    haunts: tuple[Point, ...]
    school: int | None = None  # index of the school she must keep away from

    @property
    def strict(self) -> bool:
        return self.level == "strict"

    @property
    def datum(self) -> str:
        return "GCJ02" if self.part is Part.SHIFTED else "WGS84"


@dataclass(slots=True)
class District:
    """The district on its plane (metres about ``CENTRE``)."""

    plane: Plane
    area: shapely.Polygon
    schools: list[shapely.Polygon]
    people: list[Person] = field(default_factory=list)

    def degrees(self, xy: Point) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Latitude and longitude of points, given as rows of x and y."""
        return self.plane.to_degrees(xy[:, 0], xy[:, 1])


def make(seed: int = 1, subjects: int = SUBJECTS) -> District:
    """The district, the same for the same seed."""
    rng = np.random.default_rng(seed)
    plane = Plane(*CENTRE)
    area = _urban_area(rng)
    inner = area.buffer(-350)
    schools = [_school(rng, _inside(rng, inner, np.array(TOWNS[code]), 1300)) for code in sorted(TOWNS)[:SCHOOLS]]
    district = District(plane, area, schools)
    staff = [row for row in read_sample("officers") if row["role"] == "officer"]
    parts = _cast(rng, subjects)
    levels = ["strict"] * STRICT + ["lenient"] * LENIENT + ["general"] * max(0, subjects - STRICT - LENIENT)
    names: set[str] = set()
    for index in range(subjects):
        officer = staff[index % len(staff)]
        district.people.append(_person(rng, district, inner, index, officer, levels[index], parts[index], names))
    return district


# ---- the land


def ragged_ring(rng: np.random.Generator, radius_m: float, halvings: int, roughness: float = 0.17) -> shapely.Polygon:
    """A closed outline by midpoint displacement of an octagon: 8 * 2**halvings vertices that never cross."""
    while True:
        angle = np.linspace(0, 2 * np.pi, 8, endpoint=False)
        ring = np.column_stack([np.cos(angle), np.sin(angle)]) * radius_m * rng.uniform(0.88, 1.12, 8)[:, None]
        for _ in range(halvings):
            along = np.roll(ring, -1, axis=0) - ring
            across = np.column_stack([-along[:, 1], along[:, 0]]) * rng.normal(0, roughness, len(ring))[:, None]
            middle = ring + along / 2 + across
            ring = np.stack([ring, middle], axis=1).reshape(-1, 2)
        polygon = shapely.Polygon(ring)
        if polygon.is_valid:
            return polygon


def _urban_area(rng: np.random.Generator) -> shapely.Polygon:
    """The permitted area: 512 vertices, and a quarry as a hole of 64, which is no part of it."""
    quarry = shapely.transform(ragged_ring(rng, 800, 3), lambda xy: xy + np.array([-2300, -1900]))
    while True:
        area = ragged_ring(rng, 9000, 6)
        if area.buffer(-800).contains(quarry) and all(area.buffer(-1500).contains(shapely.Point(town)) for town in TOWNS.values()):
            return shapely.Polygon(area.exterior, [quarry.exterior.coords])


def _school(rng: np.random.Generator, at: Point) -> shapely.Polygon:
    yard = shapely.box(-130, -90, 130, 90)
    turned = shapely.transform(yard, _turn(rng.uniform(0, np.pi)))
    return shapely.transform(turned, lambda xy: xy + at)


def _turn(angle: float) -> Any:
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return lambda xy: xy @ matrix


def _inside(rng: np.random.Generator, area: BaseGeometry, about: Point, spread_m: float) -> Point:
    """A point of the area, scattered about a place."""
    while True:
        at = about + rng.normal(0, spread_m, 2)
        if area.contains(shapely.Point(at)):
            return at


# ---- the people


def _cast(rng: np.random.Generator, subjects: int) -> list[Part]:
    """Who plays which part. Subjects come strict first, so that those who break a curfew have one."""
    parts = [Part.ORDINARY] * subjects
    free = list(rng.permutation(np.arange(min(STRICT, subjects), subjects)))
    strict = list(rng.permutation(min(STRICT, subjects)))
    for part, count in CAST.items():
        for _ in range(count):
            pool = strict if part is Part.BREAKS_CURFEW or not free else free
            if pool:
                parts[int(pool.pop())] = part
    return parts


def _person(
    rng: np.random.Generator,
    district: District,
    inner: BaseGeometry,
    index: int,
    officer: dict[str, str],
    level: str,
    part: Part,
    names: set[str],
) -> Person:
    town = np.array(TOWNS[officer["office"]], dtype=np.float64)
    school = index % SCHOOLS if part is Part.ENTERS or (part is Part.ORDINARY and rng.random() < 0.12) else None
    free = inner if school is None else inner.difference(district.schools[school].buffer(350))
    home = _inside(rng, free, town, 1400)
    work = _inside(rng, free, home, 2600) if rng.random() < 0.7 else None
    haunts = tuple(_inside(rng, free, home, 1500) for _ in range(4))
    clients = list(Client)
    minor = level == "general" and part is Part.ORDINARY and rng.random() < 0.01
    return Person(
        index=index,
        number=f"YX2026{index + 1:04d}",
        name=_name(rng, names),
        office=officer["office"],
        officer=officer["login"],
        category=str(rng.choice(["probation", "parole", "control", "temporary"], p=[0.86, 0.07, 0.03, 0.04])),
        level=level,
        minor=bool(minor),
        client=CLIENT_OF.get(part, clients[index % len(clients)]),
        interval_s={"strict": 300, "general": 600, "lenient": 900}[level],
        part=part,
        device=f"YX-D{index + 1:04d}",
        home=home,
        work=work,
        haunts=haunts,
        school=school,
    )


def _name(rng: np.random.Generator, names: set[str]) -> str:
    while True:
        name = "".join([str(rng.choice(list(SURNAMES))), *(str(c) for c in rng.choice(list(GIVEN), int(rng.integers(1, 3))))])
        if name not in names:
            names.add(name)
            return name


# ---- the files


def read_sample(name: str) -> list[dict[str, str]]:
    """The rows of one of the CSV files in ``config/sample``."""
    with open(SAMPLE / f"{name}.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(district: District, folder: Path, today: date) -> None:
    """Put the district into a folder: offices.csv, officers.csv, subjects.csv and zones.geojson."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("offices.csv", "officers.csv"):
        shutil.copyfile(SAMPLE / name, folder / name)
    write_rows(folder / "subjects.csv", [subject_row(person, today) for person in district.people])
    write_zones(folder / "zones.geojson", zones(district))


def write_rows(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    with open(file, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_zones(file: Path, features: Iterable[dict[str, Any]]) -> None:
    document = {"type": "FeatureCollection", "features": list(features)}
    file.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def subject_row(person: Person, today: date) -> dict[str, Any]:
    """A person as a row of the register, with a term about ``today`` that her index alone decides."""
    term_from = today - timedelta(days=60 + 37 * person.index % 400)
    term_until = today + timedelta(days=80 + 53 * person.index % 600)
    device = person.level == "strict" and person.index % 10 == 0  # located by a device of Art. 29, which ends within three months
    started = today - timedelta(days=30) if device else term_from
    until = today + timedelta(days=50) if device else term_until
    return {
        "number": person.number,
        "name": person.name,
        "category": person.category,
        "level": person.level,
        "office": person.office,
        "officer": person.officer,
        "minor": "yes" if person.minor else "no",
        "term_from": term_from.isoformat(),
        "term_until": term_until.isoformat(),
        "phone": f"000{person.index + 1:08d}",
        "basis": "article29" if device else "article26",
        "ground": "2" if device else "",
        "authority_from": started.isoformat(),
        "authority_until": (today - timedelta(days=5) if person.part is Part.NO_AUTHORITY else until).isoformat(),
        "approved_by": "王建国",
        "approved_on": started.isoformat(),
        "device": person.device,
        "client": person.client.value,
        "datum": person.datum,
        "interval_s": person.interval_s,
    }


def zones(district: District) -> list[dict[str, Any]]:
    """The zones as GeoJSON features: the urban area for everyone, schools for named subjects, homes at night for strict ones."""
    features = [zone(district.plane, district.area, "YX-URBAN", "云溪城区活动范围", kind="inclusion", subject="*", severity="medium")]
    night = {"daily_from": "22:00", "daily_to": "06:00", "timezone": BUREAU["timezone"]}
    for person in district.people:
        if person.school is not None:
            code, name = f"YX-SCHOOL{person.school + 1}-{person.number[-4:]}", f"第{'一二三四五六'[person.school]}小学（禁止进入）"
            school = district.schools[person.school]
            features.append(zone(district.plane, school, code, name, kind="exclusion", subject=person.number, severity="high"))
        if person.strict:
            circle = shapely.Point(person.home).buffer(CURFEW_RADIUS_M, quad_segs=12)
            code = f"YX-HOME-{person.number[-4:]}"
            terms = {"kind": "inclusion", "subject": person.number, "severity": "medium"}
            features.append(zone(district.plane, circle, code, "夜间在家（22:00—06:00）", **terms, **night))
    return features


def zone(plane: Plane, area: BaseGeometry, code: str, name: str, **properties: Any) -> dict[str, Any]:
    """One feature: an area on the plane, in degrees, with the terms that ``corrections import`` reads."""

    def to_degrees(xy: Point) -> Point:
        lat, lon = plane.to_degrees(xy[:, 0], xy[:, 1])
        return np.column_stack([lon, lat]).round(6)

    geometry = shapely.transform(area, to_degrees).__geo_interface__
    return {"type": "Feature", "properties": {"zone": code, "name": name, **properties}, "geometry": geometry}
