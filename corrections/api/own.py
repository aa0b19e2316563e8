"""A call by a subject about herself: the token of her link as a bearer, which opens her own record and nothing else."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from corrections import clock
from corrections.api.context import House, house_of
from corrections.errors import Unauthenticated
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.web import OwnDoor, origin_of


@dataclass(frozen=True, slots=True)
class OwnCall:
    """One request by a subject."""

    house: House
    door: OwnDoor
    own: Own
    now: datetime

    @property
    def settings(self) -> Settings:
        return self.house.settings

    def reading(self) -> AbstractContextManager[Session]:
        """A session for looking only."""
        return self.house.reading()

    def writing(self) -> AbstractContextManager[Session]:
        """One unit of work; it is committed when the block ends, before anything is answered."""
        return self.house.writing()


def own_call_of(request: Request) -> OwnCall:
    """Who asks about herself. Raises Unauthenticated, LinkEnded, TooMany."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send the token of your link: Authorization: Bearer TOKEN.", "请提供链接令牌：Authorization: Bearer TOKEN。")
    door: OwnDoor = request.app.state.own_door
    now = clock.now()
    return OwnCall(house_of(request), door, door.come_in(token.strip(), now, origin_of(request)), now)


OwnCalling = Annotated[OwnCall, Depends(own_call_of)]
