"""The channels of notification, and what goes over them. No texts: what a message says stands with its notice."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Given, Limit, Page, PathId, Shown, Text, page_of
from corrections.domain.model import Recipient, Severity
from corrections.records import accounts
from corrections.review import outbox

router = APIRouter(tags=["outbox"])


class ChannelShown(Shown):
    name: str
    inside: bool = Field(description="It stays within the bureau; any other carries a reference alone.")
    severities: list[Severity]
    recipients: list[Recipient]


class MessageShown(Shown):
    """A message on its way."""

    id: int
    channel: str
    officer_id: int | None = Field(description="Null: the subject.")
    notice_id: int | None
    severity: Severity
    reference: str
    digest: bool = Field(description="It goes out together with others.")
    created_at: datetime
    due_at: datetime | None = Field(description="The next attempt; null: it was sent, given up, or had become needless.")
    attempts: int
    sent_at: datetime | None
    given_up_at: datetime | None
    last_error: str


class Addresses(Given):
    addresses: dict[Annotated[str, Field(max_length=31)], Annotated[Text, Field(max_length=200)]] = Field(
        max_length=20, description="By the channel's name; what is left out is not used."
    )


class AddressesShown(Shown):
    id: int
    addresses: dict[str, str]


@router.get("/channels", summary="The channels of notification")
def list_channels(call: Calling) -> list[ChannelShown]:
    return [ChannelShown.model_validate(channel) for channel in call.settings.notify.channels]


@router.put("/officers/{officer_id}/addresses", summary="Say where an officer is reached")
def set_addresses(officer_id: PathId, given: Addresses, call: Calling) -> AddressesShown:
    """Her own by an officer, anybody's by the administrator."""
    with call.writing() as session:
        officer = accounts.set_addresses(session, call.actor, officer_id, given.addresses, settings=call.settings, now=call.now)
        return AddressesShown.model_validate(officer)


@router.get("/outbox", summary="Messages on their way")
def list_messages(
    call: Calling,
    waiting: Annotated[bool | None, Query(description="Those still to be sent, or the rest.")] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[MessageShown]:
    """Newest first: all of the bureau for the bureau and the administrator, her own for everybody else."""
    with call.reading() as session:
        rows = outbox.list_messages(session, call.actor, waiting=waiting, before=before, limit=limit)
        return page_of([MessageShown.model_validate(row) for row in rows], list(rows), limit)


@router.post("/outbox/{message_id}/retry", summary="Try a message again now")
def retry(message_id: PathId, call: Calling) -> MessageShown:
    with call.writing() as session:
        return MessageShown.model_validate(outbox.retry(session, call.actor, message_id, call.now))
