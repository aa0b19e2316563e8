"""From a notice to what arrives: over real sockets, once, again after a failure, never twice at once, nothing about a person outside."""

from __future__ import annotations

import json
import logging
import os
import smtplib
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections import clock
from corrections.clock import SetClock
from corrections.domain.model import NoticeKind, Recipient, Severity
from corrections.errors import Conflict, Forbidden, Invalid
from corrections.monitor.delivery import Delivery, send_by_apprise
from corrections.records import accounts
from corrections.review import notices, outbox
from corrections.settings import Settings
from corrections.settings.notify import Channel, Notify
from corrections.store.database import open_database, writing
from corrections.store.tables import Notice, OutboxMessage, Subject
from tests.review.scene import HOUR, MINUTE, NOW, an_actor, an_officer, away, settle

TEXT = ("对象S1 13800138000 失去联系", "对象S1 13800138000 is out of contact")
SECRET = ("对象S1", "13800138000", "liming名", "30.1")


class Post:
    """A recipient on this machine that keeps what it gets; ``answers`` are the HTTP statuses of the next requests, then 200."""

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
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server.server_port}/in?:to={{address}}"


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    yield post
    post.server.shutdown()
    post.server.server_close()


@pytest.fixture
def office(database: Engine) -> Engine:
    """The scene, with a telephone number of the subject, and an address on the channel ``hook`` for liming, the head and the bureau."""
    with writing(database) as session:
        settle(session).phone = "13800138000"
        for login in ("liming", "head", "bureau"):
            an_officer(session, login).addresses = {"hook": f"{login}-desk"}
    return database


def through(url: str, **terms: Any) -> Settings:
    """Settings with one channel and, unless said otherwise, neither quiet hours nor digests."""
    channel = Channel(name="hook", url=url, **{k: terms.pop(k) for k in ("inside", "recipients", "severities", "language") if k in terms})
    plain: dict[str, Any] = {"quiet_from": "00:00", "quiet_until": "00:00", "digest_severities": ()}
    return Settings(notify=Notify(channels=(channel,), **plain | terms))


def notice(engine: Engine, kind: NoticeKind = NoticeKind.ASSIGNED, at: datetime = NOW, **terms: Any) -> int:
    to = {"recipient": Recipient.OFFICER, "officer_id": 1} | terms
    recipient = to.pop("recipient")
    with writing(engine) as session:
        written = notices.notify(session, session.get_one(Subject, 1), recipient, kind, TEXT, at, **to)
        assert written.id is not None
        return written.id


def deliver(engine: Engine, settings: Settings, now: datetime = NOW, send: Any = None) -> Any:
    with clock.using(SetClock(now)):
        with writing(engine) as session:
            outbox.fan_out_due(session, settings, now)
        return Delivery(engine, settings, send).run()


def messages(engine: Engine) -> list[OutboxMessage]:
    with writing(engine) as session:
        found = list(session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))))
        session.expunge_all()
    return found


def test_outside_only_the_kind_and_a_reference_arrive(office: Engine, post: Post) -> None:
    notice(office)

    done = deliver(office, through(post.url))

    (body,) = post.got
    assert (done.sent, done.failed) == (1, 0)
    assert "提醒 1" in body["message"]
    assert body["to"] == "liming-desk"
    assert not [word for word in SECRET if word in json.dumps(body, ensure_ascii=False)]


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_kind_of_notice_takes_a_person_outside(sqlite_url: str, kind: NoticeKind, language: str) -> None:
    engine, said = open_database(sqlite_url), list[str]()
    with writing(engine) as session:
        settle(session).phone = "13800138000"
        an_officer(session, "liming").addresses = {"hook": "desk"}
    notice(engine, kind)
    if kind is not NoticeKind.CHECK_IN:  # of a check-in she gets the notice's own text, with the link in it
        notice(engine, kind, recipient=Recipient.SUBJECT, officer_id=None)
    settings = through("json://127.0.0.1:9/?:to={address}", language=language, recipients=tuple(Recipient))

    deliver(engine, settings, send=lambda _url, title, text: said.append(title + text))

    assert len(said) == (1 if kind is NoticeKind.CHECK_IN else 2)
    assert not [word for word in SECRET for text in said if word in text]
    engine.dispose()


