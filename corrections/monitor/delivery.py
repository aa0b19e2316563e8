"""Sending what the outbox holds. At least once: a message counts as sent when that is written down, after its sending.

1. Of each channel the messages that are due are leased, gravest first: their next attempt is put off, and that is committed, so that no
other process sends them meanwhile and no transaction is open while the network is waited for. 2. Each channel sends its own, in a few
threads of its own, until the turn's time is over; a channel that hangs keeps no other waiting, and as many threads as hang are not
started again. 3. What came of each is written down at once; what there was no time for is given back. A crash between sending and
writing down sends again when the lease ends.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock, Thread

from sqlalchemy import ColumnElement, Engine, case, update
from sqlmodel import Session, col, select

from corrections import clock
from corrections.domain.model import Severity
from corrections.domain.notifying import letter, quiet_until, sends_at, tried_again_at
from corrections.monitor.sending import Parcel, Send, Taken, over_apprise
from corrections.review.outbox import addresses_of, give_up, settle, zone_of
from corrections.settings import Settings
from corrections.settings.notify import Channel
from corrections.store.database import reading, writing
from corrections.store.tables import Notice, OutboxMessage

log = logging.getLogger(__name__)

AT_ONCE = 100  # messages of a channel in one turn
THREADS = 3  # of a channel
MOST_DIGESTED = 20  # lines in one message; a WeCom robot takes 2,048 bytes
GRAVITY = list(Severity)


@dataclass(slots=True)
class Delivered:
    """How many messages were sent, failed (they are tried again), were given up, and had become needless."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0
    needless: int = 0


