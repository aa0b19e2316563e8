"""What goes over a channel that leaves the bureau: a kind and a reference, and nothing about a person."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import delete

from corrections.domain.model import NoticeKind, Recipient, Severity
from corrections.store.database import writing
from corrections.store.tables import Notice, Officer, OutboxMessage, Subject
from tests.notify.scene import TEXT, Post, deliver, notice, through
from tests.review.scene import NOW

SECRET = ("对象S1", "13800138000", "liming名", "30.1")
HERS = [kind for kind in NoticeKind if kind is not NoticeKind.CHECK_IN]
# Characters that no text of the service's own holds, so that whatever of them comes out came from a person.
NAMES = st.text("龘靐齉爩鱻麤龗", min_size=2, max_size=6)
NOUNS = st.sampled_from(["round", "x"])
NUMBERS = st.from_regex(r"9[3-7]{9}", fullmatch=True)


def test_outside_only_the_kind_and_a_reference_arrive(office: Engine, post: Post) -> None:
    notice(office)

    done = deliver(office, through(post.url))

    (body,) = post.got
    assert (done.sent, done.failed) == (1, 0)
    assert body["message"] == "社区矫正系统提醒：\n提醒 1：有违规待您核查\n请登录系统查看。"
    assert body["to"] == "liming-desk"
    assert not [word for word in SECRET if word in json.dumps(body, ensure_ascii=False)]


@given(
    name=NAMES, number=NUMBERS, phone=NUMBERS, officer=NAMES, kind=st.sampled_from(list(NoticeKind)), noun=st.sampled_from(["round", "x"])
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whoever_it_is_about_nothing_of_her_leaves(
    small_office: Engine, name: str, number: str, phone: str, officer: str, kind: NoticeKind, noun: str
) -> None:
    said: list[str] = []
    with writing(small_office) as session:
        session.execute(delete(OutboxMessage))
        session.execute(delete(Notice))
        subject, liming = session.get_one(Subject, 1), session.get_one(Officer, 1)
        subject.name, subject.number, subject.phone, liming.name = name, number, phone, officer
    whole = f"{officer} {name} {number} {phone} 30.25"
    for severity in (Severity.LOW, Severity.GRAVE):
        notice(small_office, kind, text=(whole, whole), severity=severity, about=f"{noun}:{name}")
        if kind in HERS:  # of a check-in she gets the notice's own text, with the link in it
            notice(small_office, kind, text=(whole, whole), severity=severity, recipient=Recipient.SUBJECT, officer_id=None)
    terms = through(
        recipients=tuple(Recipient), languages=("zh", "en"), digest_severities=("low",), digest_at=("09:00",), severities=tuple(Severity)
    )

    deliver(small_office, terms, NOW, lambda parcel: said.append(parcel.text))

    assert len(said) == (4 if kind in HERS else 2)
    told = "".join(said)
    assert not [secret for secret in (name, number, phone, officer, "30.25") if secret in told]


def test_a_check_in_is_asked_for_by_its_link(small_office: Engine) -> None:
    said: list[str] = []
    link = ("请打开此链接签到：https://x/c/abc", "Please check in: https://x/c/abc")
    notice(small_office, NoticeKind.CHECK_IN, text=link, recipient=Recipient.SUBJECT, officer_id=None)

    deliver(small_office, through(recipients=("subject",)), send=lambda parcel: said.append(parcel.text))

    assert said == [link[0]]


def test_inside_the_notice_itself_arrives(office: Engine, post: Post) -> None:
    notice(office)

    deliver(office, through(post.url, inside=True, languages=("en", "zh")))

    (body,) = post.got
    assert body["title"] == "Community corrections"
    assert [text for text in (TEXT[1], TEXT[0]) if text in body["message"]] == [TEXT[1], TEXT[0]]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_digest_lists_references(small_office: Engine, language: str) -> None:
    said: list[str] = []
    for number in (4, 5):
        notice(small_office, NoticeKind.ROUND_OPENED, severity=Severity.LOW, about=f"round:{number}")
    terms = through(languages=(language,), digest_severities=("low",), digest_at=("09:00",))

    deliver(small_office, terms, NOW, lambda parcel: said.append(parcel.text))

    head, first, second, tail = said[0].split("\n")
    assert "2" in head
    assert (first, second) == {
        "zh": ("定位核查 4：有定位核查待完成", "定位核查 5：有定位核查待完成"),
        "en": ("check round 4: a check round waits", "check round 5: a check round waits"),
    }[language]
    assert tail
