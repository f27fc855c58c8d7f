"""What is decided of a request by where it came in, before anything of it is read."""

from starlette.types import Scope

from shared.errors import Refused
from shared.networks import is_loopback


def check_loopback(scope: Scope) -> None:
    """Raises Refused(403) for a request that came in by an address which others can reach. Unix sockets are fine.

    For an ingress without a secret. The settings know SLUICE_HOST only; `uvicorn ingress.app:app --host 0.0.0.0`
    binds something else.
    """
    server = scope.get("server")
    if not server or not (_is_socket_file(server) or is_loopback(server[0].removeprefix("::ffff:"))):
        raise Refused(
            403,
            "forbidden",
            "this address can be reached by others, and nothing proves who sends: "
            "set SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET (or bind to 127.0.0.1)",
        )


def _is_socket_file(server: tuple[str, int | None]) -> bool:
    return server[1] is None
