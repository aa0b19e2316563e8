"""The demo: it tells what it found in words that fit, notices what is wrong, and goes all the way."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from corrections.store.database import reading
from corrections.store.tables import Authority, Subject, SubjectState, ZoneRevision
from scripts import demo, demo_checks, demo_report, sample_district, sample_service
from scripts.api_client import ApiClient, figures
from scripts.demo_report import Findings
from scripts.movements import Breach, Fix
from scripts.phones import Phone, read_identities
from scripts.sample_district import TOP, Client, Part
from scripts.sample_service import SampleService, Trouble
from scripts.wire_formats import Identity

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)


def violation(**more: Any) -> dict[str, Any]:
    given = {
        "id": 7, "rule": "boundary", "severity": "high", "officer_name": "张宜", "subject_name": "李平", "subject_number": "YX20260214",
        "zone_code": "YX-SCHOOL4-0214", "zone_name": "第四小学", "reason_zh": "在内", "reason_en": "inside", "decided_by_name": "张宜",
        "started_at": "2026-05-19T06:15:00Z", "ended_at": "2026-05-19T07:05:00Z",
    }  # fmt: skip
    return given | more


def findings(**more: Any) -> Findings:
    silent = violation(rule="silence", severity="medium", officer_name="褚霞", subject_name="刘平", zone_name=None, zone_code=None)
    step = {"at": "2026-05-19T08:00:00Z", "kind": "decided", "officer_name": "张宜"}
    given: dict[str, Any] = {
        "phones": 279, "sent": 42_184, "acknowledged": 42_184, "stored": 41_936, "repeated": 144, "set_aside": {"null_island": 4, "odd": 2},
        "by_client": {"OwnTracks": 8_304}, "violations": [violation(), violation(id=8), silent], "decided": violation(), "steps": [step],
        "planted": 9, "found": 9, "log_days": 278, "page": Path("log.html"),
    }  # fmt: skip
    return Findings(date(2026, 5, 19), **(given | more))


# ---- the words


def test_the_summary_tells_the_same_in_both_languages() -> None:
    zh, en = demo_report.chinese(findings()), demo_report.english(findings())

    for told in ("279", "42,184", "41,936", "144", "8,304", "log.html", "278"):
        assert told in zh
        assert told in en
    assert "张宜：李平，第四小学［高］ ×2" in zh
    assert "张宜: 李平, 第四小学 [high] ×2" in en
    assert "褚霞：刘平，失去联系［中］" in zh
    assert "05-19 16:00:00 张宜：办结" in zh


def test_reasons_without_a_word_are_told_as_they_are() -> None:
    assert "坐标为 (0, 0) 4；odd 2" in demo_report.chinese(findings())
    assert "odd 2" in demo_report.english(findings())


def test_recorded_movements_are_named_and_have_no_planted_breaches() -> None:
    told = findings(tracks="geolife.csv.gz", planted=0, found=0)

    assert "geolife.csv.gz" in demo_report.chinese(told)
    assert "really happened" not in demo_report.english(told)


def test_the_longest_queue_comes_first() -> None:
    assert [name for name, _ in demo_report.by_officer(findings().violations)] == ["张宜", "褚霞"]


# ---- the checks


def test_messages_are_counted_once_and_nonsense_is_not_usable() -> None:
    people = sample_district.make(subjects=2).people
    fixes = [Fix(NOW, 41.5, 122.7), Fix(NOW, 41.5, 122.7), Fix(NOW, 0.0, 0.0), Fix(NOW, 123.456, 987.654)]
    phones = [Phone(client, Identity("D", "key"), deque(fixes)) for client in (Client.OVERLAND, Client.TRACCAR_8)]

    assert demo_checks.sent_once(phones) == 6
    assert demo_checks.usable_once(people, phones) == 2


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"ended_at": None}, True),
        ({"subject_number": "YX20260001"}, False),
        ({"zone_code": "YX-URBAN"}, False),
        ({"started_at": "2026-05-19T08:00:00Z"}, False),
        ({"ended_at": "2026-05-19T05:00:00Z", "started_at": "2026-05-19T04:00:00Z"}, False),
    ],
)
def test_a_breach_is_found_in_a_violation_of_its_subject_zone_and_time(changes: dict[str, Any], found: bool) -> None:
    start = datetime(2026, 5, 19, 6, 15, tzinfo=UTC)
    breach = Breach("YX20260214", "YX-SCHOOL4-0214", start, start + timedelta(minutes=31), 90.0)

    assert bool(demo_checks.found_of([breach], findings(violations=[violation(**changes)]))) is found


def test_counts_that_do_not_agree_are_trouble() -> None:
    with pytest.raises(Trouble, match="5 and 6"):
        demo_checks._agree("stored", 5, 6)


# ---- the service about it


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> SampleService:
    district = sample_district.make()
    service = SampleService(tmp_path_factory.mktemp("sample"), 0)
    service.set_up(sample_district.zones(district), district.people, NOW)
    return service


def test_the_sample_is_set_up_with_keys_for_every_phone(service: SampleService) -> None:
    keys = read_identities(service.folder)

    assert len(keys) == 280
    assert sorted(key.datum.value for key in keys.values())[0] == "GCJ02"
    assert len({key.credential for key in keys.values()}) == 280


def test_only_the_phone_that_never_reports_is_missed_soon(service: SampleService) -> None:
    (silent,) = [person.number for person in sample_district.make().people if person.part is Part.NEVER_REPORTS]
    engine = service.engine()

    with reading(engine) as session:
        rows = session.exec(select(Subject.number, SubjectState.expected_by).join(SubjectState)).all()
    engine.dispose()

    soon = [number for number, at in rows if at is not None and at < NOW + timedelta(hours=1)]
    assert soon == [silent]


def test_zones_and_authorities_cover_yesterday(service: SampleService) -> None:
    engine = service.engine()
    yesterday = NOW - timedelta(days=1, hours=12)

    with reading(engine) as session:
        assert all(revision.valid_from < yesterday for revision in session.exec(select(ZoneRevision)))
        assert all(authority.valid_from < yesterday for authority in session.exec(select(Authority)))
    engine.dispose()


def test_a_server_that_does_not_start_is_trouble_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "corrections"
    broken.write_text("#!/bin/sh\necho the port is taken >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sample_service, "_CORRECTIONS", str(broken))

    with pytest.raises(Trouble, match="the port is taken"):
        SampleService(tmp_path, 1).start()
    with pytest.raises(Trouble, match="log close failed"):
        SampleService(tmp_path, 1).command("log", "close")


# ---- the person at the API


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(200, b'{"token": "t1"}')

    def do_GET(self) -> None:
        self._say(409 if "conflict" in self.path else 200, self.headers.get("Authorization", "").encode().join([b'{"auth": "', b'"}']))

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def api() -> Iterator[ApiClient]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ApiClient(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def test_a_person_who_logged_in_is_known_in_what_she_asks(api: ApiClient) -> None:
    assert api.get("/me") == {"auth": ""}

    api.log_in("chenyan", "secret")

    assert api.get("/me") == {"auth": "Bearer t1"}


def test_an_error_of_the_service_is_trouble_with_its_words(api: ApiClient) -> None:
    with pytest.raises(Trouble, match=r"GET /conflict: 409 \{.auth"):
        api.get("/conflict")


def test_figures_are_read_by_name_and_labels() -> None:
    page = '# HELP a\n# TYPE a counter\na_total{job="log"} 3.0\nb 0\n'

    assert figures(page) == {'a_total{job="log"}': 3.0, "b": 0.0}


# ---- the command


@pytest.mark.parametrize("options", [["--tracks", "x.gz"], ["--once", "--keep"], ["--nonsense"]])
def test_options_that_do_not_go_together_are_wrong_usage(options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.main(options)

    assert ended.value.code == 2


def test_a_port_in_use_is_told_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert demo.main(["--once", "--port", str(taken.getsockname()[1])]) == 1

    assert "in use" in capsys.readouterr().err


@pytest.mark.slow
def test_one_day_goes_all_the_way_to_a_decision_and_the_log() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    done = subprocess.run(
        [sys.executable, "-m", "scripts.demo", "--once", "--port", str(port)], cwd=TOP, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "9 were found" in done.stdout
    assert "四、监管日志" in done.stdout
    page = Path(done.stdout.split("That subject's page: ")[1].splitlines()[0])
    assert "<html" in page.read_text(encoding="utf-8")
    shutil.rmtree(page.parent)
