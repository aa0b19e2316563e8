"""Location checks: the schedules of rounds and check-ins, by when they are due, and who is told of what is not done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from corrections.domain import checks
from corrections.domain.checks import Counted, Kind, Per, Plan
from corrections.domain.model import Level, Severity
from corrections.settings.section import Dated, Section

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


BY_HAND = ("临时定位核查", "Round begun by hand")


class Label(Section):
    """What a schedule is called on screen."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Hours(Section):
    """Local times of a day; ``until`` at or before ``start`` passes midnight."""

    start: time
    until: time


class Schedule(Dated):
    """One schedule from a local day on, until the next entry of its name; an entry that is not ``enabled`` ends it."""

    name: Name
    label: Label
    purpose: Literal["round", "check_in"]
    enabled: bool = True
    kind: Kind
    times: tuple[time, ...] = ()
    windows: tuple[Hours, ...] = ()
    every_minutes: int = Field(0, ge=0, le=1440)
    count: float = Field(0, ge=0, le=24)
    per: Per = Per.DAY
    counted: Counted = Counted.EXACTLY
    days: Literal["working", "every"] = "every"
    only_on_duty: bool = False
    levels: tuple[Level, ...] = ()
    offices: tuple[str, ...] = ()
    bureaus: tuple[str, ...] = ()
    due_minutes: int = Field(120, ge=1, le=10_080)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {
            Kind.FIXED: ("times",), Kind.EVERY: ("windows", "every_minutes"), Kind.RANDOM: ("windows", "count")
        }[self.kind]  # fmt: skip
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"the schedule {self.name} ({self.kind}) needs {', '.join(missing)}")
        if self.kind is Kind.RANDOM and self.counted is Counted.EXACTLY and self.count != int(self.count):
            raise ValueError(f"the schedule {self.name}: exactly {self.count} is not possible; counted = on_average is")
        if self.purpose == "check_in" and self.only_on_duty:
            raise ValueError(f"the schedule {self.name}: only_on_duty is for rounds")
        return self

    @property
    def plan(self) -> Plan:
        """As the domain takes it."""
        windows = tuple(checks.Hours(hours.start, hours.until) for hours in self.windows)
        return Plan(
            self.kind, self.days == "working", tuple(sorted(self.times)), windows, self.every_minutes, self.count, self.per, self.counted
        )  # fmt: skip

    def covers_office(self, code: str, bureau_code: str) -> bool:
        """Whether it is carried out in an office of a bureau, by their codes."""
        return (not self.offices or code in self.offices) and (not self.bureaus or bureau_code in self.bureaus)

    def covers_level(self, level: str) -> bool:
        return not self.levels or level in self.levels


def label_of(checks: Checks, name: str, day: date) -> tuple[str, str]:
    """What a schedule is called on a local day, (Chinese, English); without a name, a round that an officer began by hand."""
    if not name:
        return BY_HAND
    entry = checks.schedule(name, day)
    return (entry.label.zh, entry.label.en) if entry else (name, name)


class Step(Section):
    """Who is told that a round is not signed, so many minutes after it was due."""

    to: Literal["deputy", "office_head", "bureau"]
    after_minutes: int = Field(ge=0, le=43_200)


class Rounds(Dated):
    """Reminders and escalation of rounds."""

    remind_minutes: int = Field(30, ge=0, le=1440)
    escalate: tuple[Step, ...] = (
        Step(to="deputy", after_minutes=0),
        Step(to="office_head", after_minutes=60),
        Step(to="bureau", after_minutes=240),
    )
    again_minutes: int = Field(450, ge=0, le=43_200)
    again_times: int = Field(5, ge=0, le=1_000)
    sure: float = Field(0.05, ge=0, lt=0.5)
    by_hand_due_minutes: int = Field(120, ge=1, le=10_080)

    @field_validator("escalate")
    @classmethod
    def _onwards(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if not steps or [step.after_minutes for step in steps] != sorted(step.after_minutes for step in steps):
            raise ValueError("escalate: at least one step, each no earlier than the one before")
        return steps


class CheckIns(Dated):
    """What counts about check-ins."""

    answer_minutes: int = Field(30, ge=1, le=1440)
    oldest_fix_minutes: float = Field(5.0, gt=0, le=60)
    severity: Severity = Severity.LOW
    often: int = Field(3, ge=1)
    often_severity: Severity = Severity.MEDIUM
    count_days: int = Field(30, ge=1, le=366)


_DAYTIME = (Hours(start=time(8), until=time(21)),)
_BEGINNING = date(2020, 7, 1)
_SCHEDULES = (
    Schedule(
        valid_from=_BEGINNING, name="morning", label=Label(zh="早间定位核查", en="Morning round"), purpose="round", kind=Kind.FIXED,
        times=(time(9),), days="working", due_minutes=120,
    ),
    Schedule(
        valid_from=_BEGINNING, name="evening", label=Label(zh="晚间定位核查", en="Evening round"), purpose="round", kind=Kind.FIXED,
        times=(time(20),), only_on_duty=True, due_minutes=60,
    ),
    Schedule(
        valid_from=_BEGINNING, name="check-in-strict", label=Label(zh="严管随机签到", en="Random check-in, strict"), purpose="check_in",
        enabled=False, kind=Kind.RANDOM, windows=_DAYTIME, count=2, per=Per.DAY, levels=(Level.STRICT,), due_minutes=30,
    ),
    Schedule(
        valid_from=_BEGINNING, name="check-in-general", label=Label(zh="普管随机签到", en="Random check-in, general"), purpose="check_in",
        enabled=False, kind=Kind.RANDOM, windows=_DAYTIME, count=3, per=Per.WEEK, levels=(Level.GENERAL,), due_minutes=30,
    ),
    Schedule(
        valid_from=_BEGINNING, name="check-in-lenient", label=Label(zh="宽管随机签到", en="Random check-in, lenient"), purpose="check_in",
        enabled=False, kind=Kind.RANDOM, windows=_DAYTIME, count=1, per=Per.WEEK, levels=(Level.LENIENT,), due_minutes=30,
    ),
)  # fmt: skip


class Checks(Section):
    """See config/checks.toml for the meaning of each."""

    late_minutes: int = Field(10, ge=1, le=1440)
    target_s: int = Field(180, ge=1)
    rounds: tuple[Rounds, ...] = (Rounds(valid_from=_BEGINNING),)
    check_ins: tuple[CheckIns, ...] = (CheckIns(valid_from=_BEGINNING),)
    schedules: tuple[Schedule, ...] = _SCHEDULES

    @field_validator("schedules")
    @classmethod
    def _told_apart(cls, entries: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
        keys = [(entry.name, entry.valid_from) for entry in entries]
        if len(set(keys)) < len(keys):
            raise ValueError("schedules: two entries of one name begin on the same day")
        if mixed := [a.name for a in entries for b in entries if a.name == b.name and a.purpose != b.purpose]:
            raise ValueError(f"schedules: {mixed[0]} is a round and a check-in; take another name")
        return tuple(sorted(entries, key=lambda entry: entry.valid_from))

    def names(self, purpose: str) -> Sequence[str]:
        """The names of all schedules of a purpose, past and future ones included."""
        return sorted({entry.name for entry in self.schedules if entry.purpose == purpose})

    def schedule(self, name: str, day: date) -> Schedule | None:
        """The entry of a name in force on a local day; None before the first begins, and where it is not enabled."""
        begun = [entry for entry in self.schedules if entry.name == name and entry.valid_from <= day]
        return begun[-1] if begun and begun[-1].enabled else None
