"""Remove everything about one customer from the event store."""

from sqlalchemy import Connection, Delete, Select, Subquery, delete, or_, select

from workers.store.schema.tables import customers, deliveries, events, media, messages
from workers.store.sql_values import identifier


def purge(connection: Connection, customer: str) -> dict[str, int]:
    """Delete the customer's rows in the caller's transaction. Return the number of deleted rows by table."""
    customer_id = identifier(customer)
    own_messages = select(messages.c.wamid).where(messages.c.customer == customer_id).subquery()
    # The rows of media and events are found through messages, so messages are deleted after them.
    statements: dict[str, Delete] = {
        "media": delete(media).where(media.c.wamid.in_(_wamids(own_messages))),
        "events": delete(events).where(
            or_(events.c.customer == customer_id, events.c.wamid.in_(_wamids(own_messages)))
        ),
        "deliveries": delete(deliveries).where(deliveries.c.recipient == customer_id),
        "messages": delete(messages).where(messages.c.customer == customer_id),
        "customers": delete(customers).where(customers.c.id == customer_id),
    }
    return {table: connection.execute(statement).rowcount for table, statement in statements.items()}


def _wamids(own_messages: Subquery) -> Select[str]:
    return select(own_messages.c.wamid)
