"""Templates: what they are given on every page, and the filters that make text fit to be shown."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from workers.console import masking
from workers.operations.format import (
    NO_VALUE,
    datetime_from_ms,
    format_bytes,
    format_duration,
    format_number,
    format_percent,
    format_time,
    pluralize,
)


def environment() -> Environment:
    """The console's templates. Everything is escaped unless it is markup already."""
    made = Environment(
        loader=PackageLoader("workers.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": format_number,
        "span": format_duration,
        "bytes": format_bytes,
        "count": pluralize,
        "when": _when,
        "ago": _ago,
        "customer": _customer,
        "stranger": _stranger,
        "plain": _plain,
        "whole": _whole,
        "pretty": _pretty,
    }
    made.globals |= {"percent": format_percent, "from_ms": datetime_from_ms}
    return made


def _when(when: datetime | float | None) -> Markup:
    """A time as `<time>`; milliseconds since 1970 are fine too."""
    moment = datetime_from_ms(when) if isinstance(when, (int, float)) else when
    if moment is None:
        return escape(NO_VALUE)
    shown = format_time(moment, datetime.now(UTC))
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="milliseconds"), shown
    )


def _ago(milliseconds: float) -> str:
    return format_duration(time.time() - milliseconds / 1000)


@pass_context
def _customer(context: Context, customer: object) -> str:
    return masking.number(customer, shown=bool(context["shown"]))


@pass_context
def _stranger(context: Context, text: object) -> Markup:
    return masking.isolate_untrusted(text, shown=bool(context["shown"]))


@pass_context
def _plain(context: Context, text: object) -> str:
    return masking.plain(text, shown=bool(context["shown"]))


@pass_context
def _whole(context: Context, text: object) -> str:
    """With its line breaks."""
    return masking.plain(text, shown=bool(context["shown"]), whole=True)


@pass_context
def _pretty(context: Context, text: Any) -> str:
    """JSON text, indented; as it is where it is none."""
    try:
        value = lenient_json.loads(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    except InvalidJSON:
        shown = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
    else:
        shown = json.dumps(value, indent=2, ensure_ascii=False)
    return masking.plain(shown, shown=bool(context["shown"]), whole=True)
