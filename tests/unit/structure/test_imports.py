"""Who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.programs import ROOT
from tests.support.source import PACKAGES, cycles, files, graph, imported_names, modules, tree, used_by

#: The layers, from the top. A module imports its own unit and the layers below it, never a neighbour in its layer.
INGRESS = (
    ("ingress.__main__",),
    ("ingress.app",),
    ("ingress.tracing", "ingress.uvicorn_http", "ingress.webhooks"),
    (
        "ingress.auth",
        "ingress.body",
        "ingress.complete_requests",
        "ingress.delivery",
        "ingress.health",
        "ingress.observer",
        "ingress.sender_filter",
    ),
    ("ingress.log_throttle", "ingress.process_stats", "ingress.request", "ingress.responses"),
    ("ingress.spool",),
    ("shared",),
)
WORKERS = (
    ("workers.__main__", "workers.celery"),
    ("workers.cli", "workers.console"),
    ("workers.devtools",),
    ("workers.operations",),
    ("workers.runtime",),
    ("workers",),  # the public names
    ("workers.handlers", "workers.media", "workers.store"),
    ("workers.parsing",),
    ("workers.events", "workers.lanes"),
    ("shared",),
)
#: The only places that import a dependency whose internals we touch, with the reason for each exception.
DEPENDENCIES = {
    ("uvicorn.protocols", "httptools"): {"ingress.uvicorn_http": "the package for it"},
    ("celery", "kombu", "billiard"): {
        "workers.runtime.celery": "the package for it",
        "workers.lanes.wakeup_message": "a wake-up is a Celery message, made once by Celery itself",
    },
}


def _unit(module: str) -> str:
    """Return the unit of the layers that a module belongs to: ingress.spool for ingress.spool.codec."""
    package, _, rest = module.partition(".")
    return package if package == "shared" or not rest else f"{package}.{rest.partition('.')[0]}"


def _upward(layers: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    heights = {unit: -place for place, layer in enumerate(layers) for unit in layer}
    for module, imported in graph().items():
        unit = _unit(module)
        for other in imported if unit in heights else ():
            above = heights.get(_unit(other), 1)  # what is in no layer is above all
            if _unit(other) != unit and above >= heights[unit]:
                yield f"{module} imports {other}"


@pytest.mark.parametrize("layers", [INGRESS, WORKERS], ids=["ingress", "workers"])
def test_every_module_is_in_a_layer(layers: tuple[tuple[str, ...], ...]) -> None:
    units = {unit for layer in layers for unit in layer}
    package = layers[0][0].partition(".")[0]
    found = {_unit(module) for module in modules() if module.startswith(f"{package}.")}
    assert found - units == set()
    assert units - found - {"shared", package} == set()


@pytest.mark.parametrize("layers", [INGRESS, WORKERS], ids=["ingress", "workers"])
def test_imports_go_down_only(layers: tuple[tuple[str, ...], ...]) -> None:
    assert sorted(set(_upward(layers))) == []


def test_shared_imports_neither_side_and_nothing_imports_the_tests() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, file in modules().items()
        for name in imported_names(file)
        if name.partition(".")[0] in ({"ingress", "workers", "tests"} if module.startswith("shared") else {"tests"})
    ]
    assert wrong == []


def test_no_modules_import_each_other() -> None:
    assert list(cycles()) == []


@pytest.mark.parametrize("package", ["ingress", "workers"])
def test_shared_holds_only_what_both_sides_import(package: str) -> None:
    packages = {module for module in modules() if modules()[module].endswith("__init__.py")}
    assert {module for module in graph() if module.startswith("shared")} - packages - used_by(package) == set()


def test_the_ingress_loads_nothing_that_only_the_workers_need() -> None:
    foreign = {"celery", "kombu", "msgpack", "billiard", "sqlalchemy", "typer", "workers"}
    code = "import ingress.app, ingress.__main__, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {name.partition(".")[0] for name in loaded.split()} & foreign == set()


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=lambda names: names[0])
def test_only_one_package_imports_a_dependency_whose_internals_we_touch(dependency: tuple[str, ...]) -> None:
    places = DEPENDENCIES[dependency]
    importers = {
        module
        for module, file in modules().items()
        if any(name == one or name.startswith(f"{one}.") for name in imported_names(file) for one in dependency)
    }
    found = {next((place for place in places if f"{module}.".startswith(f"{place}.")), module) for module in importers}
    assert found == places.keys()


def test_nothing_is_imported_inside_a_function() -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    hidden = [
        f"{file}:{inner.lineno}"
        for file in files(*PACKAGES)
        for function in ast.walk(tree(file))
        if isinstance(function, functions)
        for inner in ast.walk(function)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert hidden == []
