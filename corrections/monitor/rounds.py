"""定位核查: opening rounds when their schedules say so, telling the officers, and escalating what is not signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from corrections.domain.casework import RoundState
from corrections.domain.model import NoticeKind, Recipient, Role
from corrections.errors import Conflict, Invalid, NotFound
from corrections.monitor.asking import ask_in_round
from corrections.monitor.round_reading import Reading, read_subjects
from corrections.monitor.schedule import District, Slot, Turn, district_of, in_force, on_register, slots, turns
from corrections.monitor.staff import Staff
from corrections.records.audit import record_by
from corrections.review import notices
from corrections.review.notices import head_of
from corrections.review.roster import on_duty
from corrections.settings import Settings
from corrections.settings.checks import BY_HAND, Rounds, label_of
from corrections.settings.section import in_force as terms_in_force
from corrections.store.access import Action, Actor
from corrections.store.tables import Bureau, CheckEntry, CheckRound, Office, Officer, Subject

Both = tuple[str, str]

DOWN: Both = ("当时服务未运行，由之后的一次核查代替。", "The service did not run then; a later round took its place.")


@dataclass(frozen=True, slots=True)
class Opening:
    """A round that is to be made: whose, over whom, at which moment, by which schedule (None: begun by hand)."""

    office: Office
    officer_id: int
    subjects: Sequence[Subject]
    slot_at: datetime
    schedule: str
    label: Both
    due_minutes: int


def open_rounds_due(session: Session, settings: Settings, now: datetime) -> int:
    """Make the rounds whose moments have come since each schedule was last carried out; returns how many were opened.

    1. Take the schedules that no other process carries out. 2. Per office, find the moments that are due. 3. After a stop only the newest
    is opened, for those who are responsible now; the earlier ones are recorded as skipped, for those who were then. 4. Read how all the
    subjects stand, once. 5. Ask for a fresh fix of those of whom the last is too old, and tell the officers.
    """
    opened = 0
    for turn in turns(session, settings, "round", now):
        opening, skipped = _due(session, settings, turn, now)
        for one in skipped:
            _store(session, turn.district, settings, one, RoundState.SKIPPED, {}, now)
        opened += _open(session, turn.district, settings, opening, now)
    return opened


def begin_round(
    session: Session, actor: Actor, settings: Settings, now: datetime, *, office_id: int | None = None, whole_office: bool = False
) -> CheckRound:
    """A round that an officer begins by hand, now: over her own subjects of an office (hers, unless another within reach is named), or
    over all of them (``whole_office``).

    Raises Invalid (there is nobody to look at), Conflict (she just began one), Forbidden, NotFound.
    """
    actor.require(Action.CHECK)
    office = _office_for(session, actor, office_id or actor.office_id)
    district = district_of(session, settings, session.get_one(Bureau, actor.bureau_id), now)
    people = [s for s in on_register(session, actor.bureau_id, now) if s.office_id == office.id]
    mine = people if whole_office else [s for s in people if s.officer_id == actor.officer_id]
    if not mine:
        raise Invalid("There are no subjects to look at in this office.", "该司法所没有可供核查的社区矫正对象。", field="office_id")
    terms = terms_in_force(settings.checks.rounds, district.calendar.local_day(now))
    opening = Opening(office, actor.officer_id, mine, now, "", BY_HAND, terms.by_hand_due_minutes)
    made = _store(session, district, settings, opening, RoundState.OPEN, _read(session, settings, [opening], now), now)
    if made is None:
        raise Conflict("You have just begun a round; go on with that one.", "您刚刚已开始一次核查，请继续该次核查。")
    record_by(session, actor, "round.begin", detail={"round": made.id, "subjects": len(mine)}, now=now)
    return made


def remind_rounds_due(session: Session, settings: Settings, now: datetime) -> int:
    """Remind the officers whose rounds are soon due and not signed; returns how many were reminded."""
    r = CheckRound
    due = select(r).where(col(r.remind_at) <= now, r.state == RoundState.OPEN.value).order_by(col(r.id))
    found = session.exec(due.with_for_update(skip_locked=True)).all()
    for one in found:
        assert one.remind_at is not None
        district = district_of(session, settings, session.get_one(Bureau, one.bureau_id), now)
        zh, en = _named(settings, district, one)
        text = (f"{zh}将于 {district.clock(one.due_at)} 到期，尚未签名。", f"{en} is due at {district.clock(one.due_at)} and not signed.")
        _tell(session, one, NoticeKind.ROUND_DUE_SOON, text, Recipient.OFFICER, one.officer_id, one.remind_at)
        one.remind_at = None
    return len(found)


def escalate_rounds_due(session: Session, settings: Settings, now: datetime) -> int:
    """Tell the next level of rounds that are not signed though they were due; returns how many steps were taken. One that is late takes
    all the steps that have come due."""
    r, steps = CheckRound, 0
    due = select(r).where(col(r.escalate_at) <= now, r.state == RoundState.OPEN.value).order_by(col(r.id))
    for one in session.exec(due.with_for_update(skip_locked=True)).all():
        district = district_of(session, settings, session.get_one(Bureau, one.bureau_id), now)
        while one.escalate_at is not None and one.escalate_at <= now:
            _escalate(session, settings, district, one, now)
            steps += 1
    return steps


def reassign_rounds_due(session: Session, settings: Settings, now: datetime) -> int:
    """Give open rounds whose officer left, moved, is off duty, or is absent until they are due, to whoever is responsible now; returns
    how many."""
    r = CheckRound
    open_ = select(r).where(r.state == RoundState.OPEN.value, col(r.due_at) > now).order_by(col(r.id))
    staff: dict[int, Staff] = {}
    moved = 0
    for one in session.exec(open_.with_for_update(skip_locked=True)).all():
        if one.bureau_id not in staff:
            district = district_of(session, settings, session.get_one(Bureau, one.bureau_id), now)
            staff[one.bureau_id] = Staff(session, one.bureau_id, district.calendar, now)
        who = staff[one.bureau_id]
        if who.is_there(one.officer_id) and who.reaches(one.officer_id, one.office_id):
            continue
        chosen = who.responsible(one.office_id, one.officer_id)
        moved += chosen is not None and chosen != one.officer_id and _give(session, settings, one, chosen, now)
    return moved


# ---- what is due


def _due(session: Session, settings: Settings, turn: Turn, now: datetime) -> tuple[list[Opening], list[Opening]]:
    """The rounds to open, and those to record as skipped."""
    district = turn.district
    entries = in_force(settings, district, turn.name, turn.after, now)
    opening: list[Opening] = []
    skipped: list[Opening] = []
    people: list[Subject] | None = None
    staff: dict[datetime, Staff] = {}
    for office_id, office in district.offices.items():
        due = [s for s in slots(district, entries, f"office:{office_id}", turn.after, now) if _carried_out(session, district, office, s)]
        late = now - timedelta(minutes=settings.checks.late_minutes)
        for slot in due:
            people = on_register(session, district.id, now) if people is None else people
            covered = [s for s in people if s.office_id == office_id and slot.schedule.covers_level(s.level)]
            opens = slot is due[-1] or slot.at > late
            at = now if opens else slot.at
            if at not in staff:
                staff[at] = Staff(session, district.id, district.calendar, at)
            (opening if opens else skipped).extend(_by_officer(office, slot, covered, staff[at]))
    return opening, skipped


def _carried_out(session: Session, district: District, office: Office, slot: Slot) -> bool:
    """Whether a moment of a schedule counts for an office."""
    if not slot.schedule.covers_office(office.code, district.bureau.code):
        return False
    assert office.id is not None
    return not slot.schedule.only_on_duty or bool(on_duty(session, district.id, office.id, slot.at))


def _by_officer(office: Office, slot: Slot, subjects: Sequence[Subject], staff: Staff) -> Iterator[Opening]:
    groups: dict[int, list[Subject]] = defaultdict(list)
    assert office.id is not None
    for subject in subjects:
        chosen = staff.responsible(office.id, subject.officer_id)
        if chosen is not None:  # else the bureau has no staff at all
            groups[chosen].append(subject)
    entry = slot.schedule
    for officer_id, mine in sorted(groups.items()):
        yield Opening(office, officer_id, mine, slot.at, entry.name, (entry.label.zh, entry.label.en), entry.due_minutes)


# ---- making rounds


def _open(session: Session, district: District, settings: Settings, opening: Sequence[Opening], now: datetime) -> int:
    read = _read(session, settings, opening, now)
    return sum(_store(session, district, settings, one, RoundState.OPEN, read, now) is not None for one in opening)


def _read(session: Session, settings: Settings, opening: Sequence[Opening], now: datetime) -> Mapping[int, Reading]:
    """How all the subjects of these rounds stand; a fresh fix is asked for of those of whom it would tell more."""
    people = {subject.id: subject for one in opening for subject in one.subjects if subject.id is not None}
    read = read_subjects(session, list(people.values()), settings, now)
    ask_in_round(session, [i for i, reading in read.items() if reading.wants_fix], settings, now)
    return read


def _store(
    session: Session, district: District, settings: Settings, one: Opening, state: RoundState, read: Mapping[int, Reading], now: datetime
) -> CheckRound | None:
    """Store a round with its entries and tell the officer; a skipped one has no entries and nobody is told. None where there is one for
    this schedule, office, officer and moment already."""
    assert one.office.id is not None
    terms = terms_in_force(settings.checks.rounds, district.calendar.local_day(now))
    due_at = district.later(one.slot_at, now, one.due_minutes)
    is_open = state is RoundState.OPEN
    reminder = _before(district, one.slot_at, due_at, terms.remind_minutes)
    made = CheckRound(
        bureau_id=district.id, office_id=one.office.id, officer_id=one.officer_id, schedule=one.schedule, slot_at=one.slot_at,
        state=state.value, opened_at=now, due_at=due_at if is_open else one.slot_at, note="" if is_open else " ".join(DOWN),
        remind_at=reminder if is_open and terms.remind_minutes and reminder > now else None,
        escalate_at=district.later(one.slot_at, due_at, terms.escalate[0].after_minutes) if is_open else None,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return None
    if is_open:
        session.execute(insert(CheckEntry), [_entry(made, subject, read) for subject in one.subjects])
        due, count = district.clock(due_at), len(one.subjects)
        zh = f"{one.label[0]}待完成：共 {count} 人，请于 {due} 前核查并签名。"
        en = f"{one.label[1]} waits for you: {count} subjects, to be gone through and signed by {due}."
        _tell(session, made, NoticeKind.ROUND_OPENED, (zh, en), Recipient.OFFICER, one.officer_id, now)
    return made


def _entry(made: CheckRound, subject: Subject, read: Mapping[int, Reading]) -> dict[str, object]:
    assert subject.id is not None
    reading = read[subject.id]
    seen = reading.columns["seen"] | {"officer": subject.officer_id, "asked": reading.wants_fix}
    return {"round_id": made.id, "subject_id": subject.id, "note": "", **reading.columns, "seen": seen}


def _before(district: District, began: datetime, due_at: datetime, minutes: int) -> datetime:
    span = timedelta(minutes=minutes)
    return district.calendar.before(due_at, span) if district.calendar.is_working(began) else due_at - span


# ---- telling


def _escalate(session: Session, settings: Settings, district: District, one: CheckRound, now: datetime) -> None:
    """One step: the officer's deputy, the office's head, the bureau; then the bureau again, so often as is set. A step for whom there is
    nobody is passed over at once."""
    terms = terms_in_force(settings.checks.rounds, district.calendar.local_day(one.opened_at))
    assert one.escalate_at is not None
    at, step = one.escalate_at, terms.escalate[min(one.escalation, len(terms.escalate) - 1)]
    recipient, officer_id = _whom(session, district, one, step.to, now)
    one.escalation += 1
    one.remind_at = None
    if recipient is None and one.escalation < len(terms.escalate):
        return  # the next step is due now
    recipient = recipient or Recipient.BUREAU
    one.escalate_at = _next_step(district, one, terms, at)
    one.escalated_to = officer_id or one.escalated_to
    zh, en = _named(settings, district, one)
    officer, due = session.get_one(Officer, one.officer_id), district.clock(one.due_at)
    text = (f"{officer.name}的{zh}应于 {due} 前签名，至今未签。", f"{en} of {officer.name} was to be signed by {due} and is not.")
    _tell(session, one, NoticeKind.ROUND_ESCALATED, text, recipient, officer_id, at)


def _next_step(district: District, one: CheckRound, terms: Rounds, at: datetime) -> datetime | None:
    if one.escalation < len(terms.escalate):
        return district.later(one.slot_at, one.due_at, terms.escalate[one.escalation].after_minutes)
    told_again = one.escalation - len(terms.escalate)
    again = terms.again_minutes and told_again < terms.again_times
    return district.later(one.slot_at, at, terms.again_minutes) if again else None


def _whom(session: Session, district: District, one: CheckRound, to: str, now: datetime) -> tuple[Recipient | None, int | None]:
    """Whom a step tells: (None, None) where there is nobody; the bureau is told whoever is there."""
    if to == "bureau":
        return Recipient.BUREAU, None
    if to == "office_head":
        head = head_of(session, one.office_id, now)
        return (None, None) if head in (None, one.officer_id) else (Recipient.OFFICE_HEAD, head)
    staff = Staff(session, one.bureau_id, district.calendar, now)
    deputy = staff.deputy_of(one.officer_id)
    there = deputy is not None and deputy != one.officer_id and staff.is_there(deputy) and staff.reaches(deputy, one.office_id)
    return (Recipient.OFFICER, deputy) if there else (None, None)


def _give(session: Session, settings: Settings, one: CheckRound, officer_id: int, now: datetime) -> bool:
    """Make a round another officer's and tell her; False where she has one of the same schedule and moment already (the office's head
    hears of this one when it is due)."""
    r = CheckRound
    same = (r.schedule == one.schedule, r.office_id == one.office_id, r.officer_id == officer_id, r.slot_at == one.slot_at)
    if session.exec(select(r.id).where(*same)).first() is not None:
        return False
    one.officer_id, one.revision = officer_id, one.revision + 1
    district = district_of(session, settings, session.get_one(Bureau, one.bureau_id), now)
    zh, en = _named(settings, district, one)
    due = district.clock(one.due_at)
    text = (f"{zh}现由您完成，请于 {due} 前核查并签名。", f"{en} is yours now, to be gone through and signed by {due}.")
    notices.end_about(session, f"round:{one.id}", now)
    _tell(session, one, NoticeKind.ROUND_OPENED, text, Recipient.OFFICER, officer_id, now)
    return True


def _tell(
    session: Session, one: CheckRound, kind: NoticeKind, text: Both, recipient: Recipient, officer_id: int | None, at: datetime
) -> None:
    if recipient is Recipient.OFFICER and officer_id is not None:
        role = session.get_one(Officer, officer_id).role
        recipient = {Role.OFFICE_HEAD: Recipient.OFFICE_HEAD, Role.BUREAU: Recipient.BUREAU}.get(Role(role), recipient)
    office = session.get_one(Office, one.office_id)
    notices.notify(session, office, recipient, kind, text, at, officer_id=officer_id, about=f"round:{one.id}")


def _named(settings: Settings, district: District, one: CheckRound) -> Both:
    """A round in a sentence, with its moment."""
    zh, en = label_of(settings.checks, one.schedule, district.calendar.local_day(one.slot_at))
    return f"{zh}（{district.clock(one.slot_at)}）", f"{en} ({district.clock(one.slot_at)})"


def _office_for(session: Session, actor: Actor, office_id: int) -> Office:
    office = session.get(Office, office_id)
    if office is None or not actor.reaches(office_id, office.bureau_id):
        raise NotFound(
            f"There is no office {office_id} within your reach.", f"您的管理范围内没有编号 {office_id} 的司法所。", field="office_id"
        )
    return office
