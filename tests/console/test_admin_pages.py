"""Administration in the console: offices, gateways, the outbox, how the service is, settings in force, the roster."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from corrections.console.app import console_app
from corrections.settings import Settings
from corrections.settings.notify import Channel, Notify
from corrections.settings.shown import HIDDEN, Value, shown_settings
from corrections.store.database import reading, writing
from corrections.store.tables import Absence, AuditEvent, Duty, Gateway, Notice, Office, OutboxMessage
from tests.console.desk import Desk
from tests.review.scene import HOUR, NOW

PAGES = {
    "": ("admin", "bureau", "head"), "/accounts": ("admin",), "/accounts/1": ("admin",), "/offices": ("admin",), "/gateways": ("admin",),
    "/import": ("admin", "bureau", "head"), "/import/blank.csv?kind=duties": ("admin", "bureau", "head"),
    "/outbox": ("admin", "bureau", "head"), "/settings": ("admin", "bureau", "head"), "/settings?find=silence": ("admin", "bureau", "head"),
    "/condition": ("admin",), "/roster": ("admin", "bureau", "head"),
}  # fmt: skip
TODAY = date(2026, 3, 2)


def named(desk: Desk, table: Any, **which: Any) -> Any:
    from sqlmodel import select

    with reading(desk.engine) as session:
        found = session.exec(select(table).filter_by(**which)).first()
        if found is not None:
            session.expunge(found)
        return found


@pytest.mark.parametrize("page", PAGES)
def test_it_is_for_those_who_keep_and_speaks_both_languages(desk: Desk, page: str) -> None:
    for login in ("admin", "bureau", "head", "liming", "auditor"):
        expected = 200 if login in PAGES[page] else 403
        assert desk.get(login, f"/console/admin{page}").status_code == expected, login
    assert desk.get("admin", f"/console/admin{page}", language="en").status_code == 200


def test_heads_are_not_shown_the_way_to_what_they_may_not_open(desk: Desk) -> None:
    links = set(re.findall(r'href="(/console/admin[^"]*)"', desk.get("head", "/console/admin").text))

    assert "/console/admin/roster" in links
    assert not links & {"/console/admin/accounts", "/console/admin/gateways", "/console/admin/condition", "/console/admin/offices"}


# ---- offices and gateways


def test_an_office_is_made_and_renamed(desk: Desk) -> None:
    assert desk.post("admin", "/console/admin/offices", {"code": "N7", "name": "七所"}).status_code == 303
    made = named(desk, Office, code="N7")
    assert desk.post("admin", "/console/admin/offices", {"office": made.id, "name": "新七所"}).status_code == 303
    assert named(desk, Office, code="N7").name == "新七所"
    assert desk.post("head", "/console/admin/offices", {"code": "N8", "name": "八所"}).status_code == 403


def test_a_gateway_is_added_with_a_credential_shown_once_and_ended(desk: Desk) -> None:
    made = desk.post("admin", "/console/admin/gateways", {"name": "省平台"})
    credential = re.search(r'class="once"><code lang="zxx">([^<]+)<', made.text)

    assert credential is not None
    assert credential[1] not in desk.get("admin", "/console/admin/gateways").text
    assert desk.post("admin", "/console/admin/gateways", {"name": "省平台"}).status_code == 409
    assert desk.post("admin", "/console/admin/gateways/1/revoke").status_code == 303
    assert not named(desk, Gateway).active
    assert desk.post("bureau", "/console/admin/gateways", {"name": "x"}).status_code == 403


# ---- outbox


def a_message(desk: Desk, **changes: Any) -> None:
    with writing(desk.engine) as session:
        told = {"recipient": "officer", "kind": "escalated", "text_zh": "秘密", "text_en": "secret", "at": NOW}
        session.add(Notice(id=900, bureau_id=1, office_id=1, officer_id=1, **told))
        session.flush()
        terms: dict[str, Any] = {
            "bureau_id": 1, "key": "k", "channel": "mail", "officer_id": 1, "notice_id": 900, "severity": "high", "reference": "V-1",
            "text_zh": "秘密", "text_en": "secret", "created_at": NOW - HOUR, "attempts": 6, "given_up_at": NOW, "last_error": "refused",
        } | changes  # fmt: skip
        session.add(OutboxMessage(**terms))


def test_what_could_not_be_sent_is_shown_without_its_text_and_sent_again(desk: Desk) -> None:
    a_message(desk)
    page = desk.get("bureau", "/console/admin/outbox?state=given_up").text

    for word in ("已放弃", "liming名", "V-1", "refused", "重发"):
        assert word in page
    assert "秘密" not in page
    assert "V-1" not in desk.get("bureau", "/console/admin/outbox?state=sent").text
    assert "V-1" not in desk.get("head", "/console/admin/outbox").text  # it is not to her
    assert desk.post("head", "/console/admin/outbox/1/retry").status_code == 403
    assert desk.post("admin", "/console/admin/outbox/1/retry").status_code == 303
    assert named(desk, OutboxMessage).given_up_at is None
    assert "等待发送" in desk.get("admin", "/console/admin/outbox").text or "重试中" in desk.get("admin", "/console/admin/outbox").text


def test_what_was_sent_is_not_sent_again(desk: Desk) -> None:
    a_message(desk, sent_at=NOW, given_up_at=None)

    answer = desk.post("admin", "/console/admin/outbox/1/retry")
    assert answer.status_code == 409
    assert "已发送" in answer.text


def test_a_channel_that_is_not_there_cannot_be_tried(desk: Desk) -> None:
    answer = desk.post("admin", "/console/admin/channels/mail/test", {"address": "a@b.example"})

    assert answer.status_code == 404
    assert "没有名为 mail 的通知渠道" in answer.text


def test_channels_are_shown_with_what_leaves_the_bureau(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = Channel(name="hook", url="jsons://hooks.bureau.lan/x?:to={address}")
    app = console_app(desk.engine, Settings(notify=Notify(channels=(channel,))))
    monkeypatch.setattr(desk.client, "app", app)
    monkeypatch.setattr(desk.client._transport, "app", app)

    page = desk.get("admin", "/console/admin/outbox").text
    assert "hook" in page
    assert "局外，只含事项和编号" in page
    assert 'name="to-hook"' in desk.get("admin", "/console/admin/accounts/1").text


# ---- how the service is, and its settings


def test_how_the_service_is_is_told_without_people(desk: Desk) -> None:
    chinese, english = (desk.get("admin", "/console/admin/condition", language=language).text for language in ("zh", "en"))

    for word in ("SQLite", "磁盘剩余", "监测运行", "与本版程序一致"):
        assert word in chinese
    assert "The watch has not run yet." in english
    assert "S1" not in chinese
    assert "liming" not in chinese


def test_settings_say_what_they_mean_and_hide_secrets(desk: Desk) -> None:
    page = desk.get("admin", "/console/admin/settings").text
    assert "rules.boundary" in page
    assert "rules.toml" in page
    assert "sqlite:///" not in desk.get("admin", "/console/admin/settings?section=database_url").text
    assert "raise_share" not in desk.get("admin", "/console/admin/settings?section=false_alarms").text
    assert "remark_share" in desk.get("admin", "/console/admin/settings?find=remark").text
    assert "没有这样的设置" in desk.get("admin", "/console/admin/settings?find=nosuchthing").text


def value(told: Any, name: str) -> Value:
    section = re.split(r"[.\[]", name)[0]
    return next(one for one in told[section] if one.name == name)


def test_where_a_value_comes_from_and_since_when_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORRECTIONS_QUEUE__CLAIM_MINUTES", "3")
    monkeypatch.setenv("CORRECTIONS_SERVICE__SESSION_HOURS", "9")
    settings = Settings(database_url="postgresql://u:secret@h/d")
    told = shown_settings(settings, TODAY)

    assert value(told, "service.session_hours") == replace(
        value(told, "service.session_hours"), value="9.0" if "." in value(told, "service.session_hours").value else "9",
        source="CORRECTIONS_SERVICE__SESSION_HOURS",
    )  # fmt: skip
    assert value(told, "database_url").value == HIDDEN
    assert value(told, "false_alarms.remark_decided").source == "measures.toml"
    assert "decided" in value(told, "false_alarms.remark_decided").meaning
    dated = [one for part in told.values() for one in part if one.since is not None]
    assert dated
    assert all(one.in_force for one in dated if one.name.startswith("queue.deadlines") and len(settings.queue.deadlines) == 1)
    assert not [one for part in told.values() for one in part if one.value == HIDDEN and one.word == "key"]


def test_of_dated_entries_the_last_that_has_begun_is_in_force() -> None:
    from corrections.settings.shown import _held

    entries: list[dict[str, Any]] = [{"valid_from": "2020-01-01"}, {"valid_from": "2026-03-02"}, {"valid_from": "2026-04-01"}]
    assert [_held(entries, "", one["valid_from"], TODAY)[1] for one in entries] == [False, True, False]
    ahead: list[dict[str, Any]] = [{"name": "a", "valid_from": "2027-01-01"}, {"name": "b", "valid_from": "2020-01-01"}]
    assert _held(ahead, "a", "2027-01-01", TODAY) == (date(2027, 1, 1), True)


# ---- roster


def test_a_duty_and_an_absence_are_planned_and_ended(desk: Desk) -> None:
    span = {"starts_at": "2026-03-03T18:00", "ends_at": "2026-03-04T08:00", "officer": "1"}
    assert desk.post("head", "/console/admin/roster", span | {"what": "duty", "office": "1"}).status_code == 303
    assert desk.post("head", "/console/admin/roster", span | {"what": "absence", "reason": "年休假"}).status_code == 303
    duty, absence = named(desk, Duty), named(desk, Absence)
    assert desk.post("head", "/console/admin/roster", {"cancel_duty": duty.id}).status_code == 303
    assert desk.post("head", "/console/admin/roster", {"end_absence": absence.id}).status_code == 303
    assert named(desk, Duty).revoked_at is not None
    assert desk.post("head", "/console/admin/roster", {"what": "duty", "officer": "1"}).status_code == 422
    assert named(desk, AuditEvent, action="absence.end").actor == "head名"
