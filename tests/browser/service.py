"""The service as ``serve`` puts it together, in a thread of this process, on a free port and on the furnished bureau's clock."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import uvicorn
from sqlalchemy import Engine

from corrections import clock
from corrections.api.app import create_app
from corrections.clock import SystemClock
from corrections.console.app import before, console_app
from corrections.ingest.writer import Ingest
from corrections.monitor.scheduler import Monitor
from corrections.portal import app as portal
from corrections.store.database import open_database
from tests.browser.bureau import NOW, SETTINGS


class RunningClock:
    """It is NOW when it is made, and goes on from there."""

    def __init__(self) -> None:
        self.ahead: timedelta = NOW - SystemClock().now()

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


@dataclass
class Service:
    """What answers at ``url``. ``stop`` and ``start`` again take the connection away and bring it back, at the same address."""

    engine: Engine
    port: int = 0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None
    _listener: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it answers."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
        self.port = self._listener.getsockname()[1]
        monitor = Monitor(self.engine, SETTINGS, hears=True, evaluates=True)
        api = create_app(self.engine, SETTINGS, ingest=Ingest(self.engine, SETTINGS), monitor=monitor)
        console = console_app(self.engine, SETTINGS)
        app: Any = portal.before(portal.portal_app(self.engine, SETTINGS), before(console, api))
        config = uvicorn.Config(app, ws="none", lifespan="on", log_config=None, access_log=False, server_header=False)
        self._server = server = uvicorn.Server(config)
        server.config.timeout_graceful_shutdown = 2
        console.state.desk.feed.ends_when(lambda: server.should_exit)
        began = threading.Event()
        startup = server.startup

        async def told(sockets: list[socket.socket] | None = None) -> None:
            await startup(sockets)
            began.set()

        server.startup = told  # type: ignore[method-assign]
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self._thread.start()
        assert began.wait(60), "the service did not start"

    def stop(self) -> None:
        assert self._server is not None
        assert self._thread is not None
        assert self._listener is not None
        self._server.should_exit = True
        self._thread.join(60)
        self._listener.close()


@contextmanager
def serving(url: str) -> Iterator[Service]:
    engine = open_database(url)
    with clock.using(RunningClock()):
        service = Service(engine)
        service.start()
        try:
            yield service
        finally:
            service.stop()
            engine.dispose()
