"""`deploy/nginx.conf` in Debian's nginx: what it lets through, what it hides, what it says."""

import json
import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.support.deploy.proxy import Ingress, Proxy, nginx
from tests.support.waiting import until

TOKEN = "tOkEn-of-the-path-0123456789"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def shared_ingress() -> Iterator[Ingress]:
    with Ingress().listening() as ingress:
        yield ingress


@pytest.fixture
def ingress(shared_ingress: Ingress) -> Ingress:
    shared_ingress.seen.clear()
    return shared_ingress


@pytest.fixture(scope="module")
def proxy(shared_ingress: Ingress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx")
    with nginx(folder, [shared_ingress.port], {"client_body_timeout 10s;": "client_body_timeout 1s;"}) as running:
        yield running


@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/messages", f"/webhooks/statuses/{TOKEN}"])
def test_a_webhook_reaches_the_ingress_whole(proxy: Proxy, ingress: Ingress, path: str) -> None:
    with proxy.client() as client:
        answer = client.post(path, content=b"x" * (2 * MIB), headers={"X-Webhook-Token": "mine"})

    assert answer.status_code == 200
    [came] = ingress.seen
    assert (came["method"], came["path"], came["size"]) == ("POST", path, 2 * MIB)
    assert came["headers"]["x-webhook-token"] == "mine"


def test_http_2_and_tls_1_2_and_1_3_are_spoken(proxy: Proxy) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = ssl.create_default_context(cafile=proxy.folder / "fullchain.pem")
        tls.minimum_version = tls.maximum_version = version
        tls.set_alpn_protocols(["h2", "http/1.1"])
        with closing(Proxy(proxy.folder, proxy.port, tls).connect()) as connection:
            assert connection.selected_alpn_protocol() == "h2"


def test_tls_1_1_is_refused_by_nginx(proxy: Proxy) -> None:
    tls = ssl.create_default_context(cafile=proxy.folder / "fullchain.pem")
    tls.set_ciphers("ALL:@SECLEVEL=0")  # or OpenSSL would not even ask for it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        Proxy(proxy.folder, proxy.port, tls).connect()


def test_a_request_without_tls_is_refused_as_json(proxy: Proxy) -> None:
    answer = httpx.post(f"http://127.0.0.1:{proxy.port}/webhooks/{TOKEN}", content=b"{}", trust_env=False)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_request"


@pytest.mark.parametrize("chunked", [False, True], ids=["length stated", "chunked"])
def test_a_body_over_the_limit_is_refused_as_json(proxy: Proxy, ingress: Ingress, chunked: bool) -> None:
    body = iter([b"x" * MIB] * 4) if chunked else b"x" * (4 * MIB)
    with proxy.client() as client:
        answer = client.post("/webhooks/messages", content=body)

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "too_large"
    assert ingress.seen == []


def test_a_slow_body_is_cut_and_never_reaches_the_ingress(proxy: Proxy, ingress: Ingress) -> None:
    with closing(proxy.connect()) as connection:
        connection.sendall(b"POST /webhooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nten bytes.")
        try:
            answer = connection.recv(1024)
        except (ConnectionResetError, ssl.SSLEOFError):
            answer = b""

    assert answer == b"", "nginx answers 408 by closing the connection"
    until(lambda: proxy.count(408) == 1)
    assert ingress.seen == []


@pytest.mark.parametrize(
    "target",
    [
        "/health/ready",
        "//health/ready",
        "/health/live/../ready",
        "/webhooks/../health/ready",
        "/webhooks/%2e%2e/health/ready",
        "/webhooks/..%2fhealth/ready",
        "/health/",
        "/webhooksx",
        "/console",
        "/metrics",
        "/",
    ],
)
def test_nothing_else_is_exposed(proxy: Proxy, ingress: Ingress, target: str) -> None:
    status, answer = proxy.get(target)

    assert (status, answer["error"]["code"]) == (404, "not_found")
    assert ingress.seen == []


def test_the_challenge_and_the_liveness_are_exposed(proxy: Proxy, ingress: Ingress) -> None:
    assert proxy.get("/webhooks?hub.mode=subscribe&hub.challenge=1")[0] == 200
    assert proxy.get("/health/live")[0] == 200
    assert [came["path"] for came in ingress.seen] == ["/webhooks", "/health/live"]


def test_what_a_sender_claims_about_its_address_is_dropped(proxy: Proxy, ingress: Ingress) -> None:
    claims = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto"), "203.0.113.9")
    with proxy.client() as client:
        client.post("/webhooks", content=b"{}", headers=claims | {"Forwarded": "for=203.0.113.9"})

    headers = ingress.seen[0]["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert "203.0.113.9" not in json.dumps(headers)


def test_nginx_does_not_tell_its_version(proxy: Proxy) -> None:
    with proxy.client() as client:
        assert client.get("/health/ready").headers["server"] == "nginx"
