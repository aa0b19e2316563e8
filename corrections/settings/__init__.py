"""Settings: ``config/*.toml``, overridden by ``CORRECTIONS_*`` variables (``CORRECTIONS_INGEST__MAX_AGE_DAYS=30``).

The folder is ``CORRECTIONS_CONFIG``, else ``config`` below the working directory, else the defaults written here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from corrections.settings.calendar import Calendar
from corrections.settings.checks import Checks
from corrections.settings.leave import LeaveSettings
from corrections.settings.legal import Legal
from corrections.settings.map import BaseMap, BaseMapKind
from corrections.settings.measures import Attachments, FalseAlarms, Measures
from corrections.settings.notify import Notify
from corrections.settings.portal import Portal
from corrections.settings.queue import Queue
from corrections.settings.rules import (
    Asking,
    Battery,
    Boundary,
    Ladder,
    Patterns,
    Permission,
    Rules,
    Silence,
)
from corrections.settings.service import Ingest, Schedules, Service

__all__ = [
    "Asking",
    "Attachments",
    "BaseMap",
    "BaseMapKind",
    "Battery",
    "Boundary",
    "Calendar",
    "Checks",
    "FalseAlarms",
    "Ingest",
    "Ladder",
    "LeaveSettings",
    "Legal",
    "Measures",
    "Notify",
    "Patterns",
    "Permission",
    "Portal",
    "Queue",
    "Rules",
    "Schedules",
    "Service",
    "Settings",
    "Silence",
    "load",
]

FILES = (
    "service.toml",
    "rules.toml",
    "schedules.toml",
    "calendar.toml",
    "portal.toml",
    "queue.toml",
    "checks.toml",
    "legal.toml",
    "leave.toml",
    "map.toml",
    "measures.toml",
    "notify.toml",
)


class Settings(BaseSettings):
    """All settings; unknown keys are refused, so that a misspelt one cannot pass unseen."""

    model_config = SettingsConfigDict(env_prefix="CORRECTIONS_", env_nested_delimiter="__", extra="forbid", frozen=True)

    database_url: str = "sqlite:///corrections.db"
    service: Service = Service()
    ingest: Ingest = Ingest()
    rules: Rules = Rules()
    schedules: Schedules = Schedules()
    calendar: Calendar = Calendar()
    checks: Checks = Checks()
    leave: LeaveSettings = LeaveSettings()
    legal: Legal = Legal()
    map: BaseMap = BaseMap()
    measures: Measures = Measures()
    attachments: Attachments = Attachments()
    false_alarms: FalseAlarms = FalseAlarms()
    notify: Notify = Notify()
    portal: Portal = Portal()
    queue: Queue = Queue()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = Path(os.environ.get("CORRECTIONS_CONFIG", "config"))
        files = [folder / name for name in FILES if (folder / name).is_file()]
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=files)


def load(**overrides: Any) -> Settings:
    """Read the settings once, at start.

    Raises pydantic.ValidationError naming each faulty key.
    """
    return Settings(**overrides)
