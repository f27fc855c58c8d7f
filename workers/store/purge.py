"""Removing everything about one customer from the event store."""

from sqlalchemy import Connection, Delete, Select, Subquery, delete, or_, select

from workers.store.schema.tables import customers, deliveries, events, media, messages
from workers.store.write.sql_values import identifier


def purge(connection: Connection, customer: str) -> dict[str, int]:
    """Deletes the customer's rows, in the caller's transaction; replies how many of each table went."""
    who = identifier(customer)
    own = select(messages.c.wamid).where(messages.c.customer == who).subquery()
    # The rows of media and events are found through messages, so these go last.
    doomed: dict[str, Delete] = {
        "media": delete(media).where(media.c.wamid.in_(_wamids(own))),
        "events": delete(events).where(or_(events.c.customer == who, events.c.wamid.in_(_wamids(own)))),
        "deliveries": delete(deliveries).where(deliveries.c.recipient == who),
        "messages": delete(messages).where(messages.c.customer == who),
        "customers": delete(customers).where(customers.c.id == who),
    }
    return {table: connection.execute(statement).rowcount for table, statement in doomed.items()}


def _wamids(own: Subquery) -> Select[str]:
    return select(own.c.wamid)
