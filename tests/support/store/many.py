"""A PostgreSQL event store of any size with a month of traffic, for query plans and timings.

One fifth are incoming messages, the rest statuses of outgoing ones: sent, delivered, three quarters of them read, and
one in twenty failed. One of the 50,000 customers has one percent of everything. Times are whole seconds.
"""

from datetime import UTC, datetime, timedelta
from hashlib import md5

from sqlalchemy import Connection, text

#: The end of the month, the time of the newest event.
END = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 30
START = END - timedelta(days=DAYS)
#: A customer with one percent of all events.
BUSY = "919899999999"
CUSTOMER = "919800001234"
NUMBER, RARE_NUMBER = "918000000001", "918000000009"

_MESSAGES = """
CREATE UNLOGGED TABLE made AS
SELECT i, i < :messages AS incoming, 'wamid.HBgM' || upper(md5(i::text)) || upper(md5('x' || i)) AS wamid,
    CASE WHEN i % 100 = 0 THEN :busy ELSE '9198' || lpad(((i::bigint * 7919) % 50000)::text, 8, '0') END AS customer,
    CASE WHEN i % 9973 = 0 THEN :rare ELSE '91800000000' || (i % 5 + 1) END AS number,
    (ARRAY['text','text','text','image','audio','reaction','button','location'])[i % 8 + 1] AS word,
    (ARRAY['service','marketing','utility','authentication'])[i % 4 + 1] AS category,
    i % 20 = 7 AS fails, i % 4 <> 1 AS read,
    date_trunc('second', CAST(:start AS timestamptz) + random() * interval '29 days 23 hours') AS at
FROM generate_series(0, :messages + :sent - 1) AS i
"""

_EVENTS = """
INSERT INTO events
SELECT key, kind, type, wamid, customer, number, at, at + interval '0.8 second', payload FROM (
    SELECT 'm:' || CASE WHEN i % 5003 = 0 THEN 'order' ELSE word END || ':' || wamid AS key, 'message' AS kind,
        CASE WHEN i % 5003 = 0 THEN 'order' ELSE word END AS type, wamid, customer, number, at,
        '{"id":"' || wamid || '","from":"' || customer || '","type":"' || word || '","timestamp":"'
        || extract(epoch FROM at)::bigint || '","' || word || '":{"body":"' || repeat('some words of text ', 8) || '"}}'
        AS payload
    FROM made WHERE incoming
    UNION ALL
    SELECT 's:' || wamid || ':' || status || ':' || customer, 'status', status, wamid, customer, number, at + later,
        '{"id":"' || wamid || '","status":"' || status || '","recipient_id":"' || customer
        || '","conversation":{"id":"' || md5(wamid) || '","origin":{"type":"' || category || '"}},"pricing":'
        || '{"billable": true,"pricing_model":"CBP","category":"' || category || '"},"timestamp":"'
        || extract(epoch FROM at + later)::bigint || '"}'
    FROM made, (VALUES ('sent', interval '0'), ('delivered', interval '2 seconds'), ('read', interval '1 minute'),
        ('failed', interval '1 second')) AS way (status, later)
    WHERE NOT incoming AND (status = 'sent' OR (status = 'failed') = fails) AND (status <> 'read' OR read)
) AS all_of_them ORDER BY at
"""

_OTHERS = (
    """
INSERT INTO messages SELECT wamid, word, customer,
    CASE word WHEN 'text' THEN 'my order ' || i || ' has not come, please ' || repeat('look into it ', i % 9) END,
    CASE WHEN word IN ('image', 'audio') THEN 'f' || i END, NULL, at
FROM made WHERE incoming ORDER BY at
""",
    """
INSERT INTO media SELECT 'f' || i, wamid, 'image/jpeg', md5(wamid), NULL, 'https://media.example/' || i, 51234, at
FROM made WHERE incoming AND word IN ('image', 'audio') ORDER BY at
""",
    """
INSERT INTO deliveries (wamid, recipient, status, sent_at, delivered_at, read_at, failed_at, error_code, error_title,
    conversation_id, category, billable, business_number)
SELECT wamid, customer, CASE WHEN fails THEN 'failed' WHEN read THEN 'read' ELSE 'delivered' END, at,
    CASE WHEN NOT fails THEN at + interval '2 seconds' END,
    CASE WHEN read AND NOT fails THEN at + interval '1 minute' END,
    CASE WHEN fails THEN at + interval '1 second' END, CASE WHEN fails THEN 131000 + i % 40 END,
    CASE WHEN fails THEN 'Message undeliverable' END, md5((i / 3)::text), category, category <> 'service', number
FROM made WHERE NOT incoming ORDER BY at
""",
    """
INSERT INTO customers SELECT customer, 'Customer ' || customer, max(at), max(at) FROM made WHERE incoming
GROUP BY customer
""",
    "DROP TABLE made",
)


def wamid(number: int) -> str:
    """Return the id of a message; the first fifth of all events are incoming messages."""
    digests = (md5(text.encode(), usedforsecurity=False).hexdigest() for text in (str(number), f"x{number}"))
    return "wamid.HBgM" + "".join(digests).upper()


def customer(number: int) -> str:
    """Return the sender or recipient of that message."""
    return BUSY if number % 100 == 0 else f"9198{number * 7919 % 50_000:08d}"


def fill(connection: Connection, count: int) -> None:
    """Fill empty tables with about `count` events and all rows that belong to them."""
    messages = count // 5
    sent = round((count - messages) / (1 + 0.95 + 0.05 + 0.71))
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(
        text(_MESSAGES), {"messages": messages, "sent": sent, "busy": BUSY, "rare": RARE_NUMBER, "start": START}
    )
    connection.execute(text(_EVENTS))
    for statement in _OTHERS:
        connection.execute(text(statement))
