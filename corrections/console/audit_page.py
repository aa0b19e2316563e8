"""审计记录: who did or saw what, whose, when and why, for the auditor; whether the chain is whole; how random moments came about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlmodel import Session

from corrections.console.forms import day
from corrections.console.pages import page
from corrections.console.table_file import csv_file
from corrections.console.visit import MOST_ID, Form, Visit, Visiting, language_of
from corrections.domain.legal import moment_of
from corrections.errors import Conflict, CorrectionsError, Invalid, NotFound
from corrections.monitor.rederiving import Match, rederive
from corrections.records import audit, audit_reading
from corrections.records.audit_details import Pair, officers_in, pairs
from corrections.records.audit_words import ACTIONS, GROUPS, group
from corrections.store.access import Action
from corrections.store.tables import AuditEvent

router = APIRouter(prefix="/console/audit")
ROWS = 50
MOST_ROWS = 20_000  # of a file
AT_ONCE = 500
SHOWN = 50  # moments that differ
Both = tuple[str, str]
ACTORS: dict[str, Both] = {
    audit.SERVICE: ("系统", "the service"), audit.OPERATOR: ("服务器操作员", "operator at the machine"),
    audit.SUBJECT: ("本人", "the subject herself"),
}  # fmt: skip
"""Who is no officer."""
HEADER: Sequence[Both] = (
    ("序号", "no."), ("时间", "at"), ("何人", "who"), ("操作", "what"), ("操作代码", "action"), ("对象", "whose"), ("目的", "why"),
    ("来源", "from"), ("细节", "detail"), ("原始细节", "raw detail"), ("哈希", "hash"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for, as the form sends it."""

    action: Annotated[str, Query(max_length=100)] = ""
    number: Annotated[str, Query(max_length=100)] = ""
    who: Annotated[str, Query(max_length=100)] = ""
    purpose: Annotated[str, Query(max_length=200)] = ""
    since: Annotated[str, Query(max_length=10)] = ""
    until: Annotated[str, Query(max_length=10)] = ""

    def query(self) -> dict[str, str]:
        """What was given, for an address."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Shown:
    """An event in words. ``whose`` is a subject's number; empty: of nobody, or of ``many`` (None: not told how many)."""

    event: AuditEvent
    who: Both
    what: Both
    whose: str
    many: int | None
    everybody: bool
    pairs: Sequence[Pair]

    @property
    def raw(self) -> str:
        return json.dumps(self.event.detail, ensure_ascii=False, sort_keys=True)


Asked = Annotated[Wanted, Depends()]


@router.get("")
def show(visit: Visiting, wanted: Asked, before: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None) -> Response:
    return _page(visit, wanted, before)


@router.get("/events.csv")
def export(visit: Visiting, wanted: Asked) -> Response:
    """The newest events of a choice as a table, with the hashes by which they are found in the chain."""
    visit.actor.require(Action.READ_AUDIT)
    said = 1 if language_of(visit.request, visit.desk) == "en" else 0
    with visit.reading() as session:
        rows = [_row(visit, one, said) for one in _all(session, visit, wanted)]
    return csv_file("audit.csv", [both[said] for both in HEADER], rows)


@router.post("/verify")
def verify(form: Form, visit: Visiting) -> Response:
    """The whole chain is walked; a hash that was kept elsewhere proves that its end was not cut off."""
    kept = form.get("kept_head", "").strip()
    with visit.reading() as session:
        faults = audit_reading.verify_chain(session, visit.actor, kept_head=kept or None)
        head = audit_reading.chain_head(session, visit.actor)
    return _page(visit, Wanted(), None, checked=faults, head=head, kept=kept)


@router.get("/moments")
def moments(visit: Visiting) -> Response:
    """The form by which the random moments of a past day are derived again."""
    return _moments(visit)


@router.post("/moments")
def derive_again(form: Form, visit: Visiting) -> Response:
    try:
        with visit.writing() as session:
            found = rederive(session, visit.actor, visit.actor.bureau_id, day(form, "day"), visit.settings, visit.now)
    except (Invalid, NotFound, Conflict) as error:
        return _moments(visit, error=error, typed=form.get("day", ""))
    return _moments(visit, found=found, typed=found.day.isoformat())


# ---- pages


def _page(visit: Visit, wanted: Wanted, before: int | None, *, checked: Any = None, head: str = "", kept: str = "") -> Response:
    visit.actor.require(Action.READ_AUDIT)
    error: CorrectionsError | None = None
    with visit.reading() as session:
        length = audit_reading.length(session, visit.actor)
        try:
            events = _found(session, visit, wanted, before, ROWS + 1)
        except (Invalid, NotFound) as refused:
            events, error = [], refused
        shown = _told(session, visit, events[:ROWS])
        return page(
            visit, "audit.html.j2", status=error.status if error else 200, here=f"/console/audit{_query(wanted)}", events=shown,
            wanted=wanted, actions=_grouped(), actors=ACTORS, length=length, first=before is None, checked=checked, head=head, kept=kept,
            before=events[ROWS - 1].id if len(events) > ROWS else None, error=error,
        )  # fmt: skip


