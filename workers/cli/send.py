"""`sluice send NAME`: post a sample webhook as the provider would."""

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
from workers.cli.common import UNAVAILABLE, Json, console, fail, ingress_url, load_settings, print_json, print_result
from workers.devtools import samples

_TIMEOUT = 10.0  # seconds


def send(
    kind: Annotated[
        str, typer.Argument(help="The sample; without it, they are listed.", autocompletion=completion.sample_names)
    ] = "",
    url: Annotated[str, typer.Option(help="Target; by default the ingress of this machine.")] = "",
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Keep the sample's ids and times instead of new ones.")
    ] = False,
    json: Json = False,
) -> None:
    """Post a sample webhook to the ingress, as the provider would.

    Examples:

    - `sluice send text`
    - `sluice send mixed`
    - `sluice send image --url https://example.com/webhooks`
    """
    if not kind:
        _list_samples(json)
    if kind not in samples.names():
        raise typer.BadParameter(f"unknown sample {kind!r}{_suggestion(kind)}; `sluice send` lists them")
    body = samples.load(kind) if as_is else samples.fresh(kind, int(time.time()), random.Random())
    settings = load_settings()
    target = url or f"{ingress_url(settings)}/webhooks"
    try:
        response = httpx.post(
            target, content=body, headers=auth_headers(settings, body), timeout=_TIMEOUT, trust_env=False
        )
    except httpx.InvalidURL as error:
        fail(f"invalid URL {target}: {error}", 2)
    except httpx.HTTPError as error:
        fail(f"{target} does not answer: {error}", UNAVAILABLE)
    fields = {"status": response.status_code, "answer": response.text, "sent": body.decode()}
    print_result(f"{response.status_code} {escape_keep_newlines(response.text)}", fields, json)
    raise typer.Exit(0 if response.status_code == 200 else 1)


def _list_samples(json: bool) -> NoReturn:
    names = samples.names()
    if json:
        print_json({"kinds": names})
    else:
        console().print(Columns(names, column_first=True, padding=(0, 2)) if sys.stdout.isatty() else "\n".join(names))
    raise typer.Exit


def _suggestion(kind: str) -> str:
    matches = difflib.get_close_matches(kind, samples.names(), n=1)
    return f" (did you mean {matches[0]}?)" if matches else ""


def auth_headers(settings: Settings, body: bytes) -> dict[str, str]:
    """Return the headers that authenticate a webhook: the token and the signature, if the settings have them."""
    headers = {"content-type": "application/json"}
    if settings.webhook_token:
        headers["x-webhook-token"] = settings.webhook_token[0].get_secret_value()
    if settings.hmac_secret:
        key = settings.hmac_secret.get_secret_value().encode()
        headers["x-hub-signature-256"] = "sha256=" + hmac.digest(key, body, hashlib.sha256).hex()
    return headers
