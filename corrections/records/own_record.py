"""What is held about a subject, as she is shown it: kinds with their counts and dates, what was found of her, and who looked at her
location. Nothing of anybody else is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, null, text
from sqlmodel import Session, col, func, select

from corrections.domain.model import Nature, ReviewState, Rule, Severity, ZoneKind
from corrections.records.audit import OPERATOR, SUBJECT
from corrections.records.own_words import MASKED_PERSON, MASKED_PLACE, Both
from corrections.review.events import EventKind
from corrections.settings.portal import Portal
from corrections.store import tables as t
from corrections.store.access import Own
from corrections.store.tables import AuditEvent, Measure, Office, Officer, ReviewEvent, Violation, Zone, ZoneRevision

LOOKS = ("location.read", "own_link.make", "own.copy")
UNDECIDED: Both = ("工作人员正在核查这件事，还没有结论。", "Your officer is looking into this. Nothing has been decided.")
MOST_LOOKS = 200
DECIDED_BY_BUREAU: Both = ("由本局规定，可以问工作人员", "the bureau decides; you may ask your officer")

# What is held: its words, the retention it falls under, the table, and the time by which it is dated.
_KINDS: tuple[tuple[str, Both, str, Any, Any], ...] = (
    ("person", ("登记信息（姓名、编号、矫正类别、期限、电话）", "register (name, number, category, term, phone)"), "person",
     t.Subject, t.Subject.term_from),
    ("authorities", ("可以定位的依据", "the legal basis of locating"), "person", t.Authority, t.Authority.approved_on),
    ("devices", ("登记的手机", "registered phones"), "person", t.Device, None),
    ("positions", ("手机上报（时间、位置、电量）", "reports of the phone (time, place, battery)"), "positions",
     t.Report, t.Report.fix_time),
    ("set_aside", ("没有采用的手机消息", "messages of the phone that were not used"), "positions", t.SetAside, t.SetAside.received_at),
    ("fix_requests", ("要求手机报一次位置", "requests for a position"), "checks", t.FixRequest, t.FixRequest.asked_at),
    ("check_ins", ("签到记录", "records of check-ins"), "checks", t.CheckIn, t.CheckIn.asked_at),
    ("check_entries", ("定位核查的记录", "entries of location checks"), "checks", t.CheckEntry, t.CheckEntry.found_at),
    ("violations", ("核查的事情", "matters looked into"), "violations", t.Violation, t.Violation.started_at),
    ("statements", ("您的陈述、申辩", "your statements"), "violations", t.Statement, t.Statement.taken_at),
    ("proposals", ("处理建议", "proposals of measures"), "violations", t.Proposal, t.Proposal.proposed_at),
    ("measures", ("奖惩决定", "measures taken"), "violations", t.Measure, t.Measure.decided_on),
    ("objections", ("您的异议", "your objections"), "violations", t.Objection, t.Objection.at),
    ("leave_requests", ("外出申请", "requests for leave"), "leave", t.LeaveRequest, t.LeaveRequest.requested_at),
    ("leave_permits", ("外出批准", "leave approved"), "leave", t.LeavePermit, t.LeavePermit.approved_at),
    ("contact_bans", ("禁止接近他人的命令", "orders to keep away from somebody"), "violations", t.ContactBan, t.ContactBan.approved_at),
    ("legal_clocks", ("法定期限", "legal terms"), "violations", t.LegalClock, t.LegalClock.starts_at),
    ("search_cases", ("查找记录", "searches for you"), "violations", t.SearchCase, t.SearchCase.opened_at),
    ("attachments", ("照片、文件", "photos and documents"), "violations", t.Attachment, t.Attachment.added_at),
    ("notices", ("提醒", "notices"), "log", t.Notice, t.Notice.at),
    ("log_entries", ("工作人员写的记录（谈话、走访等）", "what officers wrote down (talks, visits)"), "log", t.LogEntry, t.LogEntry.at),
    ("log_days", ("监管日志", "daily supervision log"), "log", t.LogDay, t.LogDay.written_at),
    ("audit", ("谁查看、改动过您资料的记录", "who saw or changed your record"), "audit", t.AuditEvent, t.AuditEvent.at),
    ("links", ("本人查询链接", "links to these pages"), "audit", t.OwnLink, t.OwnLink.created_at),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """One kind of what is held: how many, dated from when to when (None: they bear no date), and for how long it is kept."""

    kind: str
    words: Both
    count: int
    first: datetime | None
    last: datetime | None
    kept: Both


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody saw her location, made a link to her view, or took a copy. ``office`` None with ``role`` ``operator`` (who works at the
    machine) or ``subject`` (whoever held her link)."""

    at: datetime
    what: str  # one of LOOKS
    role: str
    office: str | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Matter:
    """A violation as she is shown it. ``reason`` is told once it was decided; ``decision`` None: it was not."""

    id: int
    rule: Rule
    zone_kind: ZoneKind | None
    technical: bool
    started_at: datetime
    ended_at: datetime | None
    reason: Both
    decision: str | None
    cause: str | None
    decided_at: datetime | None
    decision_reason: str


