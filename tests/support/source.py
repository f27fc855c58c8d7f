"""The product's source code as the structure tests read it: files, syntax trees, imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.programs import ROOT

PACKAGES = ("ingress", "shared", "workers")


@cache
def files(*packages: str, suffix: str = "py") -> tuple[str, ...]:
    """Return the files below these folders, as paths from the repository's root."""
    found = (file.relative_to(ROOT) for package in packages for file in (ROOT / package).rglob(f"*.{suffix}"))
    return tuple(sorted(map(str, found)))


def text(file: str) -> str:
    """Return the text of a file of the repository."""
    return (ROOT / file).read_text()


@cache
def tree(file: str) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(text(file), file)


def name_of(file: str) -> str:
    """Return the dotted name of a Python file: ingress/spool/__init__.py is ingress.spool."""
    return ".".join(Path(file).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, str]:
    """Return the file of each module of the product, by its dotted name."""
    return {name_of(file): file for file in files(*PACKAGES)}


def imported_names(file: str) -> Iterator[str]:
    """Yield the full name of everything that a Python file imports: module.name for `from module import name`."""
    package = Path(file).parent.parts
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *([node.module] if node.module else [])))
            yield from (f"{base}.{name.name}" for name in node.names)


@cache
def graph() -> dict[str, frozenset[str]]:
    """Return the modules of the product that each of its modules imports."""
    return {
        module: frozenset(found for name in imported_names(file) if (found := _module(name)) and found != module)
        for module, file in modules().items()
    }


def _module(name: str) -> str | None:
    """Return the module of the product that an imported name is or belongs to, or None."""
    parts = name.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in modules()), None)


def used_by(package: str) -> set[str]:
    """Return the modules that a package imports, directly or through others."""
    found: set[str] = set()
    waiting = [module for module in modules() if module.split(".")[0] == package]
    while waiting:
        imported = graph()[waiting.pop()]
        waiting += imported - found
        found |= imported
    return found


def cycles() -> list[list[str]]:
    """Return the groups of modules that import each other, directly or through others."""
    reachable: dict[str, set[str]] = {}
    for module in graph():
        seen: set[str] = set()
        waiting = list(graph()[module])
        while waiting:
            if (found := waiting.pop()) not in seen:
                seen.add(found)
                waiting += graph()[found]
        reachable[module] = seen
    looped = {module for module, seen in reachable.items() if module in seen}
    groups = {frozenset(other for other in looped & reachable[one] if one in reachable[other]) for one in looped}
    return sorted(sorted(group) for group in groups)
