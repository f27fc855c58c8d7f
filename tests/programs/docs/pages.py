"""The generated tables of docs/.

A page is written by hand except for blocks between `<!-- generated: NAME -->` and `<!-- end -->`. Each block is the
output of one function here, so that settings, HTTP answers, metrics, commands and tables are described where they are
declared.
"""

import re
from collections.abc import Callable
from pathlib import Path

from tests.programs.docs import bench, commands, http, metrics, settings, tables
from tests.support.programs import ROOT

FOLDER = ROOT / "docs"
BLOCKS: dict[str, Callable[[], str]] = {
    "settings": settings.table,
    "http-paths": http.paths,
    "http-answers": http.answers,
    "metrics": metrics.table,
    "commands": commands.sections,
    "tables": tables.sections,
    "bench-figures": bench.figures,
    "bench-ratios": bench.ratios,
    "bench-stages": bench.stages,
}
_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return the page with every generated block as the code has it now. Raise KeyError for an unknown block."""
    return _BLOCK.sub(lambda block: block[1] + "\n" + BLOCKS[block[2]]().strip() + "\n" + block[3], page)


def blocks(page: str) -> list[str]:
    """Return the names of the page's generated blocks."""
    return [block[1] for block in _BLOCK.findall(page)]


def write() -> list[Path]:
    """Update every page with generated blocks. Return the files that changed, relative to the repository."""
    changed = []
    for file in sorted(FOLDER.rglob("*.md")):
        before = file.read_text()
        after = filled(before)
        if after != before:
            file.write_text(after)
            changed.append(file.relative_to(ROOT))
    return changed
