"""Accept requests only from the networks in SLUICE_SENDER_NETWORKS, if it is set."""

from ipaddress import ip_network

from starlette.types import Scope

from ingress.log_throttle import LogThrottle
from shared.client_ip import (
    Networks,
    UnknownClientAddress,
    client_address,
    forwarded_for,
    is_in,
    peer_address,
)
from shared.errors import RequestRejected
from shared.observability.logging import get_logger

_log = get_logger(__name__)
#: Decisions are cached by peer and header; a header longer than this many bytes is not.
_MAX_CACHED_DECISIONS = 4096
_MAX_CACHED_HEADER_BYTES = 256
_HEALTH = "/health/"
#: Prefix lengths of the network that is logged in place of a rejected address, by IP version.
_LOGGED_PREFIX = {4: 24, 6: 64}


class SenderNetworkFilter:
    """Checks a request's client address, seen through `proxies`, against `networks`."""

    def __init__(self, networks: Networks, proxies: Networks, throttle: LogThrottle | None = None) -> None:
        self._networks = networks
        self._proxies = proxies
        self._throttle = throttle or LogThrottle()
        self.decisions: dict[tuple[str | None, bytes], bool] = {}

    def check(self, scope: Scope) -> None:
        """Raise RequestRejected (403) for a request from outside the networks, unless it is for `/health/`."""
        if scope["path"].startswith(_HEALTH):
            return  # load balancers ask from anywhere; the response reveals nothing
        if not self._may_send(peer_address(scope), forwarded_for(scope)):
            raise RequestRejected(403, "forbidden", "webhooks from this network are not accepted")

    def _may_send(self, peer: str | None, forwarded: bytes) -> bool:
        allowed = self.decisions.get((peer, forwarded))
        if allowed is None:
            allowed = self._decide(peer, forwarded)
            if len(self.decisions) >= _MAX_CACHED_DECISIONS:
                self.decisions.clear()
            if len(forwarded) <= _MAX_CACHED_HEADER_BYTES:
                self.decisions[peer, forwarded] = allowed
        if not allowed and (count := self._throttle.record()):
            _log.warning(
                "rejected webhooks from outside SLUICE_SENDER_NETWORKS",
                sender=self._describe(peer, forwarded),
                rejected=count,
            )
        return allowed

    def _decide(self, peer: str | None, forwarded: bytes) -> bool:
        try:
            return is_in(client_address(peer, forwarded, self._proxies), self._networks)
        except UnknownClientAddress:
            return False

    def _describe(self, peer: str | None, forwarded: bytes) -> str:
        # Formatted from the parsed address: the text of a header never gets into the log.
        try:
            address = client_address(peer, forwarded, self._proxies)
        except UnknownClientAddress as error:
            return str(error)
        return str(ip_network((address, _LOGGED_PREFIX[address.version]), strict=False))
