"""From a notice to what arrives: over real sockets, once, again after a failure, never twice at once, and one channel's fault its own."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from corrections import clock
from corrections.clock import SetClock
from corrections.domain.model import NoticeKind, Recipient, Severity
from corrections.domain.notifying import MessageState
from corrections.monitor import delivery
from corrections.monitor.delivery import Delivery
from corrections.monitor.sending import Parcel, over_apprise
from corrections.review.outbox import state_of
from corrections.settings.notify import Channel
from corrections.store.database import open_database, writing
from corrections.store.tables import Notice
from tests.notify.conftest import peopled
from tests.notify.scene import NOWHERE, Post, deliver, fan_out, mail_server, messages, notice, over, through
from tests.review.scene import HOUR, MINUTE, NOW, an_officer


def settled(name: str) -> None:
    """Wait for the threads of a channel to end."""
    for thread in threading.enumerate():
        if thread.name == f"send-{name}":
            thread.join(60)


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


def test_what_goes_wrong_is_told_without_the_address(office: Engine, post: Post) -> None:
    post.answers = [500]
    notice(office)

    deliver(office, through(post.url))

    (message,) = messages(office)
    assert "500" in message.last_error
    assert "liming-desk" not in message.last_error


def test_a_process_that_dies_after_sending_has_it_sent_again_when_its_lease_ends(office: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, said = through(), list[str]()
    notice(office)

    class Died(BaseException):
        pass

    def send_and_die(parcel: Parcel) -> None:
        said.append(parcel.text)
        raise Died

    monkeypatch.setattr(threading, "excepthook", lambda _fault: None)
    deliver(office, settings, send=send_and_die)
    soon = deliver(office, settings, NOW + MINUTE, lambda parcel: said.append(parcel.text))
    later = deliver(office, settings, NOW + 3 * MINUTE, lambda parcel: said.append(parcel.text))

    assert (soon.sent, later.sent, len(said)) == (0, 1, 2)


def test_two_processes_at_once_send_each_message_once(database_url: str) -> None:
    said: list[int] = []
    engines = [open_database(database_url) for _ in range(2)]
    settings = through()
    peopled(engines[0])
    for _ in range(20):
        notice(engines[0])
    together = threading.Barrier(2)

    def run(engine: Engine) -> int:
        together.wait()
        fan_out(engine, settings)
        return Delivery(engine, settings, lambda parcel: said.append(parcel.taken[0].id)).run(NOW).sent

    with clock.using(SetClock(NOW)), ThreadPoolExecutor(2) as pool:
        sent = sum(pool.map(run, engines))
        sent += Delivery(engines[0], settings, lambda parcel: said.append(parcel.taken[0].id)).run(NOW).sent

    assert sent == 20
    assert sorted(said) == [message.id for message in messages(engines[0])]
    for engine in engines:
        engine.dispose()


def test_no_transaction_is_open_while_it_is_sent(office: Engine) -> None:
    wrote: list[int] = []
    notice(office)

    deliver(office, through(), send=lambda _parcel: wrote.append(notice(office)))

    assert wrote == [2]


def test_a_channel_that_does_not_answer_keeps_no_other_waiting(office: Engine, post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # it takes connections, and says nothing
        slow = Channel(name="slow", url=f"json://127.0.0.1:{deaf.getsockname()[1]}/?:to={{address}}&rto=0.2")
        settings = over([slow, Channel(name="hook", url=post.url)])
        with writing(office) as session:
            an_officer(session, "liming").addresses = {"hook": "desk", "slow": "desk"}
        notice(office)

        done = deliver(office, settings)

    assert (done.sent, done.failed, len(post.got)) == (1, 1, 1)


def test_a_channel_that_hangs_is_left_alone_until_its_threads_come_back(office: Engine, post: Post) -> None:
    free, taken = threading.Event(), list[str]()
    settings = over([Channel(name="slow", url=NOWHERE), Channel(name="hook", url=post.url)], timeout_s=0.2)
    with writing(office) as session:
        an_officer(session, "liming").addresses = {"hook": "desk", "slow": "desk"}
    for _ in range(delivery.THREADS + 1):
        notice(office)

    def send(parcel: Parcel) -> str | None:
        if parcel.channel.name != "slow":
            return over_apprise(parcel)
        taken.append(parcel.text)
        free.wait(60)
        return None

    fan_out(office, settings)
    with clock.using(SetClock(NOW)):
        sending = Delivery(office, settings, send)
        while not len(post.got) == delivery.THREADS + 1 == len(taken) + 1:  # the first turn may be cut short on a busy machine
            sending.run(NOW)
        notice(office)
        fan_out(office, settings)
        while len(post.got) == delivery.THREADS + 1:
            sending.run(NOW)
        assert len(taken) == delivery.THREADS
        free.set()
        settled("slow")
        while not all(message.sent_at for message in messages(office)):
            sending.run(NOW)

    assert (len(taken), len(post.got)) == (delivery.THREADS + 2, delivery.THREADS + 2)


@pytest.mark.parametrize(("late", "state"), [("too slow", MessageState.FAILING), (None, MessageState.SENT)])
def test_what_comes_back_after_its_lease_counts_only_if_it_was_sent(office: Engine, late: str | None, state: MessageState) -> None:
    free, hung, settings = threading.Event(), threading.Event(), through()
    notice(office)
    fan_out(office, settings)

    def slow(_parcel: Parcel) -> str | None:
        hung.set()
        free.wait(60)
        return late

    with clock.using(SetClock(NOW)), ThreadPoolExecutor(1) as other:
        first = other.submit(Delivery(office, settings, slow).run, NOW)
        hung.wait(60)
        second = Delivery(office, settings, lambda _parcel: "refused").run(NOW + 3 * MINUTE)
        free.set()
        first.result()

    (message,) = messages(office)
    assert second.failed == 1
    assert (state_of(message), message.attempts) == (state, 2)
    assert message.last_error == ("refused" if late else "")


def test_what_there_was_no_time_for_is_given_back_at_once(office: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = through()
    for _ in range(2):
        notice(office)
    fan_out(office, settings)
    ends = iter([0.0, 1e9])  # the turn begins, and is over
    monkeypatch.setattr(time, "monotonic", lambda: next(ends, 1e9))

    with clock.using(SetClock(NOW)):
        cut = Delivery(office, settings, lambda _parcel: None).run(NOW)
        monkeypatch.undo()
        left = messages(office)
        whole = Delivery(office, settings, lambda _parcel: None).run(NOW)

    assert (cut.sent, whole.sent) == (0, 2)
    assert [(message.attempts, message.due_at) for message in left] == [(0, NOW), (0, NOW)]


def test_the_gravest_go_first(office: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "THREADS", 1)
    monkeypatch.setattr(delivery, "AT_ONCE", 3)
    said: list[str] = []
    for severity in (Severity.LOW, Severity.MEDIUM, Severity.GRAVE, Severity.HIGH):
        notice(office, severity=severity, about=f"round:{list(Severity).index(severity)}")

    for _ in range(2):
        deliver(office, through(), send=lambda parcel: said.append(parcel.text.split("\n")[1]))

    assert [line.partition("：")[0] for line in said] == ["定位核查 3", "定位核查 2", "定位核查 1", "定位核查 0"]


def test_a_notice_that_became_needless_is_not_sent(office: Engine, post: Post) -> None:
    settings = through(post.url)
    early, late = notice(office), notice(office)
    with writing(office) as session:
        session.get_one(Notice, early).done_at = NOW
    fan_out(office, settings)
    with writing(office) as session:
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
    assert [f"提醒 {number}：" in post.got[1]["message"] for number in (1, 2, 3)] == [True, True, True]
    assert all(message.sent_at for message in messages(office))


def test_quiet_hours_put_off_what_is_not_urgent(office: Engine, post: Post) -> None:
    settings = through(post.url, quiet_from="21:00", quiet_until="07:30", quiet_severities=("medium",))
    night = NOW + 15 * HOUR  # midnight
    for severity in (Severity.MEDIUM, Severity.GRAVE):
        notice(office, at=night, severity=severity)

    deliver(office, settings, night)

    assert [(m.severity, m.sent_at) for m in messages(office)] == [("medium", None), ("grave", night)]
    assert messages(office)[0].due_at == NOW + 22.5 * HOUR


def test_what_fails_in_the_evening_is_not_tried_again_at_night(office: Engine, post: Post) -> None:
    settings = through(post.url, quiet_from="21:00", quiet_until="07:30", quiet_severities=("medium",))
    post.answers = [500]
    evening = NOW + 12 * HOUR - MINUTE  # 20:59
    notice(office, at=evening)
    deliver(office, settings, evening)

    at_night = deliver(office, settings, evening + 5 * MINUTE)
    morning = deliver(office, settings, NOW + 22.5 * HOUR)

    assert (at_night.sent, morning.sent) == (0, 1)


def test_a_service_that_stood_still_sends_then_what_was_due(office: Engine, post: Post) -> None:
    post.answers = [500]
    notice(office)
    fan_out(office, through(post.url))

    late = deliver(office, through(post.url), NOW + 30 * HOUR)
    again = deliver(office, through(post.url), NOW + 30 * HOUR + MINUTE)

    assert (late.failed, late.given_up, again.sent) == (1, 0, 1)


def test_who_left_meanwhile_is_not_told_and_her_head_is(office: Engine, post: Post) -> None:
    settings = through(post.url)
    notice(office)
    fan_out(office, settings)
    with writing(office) as session:
        an_officer(session, "liming").active = False

    done = [deliver(office, settings) for _ in range(2)]

    assert [(d.sent, d.needless) for d in done] == [(0, 1), (1, 0)]
    assert [body["to"] for body in post.got] == ["head-desk"]


def test_mail_arrives(office: Engine) -> None:
    with writing(office) as session:
        an_officer(session, "liming").addresses = {"hook": "liming@bureau.example"}
    notice(office, NoticeKind.ESCALATED)

    with mail_server() as (port, mails):
        done = deliver(office, through(f"mailto://127.0.0.1:{port}?format=text&from=supervision@bureau.example&to={{address}}"))

    assert (done.sent, done.failed) == (1, 0)
    assert "To: liming@bureau.example" in mails[0]


def test_the_subject_is_reached_by_her_telephone(office: Engine, post: Post) -> None:
    notice(office, NoticeKind.LOW_BATTERY, recipient=Recipient.SUBJECT, officer_id=None)

    deliver(office, through(post.url, recipients=("subject",)))

    assert [(body["to"], body["message"]) for body in post.got] == [("13800138000", "您的手机电量低，请充电。")]


def test_without_channels_nothing_is_written_or_sent(office: Engine) -> None:
    notice(office)

    done = deliver(office, over([]))

    assert (done.sent, messages(office)) == (0, [])
