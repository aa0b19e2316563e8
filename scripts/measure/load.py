"""The client of the HTTP measurement, in a process of its own: sends distinct reports as fast as they are answered.

``python -m scripts.measure.load PORT KIND FIRST REQUESTS CONNECTIONS DEVICES_CSV`` prints, as JSON, the seconds it took and the
answers by status. All requests are made before the clock starts.
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import uvloop

from corrections import clock
from corrections.domain.model import Datum
from scripts.movements import Fix
from scripts.sample_district import Client
from scripts.wire_formats import Identity, request

BATCH = {"one": 1, "fifty": 50}
PLACE = {"one": 41.5, "fifty": 41.51}  # so that no report of one kind is one of the other
CLIENT = {"one": Client.TRACCAR_10, "fifty": Client.OVERLAND}


def requests(kind: str, first: int, count: int, identities: Sequence[Identity]) -> list[bytes]:
    """``count`` requests with ``BATCH[kind]`` reports each; no two reports, of whatever ``first``, are the same."""
    start = clock.now() - timedelta(days=20)
    made = []
    for number in range(first, first + count):
        identity = identities[number % len(identities)]
        fixes = [_fix(start + timedelta(seconds=number * BATCH[kind] + i), PLACE[kind] + i * 1e-5) for i in range(BATCH[kind])]
        made.append(request(CLIENT[kind], identity, fixes))
    return made


def _fix(at: datetime, lat: float) -> Fix:
    return Fix(at, lat, 122.72, 12.0, 60.0, 1.2, 45.0, 80.0)


class _Sender(asyncio.Protocol):
    """Sends the next request as soon as the one before is answered, with as little of its own as can be: no futures, no parsing
    beyond status and length, so that the server and not the client is the limit."""

    def __init__(self, waiting: Iterator[bytes], answers: Counter[bytes], done: Callable[[Exception | None], None]) -> None:
        self._waiting, self._answers, self._done = waiting, answers, done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        at = received.find(b"ontent-length:", 0, end)
        length = int(received[at + 14 : received.find(b"\r", at + 14)]) if at > 0 else 0
        if len(received) >= end + 4 + length:
            self._answers[received[9:12]] += 1
            self._received = b""
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._done(error or ConnectionResetError("The server broke off."))

    def _next(self) -> None:
        message = next(self._waiting, None)
        if message is None:
            self._done(None)
            self._transport.close()
        else:
            self._transport.write(message)


async def play(port: int, queue: list[bytes], connections: int) -> tuple[float, Counter[bytes]]:
    """Seconds until all of ``queue`` was answered over so many connections, and the answers by status. Raises OSError."""
    loop = asyncio.get_running_loop()
    answers: Counter[bytes] = Counter()
    waiting = iter(queue)
    ends = [loop.create_future() for _ in range(connections)]

    def ending(future: asyncio.Future[None]) -> Callable[[Exception | None], None]:
        def end(error: Exception | None) -> None:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)

        return end

    start = time.perf_counter()
    for future in ends:
        await loop.create_connection(lambda f=future: _Sender(waiting, answers, ending(f)), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    return time.perf_counter() - start, answers


def main(arguments: Sequence[str]) -> None:
    """Send, and print what came of it."""
    port, kind, first, count, connections, file = arguments
    with open(Path(file), encoding="utf-8", newline="") as rows:
        identities = [Identity(row["device"], row["credential"], Datum.WGS84) for row in csv.DictReader(rows)]
    queue = requests(kind, int(first), int(count), identities)
    seconds, answers = uvloop.run(play(int(port), queue, int(connections)))
    print(json.dumps({"seconds": seconds, "answers": {status.decode(): count for status, count in answers.items()}}))


if __name__ == "__main__":
    main(sys.argv[1:])
