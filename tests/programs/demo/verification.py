"""What went in held against what came out."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from workers.devtools.simulation import Expected, SimulatedWebhook

_EXAMPLE = "wamid.HBgM0TE5NDI5NTY2Mzk1FQIAERgSM0VCMjRENjI5MzhFNzUzNjYzAA=="
#: What the samples of the provider's page lead to. Its messages all have the same id, but not the same type.
PAGE_EVENTS = {
    *(
        Expected("message", kind, "wamid.ID")
        for kind in ("text", "image", "video", "audio", "document", "location", "contacts")
    ),
    Expected("status", "sent", _EXAMPLE),
    Expected("status", "unknown", "WHATSAPP_MESSAGE_ID"),
}
PAGE_DELIVERIES = {(_EXAMPLE, "91xxxxxxxxxx"): "sent"}


class Account(NamedTuple):
    """The comparison of one kind of row; nothing is well but 0 missing, 0 doubled, 0 wrong."""

    what: str
    expected: int
    found: int
    missing: int
    doubled: int
    wrong: int

    @property
    def is_right(self) -> bool:
        """Whether all came out, once, as it should."""
        return not (self.missing or self.doubled or self.wrong)


class Store:
    """The event store's SQLite file, read from outside."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def count(self) -> int:
        """Events stored so far."""
        count: int = self.rows("SELECT count(*) FROM events")[0][0]
        return count

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as connection:
            return list(connection.execute(sql))


def expected_events(webhooks: Sequence[SimulatedWebhook]) -> set[Expected]:
    """Each event that must be there, however often it was sent."""
    return {event for webhook in webhooks for event in webhook.events}


def accounts(store: Store, expected: set[Expected], deliveries: dict[tuple[str, str], str], log: Path) -> list[Account]:
    """Every table and every handler of the demo."""
    noted = Counter(log.read_text().split("\n")[:-1]) if log.exists() else Counter()
    return [
        _events(store, expected),
        _set("messages", {e.wamid for e in expected if e.kind == "message"}, store, "SELECT wamid FROM messages"),
        _deliveries(store, deliveries),
        _media(store, expected),
        _handler("fails_twice", "text", expected, noted, store),
        _handler("undelivered", "failed", expected, noted, store),
    ]


def _events(store: Store, expected: set[Expected]) -> Account:
    found: Counter[Expected] = Counter()
    for kind, kind_of, wamid, payload in store.rows("SELECT kind, type, wamid, payload FROM events"):
        mark = _mark(str(payload)) if wamid is None else ""
        found[Expected(str(kind), str(kind_of), None if wamid is None else str(wamid), mark)] += 1
    return _compare("events", expected, found)


def _mark(payload: str) -> str:
    value = json.loads(payload)
    if isinstance(value, str):
        return value.removeprefix("no message ")
    return str(value.get("account_settings_update", {}).get("mark", ""))


def _deliveries(store: Store, deliveries: dict[tuple[str, str], str]) -> Account:
    rows = store.rows("SELECT wamid, recipient, status FROM deliveries")
    found = Counter((str(wamid), str(recipient)) for wamid, recipient, _ in rows)
    wrong = sum(deliveries.get((str(wamid), str(recipient))) not in {None, status} for wamid, recipient, status in rows)
    return _compare("deliveries", set(deliveries), found)._replace(wrong=wrong)


def _media(store: Store, expected: set[Expected]) -> Account:
    kinds = {"image", "video", "audio", "voice", "document", "sticker"}
    wanted = {event.wamid for event in expected if event.type in kinds}
    account = _set("media, with its address", wanted, store, "SELECT wamid FROM media WHERE url IS NOT NULL")
    return account._replace(wrong=store.rows("SELECT count(*) FROM media WHERE error IS NOT NULL")[0][0])


def _handler(name: str, kind: str, expected: set[Expected], noted: "Counter[str]", store: Store) -> Account:
    keys = {f"{name} {key}" for (key,) in store.rows(f"SELECT key FROM events WHERE type = '{kind}'")}
    found = Counter({line: n for line, n in noted.items() if line.startswith(f"{name} ")})
    account = _compare(f"handler {kind}.{name}", keys, found)
    wanted = sum(event.type == kind for event in expected)
    return account._replace(expected=wanted, missing=account.missing + max(0, wanted - len(keys)))


def _set(what: str, wanted: set[str | None], store: Store, sql: str) -> Account:
    return _compare(what, wanted, Counter(row[0] for row in store.rows(sql)))


def _compare(what: str, expected: Collection[object], found: "Counter[Any]") -> Account:
    missing = sum(one not in found for one in expected)
    doubled = sum(times - 1 for times in found.values())
    wrong = sum(one not in expected for one in found)
    return Account(what, len(expected), len(found), missing, doubled, wrong)
