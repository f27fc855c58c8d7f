"""The lanes' Redis keys and records are known to workers/lanes, shared/lanes and their Lua scripts only."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.source import PACKAGES, files, text, tree

OWNERS = ("shared/lanes/", "workers/lanes/")
_KEY = re.compile(r"sluice:lanes?\b|^(?!sluice:).*:(dead|retry|breaker|counts|times|suspects|paused|hold|spec|woken)$")
#: Modules that may import lane keys, and why.
IMPORTS_KEYS = {
    "ingress/delivery/redis_writer.py": "pushes into the lane's stream",
    "workers/runtime/maintenance.py": "asks in its own pipeline whether Redis has lost the lanes",
}


def _files(suffix: str) -> list[str]:
    return [file for file in files(*PACKAGES, suffix=suffix) if not file.startswith(OWNERS)]


def _strings(module: ast.Module) -> Iterator[str]:
    """Every string in the code, docstrings aside: they are expressions of their own."""
    prose = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and id(node) not in prose:
            yield node.value if isinstance(node.value, str) else str(node.value)


@pytest.mark.parametrize("key", ["sluice:lane:", ":dead", "x:retry", "sluice:lanes"])
def test_a_lane_key_is_recognised(key: str) -> None:
    assert _KEY.search(key)


def test_only_the_lanes_packages_spell_a_lane_key() -> None:
    spelled = [
        f"{module}: {string!r}" for module in _files("py") for string in _strings(tree(module)) if _KEY.search(string)
    ]
    assert spelled == []


def test_only_the_lanes_scripts_spell_a_lane_key() -> None:
    strings = {script: re.findall(r"'([^']*)'", text(script)) for script in _files("lua")}
    assert [script for script, found in strings.items() if any(map(_KEY.search, found))] == []


def test_only_the_lanes_packages_build_lane_keys_and_parse_lane_records() -> None:
    importers = {
        module
        for module in _files("py")
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom)
        and (
            (node.module or "").endswith("lanes.keys")
            or ((node.module or "").endswith("lanes") and any(name.name == "keys" for name in node.names))
            or ((node.module or "").startswith("workers.lanes") and any("parse_" in name.name for name in node.names))
        )
    }
    assert importers == IMPORTS_KEYS.keys()
