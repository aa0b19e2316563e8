"""The audit trail as the auditor reads it, the check of its chain, and the random moments derived again."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import corrections
from corrections.domain.model import Role, SubjectStatus
from corrections.records import accounts, register
from corrections.records.audit import head, record
from corrections.records.audit_details import pairs
from corrections.records.audit_words import ACTIONS, GROUPS, NAMES, group
from corrections.store.database import reading, writing
from tests.console.desk import SETTINGS, Desk
from tests.review.scene import NOW

CODE = Path(corrections.__file__).parent
DYNAMIC = {"term_from", "term_until", "category", "level", "office_id", "officer_id", "minor", "name", "role", "deputy_id"}
"""Details that are named after what was changed."""


def test_it_tells_who_did_what_in_words(desk: Desk) -> None:
    desk.get("liming", "/console/violations/1", purpose="核查违规")

    page = desk.get("auditor", "/console/audit").text

    for word in ("liming名", "查看位置", "S1", "核查违规", "登记定位设备"):
        assert word in page
    assert "location looked at" in desk.get("auditor", "/console/audit", language="en").text


@pytest.mark.parametrize(("login", "status"), [("liming", 403), ("bureau", 403), ("admin", 403), ("auditor", 200)])
def test_it_is_for_the_auditor_alone(desk: Desk, login: str, status: int) -> None:
    assert desk.get(login, "/console/audit").status_code == status
    assert desk.get(login, "/console/audit/events.csv").status_code == status
    assert desk.post(login, "/console/audit/verify").status_code == status


def rows_of(page: str) -> int:
    return page.count('<tr><td class="when">')


def test_what_is_asked_for_is_kept(desk: Desk) -> None:
    desk.get("liming", "/console/violations/1", purpose="核查违规")

    def found(query: str) -> int:
        return rows_of(desk.get("auditor", f"/console/audit?{query}").text)

    assert found("action=location.read&number=S1") == 1
    assert found("action=location.read&number=S2") == 0
    assert found("who=liming") == found("purpose=%E6%A0%B8%E6%9F%A5") == 1
    assert found("who=服务器操作员&action=device.enrol") == 1
    assert found("since=2026-03-02&until=2026-03-02&who=liming") == 1
    assert found("until=2026-03-01&who=liming") == 0
    assert found("since=2026-03-03") == 0


def test_what_cannot_be_asked_for_is_told_and_kept(desk: Desk) -> None:
    nobody = desk.get("auditor", "/console/audit?number=nobody&who=li")
    assert nobody.status_code == 404
    assert 'value="nobody"' in nobody.text
    assert desk.get("auditor", "/console/audit?since=yesterday").status_code == 422


def test_pages_follow_each_other_by_number(desk: Desk) -> None:
    with writing(desk.engine) as session:
        for n in range(70):
            record(session, "service", "subject.retry", purpose=f"p{n}", now=NOW)
    first = desk.get("auditor", "/console/audit?action=subject.retry").text
    following = re.search(r'class="next" href="([^"]+)"', first)
    assert following is not None
    second = desk.get("auditor", following[1].replace("&amp;", "&")).text

    assert rows_of(first) == 50
    assert rows_of(second) == 20
    assert "p69" in first
    assert "p19" in second


def test_details_are_told_in_words_and_as_recorded(desk: Desk) -> None:
    with writing(desk.engine) as session:
        admin = accounts.actor_by_login(session, "admin", "10.0.0.7")
        accounts.change_officer(session, admin, 1, role=Role.OFFICE_HEAD, office_id=2, settings=SETTINGS, now=NOW)
        register.change_office(session, admin, 1, name="新名", name_en="", now=NOW)
        register.change_status(session, None, 1, status=SubjectStatus.CUSTODY, since=NOW, rules=SETTINGS.rules, now=NOW)
    chinese, english = (desk.get("auditor", "/console/audit", language=language).text for language in ("zh", "en"))

    assert re.search(r"原状态.*?在矫.*?现状态.*?被限制人身自由", chinese, re.DOTALL)
    for word in ("司法所所长", "第1司法所", "10.0.0.7", "新名"):
        assert word in chinese
    assert "office head" in english
    assert "officer.change {" in chinese


def test_a_table_can_be_taken_along(desk: Desk) -> None:
    answer = desk.get("auditor", "/console/audit/events.csv?action=device.enrol")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert [row[3:6] for row in rows] == [["操作", "操作代码", "对象"], ["登记定位设备", "device.enrol", "S1"]]
    assert rows[1][8] == "定位设备：phone-1"
    assert len(rows[1][-1]) == 64


def test_the_chain_is_checked_and_its_end_told(desk: Desk) -> None:
    with reading(desk.engine) as session:
        last = head(session)
    whole = desk.post("auditor", "/console/audit/verify", {"kept_head": last}).text
    cut = desk.post("auditor", "/console/audit/verify", {"kept_head": "0" * 64}).text

    assert "审计链完整" in whole
    assert "此前保存的哈希仍在链中" in whole
    assert last in whole
    assert "审计链有 1 处问题" in cut


def test_random_moments_of_a_day_that_is_over_are_derived_again_and_it_is_recorded(desk: Desk) -> None:
    form = desk.get("auditor", "/console/audit/moments").text
    day = (NOW - timedelta(days=1)).date()
    assert f'value="{day}"' in form

    answer = desk.post("auditor", "/console/audit/moments", {"day": day.isoformat()})
    assert answer.status_code == 200
    assert "个时刻" in answer.text
    assert rows_of(desk.get("auditor", "/console/audit?action=checks.rederive").text) == 1
    assert desk.post("auditor", "/console/audit/moments", {"day": NOW.date().isoformat()}).status_code == 422
    assert desk.post("auditor", "/console/audit/moments", {"day": ""}).status_code == 422
    for login in ("liming", "admin", "bureau"):
        assert desk.get(login, "/console/audit/moments").status_code == 403
        assert desk.post(login, "/console/audit/moments", {"day": day.isoformat()}).status_code == 403


def test_the_trail_of_another_bureau_is_not_told(desk: Desk) -> None:
    with writing(desk.engine) as session:
        other = register.create_bureau(session, None, code="XX", name="他局", now=NOW)
        office = register.create_office(session, None, bureau_id=other.id, code="XX0", name="他所", now=NOW)
        officer = accounts.create_officer(session, None, office_id=office.id, login="ta", name="他人", role=Role.OFFICER, now=NOW)
        record(session, "他人", "login", detail={"officer_id": officer.id}, now=NOW)

    assert rows_of(desk.get("auditor", "/console/audit?who=他人").text) == 0


# ---- words


def test_every_action_of_the_code_has_its_words() -> None:
    acts = set(_actions())

    assert len(acts) > 60
    assert acts - set(ACTIONS) == set()
    assert {group(action) for action in ACTIONS} == set(GROUPS)
    for zh, en in ACTIONS.values():
        assert zh
        assert en


def test_every_detail_of_the_code_has_its_words() -> None:
    keys = set(_details()) | DYNAMIC

    assert len(keys) > 60
    assert keys - set(NAMES) == set()


def test_details_say_what_they_mean() -> None:
    told = dict(
        _said("leave.request", {"officer_id": 7, "kind": "leave", "from": "2026-03-02T01:00:00+00:00", "rank": "office", "x": None})
    )
    assert told == {"kind": "leave", "from": "2026-03-02 01:00", "decided by": "the office"}
    assert dict(_said("subject.change", {"officer_id": 7, "level": "strict", "minor": True})) == {
        "officer": "Li", "level": "strict", "minor": "yes",
    }  # fmt: skip
    assert dict(_said("leave.report", {"kind": "arrival"})) == {"kind": "arrival"}
    assert dict(_said("location.read", {"scope": {"offices": [1, 2]}, "subjects": [3]})) == {"scope": "One, 2"}
    assert dict(_said("location.read", {"scope": {"bureau": 1}})) == {"scope": "all of the bureau"}
    assert dict(_said("register.import", {"offices": 3, "register": "offices"})) == {"offices": "3", "register": "offices"}
    assert dict(_said("authority.grant", {"basis": "article29.2"}))["basis"].endswith("ground (2)")
    assert dict(_said("new.kind", {"unheard": "of"})) == {"unheard": "of"}


def _said(action: str, detail: dict[str, object]) -> Iterator[tuple[str, str]]:
    for pair in pairs(action, detail, {1: "One"}, {7: "Li"}):
        yield pair.name[1], pair.said[1] if pair.at is None else f"{pair.at:%Y-%m-%d %H:%M}"


RECORDERS = ("record", "record_by")


def _trees() -> Iterator[ast.Module]:
    for path in CODE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(f"{name}(" in text for name in RECORDERS):
            yield ast.parse(text)


def _recordings(tree: ast.AST, names: tuple[str, ...] = RECORDERS) -> list[ast.Call]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) in names]


def _actions() -> Iterator[str]:
    """The actions that are recorded; where one is recorded by a name, whatever its file hands on or calls by a name that could be one."""
    for tree in _trees():
        acts = [call.args[2] for call in _recordings(tree) if len(call.args) > 2]
        yield from (act.value for act in acts if isinstance(act, ast.Constant))
        if not all(isinstance(act, ast.Constant) for act in acts):
            handed = [arg for node in ast.walk(tree) if isinstance(node, ast.Call) for arg in node.args]
            handed += [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)]
            texts = (one.value for one in handed if isinstance(one, ast.Constant) and isinstance(one.value, str))
            yield from (text for text in texts if re.fullmatch(r"[a-z_]+\.[a-z_]+", text))


def _details() -> Iterator[str]:
    """The keys of what is recorded as detail, given as such or put together under that name before, and of what is handed on as detail."""
    for tree in _trees():
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            calls = _recordings(function, (*RECORDERS, "_step"))
            parts: list[ast.AST] = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "detail"]
            for node in ast.walk(function) if calls else ():
                if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
                    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                    parts += [node.value] if isinstance(target, ast.Name) and target.id in ("detail", "told") else []
            dicts = (one for part in parts for one in ast.walk(part) if isinstance(one, ast.Dict))
            yield from (key.value for one in dicts for key in one.keys if isinstance(key, ast.Constant))
