"""The sample district at work: with ``--once`` one day through the whole main job and a summary; else served until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import csv
import shutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from corrections import clock
from corrections.errors import CorrectionsError
from scripts import demo_checks, demo_report
from scripts.api_client import ApiClient
from scripts.demo_report import Findings
from scripts.movements import LOCAL
from scripts.phones import Phone, Played, Tally, keep_moving, phones_for_days, phones_for_tracks, read_identities, read_origin, send_all
from scripts.recorded_tracks import Tracks, UnreadableTracks, people_for, read_tracks, track_zones
from scripts.sample_district import TOP, District, Part, Person, make, read_sample, zones
from scripts.sample_service import SampleService, Trouble
from scripts.sample_work import Worked, work

VAR = TOP / "var"
PORT = 8000
BUREAU_LOGIN = "wangjianguo"
PATIENCE = 0.02  # of the waits between a phone's tries: the day is sent in seconds
CAUGHT_UP_S = 180.0
MISSED_S = 150.0


def say(zh: str, en: str) -> None:
    print(f"{zh}\n  {en}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code: 0 when all went well, 1 with a word when anything was wrong."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--once", action="store_true", help="send one day, follow it to a decision and the log, and end")
    parser.add_argument("--tracks", type=Path, metavar="FILE", help="with --once: recorded movements (gzip CSV) in place of the sample's")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--keep", action="store_true", help="without --once: go on with the data of the last demo")
    options = parser.parse_args(arguments)
    if (options.tracks and not options.once) or (options.keep and options.once):
        parser.error("--tracks goes with --once, --keep without it")
    try:
        _require_free(options.port)
        if options.once:
            _once(options.port, options.tracks)
        else:
            _serve(options.port, options.keep)
    except (Trouble, UnreadableTracks) as error:
        print(f"出错 Failed: {error}", file=sys.stderr)
        return 1
    except CorrectionsError as error:
        print(f"出错 Failed: {error.zh} {error.en}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已停止。 Stopped.")
    return 0


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Trouble(f"端口 {port} 被占用，请用 --port 另选。 Port {port} is in use; choose another with --port.") from error


# ---- served


def _serve(port: int, keep: bool) -> None:
    """Set up, serve, send what happened since yesterday's midnight, and let the phones go on until Ctrl-C."""
    district, now = make(), clock.now()
    service = SampleService(_folder("demo", port), port)
    kept = keep and (service.folder / "devices.csv").exists()
    if not kept:
        _fresh(service.folder)
        say("正在建立云溪区示例……", "Setting up the sample district ...")
        service.set_up(zones(district), district.people, now)
    with service:
        service.wait_for_nightly()
        yesterday = now.astimezone(LOCAL).date() - timedelta(days=1)
        played = phones_for_days(district, read_identities(service.folder), read_origin(service.folder), yesterday, clock.now())
        say("手机正在上报昨天零点以来的位置……", "The phones send what they have recorded since yesterday's midnight ...")
        tally = _send(played.phones, port)
        own_view = None if kept else _worked(service)
        _show_log_ins(service, tally, own_view)
        asyncio.run(_until_stopped(service, district, played))


async def _until_stopped(service: SampleService, district: District, played: Played) -> None:
    moving = asyncio.create_task(keep_moving(district, played, "127.0.0.1", service.port))
    while service.alive():
        done, _ = await asyncio.wait({moving}, timeout=1.0)
        for task in done:
            task.result()
    moving.cancel()
    raise Trouble(f"服务已停止。 The server has stopped. Its last words:\n{service.last_words()}")


def _worked(service: SampleService) -> Worked:
    """A day's work of the staff, over what the phones reported."""
    say("正在判定，并办理一天的工作……", "Evaluating, and doing a day's work ...")
    _until_caught_up(_as(service, BUREAU_LOGIN))
    return work(lambda login: _as(service, login), service.url, clock.now())


