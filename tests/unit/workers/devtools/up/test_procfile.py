"""Reading a Procfile."""

from pathlib import Path

import pytest

from tests.support.programs import ROOT
from workers.devtools.up.procfile import DEFAULT_COMMANDS, InvalidProcfile, read_procfile


def _file(folder: Path, content: bytes) -> Path:
    file = folder / "Procfile"
    file.write_bytes(content)
    return file


def test_commands_come_by_name_in_their_order(tmp_path: Path) -> None:
    text = b"# ours\n\nweb: python -m ingress\n  worker-1_b :celery -A workers worker: x  \r\n\t# theirs\na: b # c\n"
    assert list(read_procfile(_file(tmp_path, text)).items()) == [
        ("web", "python -m ingress"),
        ("worker-1_b", "celery -A workers worker: x"),
        ("a", "b # c"),
    ]


def test_the_procfile_of_the_repository_has_the_built_in_commands() -> None:
    assert read_procfile(ROOT / "Procfile") == DEFAULT_COMMANDS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no commands"),
        (b"# only a comment\n\n", "has no commands"),
        (b"web python\n", ", line 1: expected `name: command`"),
        (b"a: b\n\nweb:\n", ", line 3: expected `name: command`"),
        (b"a b: c\n", ", line 1: expected `name: command`"),
        (b"a: b\na: c\n", ", line 2: duplicate name a"),
        (b"a: \xff\n", "is not UTF-8 text"),
    ],
)
def test_what_is_none_is_reported_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidProcfile) as raised:
        read_procfile(_file(tmp_path, content))
    assert str(raised.value).removeprefix(str(tmp_path / "Procfile")).strip() == message.strip()


def test_one_that_is_missing_is_reported_too(tmp_path: Path) -> None:
    with pytest.raises(InvalidProcfile, match=r"cannot read .*Procfile: No such file or directory"):
        read_procfile(tmp_path / "Procfile")
