"""The real commands as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """``corrections serve``, or another command that runs on, in a process group of its own."""

    url: str
    port: int = 0
    arguments: tuple[str, ...] = ("serve",)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and, where it has a port, return when it listens."""
        environment = {**os.environ, "CORRECTIONS_DATABASE_URL": self.url, "CORRECTIONS_CONFIG": "/nonexistent"}
        environment |= {"CORRECTIONS_SCHEDULES__EVALUATE_EVERY_S": "0.5"}
        command = [str(Path(sys.executable).with_name("corrections")), *self.arguments]
        command += ["--port", str(self.port)] if self.port else []
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, env=environment, start_new_session=True, **quiet)
        for _ in range(600 if self.port else 0):
            with closing(socket.socket()) as attempt:
                if attempt.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            self.pause(0.05)
        assert not self.port, "the service did not begin to listen"

    def pause(self, seconds: float) -> None:
        """Let it run on for a moment. Fails when it ends by itself meanwhile."""
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError("the process ended by itself")

    def kill(self) -> None:
        """SIGKILL to it and all its children."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
