"""The shape of the code: who may import whom, who may read the environment, and how large things may grow."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ingress", "shared", "workers")
LONGEST = 250  # lines

#: What each package must not import, beyond what lies above or beside it.
FORBIDDEN = {
    "ingress": {"workers", "celery", "kombu", "sqlalchemy", "tests"},
    "shared": {"ingress", "workers", "tests"},
    "workers": {"ingress", "tests"},
}
#: Dependencies whose internals are used, and the only files that may import them. Beside the application only the
#: template of wake-ups needs Celery: Celery and kombu themselves write it.
IMPORTED_BY = {
    "billiard": ("workers/runtime/celery/",),
    "celery": ("workers/runtime/celery/", "workers/lanes/wakeup_message.py"),
    "kombu": ("workers/runtime/celery/",),
}
#: Who else than the settings reads the environment, and why.
READS_THE_ENVIRONMENT = {
    "shared/settings.py": "it is its task",
    "shared/observability/logging.py": "FORCE_COLOR, a convention of terminals and no setting of ours",
    "shared/observability/tracing/__init__.py": "OTEL_…, OpenTelemetry's own variables: its SDK reads them itself",
    "workers/devtools/up/runner.py": "passes the environment on to what it starts",
}
TOP_LEVEL = {
    ".ci",
    ".dockerignore",
    ".git",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "Procfile",
    "README.md",
    "SECURITY.md",
    "deploy",
    "docs",
    "ingress",
    "mkdocs.yml",
    "pyproject.toml",
    "requirements.lock",
    "shared",
    "tests",
    "workers",
}


def _files(*packages: str, suffix: str = "py") -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for package in packages for file in (ROOT / package).rglob(f"*.{suffix}"))


MODULES = _files(*PACKAGES)


def _tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(), module)


def _imports(module: str) -> Iterator[str]:
    """The full name of everything that a module imports."""
    package = Path(module).parent.parts
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *([node.module] if node.module else [])))
            yield from (f"{base}.{name.name}" for name in node.names)


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 50
    assert set(PACKAGES) == {Path(module).parts[0] for module in MODULES}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_down_only(package: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module in _files(package)
        for name in _imports(module)
        if name.split(".")[0] in FORBIDDEN[package]
    ]
    assert wrong == []


@pytest.mark.parametrize("dependency", IMPORTED_BY)
def test_a_dependency_whose_internals_are_used_is_imported_in_one_place(dependency: str) -> None:
    importers = {module for module in MODULES for name in _imports(module) if name.split(".")[0] == dependency}
    assert [module for module in sorted(importers) if not module.startswith(IMPORTED_BY[dependency])] == []


def test_only_the_workers_side_makes_wake_ups() -> None:
    importers = {
        module
        for module in MODULES
        if any(name.startswith("workers.lanes.wakeup_message") for name in _imports(module))
    }
    assert [module for module in importers if not module.startswith(("workers/",))] == []


def test_the_ingress_loads_nothing_that_only_the_workers_need() -> None:
    foreign = {"celery", "kombu", "msgpack", "billiard", "sqlalchemy", "typer", "workers"}
    code = "import ingress.app, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {name.partition(".")[0] for name in loaded.split()} & foreign == set()


def _module_of(name: str) -> str | None:
    """The module of the product that an imported name is, or belongs to."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        for suffix in (".py", "/__init__.py"):
            if (module := "/".join(parts[:length]) + suffix) in MODULES:
                return module
    return None


def _used_by(package: str) -> set[str]:
    """The modules that the package imports, directly or through others."""
    found: set[str] = set()
    waiting = _files(package)
    while waiting:
        imported = {module for name in _imports(waiting.pop()) if (module := _module_of(name))}
        waiting += imported - found
        found |= imported
    return found


@pytest.mark.parametrize("package", ["ingress", "workers"])
def test_shared_holds_only_what_both_sides_import(package: str) -> None:
    modules = {module for module in _files("shared") if not module.endswith("__init__.py")}
    assert modules - _used_by(package) == set()


def _reads_the_environment(module: str) -> bool:
    named = {node.attr for node in ast.walk(_tree(module)) if isinstance(node, ast.Attribute)}
    return bool({"environ", "environb", "getenv"} & named) or any(
        name in {"os.environ", "os.getenv"} for name in _imports(module)
    )


def test_nobody_but_the_settings_reads_the_environment() -> None:
    assert {module for module in MODULES if _reads_the_environment(module)} == READS_THE_ENVIRONMENT.keys()


def _functions(module: str) -> Iterator[ast.AST]:
    return (node for node in ast.walk(_tree(module)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_nothing_is_imported_inside_a_function() -> None:
    hidden = [
        f"{module}:{inner.lineno}"
        for module in MODULES
        for function in _functions(module)
        for inner in ast.walk(function)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert hidden == []


def test_every_module_says_what_it_is() -> None:
    assert [
        module for module in (*MODULES, *_files("tests")) if _has_code(module) and not _says_what_it_is(module)
    ] == []


def _has_code(module: str) -> bool:
    return bool((ROOT / module).read_text().strip())


def _says_what_it_is(module: str) -> bool:
    return ast.get_docstring(_tree(module)) is not None


@pytest.mark.parametrize("suffix", ["lua", "sql"])
def test_every_script_has_a_header(suffix: str) -> None:
    scripts = _files(*PACKAGES, suffix=suffix)
    assert [script for script in scripts if not (ROOT / script).read_text().startswith("-- ")] == []


def test_lua_scripts_name_their_keys_and_what_they_reply() -> None:
    for script in _files(*PACKAGES, suffix="lua"):
        text = (ROOT / script).read_text()
        if "KEYS[" in text:
            header = text[: text.index("\n\n")]
            assert "KEYS[1]" in header, script
            assert "Repl" in header or not re.search(r"^return ", text, re.MULTILINE), script


def test_no_file_grows_too_long() -> None:
    files = [file for suffix in ("py", "lua", "sql") for file in _files(*PACKAGES, suffix=suffix)]
    assert [file for file in files if len((ROOT / file).read_text().splitlines()) > LONGEST] == []


def test_the_top_level_holds_nothing_but_what_it_should() -> None:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
    found = {path.name for path in ROOT.iterdir() if not any(fnmatch(path.name, pattern) for pattern in ignored)}
    assert found - TOP_LEVEL == set()
