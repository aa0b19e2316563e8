"""What an officer does with a round: look at it, say what she found of each subject, confirm those who are in place, hand it over, sign.

Every step names the revision of the round that was seen: of two who act at once, one is told that the other was first. What was found is
frozen together with what the program showed then; what is not yet found is read anew whenever somebody looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from corrections.domain.casework import Finding, RoundState
from corrections.domain.model import NoticeKind, Recipient, Role
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.monitor.round_reading import in_place, refresh
from corrections.monitor.schedule import District, district_of
from corrections.monitor.staff import Staff
from corrections.records.audit import audited_location_read, record_by
from corrections.review import notices
from corrections.settings import Settings
from corrections.settings.checks import label_of
from corrections.settings.section import in_force
from corrections.store.access import Action, Actor, within_reach
from corrections.store.tables import Bureau, CheckEntry, CheckRound, Office, Officer, Subject

MOST_ROWS = 500
NOTELESS = (Finding.IN_PLACE, Finding.ON_LEAVE)
"""Findings that need no words where the program shows the same."""


@dataclass(frozen=True, slots=True)
class RoundItem:
    """One round in a listing; ``found`` of its ``subjects`` have a finding. ``overdue``: it is open though it was due."""

    id: int
    revision: int
    office_id: int
    office_name: str
    officer_id: int
    officer_name: str
    schedule: str
    label_zh: str
    label_en: str
    slot_at: datetime
    state: str
    opened_at: datetime
    due_at: datetime
    overdue: bool
    subjects: int
    found: int
    note: str
    signed_at: datetime | None
    signed_by: int | None
    signed_by_name: str | None
    escalation: int
    escalated_to: int | None


@dataclass(frozen=True, slots=True)
class EntryItem:
    """A subject in a round. The place is None unless the look was recorded with a purpose, and where she may not be located (``seen``
    says why). ``age_s`` is that of the fix when it was looked at or, once there is a finding, when that was made. ``in_place``: the
    program shows her in place with certainty."""

    id: int
    subject_id: int
    subject_number: str
    subject_name: str
    minor: bool
    level: str
    fix_time: datetime | None
    age_s: int | None
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    side: str
    certainty: float | None
    in_place: bool
    seen: Mapping[str, Any]
    finding: str | None
    note: str
    found_by: int | None
    found_at: datetime | None


@dataclass(frozen=True, slots=True)
class RoundShown:
    """A round with its entries, in order of the subjects' numbers."""

    round: RoundItem
    entries: list[EntryItem]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of the subject of an entry."""

    entry_id: int
    finding: Finding
    note: str = ""


# ---- looking


def list_rounds(
    session: Session,
    actor: Actor,
    settings: Settings,
    now: datetime,
    *,
    mine: bool = False,
    state: RoundState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[RoundItem]:
    """Rounds of the offices within reach, the newest first. ``mine``: hers, or escalated to her. ``since`` and ``until`` bound the moment.
    Raises Invalid, Forbidden."""
    actor.require(Action.CHECK)
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"limit must be 1 to {MOST_ROWS}.", f"limit 应为 1 至 {MOST_ROWS}。", field="limit")
    r = CheckRound
    statement = select(r).where(within_reach(actor, r))
    if mine:
        statement = statement.where((col(r.officer_id) == actor.officer_id) | (col(r.escalated_to) == actor.officer_id))
    if state is not None:
        statement = statement.where(r.state == state.value)
    if since is not None:
        statement = statement.where(col(r.slot_at) >= since)
    if until is not None:
        statement = statement.where(col(r.slot_at) < until)
    if before is not None:
        statement = statement.where(col(r.id) < before)
    return _items(session, session.exec(statement.order_by(col(r.id).desc()).limit(limit)).all(), settings, now)


def show_round(session: Session, actor: Actor, round_id: int, settings: Settings, now: datetime, *, purpose: str = "") -> RoundShown:
    """A round with its subjects. In a writing session: what has no finding yet is read anew, and with a ``purpose`` the look at the
    positions is recorded, once for all of them; without one there are none.

    Raises Forbidden, NotFound.
    """
    one = round_for(session, actor, round_id)
    entries = _entries(session, one)
    if one.state == RoundState.OPEN:
        refresh(session, [entry for entry, _ in entries if entry.finding is None], settings, now)
    placed = {s.id for e, s in entries if e.lat is not None and s.id is not None and actor.reaches(s.office_id, s.bureau_id)}
    if purpose.strip() and placed:
        audited_location_read(session, actor, [i for i in placed if i is not None], purpose, now)
    shown = placed if purpose.strip() else set()
    sure = _sure(session, one, settings)
    items = [_entry_item(entry, subject, subject.id in shown, sure, now) for entry, subject in entries]
    return RoundShown(_items(session, [one], settings, now)[0], items)


def round_item(session: Session, actor: Actor, round_id: int, settings: Settings, now: datetime) -> RoundItem:
    """A round as a listing shows it. Raises Forbidden, NotFound."""
    return _items(session, [round_for(session, actor, round_id)], settings, now)[0]


def round_for(session: Session, actor: Actor, round_id: int) -> CheckRound:
    """The round, if it lies within reach. Raises Forbidden, NotFound."""
    actor.require(Action.CHECK)
    one = session.get(CheckRound, round_id)
    if one is None or not actor.reaches(one.office_id, one.bureau_id):
        raise NotFound(f"There is no round {round_id} in your offices.", f"您所在机构没有编号 {round_id} 的定位核查。")
    return one


# ---- acting


def find(
    session: Session, actor: Actor, round_id: int, findings: Sequence[Found], *, revision: int, settings: Settings, now: datetime
) -> CheckRound:
    """Record what was found of some of a round's subjects; a finding that is there already is replaced until the round is signed.

    Any finding that the program does not itself show needs a note that says how one knows. Raises Invalid, Conflict (it is signed, or
    somebody was first), Forbidden, NotFound.
    """
    one = _to_act(session, actor, round_id)
    entries = {entry.id: entry for entry, _ in _entries(session, one)}
    sure = _sure(session, one, settings)
    given = {found.entry_id: found for found in findings}
    if not findings or len(given) < len(findings):
        raise Invalid("Name each entry once, and at least one.", "请至少填写一项，且每项只填写一次。", field="findings")
    if missing := sorted(given.keys() - {i for i in entries if i is not None}):
        raise NotFound(f"There is no entry {missing[0]} in this round.", f"该次核查没有编号 {missing[0]} 的条目。", field="findings")
    _step(session, one, revision)
    # What is frozen is what stands now, if nobody has looked for a while.
    refresh(session, [entries[i] for i in given if entries[i].finding is None], settings, now)
    for entry_id, found in given.items():
        entry = entries[entry_id]
        _require_words(entry, found, sure)
        entry.finding, entry.note = found.finding.value, found.note.strip()
        entry.found_by, entry.found_at = actor.officer_id, now
    session.flush()
    return one


def confirm_in_place(
    session: Session, actor: Actor, round_id: int, entry_ids: Sequence[int], *, revision: int, settings: Settings, now: datetime
) -> CheckRound:
    """Confirm in one step that these subjects, whom the program shows in place with certainty, are. The officer names each of them.

    Raises Invalid (none named), Conflict (one of them is not shown so any more; it is signed; somebody was first), Forbidden, NotFound.
    """
    one = _to_act(session, actor, round_id)
    entries = {entry.id: (entry, subject) for entry, subject in _entries(session, one)}
    if not entry_ids or not set(entry_ids) <= {i for i in entries if i is not None}:
        raise Invalid("Name those whom you confirm, of this round.", "请列出本次核查中要确认的对象。", field="entries")
    refresh(session, [entries[i][0] for i in entry_ids if entries[i][0].finding is None], settings, now)
    sure = _sure(session, one, settings)
    doubtful = sorted(subject.number for entry, subject in (entries[i] for i in entry_ids) if not in_place(entry, sure))
    if doubtful:
        names = ", ".join(doubtful)
        raise Conflict(
            f"Not shown in place with certainty any more: {names}. Look at each of them.",
            f"以下对象目前不能确定在规定范围内，请逐一核查：{names}。",
            field="entries",
        )
    return find(session, actor, round_id, [Found(i, Finding.IN_PLACE) for i in entry_ids], revision=revision, settings=settings, now=now)


def sign(session: Session, actor: Actor, round_id: int, *, revision: int, note: str = "", now: datetime) -> CheckRound:
    """Sign a round of which every subject has a finding; nothing of it changes afterwards.

    Raises Invalid (findings are missing), Conflict (it is signed, or somebody was first), Forbidden, NotFound.
    """
    one = _to_act(session, actor, round_id)
    missing = sorted(subject.number for entry, subject in _entries(session, one) if entry.finding is None)
    if missing:
        few = ", ".join(missing[:10])
        more = f" (+{len(missing) - 10})" if len(missing) > 10 else ""
        raise Invalid(
            f"{len(missing)} subjects have no finding yet: {few}{more}.", f"还有 {len(missing)} 人未填写核查结果：{few}{more}。",
            field="entries",
        )  # fmt: skip
    _step(
        session, one, revision, state=RoundState.SIGNED.value, signed_at=now, signed_by=actor.officer_id, note=note.strip(),
        remind_at=None, escalate_at=None,
    )  # fmt: skip
    notices.end_about(session, f"round:{round_id}", now)
    late = now > one.due_at
    record_by(session, actor, "round.sign", detail={"round": round_id, "due_at": one.due_at, "late": late}, now=now)
    return one


def hand_over(
    session: Session, actor: Actor, round_id: int, to: int, *, revision: int, reason: str, settings: Settings, now: datetime
) -> CheckRound:
    """Make a round a colleague's. Raises Invalid (no reason; she may not do rounds there), Conflict, Forbidden, NotFound."""
    one = _to_act(session, actor, round_id)
    if not reason.strip():
        raise Invalid("Say why you hand it over.", "请填写移交理由。", field="reason")
    district = _district(session, one, settings, now)
    staff = Staff(session, one.bureau_id, district.calendar, now)
    if to == one.officer_id or to not in staff.officers or not staff.reaches(to, one.office_id):
        raise Invalid("Hand it over to another officer who may do rounds there.", "请移交给有权核查该所的其他人员。", field="to")
    r = CheckRound
    same = (r.schedule == one.schedule, r.office_id == one.office_id, r.officer_id == to, r.slot_at == one.slot_at)
    if session.exec(select(r.id).where(*same)).first() is not None:
        raise Conflict(
            "She has a round of her own of that moment; sign this one in her stead.", "对方已有同一时刻的核查，请直接代为完成。", field="to"
        )
    _step(session, one, revision, officer_id=to)
    label_zh, label_en = label_of(settings.checks, one.schedule, district.calendar.local_day(one.slot_at))
    due = district.clock(one.due_at)
    text = (
        f"{actor.name}将{label_zh}移交给您，请于 {due} 前核查并签名。理由：{reason.strip()}",
        f"{actor.name} handed over to you: {label_en}, to be gone through and signed by {due}. Reason: {reason.strip()}",
    )
    notices.end_about(session, f"round:{round_id}", now)
    office = session.get_one(Office, one.office_id)
    recipient = {Role.OFFICE_HEAD: Recipient.OFFICE_HEAD, Role.BUREAU: Recipient.BUREAU}.get(
        Role(staff.officers[to].role), Recipient.OFFICER
    )
    notices.notify(session, office, recipient, NoticeKind.ROUND_OPENED, text, now, officer_id=to, about=f"round:{round_id}")
    record_by(session, actor, "round.hand_over", purpose=reason.strip(), detail={"round": round_id, "to": to}, now=now)
    return one


