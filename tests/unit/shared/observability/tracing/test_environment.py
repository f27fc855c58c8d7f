"""Traces are on where OpenTelemetry's own variables say so, and not where they don't."""

import pytest

from shared.errors import InvalidSettings
from shared.observability.tracing.environment import exporters

ADDRESS = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, []),
        ({"OTEL_SERVICE_NAME": "sluice", "OTEL_TRACES_SAMPLER": "always_on"}, []),
        (ADDRESS, ["otlp_proto_http"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, ["otlp_proto_http"]),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "  "}, []),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, ["otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "console"}, ["console"]),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, ["console", "otlp_proto_http"]),
        (ADDRESS | {"OTEL_TRACES_EXPORTER": "none"}, []),
        (ADDRESS | {"OTEL_TRACES_EXPORTER": ""}, ["otlp_proto_http"]),
        (ADDRESS | {"OTEL_SDK_DISABLED": "True"}, []),
        (ADDRESS | {"OTEL_SDK_DISABLED": "false"}, ["otlp_proto_http"]),
        (ADDRESS | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, ["otlp_proto_http"]),
        (ADDRESS | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ["otlp_proto_grpc"]),
        (
            ADDRESS | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
            ["otlp_proto_http"],
        ),
    ],
)
def test_what_is_named_is_what_spans_go_to(environment: dict[str, str], expected: list[str]) -> None:
    assert exporters(environment) == expected


def test_a_protocol_that_nobody_speaks_is_named() -> None:
    with pytest.raises(
        InvalidSettings, match=r"OTEL_EXPORTER_OTLP_PROTOCOL is 'http/json', which is not supported \(use http/p"
    ):
        exporters(ADDRESS | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})
