"""Networks as settings name them: CIDRs, IPv4 and IPv6; and who reaches what is bound to a host."""

import functools
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """The comma-separated networks. Raises ValueError naming every entry that is none."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    wrong = [entry for entry in entries if _network(entry) is None]
    if wrong:
        shown = ", ".join(map(repr, wrong))
        raise ValueError(f"{shown}: no network such as 203.0.113.0/24 or 2001:db8::/32, without bits behind the mask")
    return tuple(network for entry in entries if (network := _network(entry)))


@functools.lru_cache(maxsize=256)  # without a secret it is asked for each webhook
def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound to that host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _network(entry: str) -> Network | None:
    try:
        network = ip_network(entry)
    except ValueError:
        return None
    # Addresses are compared as IPv4 where they are IPv4 in IPv6: such a network would hold none.
    return None if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped else network