def takers(session: Session, actor: Actor, round_id: int, settings: Settings, now: datetime) -> list[tuple[int, str]] | None:
    """To whom this actor could hand the round over, by id and name; None where she may not work on it. Raises Forbidden, NotFound."""
    one = round_for(session, actor, round_id)
    try:
        _to_act(session, actor, round_id)
    except (Conflict, Forbidden):
        return None
    staff = Staff(session, one.bureau_id, _district(session, one, settings, now).calendar, now)
    return [(id_, officer.name) for id_, officer in staff.officers.items() if id_ != one.officer_id and staff.reaches(id_, one.office_id)]


# ---- small parts


def _to_act(session: Session, actor: Actor, round_id: int) -> CheckRound:
    """The round, if it is hers to work on: her own, one escalated to her, or of an office that she heads."""
    one = round_for(session, actor, round_id)
    if one.state != RoundState.OPEN:
        raise Conflict("The round is signed, or was skipped: nothing of it changes any more.", "该次核查已签名或已跳过，不能再更改。")
    heads = actor.role in (Role.OFFICE_HEAD, Role.BUREAU)
    if not heads and actor.officer_id not in (one.officer_id, one.escalated_to):
        owner = session.get_one(Officer, one.officer_id).name
        raise Forbidden(f"This is the round of {owner}; have it handed over to you.", f"这是{owner}的核查，请先移交给您。")
    return one


