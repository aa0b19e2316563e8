"""``corrections doctor``: what is wrong with this installation, and what a person should look at."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corrections.cli.speech import AsJson, print_json, say, t, table
from corrections.errors import CorrectionsError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from corrections.records.soundness import Check
    from corrections.settings import Settings

LIBRARIES = ("fastapi", "sqlmodel", "sqlalchemy", "apscheduler", "shapely", "geopy", "pyproj", "numpy", "uvicorn", "psycopg", "tzdata")
LEAST_FREE_BYTES = 200_000_000
AMPLE_FREE_BYTES = 2_000_000_000
CLOCKS_APART_S = 5.0
SHOWN = 10


def add_to(app: typer.Typer) -> None:
    app.command(
        help=t(
            "检查本安装：版本、设置、数据库、磁盘、时钟、监测是否在运行、登记有无缺口。有错误时退出码为 1。",
            "Examine this installation: versions, settings, database, disk, clock, whether monitoring runs, holes in the register. Exits "
            "with 1 when something is wrong.",
        )
    )(doctor)


def doctor(
    strict: Annotated[
        bool, typer.Option("--strict", help=t("需要注意的事项也视为错误。", "Count what needs attention as wrong, too."))
    ] = False,
    as_json: AsJson = False,
) -> None:
    from corrections.records.soundness import State

    found = list(_examine())
    bad = {State.WRONG, State.ATTENTION} if strict else {State.WRONG}
    if as_json:
        print_json([{"check": c.name, "state": c.state, "en": c.en, "zh": c.zh, "concerns": c.concerns} for c in found])
    else:
        marks = {State.OK: t("正常", "ok"), State.ATTENTION: t("注意", "look"), State.WRONG: t("错误", "WRONG")}
        table((t("状态", "state"), t("项目", "check"), t("说明", "what was found")), [(marks[c.state], c.name, _told(c)) for c in found])
    if any(c.state in bad for c in found):
        raise typer.Exit(1)
    if not as_json:
        say(t("未发现错误。", "Nothing is wrong."))


def _told(check: Check) -> str:
    shown = [" ".join(str(value) for value in item.values()) if isinstance(item, dict) else str(item) for item in check.concerns[:SHOWN]]
    more = len(check.concerns) - len(shown)
    tail = t(f"……另 {more} 项", f"... and {more} more") if more > 0 else ""
    return t(check.zh, check.en) + (f" [{', '.join(shown)}{tail}]" if shown else "")


def _examine() -> Iterator[Check]:
    """Each step needs the one before: without settings there is no database to look at."""
    from corrections.cli.opening import open_engine, read_settings, require_file

    yield _versions()
    try:
        settings = read_settings()
        yield _ok("settings", "设置有效。", "The settings are valid.")
        require_file(settings)
        engine = open_engine(settings)
    except CorrectionsError as error:
        yield _wrong("settings" if error.code == "invalid" else "database", error.zh, error.en)
        return
    try:
        yield from _database(engine, settings)
    finally:
        engine.dispose()


def _database(engine: Engine, settings: Settings) -> Iterator[Check]:
    from sqlalchemy.exc import DBAPIError

    from corrections.cli.opening import database_fault, require_schema
    from corrections.clock import now
    from corrections.records.soundness import checks
    from corrections.store.database import reading

    shown = engine.url.render_as_string(hide_password=True)
    try:
        require_schema(engine)
        yield _ok("database", f"数据库可用，结构为最新：{shown}", f"The database answers and its schema is current: {shown}")
        yield from _disk(engine)
        with reading(engine) as session:
            yield from _clocks(session, engine, settings)
            yield from checks(session, settings, now())
    except CorrectionsError as error:
        yield _wrong("database", error.zh, error.en)
    except DBAPIError as error:
        told = database_fault(error)
        assert told is not None
        yield _wrong("database", f"{told.zh}（{shown}）", f"{told.en} ({shown})")


def _versions() -> Check:
    from importlib.metadata import PackageNotFoundError, version

    from corrections import __version__

    known: dict[str, str] = {"corrections": __version__, "python": sys.version.split()[0]}
    missing = []
    for name in LIBRARIES:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    told = " ".join(f"{name} {number}" for name, number in known.items())
    if sys.version_info < (3, 11) or missing:
        return _wrong("versions", f"缺少 Python 3.11 或程序库 {missing}。", f"Python 3.11 or a library is missing: {missing}.", [known])
    return _ok("versions", told, told)


def _disk(engine: Engine) -> Iterator[Check]:
    """Free space where an SQLite file lies; a PostgreSQL server's disk is not ours to see."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return
    free = shutil.disk_usage(Path(engine.url.database).resolve().parent).free
    zh, en = f"数据库所在磁盘剩余 {free / 1e9:.1f} GB。", f"{free / 1e9:.1f} GB are free where the database lies."
    yield _wrong("disk", zh, en) if free < LEAST_FREE_BYTES else _look("disk", zh, en) if free < AMPLE_FREE_BYTES else _ok("disk", zh, en)


def _clocks(session: Any, engine: Engine, settings: Settings) -> Iterator[Check]:
    """Time zones that are known, and a database server whose clock agrees with this machine's."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from sqlalchemy import text
    from sqlmodel import select

    from corrections.clock import now
    from corrections.store.tables import Bureau

    unknown = []
    for name in {settings.ingest.local_timezone, *session.exec(select(Bureau.timezone))}:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            unknown.append(name)
    if unknown:
        yield _wrong("timezones", f"缺少时区数据：{unknown}", f"Time zone data is missing: {unknown}")
    else:
        yield _ok("timezones", "时区数据完整。", "Time zone data is there.")
    if engine.dialect.name == "postgresql":
        apart = abs(float(session.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar()) - now().timestamp())
        make = _wrong if apart > CLOCKS_APART_S else _ok
        yield make("server-clock", f"与数据库服务器时钟相差 {apart:.1f} 秒。", f"{apart:.1f} s apart from the database server's clock.")


def _ok(name: str, zh: str, en: str) -> Check:
    from corrections.records.soundness import Check, State

    return Check(name, State.OK, zh, en)


def _look(name: str, zh: str, en: str) -> Check:
    from corrections.records.soundness import Check, State

    return Check(name, State.ATTENTION, zh, en)


def _wrong(name: str, zh: str, en: str, concerns: list[Any] | None = None) -> Check:
    from corrections.records.soundness import Check, State

    return Check(name, State.WRONG, zh, en, concerns or [])
