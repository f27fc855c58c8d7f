"""Where a request comes from, and by what means: seen through proxies whose word is taken for it."""

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

from shared.networks import Network


def client_address(scope: Scope, proxies: tuple[Network, ...]) -> str:
    """The address a request comes from: the right-most of X-Forwarded-For that is no trusted proxy's.

    A proxy appends the address that it was reached from, so what stands further left may be invented.
    """
    found = _peer(scope)
    for entry in reversed(Headers(scope=scope).get("x-forwarded-for", "").split(",")):
        if not _is_in(found, proxies) or not _is_address(entry.strip()):
            break
        found = entry.strip()
    return found


def is_encrypted(scope: Scope, proxies: tuple[Network, ...]) -> bool:
    """Whether the browser speaks TLS, with us or with a trusted proxy."""
    if scope.get("scheme") == "https":
        return True
    said = Headers(scope=scope).get("x-forwarded-proto", "").strip().lower()
    return said == "https" and _is_in(_peer(scope), proxies)


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]).removeprefix("::ffff:") if client else ""


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    if not address:  # a Unix socket: only a proxy's
        return bool(networks)
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
