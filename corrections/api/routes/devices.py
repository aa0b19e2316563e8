"""定位设备: phones and bands. A credential is shown once and stored as a hash."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from corrections.api.context import Calling
from corrections.api.models import Given, PathId, Shown, Text
from corrections.domain.model import Datum
from corrections.records import directory, register

router = APIRouter(tags=["devices"])
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Interval = Annotated[int, Field(ge=10, le=86_400, description="Seconds between two expected reports.")]


class DeviceShown(Shown):
    id: int
    subject_id: int
    identifier: str
    client: str
    datum: Datum
    interval_s: int
    active: bool


class Enrolled(Shown):
    device: DeviceShown
    credential: str = Field(description="What the device authenticates itself with. It is not shown again.")


class NewDevice(Given):
    identifier: Name
    client: Text = Field("", max_length=200)
    datum: Datum = Field(Datum.WGS84, description="Of the positions that it sends.")
    interval_s: Interval = 600


@with_config(ConfigDict(extra="forbid"))
class DeviceChange(TypedDict, total=False):
    """What is left out stays as it is."""

    client: Annotated[Text, Field(max_length=200)]
    datum: Datum
    interval_s: Interval


@router.get("/subjects/{subject_id}/devices", summary="A subject's devices")
def list_devices(subject_id: PathId, call: Calling) -> list[DeviceShown]:
    with call.reading() as session:
        return [DeviceShown.model_validate(row) for row in directory.devices_of(session, call.actor, subject_id)]


@router.post("/subjects/{subject_id}/devices", status_code=201, summary="Enrol a device")
def enrol_device(subject_id: PathId, given: NewDevice, call: Calling) -> Enrolled:
    """From now on the subject's silence is watched."""
    with call.writing() as session:
        rules = call.settings.rules
        device, credential = register.enrol_device(session, call.actor, subject_id, **given.model_dump(), rules=rules, now=call.now)
        session.flush()
        return Enrolled(device=DeviceShown.model_validate(device), credential=credential)


@router.patch("/devices/{device_id}", summary="Change a device")
def change_device(device_id: PathId, given: Annotated[DeviceChange, Body()], call: Calling) -> DeviceShown:
    with call.writing() as session:
        return DeviceShown.model_validate(register.change_device(session, call.actor, device_id, **given, now=call.now))


@router.post("/devices/{device_id}/rotate", summary="Give a device a new credential")
def rotate_credential(device_id: PathId, call: Calling) -> Enrolled:
    """The old one ends at once."""
    with call.writing() as session:
        credential = register.rotate_credential(session, call.actor, device_id, now=call.now)
        device = register.device_for(session, call.actor, device_id)
        return Enrolled(device=DeviceShown.model_validate(device), credential=credential)


@router.post("/devices/{device_id}/revoke", summary="End a device")
def revoke_device(device_id: PathId, call: Calling) -> DeviceShown:
    """Its credential is refused from now on."""
    with call.writing() as session:
        return DeviceShown.model_validate(register.revoke_device(session, call.actor, device_id, now=call.now))
