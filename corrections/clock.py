"""The one source of the present. Everything that needs ``now`` asks here, so tests and simulations can set it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is moved.

    >>> clock = SetClock(datetime(2026, 3, 2, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=1)); clock.now().hour
    1
    """

    def __init__(self, at: datetime) -> None:
        self._now = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, at: datetime) -> None:
        self._now = at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self._now += by


_clock: Clock = SystemClock()


def now() -> datetime:
    """The present, aware, in UTC, from the clock in force."""
    return _clock.now()


@contextmanager
def using(clock: Clock) -> Iterator[Clock]:
    """Let ``clock`` tell the time inside the block, in every thread, and put the one before back afterwards."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield clock
    finally:
        _clock = before
