"""What one wire message says, before it is known whose it is; and what became of it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from corrections.domain.model import ClientState, Datum

RAW_CAP = 65_536  # bytes of a message that are kept as it came
MOST_MESSAGES = 20_000  # in one request; more of them is nothing that a client sends


class Reason(StrEnum):
    """Why a message cannot be used. The first eight may come from phones, the others only where the form is strict."""

    UNREADABLE = "unreadable"
    BAD_COORDINATES = "bad_coordinates"  # out of range, not numbers, or only one of the two
    NULL_ISLAND = "null_island"  # (0, 0): what clients send instead of "no position"
    BAD_TIME = "bad_time"
    FUTURE = "future"
    ANCIENT = "ancient"
    NO_AUTHORITY = "no_authority"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_SUBJECT = "wrong_subject"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    BAD_VALUE = "bad_value"

    @property
    def en(self) -> str:
        return _WORDS[self][0]

    @property
    def zh(self) -> str:
        return _WORDS[self][1]


_WORDS: dict[Reason, tuple[str, str]] = {
    Reason.UNREADABLE: ("The message cannot be read.", "消息无法解读。"),
    Reason.BAD_COORDINATES: (
        "The coordinates are not a latitude from -90 to 90 and a longitude from -180 to 180.",
        "坐标无效：纬度应为 -90 至 90，经度应为 -180 至 180。",
    ),
    Reason.NULL_ISLAND: (
        "Latitude and longitude are both 0, which stands for no position; leave both out instead.",
        "经纬度均为 0，视为没有定位；没有定位时请不要填写经纬度。",
    ),
    Reason.BAD_TIME: ("The time of the fix cannot be read.", "定位时间无法解读。"),
    Reason.FUTURE: ("The time of the fix lies in the future; set the device's clock.", "定位时间晚于当前时间，请校准设备时钟。"),
    Reason.ANCIENT: ("The fix is older than what is still taken in.", "定位时间过早，超出接收期限。"),
    Reason.NO_AUTHORITY: (
        "There is no legal basis in force for this person's location; the position was not kept.",
        "该对象没有有效的定位依据，位置未予保存。",
    ),
    Reason.UNKNOWN_DEVICE: ("There is no such device in service.", "没有此在用设备。"),
    Reason.WRONG_SUBJECT: ("The device belongs to another subject.", "该设备属于其他对象。"),
    Reason.MISSING_FIELD: ("A field is missing.", "缺少必填字段。"),
    Reason.UNKNOWN_FIELD: ("There is no such field.", "没有此字段。"),
    Reason.BAD_VALUE: ("The value is not of the form or size that it must have.", "取值的类型或大小不符合要求。"),
}


class Flaw(Struct, frozen=True):
    """Why a message cannot be used. ``detail`` never holds a position; ``field`` is the input at fault, where there is one."""

    reason: Reason
    detail: str = ""
    field: str | None = None


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """One fix as a client tells it, or one sign of life without a position (``lat`` is None).

    ``fix_us`` is None when the client gave no time: then it is the time of receipt. ``lat`` and ``lon`` are as given, in the
    client's datum. ``accuracy_m`` is None when missing, zero or negative, for clients say so when they do not know. ``charging`` is
    None where nothing was said, ``client_state`` what the client says of itself. ``source``
    indexes ``model.SOURCES``. ``claims`` are the names that the sender gives itself, which count only behind a gateway, and
    ``subject`` the number of the subject whose device it should be. ``datum`` overrides the device's. ``raw`` is this message
    alone, even out of a batch.
    """

    raw: bytes
    claims: tuple[str, ...] = ()
    fix_us: int | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    battery_pct: float | None = None
    charging: bool | None = None
    client_state: ClientState = ClientState.NOTHING
    mock: bool = False
    source: int = 0
    datum: Datum | None = None
    subject: str = ""
    flaw: Flaw | None = None


class Decoded(Struct, frozen=True):
    """The messages of one request, and the texts in it that may be its credential."""

    messages: list[Message]
    offered: tuple[str, ...] = ()


class Sender(Struct, frozen=True):
    """Who says that they sent a request: the credentials they offer, in the order of belief, and the names they give.

    ``bureau_id`` is set by the operator at the machine alone, who needs no credential: reports of that bureau's devices. ``browser`` is set
    by a check-in alone, whose link was the credential: the identifier of the browser that answers, a device that is never in service.
    """

    offered: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    bureau_id: int | None = None
    browser: str = ""


class Result(StrEnum):
    STORED = "stored"
    REPEATED = "repeated"  # it was there already
    REFUSED = "refused"  # not usable; put aside and counted


class Verdict(Struct, frozen=True):
    result: Result
    flaw: Flaw | None = None


STORED = Verdict(Result.STORED)
REPEATED = Verdict(Result.REPEATED)


class Outcome(Struct, frozen=True):
    """What became of one request, after the commit. ``authentic`` False: none of the credentials offered is known. ``ask``: the phone
    is to be asked for a fresh fix in the reply."""

    authentic: bool
    verdicts: tuple[Verdict, ...] = ()
    ask: bool = False