def _moments(visit: Visit, *, found: Any = None, error: CorrectionsError | None = None, typed: str = "") -> Response:
    visit.actor.require(Action.REDERIVE)
    yesterday = visit.now.astimezone(visit.timezone).date() - timedelta(days=1)
    differing = [one for one in found.compared if one.match is not Match.MATCHES] if found else []
    with visit.reading() as session:
        about = {int(one.about.partition(":")[2]) for one in differing[:SHOWN] if one.about.startswith("subject:")}
        names = audit_reading.names_in(session, visit.actor, about, ())
    return page(
        visit, "audit_moments.html.j2", status=error.status if error else 200, here="/console/audit/moments", found=found, names=names,
        differing=differing, shown=SHOWN, error=error, typed=typed or yesterday.isoformat(), last=yesterday, Match=Match,
    )  # fmt: skip


def _query(wanted: Wanted) -> str:
    return f"?{urlencode(given)}" if (given := wanted.query()) else ""


def _grouped() -> list[tuple[Both, list[tuple[str, Both]]]]:
    """The actions by what they are about."""
    return [(both, [(key, words) for key, words in ACTIONS.items() if group(key) == name]) for name, both in GROUPS.items()]


# ---- events


def _found(session: Session, visit: Visit, wanted: Wanted, before: int | None, limit: int) -> list[AuditEvent]:
    """Raises Invalid, NotFound."""
    subject_id = audit_reading.subject_by_number(session, visit.actor, wanted.number) if wanted.number.strip() else None
    who = next((key for key, both in ACTORS.items() if wanted.who.strip() in both), wanted.who)
    since, until = _day(wanted.since, "since"), _day(wanted.until, "until")
    return audit_reading.list_events(
        session,
        visit.actor,
        subject_id=subject_id,
        action=wanted.action or None,
        who=who,
        purpose=wanted.purpose,
        since=moment_of(since, time(), visit.timezone) if since else None,
        until=moment_of(until + timedelta(days=1), time(), visit.timezone) if until else None,
        before=before,
        limit=limit,
    )


def _day(text: str, name: str) -> date | None:
    return day({name: text}, name) if text.strip() else None


def _all(session: Session, visit: Visit, wanted: Wanted) -> Iterator[Shown]:
    before: int | None = None
    for _ in range(0, MOST_ROWS, AT_ONCE):
        events = _found(session, visit, wanted, before, AT_ONCE)
        yield from _told(session, visit, events)
        if len(events) < AT_ONCE:
            return
        before = events[-1].id


def _told(session: Session, visit: Visit, events: Sequence[AuditEvent]) -> list[Shown]:
    subjects = {event.subject_id for event in events if event.subject_id is not None}
    officers = {number for event in events for number in officers_in(event.detail)}
    names = audit_reading.names_in(session, visit.actor, subjects, officers)
    return [_one(event, names) for event in events]


def _one(event: AuditEvent, names: audit_reading.Named) -> Shown:
    who = ACTORS.get(event.actor, (event.actor, event.actor))
    listed = event.detail.get("subjects")
    many = len(listed) if isinstance(listed, list) else listed if isinstance(listed, int) and event.action == "location.read" else None
    whose = names.subjects.get(event.subject_id, str(event.subject_id)) if event.subject_id is not None else ""
    said = ACTIONS.get(event.action, (event.action, event.action))
    told = list(pairs(event.action, event.detail, names.offices, names.officers))
    return Shown(event, who, said, whose, many, "scope" in event.detail and event.action == "location.read", told)


def _row(visit: Visit, one: Shown, said: int) -> list[Any]:
    event = one.event
    at = f"{event.at.astimezone(visit.timezone):%Y-%m-%d %H:%M:%S}"
    colon, comma = ("：", ": ")[said], ("；", "; ")[said]
    told = comma.join(f"{pair.name[said]}{colon}{_value(visit, pair, said)}" for pair in one.pairs)
    whose = one.whose or (str(one.many) + ("人", " people")[said] if one.many else "")
    return [event.id, at, one.who[said], one.what[said], event.action, whose, event.purpose, event.origin, told, one.raw, event.hash]


def _value(visit: Visit, pair: Pair, said: int) -> str:
    return pair.said[said] if pair.at is None else f"{pair.at.astimezone(visit.timezone):%Y-%m-%d %H:%M}"