def _step(session: Session, one: CheckRound, revision: int, **changes: Any) -> None:
    """Compare and set. Raises Conflict where somebody was first."""
    r = CheckRound
    guarded = update(r).where(col(r.id) == one.id, col(r.revision) == revision, col(r.state) == RoundState.OPEN.value)
    session.flush()
    done = session.execute(guarded.values(revision=revision + 1, **changes), execution_options={"synchronize_session": False})
    if done.rowcount == 0:  # type: ignore[attr-defined]
        session.refresh(one)
        raise Conflict(
            f"Somebody was first: the round is at revision {one.revision} now. Look at it again.",
            f"他人已先行操作，该次核查现为第 {one.revision} 版，请刷新后再操作。",
            field="revision",
        )
    session.refresh(one)


def _require_words(entry: CheckEntry, found: Found, sure: float) -> None:
    shown = in_place(entry, sure) if found.finding is Finding.IN_PLACE else bool(entry.seen.get("leave"))
    if (found.finding not in NOTELESS or not shown) and not found.note.strip():
        raise Invalid(
            f"Say how you know (entry {entry.id}): the program itself does not show this.",
            f"请说明依据（第 {entry.id} 条）：系统数据本身不能说明这一结果。",
            field="note",
        )


def _sure(session: Session, one: CheckRound, settings: Settings) -> float:
    zone = ZoneInfo(session.get_one(Bureau, one.bureau_id).timezone)
    return in_force(settings.checks.rounds, one.opened_at.astimezone(zone).date()).sure


