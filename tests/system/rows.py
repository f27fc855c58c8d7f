"""Posting webhooks and reading the rows they lead to."""

from typing import Any

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.support.stack import Stack
from tests.support.waiting import until

Row = dict[str, Any]


def post(sluice: Stack, body: bytes) -> httpx.Response:
    """Post a webhook and return the ingress's response."""
    return httpx.post(f"{sluice.url}/webhooks", content=body, timeout=10, trust_env=False)


def wait_for_row(sluice: Stack, table: str, seconds: float, **values: str) -> Row:
    """Return the one row with these values once it is there. Raises AssertionError after `seconds`."""
    found = until(lambda: rows(sluice, table, **values), within=seconds, every=0.05)
    assert len(found) == 1
    return found[0]


def rows(sluice: Stack, table: str, **values: str) -> list[Row]:
    """Return all rows with these values."""
    where = " AND ".join(f"{name} = :{name}" for name in values) or "1 = 1"
    engine = create_engine(sluice.database)
    try:
        with engine.connect() as connection:
            return [
                dict(row) for row in connection.execute(text(f"SELECT * FROM {table} WHERE {where}"), values).mappings()
            ]
    except DBAPIError:  # the first event makes the tables
        return []
    finally:
        engine.dispose()
