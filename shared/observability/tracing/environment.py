"""Which exporters OpenTelemetry's environment variables select, if any.

Source: OpenTelemetry Specification, "Environment Variable Specification". There tracing is on by default, which would
send spans to localhost whenever the SDK is installed. Here an exporter or an endpoint must be named.
"""

from collections.abc import Mapping

from shared.errors import InvalidSettings

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
#: Names of the OTLP exporters among the SDK's plug-ins, by protocol. The first is the specification's default.
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


def exporters(environment: Mapping[str, str]) -> list[str]:
    """Return the names of the SDK's exporter plug-ins; empty if tracing is off. Pure. Raises InvalidSettings."""
    if _first(environment, "OTEL_SDK_DISABLED").lower() == "true":
        return []
    named = _first(environment, "OTEL_TRACES_EXPORTER") or ("otlp" if _first(environment, *_ENDPOINTS) else "none")
    names = [name.strip() for name in named.split(",")]
    return [_otlp(environment) if name == "otlp" else name for name in names if name and name.lower() != "none"]


def _otlp(environment: Mapping[str, str]) -> str:
    protocol = _first(environment, *_PROTOCOLS) or next(iter(_OTLP))
    if protocol not in _OTLP:
        known = ", ".join(_OTLP)
        raise InvalidSettings([f"{_PROTOCOLS[1]} is {protocol!r}, which is not supported (use {known})"])
    return _OTLP[protocol]


def _first(environment: Mapping[str, str], *names: str) -> str:
    """Return the first of these variables that is not empty, or ""."""
    return next((value for name in names if (value := environment.get(name, "").strip())), "")
