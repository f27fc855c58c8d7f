"""The tables of paths and answers of the ingress, from its routes and from the errors that its code raises."""

import ast
from collections.abc import Iterator

from ingress.app import WEBHOOK_PATHS
from tests.support.programs import ROOT

#: What each answer means: (status, code) as in `RequestRejected(status, code, …)`.
ANSWERS = {
    (200, ""): 'The webhook is durable. The body is `{"receipt": "…"}`, the id of the receipt.',
    (400, "bad_request"): "The request is not valid HTTP.",
    (400, "no_challenge"): "A `GET` without `hub.mode=subscribe` or without `hub.challenge`.",
    (400, "not_json"): "The body is not valid JSON (the message has the parser's reason), is nested deeper than 200 "
    "levels or has more than 250,000 values.",
    (401, "unauthorized"): "The token, the signature or the verify token is missing or wrong.",
    (403, "forbidden"): "The sender is outside `SLUICE_SENDER_NETWORKS`, or no secret is set and the address can be "
    "reached from other machines.",
    (404, "not_found"): "Unknown path.",
    (405, "method_not_allowed"): "The path does not accept this method.",
    (408, "too_slow"): "The body took longer than 10 s.",
    (413, "too_large"): "The body is larger than `SLUICE_MAX_BODY_BYTES`.",
    (431, "too_large"): "The request has more than 100 headers or more than 32 KiB of them.",
    (500, "internal"): "A fault of the server. It is logged with a traceback.",
    (503, "unavailable"): "Neither Redis nor the spool can take the webhook now, or a limit on connections or on "
    "waiting requests is reached. `Retry-After` says when to try again.",
}
_PATHS = {
    "GET /health/live": "200 while the process runs. For liveness probes.",
    "GET /health/ready": "200 while webhooks can be made durable, in Redis or in the spool; 503 otherwise.",
}


def paths() -> str:
    """Return the table of paths."""
    webhooks = [path for path in WEBHOOK_PATHS if "{token}" not in path]
    rows = [f"| `POST /webhooks{path}` | {_meaning(path)} |" for path in webhooks]
    rows += [
        f"| `POST /webhooks{path}` | The same, with the token in the path. |" for path in WEBHOOK_PATHS[len(webhooks) :]
    ]
    rows += ["| `GET` on each of these | The verification challenge: answers `hub.challenge`. |"]
    rows += [f"| `{path}` | {meaning} |" for path, meaning in _PATHS.items()]
    return "| request | meaning |\n| --- | --- |\n" + "\n".join(rows)


def _meaning(path: str) -> str:
    return "Takes a webhook." if not path else f"The same. For a provider that sends {path[1:]} to a URL of their own."


def answers() -> str:
    """Return the table of answers."""
    rows = [f"| {status} | {f'`{code}`' if code else ''} | {text} |" for (status, code), text in ANSWERS.items()]
    return "| status | code | meaning |\n| --- | --- | --- |\n" + "\n".join(rows).replace("|  |", "| |")


def raised() -> Iterator[tuple[int, str]]:
    """Yield (status, code) of each `RequestRejected(…)` and `ServiceOverloaded(…)` in the code of the ingress."""
    for file in sorted((ROOT / "ingress").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield from _codes(node.func.id, node.args)


def _codes(name: str, arguments: list[ast.expr]) -> Iterator[tuple[int, str]]:
    if name == "ServiceOverloaded":
        yield 503, "unavailable"
    if name == "RequestRejected":
        match arguments:
            case [ast.Constant(value=int(status)), ast.Constant(value=str(code)), *_]:
                yield status, code
