"""Whether traces are wanted, and by which exporters: by OpenTelemetry's own environment variables.

Source: OpenTelemetry Specification, "Environment Variable Specification". That has traces on by default, which would
send those of everybody who has the SDK installed to localhost; here an exporter or an address must be named.
"""

from collections.abc import Mapping

from shared.errors import InvalidSettings

_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
#: What the exporters are called among the SDK's plug-ins, by protocol. The first is the specification's default.
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


def exporters(environment: Mapping[str, str]) -> list[str]:
    """Names of the SDK's plug-ins that spans go to; empty where no traces are wanted. Pure. Raises InvalidSettings."""
    if _first(environment, "OTEL_SDK_DISABLED").lower() == "true":
        return []
    named = _first(environment, "OTEL_TRACES_EXPORTER") or ("otlp" if _first(environment, *_ADDRESSES) else "none")
    names = [name.strip() for name in named.split(",")]
    return [_otlp(environment) if name == "otlp" else name for name in names if name and name.lower() != "none"]


def _otlp(environment: Mapping[str, str]) -> str:
    protocol = _first(environment, *_PROTOCOLS) or next(iter(_OTLP))
    if protocol not in _OTLP:
        known = ", ".join(_OTLP)
        raise InvalidSettings([f"{_PROTOCOLS[1]} is {protocol!r}: traces can be sent by {known}"])
    return _OTLP[protocol]


def _first(environment: Mapping[str, str], *names: str) -> str:
    """The first that is set, and not to nothing."""
    return next((value for name in names if (value := environment.get(name, "").strip())), "")
