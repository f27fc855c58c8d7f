"""Which networks may send: the address a request comes from, found behind proxies whose word is taken for it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

from ingress.log_throttle import LogThrottle
from shared.errors import RequestRejected, SluiceError
from shared.networks import Network
from shared.observability.logging import get_logger

Address = IPv4Address | IPv6Address
Networks = Sequence[Network]

_log = get_logger(__name__)
#: Decisions that are remembered, and how long a header may be to be remembered with its one.
_MAX_CACHED_ADDRESSES = 4096
_MAX_CACHED_LENGTH = 256  # bytes
_HEALTH = "/health/"


class BadAddress(SluiceError):
    """Something that stands where an address should, and is none."""


class SenderNetworkFilter:
    """Checks a request's sender against SLUICE_SENDER_NETWORKS, behind SLUICE_TRUSTED_PROXIES."""

    def __init__(self, networks: Networks, proxies: Networks, rarely: LogThrottle | None = None) -> None:
        self._networks = networks
        self._proxies = proxies
        self._rarely = rarely or LogThrottle()
        self._remembered: dict[tuple[str | None, bytes], bool] = {}

    def check(self, scope: Scope) -> None:
        """Raises RequestRejected(403) for a request, other than for health, from outside these networks."""
        if scope["path"].startswith(_HEALTH):
            return  # asked by load balancers, wherever they are; says nothing about anybody
        client = scope.get("client")
        peer = client[0] if client else None
        forwarded = b",".join([value for name, value in scope["headers"] if name == b"x-forwarded-for"])
        if not self._may_send(peer, forwarded):
            raise RequestRejected(403, "forbidden", "webhooks are not taken from this network")

    def _may_send(self, peer: str | None, forwarded: bytes) -> bool:
        known = self._remembered.get((peer, forwarded))
        if known is None:
            known = self._decide(peer, forwarded)
            if len(self._remembered) >= _MAX_CACHED_ADDRESSES:
                self._remembered.clear()
            if len(forwarded) <= _MAX_CACHED_LENGTH:
                self._remembered[peer, forwarded] = known
        if not known and (times := self._rarely.record()):
            _log.warning(
                "webhooks from outside SLUICE_SENDER_NETWORKS are refused",
                sender=self._described(peer, forwarded),
                refused=times,
            )
        return known

    def _decide(self, peer: str | None, forwarded: bytes) -> bool:
        try:
            return _is_in(sender(peer, forwarded, self._proxies), self._networks)
        except BadAddress:
            return False

    def _described(self, peer: str | None, forwarded: bytes) -> str:
        # Written anew from the parsed address: what a header holds never gets into the log.
        try:
            found = sender(peer, forwarded, self._proxies)
        except BadAddress as error:
            return str(error)
        return str(ip_network((found, 24 if found.version == 4 else 64), strict=False))


def sender(peer: str | None, forwarded: bytes, proxies: Networks) -> Address:
    """The right-most address that is no proxy's, of `X-Forwarded-For` and the connection's own `peer` after it.

    Each proxy appends the address it was reached from, so what stands left of the first one that is not trusted may
    be anybody's invention. Where all are proxies, the left-most. Raises BadAddress where the walk meets something
    that is no address. `peer` is None on a Unix socket, which is taken for a proxy's if there are any.
    """
    if peer is None and not proxies:
        raise BadAddress("a Unix socket, and SLUICE_TRUSTED_PROXIES is not set")
    found = None if peer is None else _parsed(peer.partition("%")[0], "the connection's address")
    waiting = forwarded.decode("latin-1").split(",") if forwarded else []
    while waiting and (found is None or _is_in(found, proxies)):
        found = _parsed(_without_port(waiting.pop().strip(" \t")), "an entry of X-Forwarded-For")
    if found is None:
        raise BadAddress("a Unix socket without X-Forwarded-For")
    return found


def _is_in(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _parsed(text: str, what: str) -> Address:
    try:
        # With a zone (`fe80::1%eth0`) any text would pass; a sender's own zone means nothing here.
        address = None if "%" in text else ip_address(text)
    except ValueError:
        address = None
    if address is None:
        raise BadAddress(f"{what} is none")
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _without_port(entry: str) -> str:
    """`1.2.3.4:567`, `[::1]:80` and `[::1]` without port and brackets, as some proxies write them."""
    if entry.startswith("["):
        address, bracket, port = entry[1:].partition("]")
        return address if bracket and ":" in address and (not port or _is_port(port)) else ""
    if entry.count(":") == 1:
        address, _, port = entry.partition(":")
        return address if "." in address and _is_port(":" + port) else ""
    return entry


def _is_port(text: str) -> bool:
    digits = text.removeprefix(":")
    return text != digits and digits.isascii() and digits.isdecimal() and int(digits[:6]) < 65536
