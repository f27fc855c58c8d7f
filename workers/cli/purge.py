"""`sluice purge --customer …`: everything about one customer goes."""

from typing import Annotated

import typer

from workers.cli.common import UNAVAILABLE, fail, print_json, redis_client, settings
from workers.payloads.fields import phone
from workers.purge import purge_lanes
from workers.store import Store, StoreUnavailable
from workers.store.purging import purge as purge_store


def purge(
    customer: Annotated[str, typer.Option(help="Phone number with country code, or business-scoped id.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Remove one customer's events, messages, deliveries, media rows, dead letters and waiting entries, for good.

    While webhooks of that customer come in, do it twice: what was under way at the first time goes at the second.
    """
    who = phone(customer)
    if who is None:
        raise typer.BadParameter("a phone number or a business-scoped id is expected")
    if not yes:
        typer.confirm("Remove everything about this customer, for good?", abort=True)
    with redis_client() as client:
        gone = purge_lanes(client, who)
    address = settings().database
    if address is not None:
        gone |= _purge_store(address, who)
    if json:
        print_json(gone)
        return
    waiting = gone.pop("not_yet_classified")
    typer.echo("Removed: " + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in gone.items()) + ".")
    if waiting:
        typer.echo(f"{waiting} webhooks that may name this customer are not classified yet: do it again in a moment.")


def _purge_store(address: str, who: str) -> dict[str, int]:
    store = Store(address)
    try:
        store.create()
        with store.writing() as connection:
            return purge_store(connection, who)
    except StoreUnavailable as error:
        fail(str(error), UNAVAILABLE)
