"""试行: what draft zones or changed settings would have said over the last days of stored reports, before anyone switches them on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from corrections.api.context import Call, Calling
from corrections.api.models import Given, Shown, Text
from corrections.api.routes.zones import ZoneDraft
from corrections.domain.model import Decision, Rule, Severity
from corrections.errors import Invalid
from corrections.monitor import trial
from corrections.monitor.trial_findings import Change, Trial
from corrections.records import zones
from corrections.settings import Boundary

router = APIRouter(prefix="/trials", tags=["zones"])
Value = bool | int | float | Text


class NewTrial(Given):
    """Draft zones, or changed settings of the boundary rule."""

    days: int = Field(14, ge=1, le=trial.MOST_DAYS, description="How far back.")
    purpose: Annotated[Text, Field(min_length=1, max_length=500, description="Why the locations are looked at; it is recorded.")]
    zones: list[ZoneDraft] = Field(default=[], max_length=100)
    settings: dict[str, Value] = Field(default={}, description='By name with dots, as in config/rules.toml: {"boundary.preset": "calm"}.')


class FoundShown(Shown):
    """A violation that would be new, gone or different."""

    change: Change
    rule: Rule
    zone_code: str | None
    zone_name: str | None
    severity: Severity
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    deepest_m: float = Field(description="Metres beyond the edge at most.")
    certainty: float = Field(description="The highest.")
    reason_zh: str
    reason_en: str
    told_zh: list[str] = Field(description="What would be different.")
    told_en: list[str]
    violation_id: int | None = Field(description="The stored violation that it is; null where there is none.")
    decision: Decision | None


class SubjectTried(Shown):
    subject_id: int
    number: str
    found: list[FoundShown] = Field(description="In order of time.")
    same: int = Field(description="Violations that would stay as they are.")


class Tried(Shown):
    """What would change. Of the violations that officers decided, how many were false alarms or confirmed, and how many of these would
    be gone."""

    days: int
    since: datetime
    until: datetime
    looked_at: int = Field(description="Subjects.")
    reports: int
    present: int = Field(description="Violations by the present zones and settings.")
    draft: int = Field(description="Violations by the draft.")
    new: int
    gone: int
    different: int
    same: int
    false_alarms: int
    false_alarms_gone: int
    confirmed: int
    confirmed_gone: int
    summary_zh: str
    summary_en: str
    subjects: list[SubjectTried] = Field(description="Those for whom anything would change.")


@router.post("", summary="Try draft zones or changed settings")
def try_draft(given: NewTrial, call: Calling) -> Tried:
    """Over stored reports, with the live code; nothing is switched on. The look at the locations is recorded with its purpose. Answered
    when done: within half a minute for a district of 280 subjects that report every ten minutes, and two weeks."""
    if bool(given.zones) == bool(given.settings):
        raise Invalid("Give either zones or settings.", "zones 与 settings 须且只能填写一种。", field="zones")
    made = _try_settings(given, call) if given.settings else _try_zones(given, call)
    zh, en = made.summary
    counts = {name: getattr(made, name) for name in Tried.model_fields if name not in ("summary_zh", "summary_en", "subjects")}
    return Tried(**counts, summary_zh=zh, summary_en=en, subjects=[SubjectTried.model_validate(one) for one in made.subjects])


def _try_zones(given: NewTrial, call: Call) -> Trial:
    with call.reading() as session:
        drafts = [(zones.Terms(**one.model_dump(exclude={"outline"})), one.outline.read(session, call.actor)) for one in given.zones]
    return trial.try_zones(
        call.house.engine, call.actor, call.actor.bureau_id, drafts, given.days, given.purpose, call.settings, call.now
    )  # fmt: skip


def _try_settings(given: NewTrial, call: Call) -> Trial:
    changed: Boundary = trial.changed_boundary(call.settings.rules.boundary, given.settings)
    return trial.try_settings(
        call.house.engine, call.actor, call.actor.bureau_id, changed, given.days, given.purpose, call.settings, call.now
    )  # fmt: skip
