"""The bubbles of a page of a conversation, with all that other rows say about them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from shared.errors import NotJSON
from shared.wire.lenient_json import loads
from workers.events import Message
from workers.parsing import Item, event
from workers.store.read.chat_message import Bubble, Changes, File, Quote, Ticks, changes, incoming
from workers.store.read.keyset import AnyRow
from workers.store.schema.tables import deliveries, events, media, messages
from workers.store.write.message_text import media_id, reply_to
from workers.store.write.sql_values import identifier

#: Events behind a page's oldest that are looked at for reactions, edits and revocations.
_AFTER = 2_000
_CHANGING = ("reaction", "edit", "revoke")


def bubbles(connection: Connection, who: str, chosen: Sequence[AnyRow]) -> list[Bubble]:
    """A bubble for each of these events of that customer, the newest first: of messages, and of first statuses."""
    typed = _typed(connection, [row.key for row in chosen if row.kind == "message"])
    files = _files(connection, typed.values())
    quotes = _quotes(connection, typed.values())
    ticks = _ticks(connection, who, [row.wamid for row in chosen if row.kind == "status" and row.wamid])
    later = _later(connection, who, chosen[-1].occurred_at) if chosen else {}
    found = []
    for row in chosen:
        message = typed.get(row.key)
        if message is not None:
            file, quote = identifier(media_id(message)) or "", identifier(reply_to(message)) or ""
            bubble = incoming(message)._replace(file=files.get(file), quote=quotes.get(quote))
        else:
            bubble = _bare(row, ticks)
        found.append(bubble if bubble.changes else bubble._replace(**later.get(row.wamid, Changes())._asdict()))
    return found


def _bare(row: AnyRow, ticks: Mapping[str, Ticks]) -> Bubble:
    """Of a message of ours, or of one whose payload is no JSON any more."""
    if row.kind == "message":
        return Bubble(row.key, "in", row.occurred_at, row.wamid, row.type, business_number=row.business_number)
    ticking = ticks.get(row.wamid) or Ticks(None)
    return Bubble(
        row.key, "out", row.occurred_at, row.wamid, "message", ticks=ticking, business_number=row.business_number
    )


def _typed(connection: Connection, keys: Sequence[str]) -> dict[str, Message]:
    query = select(events).where(events.c.key.in_(keys))
    return {row.key: message for row in connection.execute(query) if (message := _message(row)) is not None}


def _message(row: AnyRow) -> Message | None:
    try:
        body = loads(row.payload.encode())
    except NotJSON:
        return None
    item = Item(row.kind, row.type, row.key, body, None, row.business_number)
    made = event(item, received_at=row.received_at, receipt="")
    return made if isinstance(made, Message) else None


def _files(connection: Connection, typed: Iterable[Message]) -> dict[str, File]:
    wanted = {found for message in typed if (found := identifier(media_id(message)))}
    columns = [media.c[name] for name in File._fields]
    query = select(*columns).where(media.c.id.in_(wanted))
    return {row.id: File(*row) for row in connection.execute(query)} if wanted else {}


def _quotes(connection: Connection, typed: Iterable[Message]) -> dict[str, Quote]:
    """A message that is not a customer's is one of ours."""
    wanted = {found for message in typed if (found := identifier(reply_to(message)))}
    if not wanted:
        return {}
    query = select(messages.c.wamid, messages.c.type, messages.c.text).where(messages.c.wamid.in_(wanted))
    theirs = {row.wamid: Quote(row.wamid, "in", row.type, row.text) for row in connection.execute(query)}
    return {wamid: theirs.get(wamid) or Quote(wamid, "out") for wamid in wanted}


def _ticks(connection: Connection, who: str, wamids: Sequence[str]) -> Mapping[str, Ticks]:
    columns = [deliveries.c[name] for name in Ticks._fields]
    own = (deliveries.c.wamid.in_(wamids), deliveries.c.recipient == who)
    query = select(deliveries.c.wamid, *columns).where(*own)
    return {row.wamid: Ticks(*row[1:]) for row in connection.execute(query)}


def _later(connection: Connection, who: str, since: datetime) -> dict[str, Changes]:
    query = select(events).where(events.c.customer == who, events.c.occurred_at >= since)
    looked = query.order_by(events.c.occurred_at, events.c.key).limit(_AFTER).subquery("looked")
    wanted = select(looked).where(looked.c.kind == "message", looked.c.type.in_(_CHANGING))
    rows = connection.execute(wanted.order_by(looked.c.occurred_at, looked.c.key))
    return changes(message for row in rows if (message := _message(row)) is not None)
