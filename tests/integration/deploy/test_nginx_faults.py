"""`deploy/nginx.conf` when the ingress fails, and what its logs tell then."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Thread

import httpx
from starlette.responses import JSONResponse

from tests.support.deploy.proxy import Ingress, Proxy, nginx
from tests.support.programs import free_port
from tests.support.waiting import until

TOKEN = "tOkEn-of-the-path-0123456789"


def _is_unavailable(answer: httpx.Response) -> bool:
    return answer.json()["error"]["code"] == "unavailable" and int(answer.headers["retry-after"]) > 0


def test_without_an_ingress_the_sender_is_reported_when_to_come_again(tmp_path: Path) -> None:
    with nginx(tmp_path, [free_port()]) as proxy, proxy.client() as client:
        answer = client.post("/webhooks", content=b"{}")

    assert answer.status_code == 502
    assert _is_unavailable(answer)


def test_an_ingress_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        short = {"proxy_read_timeout 15s;": "proxy_read_timeout 1s;"}
        with nginx(tmp_path, [silent.getsockname()[1]], short) as proxy, proxy.client() as client:
            answer = client.post("/webhooks", content=b"{}")

    assert answer.status_code == 504
    assert _is_unavailable(answer)


def test_the_ingress_s_own_refusal_passes_as_it_is(tmp_path: Path) -> None:
    refusal = JSONResponse({"error": {"code": "unavailable", "message": "its own"}}, 503, {"Retry-After": "7"})
    with Ingress(refusal).listening() as ingress, nginx(tmp_path, [ingress.port]) as proxy, proxy.client() as client:
        answer = client.post("/webhooks", content=b"{}")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert answer.json()["error"]["message"] == "its own"


def test_a_webhook_that_one_ingress_refuses_goes_to_another(tmp_path: Path) -> None:
    refusing, taking = Ingress(JSONResponse({}, 503)), Ingress()
    with refusing.listening(), taking.listening(), nginx(tmp_path, [refusing.port, taking.port]) as proxy:
        assert _statuses_of_four(proxy) == [200] * 4

    assert refusing.seen
    assert len(taking.seen) == 4


def test_a_webhook_that_one_ingress_took_and_dropped_goes_to_another(tmp_path: Path) -> None:
    with _dropping() as (port, dropped), Ingress().listening() as taking, nginx(tmp_path, [port, taking.port]) as proxy:
        assert _statuses_of_four(proxy) == [200] * 4

    assert dropped
    assert len(taking.seen) == 4


def test_the_token_of_the_path_is_in_no_log_whatever_fails(tmp_path: Path) -> None:
    limits = {
        "client_body_timeout 10s;": "client_body_timeout 1s;",
        "client_max_body_size 3m;": "client_max_body_size 1k;",
    }
    with Ingress().listening() as ingress, nginx(tmp_path, [ingress.port], limits) as proxy:
        _send_the_token_everywhere(proxy)
    with nginx(tmp_path, [free_port()], limits) as proxy:
        _send_the_token_everywhere(proxy)
        (tmp_path / "client_body").rmdir()  # nginx cannot keep a body now: "crit", were it logged
        with proxy.client() as client:
            assert client.post(f"/webhooks/{TOKEN}", content=iter([b"x" * 500, b"x" * 500])).status_code in {500, 502}

    lines = proxy.log()
    assert {"/webhooks/(token)", "/webhooks/statuses/(token)", "/webhooks", "/health/live", "(other)"} == {
        line["path"] for line in lines
    }
    assert {200, 400, 404, 408, 413, 502} <= {line["status"] for line in lines}
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), f"{file.name} holds the token"


def _send_the_token_everywhere(proxy: Proxy) -> None:
    with proxy.client() as client:
        for path in (f"/webhooks/{TOKEN}", f"/webhooks/statuses/{TOKEN}/", f"/webhooks?hub.verify_token={TOKEN}"):
            client.post(path, content=b"{}", headers={"Referer": f"https://localhost/{TOKEN}"})
            client.post(path, content=b"x" * 2000)
        for path in (f"/webhook/{TOKEN}", f"/{TOKEN}", f"/health/live?{TOKEN}", f"/webhooks/a/{TOKEN}"):
            client.get(path)
    half = f"POST /webhooks/{TOKEN} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    for request, status in ((half, 408), (f"{TOKEN}\r\n\r\n", 400)):
        earlier = proxy.count(status)
        with closing(proxy.connect()) as connection, suppress(ConnectionResetError, ssl.SSLEOFError):
            connection.sendall(request.encode())
            connection.recv(1024)  # the answer, or that nginx closes
        until(partial(_more, proxy, status, earlier))


def _more(proxy: Proxy, status: int, earlier: int) -> bool:
    return proxy.count(status) > earlier


def _statuses_of_four(proxy: Proxy) -> list[int]:
    with proxy.client() as client:
        return [client.post("/webhooks", content=b"{}").status_code for _ in range(4)]


@contextmanager
def _dropping() -> Iterator[tuple[int, list[bytes]]]:
    """A server that reads a request and closes the connection, as an ingress that is killed does."""
    dropped: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    request = connection.recv(65536)
                    if not request:
                        return
                    dropped.append(request)

        thread = Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield port, dropped
        finally:
            socket.create_connection(("127.0.0.1", port)).close()  # says nothing: the end
            thread.join(10)
