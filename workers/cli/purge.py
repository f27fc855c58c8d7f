"""`sluice purge --customer …`: remove everything about one customer."""

from typing import Annotated

import typer

from workers.cli.common import UNAVAILABLE, Json, Yes, fail, load_settings, print_json, redis_client
from workers.operations.purge import count_not_reached, purge_lanes
from workers.parsing.coerce import as_phone
from workers.store import Store, StoreUnavailable
from workers.store.purge import purge as purge_store

#: What a purge leaves, and what to do about it.
_REMAINING = {
    "not_yet_classified": "{} webhooks that may be about this customer are not classified yet: repeat in a moment.",
    "unreadable_webhooks": "{} dead letters of the intake lanes name this customer, and maybe others: see "
    "`sluice dead list --lane intake` and `sluice dead discard`.",
    "spooled_bytes": "{} bytes of webhooks are in the ingress's spool: repeat when it is empty.",
}


def purge(
    customer: Annotated[str, typer.Option(help="Phone number with country code, or business-scoped id.")],
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove one customer's events, messages, deliveries, media rows, dead letters and waiting entries, permanently.

    While webhooks about the customer come in, run it twice: the second run removes what was in progress at the first.
    Webhooks that are not classified or still in the ingress's spool are left and counted. It cannot reach backups,
    Redis's append-only file until that is rewritten, and what your handlers have stored.

    Examples:

    - `sluice purge --customer 919800000001`
    """
    customer_id = as_phone(customer)
    if customer_id is None:
        raise typer.BadParameter(f"invalid customer {customer!r} (use a phone number or a business-scoped id)")
    if not yes:
        typer.confirm("Remove everything about this customer permanently?", abort=True)
    with redis_client() as client:
        removed = purge_lanes(client, customer_id)
        database_url = load_settings().database
        if database_url is not None:
            removed |= _purge_store(database_url, customer_id)
        remaining = count_not_reached(client, customer_id)
    if json:
        print_json(removed | remaining)
        return
    typer.echo("Removed: " + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in removed.items()) + ".")
    for what, count in remaining.items():
        if count:
            typer.echo(_REMAINING[what].format(count))


def _purge_store(database_url: str, customer_id: str) -> dict[str, int]:
    store = Store(database_url)
    try:
        store.create()
        with store.writing() as connection:
            return purge_store(connection, customer_id)
    except StoreUnavailable as error:
        fail(str(error), UNAVAILABLE)
