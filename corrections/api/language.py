"""In which language a reader wants to be answered."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request

Language = Literal["zh", "en"]


def language_of(request: Request, default: Language) -> Language:
    """From ``Accept-Language`` (RFC 9110 section 12.5.4): whichever of Chinese and English is preferred, else the default."""
    weights: dict[Language, float] = {}
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameters = part.strip().partition(";")
        found: Language | None = "zh" if _is(tag, "zh") else "en" if _is(tag, "en") else None
        if found is not None:
            weights[found] = max(_weight(parameters), weights.get(found, 0.0))
    wanted = {language: weight for language, weight in weights.items() if weight > 0}
    return max(wanted, key=lambda language: (wanted[language], language == default)) if wanted else default


def _is(tag: str, primary: str) -> bool:
    return tag.strip().lower().partition("-")[0] == primary


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
