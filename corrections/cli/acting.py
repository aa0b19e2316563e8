"""One step in an officer's name, for commands that act."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from sqlmodel import Session

    from corrections.settings import Settings
    from corrections.store.access import Actor


@dataclass(frozen=True, slots=True)
class Acting:
    """What a step needs: a unit of work, who acts, the settings, the present, and the wall clock of her bureau."""

    session: Session
    actor: Actor
    settings: Settings
    now: datetime
    zone: ZoneInfo

    def subject(self, number: str) -> int:
        """The id of the subject with a number. Raises NotFound."""
        from corrections.cli.opening import subject_numbered

        found = subject_numbered(self.session, number).id
        assert found is not None
        return found

    def moment(self, text: str) -> datetime | None:
        """A day or a moment as it was given, in the bureau's time zone; None where it was not. Raises Invalid."""
        from corrections.cli.opening import local_moment

        return local_moment(text, self.zone.key) if text else None


@contextmanager
def acting(login: str) -> Iterator[Acting]:
    """A step in the name of the officer with a login; it is committed when the block ends."""
    from corrections.cli.opening import opened
    from corrections.clock import now
    from corrections.records.accounts import actor_by_login
    from corrections.store.database import writing
    from corrections.store.tables import Bureau

    with opened() as (engine, settings), writing(engine) as session:
        actor = actor_by_login(session, login, "cli")
        zone = ZoneInfo(session.get_one(Bureau, actor.bureau_id).timezone)
        yield Acting(session, actor, settings, now(), zone)
