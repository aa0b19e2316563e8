"""One message over one channel, by Apprise; and a trial of a channel.

What a channel answers is told without its address and secrets. WeCom, DingTalk and Feishu answer 200 to what they refuse, and name the
refusal in the body, which Apprise (2.3) takes for sent: here it is not.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine

from corrections.domain.model import Role
from corrections.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from corrections.records.audit import record_by
from corrections.settings import Settings
from corrections.settings.notify import Channel
from corrections.store.access import Actor
from corrections.store.database import writing
from corrections.store.tables import Officer

TITLES = {"zh": "社区矫正监管", "en": "Community corrections"}
TRIAL = {"zh": "试发：收到即表示该渠道可用。", "en": "A test: this channel works."}
ROBOTS = ("wecombot", "dingtalk", "feishu", "lark")  # plugins of Apprise whose service answers 200 to what it refuses
REFUSED = 502  # as which Apprise is told of it
SHORTEST = 4  # an address or secret of fewer characters may stand in any text


@dataclass(frozen=True, slots=True)
class Taken:
    """A message in hand: the attempt that it is, and what the one before said."""

    id: int
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out as one: the messages in it, to whom, and what it says."""

    taken: tuple[Taken, ...]
    channel: Channel
    address: str
    text: str

    def without_secrets(self, told: str) -> str:
        """A text without the address and the secrets of the channel's url."""
        for secret in (self.address, *self.channel.secrets()):
            for form in (secret, quote(secret, safe=""), quote(secret, safe="@")):
                told = told.replace(form, "…") if len(form) >= SHORTEST else told
        return told


Send = Callable[[Parcel], str | None]
"""Sends a parcel; the error, or None where it was sent."""


def over_apprise(parcel: Parcel) -> str | None:
    """Send one message in the caller's thread; what went wrong, or None."""
    import apprise

    _read_refusals()
    # No time limit of Apprise's own: it would wait in a pool of threads that all channels share.
    asset = apprise.AppriseAsset(
        secure_logging=True, async_mode=False, http_redirects=False, service_timeout=0, app_id="corrections", app_desc="", app_url=""
    )
    sender = apprise.Apprise(asset=asset)
    if not sender.add(parcel.channel.url_for(parcel.address)):
        return "Apprise cannot read the channel's url with this address"
    result: Any = sender.notify(body=parcel.text, title=TITLES[parcel.channel.languages[0]], body_format=apprise.NotifyFormat.TEXT)
    if result:
        return None
    said = [str(entry.message) for entry in result.logs()] or ["not sent"]
    return parcel.without_secrets(said[-1].strip())


def try_channel(
    engine: Engine,
    settings: Settings,
    actor: Actor | None,
    name: str,
    address: str | None,
    now: datetime,
    send: Send = over_apprise,
) -> None:
    """Send a message over a channel, to see that it works: to one's own address (None), or by the administrator to any.

    Audited first; no transaction is open while it is sent. Raises NotFound (no such channel), Conflict (no address of one's own), Invalid,
    Forbidden, Unavailable (not sent: why).
    """
    channel = settings.notify.channel(name)
    if channel is None:
        raise NotFound(f"There is no channel {name}; see config/notify.toml.", f"没有名为 {name} 的通知渠道。", field="name")
    with writing(engine) as session:
        own = str(session.get_one(Officer, actor.officer_id).addresses.get(name, "")) if actor is not None else ""
        if address is not None and actor is not None and actor.role is not Role.ADMINISTRATOR and address != own:
            raise Forbidden("Only the administrator sends to an address that is not her own.", "只有管理员可以向他人的地址试发。")
        to = address if address is not None else own
        if not to:
            raise Conflict(f"You have no address on the channel {name}.", f"您没有设置渠道 {name} 的地址。", field="address")
        if not channel.takes(to):
            raise Invalid(f"{name} cannot take this address.", f"渠道 {name} 无法使用该地址。", field="address")
        record_by(session, actor, "channel.test", detail={"channel": name, "own": to == own}, now=now)
    text = "\n".join(TRIAL[language] for language in channel.languages)
    error = _within(settings.notify.timeout_s, send, Parcel((), channel, to, text))
    if error is not None:
        raise Unavailable(f"Not sent: {error}", f"未能发送：{error}")


def _within(seconds: float, send: Send, parcel: Parcel) -> str | None:
    """What came of a parcel, or that nothing did in time."""
    answer: SimpleQueue[str | None] = SimpleQueue()

    def work() -> None:
        try:
            answer.put(send(parcel))
        except Exception as fault:
            answer.put(parcel.without_secrets(f"{type(fault).__name__}: {fault}"))

    Thread(target=work, daemon=True, name="try-channel").start()
    try:
        return answer.get(timeout=seconds)
    except Empty:
        return f"no answer within {seconds:g} s"


# ---- refusals with status 200


class _Reading:
    """``requests``, as the plugin of a robot sees it: an answer that refuses has the status of a refusal."""

    def __init__(self, requests: Any) -> None:
        self._requests = requests

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def post(self, *arguments: Any, **terms: Any) -> Any:
        answer = self._requests.post(*arguments, **terms)
        code = _refusal(answer)
        if code is not None:
            answer.status_code = REFUSED
            logging.getLogger("apprise").warning("The service refused it with code %s", code)
        return answer


def _refusal(answer: Any) -> Any:
    """The code that a robot's answer refuses with; None where it does not, or holds none."""
    try:
        body = answer.json()
    except ValueError:
        return None
    codes = [body.get(name) for name in ("errcode", "code", "StatusCode")] if isinstance(body, dict) else []
    return next((code for code in codes if code not in (None, 0, "0")), None)


def _read_refusals() -> None:
    for name in ROBOTS:
        plugin = vars(importlib.import_module(f"apprise.plugins.{name}"))
        if not isinstance(plugin["requests"], _Reading):
            plugin["requests"] = _Reading(plugin["requests"])
