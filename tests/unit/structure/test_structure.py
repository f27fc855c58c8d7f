"""The shape of the code: sizes, names, who may read the environment, and what each file must begin with."""

import ast
import re
from collections import defaultdict
from fnmatch import fnmatch

import pytest

from tests.support.programs import ROOT
from tests.support.source import PACKAGES, files, imported_names, text, tree

MIN_LINES, MAX_LINES = 25, 250
MAX_TOP_LEVEL = 15  # of workers/
#: Modules below MIN_LINES, with the reason. `__init__` and `__main__` need none.
SMALL = {
    "ingress/log_throttle.py": "one class that several modules use",
    "ingress/spool/status.py": "read by health and metrics, which need nothing else of the spool",
    "shared/lanes/keys.py": "the one key that both sides spell",
    "shared/redis/scripts.py": "the one loader of Lua scripts",
    "shared/text.py": "two functions that several packages use",
    "workers/celery.py": "the entry point that `celery -A workers` names",
    "workers/cli/completion.py": "loaded by the shell on its own",
    "workers/cli/entry.py": "the entry point of `sluice`, which loads little",
    "workers/console/pages/audit.py": "one page",
    "workers/console/pages/metrics.py": "one page",
    "workers/devtools/simulation/schedule.py": "pure arithmetic apart from I/O",
    "workers/handlers/queues.py": "the queues' names, which several packages use",
    "workers/runtime/batch_size.py": "one pure rule",
    "workers/runtime/builtin_handlers.py": "the handlers that are always there",
}
#: Who else than the settings reads the environment, and why.
READS_THE_ENVIRONMENT = {
    "shared/settings.py": "it is its task",
    "shared/observability/logging.py": "FORCE_COLOR, a convention of terminals and no setting of ours",
    "shared/observability/tracing/factory.py": "OTEL_…, OpenTelemetry's own variables: its SDK reads them itself",
    "workers/devtools/up/runner.py": "passes the environment on to what it starts",
}
TOP_LEVEL = {
    ".ci",
    ".dockerignore",
    ".git",
    ".git-blame-ignore-revs",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
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
PRODUCT = files(*PACKAGES)


def _lines(file: str) -> int:
    return len(text(file).splitlines())


def test_there_is_something_to_look_at() -> None:
    assert len(PRODUCT) > 150
    assert all(files(package) for package in PACKAGES)


def test_no_file_is_too_long() -> None:
    scripts = [file for suffix in ("lua", "sql") for file in files(*PACKAGES, suffix=suffix)]
    assert [file for file in [*PRODUCT, *scripts] if _lines(file) > MAX_LINES] == []


def test_no_module_is_too_short_for_a_file_of_its_own_without_a_reason() -> None:
    exempt = ("__init__.py", "__main__.py")
    assert {file for file in PRODUCT if not file.endswith(exempt) and _lines(file) < MIN_LINES} == SMALL.keys()


def test_the_top_level_of_the_workers_can_be_taken_in_at_a_glance() -> None:
    top = {file.split("/")[1] for file in files("workers")}
    assert len(top) <= MAX_TOP_LEVEL


def test_public_classes_have_names_of_their_own() -> None:
    places = defaultdict(list)
    for file in PRODUCT:
        for node in tree(file).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(file)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def _reads_the_environment(file: str) -> bool:
    named = {node.attr for node in ast.walk(tree(file)) if isinstance(node, ast.Attribute)}
    return bool({"environ", "environb", "getenv"} & named) or any(
        name in {"os.environ", "os.getenv"} for name in imported_names(file)
    )


def test_only_the_settings_read_the_environment() -> None:
    assert {file for file in PRODUCT if _reads_the_environment(file)} == READS_THE_ENVIRONMENT.keys()


def test_every_module_says_what_it_is() -> None:
    silent = [file for file in files(*PACKAGES, "tests") if text(file).strip() and not ast.get_docstring(tree(file))]
    assert silent == []


@pytest.mark.parametrize("suffix", ["lua", "sql"])
def test_every_script_has_a_header(suffix: str) -> None:
    assert [file for file in files(*PACKAGES, suffix=suffix) if not text(file).startswith("-- ")] == []


def test_lua_scripts_name_their_keys_and_their_reply() -> None:
    for file in files(*PACKAGES, suffix="lua"):
        script = text(file)
        if "KEYS[" in script:
            header = script[: script.index("\n\n")]
            assert "KEYS[1]" in header, file
            assert "Repl" in header or not re.search(r"^return ", script, re.MULTILINE), file


def test_the_top_level_holds_nothing_unknown() -> None:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
    found = {path.name for path in ROOT.iterdir() if not any(fnmatch(path.name, pattern) for pattern in ignored)}
    assert found - TOP_LEVEL == set()
