"""The rules: how sure the service must be of what before it raises it. ``config/rules.toml`` says the meaning of each value."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from corrections.domain.model import Category, Severity
from corrections.settings.section import Section


class Preset(Section):
    """The certainty at which a boundary violation opens, by kind of zone, and at which it closes."""

    inclusion: float = Field(gt=0.5, lt=1)
    curfew: float = Field(gt=0.5, lt=1)
    exclusion: float = Field(ge=0.5, lt=1)
    grave: float = Field(ge=0.5, lt=1)
    close_at: float = Field(gt=0, lt=0.5)


class Approach(Section):
    """How near to an exclusion zone is an approach, in metres, by the zone's severity (0: never)."""

    low: float = Field(0.0, ge=0)
    medium: float = Field(0.0, ge=0)
    high: float = Field(0.0, ge=0)
    grave: float = Field(500.0, ge=0)
    open_at: float = Field(0.9, gt=0.5, lt=1)


class Boundary(Section):
    """How sure the service must be before a boundary violation is queued. See config/rules.toml for the meaning of each."""

    preset: Literal["prompt", "calm"] = "prompt"
    prompt: Preset = Preset(inclusion=0.9, curfew=0.95, exclusion=0.6, grave=0.5, close_at=0.2)
    calm: Preset = Preset(inclusion=0.965, curfew=0.98, exclusion=0.8, grave=0.6, close_at=0.2)
    approach: Approach = Approach()
    floor_gps_m: float = 30.0
    floor_wifi_m: float = 100.0
    floor_cell_m: float = 2000.0
    floor_unknown_m: float = 100.0

    @property
    def chosen(self) -> Preset:
        return self.prompt if self.preset == "prompt" else self.calm


class Silence(Section):
    """When a subject who does not report becomes a matter."""

    missed_intervals: float = Field(3.0, ge=1)
    least_minutes: float = Field(60.0, gt=0)
    severity: Severity = Severity.MEDIUM
    outage_after_s: float = Field(120.0, gt=0)
    area_share: float = Field(0.3, gt=0, le=1)
    area_least: int = Field(10, gt=0)
    still_minutes: dict[str, Annotated[float, Field(ge=0)]] = {"traccar": 30.0, "owntracks": 30.0, "overland": 60.0}
    buffered_share: float = Field(0.5, gt=0, le=1)

    def quiet_s(self, client: str) -> float:
        """How long (s) a client is known to send nothing while the phone lies still: the entry that fits its name best, else 0."""
        fitting = [name for name in self.still_minutes if client.strip().lower().startswith(name.lower())]
        return self.still_minutes[max(fitting, key=len)] * 60 if fitting else 0.0


class Ladder(Section):
    """Hours after a silence became a matter, when the subject is reminded at once, until each further step."""

    officer_hours: float = Field(1.0, ge=0)
    office_head_hours: float = Field(4.0, ge=0)
    search_hours: float = Field(12.0, ge=0)
    search_severity: Severity = Severity.HIGH

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.officer_hours <= self.office_head_hours <= self.search_hours:
            raise ValueError("officer_hours, office_head_hours and search_hours must not decrease")
        return self


class Battery(Section):
    """When a low battery is told, to the subject at once and to the officer when it lasts."""

    below_pct: float = Field(15.0, gt=0, lt=100)
    back_pct: float = Field(25.0, gt=0, le=100)
    officer_after_hours: float = Field(4.0, gt=0)
    severity: Severity = Severity.LOW


class Permission(Section):
    """When a withdrawn location permission is told, to the subject at once and to the officer when it lasts."""

    officer_after_hours: float = Field(2.0, gt=0)
    severity: Severity = Severity.LOW


class Asking(Section):
    """How often a phone is asked for a fresh fix."""

    uncertain_minutes: float = Field(10.0, ge=0)
    expires_minutes: float = Field(60.0, gt=0)
    apart_minutes: float = Field(30.0, ge=0)


class LeftBehind(Section):
    """When a phone may lie somewhere without its subject."""

    severity: Severity = Severity.MEDIUM
    waking_from: time = time(7)
    waking_until: time = time(22)
    coverage: float = Field(0.8, gt=0, le=1)
    away_m: float = Field(150.0, gt=0)
    frozen_h: float = Field(8.0, gt=0)
    chance: float = Field(0.0125, gt=0, lt=1)
    check_ins: int = Field(12, ge=0, le=21)
    check_ins_a_day: int = Field(4, gt=0)


class Movement(Section):
    """Movement that no vehicle allows, and that no phone measures."""

    severity: Severity = Severity.LOW
    fastest_mps: float = Field(100.0, gt=0)
    flight_m: float = Field(200_000.0, gt=0)
    flying_mps: float = Field(300.0, gt=0)
    least_m: float = Field(2_000.0, gt=0)
    agreeing: int = Field(3, ge=2)
    regular: int = Field(10, ge=5)


class Together(Section):
    """When two subjects whom an order keeps apart were together."""

    severity: Severity = Severity.HIGH
    certainty: float = Field(0.8, gt=0.5, lt=1)
    within_m: float = Field(200.0, gt=0)


class Offset(Section):
    """When a device seems to send another datum than it is registered with."""

    nights: int = Field(3, ge=2, le=7)
    tolerance_m: float = Field(60.0, gt=0)
    least_shift_m: float = Field(150.0, gt=0)


class Patterns(Section):
    """The rules that look at days rather than at single fixes, and doubts about devices."""

    every_minutes: float = Field(10.0, gt=0)
    subjects_at_once: int = Field(50, gt=0)
    left_behind: LeftBehind = LeftBehind()
    movement: Movement = Movement()
    together: Together = Together()
    offset: Offset = Offset()


class Rules(Section):
    never_located: tuple[Category, ...] = (Category.RELEASED,)
    boundary: Boundary = Boundary()
    silence: Silence = Silence()
    ladder: Ladder = Ladder()
    battery: Battery = Battery()
    permission: Permission = Permission()
    asking: Asking = Asking()
    patterns: Patterns = Patterns()
