"""Recipients on this machine, and a notice on its way to them."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from corrections import clock
from corrections.clock import SetClock
from corrections.domain.model import NoticeKind, Recipient
from corrections.monitor.delivery import Delivered, Delivery
from corrections.monitor.sending import Send, over_apprise
from corrections.review import notices, outbox
from corrections.settings import Settings
from corrections.settings.notify import Channel, Notify
from corrections.store.database import writing
from corrections.store.tables import Notice, OutboxMessage, Subject
from tests.review.scene import NOW

TEXT = ("对象S1 13800138000 失去联系", "对象S1 13800138000 is out of contact")
NOWHERE = "json://127.0.0.1:9/?:to={address}"  # for tests that send by a function of their own
PLAIN: dict[str, Any] = {"quiet_from": "00:00", "quiet_until": "00:00", "digest_severities": ()}


class Post:
    """A webhook that keeps what it gets; ``answers`` are the statuses of the next requests, then 200."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.answers: list[int] = []
        post = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = post.answers.pop(0) if post.answers else 200
                if status == 200:
                    post.got.append(body)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server.server_port}/in?:to={{address}}"


class _Mailbox(socketserver.StreamRequestHandler):
    """As much SMTP (RFC 5321) as smtplib needs."""

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self._say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            self._say("221 bye" if verb == "QUIT" else "250 fine")
            if verb == "QUIT":
                return

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """The port of a mail server, and the mails that it got."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mailbox) as server:
        server.mails = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1], server.mails  # type: ignore[attr-defined]
        server.shutdown()


def through(url: str = NOWHERE, **terms: Any) -> Settings:
    """Settings with one channel, ``hook``, and, unless said otherwise, neither quiet hours nor digests."""
    channel = Channel(name="hook", url=url, **{name: terms.pop(name) for name in set(Channel.model_fields) & terms.keys()})
    return over([channel], **terms)


def over(channels: Sequence[Channel], **terms: Any) -> Settings:
    return Settings(notify=Notify(channels=tuple(channels), **PLAIN | terms))


def notice(engine: Engine, kind: NoticeKind = NoticeKind.ASSIGNED, at: datetime = NOW, text: tuple[str, str] = TEXT, **terms: Any) -> int:
    """A notice for liming about subject 1, unless said otherwise."""
    to = {"recipient": Recipient.OFFICER, "officer_id": 1} | terms
    recipient = to.pop("recipient")
    with writing(engine) as session:
        written = notices.notify(session, session.get_one(Subject, 1), recipient, kind, text, at, **to)
        assert written.id is not None
        return written.id


def fan_out(engine: Engine, settings: Settings, now: datetime = NOW) -> int:
    with writing(engine) as session:
        return outbox.fan_out_due(session, settings, now)


def deliver(engine: Engine, settings: Settings, now: datetime = NOW, send: Send = over_apprise) -> Delivered:
    """One turn: fan out, and send."""
    fan_out(engine, settings, now)
    with clock.using(SetClock(now)):
        return Delivery(engine, settings, send).run()


def messages(engine: Engine) -> list[OutboxMessage]:
    with writing(engine) as session:
        found = list(session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))))
        session.expunge_all()
    return found


def failures(engine: Engine) -> list[Notice]:
    """The notices of channels that failed."""
    with writing(engine) as session:
        found = list(session.exec(select(Notice).where(Notice.kind == NoticeKind.UNDELIVERED.value).order_by(col(Notice.id))))
        session.expunge_all()
    return found
