"""Gateways: other systems that send reports for the devices of one bureau, each with a credential of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from corrections.errors import Conflict, Invalid, NotFound
from corrections.records.audit import record_by
from corrections.store.access import Action, Actor
from corrections.store.credentials import hash_credential, new_credential
from corrections.store.tables import Bureau, Gateway


def create_gateway(session: Session, actor: Actor | None, bureau_id: int, *, name: str, now: datetime) -> tuple[Gateway, str]:
    """A gateway and its credential, which is shown this once and stored as a hash. Kept by the administrator.

    Raises Invalid, Conflict (the bureau has one of this name), Forbidden, NotFound.
    """
    _keeper(session, actor, bureau_id)
    name = name.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise Invalid("A gateway has a name of 1 to 200 printable characters.", "请填写系统名称（1 至 200 个可见字符）。", field="name")
    if session.exec(select(Gateway).where(Gateway.bureau_id == bureau_id, Gateway.name == name)).first() is not None:
        raise Conflict(f"There is a gateway {name} already.", f"已有名为 {name} 的接入系统。", field="name")
    credential = new_credential()
    gateway = Gateway(bureau_id=bureau_id, name=name, credential_hash=hash_credential(credential))
    session.add(gateway)
    session.flush()
    record_by(session, actor, "gateway.create", detail={"gateway": name}, now=now)
    return gateway, credential


def revoke_gateway(session: Session, actor: Actor | None, gateway_id: int, *, now: datetime) -> Gateway:
    """End a gateway: its credential is refused from now on. Raises Forbidden, NotFound."""
    gateway = session.get(Gateway, gateway_id)
    if gateway is None or (actor is not None and actor.bureau_id != gateway.bureau_id):
        raise NotFound(f"There is no gateway {gateway_id} in your bureau.", f"本局没有编号 {gateway_id} 的接入系统。")
    _keeper(session, actor, gateway.bureau_id)
    gateway.active = False
    record_by(session, actor, "gateway.revoke", detail={"gateway": gateway.name}, now=now)
    return gateway


def gateways_of(session: Session, actor: Actor | None, bureau_id: int) -> Sequence[Gateway]:
    """A bureau's gateways, ended ones included. Raises Forbidden, NotFound."""
    _keeper(session, actor, bureau_id)
    return session.exec(select(Gateway).where(Gateway.bureau_id == bureau_id).order_by(col(Gateway.id))).all()


def _keeper(session: Session, actor: Actor | None, bureau_id: int) -> None:
    if actor is not None:
        actor.require(Action.WRITE_ACCOUNTS)
    if session.get(Bureau, bureau_id) is None or (actor is not None and actor.bureau_id != bureau_id):
        raise NotFound(f"There is no bureau {bureau_id} within your reach.", f"您的管理范围内没有编号 {bureau_id} 的司法局。")