def _show_log_ins(service: SampleService, tally: Tally, own_view: Worked | None) -> None:
    staff = {row["login"]: row for row in read_sample("officers")}
    print(f"\n已上报 {tally.acknowledged:,} 条，手机继续移动，按 Ctrl-C 停止。")
    print(f"{tally.acknowledged:,} reports sent; the phones keep moving. Ctrl-C to stop.\n")
    print(f"  地址 Address    {service.url}    （API: {service.url}/openapi.json）")
    print("  账号 Log-ins    （密码 passwords：" + str((service.folder / "passwords.csv").relative_to(TOP)) + "）")
    for login in (BUREAU_LOGIN, "zhaomin", "chenyan", "zhouting", "shenji", "guanli"):
        person = staff[login]
        password = _password(service.folder, login)
        print(f"    {login:<12} {password:<18} {person['name']}  {person['role']}  {person['office']}")
    if own_view is not None:
        print(f"  本人网页 Own view of {own_view.subject_number}    {own_view.own_address}")
    print(flush=True)


# ---- once


def _once(port: int, tracks_file: Path | None) -> None:
    """1. Set up and serve. 2. Send the day. 3. Wait for the evaluation. 4. Review. 5. Write the logs. 6. Check and tell."""
    began, now = time.monotonic(), clock.now()
    day = now.astimezone(LOCAL).date() - timedelta(days=1)
    service = SampleService(_folder("demo-tracks" if tracks_file else "demo-once", port), port)
    _fresh(service.folder)
    say("正在建立示例并启动服务……", "Setting up the sample and starting the server ...")
    district = make()
    tracks = read_tracks(tracks_file, day) if tracks_file else None
    if tracks:
        district.people = people_for(tracks, district.people)
    service.set_up(track_zones(tracks, district.people) if tracks else zones(district), district.people, now)
    with service:
        service.wait_for_nightly()
        findings = Findings(day, tracks_file.name if tracks_file else "")
        played = _played(district, service, tracks, day, now)
        findings.phones = sum(bool(phone.queue) for phone in played.phones)
        say(f"{findings.phones} 部手机正在上报……", f"{findings.phones} phones send their reports ...")
        counted = demo_checks.sent_once(played.phones), None if tracks else demo_checks.usable_once(district.people, played.phones)
        start = time.monotonic()
        tally = _send(played.phones, port)
        findings.send_s = time.monotonic() - start
        findings.sent, findings.acknowledged, findings.retries = tally.fixes, tally.acknowledged, tally.retries
        findings.by_client = dict(sorted(tally.by_client.items()))
        say("正在判定……", "Evaluating ...")
        bureau = _as(service, BUREAU_LOGIN)
        _until_caught_up(bureau)
        if any(person.part is Part.NEVER_REPORTS for person in district.people):
            _until_missed(bureau, service)
        _review(service, bureau, findings)
        _write_logs(service, findings)
        most, exactly = counted
        demo_checks.count(service, bureau, findings, most, exactly)
        _check_planted(findings, played, district.people)
    print(f"\n{demo_report.chinese(findings)}\n\n{demo_report.english(findings)}\n")
    took = time.monotonic() - began
    say(f"全部完成，用时 {took:.0f} 秒；数据在 {service.folder}。", f"All done in {took:.0f} s; the data is in {service.folder}.")


def _played(district: District, service: SampleService, tracks: Tracks | None, day: date, now: datetime) -> Played:
    keys = read_identities(service.folder)
    if tracks:
        return Played(phones_for_tracks(tracks, district.people, keys), day, day)
    midnight = datetime.combine(now.astimezone(LOCAL).date(), datetime.min.time(), LOCAL)
    return phones_for_days(district, keys, day, day, midnight)


def _send(phones: Sequence[Phone], port: int) -> Tally:
    tally = asyncio.run(send_all(phones, "127.0.0.1", port, patience=PATIENCE))
    if tally.acknowledged != tally.fixes:
        answers = ", ".join(f"{status}: {n}" for status, n in tally.answers.items())
        blocked = ", ".join(tally.blocked[:5])
        raise Trouble(
            f"{tally.acknowledged} of {tally.fixes} reports were acknowledged (answers {answers}; phones that stand still: {blocked})."
        )
    return tally


def _until_caught_up(bureau: ApiClient) -> None:
    """Until no report waits for its evaluation."""
    deadline = time.monotonic() + CAUGHT_UP_S
    while bureau.get("/api/v1/monitor")["oldest_waiting"] is not None:
        if time.monotonic() > deadline:
            raise Trouble(f"After {CAUGHT_UP_S:.0f} s there are still reports that were not evaluated.")
        time.sleep(0.3)


