"""What the one-by-one baselines share: the events of a webhook, and one insert per event.

Simpler than Sluice's own: one table instead of five, no delivery states, no media, repetitions left to the primary key.
"""

import hashlib
import os
from collections.abc import Iterable
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, text

Json = dict[str, Any]

DROP = "DROP TABLE IF EXISTS plain_events"
CREATE = "CREATE TABLE plain_events (key text PRIMARY KEY, kind text, type text, customer text, payload text)"
_INSERT = text("INSERT INTO plain_events VALUES (:key, :kind, :type, :customer, :payload) ON CONFLICT DO NOTHING")


def events_of(webhook: Json) -> list[Json]:
    """The events of a webhook in Omni's format; what is neither message nor status is kept as unknown."""
    messages = webhook.get("messages", [])
    found = [_message(one) for one in (messages if isinstance(messages, list) else [messages])]
    # Omni appends an object with nothing but the delivery's id to the statuses.
    found += [_status(one) for one in webhook.get("statuses", ()) if isinstance(one, dict) and "status" in one]
    return found or [_unknown(webhook)]


def _message(one: Any) -> Json:
    if not isinstance(one, dict) or "id" not in one:
        return _unknown(one)
    kind = one.get("type", "unknown")
    return {"key": f"{one['id']}:{kind}", "kind": "message", "type": kind, "customer": one.get("from"), "payload": one}


def _status(one: Json) -> Json:
    word = one["status"]
    key = f"{one['id']}:{word}:{one.get('recipient_id')}"
    return {"key": key, "kind": "status", "type": word, "customer": one.get("recipient_id"), "payload": one}


def _unknown(one: Any) -> Json:
    key = hashlib.sha256(orjson.dumps(one)).hexdigest()
    return {"key": key, "kind": "unknown", "type": "unknown", "customer": None, "payload": one}


@cache
def _engine(_pid: int) -> Engine:
    # AUTOCOMMIT: one statement needs no BEGIN and COMMIT around it, which would be two round trips more.
    options: dict[str, Any] = {"pool_size": 8} if os.environ["BENCH_DATABASE"].startswith("postgresql") else {}
    return create_engine(os.environ["BENCH_DATABASE"], isolation_level="AUTOCOMMIT", **options)


def insert(event: Json) -> None:
    """Writes one event, over a pool of connections that each process has of its own."""
    with _engine(os.getpid()).connect() as connection:
        connection.execute(_INSERT, event | {"payload": orjson.dumps(event["payload"]).decode()})


def count_events(bodies: Iterable[bytes]) -> int:
    """How many inserts these webhooks lead to."""
    return sum(len(events_of(orjson.loads(body))) for body in bodies)