def test_inside_the_notice_itself_arrives(office: Engine, post: Post) -> None:
    notice(office)

    deliver(office, through(post.url, inside=True, language="en"))

    assert [body["message"] for body in post.got] == [TEXT[1]]


def test_what_fails_is_tried_again_later_and_arrives_once(office: Engine, post: Post) -> None:
    settings = through(post.url)
    post.answers = [500, 503]
    notice(office)

    first = deliver(office, settings)
    at_once = deliver(office, settings, NOW + timedelta(seconds=5))
    second = deliver(office, settings, NOW + MINUTE)
    third = deliver(office, settings, NOW + 5 * MINUTE)
    after = deliver(office, settings, NOW + HOUR)

    assert [(d.sent, d.failed) for d in (first, at_once, second, third, after)] == [(0, 1), (0, 0), (0, 1), (1, 0), (0, 0)]
    assert len(post.got) == 1
    (message,) = messages(office)
    assert (message.attempts, message.sent_at, message.due_at, message.last_error) == (3, NOW + 5 * MINUTE, None, "")


def test_what_fails_for_a_day_is_given_up_and_can_be_tried_again_by_hand(
    office: Engine, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    settings, later = through(post.url), NOW + timedelta(hours=30)
    post.answers = [500, 500]
    notice(office)
    deliver(office, settings)

    with caplog.at_level(logging.ERROR):
        assert deliver(office, settings, later).given_up == 1

    assert "given up" in caplog.text
    assert "liming-desk" not in caplog.text
    with writing(office) as session:
        with pytest.raises(Forbidden):
            outbox.retry(session, an_actor(session, "liming"), 1, later)
        outbox.retry(session, an_actor(session, "admin"), 1, later)
    assert deliver(office, settings, later).sent == 1
    with writing(office) as session, pytest.raises(Conflict):
        outbox.retry(session, an_actor(session, "admin"), 1, later)


def test_a_process_that_dies_after_sending_has_it_sent_again_when_its_lease_ends(office: Engine) -> None:
    settings, said = through("json://127.0.0.1:9/?:to={address}"), list[str]()
    notice(office)

    class Died(BaseException):
        pass

    def send_and_die(_url: str, _title: str, text: str) -> None:
        said.append(text)
        raise Died

    hook = threading.excepthook
    threading.excepthook = lambda _args: None
    try:
        deliver(office, settings, send=send_and_die)
    finally:
        threading.excepthook = hook
    soon = deliver(office, settings, NOW + MINUTE, lambda *said_: said.append(said_[2]))
    later = deliver(office, settings, NOW + 3 * MINUTE, lambda *said_: said.append(said_[2]))

    assert (soon.sent, later.sent, len(said)) == (0, 1, 2)


def test_two_processes_at_once_send_it_once(database_url: str) -> None:
    said: list[str] = []
    engines = [open_database(database_url) for _ in range(2)]
    settings = through("json://127.0.0.1:9/?:to={address}")
    with writing(engines[0]) as session:
        settle(session)
        an_officer(session, "liming").addresses = {"hook": "desk"}
    for _ in range(5):
        notice(engines[0])
    with writing(engines[0]) as session:
        outbox.fan_out_due(session, settings, NOW)
    together = threading.Barrier(2)

    def run(engine: Engine) -> int:
        together.wait()
        return Delivery(engine, settings, lambda *parts: said.append(parts[2])).run(NOW).sent

    with clock.using(SetClock(NOW)), ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(run, engines))

    assert (sum(sent), len(said)) == (5, 5)
    for engine in engines:
        engine.dispose()


