"""Contact cards, typed. Source: the provider's page, "Contact Card"."""

from typing import Any

from workers.events.messages import ContactCard, ContactsMessage
from workers.parsing.coerce import Json, each, identifier, record, text
from workers.parsing.common_fields import Fields


def contacts(common: Fields, body: Json) -> ContactsMessage:
    """`type: contacts`. Entries that are no objects are left out; `raw` has them."""
    cards = tuple(_card(entry) for entry in each(body.get("contacts")) if isinstance(entry, dict))
    return ContactsMessage(**common, cards=cards)


def _card(card: Json) -> ContactCard:
    name = record(card.get("name"))
    phones = [record(entry) for entry in each(card.get("phones"))]
    return ContactCard(
        formatted_name=text(name.get("formatted_name")),
        first_name=text(name.get("first_name")),
        last_name=text(name.get("last_name")),
        phones=_all(phones, "phone"),
        wa_ids=_all(phones, "wa_id"),
        raw=card,
    )


def _all(entries: list[Json], name: str) -> tuple[str, ...]:
    found: list[Any] = [identifier(entry.get(name)) for entry in entries]
    return tuple(value for value in found if value is not None)
