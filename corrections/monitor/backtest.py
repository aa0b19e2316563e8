"""The live detection over a file: reports taken in order of received time, each subject's as they came."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from corrections.domain.episodes import Known, reconcile
from corrections.domain.judging import advance
from corrections.domain.memory import Memory
from corrections.domain.model import (
    FOREVER_US,
    SOURCES,
    Episode,
    Ints,
    Reports,
    Rule,
    Severity,
    Source,
    Window,
    ZoneKind,
    ZoneVersion,
    from_us,
    to_us,
)  # fmt: skip
from corrections.domain.rules import BoundaryRule, Rulebook
from corrections.domain.zones import Bindings, ZoneBook
from corrections.errors import Invalid

BOUNDARY = (Rule.BOUNDARY, Rule.OVERDUE_RETURN)
LOOKS_EVERY_US = 5_000_000  # schedules.evaluate_every_s
COLUMNS = ("subject", "device", "fix_time", "received_time", "lat", "lon", "accuracy_m", "source")


@dataclass(slots=True)
class _Incident:
    """What an officer would have been shown, and when."""

    subject: int
    zone: int
    decided_us: int
    episode: Episode


@dataclass(slots=True)
class _Subject:
    """One subject's past as the live service would hold it: memory, checkpoints, the incidents raised so far."""

    memory: Memory = field(default_factory=Memory)
    last: tuple[int, int] = (-FOREVER_US, -FOREVER_US)  # fix_us, digest of the last fix judged
    checkpoints: list[tuple[int, bytes]] = field(default_factory=list)
    incidents: list[_Incident] = field(default_factory=list)
    # Her reports as they came.
    rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def heard(self, columns: Reports, from_us: int, last: int) -> list[int]:
        """Her reports with fix times from one moment on, up to the one that came as ``last``."""
        so_far = self.rows[: int(np.flatnonzero(self.rows == last)[0]) + 1]
        found: list[int] = so_far[columns.fix_us[so_far] >= from_us].tolist()
        return found


def backtest(zones: Path, reports: Path, rule: BoundaryRule) -> Iterator[dict[str, Any]]:
    """Every incident that the live service would have put before an officer, withdrawn ones included, as the lines of
    ``alertbench/score.py``: subject, zone, decided_at (received time of the report that decided), started_at, ended_at.

    ``zones`` and ``reports`` are in the formats of ``alertbench/scenario.py``. Raises Invalid naming file, row and field.
    """
    names, columns = _read_reports(reports)
    timezone, versions, zone_names, bindings = _read_zones(zones, names)
    everything = ((-FOREVER_US, FOREVER_US),)
    book = Rulebook(timezone, ZoneBook(versions), Bindings(bindings), dict.fromkeys(range(len(names)), everything))
    came = np.argsort(columns.received_us, kind="stable")
    subjects = [_Subject(rows=came[columns.subject[came] == number]) for number in range(len(names))]
    for turn in _arrivals(columns):
        _evaluate(book, columns, turn, subjects, rule)
    found = sorted((i for s in subjects for i in s.incidents), key=lambda i: (i.decided_us, i.subject, i.zone))
    for incident in found:
        ended = incident.episode.ended_us
        yield {
            "subject": names[incident.subject],
            "zone": zone_names[incident.zone],
            "decided_at": _stamp(incident.decided_us),
            "started_at": _stamp(incident.episode.started_us),
            "ended_at": None if ended is None else _stamp(ended),
        }


def _arrivals(columns: Reports) -> Iterator[list[list[int]]]:
    """What to evaluate together: the n-th stretch of every subject's reports as they came, each a list of positions. Subjects do not
    concern each other. A stretch goes on as long as each report is later than all before it, for then it comes to the same as one
    report at a time; late reports are a stretch of their own, of those that come within the time between two looks of the service."""
    newest: dict[int, tuple[int, int]] = {}
    stretches: dict[int, list[list[int]]] = defaultdict(list)
    was_late: dict[int, bool] = {}
    for position in np.argsort(columns.received_us, kind="stable").tolist():
        subject, key = int(columns.subject[position]), (int(columns.fix_us[position]), int(columns.digest[position]))
        late = key < newest.get(subject, key)
        own = stretches[subject]
        goes_on = was_late.get(subject) == late
        if goes_on and late:
            goes_on = columns.received_us[position] < columns.received_us[own[-1][0]] + LOOKS_EVERY_US
        if not goes_on:
            own.append([])
        own[-1].append(position)
        newest[subject], was_late[subject] = max(key, newest.get(subject, key)), late
    for turn in range(max(map(len, stretches.values()), default=0)):
        yield [own[turn] for own in stretches.values() if turn < len(own)]


