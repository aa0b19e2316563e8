"""A working day of the sample's staff, done over the API as they would: what the console shows besides what the phones report.

Leave asked for and approved, a round begun, duties and an absence, a legal term, violations claimed, called about and decided, entries of
the log, a statement and a proposal, a link to a subject's own view with an objection of hers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scripts.api_client import ApiClient
from scripts.movements import LOCAL
from scripts.sample_service import Trouble

HEAD, OFFICER, OTHER, BUREAU = "zhaomin", "chenyan", "liuyan", "wangjianguo"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Worked:
    """What whoever runs the demo may want to open: a subject's number and the address of her own view."""

    subject_number: str
    own_address: str


def work(log_in: Callable[[str], ApiClient], url: str, now: datetime) -> Worked:
    """Do it; raises Trouble with the service's own words where it refuses."""
    head, officer, other, bureau = (log_in(login) for login in (HEAD, OFFICER, OTHER, BUREAU))
    staff = {row["login"]: row for row in bureau.get("/api/v1/officers", limit=500)["items"]}
    hers = _subjects_of(officer, staff[OFFICER]["id"])
    if len(hers) < 8:
        raise Trouble(f"The sample gives {OFFICER} only {len(hers)} subjects.")
    _leave(officer, head, hers, now)
    _roster(head, staff, now)
    officer.post("/api/v1/rounds", {})
    reported_in = {"kind": "reporting_in", "starts_at": _at(now - 3 * DAY), "basis": "判决生效之日起算。（示例）"}
    officer.post(f"/api/v1/subjects/{hers[4]['id']}/clocks", reported_in)
    for subject, kind, said in (
        (hers[0], "visit", "入户走访，与其母谈话，近期在家。（示例）"),
        (hers[1], "talk", "个别谈话，了解就业情况，思想稳定。（示例）"),
        (hers[2], "education", "参加集中教育学习两小时。（示例）"),
    ):
        officer.post(f"/api/v1/subjects/{subject['id']}/log/entries", {"kind": kind, "content": said})
    _review(officer, other, head)
    return _own_view(officer, hers[0], url)


def _subjects_of(officer: ApiClient, officer_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = officer.get("/api/v1/subjects", limit=500)["items"]
    return [one for one in found if one["officer_id"] == officer_id and one["status"] == "active" and not one["minor"]]


def _leave(officer: ApiClient, head: ApiClient, hers: list[dict[str, Any]], now: datetime) -> None:
    """One waits, one waits for the bureau, one was approved and begins soon, one was refused."""
    asked = (
        (hers[0], "medical", "市第一人民医院", 4 * HOUR, 2 * DAY, "预约复查，附挂号单。（示例）"),
        (hers[1], "family", "邻市老家", DAY, 9 * DAY, "父亲住院，需要陪护。（示例）"),
        (hers[2], "work", "省城培训中心", HOUR, 1.5 * DAY, "单位安排培训。（示例）"),
        (hers[3], "other", "外省", 2 * DAY, 5 * DAY, "访友。（示例）"),
    )
    made = [
        officer.post(
            f"/api/v1/subjects/{subject['id']}/leave-requests",
            {
                "reason": reason, "destination": to, "leaves_at": _at(now + leaves), "returns_at": _at(now + back), "details": details,
                "urgent": True,
            },
        )
        for subject, reason, to, leaves, back, details in asked
    ]  # fmt: skip
    approver = head if made[2]["rank"] == "office" else None
    if approver is not None:
        approver.post(f"/api/v1/leave-requests/{made[2]['id']}/approve", {"revision": made[2]["revision"], "note": "同意。（示例）"})
    if made[3]["rank"] == "office":
        refusal = {"revision": made[3]["revision"], "reason": "事由不属于法定的正当理由。（示例）"}
        head.post(f"/api/v1/leave-requests/{made[3]['id']}/refuse", refusal)


def _roster(head: ApiClient, staff: Mapping[str, dict[str, Any]], now: datetime) -> None:
    evening = now.astimezone(LOCAL).replace(hour=18, minute=0, second=0, microsecond=0)
    for days, login in enumerate((OFFICER, OTHER, "sunli")):
        starts = evening + days * DAY
        duty = {"officer_id": staff[login]["id"], "office_id": staff[login]["office_id"]}
        head.post("/api/v1/duties", duty | {"starts_at": _at(starts), "ends_at": _at(starts + 14 * HOUR)})
    away = {"officer_id": staff["sunli"]["id"], "deputy_id": staff[OTHER]["id"], "reason": "年休假（示例）"}
    head.post("/api/v1/absences", away | {"starts_at": _at(evening + 4 * DAY), "ends_at": _at(evening + 7 * DAY)})


def _review(officer: ApiClient, other: ApiClient, head: ApiClient) -> None:
    """What waits for the two officers: one decided as confirmed and followed by a proposal, one as a false alarm, one only begun."""
    found = head.get("/api/v1/violations", limit=100)["items"]
    waiting = [one for one in found if one["rule"] == "boundary" and one["review_state"] == "queued"]
    whose = {"陈燕": officer, "刘岩": other}
    taken = [(whose[one["officer_name"]], one) for one in waiting if one["officer_name"] in whose][:3]
    for turn, (by, one) in enumerate(taken):
        place = f"/api/v1/violations/{one['id']}"
        seen = by.post(f"{place}/claim", {"revision": one["revision"]})
        call = {"means": "phone", "whom": one["subject_name"], "answer": "reached", "text": "本人称外出办事，未提前报告。（示例）"}
        seen = by.post(f"{place}/contact", {"revision": seen["revision"], **call})
        if turn == 0:
            _confirm(by, seen)
        elif turn == 1:
            alarm = {"decision": "false_alarm", "cause": "position_error", "reason": "基站定位漂移，同时段蓝牙打卡在岗。（示例）"}
            by.post(f"{place}/decide", {"revision": seen["revision"], **alarm})


def _confirm(by: ApiClient, seen: Mapping[str, Any]) -> None:
    reason = "经电话核实并查看定位轨迹，情况属实。（示例）"
    by.post(f"/api/v1/violations/{seen['id']}/decide", {"revision": seen["revision"], "decision": "confirmed", "reason": reason})
    subject = f"/api/v1/subjects/{seen['subject_id']}"
    heard = {"means": "visit", "violation_id": seen["id"], "text": "承认未请假离开，表示今后遵守规定。（示例）"}
    statement = by.post(f"{subject}/statements", heard)
    options = by.get(f"{subject}/measure-options")["options"]
    ground = next(option["ground"] for option in options if option["measure"] == "admonition")
    proposal = {"measure": "admonition", "ground": ground, "facts": "未经批准离开活动范围，经核实属实。（示例）"}
    by.post(f"{subject}/proposals", proposal | {"violation_ids": [seen["id"]], "statement_id": statement["id"]})


def _own_view(officer: ApiClient, subject: Mapping[str, Any], url: str) -> Worked:
    link = officer.post(f"/api/v1/subjects/{subject['id']}/own-links", {})
    herself = ApiClient(url).as_bearer(link["token"])
    herself.post("/api/v1/own/objections", {"about": "data", "text": "登记的电话号码已经更换，请更正。（示例）"})
    return Worked(subject["number"], f"{url}{link['address']}" if link["address"].startswith("/") else link["address"])


def _at(moment: datetime) -> str:
    return moment.astimezone(LOCAL).isoformat(timespec="seconds")
