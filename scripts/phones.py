"""Phones that speak as real clients do: each sends its queue from the head, and tries again as its client would.

``python -m scripts.phones FOLDER`` plays the phones of a district that ``scripts/demo`` has set up in FOLDER against a running
server: yesterday's day, then the present until Ctrl-C; with ``--tracks FILE`` the recorded movements of that file.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import heapq
import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from corrections import clock
from corrections.domain.model import Datum
from scripts.connection import Answer, Connection
from scripts.movements import LOCAL, Breach, Fix, as_sent, day_of
from scripts.recorded_tracks import Tracks, read_tracks
from scripts.sample_district import Client, District, Person, make
from scripts.wire_formats import Identity, batch_size, delivered, request

AT_ONCE = 64
SLICE = 12  # requests after which the next phone has its turn, so that all are heard from early
REFUSALS = 3  # a 4xx blocks a real phone's queue for ever; here after so many tries
TRIES = 40
FIRST_WAIT_S = {Client.TRACCAR_8: 30.0, Client.TRACCAR_9: 10.0, Client.TRACCAR_10: 5.0, Client.OWNTRACKS: 10.0, Client.OVERLAND: 30.0}
LONGEST_WAIT_S = 300.0
ONE_DAY = timedelta(days=1)


@dataclass(slots=True)
class Phone:
    """A phone and what it has still to send, oldest first."""

    client: Client
    identity: Identity
    queue: deque[Fix] = field(default_factory=deque)
    tries: int = 0
    refusals: int = 0

    @property
    def blocked(self) -> bool:
        return self.refusals >= REFUSALS or self.tries >= TRIES

    def next_request(self) -> tuple[bytes, int]:
        """The bytes for the head of the queue, and how many fixes they hold."""
        head = list(itertools.islice(self.queue, batch_size(self.client)))
        return request(self.client, self.identity, head), len(head)

    def wait_s(self) -> float:
        """How long the client waits before it tries again: Traccar Client up to 8 and Overland always the same, others doubling."""
        first = FIRST_WAIT_S[self.client]
        if self.client in (Client.TRACCAR_8, Client.OVERLAND):
            return first
        return float(min(LONGEST_WAIT_S, first * 2 ** (self.tries - 1)))


@dataclass(slots=True)
class Tally:
    """What was sent. ``acknowledged`` counts fixes whose client took the answer for success; ``answers`` counts statuses."""

    fixes: int = 0
    acknowledged: int = 0
    requests: int = 0
    retries: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    by_client: Counter[str] = field(default_factory=Counter)
    blocked: list[str] = field(default_factory=list)


async def send_all(phones: Iterable[Phone], host: str, port: int, *, at_once: int = AT_ONCE, patience: float = 1.0) -> Tally:
    """Empty the queues of all phones as fast as the server takes them, ``at_once`` requests at a time.

    ``patience`` scales the waits between tries (a simulated day is not a day long). A phone whose message is refused again and
    again is given up and named in ``blocked``: in the field its queue would stand still.
    """
    tally = Tally()
    waiting: deque[Phone] = deque(phone for phone in phones if phone.queue)
    tally.fixes = sum(len(phone.queue) for phone in waiting)

    async def work() -> None:
        connection = Connection(host, port)
        while waiting:
            phone = waiting.popleft()
            await _send_slice(phone, connection, tally, patience)
            if phone.blocked:
                tally.blocked.append(phone.identity.device)
            elif phone.queue:
                waiting.append(phone)
        connection.close()

    await asyncio.gather(*(work() for _ in range(min(at_once, max(1, len(waiting))))))
    return tally


async def _send_slice(phone: Phone, connection: Connection, tally: Tally, patience: float) -> None:
    for _ in range(SLICE):
        if not phone.queue or phone.blocked:
            return
        await send_head(phone, connection, tally, patience)


async def send_head(phone: Phone, connection: Connection, tally: Tally, patience: float = 1.0) -> bool:
    """One try with the head of a phone's queue; waits as the client would after a failure. Whether it was delivered."""
    message, count = phone.next_request()
    tally.requests += 1
    answer = await _try(connection, message)
    tally.answers[str(answer.status) if answer else "no answer"] += 1
    if answer is not None and delivered(phone.client, answer.status, answer.body):
        for _ in range(count):
            phone.queue.popleft()
        phone.tries = phone.refusals = 0
        tally.acknowledged += count
        tally.by_client[phone.client.value] += count
        return True
    phone.tries += 1
    phone.refusals += answer is not None and answer.status < 500
    tally.retries += 1
    await asyncio.sleep(phone.wait_s() * patience)
    return False