class Delivery:
    """The sending of one process. ``send`` is how; over Apprise unless said otherwise."""

    def __init__(self, engine: Engine, settings: Settings, send: Send = over_apprise) -> None:
        self._engine, self._settings, self._send = engine, settings, send
        self._busy: Counter[str] = Counter()  # threads of each channel, those that hang since an earlier turn among them
        self._lock = Lock()

    def run(self, now: datetime | None = None) -> Delivered:
        """Send what is due; returns when everything was tried or the turn's time is over."""
        now, done = now or clock.now(), Delivered()
        due = col(OutboxMessage.due_at) <= now
        with reading(self._engine) as session:
            if session.exec(select(OutboxMessage.id).where(due).limit(1)).first() is None:
                return done
        with writing(self._engine) as session:
            self._drop_unknown(session, due, now, done)
            queues = {name: deque(self._take(session, name, due, now, done)) for name in self._free()}
        over = time.monotonic() + self._settings.notify.timeout_s
        threads = [thread for name, queue in queues.items() for thread in self._threads(name, queue, over, done)]
        for thread in threads:
            thread.join(max(0.0, over - time.monotonic()))
        self._give_back([parcel for queue in queues.values() for parcel in self._left(queue)], now)
        return done

    # ---- taking

    def _free(self) -> list[str]:
        """The channels that not all of their threads hang of."""
        with self._lock:
            hanging = {name for name, threads in self._busy.items() if threads >= THREADS}
        for name in hanging:
            log.error("channel %s hangs: none of its %d threads has come back; its messages wait", name, THREADS)
        return [channel.name for channel in self._settings.notify.channels if channel.name not in hanging]

    def _drop_unknown(self, session: Session, due: ColumnElement[bool], now: datetime, done: Delivered) -> None:
        known = [channel.name for channel in self._settings.notify.channels]
        unknown = select(OutboxMessage).where(due, col(OutboxMessage.channel).not_in(known)).limit(AT_ONCE)
        for message in session.exec(unknown.with_for_update(skip_locked=True)).all():
            give_up(session, message, "the channel is not in the settings any more", now)
            done.given_up += 1

    def _take(self, session: Session, name: str, due: ColumnElement[bool], now: datetime, done: Delivered) -> list[Parcel]:
        """Lease the messages of a channel that are due. What is needless ends, what it is quiet for waits, and what has no address is
        given up."""
        o, channel = OutboxMessage, self._settings.notify.channel(name)
        assert channel is not None
        gravest = case({severity.value: rank for rank, severity in enumerate(GRAVITY)}, value=col(o.severity)).desc()
        statement = select(o).where(due, o.channel == name).order_by(gravest, col(o.due_at), col(o.id)).limit(AT_ONCE)
        messages = session.exec(statement.with_for_update(skip_locked=True)).all()
        told = {m.notice_id for m in messages if m.notice_id is not None}
        notices = {n.id: n for n in session.exec(select(Notice).where(col(Notice.id).in_(told), col(Notice.done_at).is_(None)))}
        addresses = addresses_of(session, messages)
        taken: list[OutboxMessage] = []
        for message in messages:
            assert message.id is not None
            notice, quiet = notices.get(message.notice_id), self._quiet(session, message, now)
            if notice is None:
                message.due_at, done.needless = None, done.needless + 1
            elif message.id not in addresses:  # she has left: whoever stands in is told
                message.due_at, notice.dispatch_at, done.needless = None, now, done.needless + 1
            elif not channel.fits(addresses[message.id]):
                give_up(session, message, "she has no address on this channel any more", now)
                done.given_up += 1
            elif quiet is not None:
                message.due_at = quiet
            else:
                taken.append(message)
        return self._leased(channel, taken, addresses, now)

    def _quiet(self, session: Session, message: OutboxMessage, now: datetime) -> datetime | None:
        """Until when a message waits for the end of the quiet hours; None: it does not. They may have begun since it was due."""
        terms, severity, zone = self._settings.notify, Severity(message.severity), zone_of(session, message.bureau_id)
        if terms.quiet is None or severity not in terms.quiet.severities or quiet_until(now, terms.quiet, zone) is None:
            return None
        return sends_at(now, severity, terms.quiet, terms.digest_at if message.digest else (), zone)

    def _leased(self, channel: Channel, messages: Sequence[OutboxMessage], addresses: Mapping[int, str], now: datetime) -> list[Parcel]:
        """Each message alone, those of a digest together; gravest first."""
        together: dict[tuple[str, int], list[OutboxMessage]] = defaultdict(list)
        for message in messages:
            assert message.id is not None
            together[(addresses[message.id], 0 if message.digest else message.id)].append(message)
        parcels = []
        for (address, _), group in together.items():
            for some in (group[i : i + MOST_DIGESTED] for i in range(0, len(group), MOST_DIGESTED)):
                parcels.append(Parcel(tuple(self._lease(each, now) for each in some), channel, address, _text(some, channel)))
        return parcels

    def _lease(self, message: OutboxMessage, now: datetime) -> Taken:
        assert message.id is not None
        before = message.last_error
        message.attempts, message.last_error = message.attempts + 1, ""
        message.due_at = now + 2 * timedelta(seconds=self._settings.notify.timeout_s)
        return Taken(message.id, message.attempts, before)

    # ---- sending

    def _threads(self, name: str, queue: deque[Parcel], over: float, done: Delivered) -> list[Thread]:
        with self._lock:
            count = min(THREADS - self._busy[name], len(queue))
            self._busy[name] += count
        threads = [Thread(target=self._work, args=(name, queue, over, done), daemon=True, name=f"send-{name}") for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, name: str, queue: deque[Parcel], over: float, done: Delivered) -> None:
        try:
            while time.monotonic() < over and queue:
                try:
                    parcel = queue.popleft()
                except IndexError:  # another thread was first
                    return
                self._write_down(parcel, self._tried(parcel), done)
        except Exception:
            log.exception("what came of a message over %s could not be written down; it is sent again when its lease ends", name)
        finally:
            with self._lock:
                self._busy[name] -= 1

    def _tried(self, parcel: Parcel) -> str | None:
        try:
            return self._send(parcel)
        except Exception as fault:
            return parcel.without_secrets(f"{type(fault).__name__}: {fault}")

    # ---- writing down

    def _write_down(self, parcel: Parcel, error: str | None, done: Delivered) -> None:
        """What came of a parcel. A failure counts only while the lease is this attempt's; what was sent, was sent."""
        now, o, back_off = clock.now(), OutboxMessage, self._settings.notify.back_off
        attempts = {taken.id: taken.attempts for taken in parcel.taken}
        with writing(self._engine) as session:
            found = select(o).where(col(o.id).in_(attempts), col(o.sent_at).is_(None)).order_by(col(o.id)).with_for_update()
            for message in session.exec(found).all():
                assert message.id is not None
                if error is None:
                    message.sent_at, message.due_at, message.given_up_at, message.last_error = now, None, None, ""
                    session.flush()
                    if message.attempts > 1:
                        settle(session, message, now)
                    self._count(done, "sent")
                elif message.attempts == attempts[message.id] and message.due_at is not None:
                    message.last_error = error[:500]
                    message.due_at = tried_again_at(message.attempts, message.created_at, now, message.id, back_off)
                    if message.due_at is None:
                        give_up(session, message, message.last_error, now)
                    self._count(done, "failed" if message.due_at else "given_up")

    def _count(self, done: Delivered, what: str) -> None:
        with self._lock:
            setattr(done, what, getattr(done, what) + 1)

    @staticmethod
    def _left(queue: deque[Parcel]) -> list[Parcel]:
        """What no thread has taken; none will any more."""
        left = []
        while queue:
            try:
                left.append(queue.popleft())
            except IndexError:
                break
        return left

    def _give_back(self, parcels: Sequence[Parcel], now: datetime) -> None:
        """End the lease of what there was no time for."""
        if not parcels:
            return
        o = OutboxMessage
        with writing(self._engine) as session:
            for taken in (each for parcel in parcels for each in parcel.taken):
                mine = (col(o.id) == taken.id, col(o.attempts) == taken.attempts, col(o.due_at).is_not(None))
                session.execute(
                    update(o).where(*mine).values(attempts=taken.attempts - 1, last_error=taken.last_error, due_at=now),
                    execution_options={"synchronize_session": False},
                )


def _text(messages: Sequence[OutboxMessage], channel: Channel) -> str:
    """What goes out: to the subject what she is asked, to the staff a letter; in the channel's languages."""
    texts = {"zh": [message.text_zh for message in messages], "en": [message.text_en for message in messages]}
    if messages[0].officer_id is None:
        return "\n".join(texts[language][0] for language in channel.languages)
    return "\n\n".join(letter(texts[language], language) for language in channel.languages)
