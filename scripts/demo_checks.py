"""What must be true after a run of ``scripts/demo --once``: every report is there once, and what was really done was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text

from scripts.api_client import ApiClient, figures
from scripts.demo_report import Findings
from scripts.movements import Breach
from scripts.phones import Phone
from scripts.sample_district import Part, Person
from scripts.sample_service import SampleService, Trouble
from scripts.wire_formats import request

SLACK = timedelta(minutes=20)


def sent_once(phones: Sequence[Phone]) -> int:
    """How many different messages the queues hold, as the clients put them on the wire."""
    return sum(len({request(phone.client, phone.identity, [fix]) for fix in phone.queue}) for phone in phones)


def usable_once(people: Sequence[Person], phones: Sequence[Phone]) -> int:
    """How many different usable positions the sample's queues hold: nonsense, and what no authority covers, left out."""
    usable = 0
    for person, phone in zip(people, phones, strict=True):
        if person.part is not Part.NO_AUTHORITY:
            usable += len({fix for fix in phone.queue if abs(fix.lat) <= 90 and (fix.lat, fix.lon) != (0.0, 0.0)})
    return usable


def count(service: SampleService, bureau: ApiClient, findings: Findings, most: int, exactly: int | None) -> None:
    """Count what became of the reports, and raise Trouble where the counts do not agree: what the phones were told, what the service
    tells, what the database holds, and what may be in it at ``most`` or must be ``exactly``."""
    told = figures(bureau.text("/metrics"))
    findings.repeated = int(told['corrections_reports_total{outcome="repeated"}'])
    findings.set_aside = {}
    for row in bureau.get("/api/v1/faults/set-aside/count"):
        findings.set_aside[row["reason"]] = findings.set_aside.get(row["reason"], 0) + row["count"]
    findings.stored, findings.contacts, findings.log_days = _kept(service)
    refused = sum(findings.set_aside.values())
    rows = int(told['corrections_reports_total{outcome="stored"}'])
    _agree("rows in the database, and stored by the service's own count", findings.stored + findings.contacts, rows)
    _agree(
        "positions stored, repeated and set aside, and acknowledged", findings.stored + findings.repeated + refused, findings.acknowledged
    )
    if exactly is not None:
        _agree("positions stored, and different usable ones sent", findings.stored, exactly)
    if findings.stored > most:
        raise Trouble(f"{findings.stored} positions are stored and only {most} different ones were sent.")


def found_of(breaches: Sequence[Breach], findings: Findings) -> list[Breach]:
    """Which of the sample's real breaches are a violation, at their time and of their zone."""
    return [breach for breach in breaches if any(_is(violation, breach) for violation in findings.violations)]


def _is(violation: dict[str, object], breach: Breach) -> bool:
    if (violation["subject_number"], violation["zone_code"]) != (breach.subject, breach.zone):
        return False
    started = datetime.fromisoformat(str(violation["started_at"]))
    ended = violation["ended_at"]
    return started <= breach.end + SLACK and (ended is None or datetime.fromisoformat(str(ended)) >= breach.start - SLACK)


def _kept(service: SampleService) -> tuple[int, int, int]:
    """Positions in the database, mere signs of life, and closed days of the log."""
    engine = service.engine()
    try:
        with engine.connect() as connection:
            positions, rows = connection.execute(text("SELECT count(lat), count(*) FROM report")).one()
            days = connection.execute(text("SELECT count(*) FROM log_day WHERE part = 0")).scalar_one()
            return int(positions), int(rows) - int(positions), int(days)
    finally:
        engine.dispose()


def _agree(what: str, one: int, other: int) -> None:
    if one != other:
        raise Trouble(f"The counts do not agree ({what}): {one} and {other}.")
