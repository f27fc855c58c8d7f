"""What of a dependency's internals the product relies on, and a sentence that says what to do when it changes."""

import hashlib
import importlib
import inspect
from functools import reduce
from importlib.metadata import version
from typing import Any, NamedTuple


class Internal(NamedTuple):
    """One function, class, attribute or constant of a dependency.

    `fingerprint`: of the function's signature and source; empty where it is enough that the thing exists.
    """

    name: str  # "module:attribute.path"
    check: str  # what to check again when it moved or changed
    fingerprint: str = ""


def broken(internal: Internal) -> str:
    """Return a sentence about what moved or changed and what to check again; empty if nothing did."""
    module, _, path = internal.name.partition(":")
    package = module.partition(".")[0]
    where = f"{package} {version(package)}: {internal.name.replace(':', '.')}"
    try:
        found: Any = reduce(getattr, path.split("."), importlib.import_module(module))
    except (ImportError, AttributeError):
        return f"{where} has moved or is gone. Check that {internal.check}."
    if internal.fingerprint and (now := fingerprint(found)) != internal.fingerprint:
        return f"{where} has changed. Check that {internal.check}; then set its fingerprint to {now}."
    return ""


def fingerprint(function: Any) -> str:
    """Return the digest of a function's signature and source (of a property: of its getter's)."""
    function = function.fget if isinstance(function, property) else function
    text = f"{inspect.signature(function)}\n{inspect.getsource(function)}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
