"""What is remembered of one subject between fixes."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from corrections.domain.certainty import Where
from corrections.domain.episodes import Watch
from corrections.domain.model import Episode


@dataclass(slots=True)
class Memory:
    """What is remembered of one subject after a fix: where she is believed to be; by zone version the watch of its edge, and of the
    approach to it, where there is anything to remember; a mocked spell in progress; since which fix one cannot tell."""

    where: Where = field(default_factory=Where)
    watches: dict[int, Watch] = field(default_factory=dict)
    approaches: dict[int, Watch] = field(default_factory=dict)
    mock: Episode | None = None
    unknown_since_us: int | None = None

    @staticmethod
    def decode(stored: bytes) -> Memory:
        return _decoder.decode(stored) if stored else Memory()

    def encode(self) -> bytes:
        return _encoder.encode(self)


_decoder = msgspec.msgpack.Decoder(Memory)
_encoder = msgspec.msgpack.Encoder()
