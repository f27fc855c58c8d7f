"""A collector of traces, in this process: takes what exporters send by OTLP/HTTP, as a real one would.

Source: OpenTelemetry Protocol Specification 1.9, "OTLP/HTTP": POST /v1/traces, protobuf, maybe in gzip.
"""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Seen(NamedTuple):
    """A span as it came in. Ids in hexadecimal; `parent` is empty for the first of a trace."""

    service: str
    name: str
    kind: str  # SERVER, CONSUMER, CLIENT …
    trace: str
    id: str
    parent: str
    links: list[tuple[str, str]]  # trace, id
    attributes: dict[str, Any]
    failed: bool
    began: int  # ns since 1970
    ended: int


class Collector:
    """What came in so far. While `status` is not 200 it takes nothing."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.bodies: list[bytes] = []  # decompressed
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.refused = 0
        self.url = ""

    def named(self, name: str, trace: str = "") -> list[Seen]:
        """The spans of that name (of one trace), in the order of their beginnings."""
        found = [span for span in list(self.spans) if span.name == name and trace in (span.trace, "")]
        return sorted(found, key=lambda span: span.began)

    def take(self, body: bytes) -> None:
        """An export request."""
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _plain(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_seen(service, span) for span in scope.spans]


@contextmanager
def collector() -> Iterator[Collector]:
    """One that listens on a free port of loopback; its address is that of OTEL_EXPORTER_OTLP_ENDPOINT."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            made.headers.append({name.lower(): value for name, value in self.headers.items()})
            if made.status == 200 and self.path == "/v1/traces":
                made.take(body)
            else:
                made.refused += 1
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(made.status if self.path == "/v1/traces" else 404)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def _seen(service: str, span: Any) -> Seen:
    return Seen(
        service,
        span.name,
        type(span).SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        _plain(span.attributes),
        span.status.code == span.status.STATUS_CODE_ERROR,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
    )


def _plain(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
