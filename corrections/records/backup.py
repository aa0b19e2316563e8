"""Backups of the whole database, taken while the service runs, and their way back.

SQLite: its online backup into one file. PostgreSQL: ``pg_dump`` in its custom format, ``pg_restore`` and ``psql``.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from corrections.errors import Conflict, CorrectionsError, Invalid
from corrections.store.database import is_sqlite

PAGES_AT_ONCE = 1_000  # a step; between two the service may write


def back_up(engine: Engine, target: Path, *, binaries: Path | None = None) -> int:
    """Write a consistent copy to ``target`` (made anew, readable by the owner only) and return its size in bytes.

    ``binaries`` is the folder of ``pg_dump``, where it is not on the path. Raises Conflict (the file exists), Invalid (pg_dump
    failed, with what it said).
    """
    try:
        target.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise Conflict(f"{target} exists; choose another name.", f"{target} 已存在，请换一个文件名。", field="file") from error
    try:
        if is_sqlite(engine):
            with closing(_sqlite(engine)) as source, closing(sqlite3.connect(target)) as copy:
                source.backup(copy, pages=PAGES_AT_ONCE)
        else:
            _run(engine, binaries, "pg_dump", "--format=custom", f"--file={target}", "--no-owner", "--no-privileges")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target.stat().st_size


def restore(engine: Engine, source: Path, *, force: bool = False, binaries: Path | None = None) -> None:
    """Put a backup in place of the database. The service must not run meanwhile.

    Raises Conflict when the database holds data and ``force`` is not given, Invalid for a file that is no sound backup.
    """
    if not source.is_file():
        raise Invalid(f"There is no file {source}.", f"没有文件 {source}。", field="file")
    if holds_data(engine) and not force:
        raise Conflict(
            "The database is not empty. Restoring replaces everything in it: say --force if you mean it.",
            "数据库不为空。恢复将替换全部数据，如确需恢复请加 --force。",
        )
    if is_sqlite(engine):
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy:
            _check_sqlite(copy)
            engine.dispose()
            with closing(_sqlite(engine)) as target:
                copy.backup(target)
        return
    engine.dispose()
    _restore_postgresql(engine, source, binaries)


def _restore_postgresql(engine: Engine, source: Path, binaries: Path | None) -> None:
    """The dump as a script first, then everything old away and everything new in within one transaction: all or nothing."""
    with tempfile.TemporaryDirectory(prefix="corrections-restore-") as folder:
        script = Path(folder) / "restore.sql"
        _run(engine, binaries, "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", os.fspath(source), connect=False)
        with script.open(encoding="utf-8", errors="replace") as lines:
            if not any("alembic_version" in line for line in lines):
                raise _not_ours()
        anew = "SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _run(engine, binaries, "psql", *options, f"--command={anew}", f"--file={script}")


def holds_data(engine: Engine) -> bool:
    """Whether there is any bureau, which all data hangs on."""
    if not inspect(engine).has_table("bureau"):
        return False
    with engine.connect() as connection:
        return connection.execute(text("SELECT 1 FROM bureau LIMIT 1")).first() is not None


def _sqlite(engine: Engine) -> sqlite3.Connection:
    assert engine.url.database
    return sqlite3.connect(engine.url.database, timeout=30)


def _check_sqlite(copy: sqlite3.Connection) -> None:
    try:
        sound = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        known = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is not None
    except sqlite3.DatabaseError:
        sound = known = False
    if not sound or not known:
        raise _not_ours()


def _not_ours() -> Invalid:
    return Invalid("The file is not a sound backup of this service.", "该文件不是本系统完好的备份。", field="file")


def _run(engine: Engine, binaries: Path | None, program: str, *arguments: str, connect: bool = True) -> None:
    """Run a tool of PostgreSQL on the engine's database; the password goes by the environment, where ``ps`` does not show it."""
    url = engine.url.set(drivername="postgresql", password=None).render_as_string()
    environment = dict(os.environ)
    if engine.url.password:
        environment["PGPASSWORD"] = str(engine.url.password)
    command = [os.fspath(binaries / program) if binaries else program, *([f"--dbname={url}"] if connect else []), *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Invalid(
            f"{program} was not found. Install PostgreSQL's client programs, or say where they are with --binaries.",
            f"未找到 {program}。请安装 PostgreSQL 客户端程序，或用 --binaries 指定其目录。",
        ) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["?"]
        raise CorrectionsError(f"{program} failed: {said[0]}", f"{program} 执行失败：{said[0]}")
