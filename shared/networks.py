"""Networks in settings (CIDR, IPv4 and IPv6), and whether a host can be reached from other machines."""

import functools
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Return the comma-separated networks. Raise ValueError with every invalid entry."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    invalid = [entry for entry in entries if _network(entry) is None]
    if invalid:
        listed = ", ".join(map(repr, invalid))
        raise ValueError(
            f"invalid network {listed} (use 203.0.113.0/24 or 2001:db8::/32, without bits behind the mask)"
        )
    return tuple(network for entry in entries if (network := _network(entry)))


@functools.lru_cache(maxsize=256)  # called for each webhook if there is no secret
def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach what is bound to the host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _network(entry: str) -> Network | None:
    try:
        network = ip_network(entry)
    except ValueError:
        return None
    # An IPv4 address mapped into IPv6 is compared as IPv4, so that such a network would contain no address.
    return None if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped else network