def _until_missed(bureau: ApiClient, service: SampleService) -> None:
    """Until the phone that never reports is missed, which the service looks for every now and then."""
    say("等待查出从未上报的手机……", "Waiting until the phone that never reports is missed ...")
    deadline = time.monotonic() + MISSED_S
    while not any(violation["rule"] == "silence" for violation in _violations(bureau)):
        if time.monotonic() > deadline:
            raise Trouble(f"The phone that never reports was not missed within {MISSED_S:.0f} s. See {service.folder / 'server.log'}.")
        time.sleep(1.0)


def _review(service: SampleService, bureau: ApiClient, findings: Findings) -> None:
    """The officer with the first boundary violation in the bureau's queue logs in, claims it, calls, and decides."""
    findings.violations = _violations(bureau)
    owned = [v for v in findings.violations if v["rule"] == "boundary" and v["officer_name"]]
    if not owned:
        raise Trouble("No violation of a zone is in anybody's queue.")
    chosen = owned[0]
    officer = _as(service, _login_of(chosen["officer_name"]))
    place = f"/api/v1/violations/{chosen['id']}"
    seen = officer.post(f"{place}/claim", {"revision": chosen["revision"]})
    call = {
        "means": "phone",
        "whom": chosen["subject_name"],
        "answer": "reached",
        "text": "本人称临时外出办事，未提前报告。（示例）",
    }
    seen = officer.post(f"{place}/contact", {"revision": seen["revision"], **call})
    reason = "经电话核实并查看定位轨迹，情况属实，已予批评教育。（示例）"
    seen = officer.post(f"{place}/decide", {"revision": seen["revision"], "decision": "confirmed", "reason": reason})
    if seen["review_state"] != "decided":
        raise Trouble(f"The violation was decided and is {seen['review_state']}.")
    findings.decided, findings.steps = seen, officer.get(f"{place}/history")


def _violations(bureau: ApiClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = bureau.get("/api/v1/violations", limit=500, after=after)
        found += page["items"]
        after = page["after"]
        if after is None:
            return found


def _write_logs(service: SampleService, findings: Findings) -> None:
    """The logs of all subjects' finished days, as the nightly schedule writes them; and as a page that of whom was decided about."""
    service.command("log", "close")
    chosen = findings.decided
    day = datetime.fromisoformat(chosen["started_at"]).astimezone(LOCAL).date().isoformat()
    officer = _as(service, _login_of(chosen["decided_by_name"]))
    asked = {"from": day, "until": day, "purpose": "示例：查看办结违规当日的日志"}
    findings.page = service.folder / f"log-{chosen['subject_number']}-{day}.html"
    findings.page.write_text(officer.text(f"/api/v1/subjects/{chosen['subject_id']}/log.html", **asked), encoding="utf-8")


def _check_planted(findings: Findings, played: Played, people: Sequence[Person]) -> None:
    """What the sample's people really did must be among the violations."""
    findings.planted = len(played.breaches)
    found = demo_checks.found_of(played.breaches, findings)
    findings.found = len(found)
    for breach in played.breaches:
        if breach not in found:
            at = f"{breach.start.astimezone(LOCAL):%H:%M} to {breach.end.astimezone(LOCAL):%H:%M}"
            raise Trouble(f"{breach.subject} was on the wrong side of {breach.zone} from {at}, and no violation says so.")
    feigns = {person.number for person in people if person.part is Part.MOCK}
    if missing := feigns - {v["subject_number"] for v in findings.violations if v["rule"] == "mock_location"}:
        raise Trouble(f"{missing.pop()} sent feigned positions, and no violation says so.")


# ---- small things


def _folder(name: str, port: int) -> Path:
    """Each port has its own, so that two demos do not share one."""
    return VAR / (name if port == PORT else f"{name}-{port}")


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _as(service: SampleService, login: str) -> ApiClient:
    client = ApiClient(service.url)
    client.log_in(login, _password(service.folder, login))
    return client


def _login_of(name: str) -> str:
    return next(row["login"] for row in read_sample("officers") if row["name"] == name)


def _password(folder: Path, login: str) -> str:
    return next(row["password"] for row in _rows(folder / "passwords.csv") if row["login"] == login)


def _rows(file: Path) -> list[dict[str, str]]:
    with open(file, encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)  # so that the server ends with the demo, however that is ended
    raise SystemExit(main())
