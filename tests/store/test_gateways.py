"""Gateways: kept by the administrator, known by a credential that is shown once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from corrections.domain.model import Role
from corrections.errors import Conflict, Forbidden, Invalid, NotFound
from corrections.ingest.message import Sender
from corrections.ingest.writer import Ingest
from corrections.records import gateways, register
from corrections.settings import Settings
from corrections.store.access import Actor
from corrections.store.credentials import hash_credential
from corrections.store.database import writing

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def session(database: Engine) -> Session:
    with writing(database) as session:
        for code in ("YX", "QT"):
            bureau = register.create_bureau(session, None, code=code, name="区司法局", now=NOW)
            register.create_office(session, None, bureau_id=bureau.id, code=code, name="所", now=NOW)
        yield session


def actor(role: Role, bureau_id: int = 1) -> Actor:
    return Actor(7, "李明", role, office_id=bureau_id, bureau_id=bureau_id)


def test_a_gateway_is_known_by_a_credential_that_is_stored_hashed(session: Session) -> None:
    gateway, credential = gateways.create_gateway(session, actor(Role.ADMINISTRATOR), 1, name="省平台", now=NOW)

    assert gateway.credential_hash == hash_credential(credential)
    assert [g.name for g in gateways.gateways_of(session, None, 1)] == ["省平台"]


def test_a_revoked_gateway_is_refused(database: Engine) -> None:
    with writing(database) as session:
        register.create_bureau(session, None, code="YX", name="区司法局", now=NOW)
        gateway, credential = gateways.create_gateway(session, None, 1, name="省平台", now=NOW)
    ingest = Ingest(database, Settings())
    assert ingest.take_now(Sender((credential,)), "system", []).authentic

    with writing(database) as session:
        gateways.revoke_gateway(session, None, gateway.id, now=NOW)

    assert not ingest.take_now(Sender((credential,)), "system", []).authentic


def test_a_name_is_given_once_in_a_bureau(session: Session) -> None:
    gateways.create_gateway(session, None, 1, name="省平台", now=NOW)
    gateways.create_gateway(session, None, 2, name="省平台", now=NOW)

    with pytest.raises(Conflict):
        gateways.create_gateway(session, None, 1, name=" 省平台 ", now=NOW)
    with pytest.raises(Invalid):
        gateways.create_gateway(session, None, 1, name=" ", now=NOW)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OFFICE_HEAD, Role.BUREAU, Role.AUDITOR])
def test_gateways_are_the_administrators(session: Session, role: Role) -> None:
    with pytest.raises(Forbidden):
        gateways.create_gateway(session, actor(role), 1, name="省平台", now=NOW)


def test_another_bureaus_gateways_are_out_of_reach(session: Session) -> None:
    gateway, _ = gateways.create_gateway(session, None, 2, name="省平台", now=NOW)

    with pytest.raises(NotFound):
        gateways.revoke_gateway(session, actor(Role.ADMINISTRATOR), gateway.id, now=NOW)
    with pytest.raises(NotFound):
        gateways.gateways_of(session, actor(Role.ADMINISTRATOR), 2)
