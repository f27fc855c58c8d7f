"""`from workers import …`: complete, documented, and loaded only when a name is used."""

import inspect
import re
import subprocess
import sys
from typing import Any

import msgspec
import pytest

import workers
from workers import events, handlers

EVENT_CLASSES = sorted(name for name in events.__all__ if inspect.isclass(getattr(events, name)))
#: An entry of an "Attributes" section: `name (type): …`.
_ATTRIBUTE = re.compile(r"^ {4}(\w+) \((.+?)\): \S", re.MULTILINE)


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter loads for that statement."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_package_loads_nothing_else() -> None:
    assert loaded_by("import importlib, typing, workers") - loaded_by("import importlib, typing") == {"workers"}


def test_the_event_classes_load_neither_celery_nor_a_database() -> None:
    loaded = loaded_by("from workers import TextMessage, handler")
    assert "workers.events" in loaded
    assert {"celery", "kombu", "redis", "sqlalchemy", "pydantic"} & loaded == set()


def test_the_public_names_are_those_of_the_handlers_and_of_the_events() -> None:
    assert set(workers.__all__) == {*handlers.__all__, *events.__all__}
    assert set(workers.__all__) <= set(dir(workers))


@pytest.mark.parametrize("name", workers.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(workers, name) is getattr(handlers if name in handlers.__all__ else events, name)


@pytest.mark.parametrize("name", ["app", "celery_app", "Handler", "textmessage"])
def test_any_other_name_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'workers' has no attribute '{name}'"):
        getattr(workers, name)


@pytest.mark.parametrize("name", EVENT_CLASSES)
def test_every_field_of_an_event_class_is_documented_with_its_type(name: str) -> None:
    event_class: Any = getattr(events, name)
    assert issubclass(event_class, msgspec.Struct)
    section = (inspect.getdoc(event_class) or "").partition("\nAttributes:\n")[2].partition("\nExample:")[0]
    own = {field: _spelt(kind) for field, kind in vars(event_class).get("__annotations__", {}).items()}
    assert dict(_ATTRIBUTE.findall(section)) == own


def _spelt(kind: Any) -> str:
    """A type, spelled like in the source."""
    if kind is events.Kind:
        return "Kind"
    return kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else _without_modules(str(kind))


def _without_modules(text: str) -> str:
    return re.sub(r"\b[a-z_]+\.", "", text)


@pytest.mark.parametrize("name", handlers.__all__)
def test_the_decorator_and_what_a_handler_may_raise_have_an_example(name: str) -> None:
    assert "Example:" in (inspect.getdoc(getattr(handlers, name)) or "")
