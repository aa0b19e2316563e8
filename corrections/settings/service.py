"""How the service listens, what it takes in, and when its scheduler does what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from corrections.settings.section import Section


class Service(Section):
    """Where it listens and how it answers."""

    host: str = "127.0.0.1"
    port: int = 8000
    language: Literal["zh", "en"] = "zh"
    session_hours: float = Field(10.0, gt=0)
    session_idle_minutes: float = Field(60.0, gt=0)
    login_tries: int = Field(10, ge=3)
    origin_tries: int = Field(100, ge=3)
    login_minutes: float = Field(15.0, gt=0)
    browser_days: float = Field(180.0, gt=0)
    log_format: Literal["text", "json"] = "text"


class Ingest(Section):
    """What is taken in from phones."""

    future_tolerance_s: int = Field(300, ge=0)
    max_age_days: int = Field(60, gt=0)
    local_timezone: str = "Asia/Shanghai"
    max_body_bytes: int = Field(4_000_000, gt=0)
    max_waiting: int = Field(50_000, gt=0)
    retry_after_s: int = Field(30, gt=0)
    max_accuracy_m: float = Field(50_000.0, gt=0)


class Schedules(Section):
    """When the scheduler does what; times of day are the bureau's local time."""

    evaluate_every_s: float = Field(5.0, gt=0)
    wake_delay_s: float = Field(0.2, ge=0)
    pulse_every_s: float = Field(20.0, gt=0)
    log_at: str = "02:30"
    batch: int = Field(20_000, gt=0)