def held(session: Session, own: Own, portal: Portal) -> list[Held]:
    """The kinds of which there is something, each with its count and dates."""
    found = []
    for kind, words, kept, table, when in _KINDS:
        whose = table.id if table is t.Subject else table.subject_id
        which: Any = whose == own.subject_id
        if table is t.ContactBan:
            which = which | (col(t.ContactBan.other_id) == own.subject_id)
        dates = (func.min(when), func.max(when)) if when is not None else (null(), null())
        count, first, last = session.execute(select(func.count(), *dates).select_from(table).where(which)).one()
        if count:
            found.append(Held(kind, words, count, first, last, kept_for(portal, kept)))
    return found


def kept_for(portal: Portal, name: str) -> Both:
    """For how long what falls under a retention is kept; that the bureau decides, where it has not yet."""
    said = getattr(portal.retention, name)
    return (said.zh or DECIDED_BY_BUREAU[0], said.en or said.zh or DECIDED_BY_BUREAU[1])


def looks(session: Session, own: Own, portal: Portal, now: datetime) -> list[Look]:
    """Who saw her location in the last ``looks_days``, newest first, from the audit trail: by office and role, with the purpose given.
    Reads of several subjects at once and looks at maps are among them."""
    e, since = AuditEvent, now - timedelta(days=portal.looks_days)
    hers = select(e).where(e.subject_id == own.subject_id, col(e.action).in_(LOOKS), col(e.at) >= since)
    several = select(e).where(col(e.subject_id).is_(None), e.action == "location.read", col(e.at) >= since)
    postgresql = session.get_bind().dialect.name == "postgresql"
    of_many = (
        "detail @> CAST(:listed AS jsonb)" if postgresql
        else "EXISTS (SELECT 1 FROM json_each(audit_event.detail, '$.subjects') AS s WHERE s.value = :whom)"
    )  # fmt: skip
    given: dict[str, Any] = {"listed": f'{{"subjects": [{own.subject_id}]}}'} if postgresql else {"whom": own.subject_id}
    maps = several.where(_of_maps(session, own, postgresql))
    several = several.where(text(of_many).bindparams(**given))
    events = [
        event
        for part in (hers, several, maps)
        for event in session.exec(part.order_by(col(e.at).desc(), col(e.id).desc()).limit(MOST_LOOKS))
    ]
    events.sort(key=lambda event: (event.at, event.id), reverse=True)
    return _looks(session, events[:MOST_LOOKS])


def _of_maps(session: Session, own: Own, postgresql: bool) -> TextClause:
    """The condition that keeps looks at maps on which she was: of her bureau, or of offices with hers among them (as it is now)."""
    subject = session.get_one(t.Subject, own.subject_id)
    if postgresql:
        either = "(detail @> CAST(:of_bureau AS jsonb) OR detail @> CAST(:of_office AS jsonb))"
        scopes = {"of_bureau": {"bureau": subject.bureau_id}, "of_office": {"offices": [subject.office_id]}}
        return text(either).bindparams(**{name: json.dumps({"scope": scope}) for name, scope in scopes.items()})
    listed = "EXISTS (SELECT 1 FROM json_each(audit_event.detail, '$.scope.offices') AS s WHERE s.value = :of_office)"
    either = "(json_extract(audit_event.detail, '$.scope.bureau') = :of_bureau OR " + listed + ")"
    return text(either).bindparams(of_bureau=subject.bureau_id, of_office=subject.office_id)


