"""Who may do what, and whose data: the one place that every query about a person passes.

A role allows actions; an office is the boundary of what is seen. An officer and her office head see their own office and, while they
are on duty, those they are on duty for; the bureau sees all its offices, the auditor reads the audit trail and nothing else, the
administrator keeps accounts, zones and settings and sees no location.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, false
from sqlmodel import Session, col

from corrections.domain.model import Role
from corrections.errors import Forbidden, NotFound
from corrections.store.tables import Subject, Violation


class Action(StrEnum):
    READ_REGISTER = "read_register"  # names and conditions, no locations
    WRITE_REGISTER = "write_register"
    READ_LOCATION = "read_location"
    REVIEW = "review"  # claim, note, contact, decide
    ASSIGN = "assign"  # hand over a colleague's violation, reopen
    WRITE_ZONES = "write_zones"
    APPROVE_LEAVE = "approve_leave"
    WRITE_LOG = "write_log"
    READ_AUDIT = "read_audit"
    WRITE_ACCOUNTS = "write_accounts"
    READ_FAULTS = "read_faults"  # what was set aside, failing subjects, outages
    CHECK = "check"  # check rounds, asking a subject to check in
    PROPOSE = "propose"  # measures, on a statement
    SECOND = "second"  # the second officer of a proposal; recording what was decided
    SEARCH = "search"  # legal terms and searches
    WRITE_ROSTER = "write_roster"  # absences and duties of others
    REDERIVE = "rederive"  # how random moments came about


_STAFF = frozenset({Role.OFFICER, Role.OFFICE_HEAD, Role.BUREAU})
_HEADS = frozenset({Role.OFFICE_HEAD, Role.BUREAU})
_KEEPERS = frozenset({Role.BUREAU, Role.ADMINISTRATOR})

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.READ_REGISTER: _STAFF | {Role.ADMINISTRATOR},
    Action.WRITE_REGISTER: _HEADS | {Role.ADMINISTRATOR},
    Action.READ_LOCATION: _STAFF,
    Action.REVIEW: _STAFF,
    Action.ASSIGN: _HEADS,
    Action.WRITE_ZONES: _KEEPERS | {Role.OFFICE_HEAD},
    Action.APPROVE_LEAVE: _HEADS,
    Action.WRITE_LOG: _STAFF,
    Action.READ_AUDIT: frozenset({Role.AUDITOR}),
    Action.WRITE_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Action.READ_FAULTS: _STAFF | {Role.ADMINISTRATOR},
    Action.CHECK: _STAFF,
    Action.PROPOSE: _STAFF,
    Action.SECOND: _HEADS,
    Action.SEARCH: _STAFF,
    Action.WRITE_ROSTER: _HEADS | {Role.ADMINISTRATOR},
    Action.REDERIVE: frozenset({Role.AUDITOR}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks: an officer, with her role and place of work, the offices she is on duty for just now, and from where she asks
    (address, or ``cli``)."""

    officer_id: int
    name: str
    role: Role
    office_id: int
    bureau_id: int
    origin: str = ""
    duty_offices: frozenset[int] = frozenset()

    @property
    def offices(self) -> frozenset[int]:
        """The offices whose people she may see as an officer or office head."""
        return self.duty_offices | {self.office_id}

    def reaches(self, office_id: int, bureau_id: int) -> bool:
        """Whether what belongs to this office lies within her reach."""
        if self.role in (Role.BUREAU, Role.ADMINISTRATOR):
            return bureau_id == self.bureau_id
        return self.role in (Role.OFFICER, Role.OFFICE_HEAD) and office_id in self.offices

    def require(self, action: Action) -> None:
        """Raise Forbidden unless the role allows the action."""
        if self.role not in ALLOWED[action]:
            raise Forbidden(f"Your role ({self.role}) does not allow this: {action}.", "您的角色无权执行此操作。")


@dataclass(frozen=True, slots=True)
class Own:
    """A subject who asks about herself, by the link she was given, and from where. She reaches nobody else."""

    subject_id: int
    origin: str = ""


class _Belongs(Protocol):
    """A table whose rows belong to an office and a bureau."""

    bureau_id: Any
    office_id: Any


def within_reach(actor: Actor, table: type[_Belongs]) -> ColumnElement[bool]:
    """The WHERE condition that keeps ``actor`` inside her offices (or bureau); false for roles that see nobody."""
    if actor.role in (Role.BUREAU, Role.ADMINISTRATOR):
        return col(table.bureau_id) == actor.bureau_id
    if actor.role in (Role.OFFICER, Role.OFFICE_HEAD):
        return col(table.office_id).in_(sorted(actor.offices))
    return false()


def subject_for(session: Session, actor: Actor, subject_id: int, action: Action) -> Subject:
    """The subject, if the actor may do ``action`` and the subject is within her reach.

    Raises Forbidden for the role, NotFound for everything outside the reach (which is not told apart from absence).
    """
    actor.require(action)
    subject = session.get(Subject, subject_id)
    if subject is None or not actor.reaches(subject.office_id, subject.bureau_id):
        raise NotFound(f"There is no subject {subject_id} in your offices.", f"您所在机构没有编号 {subject_id} 的社区矫正对象。")
    return subject


def violation_for(session: Session, actor: Actor, violation_id: int, action: Action) -> Violation:
    """The violation, under the same terms as ``subject_for``."""
    actor.require(action)
    violation = session.get(Violation, violation_id)
    if violation is None or not actor.reaches(violation.office_id, violation.bureau_id):
        raise NotFound(f"There is no violation {violation_id} in your offices.", f"您所在机构没有编号 {violation_id} 的违规。")
    return violation
