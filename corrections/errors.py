"""Every error the service tells a caller, in Chinese and English. Adapters turn them into HTTP, exit codes and words on screen."""

from __future__ import annotations

from typing import ClassVar


class CorrectionsError(Exception):
    """Base of all errors a caller can mend.

    ``zh`` and ``en`` say what is wrong and what to do; ``field`` names the input at fault, where there is one.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "error"

    def __init__(self, en: str, zh: str, *, field: str | None = None) -> None:
        super().__init__(en)
        self.en, self.zh, self.field = en, zh, field


class Invalid(CorrectionsError):
    """An input is not of the form it must have."""

    status = 422
    code = "invalid"


class NotFound(CorrectionsError):
    """What was asked for does not exist, or lies outside the caller's offices (the two look the same from outside)."""

    status = 404
    code = "not-found"


class Unauthenticated(CorrectionsError):
    """No credential, or one that is not valid."""

    status = 401
    code = "unauthenticated"


class Forbidden(CorrectionsError):
    """The caller's role does not allow this."""

    status = 403
    code = "forbidden"


class Conflict(CorrectionsError):
    """Somebody was first, or the state does not allow the step."""

    status = 409
    code = "conflict"


class Unavailable(CorrectionsError):
    """The service cannot store at present; the caller keeps what it has and tries again."""

    status = 503
    code = "unavailable"

    def __init__(self, en: str, zh: str, *, retry_after_s: int = 30) -> None:
        super().__init__(en, zh)
        self.retry_after_s = retry_after_s


class LinkEnded(Unauthenticated):
    """The link of a subject's own view was good once, and is over."""

    code = "link-ended"


class TooMany(CorrectionsError):
    """Too often in too short a time; the caller waits and tries again."""

    status = 429
    code = "too-many"


class InvalidGeometry(Invalid):
    """A zone's outline is not a valid area; the message names the place and the reason."""

    code = "invalid-geometry"


class ImportRejected(Invalid):
    """A register file has faulty rows; nothing of it was taken in. ``rows`` tells each fault."""

    code = "import-rejected"

    def __init__(self, rows: list[dict[str, object]]) -> None:
        n = len({r["row"] for r in rows})
        super().__init__(
            f"{n} rows are faulty; nothing was imported. Correct them and import the file again.",
            f"有 {n} 行有误，未导入任何数据。请更正后重新导入。",
        )
        self.rows = rows
