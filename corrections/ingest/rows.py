"""The statements of ingest, written for the driver: they run for every group of requests.

Each takes the connection of one transaction. Times are int64 microseconds, as stored. SQLite gets lists as one JSON text,
PostgreSQL as arrays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from corrections.domain.model import Datum
from corrections.ingest.decide import Standing

# In the order of a row; PostgreSQL needs the types.
REPORT = {
    "bureau_id": "int", "subject_id": "bigint", "device_id": "bigint", "fix_time": "bigint", "digest": "bigint",
    "received_at": "bigint", "lat": "float8", "lon": "float8", "accuracy_m": "float8", "source": "smallint", "datum": "text",
    "altitude_m": "float8", "speed_mps": "float8", "course_deg": "float8", "battery_pct": "float8", "charging": "bool",
    "client_state": "text", "mock": "bool", "wire": "text", "raw": "bytea",
}  # fmt: skip
LAT = tuple(REPORT).index("lat")
ASIDE = ("digest", "received_at", "last_at", "count", "device_id", "subject_id", "wire", "reason", "detail", "raw")

BROWSER = "browser"
"""The client of a device that is a subject's browser, from which she checks in."""

Key = tuple[int, int, int]
"""(subject_id, fix_time, digest): what makes a report one."""

_STANDING = """
SELECT d.{by}, d.id, d.identifier, d.datum, s.id, s.number, s.bureau_id, s.status, s.category, s.term_from, s.term_until,
       a.valid_from, CASE WHEN a.revoked_at < a.valid_until THEN a.revoked_at ELSE a.valid_until END
FROM device d JOIN subject s ON s.id = d.subject_id
LEFT JOIN authority a ON a.subject_id = s.id AND a.scope = 'location'
WHERE {serving} AND d.{by} {among}
"""
_OPEN_REQUESTS = """
SELECT subject_id, id, asked_at FROM fix_request
WHERE expires_at > %s AND told_at IS NULL AND answered_at IS NULL AND subject_id {among} ORDER BY id
"""
_AMONG = {"sqlite": "IN (SELECT value FROM json_each(?))", "postgresql": "= ANY(%s)"}
_KEY = "subject_id, fix_time, digest"


def standing_by(connection: Connection, column: str, values: Iterable[str], *, browsers: bool = False) -> dict[str, Standing]:
    """What the register says of the devices in service, or of the browsers, with these values of ``credential_hash`` or ``identifier``,
    by value."""
    found: dict[str, Standing] = {}
    serving = f"d.client = '{BROWSER}'" if browsers else "d.active"
    for row in _among(connection, _STANDING.replace("{by}", column).replace("{serving}", serving), values):
        value, device, identifier, datum, subject, number, bureau, status, category, start, end, valid_from, valid_until = row
        standing = found.get(value)
        if standing is None:
            standing = Standing(device, identifier, Datum(datum), subject, number, bureau, status, category, (start, end))
            found[value] = standing
        if valid_from is not None:
            standing.authorities_us.append((valid_from, valid_until))
    return found


def gateways(connection: Connection, hashes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """(gateway id, bureau id) of the gateways in service with these credentials, by credential hash."""
    sql = "SELECT credential_hash, id, bureau_id FROM gateway WHERE active AND credential_hash {among}"
    return {row[0]: (row[1], row[2]) for row in _among(connection, sql, hashes)}


def known_asides(connection: Connection, digests: Iterable[int]) -> set[int]:
    """Which of these were put aside before."""
    return {row[0] for row in _among(connection, "SELECT digest FROM set_aside WHERE digest {among}", digests)}


def open_requests(connection: Connection, subjects: Iterable[int], now_us: int) -> dict[int, tuple[int, int]]:
    """(id, asked_at) of the request for a fresh fix of each of these subjects that is open and that her phone was not told, by subject."""
    sqlite, listed = connection.dialect.name == "sqlite", list(subjects)
    sql = _OPEN_REQUESTS.replace("{among}", _AMONG[connection.dialect.name]).replace("%s", "?" if sqlite else "%s")
    found = connection.exec_driver_sql(sql, (now_us, json.dumps(listed) if sqlite else listed))
    return {row[0]: (row[1], row[2]) for row in found}


def note_told(connection: Connection, requests: Iterable[int], now_us: int) -> None:
    """Note that the phones that these requests are for were told."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    rows = [(now_us, request) for request in requests]
    connection.exec_driver_sql(f"UPDATE fix_request SET told_at = {mark} WHERE id = {mark} AND told_at IS NULL", rows)  # noqa: S608


def put_aside(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put rows of ``ASIDE`` aside; one that is there already moves its count and its last time only."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(
        f"INSERT INTO set_aside ({', '.join(ASIDE)}) VALUES ({', '.join([mark] * len(ASIDE))}) "  # noqa: S608
        "ON CONFLICT (digest) DO UPDATE SET count = set_aside.count + excluded.count, last_at = excluded.last_at",
        list(rows),
    )


def insert_reports(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> set[Key] | None:
    """Store rows of ``REPORT`` in their order, of which none has another's key; those that are there already stay as they are.

    Returns the keys of the new ones, or None where all are new.
    """
    if connection.dialect.name == "sqlite":
        return _insert_sqlite(connection, rows)
    columns = [list(column) for column in zip(*rows, strict=True)]
    result = connection.exec_driver_sql(_INSERT_POSTGRESQL, tuple(columns))
    return None if result.rowcount == len(rows) else {(row[0], row[1], row[2]) for row in result}


_INSERT_POSTGRESQL = (
    f"INSERT INTO report ({', '.join(REPORT)}) "  # noqa: S608
    f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in REPORT.values())}) "
    f"ON CONFLICT ({_KEY}) DO NOTHING RETURNING {_KEY}"
)
_INSERT_SQLITE = f"INSERT INTO report ({', '.join(REPORT)}) VALUES ({', '.join('?' * len(REPORT))}) ON CONFLICT ({_KEY}) DO NOTHING"  # noqa: S608


def _insert_sqlite(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> set[Key] | None:
    before = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM report").scalar_one()
    if connection.exec_driver_sql(_INSERT_SQLITE, list(rows)).rowcount == len(rows):
        return None
    new = connection.exec_driver_sql(f"SELECT {_KEY} FROM report WHERE id > ?", (before,))  # noqa: S608
    return {(row[0], row[1], row[2]) for row in new}


def _among(connection: Connection, sql: str, values: Iterable[Any]) -> Sequence[Any]:
    """The rows of a statement whose ``{among}`` stands for being one of ``values``."""
    name, listed = connection.dialect.name, list(values)
    if not listed:
        return []
    statement = sql.replace("{among}", _AMONG[name])
    return connection.exec_driver_sql(statement, (json.dumps(listed) if name == "sqlite" else listed,)).all()
