"""The group commit: one thread takes everything that waits and stores it in one transaction; only then is anything answered."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, exc

from corrections import clock
from corrections.errors import Unavailable
from corrections.ingest.decide import Limits
from corrections.ingest.group import Group, Request
from corrections.ingest.message import Flaw, Message, Outcome, Reason, Sender
from corrections.settings import Settings
from corrections.store.database import lock_ingest

log = logging.getLogger(__name__)

GROUP = 10_000  # messages in one transaction, about

# What says that the database is away, full or read-only, rather than that the data is at fault.
_GONE = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)


@dataclass(slots=True)
class Tally:
    """What was done since the start."""

    commits: int = 0
    stored: int = 0
    repeated: int = 0
    refused: dict[Reason, int] = field(default_factory=dict)
    unavailable: int = 0  # requests that were asked to come back


@dataclass(slots=True, eq=False)
class _Entry:
    """A request on its way, and what became of it: an outcome, or None where it could not be stored."""

    request: Request
    weight: int
    loop: asyncio.AbstractEventLoop | None = None
    future: asyncio.Future[Outcome] | None = None
    outcome: Outcome | None = None


class Ingest:
    """Takes in the messages of requests. ``wake`` is called after each commit that stored something, from the writer's thread.

    ``start`` and ``stop`` bound the time in which ``take`` works; ``take_now`` works always, in the caller's thread.
    """

    def __init__(self, engine: Engine, settings: Settings, *, wake: Callable[[], None] | None = None) -> None:
        self.settings = settings
        self.zone = ZoneInfo(settings.ingest.local_timezone)
        self.tally = Tally()
        self._engine, self._wake = engine, wake
        self._limits = Limits.of(settings)
        self._queue: SimpleQueue[_Entry | None] = SimpleQueue()
        self._waiting = 0
        self._open = False
        self._door = threading.Lock()  # over _waiting, _open and the order of the queue
        self._pen = threading.Lock()  # one transaction at a time in this process
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to take requests. A second call does nothing."""
        with self._door:
            if self._open:
                return
            self._open = True
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more, store what waits, and return when all of it is answered. A second call does nothing."""
        with self._door:
            if not self._open:
                return
            self._open = False
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread that stores runs; without it, nothing that ``take`` was given is ever answered."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Messages that wait for their commit."""
        return self._waiting

    async def take(self, sender: Sender, wire: str, messages: Sequence[Message]) -> Outcome:
        """Store the messages of one request and return after the commit.

        Raises Unavailable where they cannot be stored now, or too many wait: nothing of the request was acknowledged, and the
        client must send it again; what is stored already is then found to be a repeat.
        """
        loop = asyncio.get_running_loop()
        entry = _Entry(Request(sender, wire, messages), len(messages) or 1, loop, loop.create_future())
        with self._door:
            if not self._open or self._waiting >= self.settings.ingest.max_waiting:
                self.tally.unavailable += 1
                raise self._unavailable()
            self._waiting += entry.weight
            self._queue.put(entry)
        assert entry.future is not None
        return await entry.future

    def take_now(self, sender: Sender, wire: str, messages: Sequence[Message]) -> Outcome:
        """The same in the caller's thread, whether started or not. Raises Unavailable."""
        entry = _Entry(Request(sender, wire, messages), len(messages) or 1)
        self._store([entry])
        if entry.outcome is None:
            raise self._unavailable()
        return entry.outcome

    def _unavailable(self) -> Unavailable:
        return Unavailable(
            "Reports cannot be stored at present; keep them and send them again.",
            "目前无法保存上报，请保留数据稍后重新发送。",
            retry_after_s=self.settings.ingest.retry_after_s,
        )

    # ---- the writer's thread

    def _run(self) -> None:
        while True:
            entries, last = self._collect()
            if entries:
                self._store(entries)
                self._deliver(entries)
            if last:
                return

    def _collect(self) -> tuple[list[_Entry], bool]:
        """Everything that waits, up to about ``GROUP`` messages; and whether it is the last."""
        entries: list[_Entry] = []
        weight = 0
        entry = self._queue.get()
        while entry is not None:
            entries.append(entry)
            weight += entry.weight
            if weight >= GROUP:
                return entries, False
            try:
                entry = self._queue.get_nowait()
            except Empty:
                return entries, False
        return entries, True

    def _deliver(self, entries: list[_Entry]) -> None:
        with self._door:
            self._waiting -= sum(entry.weight for entry in entries)
        for loop in {entry.loop for entry in entries if entry.loop is not None}:
            try:
                loop.call_soon_threadsafe(self._resolve, [entry for entry in entries if entry.loop is loop])
            except RuntimeError:  # the loop is closed: nobody waits for these answers any more
                log.warning("the server ended before %d requests were answered", len(entries))

    def _resolve(self, entries: list[_Entry]) -> None:
        for entry in entries:
            assert entry.future is not None
            if entry.future.done():  # the client has gone
                continue
            if entry.outcome is None:
                entry.future.set_exception(self._unavailable())
            else:
                entry.future.set_result(entry.outcome)

    # ---- storing

    def _store(self, entries: list[_Entry]) -> None:
        """Store a group, whatever is in it: afterwards each entry has its outcome, or none where it could not be stored."""
        with self._pen:
            stored = self.tally.stored
            self._settle(entries)
            self.tally.unavailable += sum(entry.outcome is None for entry in entries)
            woken = self.tally.stored > stored
        if woken and self._wake is not None:
            try:
                self._wake()
            except Exception as error:
                log.error("the monitor could not be woken: %s", describe(error))

    def _settle(self, entries: list[_Entry]) -> None:
        """Commit a group, so that one request's data never fails another's.

        1. Commit all at once.
        2. Where the database is away, none has an outcome.
        3. Where the data is at fault, halve the group, then the request, until the faulty message is alone.
        4. Put that one aside as unreadable.
        """
        try:
            self._commit(entries)
        except _GONE as error:
            log.error("cannot store %d requests: %s", len(entries), describe(error))
        except Exception as error:
            if len(entries) > 1:
                middle = len(entries) // 2
                self._settle(entries[:middle])
                self._settle(entries[middle:])
            elif len(entries[0].request.messages) > 1:
                self._settle_halves(entries[0])
            else:
                log.error("a message could not be stored: %s", describe(error))
                self._settle_spoiled(entries[0])

    def _settle_halves(self, entry: _Entry) -> None:
        request = entry.request
        middle = len(request.messages) // 2
        halves = [
            _Entry(Request(request.sender, request.wire, part), len(part))
            for part in (request.messages[:middle], request.messages[middle:])
        ]
        for half in halves:
            self._settle([half])
        outcomes = [half.outcome for half in halves if half.outcome is not None]
        if len(outcomes) == len(halves):
            verdicts = tuple(verdict for outcome in outcomes for verdict in outcome.verdicts)
            authentic, ask = all(outcome.authentic for outcome in outcomes), any(outcome.ask for outcome in outcomes)
            entry.outcome = Outcome(authentic, verdicts, ask)

    def _settle_spoiled(self, entry: _Entry) -> None:
        request = entry.request
        spoiled = [
            Message(raw=message.raw, claims=message.claims, flaw=Flaw(Reason.UNREADABLE, "could not be stored"))
            for message in request.messages
        ]
        again = _Entry(Request(request.sender, request.wire, spoiled), entry.weight)
        try:
            self._commit([again])
        except Exception as error:
            log.error("a message could be neither stored nor put aside: %s", describe(error))
        entry.outcome = again.outcome

    def _commit(self, entries: list[_Entry]) -> None:
        with self._engine.begin() as connection:
            lock_ingest(connection)
            group = Group(connection, [entry.request for entry in entries], clock.now(), self._limits, self.zone)
            group.take()
            group.write()
        for entry, outcome in zip(entries, group.outcomes, strict=True):
            entry.outcome = outcome
        self._count(group)

    def _count(self, group: Group) -> None:
        self.tally.commits += 1
        self.tally.stored += group.stored
        self.tally.repeated += group.repeated
        for refusal in group.refusals:
            reason = refusal.flaw.reason
            self.tally.refused[reason] = self.tally.refused.get(reason, 0) + 1
            log.warning("put aside: wire=%s device=%s reason=%s detail=%s", refusal.wire, refusal.device, reason, refusal.flaw.detail)


def describe(error: BaseException) -> str:
    """An unexpected error for the log: its kind and where it arose, without its text, which may hold a position."""
    kinds = [type(error).__name__, type(getattr(error, "orig", None)).__name__]
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames[-6:]))
    return f"{'/'.join(kind for kind in kinds if kind != 'NoneType')} at {places}"
