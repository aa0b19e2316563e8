"""One kept-alive HTTP/1.1 connection on asyncio, light enough to play hundreds of phones, or to keep a server busy, on one core."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, cast


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class Connection(asyncio.Protocol):
    """Sends one request at a time and gives its answer. Opens itself again when the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None

    async def send(self, request: bytes) -> Answer:
        """The answer to a request given as bytes. Raises OSError when the server cannot be reached or breaks off."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, self.host, self.port)
        assert self._transport is not None
        self._waiting = loop.create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # ---- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by behaviour, not by class
        self._received.clear()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._waiting is None or self._waiting.done():
            return
        try:
            answer = self._complete()
        except ValueError as error:
            self._waiting.set_exception(OSError(f"The answer cannot be read: {error}"))
            return
        if answer is not None:
            self._waiting.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError(f"The server broke off before answering ({error or 'closed'})."))

    def _complete(self) -> Answer | None:
        """The answer, once all of it is there."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        status_line, *lines = bytes(self._received[:end]).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "transfer-encoding" in headers:
            raise ValueError("The server answers in chunks, which phones' clients take and this one does not.")
        length = int(headers.get("content-length", 0))
        if len(self._received) < end + 4 + length:
            return None
        body = bytes(self._received[end + 4 : end + 4 + length])
        self._received.clear()
        if headers.get("connection", "").lower() == "close" and self._transport is not None:
            self._transport.close()
        return Answer(int(status_line[9:12]), headers, body)
