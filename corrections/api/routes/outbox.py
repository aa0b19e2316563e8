"""The channels of notification, and what goes over them. No texts: what a message says stands with its notice."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from corrections.api.context import Calling
from corrections.api.models import BeforeId, Done, Given, Limit, Page, PathId, Shown, Text, page_of
from corrections.domain.model import NoticeKind, Recipient, Severity
from corrections.domain.notifying import MessageState
from corrections.monitor.sending import try_channel
from corrections.records import accounts
from corrections.review import outbox
from corrections.store.tables import OutboxMessage

router = APIRouter(tags=["outbox"])
Address = Annotated[Text, Field(min_length=1, max_length=200)]


class ChannelShown(Shown):
    name: str
    inside: bool = Field(description="It stays within the bureau; any other carries a reference alone.")
    languages: list[str]
    severities: list[Severity]
    kinds: list[NoticeKind]
    recipients: list[Recipient]


class MessageShown(Shown):
    """A message on its way."""

    id: int
    channel: str
    officer_id: int | None = Field(description="Null: the subject.")
    notice_id: int | None
    severity: Severity
    reference: str
    state: MessageState
    digest: bool = Field(description="It goes out together with others.")
    created_at: datetime
    due_at: datetime | None = Field(description="The next attempt; null: it was sent, given up, or had become needless.")
    attempts: int
    sent_at: datetime | None
    given_up_at: datetime | None
    last_error: str = Field(description="What the last attempt that failed was told, without addresses.")


class Addresses(Given):
    addresses: dict[Annotated[str, Field(max_length=31)], Address] = Field(
        max_length=20, description="By the channel's name; what is left out is not used."
    )


class AddressesShown(Shown):
    id: int
    addresses: dict[str, str]


class Trial(Given):
    address: Address | None = Field(None, description="Left out: one's own. Another's: by the administrator.")


@router.get("/channels", summary="The channels of notification")
def list_channels(call: Calling) -> list[ChannelShown]:
    return [ChannelShown.model_validate(channel) for channel in call.settings.notify.channels]


@router.post("/channels/{name}/test", summary="Send a message over a channel, to see that it works")
def try_one(name: Annotated[str, Path(max_length=31)], given: Trial, call: Calling) -> Done:
    """It waits for the answer. 503 tells why it was not sent."""
    try_channel(call.house.engine, call.settings, call.actor, name, given.address, call.now)
    return Done()


@router.get("/officers/{officer_id}/addresses", summary="Where an officer is reached")
def get_addresses(officer_id: PathId, call: Calling) -> AddressesShown:
    """Her own by an officer, anybody's by the administrator."""
    with call.reading() as session:
        return AddressesShown.model_validate(accounts.addresses_of(session, call.actor, officer_id))


@router.put("/officers/{officer_id}/addresses", summary="Say where an officer is reached")
def set_addresses(officer_id: PathId, given: Addresses, call: Calling) -> AddressesShown:
    """Her own by an officer, anybody's by the administrator."""
    with call.writing() as session:
        officer = accounts.set_addresses(session, call.actor, officer_id, given.addresses, settings=call.settings, now=call.now)
        return AddressesShown.model_validate(officer)


@router.get("/outbox", summary="Messages on their way")
def list_messages(
    call: Calling,
    state: MessageState | None = None,
    channel: Annotated[str | None, Query(max_length=31)] = None,
    before: BeforeId = None,
    limit: Limit = 100,
) -> Page[MessageShown]:
    """Newest first: all of the bureau for the bureau and the administrator, her own for everybody else."""
    with call.reading() as session:
        rows = outbox.list_messages(session, call.actor, state=state, channel=channel, before=before, limit=limit)
        return page_of([_shown(row) for row in rows], list(rows), limit)


@router.post("/outbox/{message_id}/retry", summary="Try a message again now")
def retry(message_id: PathId, call: Calling) -> MessageShown:
    """What it is quiet for at this hour goes out when the quiet hours end."""
    with call.writing() as session:
        return _shown(outbox.retry(session, call.actor, message_id, call.settings, call.now))


def _shown(row: OutboxMessage) -> MessageShown:
    own = {name: getattr(row, name) for name in MessageShown.model_fields if name != "state"}
    return MessageShown(**own, state=outbox.state_of(row))
