"""``corrections own``: links and objections from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from corrections.domain.casework import ObjectedTo
from corrections.errors import LinkEnded
from corrections.records import objections, own
from corrections.settings import Settings
from corrections.store.access import Own
from corrections.store.database import reading, writing
from tests.cli.conftest import NOW, Run


def test_a_link_opens_and_its_code_is_drawn(founded: Run, database: Engine) -> None:
    said = founded("own", "link", "S1", "--as", "liming", "--address", "https://jz.example", "--svg", "code.svg")

    assert said.code == 0
    address = said.out.splitlines()[0]
    assert address.startswith("https://jz.example/me/")
    assert "█" in said.out or "▄" in said.out
    assert Path("code.svg").read_text(encoding="utf-8").startswith("<svg")
    with reading(database) as session:
        assert own.own_by_token(session, address.rpartition("/")[2], NOW) == Own(1)


def test_a_link_is_ended_by_hand(founded: Run, database: Engine) -> None:
    made = founded("own", "link", "S1", "--json").json

    assert "1" in founded("own", "revoke", "S1", "--as", "liming").out
    with reading(database) as session, pytest.raises(LinkEnded):
        own.own_by_token(session, made["address"].rpartition("/")[2], NOW)


def test_objections_are_listed_and_answered(founded: Run, database: Engine) -> None:
    with writing(database) as session:
        objections.object_(session, Own(1), 1, about=ObjectedTo.OTHER, text="不同意", settings=Settings(), now=NOW)

    assert [row["text"] for row in founded("own", "objections", "--as", "wangfang", "--json").json] == ["不同意"]
    refused = founded("own", "answer", "1", "--as", "liming", "--outcome", "upheld", "--text", "好")
    assert refused.code == 1
    assert founded("own", "answer", "1", "--as", "wangfang", "--outcome", "upheld", "--text", "好").code == 0
    assert founded("own", "objections", "--json").json == []
    assert "upheld" in founded("own", "objections", "--all").out


def test_nobody_makes_a_link_for_whom_she_does_not_reach(founded: Run) -> None:
    assert founded("own", "link", "S9").code == 1
    assert founded("own", "link", "S1", "--as", "nobody").code == 1
