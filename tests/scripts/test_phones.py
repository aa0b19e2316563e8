"""Phones keep what was not acknowledged, send from the head of their queue, and never give a fix up or send it in vain."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from corrections import clock
from corrections.clock import SetClock
from scripts import phones, sample_district
from scripts.connection import Connection
from scripts.movements import Fix
from scripts.phones import Phone, Tally, phones_for_days, send_all
from scripts.sample_district import Client
from scripts.wire_formats import Identity

START = datetime(2026, 5, 19, tzinfo=UTC)
Reply = tuple[int, bytes] | None  # None: break the connection off


@dataclass
class FakeServer:
    """Answers each request as ``reply`` says (its number, target and body) and keeps what came."""

    reply: Callable[[int, str, bytes], Reply]
    targets: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                lengths = [int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length")]
                body = await reader.readexactly(lengths[0])
                self.targets.append(lines[0].split(" ")[1])
                answer = self.reply(len(self.targets), self.targets[-1], body)
                if answer is None:
                    break
                status, content = answer
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def play(queue: list[Phone], reply: Callable[[int, str, bytes], Reply], *, at_once: int = 4) -> tuple[Tally, FakeServer]:
    async def run() -> tuple[Tally, FakeServer]:
        fake = FakeServer(reply)
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
        fake.port = server.sockets[0].getsockname()[1]
        tally = await send_all(queue, "127.0.0.1", fake.port, at_once=at_once, patience=0.0)
        server.close()
        return tally, fake

    return asyncio.run(run())


def phone(client: Client, fixes: int, name: str = "D1") -> Phone:
    return Phone(client, Identity(name, f"key-{name}"), deque(Fix(START + timedelta(seconds=i), 41.5, 122.7) for i in range(fixes)))


def times(targets: list[str]) -> list[int]:
    return [int(parse_qs(urlsplit(target).query)["timestamp"][0]) - int(START.timestamp()) for target in targets]


def test_a_phone_sends_its_queue_in_order_and_empties_it() -> None:
    one = phone(Client.TRACCAR_8, 30)

    tally, server = play([one], lambda *_: (200, b""))

    assert times(server.targets) == list(range(30))
    assert (tally.fixes, tally.acknowledged, tally.requests, tally.retries) == (30, 30, 30, 0)
    assert not one.queue


def test_after_503_the_same_fix_is_sent_again_and_nothing_overtakes_it() -> None:
    tally, server = play([phone(Client.TRACCAR_8, 4)], lambda n, *_: (503, b"") if n in (2, 3) else (200, b""))

    assert times(server.targets) == [0, 1, 1, 1, 2, 3]
    assert (tally.acknowledged, tally.retries, tally.answers) == (4, 2, Counter({"200": 4, "503": 2}))


def test_after_a_broken_connection_the_same_fix_is_sent_again() -> None:
    tally, server = play([phone(Client.TRACCAR_8, 3)], lambda n, *_: None if n == 2 else (200, b""))

    assert times(server.targets) == [0, 1, 1, 2]
    assert (tally.acknowledged, tally.answers["no answer"]) == (3, 1)


def test_a_refused_phone_stands_still_and_is_named() -> None:
    tally, server = play(
        [phone(Client.TRACCAR_8, 5, "BAD"), phone(Client.TRACCAR_8, 5, "GOOD")],
        lambda _, target, __: (400, b"") if "key-BAD" in target else (200, b""),
    )

    assert tally.blocked == ["BAD"]
    assert (tally.fixes, tally.acknowledged) == (10, 5)
    assert sum("key-BAD" in target for target in server.targets) == phones.REFUSALS


def test_overland_sends_batches_and_needs_its_word() -> None:
    answers: dict[int, Reply] = {1: (200, b"{}"), 2: (200, b'{"result":"ok"}'), 3: (200, b'{"result":"ok"}')}

    tally, server = play([phone(Client.OVERLAND, 250)], lambda n, *_: answers[n])

    assert (tally.acknowledged, tally.requests, tally.retries) == (250, 3, 1)
    assert set(server.targets) == {"/ingest/overland"}


def test_every_phone_is_heard_from_before_any_is_done() -> None:
    queue = [phone(Client.TRACCAR_8, 3 * phones.SLICE, f"D{i}") for i in range(6)]

    _, server = play(queue, lambda *_: (200, b""), at_once=2)

    senders = [parse_qs(urlsplit(target).query)["id"][0] for target in server.targets]
    assert len(set(senders[: 6 * phones.SLICE])) == 6
    assert Counter(senders) == {f"key-D{i}": 3 * phones.SLICE for i in range(6)}


def test_an_answer_in_pieces_is_one_answer() -> None:
    async def run() -> tuple[int, bytes]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            for piece in (b"HTTP/1.1 20", b"1 Created\r\nContent-Le", b"ngth: 6\r\n\r\nabc", b"def"):
                writer.write(piece)
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        answer = await Connection("127.0.0.1", server.sockets[0].getsockname()[1]).send(b"GET / HTTP/1.1\r\n\r\n")
        server.close()
        return answer.status, answer.body

    assert asyncio.run(run()) == (201, b"abcdef")


def test_a_chunked_answer_is_a_clear_error() -> None:
    async def run() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            await Connection("127.0.0.1", server.sockets[0].getsockname()[1]).send(b"GET / HTTP/1.1\r\n\r\n")

    with pytest.raises(OSError, match="chunks"):
        asyncio.run(run())


def test_the_wait_grows_for_those_who_double_it() -> None:
    steady, doubling = phone(Client.TRACCAR_8, 1), phone(Client.TRACCAR_10, 1)
    waits = []
    for tries in (1, 2, 3, 9):
        steady.tries = doubling.tries = tries
        waits.append((steady.wait_s(), doubling.wait_s()))

    assert waits == [(30.0, 5.0), (30.0, 10.0), (30.0, 20.0), (30.0, 300.0)]


def keys(district: sample_district.District) -> dict[str, Identity]:
    return {person.device: Identity(person.device, "key") for person in district.people}


def test_the_day_is_divided_at_the_present() -> None:
    district = sample_district.make(subjects=3)
    now = datetime(2026, 5, 20, 4, tzinfo=UTC)  # noon in Shanghai

    played = phones_for_days(district, keys(district), date(2026, 5, 19), date(2026, 5, 19), now)

    queued = [fix.at for one in played.phones for fix in one.queue]
    later = [at for at, *_ in played.later]
    assert max(queued) < now <= min(later)
    assert len(queued) + len(later) == 2 * sum(86_400 // person.interval_s for person in district.people)


def test_a_demo_that_goes_on_the_next_day_goes_on_with_the_same_lives() -> None:
    district = sample_district.make(subjects=3)
    midnight = datetime(2026, 5, 20, 16, tzinfo=UTC)  # the end of 20 May in Shanghai

    first = phones_for_days(district, keys(district), date(2026, 5, 19), date(2026, 5, 19), midnight - timedelta(seconds=1))
    second = phones_for_days(district, keys(district), date(2026, 5, 19), date(2026, 5, 20), midnight - timedelta(seconds=1))

    for before, after in zip(first.phones, second.phones, strict=True):
        assert list(after.queue) == list(before.queue)[len(before.queue) // 2 :]


def test_phones_keep_moving_over_midnight_without_skipping_a_day() -> None:
    district = sample_district.make(subjects=1)
    start = datetime(2026, 5, 20, 15, 50, tzinfo=UTC)  # ten minutes before midnight in Shanghai
    times = SetClock(start)

    async def run() -> list[str]:
        fake = FakeServer(lambda *_: (200, b""))
        server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
        played = phones_for_days(district, keys(district), date(2026, 5, 19), date(2026, 5, 20), start)
        played.phones[0].queue.clear()

        async def sleep(seconds: float) -> None:
            times.advance(timedelta(seconds=seconds))
            if times.now() > start + timedelta(hours=1):
                raise asyncio.CancelledError

        with pytest.MonkeyPatch.context() as patched, clock.using(times):
            patched.setattr(phones, "asyncio", SimpleNamespace(sleep=sleep))
            with pytest.raises(asyncio.CancelledError):
                await phones.keep_moving(district, played, "127.0.0.1", server.sockets[0].getsockname()[1])
        server.close()
        return fake.targets

    sent = [int(parse_qs(urlsplit(target).query)["timestamp"][0]) for target in asyncio.run(run())]
    assert district.people[0].client is Client.TRACCAR_8
    assert len(sent) >= 3600 // district.people[0].interval_s - 1
    assert max(b - a for a, b in pairwise(sent)) < 2 * district.people[0].interval_s
