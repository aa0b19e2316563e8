"""What an endpoint works with: the house that serves, and the call that is served."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlmodel import Session

from corrections import clock
from corrections.api.language import Language, language_of
from corrections.api.metrics import Metrics
from corrections.api.security import token_of
from corrections.records import accounts
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.database import reading, writing
from corrections.web import origin_of


@dataclass(frozen=True, slots=True)
class House:
    """What one app serves from. ``ingest`` and ``monitor`` are None where this process does not have them."""

    engine: Engine
    settings: Settings
    metrics: Metrics
    ingest: Any = None
    monitor: Any = None

    def reading(self) -> AbstractContextManager[Session]:
        return reading(self.engine)

    def writing(self) -> AbstractContextManager[Session]:
        return writing(self.engine)


@dataclass(frozen=True, slots=True)
class Call:
    """One request by a person who is logged in."""

    house: House
    actor: Actor
    token: str
    language: Language
    now: datetime = field(default_factory=clock.now)

    @property
    def settings(self) -> Settings:
        return self.house.settings

    def reading(self) -> AbstractContextManager[Session]:
        """A session for looking only."""
        return reading(self.house.engine)

    def writing(self) -> AbstractContextManager[Session]:
        """One unit of work; it is committed when the block ends, before anything is answered."""
        return writing(self.house.engine)


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


def call_of(request: Request) -> Call:
    """Who asks. Raises Unauthenticated, and Forbidden for a change that another site's page asks for.

    Use keeps a log-in alive; that is written once a minute at most.
    """
    house = house_of(request)
    token, now = token_of(request), clock.now()
    with house.reading() as session:
        actor = accounts.actor_for(session, token, now, house.settings, origin_of(request))
        stale = accounts.needs_touch(session, token, now)
    if stale:
        with house.writing() as session:
            accounts.touch(session, token, now)
    return Call(house, actor, token, language_of(request, house.settings.service.language), now)


Serving = Annotated[House, Depends(house_of)]
Calling = Annotated[Call, Depends(call_of)]
