"""The pages for people: what they link to is there."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_PICTURE = re.compile(r'src(?:set)?="([^"]+)"')


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [*_LINK.findall(page.read_text()), *_PICTURE.findall(page.read_text())]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_links_each_promise_to_its_tests() -> None:
    rows = (_ROOT / "README.md").read_text().split("| Promise | How |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(rows) == 6
    for row in rows:
        assert _LINK.search(row.split("|")[3]), row
