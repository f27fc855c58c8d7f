"""Which client a request comes from, seen through proxies whose `X-Forwarded-For` is trusted.

The ingress checks SLUICE_SENDER_NETWORKS against this address; the console throttles sign-ins by it and audits it.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

from shared.errors import SluiceError
from shared.networks import Network

Address = IPv4Address | IPv6Address
Networks = Sequence[Network]

_MAX_PORT = 65535


class UnknownClientAddress(SluiceError):
    """The client's address cannot be determined. `nearest` is the last address on the way to it, "" if there is none.

    The message never quotes a header, so that it can be logged.
    """

    def __init__(self, message: str, nearest: str = "") -> None:
        super().__init__(message)
        self.nearest = nearest


def client_address(peer: str | None, forwarded: bytes, proxies: Networks) -> Address:
    """Return the right-most address that is not a trusted proxy's: first `peer`, then `forwarded` from its end.

    Each proxy appends the address that it was reached from, so the first untrusted one is the client; anything further
    left may be forged. If all of them are proxies, the left-most is returned.

    Args:
        peer: address of the connection's other end; None for a Unix socket, which counts as a trusted proxy if there
            are any.
        forwarded: value of `X-Forwarded-For` (see `forwarded_for`).
        proxies: networks of the trusted proxies.

    Raises:
        UnknownClientAddress: an address on the way is invalid, or there is none.
    """
    if peer is None and not proxies:
        raise UnknownClientAddress("a Unix socket, and SLUICE_TRUSTED_PROXIES is not set")
    address = _parse_peer(peer) if peer is not None else None
    entries = forwarded.decode("latin-1").split(",") if forwarded else []
    while entries and (address is None or is_in(address, proxies)):
        next_address = _parse(_without_port(entries.pop().strip(" \t")))
        if next_address is None:
            raise UnknownClientAddress("X-Forwarded-For contains an invalid address", str(address or ""))
        address = next_address
    if address is None:
        raise UnknownClientAddress("a Unix socket without X-Forwarded-For")
    return address


def peer_address(scope: Scope) -> str | None:
    """Return the address of the connection's other end, or None for a Unix socket."""
    client = scope.get("client")
    return str(client[0]) if client else None


def forwarded_for(scope: Scope) -> bytes:
    """Return the value of `X-Forwarded-For`; several header lines are joined in their order (RFC 9110, 5.3)."""
    return b",".join([value for name, value in scope["headers"] if name == b"x-forwarded-for"])


def is_encrypted(scope: Scope, proxies: Networks) -> bool:
    """Return whether the client uses TLS, either with this server or with a trusted proxy."""
    if scope.get("scheme") == "https":
        return True
    protocol = Headers(scope=scope).get("x-forwarded-proto", "").strip().lower()
    return protocol == "https" and _is_proxy(peer_address(scope), proxies)


def is_in(address: Address, networks: Networks) -> bool:
    """Return whether one of the networks contains the address."""
    return any(address in network for network in networks)


def _is_proxy(peer: str | None, proxies: Networks) -> bool:
    if peer is None:
        return bool(proxies)
    address = _parse(peer.partition("%")[0])
    return address is not None and is_in(address, proxies)


def _parse_peer(peer: str) -> Address:
    address = _parse(peer.partition("%")[0])
    if address is None:
        raise UnknownClientAddress("the connection's address is invalid", peer)
    return address


def _parse(text: str) -> Address | None:
    """Return the address, as IPv4 if it is IPv4 mapped into IPv6; None if it is invalid."""
    if "%" in text:  # with a zone (`fe80::1%eth0`) any text would be valid; the sender's own zone means nothing here
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _without_port(entry: str) -> str:
    """Strip the port and brackets that some proxies add (`1.2.3.4:567`, `[::1]:80`, `[::1]`); "" if it is invalid."""
    if entry.startswith("["):
        address, bracket, port = entry[1:].partition("]")
        return address if bracket and ":" in address and (not port or _is_port(port)) else ""
    if entry.count(":") == 1:
        address, _, port = entry.partition(":")
        return address if "." in address and _is_port(":" + port) else ""
    return entry


def _is_port(text: str) -> bool:
    digits = text.removeprefix(":")
    return text != digits and digits.isascii() and digits.isdecimal() and int(digits[:6]) <= _MAX_PORT
