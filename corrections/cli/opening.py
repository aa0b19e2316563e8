"""Opening what a command works on: the settings, the database, the bureau, the officer; and what it says when that fails."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from pydantic_settings.exceptions import SettingsError
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlmodel import Session, select

from corrections.errors import CorrectionsError, Invalid, NotFound, Unavailable
from corrections.settings import Settings, load
from corrections.store.tables import Bureau, Subject


def read_settings() -> Settings:
    """The settings. Raises Invalid naming each faulty key, or the file that is no TOML."""
    try:
        return load()
    except ValidationError as error:
        faults = error.errors(include_url=False)
        en = "; ".join(f"{_key(fault)}: {fault['msg']}" for fault in faults)
        zh = "；".join(f"{_key(fault)}：{_in_chinese(fault)}" for fault in faults)
    except SettingsError as error:
        en = zh = str(error)
    except tomllib.TOMLDecodeError as error:
        en = zh = f"TOML: {error}"
    raise Invalid(
        f"The settings (config/*.toml, CORRECTIONS_* variables) are faulty. {en}", f"配置（config/*.toml、CORRECTIONS_* 变量）有误。{zh}"
    )


def _key(fault: Any) -> str:
    return ".".join(str(part) for part in fault["loc"])


def _in_chinese(fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        return "没有这个配置项"
    if isinstance(fault["input"], dict | list):  # a whole section, which may hold secrets
        return f"取值无效（{fault['msg']}）"
    return f"取值“{fault['input']}”无效（{fault['msg']}）"


def open_engine(settings: Settings) -> Engine:
    """An engine for the database in the settings. Raises Invalid for an address that cannot be one."""
    from corrections.store.database import open_database

    try:
        return open_database(settings.database_url)
    except (ArgumentError, NoSuchModuleError) as error:
        raise Invalid(
            "database_url is not an address such as sqlite:///corrections.db or postgresql://user@host/corrections.",
            "database_url 无效，应形如 sqlite:///corrections.db 或 postgresql://user@host/corrections。",
        ) from error


@contextmanager
def opened() -> Iterator[tuple[Engine, Settings]]:
    """The database of the settings, there and of this version's schema. Raises Invalid, Unavailable."""
    settings = read_settings()
    require_file(settings)
    engine = open_engine(settings)
    try:
        require_schema(engine)
        yield engine, settings
    finally:
        engine.dispose()


def require_file(settings: Settings) -> None:
    """Refuse an SQLite file that is not there, which opening would make."""
    url = make_url(settings.database_url) if settings.database_url.startswith("sqlite") else None
    if url is not None and url.database and not Path(url.database).is_file():
        raise Unavailable(
            f"There is no database {url.database} yet. Make it with: corrections init",
            f"还没有数据库 {url.database}，请先运行：corrections init",
        )


def require_schema(engine: Engine) -> None:
    """Raise Unavailable unless the database has the schema of this version."""
    from corrections.store.database import schema_is_current

    if not schema_is_current(engine):
        raise Unavailable(
            "The database is not of this version's schema. Back it up, then run: corrections init",
            "数据库结构与本版本不符，请先备份，然后运行：corrections init",
        )


def database_fault(error: BaseException) -> CorrectionsError | None:
    """What a database's error means to the reader, if it is one."""
    if not isinstance(error, DBAPIError):
        return None
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()] or [type(error.orig).__name__]
    if error.connection_invalidated or type(error).__name__ in ("OperationalError", "InterfaceError"):
        return Unavailable(f"The database cannot be used: {lines[0]}", f"数据库无法使用：{lines[0]}")
    return CorrectionsError(f"The database refused: {lines[0]}", f"数据库拒绝了操作：{lines[0]}")


def bureau_of(session: Session, code: str) -> Bureau:
    """The bureau with this code; without one, the only one there is. Raises NotFound, Invalid (several)."""
    if code:
        found = session.exec(select(Bureau).where(Bureau.code == code)).first()
        if found is None:
            raise NotFound(f"There is no bureau {code}.", f"没有代码为 {code} 的司法局。", field="bureau")
        return found
    bureaus = session.exec(select(Bureau).limit(2)).all()
    if not bureaus:
        raise NotFound(
            "There is no bureau yet. Create it with: corrections init", "还没有司法局，请先运行：corrections init", field="bureau"
        )
    if len(bureaus) > 1:
        raise Invalid("There are several bureaus: say which with --bureau.", "有多个司法局，请用 --bureau 指定。", field="bureau")
    return bureaus[0]


def subject_numbered(session: Session, number: str) -> Subject:
    """The subject with the bureau's number for it. Raises NotFound."""
    found = session.exec(select(Subject).where(Subject.number == number)).first()
    if found is None:
        raise NotFound(f"There is no subject with the number {number}.", f"没有编号为 {number} 的社区矫正对象。", field="subject")
    return found


def usage(zh: str, en: str) -> typer.BadParameter:
    """Wrong usage that only shows once the arguments are read together; exits with 2."""
    from corrections.cli.speech import t

    return typer.BadParameter(t(zh, en))


def local_moment(text: str, timezone: str) -> datetime:
    """A day (its local midnight) or a moment, read in the bureau's time zone unless it says its own. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            f"{text} is not a day or a moment, such as 2026-03-02 or 2026-03-02T08:00.",
            f"“{text}”不是日期或时间，应形如 2026-03-02 或 2026-03-02T08:00。",
        ) from error
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