def _looks(session: Session, events: Sequence[AuditEvent]) -> list[Look]:
    ids = {event.detail.get("officer_id") for event in events}
    statement = select(Officer.id, Officer.role, Office.name).join(Office, col(Office.id) == col(Officer.office_id))
    rows = session.exec(statement.where(col(Officer.id).in_(ids)))
    staff = {officer_id: (role, office) for officer_id, role, office in rows}
    told = []
    for event in events:
        nobody = SUBJECT if event.actor == SUBJECT and "officer_id" not in event.detail else OPERATOR
        role, office = staff.get(event.detail.get("officer_id"), (nobody, None))
        told.append(Look(event.at, event.action, role, office, event.purpose))
    return told


def matters(session: Session, own: Own, portal: Portal) -> list[Matter]:
    """What was found of her, newest first. What was taken back before anybody looked is left out, and so are violations of the rules that
    the settings withhold until they are decided."""
    v = Violation
    statement = select(v, Zone, ZoneRevision.severity).outerjoin(Zone, col(Zone.id) == col(v.zone_id))
    statement = statement.outerjoin(ZoneRevision, col(ZoneRevision.id) == col(v.zone_revision_id)).where(v.subject_id == own.subject_id)
    rows = session.exec(statement.where(v.review_state != ReviewState.WITHDRAWN.value).order_by(col(v.started_at).desc(), col(v.id).desc()))
    shown = [
        (violation, zone, severity)
        for violation, zone, severity in rows.all()
        if violation.decision is not None or violation.rule not in portal.withheld
    ]
    reasons = _decision_reasons(session, [violation.id for violation, _, _ in shown if violation.decision is not None])
    return [
        Matter(
            id=violation.id or 0,
            rule=Rule(violation.rule),
            zone_kind=ZoneKind(zone.kind) if zone else None,
            technical=violation.nature == Nature.TECHNICAL,
            started_at=violation.started_at,
            ended_at=violation.ended_at,
            reason=_reason(violation, zone, severity, portal),
            decision=violation.decision,
            cause=violation.cause,
            decided_at=violation.decided_at,
            decision_reason=reasons.get(violation.id, ""),
        )
        for violation, zone, severity in shown
    ]


def measures_of(session: Session, own: Own) -> Sequence[Measure]:
    """The measures taken that stand, newest first."""
    m = Measure
    standing = select(m).where(m.subject_id == own.subject_id, col(m.revoked_at).is_(None))
    return session.exec(standing.order_by(col(m.decided_on).desc(), col(m.id).desc())).all()


def withheld(session: Session, own: Own, portal: Portal) -> int:
    """How many violations ``matters`` leaves out until they are decided."""
    v = Violation
    rules = [rule.value for rule in portal.withheld]
    waiting = select(func.count()).select_from(v).where(v.subject_id == own.subject_id, col(v.decision).is_(None), col(v.rule).in_(rules))
    return session.exec(waiting.where(v.review_state != ReviewState.WITHDRAWN.value)).one()


def _reason(violation: Violation, zone: Zone | None, severity: str | None, portal: Portal) -> Both:
    if violation.decision is None:
        return UNDECIDED
    if violation.rule == Rule.TOGETHER:
        return MASKED_PERSON
    if zone is not None and zone.kind == ZoneKind.EXCLUSION and severity == Severity.GRAVE and not portal.show_grave_zones:
        return MASKED_PLACE
    return violation.reason_zh, violation.reason_en


def _decision_reasons(session: Session, ids: Sequence[int | None]) -> dict[int | None, str]:
    """The reason that was given with the last decision of each."""
    r = ReviewEvent
    decided = select(r.violation_id, r.content).where(col(r.violation_id).in_(ids), r.kind == EventKind.DECIDED.value)
    return {violation_id: str(content.get("reason", "")) for violation_id, content in session.exec(decided.order_by(col(r.id)))}
