"""The template environment, and the filters that make values fit to show."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from shared.errors import InvalidJSON
from shared.wire import lenient_json
from workers.console.masking import customer_number, isolate_untrusted, safe_text
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


def template_environment() -> Environment:
    """Return the environment of the console's templates. Everything that isn't markup already is escaped."""
    environment = Environment(
        loader=PackageLoader("workers.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": format_number,
        "duration": format_duration,
        "bytes": format_bytes,
        "plural": pluralize,
        "time": _time,
        "ago": _ago,
        "customer": _customer,
        "untrusted": _untrusted,
        "masked": _masked,
        "multiline": _multiline,
        "json": _json,
    }
    environment.globals |= {"percent": format_percent}
    return environment


def _time(value: datetime | float | None) -> Markup:
    """Return a time, or milliseconds since 1970, as a `<time>` element."""
    moment = datetime_from_ms(value) if isinstance(value, (int, float)) else value
    if moment is None:
        return escape(NO_VALUE)
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="milliseconds"), format_time(moment, datetime.now(UTC))
    )


def _ago(milliseconds: float) -> str:
    return format_duration(time.time() - milliseconds / 1000)


@pass_context
def _customer(context: Context, customer: object) -> str:
    return customer_number(customer, show_numbers=_shows_numbers(context))


@pass_context
def _untrusted(context: Context, text: object) -> Markup:
    return isolate_untrusted(text, show_numbers=_shows_numbers(context))


@pass_context
def _masked(context: Context, text: object) -> str:
    return safe_text(text, show_numbers=_shows_numbers(context))


@pass_context
def _multiline(context: Context, text: object) -> str:
    return safe_text(text, show_numbers=_shows_numbers(context), multiline=True)


@pass_context
def _json(context: Context, text: Any) -> str:
    """Return indented JSON, or the text unchanged if it isn't JSON."""
    try:
        value = lenient_json.loads(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    except InvalidJSON:
        shown = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
    else:
        shown = json.dumps(value, indent=2, ensure_ascii=False)
    return safe_text(shown, show_numbers=_shows_numbers(context), multiline=True)


def _shows_numbers(context: Context) -> bool:
    return bool(context["show_numbers"])
