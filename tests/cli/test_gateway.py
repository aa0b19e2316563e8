"""``corrections user gateway``: other systems from the command line."""

from __future__ import annotations

from sqlalchemy import Engine

from corrections.ingest.message import Sender
from corrections.ingest.writer import Ingest
from corrections.settings import Settings
from tests.cli.conftest import Run


def known(database: Engine, credential: str) -> bool:
    return Ingest(database, Settings()).take_now(Sender((credential,)), "system", []).authentic


def test_a_system_is_known_by_the_credential_shown(founded: Run, database: Engine) -> None:
    said = founded("user", "gateway", "add", "省平台", "--json")

    assert known(database, said.json["credential"])
    assert founded("user", "gateway", "list", "--json").json == [{"id": said.json["id"], "name": "省平台", "active": True}]


def test_a_revoked_system_is_refused(founded: Run, database: Engine) -> None:
    said = founded("user", "gateway", "add", "省平台", "--json")

    founded("user", "gateway", "revoke", said.json["id"])

    assert not known(database, said.json["credential"])
    assert "省平台" in founded("user", "gateway", "list").out
