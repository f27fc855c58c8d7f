"""Checks of a built site: every link and anchor resolves, and no page loads anything from another host."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes that make a browser load something as soon as the page opens.
_LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("source", "srcset"),
    ("iframe", "src"),
    ("video", "src"),
    ("audio", "src"),
}
_LOADED_LINKS = {"stylesheet", "preload", "icon", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
_CSS_URL = re.compile(r"(?:@import\s+|url\(\s*)[\"']?((?:https?:)?//[^\"')\s]+)")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        loaded = [values[name] for name in ("src", "srcset") if (tag, name) in _LOADED and name in values]
        if tag == "link" and _LOADED_LINKS & set(values.get("rel", "").split()):
            loaded.append(values.get("href", ""))
        elif "href" in values:
            self.links.append(values["href"])
        self.loads += loaded


def problems(folder: Path) -> list[str]:
    """Return one sentence for each broken link and each external resource of the site; empty if there are none."""
    pages = {file: _read(file) for file in sorted(folder.rglob("*.html"))}
    if not pages:
        return [f"{folder}: there are no pages"]
    found = [problem for file, page in pages.items() for problem in _page_problems(folder, file, page, pages)]
    return found + [problem for file in sorted(folder.rglob("*.css")) for problem in _css_problems(folder, file)]


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text())
    return page


def _page_problems(folder: Path, file: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    name = file.relative_to(folder)
    for address in page.loads:
        if _is_external(address):
            yield f"{name}: loads {address} from another host"
        elif not _target(folder, file, address).exists():
            yield f"{name}: {address} does not exist"
    for address in page.links:
        if not _is_external(address) and not address.startswith(("mailto:", "data:")):
            yield from _link_problems(folder, file, address, pages)


def _link_problems(folder: Path, file: Path, address: str, pages: dict[Path, _Page]) -> Iterator[str]:
    target, anchor = _target(folder, file, address), unquote(urlsplit(address).fragment)
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        yield f"{file.relative_to(folder)}: {address} does not exist"
    elif anchor and target in pages and anchor not in pages[target].anchors:
        yield f"{file.relative_to(folder)}: {address}: there is no such anchor"


def _css_problems(folder: Path, file: Path) -> Iterator[str]:
    for address in _CSS_URL.findall(file.read_text()):
        yield f"{file.relative_to(folder)}: loads {address} from another host"


def _is_external(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def _target(folder: Path, file: Path, address: str) -> Path:
    path = unquote(urlsplit(address).path)
    if not path:
        return file
    return (folder / path.lstrip("/") if path.startswith("/") else file.parent / path).resolve()
