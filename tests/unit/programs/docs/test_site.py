"""The check of a built site finds what a reader would stumble over, and what would reach another host."""

from pathlib import Path

import pytest

from tests.programs.docs import site

_GOOD = (
    '<h1 id="top">A page</h1><a href="#top">top</a> <a href="other/">other</a> <a href="https://example.com">out</a>'
)


def _site(folder: Path, body: str, css: str = "") -> list[str]:
    (folder / "other").mkdir()
    (folder / "other" / "index.html").write_text('<p id="here">Another page</p>')
    (folder / "style.css").write_text(css)
    (folder / "index.html").write_text(body)
    return site.problems(folder)


def test_a_whole_site_has_no_problems(tmp_path: Path) -> None:
    assert _site(tmp_path, _GOOD, 'body { background: url("data:image/png;base64,") }') == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="gone.html">x</a>', "index.html: gone.html does not exist"),
        ('<a href="other/#gone">x</a>', "index.html: other/#gone: there is no such anchor"),
        ('<img src="gone.png">', "index.html: gone.png does not exist"),
        ('<source srcset="gone.webp">', "index.html: gone.webp does not exist"),
        (
            '<script src="https://cdn.example/a.js"></script>',
            "index.html: loads https://cdn.example/a.js from another host",
        ),
        ('<link rel="stylesheet" href="//f.example/f.css">', "index.html: loads //f.example/f.css from another host"),
    ],
)
def test_what_is_broken_or_external_is_named(tmp_path: Path, body: str, problem: str) -> None:
    assert _site(tmp_path, body) == [problem]


def test_a_web_font_is_named(tmp_path: Path) -> None:
    css = "@font-face { src: url(https://fonts.example/a.woff2) }"
    assert _site(tmp_path, _GOOD, css) == ["style.css: loads https://fonts.example/a.woff2 from another host"]


def test_a_folder_without_pages_is_a_problem(tmp_path: Path) -> None:
    assert site.problems(tmp_path) == [f"{tmp_path}: there are no pages"]
