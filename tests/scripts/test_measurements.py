"""The measurements measure what they say: the same question to both sides, distinct reports, a target that can be missed."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import shapely

from corrections.domain.geodesy import distance_m, distances_m
from scripts import bench
from scripts.measure import alerts, belief, distance, lives, load, memory, postgis
from scripts.measure.figures import Outcome, Times, against, in_turn, not_measured
from scripts.measure.scene import make_scene
from scripts.sample_service import Trouble
from scripts.wire_formats import Identity


def test_the_scene_has_eight_zones_a_report_and_one_district_an_office() -> None:
    scene = make_scene(2_500, 4_000)

    assert scene.checks / 4_000 == pytest.approx(8.0, abs=0.1)
    big = [fence for fence in scene.fences if shapely.get_num_coordinates(fence) > 2_000]
    assert len(big) == 3
    assert all(shapely.is_valid(scene.fences))
    assert (np.diff(scene.subject) >= 0).all()


def test_what_is_timed_gives_the_hits_that_shapely_gives_one_by_one() -> None:
    scene = make_scene(280, 3_000)
    row, zone = scene.compiled_bindings().pairs(scene.subject)

    hits = int(scene.book().contains(zone, scene.lat[row], scene.lon[row]).sum())

    points = [shapely.Point(lon, lat) for lon, lat in zip(scene.lon, scene.lat, strict=True)]
    one_by_one = sum(bool(scene.fences[f].contains(points[i])) for i, s in enumerate(scene.subject) for f in scene.bindings[int(s)])
    assert hits == one_by_one > 0


def test_lives_are_of_people_who_mostly_rest_at_home_and_seldom_leave_the_district() -> None:
    scene = make_scene(280, 1)
    zones, bindings = lives.lived_zones(scene)

    reports = lives.make_lives(scene, 100)

    assert len(reports) == 28_000
    assert (np.diff(reports.fix_us.reshape(280, 100), axis=1) == 600_000_000).all()
    home = scene.home[reports.subject]
    away_m = distances_m(home[:, 0], home[:, 1], reports.lat, reports.lon)
    assert 0.5 < (away_m < 300).mean() < 0.9
    district = bindings.pairs(np.array([0]))[1][0]
    inside = zones.contains(np.full(28_000, district), reports.lat, reports.lon)
    assert 0.0005 < 1 - inside.mean() < 0.2


def test_nobody_is_forbidden_to_be_at_home_and_each_has_one_curfew() -> None:
    scene = make_scene(280, 1)

    zones, bindings = lives.lived_zones(scene)

    row, zone = bindings.pairs(np.arange(280))
    at_home = zones.contains(zone, scene.home[row, 0], scene.home[row, 1])
    assert at_home.tolist() == zones.inclusion[zone].tolist()
    assert np.bincount(row[[bool(zones.versions[z].windows) for z in zone]]).tolist() == [1] * 280


@pytest.mark.parametrize("kind", belief.KINDS)
def test_the_cost_of_belief_is_told_beside_bare_containment_of_the_same_points(kind: str) -> None:
    told = belief.run(kind, 20, 10)

    assert told["checks"] > 5
    assert min(told["contains_us"], told["shapely_us"], told["advance_us"]) > 0
    assert told["peak_mb"] >= told["before_mb"] > 10


def test_scores_of_several_scenarios_are_told_as_one() -> None:
    few = {"must_detect": 10, "detected": 1.0, "delay_min_p50": 8.0, "false_per_100_subject_days": 1.0}
    many = {"must_detect": 30, "detected": 0.8, "delay_min_p50": 12.0, "false_per_100_subject_days": 2.0}

    told = alerts.together([few, many])

    assert told == pytest.approx({"detected": 0.85, "delay_min_p50": 10.0, "false_per_100_subject_days": 1.5})


def test_the_frontier_moves_every_threshold_and_the_middle_of_it_is_the_preset() -> None:
    plain, eager = alerts.rule_of("calm"), alerts.rule_of("calm", 1.5)

    before = [getattr(plain.open_at, name) for name in ("inclusion", "curfew", "exclusion", "grave")]
    after = [getattr(eager.open_at, name) for name in ("inclusion", "curfew", "exclusion", "grave")]
    assert plain == alerts.rule_of("calm", 0.0)
    assert [np.log(a / (1 - a)) - np.log(b / (1 - b)) for a, b in zip(after, before, strict=True)] == pytest.approx([1.5] * 4)


def test_zones_300_km_across_are_measured_on_both_sides() -> None:
    rng = np.random.default_rng(1)

    for _, zone, plane in distance.wide_zones(rng):
        west, south, _, north = shapely.bounds(zone)
        assert 200_000 < distance_m(south, west, north, west) < 350_000
        lat, lon = distance.points_beside(rng, plane, shapely.boundary(zone), 40)
        assert 5 < shapely.contains_xy(zone, lon, lat).sum() < 35


def test_a_target_can_be_missed_in_either_direction(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [
        against("faster", 9.0, 8.0),
        against("faster", 7.9, 8.0),
        against("MB", 150, 200, at_most=True),
        against("MB", 201, 200, at_most=True),
    ]

    assert outcomes == [Outcome.REACHED, Outcome.MISSED, Outcome.REACHED, Outcome.MISSED]
    assert not_measured("peer", "absent") is Outcome.NOT_MEASURED
    assert "MISSED" in capsys.readouterr().out


def test_things_are_timed_in_turn() -> None:
    order: list[str] = []

    first, second = in_turn(3, lambda: order.append("a"), lambda: order.append("b"))

    assert order == ["a", "b"] * 3
    assert len(first.seconds) == len(second.seconds) == 3
    assert Times([1.0, 3.0, 2.0]).median == 2.0


@pytest.mark.parametrize("missing", ["/usr/lib/postgresql/*/bin", "postgres"])
def test_without_postgresql_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr("glob.glob", lambda pattern: [] if pattern == missing else ["/usr/lib/postgresql/15/bin"])
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("pwd.getpwnam", _nobody)

    with pytest.raises(postgis.NotInstalled, match="apt-get install"), postgis.private_postgis(0):
        pass


def _nobody(name: str) -> None:
    raise KeyError(name)


def test_no_report_of_the_load_is_sent_twice() -> None:
    identities = [Identity(f"D{i}", f"key{i}") for i in range(7)]

    made = [message for kind in load.BATCH for first in (0, 50) for message in load.requests(kind, first, 50, identities)]

    assert len(set(made)) == 200
    stamps = Counter(part for message in made for part in message.split(b'"timestamp":"')[1:])
    assert max(stamps.values()) == 1


def test_the_client_counts_every_answer_and_no_failure_is_silent() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        while await reader.read(10_000):
            count += 1
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n" if count % 2 else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    async def broken(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def run() -> Counter[bytes]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            _, answers = await load.play(server.sockets[0].getsockname()[1], [b"x"] * 40, 2)
        async with await asyncio.start_server(broken, "127.0.0.1", 0) as server:
            with pytest.raises(OSError, match=r"broke off|reset"):
                await load.play(server.sockets[0].getsockname()[1], [b"x"] * 4, 1)
        return answers

    answers = asyncio.run(run())
    assert answers.total() == 40
    assert set(answers) == {b"204", b"200"}


def test_the_true_distance_is_the_least_geodesic_one_to_a_course_straight_in_degrees() -> None:
    ring = shapely.LinearRing([(121.9, 41.03), (122.1, 41.03), (122.1, 42.0), (121.9, 42.0)])

    found = distance._true_distance(ring, 41.0, 122.0)

    tried = [distance_m(41.0, 122.0, 41.03, 121.9 + i * 1e-4) for i in range(2_001)]
    assert found == pytest.approx(min(tried), abs=0.001)


def test_memory_is_read_of_a_living_process() -> None:
    assert 10 < memory.status_mb(os.getpid(), "VmRSS") < 10_000
    with pytest.raises(Trouble, match="VmNothing"):
        memory.status_mb(os.getpid(), "VmNothing")


def test_a_failed_measurement_fails_the_bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> list[Outcome]:
        raise Trouble("the server did not start")

    monkeypatch.setitem(bench.MEASUREMENTS, "http", fails)
    monkeypatch.setitem(bench.MEASUREMENTS, "memory", lambda: [Outcome.REACHED])

    assert bench.main(["--only", "http"]) == 1
    assert bench.main(["--only", "memory"]) == 0
    assert "the server did not start" in capsys.readouterr().err


def test_the_scripts_are_there_to_be_run() -> None:
    scripts = Path(bench.__file__).parent

    assert all(os.access(scripts / name, os.X_OK) for name in ("demo", "bench", "setup", "test"))
