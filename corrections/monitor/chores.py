"""What must be done by a time, whoever is looking: reminders, escalations, rounds, check-ins, leave, legal terms.

A chore finds what is due by a stored, indexed time, does it and stores the next time. Each is safe to run twice, by two processes, or
hours late: it then does what was missed, as of when it was due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from corrections.monitor import check_ins, leadership, rounds, terms
from corrections.records import clocks, leave_due, objections
from corrections.review import escalation, outbox, reassigning
from corrections.settings import Settings
from corrections.store.database import writing

log = logging.getLogger(__name__)

LEASE = "chores"
LEASE_TURNS = 3  # turns that may fail before another process takes over

Chore = Callable[[Session, Settings, datetime], int]

CHORES: Mapping[str, Chore] = {
    # first who is under supervision and who is there, then what is due of whom
    "end-terms": terms.end_terms_due,
    "reassign": reassigning.reassign_due,
    "release": escalation.release_expired,
    "remind": escalation.remind_due,
    "escalate": escalation.escalate_due,
    "ask-check-ins": check_ins.ask_check_ins_due,
    "miss-check-ins": check_ins.miss_check_ins_due,
    "open-rounds": rounds.open_rounds_due,
    "reassign-rounds": rounds.reassign_rounds_due,
    "remind-rounds": rounds.remind_rounds_due,
    "escalate-rounds": rounds.escalate_rounds_due,
    "leave-undecided": leave_due.undecided_due,
    "leave-overdue": leave_due.overdue_due,
    "clocks": clocks.clock_edges_due,
    "terms": terms.terms_due,
    "objections": objections.objections_due,
    # last, so that what was just written goes out at once
    "fan-out": outbox.fan_out_due,
}
"""In the order in which they run."""


@dataclass(slots=True)
class Done:
    """How much each chore did, and why some failed. ``leading``: this process was the one to act."""

    leading: bool
    did: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def run_chores(engine: Engine, settings: Settings, holder: str, now: datetime, chores: Mapping[str, Chore]) -> Done:
    """Run each chore in a transaction of its own, if this process holds the lease. One that fails is logged, keeps no other from
    running, and has its next turn as ever."""
    lasts = LEASE_TURNS * timedelta(seconds=settings.schedules.pulse_every_s)
    with writing(engine) as session:
        done = Done(leading=leadership.hold(session, LEASE, holder, now, lasts) is not None)
    for name, chore in chores.items() if done.leading else ():
        try:
            with writing(engine) as session:
                done.did[name] = chore(session, settings, now)
        except Exception as error:
            done.failed[name] = f"{type(error).__name__}: {error}"
            log.exception("the chore %s failed; it runs again at its next turn", name)
    return done
