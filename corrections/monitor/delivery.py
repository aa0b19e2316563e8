"""Sending what the outbox holds, over Apprise. At least once: a message counts as sent when that is written down, after its sending.

1. Messages that are due are leased: their next attempt is put off, and that is committed, so that no other process sends them
meanwhile and no transaction is open while the network is waited for. 2. Each channel sends its own, in a thread of its own, gravest first,
within a time limit; a channel that hangs keeps no other waiting, and is left alone until its thread ends. 3. What came of each is written
down. A crash between 2 and 3 sends again when the lease ends.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from threading import Lock, Thread

from sqlalchemy import Engine
from sqlmodel import col, select

from corrections import clock
from corrections.domain.model import Severity
from corrections.domain.notifying import tried_again_at
from corrections.review.outbox import recipients_of
from corrections.settings import Settings
from corrections.settings.notify import Channel
from corrections.store.database import writing
from corrections.store.tables import Notice, OutboxMessage

log = logging.getLogger(__name__)

AT_ONCE = 200
MOST_DIGESTED = 50  # notices in one message
TITLES = {"zh": "社区矫正监管", "en": "Community corrections"}
GRAVITY = list(Severity)

Send = Callable[[str, str, str], str | None]
"""Sends (Apprise url, title, text); the error, or None where it was sent."""


@dataclass(slots=True)
class Delivered:
    """How many messages were sent, failed (they are tried again), were given up, and had become needless."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0
    needless: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out as one: the messages in it, to whom, and what it says."""

    ids: tuple[int, ...]
    channel: Channel
    address: str
    text: str


class Delivery:
    """The sending of one process. ``send`` is how; Apprise unless said otherwise."""

    def __init__(self, engine: Engine, settings: Settings, send: Send | None = None) -> None:
        self._engine, self._settings, self._send = engine, settings, send or send_by_apprise
        self._busy: set[str] = set()
        self._results: dict[int, str | None] = {}  # what came of messages and is not written down yet; a slow channel's come later
        self._lock = Lock()

    def run(self, now: datetime | None = None) -> Delivered:
        """Send what is due; returns when everything was tried or its time is over."""
        done = Delivered()
        if not self._settings.notify.channels:
            return done
        with self._lock:
            busy = set(self._busy)
        parcels = self._lease(now or clock.now(), busy, done)
        by_channel = {name: list(found) for name, found in groupby(parcels, key=lambda parcel: parcel.channel.name)}
        threads = [Thread(target=self._send_all, args=(name, found), daemon=True) for name, found in by_channel.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(self._settings.notify.timeout_s)
        self._write_down(done)
        return done

    def _lease(self, now: datetime, busy: set[str], done: Delivered) -> list[Parcel]:
        """Take the messages that are due; those of notices that are needless end here."""
        o = OutboxMessage
        with writing(self._engine) as session:
            due = select(o).where(col(o.due_at) <= now, col(o.channel).not_in(busy)).order_by(col(o.due_at), col(o.id)).limit(AT_ONCE)
            messages = session.exec(due.with_for_update(skip_locked=True)).all()
            told = select(Notice.id).where(col(Notice.id).in_([m.notice_id for m in messages]), col(Notice.done_at).is_(None))
            open_ = set(session.exec(told))
            addresses = recipients_of(session, messages)
            taken: list[OutboxMessage] = []
            for message in messages:
                channel = self._settings.notify.channel(message.channel)
                if message.notice_id not in open_:
                    message.due_at, done.needless = None, done.needless + 1
                elif channel is None or message.id not in addresses:
                    message.due_at, message.given_up_at = None, now
                    message.last_error, done.given_up = "no such channel, or no address on it, any more", done.given_up + 1
                else:
                    message.attempts += 1
                    message.due_at = now + 2 * timedelta(seconds=self._settings.notify.timeout_s)
                    taken.append(message)
            return self._parcels(taken, addresses)

    def _parcels(self, messages: Sequence[OutboxMessage], addresses: Mapping[int, str]) -> list[Parcel]:
        """Each message alone, those of a digest together; by channel, gravest first."""
        together: dict[tuple[str, str, int], list[OutboxMessage]] = defaultdict(list)
        for message in messages:
            assert message.id is not None
            together[(message.channel, addresses[message.id], 0 if message.digest else message.id)].append(message)
        found: list[tuple[str, int, Parcel]] = []
        for (name, address, _), group in together.items():
            channel = self._settings.notify.channel(name)
            assert channel is not None
            for some in (group[i : i + MOST_DIGESTED] for i in range(0, len(group), MOST_DIGESTED)):
                text = "\n".join(message.text_zh if channel.language == "zh" else message.text_en for message in some)
                ids = tuple(message.id for message in some if message.id is not None)
                gravity = max(GRAVITY.index(Severity(message.severity)) for message in some)
                found.append((name, -gravity, Parcel(ids, channel, address, text)))
        return [parcel for *_, parcel in sorted(found, key=lambda each: each[:2])]

    def _send_all(self, name: str, parcels: Sequence[Parcel]) -> None:
        with self._lock:
            self._busy.add(name)
        try:
            for parcel in parcels:
                try:
                    error = self._send(parcel.channel.url_for(parcel.address), TITLES[parcel.channel.language], parcel.text)
                except Exception as fault:
                    error = f"{type(fault).__name__}: {fault}"
                with self._lock:
                    self._results.update(dict.fromkeys(parcel.ids, error))
        finally:
            with self._lock:
                self._busy.discard(name)

    def _write_down(self, done: Delivered) -> None:
        now, o = clock.now(), OutboxMessage
        with self._lock:
            results, self._results = self._results, {}
        if not results:
            return
        with writing(self._engine) as session:
            for message in session.exec(select(o).where(col(o.id).in_(list(results)), col(o.sent_at).is_(None))):
                assert message.id is not None
                error = results[message.id]
                if error is None:
                    message.sent_at, message.due_at, message.last_error, done.sent = now, None, "", done.sent + 1
                    continue
                message.last_error = error[:500]
                back_off = self._settings.notify.back_off
                message.due_at = tried_again_at(message.attempts, message.created_at, now, message.id, back_off)
                if message.due_at is None:
                    message.given_up_at, done.given_up = now, done.given_up + 1
                    log.error("message %s over %s is given up after %d attempts: %s", message.id, message.channel, message.attempts, error)
                else:
                    done.failed += 1


def send_by_apprise(url: str, title: str, text: str) -> str | None:
    """Send one message; what went wrong, or None. Never tells the url, which holds secrets."""
    import apprise

    asset = apprise.AppriseAsset(secure_logging=True, async_mode=False, http_redirects=False, app_id="corrections", app_desc="", app_url="")
    sender = apprise.Apprise(asset=asset)
    if not sender.add(url):
        return "Apprise cannot read the channel's url with this address"
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as captured:  # type: ignore[no-untyped-call]
        sent = sender.notify(body=text, title=title)
        return None if sent else (captured.getvalue().strip().splitlines() or ["not sent"])[-1]
