"""误报统计: which zones, clients and rules raise false alarms."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Shown
from corrections.api.routes.logs import First, Last
from corrections.domain.model import FalseAlarmCause
from corrections.records import figures

router = APIRouter(prefix="/figures", tags=["figures"])


class RowShown(Shown):
    key: str = Field(description="The zone's number, the client's name, the rule.")
    name_zh: str
    name_en: str
    decided: int
    false_alarms: int
    share: float | None = Field(description="0 to 1; null: none was decided.")
    causes: dict[FalseAlarmCause, int]
    remark: tuple[str, str] | None = Field(description="In Chinese and English, where share and number ask for a look.")


class FiguresShown(Shown):
    """Of violations that were decided within these days, most false alarms first."""

    first: date
    last: date
    total: RowShown
    by_zone: list[RowShown]
    by_client: list[RowShown]
    by_rule: list[RowShown]


@router.get("/false-alarms", summary="False alarms by zone, client and rule")
def get_false_alarms(first: First, last: Last, call: Calling) -> FiguresShown:
    """Within reach, by the local days on which the violations were decided."""
    with call.reading() as session:
        found = figures.false_alarms(session, call.actor, first, last, settings=call.settings.false_alarms)
        return FiguresShown.model_validate(found)
