"""What a day's supervision log says, as plain values: built from the facts, and compared with what was said before.

Keys are stable and values JSON: times are RFC 3339 in UTC, lengths of time whole seconds. Things that have a number are keyed by it,
so that a later part of the log can name exactly what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import numpy as np

from corrections.domain.model import ReviewState, Side, ZoneKind, from_us, to_us
from corrections.records.log_facts import Facts, day_bounds, touches, violation_end
from corrections.records.presence import Span, Whereabouts
from corrections.settings import Settings
from corrections.settings.checks import label_of
from corrections.store.tables import ReviewEvent, Violation

Plain = dict[str, Any]
_MISSING: Any = object()
STEP_WORDS = ("note", "told", "recipient", "text", "reason", "means", "whom", "answer", "decision", "cause", "borne_out")
# Told in a later part only together with something else of the same thing: a reason is spelt anew whenever its episode goes on.
COMPANIONS = frozenset({"reason_zh", "reason_en"})

_encode = msgspec.json.Encoder(order="sorted").encode


def header(facts: Facts) -> Plain:
    """Who the subject is, as the register says when the day is closed. A minor's name is masked."""
    s = facts.subject
    return {
        "number": s.number,
        "name": s.name[:1] + "**" if s.minor else s.name,
        "minor": s.minor,
        "category": s.category,
        "level": s.level,
        "status": s.status,
        "office": facts.office.name,
        "officer": facts.officer.name if facts.officer else None,
        "bureau": facts.bureau.name,
        "timezone": facts.bureau.timezone,
    }


def plain_facts(facts: Facts, day: date, settings: Settings, upto: datetime | None = None) -> Plain:
    """Everything a day's log says except where the subject was; ``upto`` is now, for a day that is not over."""
    start, end = day_bounds(day, facts.timezone)
    end = min(end, upto) if upto is not None else end
    return {
        "day": day.isoformat(),
        "from": stamp(start),
        "until": stamp(end),
        "length_s": round((end - start).total_seconds()),
        "supervision": _supervision(facts, start, end),
        "coverage": _coverage(facts, start, end),
        "violations": {str(v.id): _violation(facts, v, end) for v in facts.violations if touches(v, start, end)},
        "outages": _outages(facts, start, end),
        "leaves": {str(p.id): _granted(p, end) | {"destination": p.destination} for p in _in_force(facts.leaves, start, end)},
        "entries": {str(e.id): _entry(facts, e) for e in facts.entries if e.day == day.isoformat()},
        "sources": _sources(facts, start, end, settings),
        **_searches(facts, start, end),
        **_checks(facts, start, end, settings),
        **_check_ins(facts, start, end),
        **_leave_reports(facts, start, end),
    }


def inputs_digest(facts: Facts, day: date, plain: Plain) -> str:
    """Tells a day whose log would say something else from one that needs no new look: what is said without positions, and what the
    rest is computed from (which reports and zone versions)."""
    start, end = day_bounds(day, facts.timezone)
    versions = [
        (i, row.valid_from, _within_day(row.valid_until, end)) for i, (_, row) in facts.revisions.items() if _reaches(row, start, end)
    ]
    said = {key: value for key, value in plain.items() if key != "sources"}
    known = [said, plain["sources"]["reports"], plain["sources"]["newest_report"], versions]
    return hashlib.sha256(_encode(known)).hexdigest()[:32]


def with_presence(facts: Facts, plain: Plain, found: Whereabouts) -> Plain:
    """The day's content with where the subject was, and what follows from it."""
    lawful_s = sum(_seconds(span) for span in found.lawful)
    sums = _sums(found.overall)
    known_s = sums[Side.RIGHT] + sums[Side.WRONG]
    content = dict(plain)
    content["supervision"] = plain["supervision"] | {"monitored_s": lawful_s, "not_monitored_s": plain["length_s"] - lawful_s}
    content["coverage"] = plain["coverage"] | {"covered_s": known_s, "covered_share": round(known_s / lawful_s, 4) if lawful_s else None}
    content["presence"] = {
        "right_s": sums[Side.RIGHT],
        "wrong_s": sums[Side.WRONG],
        "unknown_s": sums[Side.UNKNOWN],
        "spans": [[stamp(from_us(s.start_us)), stamp(from_us(s.end_us)), s.side.value] for s in found.overall],
        "zones": _zones(facts, found),
    }
    return content


