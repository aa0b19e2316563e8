"""The group commit: many requests, one transaction; nothing is acknowledged before it, and nobody's fault is another's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, exc

from corrections.domain.model import to_us
from corrections.errors import Unavailable
from corrections.ingest import group, rows
from corrections.ingest.message import REPEATED, STORED, Message, Outcome, Reason, Result, Sender
from corrections.ingest.writer import GROUP, Ingest

from .conftest import NOW, District, Phone

Fix = Callable[..., Message]


class Gate:
    """Holds the writer inside its first commit until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        judge_all = group.Group.take

        def held(this: group.Group) -> None:
            self.reached.set()
            self.opened.wait()
            judge_all(this)

        monkeypatch.setattr(group.Group, "take", held)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], Exception | None]) -> Iterator[None]:
    """Let the insertion of reports fail as ``fault`` says for the rows given to it."""
    insert = rows.insert_reports

    def failing_insert(connection: Any, wanted: Any) -> Any:
        error = fault(wanted)
        if error is not None:
            raise error
        return insert(connection, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(rows, "insert_reports", failing_insert)
        yield


def gone(_: Any) -> Exception:
    return exc.OperationalError("INSERT", {}, Exception("server closed the connection"))


async def all_of(ingest: Ingest, phones: list[Phone], messages: list[Message]) -> list[Outcome | BaseException]:
    return await asyncio.gather(
        *(ingest.take(phone.sender, "osmand", [message]) for phone, message in zip(phones, messages, strict=True)), return_exceptions=True
    )


def test_concurrent_requests_share_a_commit(district: District, fix: Fix, monkeypatch: pytest.MonkeyPatch) -> None:
    phones = [district.phone() for _ in range(30)]
    ingest, gate = district.ingest(), Gate(monkeypatch)
    commits: list[int] = []
    event.listen(district.engine, "commit", lambda _: commits.append(1))
    ingest.start()

    async def requests() -> list[Outcome | BaseException]:
        first = asyncio.ensure_future(all_of(ingest, phones[:1], [fix(-1)]))
        await asyncio.to_thread(gate.reached.wait)  # the writer is busy with the first; the others gather behind it
        others = asyncio.ensure_future(all_of(ingest, phones[1:], [fix(-1)] * 29))
        while ingest.waiting < 30:
            await asyncio.sleep(0)
        gate.opened.set()
        return await first + await others

    outcomes = asyncio.run(requests())

    assert outcomes == [Outcome(True, (STORED,))] * 30
    assert (len(commits), ingest.tally.commits) == (2, 2)
    assert len(district.reports()) == 30
    assert ingest.waiting == 0


def test_nothing_is_acknowledged_before_the_commit(district: District, fix: Fix) -> None:
    phone, ingest = district.phone(), district.ingest()
    committing, may_commit = threading.Event(), threading.Event()

    def hold(_: Any) -> None:
        committing.set()
        may_commit.wait()

    async def request() -> tuple[bool, Outcome]:
        answer = asyncio.ensure_future(ingest.take(phone.sender, "osmand", [fix(-1)]))
        await asyncio.to_thread(committing.wait)  # everything is written, nothing is committed
        for _ in range(20):
            await asyncio.sleep(0)
        early = answer.done()
        may_commit.set()
        return early, await answer

    event.listen(district.engine, "commit", hold)
    ingest.start()

    assert asyncio.run(request()) == (False, Outcome(True, (STORED,)))


def test_before_it_is_started_nobody_waits_in_vain(district: District, fix: Fix) -> None:
    with pytest.raises(Unavailable):
        asyncio.run(district.ingest().take(district.phone().sender, "osmand", [fix(-1)]))


def test_a_failing_commit_stores_and_acknowledges_nothing(district: District, fix: Fix) -> None:
    phones, ingest = [district.phone() for _ in range(3)], district.ingest()
    ingest.start()

    def refuse(_: Any) -> None:
        raise exc.OperationalError("COMMIT", {}, Exception("disk full"))

    event.listen(district.engine, "commit", refuse)
    outcomes = asyncio.run(all_of(ingest, phones, [fix(-1)] * 3))
    event.remove(district.engine, "commit", refuse)

    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert district.reports() == []
    assert asyncio.run(all_of(ingest, phones, [fix(-1)] * 3)) == [Outcome(True, (STORED,))] * 3


def test_when_the_database_is_away_nothing_is_lost_or_doubled(district: District, fix: Fix, monkeypatch: pytest.MonkeyPatch) -> None:
    phones, ingest = [district.phone() for _ in range(3)], district.ingest()
    ingest.start()
    asyncio.run(all_of(ingest, phones[:1], [fix(-1)]))

    with failing(monkeypatch, gone):
        away = asyncio.run(all_of(ingest, phones, [fix(-1)] * 3))
    back = asyncio.run(all_of(ingest, phones, [fix(-1)] * 3))

    assert [type(outcome) for outcome in away] == [Unavailable] * 3
    assert [outcome.verdicts for outcome in back if isinstance(outcome, Outcome)] == [(REPEATED,), (STORED,), (STORED,)]
    assert len(district.reports()) == 3
    assert ingest.tally.unavailable == 3


def test_one_poisoned_request_does_not_fail_its_group(district: District, fix: Fix) -> None:
    """Values that the decoders never make, but that neither database can hold."""
    phones, ingest = [district.phone() for _ in range(5)], district.ingest()
    ingest.start()
    poison = fix(-1, altitude_m={"not": "a number"}, raw=b"poison")

    outcomes = asyncio.run(all_of(ingest, phones, [fix(-1), fix(-1), poison, fix(-1), fix(-1)]))

    verdicts = [outcome.verdicts[0] for outcome in outcomes if isinstance(outcome, Outcome)]
    assert [verdict.result for verdict in verdicts] == ["stored", "stored", "refused", "stored", "stored"]
    assert [(a.reason, a.raw, a.device_id) for a in district.asides()] == [("unreadable", b"poison", phones[2].device_id)]
    assert len(district.positions()) == 4


def test_one_poisoned_message_does_not_fail_its_batch(district: District, fix: Fix) -> None:
    messages = [fix(-n) for n in range(9)]
    messages[3] = fix(-3, mock=object())
    messages[8] = fix(fix_us=2**70, lat=None, lon=None)

    outcome = district.take(district.phone(), *messages)

    assert [n for n, verdict in enumerate(outcome.verdicts) if verdict.result is not Result.STORED] == [3, 8]
    assert len(district.positions()) == 7


def test_what_can_be_neither_stored_nor_put_aside_is_not_acknowledged(
    district: District, fix: Fix, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = district.phone(), district.phone()
    ingest = district.ingest()
    ingest.start()

    def fault(wanted: Any) -> Exception | None:
        return ValueError() if any(row[2] == bad.device_id for row in wanted) else None

    with failing(monkeypatch, fault):
        outcomes = asyncio.run(all_of(ingest, [good, bad, good], [fix(-1), fix(-1), fix(-2)]))

    assert [type(outcome) for outcome in outcomes] == [Outcome, Unavailable, Outcome]
    assert [report.device_id for report in district.reports()] == [good.device_id] * 2
    assert district.asides() == []


def test_too_many_waiting_are_asked_to_come_back(district: District, fix: Fix, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, ingest, gate = district.phone(), district.ingest(max_waiting=3, retry_after_s=7), Gate(monkeypatch)
    ingest.start()

    async def requests() -> Unavailable:
        first = asyncio.ensure_future(ingest.take(phone.sender, "osmand", [fix(-1), fix(-2), fix(-3)]))
        while not ingest.waiting:
            await asyncio.sleep(0)
        with pytest.raises(Unavailable) as refusal:
            await ingest.take(phone.sender, "osmand", [fix(-4)])
        gate.opened.set()
        await first
        await ingest.take(phone.sender, "osmand", [fix(-5)])
        return refusal.value

    refusal = asyncio.run(requests())

    assert refusal.retry_after_s == 7
    assert len(district.reports()) == 4


def test_a_batch_larger_than_a_group_is_stored_whole(district: District, fix: Fix) -> None:
    start = to_us(NOW - timedelta(days=1))
    outcome = district.take(district.phone(), *(fix(fix_us=start + n) for n in range(GROUP + 1)))

    assert {verdict.result for verdict in outcome.verdicts} == {Result.STORED}
    assert len(outcome.verdicts) == len(district.reports()) == GROUP + 1


def test_stop_stores_what_waits(district: District, fix: Fix, monkeypatch: pytest.MonkeyPatch) -> None:
    phones, ingest, gate = [district.phone() for _ in range(10)], district.ingest(), Gate(monkeypatch)
    ingest.start()

    async def requests() -> list[Outcome | BaseException]:
        waiting = asyncio.ensure_future(all_of(ingest, phones, [fix(-1)] * 10))
        while ingest.waiting < 10:
            await asyncio.sleep(0)
        stopping = asyncio.ensure_future(asyncio.to_thread(ingest.stop))
        gate.opened.set()
        await stopping
        with pytest.raises(Unavailable):
            await ingest.take(phones[0].sender, "osmand", [fix(-2)])
        return await waiting

    assert asyncio.run(requests()) == [Outcome(True, (STORED,))] * 10
    assert len(district.reports()) == 10


def test_it_may_be_stopped_twice_and_started_again(district: District, fix: Fix) -> None:
    phone, ingest = district.phone(), district.ingest()
    ingest.stop()
    ingest.start()
    ingest.start()
    ingest.stop()
    ingest.stop()
    ingest.start()

    assert asyncio.run(ingest.take(phone.sender, "osmand", [fix(-1)])).authentic


def test_a_client_that_goes_away_harms_nobody(district: District, fix: Fix, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, other, ingest, gate = district.phone(), district.phone(), district.ingest(), Gate(monkeypatch)
    ingest.start()

    async def requests() -> Outcome:
        leaving = asyncio.ensure_future(ingest.take(phone.sender, "osmand", [fix(-1)]))
        staying = asyncio.ensure_future(ingest.take(other.sender, "osmand", [fix(-1)]))
        while ingest.waiting < 2:
            await asyncio.sleep(0)
        leaving.cancel()
        gate.opened.set()
        return await staying

    assert asyncio.run(requests()) == Outcome(True, (STORED,))
    assert len(district.reports()) == 2


def test_the_monitor_is_woken_after_a_commit_that_stored_something(district: District, fix: Fix) -> None:
    phone, woken = district.phone(), []
    ingest = Ingest(district.engine, district.settings, wake=lambda: woken.append(len(district.reports())))

    ingest.take_now(phone.sender, "osmand", [fix(-1)])
    ingest.take_now(phone.sender, "osmand", [fix(-1)])  # a repeat
    ingest.take_now(Sender(("unknown",)), "osmand", [fix(-2)])

    assert woken == [1]


def test_a_monitor_that_fails_to_wake_harms_nobody(district: District, fix: Fix) -> None:
    def fail() -> None:
        raise RuntimeError

    assert Ingest(district.engine, district.settings, wake=fail).take_now(district.phone().sender, "osmand", [fix(-1)]).authentic


def test_ids_grow_in_the_order_of_commits_over_two_processes(district: District, fix: Fix) -> None:
    """Two writers at once, as with two servers on one database: one waits for the other."""
    phones = [district.phone() for _ in range(2)]
    ingests = [Ingest(district.engine, district.settings) for _ in phones]

    def send(ingest: Ingest, phone: Phone) -> None:
        for n in range(25):
            ingest.take_now(phone.sender, "osmand", [fix(-n)])

    threads = [threading.Thread(target=send, args=pair) for pair in zip(ingests, phones, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(district.reports()) == 50
    assert sum(ingest.tally.stored for ingest in ingests) == 50


def test_the_tally_counts(district: District, fix: Fix) -> None:
    phone, ingest = district.phone(), district.ingest()

    ingest.take_now(phone.sender, "osmand", [fix(-1), fix(-1), fix(999)])
    ingest.take_now(phone.sender, "osmand", [fix(-1)])

    tally = ingest.tally
    assert (tally.commits, tally.stored, tally.repeated, tally.refused) == (2, 2, 2, {Reason.FUTURE: 1})  # 2: a fix, a sign of life


def test_errors_are_logged_without_the_data(
    district: District, fix: Fix, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    telling = exc.OperationalError("INSERT", {"lat": 41.98765}, Exception("41.98765"))

    with failing(monkeypatch, lambda _: telling), pytest.raises(Unavailable):
        district.take(district.phone(), fix(-1, lat=41.98765))

    assert "OperationalError" in caplog.text
    assert "41.98765" not in caplog.text
