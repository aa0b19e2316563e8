"""The command line: what an operator at the machine does. The same service functions as the API and the console, no rule of its own."""

from __future__ import annotations

from corrections.cli.app import main

__all__ = ["main"]
