"""`sluice purge --customer …`: everything about one customer goes."""

from typing import Annotated

import typer

from workers.cli.common import UNAVAILABLE, fail, print_json, redis_client, settings
from workers.operations.purge import count_not_reached, purge_lanes
from workers.parsing.coerce import as_phone
from workers.store import Store, StoreUnavailable
from workers.store.purge import purge as purge_store

#: What is said of that which a purge leaves.
_LEFT = {
    "not_yet_classified": "{} webhooks that may name this customer are not classified yet: do it again in a moment.",
    "unreadable_webhooks": "{} dead letters of the intake lanes name this customer, and maybe others, and are left: "
    "see `sluice dead list --lane intake` and `sluice dead discard`.",
    "spooled_bytes": "{} bytes of webhooks are in the ingress's spool: do it again when it is empty.",
}


def purge(
    customer: Annotated[str, typer.Option(help="Phone number with country code, or business-scoped id.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Remove one customer's events, messages, deliveries, media rows, dead letters and waiting entries, for good.

    While webhooks of that customer come in, do it twice: what was under way at the first time goes at the second.
    Webhooks that are not classified, and what is in the ingress's spool, are left, and told. Beyond reach are backups,
    Redis' own log until it is rewritten, and what your handlers have kept.

    Examples:

    - `sluice purge --customer 919800000001`
    """
    who = as_phone(customer)
    if who is None:
        raise typer.BadParameter("a phone number or a business-scoped id is expected")
    if not yes:
        typer.confirm("Remove everything about this customer, for good?", abort=True)
    with redis_client() as client:
        gone = purge_lanes(client, who)
        address = settings().database
        if address is not None:
            gone |= _purge_store(address, who)
        left = count_not_reached(client, who)
    if json:
        print_json(gone | left)
        return
    typer.echo("Removed: " + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in gone.items()) + ".")
    for what, count in left.items():
        if count:
            typer.echo(_LEFT[what].format(count))


def _purge_store(address: str, who: str) -> dict[str, int]:
    store = Store(address)
    try:
        store.create()
        with store.writing() as connection:
            return purge_store(connection, who)
    except StoreUnavailable as error:
        fail(str(error), UNAVAILABLE)
