"""When a subject might be located, and when each zone bound her: windows, authorities, zone versions, leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from corrections.domain.certainty import Seen
from corrections.domain.geodesy import Plane
from corrections.domain.model import Bools, Floats, Ints, Reports
from corrections.domain.rules import Leave, Rulebook


def lawful_spans(book: Rulebook, reports: Reports) -> tuple[Bools, Ints, Ints]:
    """Whether each report's subject might be located at its fix time, and the span (µs) in which she might."""
    subjects, first, count = np.unique(reports.subject, return_index=True, return_counts=True)
    spans = [book.lawful.get(subject) or ((0, 0),) for subject in subjects.tolist()]
    starts, ends = (np.repeat(np.array([own[0][i] for own in spans], dtype=np.int64), count) for i in (0, 1))
    for i in [i for i, own in enumerate(spans) if len(own) > 1]:  # seldom: what follows on the first span
        rows = slice(first[i], first[i] + count[i])
        several = np.array(spans[i], dtype=np.int64)
        at = np.maximum(np.searchsorted(several[:, 0], reports.fix_us[rows], side="right") - 1, 0)
        starts[rows], ends[rows] = several[at, 0], several[at, 1]
    return (reports.fix_us >= starts) & (reports.fix_us < ends), starts, ends


@dataclass(slots=True)
class Bound:
    """For each entry of ``Seen``: whether the zone bound at the fix, and the start and end (µs) of the spell in which it did; when it
    did not because of an approved leave, the end of that leave, else 0."""

    binds: Bools
    window_us: Ints
    ends_us: Ints
    leave_until_us: Ints


def binding(book: Rulebook, reports: Reports, seen: Seen, lawful_from: Ints, lawful_until: Ints) -> Bound:
    """A zone binds in its window, cut by the spans of the authority and by the end of the zone version. An approved leave frees from
    inclusion zones, never from exclusion zones."""
    fix_us = reports.fix_us[seen.row]
    binds, window_us, window_ends = book.zones.windows(seen.zone, fix_us, book.timezone)
    window_us = np.where(binds, np.maximum(window_us, lawful_from[seen.row]), window_us)
    ends = np.minimum(np.minimum(window_ends, book.zones.valid_until[seen.zone]), lawful_until[seen.row])
    leave_until = np.zeros(len(seen.row), dtype=np.int64)
    if book.leaves:
        for subject, rows in by_subject(reports):
            if leaves := book.leaves.get(subject):
                until = _on_leave(leaves, reports, rows)
                concerned = (seen.row >= rows[0]) & (seen.row <= rows[-1]) & book.zones.inclusion[seen.zone]
                leave_until[concerned] = until[seen.row[concerned] - rows[0]]
        leave_until[~binds] = 0
        binds &= leave_until == 0
    return Bound(binds, window_us, ends, leave_until)


def _on_leave(leaves: Sequence[Leave], reports: Reports, rows: Ints) -> Ints:
    """The end (µs) of the leave that covers each fix, 0 where none does: in its time, and within its claimed radius of the place, where
    the leave names one."""
    until = np.zeros(len(rows), dtype=np.int64)
    for leave in leaves:
        within = (reports.fix_us[rows] >= leave.from_us) & (reports.fix_us[rows] < leave.until_us)
        if leave.wkb is not None and within.any():
            place = shapely.from_wkb(leave.wkb)
            west, south, east, north = place.bounds
            plane = Plane((south + north) / 2, (west + east) / 2)
            x, y = plane.to_metres(reports.lat[rows], reports.lon[rows])
            away = shapely.distance(_on_plane(place, plane), shapely.points(x, y))
            within &= away <= np.nan_to_num(reports.accuracy_m[rows], nan=0.0)
        until = np.where(within, np.maximum(until, leave.until_us), until)
    return until


def _on_plane(place: shapely.Geometry, plane: Plane) -> shapely.Geometry:
    def project(lonlat: Floats) -> Floats:
        return np.column_stack(plane.to_metres(lonlat[:, 1], lonlat[:, 0]))

    return shapely.transform(place, project)


def by_subject(reports: Reports) -> list[tuple[int, Ints]]:
    """(subject, its rows) for reports ordered by subject."""
    if not len(reports):
        return []
    first = np.concatenate([[0], np.flatnonzero(np.diff(reports.subject)) + 1])
    rows, ends = np.arange(len(reports), dtype=np.int64), [*first[1:].tolist(), len(reports)]
    return [(s, rows[i:j]) for s, i, j in zip(reports.subject[first].tolist(), first.tolist(), ends, strict=True)]
