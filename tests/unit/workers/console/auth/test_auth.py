"""URL tokens, the login throttle, masking and formatting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import Clock
from workers.console.auth.login_throttle import FREE_FAILURES, MAX_FAILURES_TOTAL, MAX_WAIT_SECONDS, LoginThrottle
from workers.console.auth.url_tokens import InvalidUrlToken, UrlTokenCipher
from workers.console.masking import customer_number, isolate_untrusted, safe_text
from workers.operations.format import (
    NO_VALUE,
    datetime_from_ms,
    format_bytes,
    format_duration,
    format_percent,
    format_time,
    pluralize,
)
from workers.operations.format import format_number as figure

CIPHER = UrlTokenCipher(b"k" * 32)


@given(st.text(st.characters()))
def test_any_text_can_be_hidden_and_revealed(text: str) -> None:
    assert CIPHER.reveal(CIPHER.hide(text)) == text


@given(st.text(max_size=40), st.data())
def test_a_changed_token_is_invalid(text: str, data: st.DataObject) -> None:
    token = CIPHER.hide(text)
    at = data.draw(st.integers(0, len(token) - 5))
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    with pytest.raises(InvalidUrlToken):
        CIPHER.reveal(changed)


@pytest.mark.parametrize("token", ["", "x", "919812345678", "%", "é", "A" * 22, CIPHER.hide("a") + "\n", "=" * 9])
def test_an_invalid_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidUrlToken):
        CIPHER.reveal(token)


def test_tokens_are_deterministic_opaque_and_bound_to_their_key() -> None:
    assert CIPHER.hide("919812345678") == CIPHER.hide("919812345678")
    assert CIPHER.hide("919812345678")[:8] != CIPHER.hide("919812345679")[:8]
    with pytest.raises(InvalidUrlToken):
        UrlTokenCipher(b"o" * 32).reveal(CIPHER.hide("919812345678"))


def test_each_wrong_password_doubles_the_wait() -> None:
    time = Clock()
    throttle = LoginThrottle(time)
    waits = []
    for _ in range(FREE_FAILURES + 12):
        throttle.record_failure("192.0.2.1")
        waits.append(throttle.seconds_to_wait("192.0.2.1"))
        time.now += waits[-1]
    assert waits[: FREE_FAILURES - 1] == [0.0] * (FREE_FAILURES - 1)
    assert waits[FREE_FAILURES - 1 : FREE_FAILURES + 3] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == MAX_WAIT_SECONDS


def test_failures_are_forgotten_after_a_while() -> None:
    time = Clock()
    throttle = LoginThrottle(time)
    for _ in range(FREE_FAILURES + 5):
        throttle.record_failure("192.0.2.1")
    time.now += 901
    assert throttle.seconds_to_wait("192.0.2.1") == 0
    throttle.record_failure("192.0.2.1")
    assert throttle.seconds_to_wait("192.0.2.1") == 0


def test_failures_of_many_addresses_are_throttled_too() -> None:
    time = Clock()
    throttle = LoginThrottle(time)
    for n in range(MAX_FAILURES_TOTAL):
        throttle.record_failure(f"192.0.2.{n}")
    assert throttle.seconds_to_wait("198.51.100.1") == 5.0
    time.now += 5
    assert throttle.seconds_to_wait("198.51.100.1") == 0.0
    time.now += 300
    throttle.record_failure("198.51.100.1")
    assert throttle.seconds_to_wait("198.51.100.2") == 0.0


def test_addresses_of_one_ipv6_network_count_together() -> None:
    throttle = LoginThrottle(Clock())
    for n in range(FREE_FAILURES):
        throttle.record_failure(f"2001:db8::{n:x}")
    assert throttle.seconds_to_wait("2001:db8::ffff") > 0
    assert throttle.seconds_to_wait("2001:db8:0:1::1") == 0


def test_a_correct_password_clears_the_failures_of_an_address() -> None:
    throttle = LoginThrottle(Clock())
    for _ in range(FREE_FAILURES):
        throttle.record_failure("192.0.2.1")
    throttle.record_success("192.0.2.1")
    assert throttle.seconds_to_wait("192.0.2.1") == 0


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("919812345678", "9198…678"),
        ("+91 98123 45678 called", "9198…678 called"),
        ("m:text:wamid.HBgMOTE5ODEyMzQ1Njc4FQIAEhgU", "m:text:wamid.…FQIAEhgU"),
        ("a\nb", "a\\nb"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("שלום \u200f!", "שלום \u200f!"),
    ],
)
def test_untrusted_text_is_escaped_and_masked(text: str, masked: str) -> None:
    assert safe_text(text, show_numbers=False) == masked


def test_names_are_isolated_and_escaped() -> None:
    assert isolate_untrusted("<b>\u202e", show_numbers=True) == "<bdi>&lt;b&gt;\\u202e</bdi>"


@pytest.mark.parametrize(
    ("customer", "masked"),
    [("919812345678", "9198…678"), ("5551234", "5551…234"), ("IN.ABC", "IN.ABC"), ("16505551234", "1650…234")],
)
def test_a_customer_s_number_is_masked_whatever_its_length(customer: str, masked: str) -> None:
    assert customer_number(customer, show_numbers=False) == masked
    assert customer_number(customer, show_numbers=True) == customer


def test_figures_are_formatted_for_people() -> None:
    spaced = [
        format_duration(0.04),
        format_duration(59),
        format_duration(125),
        format_duration(3700),
        format_duration(86_400 * 3),
        format_duration(None),
        figure(1234567),
        figure(0.25),
    ]
    assert [text.replace("\u202f", " ") for text in spaced] == [
        "0.0 s",
        "59 s",
        "2 min",
        "1 h",
        "3 d",
        NO_VALUE,
        "1 234 567",
        "0.2",
    ]
    assert [format_bytes(999), format_bytes(1_500_000)] == ["999\u202fB", "1.5\u202fMB"]
    assert [pluralize(1, "event"), pluralize(0, "event")] == ["1 event", "0 events"]
    assert [format_percent(1, 3), format_percent(1, 0)] == ["33.3\u202f%", NO_VALUE]


def test_times_of_other_days_include_the_date() -> None:
    noon = datetime_from_ms(1_800_000_000_000)
    assert noon is not None
    assert format_time(noon, noon) == "08:00:00"
    assert format_time(datetime_from_ms(1_800_000_000_000 - 86_400_000), noon) == "2027-01-14 08:00"
    assert datetime_from_ms(1e30) is None
