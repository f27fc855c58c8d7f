"""uvicorn's and httptools' internals that ingress/uvicorn_http relies on are as they were when it was written."""

import ast
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httptools
import pytest
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ingress.uvicorn_http.fast_path import FastPathProtocol
from ingress.uvicorn_http.limits import LimitedProtocol
from ingress.uvicorn_http.timeouts import TimeoutProtocol
from tests.support.dependency_contract import Internal, broken

_ROOT = Path(__file__).resolve().parents[4]
_PRODUCT = ("ingress", "shared", "workers")
_MODULE = "uvicorn.protocols.http.httptools_impl"
_HTTPTOOLS = f"httptools {version('httptools')}"

_ATTRIBUTES = (
    "the attributes that the three protocol classes use still mean the same: app, loop, parser, flow, scope, headers, "
    "url, cycle, pipeline, connections, server_state, timeout_keep_alive_task; of a cycle scope, body, more_body, "
    "keep_alive, disconnected, on_response, response_started, response_complete, waiting_for_100_continue"
)
_CONNECTION = "connections are counted, and timers cancelled, as limits.py and timeouts.py expect"
_DATA = "LimitedProtocol.data_received, which replaces it, has everything that was added to it"
_SCOPE = "limits.py recognises a new request by its new scope, and its list of headers (on_headers_complete, _feed)"
_FAST_PATH = "uvicorn still calls it for each request; if not, FastPathProtocol is silently off"
_BODY = "FastPathProtocol hands over a request when it is complete, and ingress/body.py gets a whole body at once"
_RESPONSE = "FastPathProtocol._respond writes the same bytes, obeys keep_alive, and starts the next pipelined request"
_FLOW = "flow.write_paused says that the client does not read its responses"

INTERNALS = [
    Internal(f"{_MODULE}:HttpToolsProtocol.__init__", _ATTRIBUTES, "4ddc7f24e7b6"),
    Internal(f"{_MODULE}:HttpToolsProtocol.connection_made", _CONNECTION, "98f3364c51bd"),
    Internal(f"{_MODULE}:HttpToolsProtocol.connection_lost", _CONNECTION, "f4243dfdce9f"),
    Internal(f"{_MODULE}:HttpToolsProtocol._unset_keepalive_if_required", _CONNECTION, "04559ae3144b"),
    Internal(f"{_MODULE}:HttpToolsProtocol.data_received", _DATA, "829d960307cd"),
    Internal(f"{_MODULE}:HttpToolsProtocol.on_message_begin", _SCOPE, "cced6d16a0ac"),
    Internal(f"{_MODULE}:HttpToolsProtocol.on_header", _SCOPE, "78b0ae43b62d"),
    Internal(f"{_MODULE}:HttpToolsProtocol.on_headers_complete", _SCOPE, "e5d2ecbc6ef0"),
    Internal(f"{_MODULE}:HttpToolsProtocol._start_asgi_task", _FAST_PATH, "d4d2fc3f9180"),
    Internal(f"{_MODULE}:HttpToolsProtocol.on_body", _BODY, "de5f4abc856b"),
    Internal(f"{_MODULE}:HttpToolsProtocol.on_message_complete", _BODY, "2ebedf1d9cf5"),
    Internal(f"{_MODULE}:HttpToolsProtocol.on_response_complete", _RESPONSE, "3d46aa8ee6b8"),
    Internal(f"{_MODULE}:HttpToolsProtocol.shutdown", _RESPONSE, "180cacc18924"),
    Internal(f"{_MODULE}:RequestResponseCycle.__init__", _ATTRIBUTES, "d35bd36cc843"),
    Internal(f"{_MODULE}:RequestResponseCycle.run_asgi", _RESPONSE, "b6b42e46a8a0"),
    Internal(f"{_MODULE}:RequestResponseCycle.send", _RESPONSE, "275bc5313401"),
    Internal(f"{_MODULE}:RequestResponseCycle.receive", _BODY, "c7fc9c3f2ad5"),
    Internal("uvicorn.protocols.http.flow_control:FlowControl.pause_writing", _FLOW, "bee2201fa316"),
    Internal(f"{_MODULE}:STATUS_LINE", _RESPONSE),
]


