"""`sluice send KIND`: posts a sample webhook, as the provider would."""

import difflib
import hashlib
import hmac
import random
import sys
import time
from typing import Annotated, NoReturn

import httpx
import typer
from rich.columns import Columns

from shared.settings import Settings
from shared.text import escape_keep_newlines
from workers.cli import completion
from workers.cli.common import UNAVAILABLE, address, console, fail, print_json, settings
from workers.devtools import samples


def send(
    kind: Annotated[
        str, typer.Argument(help="What to send; without it, the kinds are listed.", autocompletion=completion.kinds)
    ] = "",
    url: Annotated[str, typer.Option(help="Where to; by default this machine's ingress.")] = "",
    as_is: Annotated[
        bool, typer.Option("--as-is", help="With the sample's own ids and times, not fresh ones.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Post a sample webhook of any kind to the ingress, as the provider would.

    Examples:

    - `sluice send text`
    - `sluice send mixed`
    - `sluice send image --url https://example.com/webhooks`
    """
    if not kind:
        _list(samples.names(), json)
    if kind not in samples.names():
        raise typer.BadParameter(f"there is no kind {kind!r}; `sluice send` lists them{_close(kind)}")
    body = samples.load(kind) if as_is else samples.fresh(kind, int(time.time()), random.Random())
    found = settings()
    target = url or f"{address(found)}/webhooks"
    try:
        answer = httpx.post(target, content=body, headers=headers(found, body), timeout=10, trust_env=False)
    except httpx.InvalidURL as error:
        fail(f"{target} is no address: {error}", 2)
    except httpx.HTTPError as error:
        fail(f"{target} does not answer: {error}", UNAVAILABLE)
    if json:
        print_json({"status": answer.status_code, "answer": answer.text, "sent": body.decode()})
    else:
        typer.echo(f"{answer.status_code} {escape_keep_newlines(answer.text)}")
    raise typer.Exit(0 if answer.status_code == 200 else 1)


def _list(kinds: list[str], json: bool) -> NoReturn:
    if json:
        print_json({"kinds": kinds})
    else:
        console().print(Columns(kinds, column_first=True, padding=(0, 2)) if sys.stdout.isatty() else "\n".join(kinds))
    raise typer.Exit


def _close(kind: str) -> str:
    found = difflib.get_close_matches(kind, samples.names(), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def headers(found: Settings, body: bytes) -> dict[str, str]:
    """What proves that this sender may send: the token and the signature of the settings."""
    proof = {"content-type": "application/json"}
    if found.webhook_token:
        proof["x-webhook-token"] = found.webhook_token[0].get_secret_value()
    if found.hmac_secret:
        key = found.hmac_secret.get_secret_value().encode()
        proof["x-hub-signature-256"] = "sha256=" + hmac.digest(key, body, hashlib.sha256).hex()
    return proof