def test_a_channel_that_hangs_keeps_no_other_waiting(office: Engine, post: Post) -> None:
    free, hung = threading.Event(), threading.Event()
    slow = Channel(name="slow", url="json://127.0.0.1:9/?:to={address}")
    hook = Channel(name="hook", url=post.url)
    settings = Settings(notify=Notify(channels=(slow, hook), quiet_from="00:00", quiet_until="00:00", timeout_s=0.3))  # type: ignore[arg-type]
    with writing(office) as session:
        an_officer(session, "liming").addresses = {"hook": "desk", "slow": "desk"}
    notice(office)

    def send(url: str, title: str, text: str) -> str | None:
        if ":9/" in url:
            hung.set()
            free.wait(60)
            return None
        return send_by_apprise(url, title, text)

    with clock.using(SetClock(NOW)):
        with writing(office) as session:
            outbox.fan_out_due(session, settings, NOW)
        delivery = Delivery(office, settings, send)
        first = delivery.run()
        assert hung.is_set()
        free.set()
        for thread in threading.enumerate():
            if thread.daemon and thread.name.endswith("(_send_all)"):
                thread.join(60)
        second = delivery.run()

    assert (first.sent, second.sent, len(post.got)) == (1, 1, 1)


def test_a_notice_that_became_needless_is_not_sent(office: Engine, post: Post) -> None:
    settings = through(post.url)
    early, late = notice(office), notice(office)
    with writing(office) as session:
        session.get_one(Notice, early).done_at = NOW
        outbox.fan_out_due(session, settings, NOW)
        session.get_one(Notice, late).done_at = NOW

    done = deliver(office, settings)

    assert (done.sent, done.needless, post.got) == (0, 1, [])


def test_low_ones_wait_and_go_together(office: Engine, post: Post) -> None:
    settings = through(post.url, digest_severities=("low",), digest_at=("15:00",))
    for _ in range(3):
        notice(office, severity=Severity.LOW)
    notice(office, severity=Severity.HIGH)

    deliver(office, settings)
    assert len(post.got) == 1
    deliver(office, settings, NOW + 6 * HOUR)  # 15:00 local time

    assert len(post.got) == 2
    assert post.got[1]["message"].count("提醒") == 3
    assert all(message.sent_at for message in messages(office))


def test_quiet_hours_put_off_what_is_not_urgent(office: Engine, post: Post) -> None:
    settings = through(post.url, quiet_from="21:00", quiet_until="07:30", quiet_severities=("medium",))
    night = NOW + 15 * HOUR  # midnight
    for severity in (Severity.MEDIUM, Severity.GRAVE):
        notice(office, at=night, severity=severity)

    deliver(office, settings, night)

    assert [(m.severity, m.sent_at) for m in messages(office)] == [("medium", None), ("grave", night)]
    assert messages(office)[0].due_at == NOW + 22.5 * HOUR


@pytest.mark.parametrize(
    ("terms", "whom"),
    [
        ({"recipient": Recipient.OFFICE_HEAD, "officer_id": None}, ["head-desk"]),
        ({"recipient": Recipient.BUREAU, "officer_id": None}, ["bureau-desk"]),
        ({"recipient": Recipient.OFFICER, "officer_id": 2}, []),  # wangfang has no address
        ({"recipient": Recipient.SUBJECT, "officer_id": None}, ["13800138000"]),
    ],
)
def test_who_it_reaches(office: Engine, post: Post, terms: dict[str, Any], whom: list[str]) -> None:
    notice(office, **terms)

    deliver(office, through(post.url, recipients=tuple(Recipient)))

    assert [body["to"] for body in post.got] == whom


def test_the_bureau_is_reached_even_when_all_of_it_is_away(office: Engine, post: Post) -> None:
    with writing(office) as session:
        away(session, "bureau", NOW + HOUR)
    notice(office, recipient=Recipient.BUREAU, officer_id=None)

    deliver(office, through(post.url))

    assert len(post.got) == 1


def test_fanning_out_twice_writes_each_message_once(office: Engine, post: Post) -> None:
    notice(office)
    with writing(office) as session:
        assert outbox.fan_out_due(session, through(post.url), NOW) == 1
        assert outbox.fan_out_due(session, through(post.url), NOW) == 0


