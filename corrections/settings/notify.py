"""The channels of notification: what goes over which, when, and how often it is tried. See config/notify.toml."""

from __future__ import annotations

import os
import re
from datetime import time, timedelta
from typing import Literal, Self
from urllib.parse import quote

from pydantic import Field, field_validator, model_validator

from corrections.domain.model import NoticeKind, Recipient, Severity
from corrections.domain.notifying import BackOff, Quiet
from corrections.settings.section import Section

_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
STAFF = (Recipient.OFFICER, Recipient.OFFICE_HEAD, Recipient.BUREAU)


class Channel(Section):
    """One way to reach people. ``url`` is an address of Apprise, with ``{address}`` for the recipient's and ``${NAME}`` for a secret from
    the environment."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")
    url: str
    inside: bool = False
    languages: tuple[Literal["zh", "en"], ...] = Field(("zh",), min_length=1)
    severities: tuple[Severity, ...] = tuple(Severity)
    kinds: tuple[NoticeKind, ...] = tuple(NoticeKind)
    recipients: tuple[Recipient, ...] = STAFF
    addresses: str = ""

    def url_for(self, address: str) -> str:
        """The address of Apprise for one recipient, secrets filled in. Raises KeyError for a variable that is not set."""
        filled = _VARIABLE.sub(lambda found: quote(os.environ[found[1]], safe=""), self.url)
        return filled.replace("{address}", quote(address, safe="@"))

    def secrets(self) -> list[str]:
        """What of the url comes from the environment and is to be told nobody."""
        return [os.environ[name] for name in _VARIABLE.findall(self.url)]

    def fits(self, address: str) -> bool:
        """Whether an address has the form that ``addresses`` demands; of mail, one address."""
        if not address or (self.url.startswith("mailto") and not _MAIL.fullmatch(address)):
            return False
        return not self.addresses or re.fullmatch(self.addresses, address) is not None

    def takes(self, address: str) -> bool:
        """Whether an address fits, and Apprise can reach it over the channel, as far as its form tells."""
        return self.fits(address) and self._reads(address)

    def _reads(self, address: str) -> bool:
        import apprise  # 12 MB more in `serve`, 23 MB alone: only where a channel is set up

        return apprise.Apprise.instantiate(self.url_for(address), suppress_exceptions=True) is not None

    @field_validator("addresses")
    @classmethod
    def _a_pattern(cls, addresses: str) -> str:
        try:
            re.compile(addresses)
        except re.error as error:
            raise ValueError(f"addresses: not a regular expression: {error}") from None
        return addresses

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        missing = [name for name in _VARIABLE.findall(self.url) if name not in os.environ]
        if missing:
            raise ValueError(f"channel {self.name}: set the environment variable {missing[0]}, which its url names")
        if "{address}" not in self.url:
            raise ValueError(f"channel {self.name}: the url must hold {{address}}, where the recipient's address goes")
        if self.inside and Recipient.SUBJECT in self.recipients:
            raise ValueError(f"channel {self.name}: what reaches the subject leaves the bureau; inside must be false")
        scheme = self.url.partition("://")[0]
        if not _knows(scheme):
            raise ValueError(f"channel {self.name}: Apprise has no service {scheme}://; see its documentation for those it has")
        if not any(self._reads(example) for example in ("a@b.example", "13800000000", "a" * 36)):
            raise ValueError(f"channel {self.name}: Apprise cannot read its url; see Apprise's documentation for the service")
        return self


def _knows(scheme: str) -> bool:
    """Whether Apprise has a service under this scheme."""
    from apprise.plugins import N_MGR

    return scheme.lower() in N_MGR


class Notify(Section):
    """How messages go out."""

    channels: tuple[Channel, ...] = ()
    quiet_from: time = time(21)
    quiet_until: time = time(7, 30)
    quiet_severities: tuple[Severity, ...] = (Severity.LOW, Severity.MEDIUM)
    digest_severities: tuple[Severity, ...] = (Severity.LOW,)
    digest_at: tuple[time, ...] = (time(8, 40), time(15))
    first_retry_s: float = Field(30.0, gt=0)
    longest_retry_s: float = Field(3_600.0, gt=0)
    give_up_hours: float = Field(24.0, gt=0)
    fewest_attempts: int = Field(5, ge=1)
    timeout_s: float = Field(60.0, gt=0)

    @field_validator("channels")
    @classmethod
    def _one_of_a_name(cls, channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
        names = [channel.name for channel in channels]
        if len(set(names)) < len(names):
            raise ValueError("two channels have the same name")
        return channels

    @model_validator(mode="after")
    def _digested(self) -> Self:
        if self.digest_severities and not self.digest_at:
            raise ValueError("digest_at: at least one time, or no digest_severities")
        quiet = self.quiet
        both = quiet is not None and set(quiet.severities) & set(self.digest_severities)
        if quiet is not None and both and all(quiet.holds(each) for each in self.digest_at):
            raise ValueError("digest_at: at least one time outside the quiet hours")
        return self

    @property
    def quiet(self) -> Quiet | None:
        return None if self.quiet_from == self.quiet_until else Quiet(self.quiet_from, self.quiet_until, self.quiet_severities)

    @property
    def back_off(self) -> BackOff:
        first, longest = timedelta(seconds=self.first_retry_s), timedelta(seconds=self.longest_retry_s)
        return BackOff(first, longest, timedelta(hours=self.give_up_hours), self.fewest_attempts)

    def channel(self, name: str) -> Channel | None:
        """The channel of that name, if it is set up."""
        return next((channel for channel in self.channels if channel.name == name), None)
