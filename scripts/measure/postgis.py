"""A private PostgreSQL with PostGIS in a temporary folder, one core, no parallel query: the other side of the geometry measurement."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import shapely

from scripts.measure.scene import Scene

HOW_TO_INSTALL = "apt-get install postgresql-15 postgresql-15-postgis-3 (Debian 12)"
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "work_mem": "512MB",
    "max_wal_size": "4GB",
    "fsync": "on",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum": "off",
}

# Each gives the number of (report, zone) pairs in which the report lies in the zone. What differs is how the join is led.
QUERIES = {
    "owner join + &&, ordered by fence": """
        SELECT count(*) FROM (
            SELECT f.geom AS fence, r.geom AS report
            FROM report r JOIN binding b ON b.subject = r.subject JOIN fence f ON f.id = b.fence
            WHERE f.geom && r.geom ORDER BY f.id OFFSET 0) pair
        WHERE ST_Contains(pair.fence, pair.report)""",
    "owner join, ST_Contains": """
        SELECT count(*)
        FROM report r JOIN binding b ON b.subject = r.subject JOIN fence f ON f.id = b.fence
        WHERE ST_Contains(f.geom, r.geom)""",
    "fence by fence": """
        SELECT sum(inside.n) FROM fence f CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM binding b JOIN report r ON r.subject = b.subject
            WHERE b.fence = f.id AND f.geom && r.geom AND ST_Contains(f.geom, r.geom)) inside""",
}


class NotInstalled(Exception):
    """PostgreSQL or PostGIS is not on this machine; says how to install it."""


@contextmanager
def private_postgis(core: int) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a new server, which ends with the block. Raises NotInstalled."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="corrections-postgis-"))
    prefix = _as_unprivileged(folder)
    try:
        _run([*prefix, f"{binaries}/initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions"])
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items()) + f" -c unix_socket_directories='{folder}'"
        start = [f"{binaries}/pg_ctl", "-D", f"{folder}/data", "-w", "-o", options, "-l", f"{folder}/log", "start"]
        _run([*prefix, "taskset", "-c", str(core), *start])
        try:
            with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as connection:
                try:
                    connection.execute("CREATE EXTENSION postgis")
                except psycopg.Error as error:
                    raise NotInstalled(f"PostGIS is not installed ({str(error).splitlines()[0]}): {HOW_TO_INSTALL}") from error
                yield connection
        finally:
            _run([*prefix, f"{binaries}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(connection: psycopg.Connection[Any], scene: Scene) -> None:
    """The scene as three tables, indexed and analysed; not part of what is timed."""
    connection.execute("DROP TABLE IF EXISTS fence, binding, report")
    connection.execute("CREATE TABLE fence (id int PRIMARY KEY, geom geometry)")
    connection.execute("ALTER TABLE fence ALTER COLUMN geom SET STORAGE EXTERNAL")  # not compressed: quicker to read
    connection.execute("CREATE TABLE binding (subject int, fence int)")
    connection.execute("CREATE TABLE report (id int PRIMARY KEY, subject int, geom geometry)")
    fences = shapely.to_wkb(scene.fences, hex=True)
    points = shapely.to_wkb(np.asarray(shapely.points(scene.lon, scene.lat)), hex=True)
    with connection.cursor() as cursor:
        _copy(cursor, "fence", ((i, wkb) for i, wkb in enumerate(fences)))
        _copy(cursor, "binding", ((subject, fence) for subject, zones in scene.bindings.items() for fence in zones))
        _copy(cursor, "report", ((i, int(s), wkb) for i, (s, wkb) in enumerate(zip(scene.subject, points, strict=True))))
    connection.execute("CREATE INDEX ON binding (subject)")
    connection.execute("CREATE INDEX ON binding (fence)")
    connection.execute("CREATE INDEX ON report (subject)")
    connection.execute("CREATE INDEX ON report USING gist (geom)")
    connection.execute("CREATE INDEX ON fence USING gist (geom)")
    connection.execute("VACUUM ANALYZE")


def count(connection: psycopg.Connection[Any], query: str) -> int:
    """The single number that a query gives."""
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _copy(cursor: psycopg.Cursor[Any], table: str, rows: Any) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _binaries() -> str:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    if not found:
        raise NotInstalled(f"PostgreSQL is not installed: {HOW_TO_INSTALL}")
    return found[-1]


def _as_unprivileged(folder: Path) -> list[str]:
    """PostgreSQL does not run as root: then it runs as the system's user postgres, who owns the folder."""
    if os.geteuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError as error:
        raise NotInstalled(f"There is no user postgres to run the server as: {HOW_TO_INSTALL}") from error
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1] if 'pg_ctl' in ' '.join(command) else command[0]} failed: {(done.stderr or done.stdout).strip()}")