def test_without_channels_nothing_is_written_or_sent(office: Engine) -> None:
    notice(office)

    assert deliver(office, Settings()).sent == 0
    assert messages(office) == []


class Mailbox(socketserver.StreamRequestHandler):
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
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.mails = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], server.mails  # type: ignore[attr-defined]
        server.shutdown()


def test_mail_arrives(office: Engine) -> None:
    with writing(office) as session:
        an_officer(session, "liming").addresses = {"hook": "liming@bureau.example"}
    notice(office)

    with mail_server() as (port, mails):
        done = deliver(office, through(f"mailto://127.0.0.1:{port}?from=supervision@bureau.example&to={{address}}&format=text"))

    assert (done.sent, done.failed) == (1, 0)
    assert "To: liming@bureau.example" in mails[0]
    assert issubclass(smtplib.SMTPException, OSError)


@pytest.mark.parametrize(("url", "host"), [("wecombot://{address}", "qyapi.weixin.qq.com"), ("dingtalk://{address}", "oapi.dingtalk.com")])
def test_wecom_and_dingtalk_are_asked_at_their_own_hosts(monkeypatch: pytest.MonkeyPatch, url: str, host: str) -> None:
    import apprise.plugins.base  # noqa: F401 - its plugins use requests
    import requests

    asked: list[tuple[str, str]] = []

    def answer(self: object, method: str, url: str, **request: Any) -> Any:
        asked.append((url, str(request.get("data"))))
        found = requests.Response()
        found.status_code, found._content = 200, b'{"errcode": 0}'
        return found

    monkeypatch.setattr(requests.Session, "request", answer)
    channel = Channel(name="robot", url=url)

    error = send_by_apprise(channel.url_for("abcdef0123456789"), "社区矫正监管", "违规 12")

    assert error is None
    assert asked[0][0].startswith(f"https://{host}/")
    assert "12" in asked[0][1]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nosuch://{address}", "channel hook: Apprise cannot read"),
        ("json://127.0.0.1/", "{address}"),
        ("json://u:${NOT_SET_ANYWHERE}@127.0.0.1/?:to={address}", "NOT_SET_ANYWHERE"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_at_start(url: str, told: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Channel(name="hook", url=url)

    assert told in str(refusal.value)


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_PASSWORD", "p/w d")

    channel = Channel(name="hook", url="json://u:${HOOK_PASSWORD}@127.0.0.1/?:to={address}")

    assert os.environ["HOOK_PASSWORD"] not in channel.url
    assert channel.url_for("a b") == "json://u:p%2Fw%20d@127.0.0.1/?:to=a%20b"


def test_an_officer_says_herself_where_she_is_reached(office: Engine, post: Post) -> None:
    settings = through(post.url)
    change: Callable[..., Any] = accounts.set_addresses
    with writing(office) as session:
        me: Callable[[], Any] = lambda: an_actor(session, "liming")  # noqa: E731
        change(session, me(), 1, {"hook": " new desk "}, settings=settings, now=NOW)
        for wrong in ({"pigeon": "x"}, {"hook": " "}, {"hook": "a\nb"}):
            with pytest.raises(Invalid):
                change(session, me(), 1, wrong, settings=settings, now=NOW)
        with pytest.raises(Forbidden):
            change(session, me(), 2, {"hook": "x"}, settings=settings, now=NOW)
        change(session, an_actor(session, "admin"), 2, {"hook": "x"}, settings=settings, now=NOW)

        assert [an_officer(session, login).addresses for login in ("liming", "wangfang")] == [{"hook": "new desk"}, {"hook": "x"}]


def test_everybody_sees_her_own_messages_and_the_keepers_all(office: Engine, post: Post) -> None:
    for officer_id in (1, 3):
        notice(office, officer_id=officer_id)
    with writing(office) as session:
        outbox.fan_out_due(session, through(post.url), NOW)

        def seen(login: str) -> list[int | None]:
            return [message.officer_id for message in outbox.list_messages(session, an_actor(session, login))]

        assert [seen(login) for login in ("liming", "head", "bureau", "admin", "zhao")] == [[1], [3], [3, 1], [3, 1], []]
