"""Where subjects come in by the links of their own views."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Engine

from corrections.errors import LinkEnded, TooMany, Unauthenticated
from corrections.records import own
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.store.database import reading, writing
from corrections.store.rulebook import Rulebooks


class OwnDoor:
    """Where subjects come in by the links of their own view, for the pages and the API of one process: unknown links from one address
    are counted, and too many in a while make it wait. ``books`` keeps compiled zones."""

    MOST_ADDRESSES = 10_000

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings
        self.books = Rulebooks()
        self._unknown: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def come_in(self, token: str, now: datetime, origin: str = "") -> Own:
        """Who opens this link; a new visit is recorded. Raises Unauthenticated, LinkEnded, TooMany."""
        self.wait_if_many(origin, now)
        with reading(self.engine) as session:
            try:
                found = own.own_by_token(session, token, now, origin)
            except LinkEnded:
                raise
            except Unauthenticated:
                self.note_unknown(origin, now)
                raise
            new = own.visit_is_new(session, token, self.settings.portal, now)
        if new:
            with writing(self.engine) as session:
                own.record_visit(session, found, token, self.settings.portal, now)
        return found

    def wait_if_many(self, origin: str, now: datetime) -> None:
        """Raise TooMany where too many unknown links came from an address."""
        portal = self.settings.portal
        with self._lock:
            tries = self._unknown.get(origin, deque())
            while tries and tries[0] <= now - timedelta(minutes=portal.wrong_minutes):
                tries.popleft()
            if len(tries) >= portal.wrong_links:
                raise TooMany(
                    "Too many unknown links came from here. Wait some minutes and try again.", "无法识别的链接过多，请过几分钟再试。"
                )

    def note_unknown(self, origin: str, now: datetime) -> None:
        """Count an unknown link."""
        with self._lock:
            self._unknown.setdefault(origin, deque(maxlen=self.settings.portal.wrong_links)).append(now)
            self._unknown.move_to_end(origin)
            while len(self._unknown) > self.MOST_ADDRESSES:
                self._unknown.popitem(last=False)