def differences(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[Plain]:
    """What changed, leaf by leaf: ``{"path": [...], "old": ..., "new": ...}``; ``old`` is left out for what is new, ``new`` for what is
    gone. Lists change as a whole."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        if old != new:
            yield {"path": list(path)} | _side("old", old) | _side("new", new)
        return
    found = [
        change
        for key in sorted(old.keys() | new.keys())
        if key not in COMPANIONS
        for change in differences(old.get(key, _MISSING), new.get(key, _MISSING), (*path, key))
    ]
    if found:
        for key in sorted(COMPANIONS & (old.keys() | new.keys())):
            found.extend(differences(old.get(key, _MISSING), new.get(key, _MISSING), (*path, key)))
    yield from found


def amended(content: Plain, changes: Iterable[Plain]) -> Plain:
    """``content`` with the changes of a later part."""
    result: Plain = _copied(content)
    for change in changes:
        *way, key = change["path"]
        place = result
        for name in way:
            place = place[name]
        if "new" in change:
            place[key] = change["new"]
        else:
            del place[key]
    return result


def stamp(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


# ---- the parts of a day


def _supervision(facts: Facts, start: datetime, end: datetime) -> Plain:
    s = facts.subject
    granted = {
        str(a.id): _granted(a, end) | {"basis": a.basis, "approved_on": stamp(a.approved_on)}
        for a in _in_force(facts.authorities, start, end)
    }
    return {"term_from": stamp(s.term_from), "term_until": stamp(s.term_until), "authorities": granted}


def _granted(row: Any, end: datetime) -> Plain:
    """An authority or a leave as far as the day knows it: what was revoked later had not ended that day."""
    return {
        "from": stamp(row.valid_from),
        "until": stamp(row.valid_until),
        "revoked_at": stamp(_within_day(row.revoked_at, end)),
        "approved_by": row.approved_by,
    }


def _coverage(facts: Facts, start: datetime, end: datetime) -> Plain:
    r = facts.reports
    today = _rows_of_day(facts, start, end)
    fixes = r.fix_us[today][r.positioned[today]]
    heard = (r.received_us >= to_us(start)) & (r.received_us < to_us(end))
    after = r.received_us[today] >= to_us(end)
    aside: dict[str, int] = {}
    for row in facts.set_aside:
        if start <= row.received_at < end:
            aside[row.reason] = aside.get(row.reason, 0) + row.count
    return {
        "reports": int(today.sum()),
        "positions": len(fixes),
        "mocked": int(r.mock[today].sum()),
        "contacts": len(np.unique(r.received_us[heard])),
        "received_after_the_day": int(after.sum()),
        "first_fix": stamp(from_us(int(fixes[0]))) if len(fixes) else None,
        "last_fix": stamp(from_us(int(fixes[-1]))) if len(fixes) else None,
        "longest_gap_s": round(int(np.diff(fixes).max()) / 1e6) if len(fixes) > 1 else None,
        "set_aside": aside,
    }


def _violation(facts: Facts, v: Violation, end: datetime) -> Plain:
    """A violation as far as it reaches into the day, and all that was done about it."""
    ended = violation_end(v)
    over = ended is not None and ended <= end
    return {
        "rule": v.rule,
        "nature": v.nature,
        "severity": v.severity,
        "zone": _zone_of(facts, v),
        "started_at": stamp(v.started_at),
        "opened_at": stamp(v.opened_at),
        "ended_at": stamp(ended) if over else None,
        "continues": not over,
        "state": v.review_state,
        "officer": _name(facts, v.officer_id),
        "claimed_by": _name(facts, v.claimed_by) if v.review_state == ReviewState.CLAIMED else None,
        "due_at": stamp(v.due_at),
        "decision": v.decision,
        "cause": v.cause,
        "decided_by": _name(facts, v.decided_by),
        "decided_at": stamp(v.decided_at),
        "reason_zh": v.reason_zh,
        "reason_en": v.reason_en,
        "steps": {str(event.id): _step(facts, event) for event in facts.steps.get(v.id or 0, [])},
    }


def _zone_of(facts: Facts, v: Violation) -> Plain | None:
    """The zone version a violation was judged against, from the register or, when no longer in force, from the evidence."""
    if v.zone_revision_id is None:
        return None
    if v.zone_revision_id in facts.revisions:
        zone, row = facts.revisions[v.zone_revision_id]
        return {"code": zone.code, "name": zone.name, "version": row.version}
    frozen = v.evidence.get("zone", {})
    return {"code": None, "name": frozen.get("name"), "version": frozen.get("version")}


def _step(facts: Facts, event: ReviewEvent) -> Plain:
    """One step of the handling, without the positions that a revision's old and new evidence holds."""
    said = {word: event.content[word] for word in STEP_WORDS if event.content.get(word) not in (None, "")}
    if (to := event.content.get("to")) is not None:
        said["to"] = _name(facts, to)
    return {"at": stamp(event.at), "kind": event.kind, "by": _name(facts, event.officer_id), **said}


def _outages(facts: Facts, start: datetime, end: datetime) -> list[Plain]:
    """Spans in which nobody was missing: the service's own outages, and silences of the whole area; cut to the day."""
    own = [
        {"kind": "service", "from": stamp(max(o.began_at, start)), "until": stamp(min(o.ended_at, end))}
        for o in facts.outages
        if o.began_at < end and o.ended_at > start
    ]
    area = [
        {"kind": "area", "from": stamp(max(a.began_at, start)), "until": stamp(min(a.ended_at or end, end)), "subjects": a.subjects}
        for a in facts.silences
        if a.began_at < end and (a.ended_at is None or a.ended_at > start)
    ]
    return own + area


def _entry(facts: Facts, entry: Any) -> Plain:
    return {"at": stamp(entry.at), "kind": entry.kind, "content": entry.content, "by": _name(facts, entry.officer_id)}


def _searches(facts: Facts, start: datetime, end: datetime) -> Plain:
    """The searches that were open that day or of which something was done; nothing at all where there were none."""
    told: Plain = {}
    for case, steps in facts.searches:
        done = {str(step.id): _search_step(facts, step) for step in steps if start <= step.at < end}
        closed_at = _within_day(case.closed_at, end)
        if done or (case.opened_at < end and (case.closed_at is None or case.closed_at >= start)):
            outcome = {"closed_by": _name(facts, case.closed_by), "outcome": case.outcome, "note": case.outcome_note} if closed_at else {}
            told[str(case.id)] = {
                "from": stamp(case.opened_at), "by": _name(facts, case.opened_by), "reason": case.reason, "until": stamp(closed_at),
                **outcome, "steps": done,
            }  # fmt: skip
    return {"searches": told} if told else {}


def _checks(facts: Facts, start: datetime, end: datetime, settings: Settings) -> Plain:
    """The rounds of the day in which she was, with what was found of her; nothing at all where there were none."""
    told: Plain = {}
    for entry, made in facts.checks:
        if start <= made.slot_at < end:
            label = label_of(settings.checks, made.schedule, made.slot_at.astimezone(facts.timezone).date())
            told[str(entry.id)] = {
                "at": stamp(made.slot_at), "label": {"zh": label[0], "en": label[1]}, "finding": entry.finding, "side": entry.side,
                "fix_time": stamp(entry.fix_time), "note": entry.note, "by": _name(facts, entry.found_by),
                "found_at": stamp(entry.found_at), "signed_at": stamp(made.signed_at), "signed_by": _name(facts, made.signed_by),
            }  # fmt: skip
    return {"checks": told} if told else {}


def _check_ins(facts: Facts, start: datetime, end: datetime) -> Plain:
    """The check-ins that she was asked for that day; nothing at all where there were none."""
    told = {
        str(c.id): {
            "at": stamp(c.asked_at), "by": _name(facts, c.asked_by), "purpose": c.purpose, "until": stamp(c.expires_at),
            "answered_at": stamp(c.answered_at), "located": c.report_id is not None, "missed_at": stamp(c.missed_at),
        }
        for c in facts.check_ins
        if start <= c.asked_at < end
    }  # fmt: skip
    return {"check_ins": told} if told else {}


def _leave_reports(facts: Facts, start: datetime, end: datetime) -> Plain:
    """What she reported on leave that day, her return included; nothing at all where she reported nothing. ``by`` None: she herself."""
    told = {
        str(r.id): {
            "at": stamp(r.at), "kind": r.kind, "destination": request.destination, "by": _name(facts, r.recorded_by), "text": r.text,
            "recorded_at": stamp(r.recorded_at),
        }
        for r, request in facts.leave_reports
        if start <= r.at < end
    }  # fmt: skip
    return {"leave_reports": told} if told else {}


def _search_step(facts: Facts, step: Any) -> Plain:
    return {"at": stamp(step.at), "kind": step.kind, "by": _name(facts, step.officer_id), "text": step.text, "found": step.found}


def _sources(facts: Facts, start: datetime, end: datetime, settings: Settings) -> Plain:
    """What the figures were computed from."""
    today = _rows_of_day(facts, start, end)
    ids, devices = facts.reports.id[today], np.unique(facts.reports.device[today]).tolist()
    chosen = settings.rules.boundary.chosen
    return {
        "reports": len(ids),
        "newest_report": int(ids.max()) if len(ids) else None,
        "devices": [facts.devices.get(device, str(device)) for device in devices],
        "settings": {"preset": settings.rules.boundary.preset, **chosen.model_dump()},
    }


def _zones(facts: Facts, found: Whereabouts) -> Plain:
    """By zone: how long it was in force, and how long the subject was inside, outside, or it cannot be told; with its versions."""
    zones: dict[str, Plain] = {}
    for version_id, spans in sorted(found.by_version.items()):
        zone, row = facts.revisions[version_id]
        sums = _sums(spans)
        inside, outside = (Side.RIGHT, Side.WRONG) if zone.kind == ZoneKind.INCLUSION else (Side.WRONG, Side.RIGHT)
        told = zones.setdefault(
            zone.code,
            {"name": zone.name, "kind": zone.kind, "versions": {}, "in_force_s": 0, "inside_s": 0, "outside_s": 0, "unknown_s": 0},
        )
        told["versions"][str(row.version)] = {"published_at": stamp(row.published_at), "published_by": row.published_by}
        told["in_force_s"] += sum(sums.values())
        told["inside_s"] += sums[inside]
        told["outside_s"] += sums[outside]
        told["unknown_s"] += sums[Side.UNKNOWN]
    return zones


# ---- small parts


def _rows_of_day(facts: Facts, start: datetime, end: datetime) -> Any:
    return (facts.reports.fix_us >= to_us(start)) & (facts.reports.fix_us < to_us(end))


def _in_force(rows: Sequence[Any], start: datetime, end: datetime) -> list[Any]:
    """Authorities or leaves in force at any moment of the day."""
    return [row for row in rows if _reaches(row, start, end) and (row.revoked_at is None or row.revoked_at > start)]


def _reaches(row: Any, start: datetime, end: datetime) -> bool:
    return bool(row.valid_from < end and (row.valid_until is None or row.valid_until > start))


def _within_day(at: datetime | None, end: datetime) -> datetime | None:
    return at if at is not None and at < end else None


def _sums(spans: Iterable[Span]) -> dict[Side, int]:
    """Whole seconds of each answer. Edges are rounded, not lengths, so that adjacent spans add up."""
    sums = dict.fromkeys(Side, 0)
    for span in spans:
        sums[span.side] += _seconds((span.start_us, span.end_us))
    return sums


def _seconds(span: tuple[int, int]) -> int:
    return round(span[1] / 1e6) - round(span[0] / 1e6)


def _name(facts: Facts, officer_id: int | None) -> str | None:
    return None if officer_id is None else facts.names.get(officer_id, str(officer_id))


def _side(name: str, value: Any) -> Plain:
    return {} if value is _MISSING else {name: value}


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value
