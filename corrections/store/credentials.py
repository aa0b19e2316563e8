"""Credentials of devices and gateways: shown once, stored as a hash that finds the row."""

from __future__ import annotations

import hashlib
import secrets


def new_credential() -> str:
    """A random credential of 128 bits, safe in an address and easy to type: 26 characters of base 32 in lower case."""
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(secrets.choice(alphabet) for _ in range(26))


def hash_credential(text: str) -> str:
    """SHA-256 in hexadecimal. Enough for random credentials, which cannot be guessed as passwords can."""
    return hashlib.sha256(text.encode()).hexdigest()