def _evaluate(book: Rulebook, columns: Reports, turn: list[list[int]], subjects: list[_Subject], rule: BoundaryRule) -> None:
    """As the monitor does: go on from the memory where the fixes are the newest, start over from a checkpoint where one is late."""
    rows: list[int] = []
    since: dict[int, int] = {}
    for stretch in turn:
        number = int(columns.subject[stretch[0]])
        subject, key = subjects[number], min((int(columns.fix_us[p]), int(columns.digest[p])) for p in stretch)
        if key > subject.last:
            rows.extend(stretch)
            since[number] = subject.last[0]
            subject.last = (int(columns.fix_us[stretch[-1]]), int(columns.digest[stretch[-1]]))
            continue
        start, memory = max(c for c in subject.checkpoints if c[0] <= key[0]) if subject.checkpoints[0][0] <= key[0] else (-FOREVER_US, b"")
        subject.memory = Memory.decode(memory)
        subject.checkpoints = [c for c in subject.checkpoints if c[0] < start]
        rows.extend(subject.heard(columns, start, stretch[-1]))
        since[number] = start - 1
    taken = columns.take(np.array(rows, dtype=np.int64)).ordered()
    memories = {number: subjects[number].memory for number in since}
    done = advance(book, taken, memories, since, rule)
    for stretch in turn:
        number = int(columns.subject[stretch[0]])
        subjects[number].memory = memories[number]
        subjects[number].checkpoints.extend(done.checkpoints.get(number, []))
        _reconcile(subjects[number], number, done.episodes.get(number, []), since[number], columns, stretch)


def _reconcile(subject: _Subject, number: int, derived: list[Episode], since_us: int, columns: Reports, stretch: list[int]) -> None:
    """An episode is put before an officer when the report that opened it came; a late one, when the report that brought it came."""
    boundary = [e for e in derived if e.rule in BOUNDARY]
    known = [
        Known(i, incident.episode.rule, incident.zone, incident.episode.started_us, incident.episode.ended_us)
        for i, incident in enumerate(subject.incidents)
        if incident.episode.ended_us is None or incident.episode.ended_us > since_us
    ]
    changes = reconcile(known, boundary)
    for before, episode in changes.same:
        subject.incidents[before.key].episode = episode
    received = {int(columns.fix_us[position]): int(columns.received_us[position]) for position in stretch}
    at_last = int(columns.received_us[stretch[-1]])
    subject.incidents.extend(_Incident(number, e.zone_id, received.get(e.opened_us, at_last), e) for e in changes.new)


# ---- the files


def _read_reports(path: Path) -> tuple[list[str], Reports]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if missing := [c for c in COLUMNS if c not in (reader.fieldnames or ())]:
            raise Invalid(f"{path.name} lacks the column {missing[0]}.", f"{path.name} 缺少列 {missing[0]}。", field=missing[0])
        rows = list(reader)
    names = sorted({row["subject"] for row in rows})
    number = {name: i for i, name in enumerate(names)}
    n = len(rows)
    columns = Reports(
        subject=np.array([number[row["subject"]] for row in rows], dtype=np.int64),
        fix_us=_column(path, rows, "fix_time", _when),
        digest=np.arange(n, dtype=np.int64),
        lat=_column(path, rows, "lat", float),
        lon=_column(path, rows, "lon", float),
        accuracy_m=_column(path, rows, "accuracy_m", lambda text: float(text) if text and float(text) > 0 else np.nan),
        source=_column(path, rows, "source", lambda text: SOURCES.index(Source(text))),
        received_us=_column(path, rows, "received_time", _when),
        mock=np.zeros(n, dtype=bool),
        device=np.zeros(n, dtype=np.int64),
    )
    return names, columns


def _column(path: Path, rows: list[dict[str, str]], name: str, read: Any) -> Any:
    values = []
    for line, row in enumerate(rows, start=2):
        try:
            values.append(read(row[name]))
        except (ValueError, TypeError) as error:
            raise Invalid(
                f"{path.name}, line {line}: {row[name]!r} is not a {name}.",
                f"{path.name} 第 {line} 行：{name} 的值 {row[name]!r} 无效。",
                field=name,
            ) from error
    return np.array(values)


def _read_zones(path: Path, names: list[str]) -> tuple[ZoneInfo, list[ZoneVersion], list[str], dict[int, list[int]]]:
    number = {name: i for i, name in enumerate(names)}
    versions: list[ZoneVersion] = []
    zone_names: list[str] = []
    bindings: dict[int, list[int]] = {i: [] for i in range(len(names))}
    timezone = ZoneInfo("Asia/Shanghai")
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{path.name} is not a GeoJSON FeatureCollection.", f"{path.name} 不是 GeoJSON FeatureCollection。") from error
    for i, feature in enumerate(features):
        p = feature["properties"]
        windows: tuple[Window, ...] = ()
        if "daily_from" in p:
            windows = (Window(time.fromisoformat(p["daily_from"]), time.fromisoformat(p["daily_to"])),)
            timezone = ZoneInfo(p.get("timezone", timezone.key))
        wkb = shapely.to_wkb(shapely.from_geojson(json.dumps(feature["geometry"])))
        versions.append(ZoneVersion(i + 1, i, 1, str(p["zone"]), ZoneKind(p["kind"]), Severity.MEDIUM, wkb, windows))
        zone_names.append(str(p["zone"]))
        for subject in range(len(names)) if p["subject"] == "*" else [number[p["subject"]]] if p["subject"] in number else []:
            bindings[subject].append(i)
    return timezone, versions, zone_names, bindings


def _when(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time needs an offset")
    return to_us(at)


def _stamp(us: int) -> str:
    return from_us(us).isoformat().replace("+00:00", "Z")
