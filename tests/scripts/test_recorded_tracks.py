"""Recorded movements: every fix kept, moved by whole days to yesterday, with zones laid out from where the user stayed."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import shapely

from corrections.domain.geodesy import Plane
from scripts import sample_district
from scripts.movements import LOCAL, Fix
from scripts.phones import phones_for_tracks
from scripts.recorded_tracks import UnreadableTracks, people_for, read_tracks, stay_places, track_zones
from scripts.sample_district import Client
from scripts.wire_formats import Identity

YESTERDAY = date(2026, 5, 19)
HEADER = "user,time,recorded,lat,lon,acc,alt,speed,bearing,platform\n"
ROWS = (
    "a,2017-07-25T11:17:36.059Z,2017-07-25T12:00:00Z,-23.5655504,-46.6480565,500,0,1.5,90,android\n"
    "a,2017-07-25T11:18:00.000Z,2017-07-25T11:18:01Z,-23.5655505,-46.6480566,,,,,android\n"
    "a,2017-07-26T18:00:00.000Z,2017-07-26T18:00:01Z,-23.5655505,-46.6480566,20,,,,android\n"
    "b,2008-10-23T02:53:04Z,,39.984702,116.318417,,150.0,,,\n"
)


def written(folder: Path, text: str) -> Path:
    file = folder / "tracks.csv.gz"
    file.write_bytes(gzip.compress(text.encode()))
    return file


def test_every_row_becomes_a_fix_in_the_order_of_recording(tmp_path: Path) -> None:
    tracks = read_tracks(written(tmp_path, HEADER + ROWS), YESTERDAY)

    assert tracks.users == ("a", "b")
    assert [fix.accuracy_m for fix in tracks.fixes["a"]] == [None, 500.0, 20.0]
    first = tracks.fixes["a"][1]
    assert (first.lat, first.lon, first.altitude_m, first.speed_mps, first.course_deg) == (-23.5655504, -46.6480565, 0.0, 1.5, 90.0)


def test_times_move_by_whole_days_so_that_the_last_falls_on_yesterday(tmp_path: Path) -> None:
    tracks = read_tracks(written(tmp_path, HEADER + ROWS), YESTERDAY)

    for user in tracks.users:
        assert max(fix.at for fix in tracks.fixes[user]).astimezone(LOCAL).date() == YESTERDAY
    assert tracks.fixes["a"][1].at.time() == datetime(2017, 7, 25, 11, 17, 36, 59_000, tzinfo=UTC).time()
    assert tracks.fixes["a"][0].at - tracks.fixes["a"][1].at == timedelta(seconds=23.941)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "missing"), ("user,time,lat\n", "column lon"), (HEADER, "no movements"), (HEADER + "a,yesterday,,1,2,,,,,\n", "yesterday")],
)
def test_a_faulty_file_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UnreadableTracks, match=reason):
        read_tracks(written(tmp_path, text), YESTERDAY)


def test_a_file_that_is_no_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text(HEADER + ROWS)

    with pytest.raises(UnreadableTracks, match=r"plain\.csv"):
        read_tracks(tmp_path / "plain.csv", YESTERDAY)


def stays(*places: tuple[float, float, float]) -> list[Fix]:
    """Fixes every two minutes: hours at each place (x, y in metres about 41.5 N 122.7 E), one after the other."""
    plane, fixes, at = Plane(41.5, 122.7), [], datetime(2026, 5, 1, tzinfo=UTC)
    for x, y, hours in places:
        lat, lon = plane.to_degrees([x], [y])
        for _ in range(int(hours * 30)):
            fixes.append(Fix(at, float(lat[0]), float(lon[0])))
            at += timedelta(minutes=2)
    return fixes


def test_stays_near_one_another_are_one_place_with_its_visits() -> None:
    found = stay_places(stays((0, 0, 5), (3000, 0, 1), (50, 50, 5), (0, 4000, 0.1)), Plane(41.5, 122.7))

    assert [(round(place.x), place.visits) for place in found] == [(0, 2), (3000, 1)]
    assert found[0].seconds == pytest.approx(10 * 3600, abs=600)


def geometry(features: Sequence[dict[str, object]], kind: str) -> list[shapely.Geometry]:
    return [shapely.geometry.shape(f["geometry"]) for f in features if f["properties"]["kind"] == kind]  # type: ignore[index, arg-type]


def test_a_user_is_permitted_where_she_mostly_stays_and_kept_from_a_place_seen_once(tmp_path: Path) -> None:
    lines = [
        f"u,{fix.at.isoformat()},,{fix.lat},{fix.lon},,,,,\n"
        for fix in stays(
            (0, 0, 8), (800, 0, 2), (0, 900, 2), (9000, 0, 1), (0, 12_000, 2), (0, 0, 3), (800, 0, 2), (0, 900, 2), (0, 12_000, 2)
        )
    ]
    tracks = read_tracks(written(tmp_path, HEADER + "".join(lines)), YESTERDAY)
    people = people_for(tracks, sample_district.make(subjects=3).people)

    features = track_zones(tracks, people)

    (permitted,), (forbidden,) = geometry(features, "inclusion"), geometry(features, "exclusion")
    plane = Plane(41.5, 122.7)
    lat, lon = plane.to_degrees([0, 800, 0, 9000, 0], [0, 0, 900, 0, 12_000])
    assert shapely.contains_xy(permitted, lon, lat).tolist() == [True, True, True, False, False]
    assert shapely.contains_xy(forbidden, lon, lat).tolist() == [False, False, False, True, False]


def test_more_users_than_people_are_refused(tmp_path: Path) -> None:
    tracks = read_tracks(written(tmp_path, HEADER + ROWS), YESTERDAY)

    with pytest.raises(UnreadableTracks, match="2 users"):
        people_for(tracks, sample_district.make(subjects=1).people)


@pytest.mark.parametrize(("name", "users", "fixes"), [("phones-odc2017", 12, 55_863), ("geolife", 5, 64_990)])
def test_the_shared_movements_are_played_whole_in_several_dialects(shared: Path, name: str, users: int, fixes: int) -> None:
    tracks = read_tracks(shared / "tracks" / f"{name}.csv.gz", YESTERDAY)
    people = people_for(tracks, sample_district.make().people)

    played = phones_for_tracks(tracks, people, {person.device: Identity(person.device, "key") for person in people})

    assert (len(played), sum(len(phone.queue) for phone in played)) == (users, fixes)
    assert {phone.client for phone in played} == set(Client)
    kinds = [feature["properties"]["kind"] for feature in track_zones(tracks, people)]
    assert kinds.count("inclusion") == users
    assert kinds.count("exclusion") >= 4