@pytest.mark.parametrize("internal", INTERNALS, ids=lambda internal: internal.name.partition(":")[2])
def test_what_we_rely_on_has_not_changed(internal: Internal) -> None:
    assert broken(internal) == ""


def test_every_method_that_we_override_is_in_the_list() -> None:
    ours = {name for kind in (LimitedProtocol, TimeoutProtocol, FastPathProtocol) for name in vars(kind)}
    overridden = {name for name in ours if callable(getattr(HttpToolsProtocol, name, None)) and name[:2] != "__"}
    assert len(overridden) > 5
    assert overridden - {internal.name.rpartition(".")[2] for internal in INTERNALS} == set()


def test_status_lines_are_complete_lines() -> None:
    assert STATUS_LINE[200] == b"HTTP/1.1 200 OK\r\n", "fast_path.py and limits.py write them as they are"


class _Callbacks:
    """Records the parser's callbacks, and calls `at_headers` when the headers are complete."""

    def __init__(self, at_headers: Callable[[], object] = lambda: None) -> None:
        self.calls: list[str] = []
        self._at_headers = at_headers

    def on_header(self, name: bytes, _value: bytes) -> None:
        self.calls.append(f"header {name.decode()}")

    def on_headers_complete(self) -> None:
        self.calls.append("headers complete")
        self._at_headers()

    def on_body(self, body: bytes) -> None:
        self.calls.append(f"body {body.decode()}")

    def on_message_complete(self) -> None:
        self.calls.append("message complete")


class _Rejected(Exception):
    pass


def _parser(callbacks: _Callbacks) -> Any:
    return httptools.HttpRequestParser(callbacks)


def test_the_parser_s_error_carries_what_a_callback_raised() -> None:
    def reject() -> None:
        raise _Rejected

    with pytest.raises(httptools.HttpParserCallbackError) as caught:
        _parser(_Callbacks(reject)).feed_data(b"POST / HTTP/1.1\r\n\r\n")
    assert isinstance(caught.value.__context__, _Rejected), (
        f"{_HTTPTOOLS} no longer chains a callback's exception: LimitedProtocol.data_received "
        "finds RequestRejected there, and would answer every rejection with 'invalid HTTP'"
    )


def test_the_parser_says_that_a_request_is_an_upgrade_when_its_headers_are_complete() -> None:
    found = []
    callbacks = _Callbacks(lambda: found.append(parser.should_upgrade()))
    parser = _parser(callbacks)
    with pytest.raises(httptools.HttpParserUpgrade):
        parser.feed_data(b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nmore")
    assert found == [True], f"{_HTTPTOOLS}: check that LimitedProtocol.on_headers_complete still rejects such a POST"
    assert callbacks.calls[-1] == "message complete", f"{_HTTPTOOLS}: check that FastPathProtocol handles upgrades"


def test_the_parser_reports_trailers_as_headers_behind_the_body() -> None:
    callbacks = _Callbacks()
    _parser(callbacks).feed_data(
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-forwarded-for: 1.2.3.4\r\n\r\n"
    )
    assert callbacks.calls == [
        "header transfer-encoding",
        "headers complete",
        "body {}",
        "header x-forwarded-for",
        "message complete",
    ], f"{_HTTPTOOLS}: check that LimitedProtocol.on_headers_complete still keeps trailers out of the headers"


def _imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_only_one_folder_knows_the_internals_of_uvicorn_and_httptools() -> None:
    importers = {
        str(path.parent.relative_to(_ROOT))
        for package in _PRODUCT
        for path in (_ROOT / package).rglob("*.py")
        if any(name.startswith(("uvicorn.protocols", "httptools")) for name in _imports(path))
    }
    assert importers == {"ingress/uvicorn_http"}
