"""Networks as settings name them."""

from ipaddress import ip_network

import pytest

from shared.networks import networks


def test_networks_are_separated_by_commas_and_an_address_is_a_network_of_one() -> None:
    assert networks("10.0.0.0/8, 203.0.113.7,,2001:db8::/32 ,::1") == tuple(
        map(ip_network, ("10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32", "::1/128"))
    )
    assert networks(" , ") == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0",
        "10",
        "example.com",
        "10.0.0.0/8/8",
        "::/129",
        "[::1]",
        "::ffff:10.0.0.0/104",
    ],
)
def test_every_entry_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^invalid network ") as raised:
        networks(f"{wrong}, 10.0.0.0/8, also wrong")
    assert str(raised.value).startswith(f"invalid network {wrong!r}, 'also wrong' (use ")
