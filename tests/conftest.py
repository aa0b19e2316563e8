"""Fixtures that every test may use: an empty database of each kind, and a clock that stands still."""
