"""Which client a request comes from, behind trusted and untrusted proxies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.client_ip import Networks, UnknownClientAddress, client_address, forwarded_for
from shared.networks import networks

_PROXIES = networks("10.0.0.0/8, 127.0.0.1, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        # An address that is not a proxy's is the sender, whatever the header claims.
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "no address", "203.0.113.9"),
        # A proxy names it.
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9,10.0.0.2 ,\t10.0.0.3", "203.0.113.9"),
        ("fd00::1", "2001:db8::9", "2001:db8::9"),
        # What stands left of it is a claim of its own.
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.5, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "unknown, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", ", 203.0.113.9", "203.0.113.9"),
        # Proxies alone: the left-most.
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # As some write addresses.
        ("10.0.0.1", "203.0.113.9:443", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::9]", "2001:db8::9"),
        ("10.0.0.1", "[2001:db8::9]:65535", "2001:db8::9"),
        ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "[::ffff:203.0.113.9]:1", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("fe80::1%eth0", "198.51.100.1", "fe80::1"),
        # A Unix socket is a proxy's.
        (None, "203.0.113.9", "203.0.113.9"),
        (None, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
    ],
)
def test_the_sender_is_the_right_most_that_is_no_proxy(peer: str | None, forwarded: str, found: str) -> None:
    assert str(client_address(peer, forwarded.encode(), _PROXIES)) == found


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "unknown",
        "_hidden",
        "example.com",
        "203.0.113.9.",
        "203.0.113",
        "0x7f.1",
        "203.0.113.09",
        "203.0.113.9:",
        "203.0.113.9:x",
        "203.0.113.9:65536",
        "203.0.113.9:-1",
        "203.0.113.9:1:2",
        "203.0.113.9/24",
        "203.0.113.9 198.51.100.1",
        "[203.0.113.9]",
        "[203.0.113.9]:80",
        "[2001:db8::9",
        "2001:db8::9]",
        "[2001:db8::9]80",
        "[2001:db8::9]:",
        "[[2001:db8::9]]",
        "[]",
        "[]:80",
        "2001:db8::9::",
        "fe80::1%eth0",
        "fe80::1%\n2026-01-01 [info] all is well",
        '"[2001:db8::9]:80"',
        "for=203.0.113.9",
        "203.0.113.9;198.51.100.1",
        "\u0662\u0660\u0663.0.113.9",
        "\xff",
        "203.0.113.9\0",
    ],
)
def test_an_entry_that_is_no_address_ends_the_walk(entry: str) -> None:
    for forwarded in (entry or " ", f"{entry}, 10.0.0.2", f"198.51.100.1, {entry}", f"198.51.100.1,{entry},10.0.0.2"):
        with pytest.raises(UnknownClientAddress, match="X-Forwarded-For contains an invalid address"):
            client_address("10.0.0.1", forwarded.encode(), _PROXIES)


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "why"),
    [
        (None, b"203.0.113.9", (), "a Unix socket, and SLUICE_TRUSTED_PROXIES is not set"),
        (None, b"", _PROXIES, "a Unix socket without X-Forwarded-For"),
        ("testclient", b"203.0.113.9", _PROXIES, "the connection's address is invalid"),
        ("", b"203.0.113.9", _PROXIES, "the connection's address is invalid"),
    ],
)
def test_where_there_is_no_address_nobody_is_the_sender(
    peer: str | None, forwarded: bytes, proxies: Networks, why: str
) -> None:
    with pytest.raises(UnknownClientAddress, match=why):
        client_address(peer, forwarded, proxies)


@given(claimed=st.binary(max_size=40), peer=st.ip_addresses(network="203.0.113.0/24"))
def test_no_claim_of_a_stranger_goes_before_the_address_that_a_proxy_saw(claimed: bytes, peer: object) -> None:
    assert str(client_address("10.0.0.1", claimed + b"," + str(peer).encode(), _PROXIES)) == str(peer)
    assert str(client_address(str(peer), claimed, _PROXIES)) == str(peer)


def test_several_header_lines_are_one_list() -> None:
    lines = [(b"host", b"x"), (b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"203.0.113.9:4711")]
    forwarded = forwarded_for({"headers": lines})

    assert forwarded == b"1.2.3.4,203.0.113.9:4711"
    assert str(client_address("10.0.0.1", forwarded, _PROXIES)) == "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "nearest"),
    [
        ("10.0.0.1", b"garbage", "10.0.0.1"),
        ("10.0.0.1", b"garbage, 10.0.0.2", "10.0.0.2"),
        (None, b"garbage", ""),
        (None, b"", ""),
        ("testclient", b"", "testclient"),
    ],
)
def test_the_error_names_the_nearest_address_that_is_known(peer: str | None, forwarded: bytes, nearest: str) -> None:
    with pytest.raises(UnknownClientAddress) as caught:
        client_address(peer, forwarded, _PROXIES)
    assert caught.value.nearest == nearest
