"""The pages for people: links resolve, named files and commands exist, generated tables match the code."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.programs.docs import http, pages
from tests.support.programs import ROOT
from workers.cli.app import app

_PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_WRITTEN = [page for page in _PAGES if page.name not in {"CHANGELOG.md", "commands.md"}]
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_PICTURE = re.compile(r'src(?:set)?="([^"]+)"')
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"(?:ingress|workers|shared|tests|deploy|docs|\.ci)/[\w./-]*")
_SLUICE = re.compile(r"(?:^|bin/|-- )(sluice [a-z][^#>|;&]*)")
_MAKE = re.compile(r"^make ([a-z]+)")
_ASSIGNMENTS = re.compile(r"^(?:[A-Z_]+=\S* +)+")
_TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
every = pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
every_written = pytest.mark.parametrize("page", _WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))


def _code(page: Path) -> list[str]:
    """The page's code: each line of its shell blocks, and each piece of code within its text."""
    text = page.read_text()
    lines = [line for language, block in _FENCE.findall(text) if language == "sh" for line in block.splitlines()]
    return [_ASSIGNMENTS.sub("", code.strip()) for code in [*lines, *_CODE.findall(_FENCE.sub("", text))]]


@every
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [*_LINK.findall(page.read_text()), *_PICTURE.findall(page.read_text())]
    assert [link for link in links if not (page.parent / link).exists()] == []


@every_written
def test_every_named_file_exists(page: Path) -> None:
    words = {word.lstrip("@") for line in _code(page) for word in line.split()}
    named = {word for word in words if _FILE.fullmatch(word)}
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_page_that_manifests_and_code_name_exists() -> None:
    files = [file for folder in ("deploy", "ingress", "shared", "workers") for file in (ROOT / folder).rglob("*.*")]
    texts = [
        file.read_text()
        for file in files
        if file.suffix in {".py", ".lua", ".yml", ".yaml", ".json", ".conf", ".example"}
    ]
    named = {name for text in texts for name in re.findall(r"docs/[a-z0-9/-]+\.md", text)}
    assert "docs/runbook.md" in named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


@every_written
def test_every_command_exists(page: Path) -> None:
    commands = [code for line in _code(page) for code in _SLUICE.findall(line)]
    assert [code for code in commands if not _is_command(code)] == []


@every_written
def test_every_make_target_exists(page: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    assert {name for line in _code(page) for name in _MAKE.findall(line)} - targets == set()


def _is_command(code: str) -> bool:
    words = shlex.split(code)[1:]
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        if not words or words[0] not in command.commands:
            return not words and command.name != "sluice"
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return {word for word in words if word.startswith("-")} <= known


def test_the_readme_is_read_in_ten_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 160


def test_the_readme_links_each_promise_to_its_tests() -> None:
    rows = (ROOT / "README.md").read_text().split("| Promise | How |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(rows) == 6
    for row in rows:
        assert _LINK.search(row.split("|")[3]), row


@pytest.mark.parametrize(
    "page", [page for page in _PAGES if pages.blocks(page.read_text())], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_generated_tables_are_up_to_date(page: Path) -> None:
    text = page.read_text()
    assert text == pages.filled(text), "run `make docs`"


def test_each_generated_table_is_on_one_page() -> None:
    used = [name for page in _PAGES for name in pages.blocks(page.read_text())]
    assert sorted(used) == sorted(pages.BLOCKS)


def test_every_answer_of_the_ingress_is_described() -> None:
    assert set(http.raised()) == http.ANSWERS.keys() - {(200, ""), (404, "not_found"), (405, "method_not_allowed")}


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "handlers.md"], ids=lambda page: page.name)
def test_the_examples_of_handlers_are_valid(page: Path) -> None:
    example = next(block for language, block in _FENCE.findall(page.read_text()) if language == "python")
    print_lanes = "from workers.handlers.registry import REGISTRY\nprint(*sorted(REGISTRY.handlers))"
    done = subprocess.run(
        [sys.executable, "-c", f"{example}\n{print_lanes}"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == ("delivered.count failed.alert read.count sent.count text.greet\n", "")


def test_the_path_of_a_webhook_is_short() -> None:
    rows = re.findall(
        r"^\| (\d+) \| `([^`]+)`", (ROOT / "docs/internals/path-of-a-webhook.md").read_text(), re.MULTILINE
    )
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    assert len(rows) <= 30