def _district(session: Session, one: CheckRound, settings: Settings, now: datetime) -> District:
    return district_of(session, settings, session.get_one(Bureau, one.bureau_id), now)


def _entries(session: Session, one: CheckRound) -> list[tuple[CheckEntry, Subject]]:
    statement = select(CheckEntry, Subject).join(Subject, col(Subject.id) == col(CheckEntry.subject_id))
    return list(session.exec(statement.where(CheckEntry.round_id == one.id).order_by(col(Subject.number), col(Subject.id))).all())


def _items(session: Session, rounds: Sequence[CheckRound], settings: Settings, now: datetime) -> list[RoundItem]:
    ids, e = [one.id for one in rounds], CheckEntry
    counted = select(e.round_id, func.count(), func.count(col(e.finding))).where(col(e.round_id).in_(ids)).group_by(col(e.round_id))
    counts = {round_id: (subjects, found) for round_id, subjects, found in session.exec(counted)}
    staff = {i for one in rounds for i in (one.officer_id, one.signed_by) if i is not None}
    names = dict(session.exec(select(Officer.id, Officer.name).where(col(Officer.id).in_(staff))).all())
    offices = dict(session.exec(select(Office.id, Office.name).where(col(Office.id).in_({one.office_id for one in rounds}))).all())
    zones = dict(session.exec(select(Bureau.id, Bureau.timezone).where(col(Bureau.id).in_({one.bureau_id for one in rounds}))).all())
    return [_item(one, counts.get(one.id or 0, (0, 0)), names, offices, zones[one.bureau_id], settings, now) for one in rounds]


def _item(
    one: CheckRound,
    counts: tuple[int, int],
    names: Mapping[int | None, str],
    offices: Mapping[int | None, str],
    timezone: str,
    settings: Settings,
    now: datetime,
) -> RoundItem:
    same = {name: getattr(one, name) for name in RoundItem.__dataclass_fields__ if name in CheckRound.model_fields}
    label = label_of(settings.checks, one.schedule, one.slot_at.astimezone(ZoneInfo(timezone)).date())
    return RoundItem(
        **same, office_name=offices[one.office_id], officer_name=names[one.officer_id], label_zh=label[0], label_en=label[1],
        overdue=one.state == RoundState.OPEN and one.due_at <= now, subjects=counts[0], found=counts[1],
        signed_by_name=names.get(one.signed_by),
    )  # fmt: skip


def _entry_item(entry: CheckEntry, subject: Subject, placed: bool, sure: float, now: datetime) -> EntryItem:
    same = {name: getattr(entry, name) for name in EntryItem.__dataclass_fields__ if name in CheckEntry.model_fields}
    if not placed:
        same |= dict.fromkeys(("lat", "lon", "accuracy_m"))
    age = None if entry.fix_time is None else (entry.found_at or now) - entry.fix_time
    return EntryItem(
        **same, subject_number=subject.number, subject_name=subject.name, minor=subject.minor, level=subject.level,
        age_s=None if age is None else round(age / timedelta(seconds=1)), in_place=in_place(entry, sure),
    )  # fmt: skip
