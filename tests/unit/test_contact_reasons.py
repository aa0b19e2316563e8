"""What is said of contact and of phones."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from corrections.domain.causes import Cause, Circumstances, Filled, Said, Why
from corrections.domain.contact import Spell
from corrections.domain.contact_reasons import CAUSES, NOTICES, contact_reason, notice_text, phone_reason
from corrections.domain.model import ClientState, NoticeKind, Recipient, Rule

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3_600_000_000
LASTING, OVER = Spell(Rule.SILENCE, 0, HOUR, None), Spell(Rule.SILENCE, 0, HOUR, 5 * HOUR)


def reason(spell: Spell, cause: Cause, said: Said | None = None, filled: Filled | None = None) -> tuple[str, str]:
    return contact_reason(spell, HOUR, Why(cause, Circumstances(said or Said(), filled=filled)), SHANGHAI)


@pytest.mark.parametrize("cause", list(Cause))
def test_silence_is_told_without_an_accusation(cause: Cause) -> None:
    zh, en = reason(LASTING, cause)

    assert zh.startswith("自 1970-01-01 08:00 起设备没有任何联系，1970-01-01 09:00 超过允许的 1 小时。")
    assert en.startswith("No contact from the device since 1970-01-01 08:00; at 1970-01-01 09:00 that passed the 1 h allowed. ")
    assert zh.endswith("本身不说明违规。")
    assert en.endswith("By itself it proves no breach.")


def test_each_cause_has_its_sentence() -> None:
    assert set(CAUSES) == set(Cause)
    assert len({zh for zh, _ in CAUSES.values()}) == len({en for _, en in CAUSES.values()}) == len(Cause)


def test_what_the_phone_last_said_is_told() -> None:
    zh, en = reason(LASTING, Cause.BATTERY_EMPTY, Said(9.0, False))

    assert "很可能是没电。最后所知：电量 9%。" in zh
    assert "it is probably empty. Last known: battery 9%. By itself" in en


def test_a_battery_on_the_cable_and_power_saving_are_told() -> None:
    zh, en = reason(LASTING, Cause.UNKNOWN, Said(40.0, True, ClientState.POWER_SAVE))

    assert "最后所知：电量 40%（充电中），省电模式。" in zh
    assert "Last known: battery 40%, charging, power-save mode. " in en


def test_a_track_that_was_uploaded_later_is_complete() -> None:
    zh, en = reason(OVER, Cause.BUFFERED, filled=Filled(28, 0.98))

    assert "没有任何联系，1970-01-01 13:00 恢复，" in zh
    assert "轨迹现已完整，覆盖 98% 的时间（28 次定位）。" in zh
    assert "until 1970-01-01 13:00; at" in en
    assert "It was out of contact, and the phone uploaded its fixes later. The track is now complete: 98% of the time (28 fixes)." in en


def test_a_track_that_was_filled_in_part_is_not_called_complete() -> None:
    zh, en = reason(OVER, Cause.UNKNOWN, filled=Filled(3, 0.3))

    assert "轨迹部分补全，覆盖 30% 的时间（3 次定位）。" in zh
    assert "in part filled: 30% of the time (3 fixes)" in en


def test_an_app_that_said_it_stops_is_told_apart_from_one_that_was_off() -> None:
    assert "已停止定位" in reason(LASTING, Cause.APP_STOPPED, Said(state=ClientState.STOPPED))[0]
    assert "很可能已关闭" in reason(OVER, Cause.APP_STOPPED, Said(80.0), Filled(0, 0.0))[0]


def test_contact_without_a_position_is_another_matter() -> None:
    blind = Spell(Rule.NO_POSITION, 0, HOUR, None)

    zh, en = reason(blind, Cause.PERMISSION_OFF, Said(state=ClientState.PERMISSION_OFF))

    assert zh.startswith("自 1970-01-01 08:00 起设备有联系但没有位置，")
    assert "定位程序报告：定位权限已关闭。" in zh
    assert en.startswith("In contact but without a position since ")
    assert "可能是定位权限被关闭或没有信号。" in reason(blind, Cause.UNKNOWN)[0]


@pytest.mark.parametrize(
    ("rule", "zh_part", "en_part"),
    [
        (Rule.LOW_BATTERY, "起手机电量低（9%），已提醒本人，1970-01-01 12:00 已持续 4 小时。", "The battery has been low (9%) since"),
        (Rule.PERMISSION_OFF, "起定位程序报告定位权限已关闭，已提醒本人，", "The app has said that it may not read the location since"),
    ],
)
def test_a_phone_that_is_not_as_it_should_be_is_told_without_an_accusation(rule: Rule, zh_part: str, en_part: str) -> None:
    zh, en = phone_reason(Spell(rule, 0, 4 * HOUR, None), 4 * HOUR, 9.0, SHANGHAI)

    assert zh_part in zh
    assert en_part in en
    assert zh.endswith("本身不说明违规。")
    assert en.endswith("By itself it proves no breach.")


def test_the_end_of_a_low_battery_is_told() -> None:
    zh, en = phone_reason(Spell(Rule.LOW_BATTERY, 0, 4 * HOUR, 6 * HOUR), 4 * HOUR, None, SHANGHAI)

    assert "起手机电量低，1970-01-01 14:00 恢复，" in zh
    assert "has been low since 1970-01-01 08:00, until 1970-01-01 14:00." in en


@pytest.mark.parametrize(("kind", "recipient"), list(NOTICES))
def test_a_notice_says_since_when(kind: NoticeKind, recipient: Recipient) -> None:
    zh, en = notice_text(kind, recipient, 0, SHANGHAI)

    assert "1970-01-01 08:00" in zh
    assert "1970-01-01 08:00" in en


def test_a_search_is_proposed_and_not_ordered() -> None:
    zh, en = notice_text(NoticeKind.SEARCH, Recipient.OFFICE_HEAD, 0, SHANGHAI)

    assert "建议组织查找" in zh
    assert "请决定" in zh
    assert "A search is proposed" in en