async def _try(connection: Connection, message: bytes) -> Answer | None:
    try:
        return await connection.send(message)
    except OSError:
        return None


# ---- the sample's phones

Due = tuple[datetime, int, Phone, Fix]  # the number keeps the order of fixes of one moment


@dataclass(slots=True)
class Played:
    """The sample's phones in the order of its people, what they have still to send and when, and what their owners really did.

    ``origin`` is the day that has the number 0, by which a day is the same whenever it is played; ``last`` is the latest one made.
    """

    phones: list[Phone]
    origin: date
    last: date
    later: list[Due] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)


def phones_for_days(district: District, identities: Mapping[str, Identity], origin: date, first: date, until: datetime) -> Played:
    """The sample's phones with everything from local midnight of ``first`` to ``until`` in their queues, and what they will send
    later that day."""
    phones = [Phone(person.client, identities[person.device]) for person in district.people]
    played = Played(phones, origin, first - ONE_DAY)
    while played.last < until.astimezone(LOCAL).date():
        for at, order, phone, fix in _next_day(district, played):
            if at < until:
                phone.queue.append(fix)
            else:
                played.later.append((at, order, phone, fix))
    played.breaches = [breach for breach in played.breaches if breach.start < until]
    heapq.heapify(played.later)
    return played


async def keep_moving(district: District, played: Played, host: str, port: int) -> None:
    """Send each fix when its time has come, day after day, until cancelled. A phone that cannot deliver keeps its queue."""
    connection, tally = Connection(host, port), Tally()
    while True:
        if not played.later:
            played.later = list(_next_day(district, played))
            heapq.heapify(played.later)
        at, _, phone, fix = heapq.heappop(played.later)
        await asyncio.sleep(max(0.0, (at - clock.now()).total_seconds()))
        phone.queue.append(fix)
        while phone.queue and await send_head(phone, connection, tally, patience=0.0):
            pass


def _next_day(district: District, played: Played) -> Iterator[Due]:
    """What each phone sends on the day after ``played.last``, phone by phone, in the order in which it does."""
    played.last += ONE_DAY
    number, order = (played.last - played.origin).days, itertools.count()
    for person, phone in zip(district.people, played.phones, strict=True):
        life = day_of(district, person, played.last, number=number)
        played.breaches += life.breaches
        for fix in as_sent(person, life.fixes, played.last):
            yield fix.at, next(order), phone, fix


# ---- recorded movements


def phones_for_tracks(tracks: Tracks, people: Sequence[Person], identities: Mapping[str, Identity]) -> list[Phone]:
    """One phone for each recorded user, in the hands of the sample's first people, with every recorded fix in its queue."""
    pairs = zip(people, tracks.users, strict=False)
    return [Phone(person.client, identities[person.device], deque(tracks.fixes[user])) for person, user in pairs]


# ---- on its own


def read_identities(folder: Path) -> dict[str, Identity]:
    """The devices that ``scripts/demo`` enrolled, with the credentials it was shown once."""
    with open(folder / "devices.csv", encoding="utf-8", newline="") as file:
        return {row["device"]: Identity(row["device"], row["credential"], Datum(row["datum"])) for row in csv.DictReader(file)}


def read_origin(folder: Path) -> date:
    """The day that has the number 0 in the district that ``scripts/demo`` set up: the one before it was."""
    return date.fromisoformat((folder / "origin.txt").read_text(encoding="utf-8").strip())


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the phones of a folder that ``scripts/demo`` has set up; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.phones", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder that scripts/demo has set up, such as var/demo")
    parser.add_argument("--tracks", type=Path, help="recorded movements (gzip CSV) in place of the sample's")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    identities, district, now = read_identities(options.folder), make(), clock.now()
    yesterday = now.astimezone(LOCAL).date() - ONE_DAY
    if options.tracks:
        phones = phones_for_tracks(read_tracks(options.tracks, yesterday), district.people, identities)
    else:
        played = phones_for_days(district, identities, read_origin(options.folder), yesterday, now)
        phones = played.phones
    tally = asyncio.run(send_all(phones, options.host, options.port, patience=0.05))
    print(f"{tally.acknowledged} of {tally.fixes} reports acknowledged, {tally.retries} tries repeated; {dict(tally.answers)}")
    if tally.acknowledged < tally.fixes:
        return 1
    if not options.tracks:
        try:
            asyncio.run(keep_moving(district, played, options.host, options.port))
        except KeyboardInterrupt:
            print("Stopped.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
