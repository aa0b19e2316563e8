"""Other systems that may send reports for the devices of the bureau. A credential is shown once and stored as a hash."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import Given, PathId, Shown, Text
from corrections.records import gateways

router = APIRouter(prefix="/gateways", tags=["gateways"])


class GatewayShown(Shown):
    id: int
    name: str
    active: bool


class NewGateway(Given):
    name: Text = Field(min_length=1, max_length=200)


class GatewayMade(Shown):
    gateway: GatewayShown
    credential: str = Field(description="What the system authenticates itself with. It is not shown again.")


@router.get("", summary="The bureau's gateways")
def list_gateways(call: Calling) -> list[GatewayShown]:
    """For the administrator."""
    with call.reading() as session:
        return [GatewayShown.model_validate(row) for row in gateways.gateways_of(session, call.actor, call.actor.bureau_id)]


@router.post("", status_code=201, summary="Let another system send reports")
def create_gateway(given: NewGateway, call: Calling) -> GatewayMade:
    """By the administrator."""
    with call.writing() as session:
        gateway, credential = gateways.create_gateway(session, call.actor, call.actor.bureau_id, name=given.name, now=call.now)
        return GatewayMade(gateway=GatewayShown.model_validate(gateway), credential=credential)


@router.post("/{gateway_id}/revoke", summary="End a gateway")
def revoke_gateway(gateway_id: PathId, call: Calling) -> GatewayShown:
    """Its credential is refused from now on."""
    with call.writing() as session:
        return GatewayShown.model_validate(gateways.revoke_gateway(session, call.actor, gateway_id, now=call.now))
