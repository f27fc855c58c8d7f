"""The lanes' Redis keys and records are known to workers/lanes, shared/lanes and their Lua scripts only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("ingress", "shared", "workers")
OWNERS = ("shared/lanes/", "workers/lanes/")
_KEY = re.compile(r"sluice:lanes?\b|^(?!sluice:).*:(dead|retry|breaker|counts|times|suspects|paused|hold|spec|woken)$")
#: Modules that may import lane keys, and why.
IMPORTS_KEYS = {
    "ingress/delivery/redis_writer.py": "pushes into the lane's stream",
    "workers/runtime/maintenance.py": "asks in its own pipeline whether Redis has lost the lanes",
}


def _files(suffix: str) -> list[str]:
    files = (file.relative_to(ROOT) for package in PACKAGES for file in (ROOT / package).rglob(f"*.{suffix}"))
    return sorted(str(file) for file in files if not str(file).startswith(OWNERS))


def _strings(tree: ast.Module) -> Iterator[str]:
    """Every string in the code, docstrings aside: they are expressions of their own."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in prose:
            yield node.value if isinstance(node.value, str) else str(node.value)


@pytest.mark.parametrize("text", ["sluice:lane:", ":dead", "x:retry", "sluice:lanes"])
def test_a_lane_key_is_recognised(text: str) -> None:
    assert _KEY.search(text)


def test_only_the_lanes_packages_spell_a_lane_key() -> None:
    spelled = [
        f"{module}: {text!r}"
        for module in _files("py")
        for text in _strings(ast.parse((ROOT / module).read_text()))
        if _KEY.search(text)
    ]
    assert spelled == []


def test_only_the_lanes_scripts_spell_a_lane_key() -> None:
    strings = {script: re.findall(r"'([^']*)'", (ROOT / script).read_text()) for script in _files("lua")}
    assert [script for script, found in strings.items() if any(map(_KEY.search, found))] == []


def test_only_the_lanes_packages_build_lane_keys_and_parse_lane_records() -> None:
    importers = {
        module
        for module in _files("py")
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.ImportFrom)
        and (
            (node.module or "").endswith("lanes.keys")
            or ((node.module or "").endswith("lanes") and any(name.name == "keys" for name in node.names))
            or ((node.module or "").startswith("workers.lanes") and any("parse_" in name.name for name in node.names))
        )
    }
    assert importers == IMPORTS_KEYS.keys()
