"""`sluice send`: a sample webhook, posted as the provider would."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import pytest

from tests.support.cli.fixtures import Sluice
from tests.support.cli.receiver import Receiver, receiver
from tests.support.programs import free_port
from workers.devtools import samples


@pytest.fixture
def ingress() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.mark.parametrize("kind", samples.names())
def test_any_sample_can_be_sent(sluice: Sluice, ingress: Receiver, kind: str) -> None:
    result = sluice("send", kind, port=str(ingress.port))

    assert (result.exit_code, result.stdout, result.stderr) == (0, '200 {"receipt":"1"}\n', "")
    [sent] = ingress.sent
    assert sent.path == "/webhooks"
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.body).keys() == json.loads(samples.load(kind)).keys()


def test_a_sample_is_sent_with_ids_and_times_of_its_own(sluice: Sluice, ingress: Receiver) -> None:
    for _ in range(2):
        assert sluice("send", "text", "--url", ingress.url).exit_code == 0

    first, second = (json.loads(sent.body) for sent in ingress.sent)
    assert first["messages"]["id"] != second["messages"]["id"]
    assert abs(int(first["messages"]["timestamp"]) - time.time()) < 60
    assert first["messages"]["type"] == "text"


def test_as_is_sends_the_sample_byte_for_byte(sluice: Sluice, ingress: Receiver) -> None:
    for _ in range(2):
        assert sluice("send", "mixed", "--as-is", port=str(ingress.port)).exit_code == 0
    assert [sent.body for sent in ingress.sent] == [samples.load("mixed")] * 2


def test_what_is_sent_is_proved_by_token_and_signature(sluice: Sluice, ingress: Receiver) -> None:
    sluice("send", "text", port=str(ingress.port), webhook_token="new,old", hmac_secret="the-key")

    [sent] = ingress.sent
    assert sent.headers["x-webhook-token"] == "new"
    assert (
        sent.headers["x-hub-signature-256"] == "sha256=" + hmac.new(b"the-key", sent.body, hashlib.sha256).hexdigest()
    )


def test_without_secrets_nothing_is_proved(sluice: Sluice, ingress: Receiver) -> None:
    sluice("send", "text", port=str(ingress.port))

    assert not {"x-webhook-token", "x-hub-signature-256"} & ingress.sent[0].headers.keys()


def test_another_address_may_be_given(sluice: Sluice, ingress: Receiver) -> None:
    assert sluice("send", "sent", "--url", f"{ingress.url}/webhooks/statuses/token").exit_code == 0
    assert ingress.sent[0].path == "/webhooks/statuses/token"


def test_a_refusal_is_shown_and_is_an_error(sluice: Sluice, ingress: Receiver) -> None:
    ingress.answer = (401, b'{"error":{"code":"unauthorized","message":"no"}}')
    result = sluice("send", "text", port=str(ingress.port))

    assert result.exit_code == 1
    assert result.stdout == '401 {"error":{"code":"unauthorized","message":"no"}}\n'


def test_as_json_it_can_be_read_by_a_program(sluice: Sluice, ingress: Receiver) -> None:
    result = sluice("send", "text", "--json", "--as-is", port=str(ingress.port))

    assert json.loads(result.stdout) == {
        "status": 200,
        "answer": '{"receipt":"1"}',
        "sent": samples.load("text").decode(),
    }
    ingress.answer = (503, b"")
    result = sluice("send", "text", "--json", port=str(ingress.port))
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (1, 503)


def test_where_nobody_answers_that_is_one_line(sluice: Sluice) -> None:
    port = free_port()
    result = sluice("send", "text", port=str(port))

    assert result.exit_code == 69
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith(f"sluice: http://127.0.0.1:{port}/webhooks does not answer: ")


@pytest.mark.parametrize(("address", "code"), [("http://[::1", 2), ("http://x:port/", 2), ("nonsense", 69)])
def test_an_address_that_is_none_is_one_line(sluice: Sluice, address: str, code: int) -> None:
    result = sluice("send", "text", "--url", address)

    assert result.exit_code == code
    [line] = result.stderr.splitlines()
    assert line.startswith(f"sluice: invalid URL {address}: " if code == 2 else f"sluice: {address} does not answer: ")


def test_an_ipv6_host_is_written_as_urls_have_it(sluice: Sluice) -> None:
    result = sluice("send", "text", host="::1", port=str(free_port()))

    assert result.exit_code == 69
    assert result.stderr.startswith("sluice: http://[::1]:")


def test_without_a_kind_the_kinds_are_listed(sluice: Sluice) -> None:
    result = sluice("send")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == samples.names()
    assert json.loads(sluice("send", "--json").stdout) == {"kinds": samples.names()}


def test_an_unknown_kind_is_an_error_that_names_the_one_that_may_be_meant(sluice: Sluice, ingress: Receiver) -> None:
    for kind, meant in (("txet", " (did you mean text?)"), ("../secrets", "")):
        result = sluice("send", kind, "--url", ingress.url)

        assert (result.exit_code, result.stdout) == (2, "")
        said = " ".join(result.stderr.replace("│", "").split())
        assert f"unknown sample '{kind}'{meant}; `sluice send` lists them" in said
    assert ingress.sent == []


def test_wrong_settings_are_named_and_nothing_is_sent(sluice: Sluice, ingress: Receiver) -> None:
    result = sluice("send", "text", "--url", ingress.url, port="wrong", hmac_secrets="x")

    assert result.exit_code == 78
    assert len(result.stderr.splitlines()) == 2
    assert ingress.sent == []
