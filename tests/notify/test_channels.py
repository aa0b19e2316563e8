"""The channels: what their settings must hold, what officers say of themselves, and a trial."""

from __future__ import annotations

import os
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import col, select

from corrections.errors import Conflict, CorrectionsError, Forbidden, Invalid, NotFound, Unavailable
from corrections.monitor.sending import Parcel, over_apprise, try_channel
from corrections.records import accounts
from corrections.settings.notify import Channel, Notify
from corrections.store.database import reading, writing
from corrections.store.tables import AuditEvent
from tests.notify.scene import NOWHERE, Post, through
from tests.review.scene import NOW, an_actor, an_officer

ROBOTS = [
    ("wecombot://{address}", "qyapi.weixin.qq.com"),
    ("dingtalk://{address}", "oapi.dingtalk.com"),
    ("dingtalk://SECabc@{address}", "oapi.dingtalk.com"),
    ("feishu://{address}", "open.feishu.cn"),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is asked of the network, address and body; the answer is 200 and ``REPLY[0]``."""
    import requests

    found: list[tuple[str, str]] = []

    def answer(_session: object, method: str, url: str, **request: Any) -> Any:
        found.append((url, str(request.get("data"))))
        reply = requests.Response()
        reply.status_code, reply._content = 200, REPLY[0]
        return reply

    monkeypatch.setattr(requests.Session, "request", answer)
    REPLY[:] = [b'{"errcode": 0, "code": 0}']
    return found


REPLY = [b""]


def parcel(url: str, address: str = "abcdef0123456789") -> Parcel:
    return Parcel((), Channel(name="robot", url=url), address, "违规 12：有违规待您核查")


@pytest.mark.parametrize(("url", "host"), ROBOTS)
def test_robots_are_asked_at_their_own_hosts(asked: list[tuple[str, str]], url: str, host: str) -> None:
    error = over_apprise(parcel(url))

    assert error is None
    ((address, body),) = asked
    assert address.startswith(f"https://{host}/")
    assert "12" in body


@pytest.mark.parametrize(("url", "host"), ROBOTS)
@pytest.mark.parametrize("reply", [b'{"errcode": 45009, "errmsg": "api freq out of limit"}', b'{"code": 19021, "msg": "sign match fail"}'])
def test_a_robot_that_refuses_with_status_200_has_refused(asked: list[tuple[str, str]], url: str, host: str, reply: bytes) -> None:
    REPLY[:] = [reply]

    error = over_apprise(parcel(url))

    assert error is not None
    assert asked
    assert "abcdef0123456789" not in error


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nosuch://{address}", "channel hook: Apprise has no service nosuch://"),
        ("json://{address}:port/", "channel hook: Apprise cannot read"),
        ("json://127.0.0.1/", "{address}"),
        ("json://u:${NOT_SET_ANYWHERE}@127.0.0.1/?:to={address}", "NOT_SET_ANYWHERE"),
    ],
)
def test_a_channel_that_cannot_work_is_refused_at_start(url: str, told: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Channel(name="hook", url=url)

    assert told in str(refusal.value)


@pytest.mark.parametrize(
    "terms",
    [
        {"digest_severities": ("low",), "digest_at": ()},
        {"digest_severities": ("low",), "digest_at": ("22:00", "06:00")},  # always quiet
        {"channels": [{"name": "a", "url": NOWHERE}] * 2},
        {"channels": [{"name": "a", "url": NOWHERE, "addresses": "("}]},
        {"channels": [{"name": "a", "url": NOWHERE, "inside": True, "recipients": ["subject"]}]},
    ],
)
def test_terms_that_cannot_be_met_are_refused_at_start(terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Notify(**terms)


def test_the_settings_file_and_its_examples_hold_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "config" / "notify.toml").read_text(encoding="utf-8")
    examples = [line.removeprefix("# ") for line in text[text.index("# [[notify") :].splitlines() if line != "#"]
    for name in ("SMTP_PASSWORD", "DINGTALK_SECRET", "SMS_PASSWORD"):
        monkeypatch.setenv(name, "secret")

    shown = Notify(**tomllib.loads("\n".join([text, *examples]))["notify"])

    assert Notify(**tomllib.loads(text)["notify"]) == Notify()
    assert [channel.name for channel in shown.channels] == ["mail", "wecom", "dingtalk", "webhook", "sms"]
    assert [name for name in ("a@bureau.lan", "a@qq.com", "a@b.c,x@bureau.lan") if shown.channels[0].takes(name)] == ["a@bureau.lan"]


def test_secrets_come_from_the_environment_and_are_told_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_PASSWORD", "p/w d")

    channel = Channel(name="hook", url="json://u:${HOOK_PASSWORD}@127.0.0.1/?:to={address}")

    assert os.environ["HOOK_PASSWORD"] not in channel.url
    assert channel.url_for("a b") == "json://u:p%2Fw%20d@127.0.0.1/?:to=a%20b"
    told = Parcel((), channel, "a@desk", "").without_secrets("u:p/w d@, u:p%2Fw%20d@ and a%40desk")
    assert told == "u:…@, u:…@ and …"


def test_an_officer_says_herself_where_she_is_reached(office: Engine, post: Post) -> None:
    settings = through(post.url)
    change: Callable[..., Any] = accounts.set_addresses
    with writing(office) as session:
        me = an_actor(session, "liming")
        change(session, me, 1, {"hook": " new desk "}, settings=settings, now=NOW)
        for wrong in ({"pigeon": "x"}, {"hook": " "}, {"hook": "a\nb"}):
            with pytest.raises(Invalid):
                change(session, me, 1, wrong, settings=settings, now=NOW)
        with pytest.raises(Forbidden):
            change(session, me, 2, {"hook": "x"}, settings=settings, now=NOW)
        change(session, an_actor(session, "admin"), 2, {"hook": "x"}, settings=settings, now=NOW)

        assert [an_officer(session, login).addresses for login in ("liming", "wangfang")] == [{"hook": "new desk"}, {"hook": "x"}]


# ---- a trial


def test_a_trial_reaches_ones_own_address_and_is_audited(office: Engine, post: Post) -> None:
    with reading(office) as session:
        me = an_actor(session, "liming")

    try_channel(office, through(post.url), me, "hook", None, NOW)

    assert [(body["to"], body["message"]) for body in post.got] == [("liming-desk", "试发：收到即表示该渠道可用。")]
    with reading(office) as session:
        event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert event is not None
        assert (event.action, event.detail) == ("channel.test", {"officer_id": 1, "channel": "hook", "own": True})


@pytest.mark.parametrize(
    ("login", "name", "address", "refusal"),
    [
        ("liming", "pigeon", None, NotFound),
        ("wangfang", "hook", None, Conflict),
        ("liming", "hook", "head-desk", Forbidden),
        ("admin", "hook", "a" * 65, Invalid),
        ("admin", "hook", "head-desk", None),
    ],
)
def test_what_a_trial_is_refused_for(
    office: Engine, login: str, name: str, address: str | None, refusal: type[CorrectionsError] | None
) -> None:
    said: list[str] = []
    settings = through(addresses=".{1,64}")
    with reading(office) as session:
        actor = an_actor(session, login)

    def attempt() -> None:
        try_channel(office, settings, actor, name, address, NOW, lambda parcel: said.append(parcel.address))

    if refusal is None:
        attempt()
        assert said == [address]
    else:
        with pytest.raises(refusal):
            attempt()
        assert said == []


def test_a_trial_that_fails_or_hangs_says_so(office: Engine) -> None:
    free = threading.Event()
    fails: list[Any] = [lambda _parcel: "refused", lambda parcel: 1 / len(parcel.taken), lambda _parcel: free.wait(60)]

    told = []
    for send in fails:
        with pytest.raises(Unavailable) as refusal:
            try_channel(office, through(timeout_s=0.05 if send is fails[2] else 60), None, "hook", "desk", NOW, send)
        told.append(str(refusal.value))
    free.set()

    assert told == ["Not sent: refused", "Not sent: ZeroDivisionError: division by zero", "Not sent: no answer within 0.05 s"]
