"""Reading a Procfile."""

from pathlib import Path

import pytest

from workers.devtools.up.procfile import InvalidProcfile, read_procfile


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


def test_sluice_s_own_can_be_read() -> None:
    commands = read_procfile(Path(__file__).resolve().parents[5] / "Procfile")
    assert commands["web"] == "python -m ingress"
    assert "worker" in commands


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "names nothing to run"),
        (b"# only a comment\n\n", "names nothing to run"),
        (b"web python\n", ", line 1: `name: command` is expected"),
        (b"a: b\n\nweb:\n", ", line 3: `name: command` is expected"),
        (b"a b: c\n", ", line 1: `name: command` is expected"),
        (b"a: b\na: c\n", ", line 2: there is a a already"),
        (b"a: \xff\n", "is no text in UTF-8"),
    ],
)
def test_what_is_none_is_told_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidProcfile) as raised:
        read_procfile(_file(tmp_path, content))
    assert str(raised.value).removeprefix(str(tmp_path / "Procfile")).strip() == message.strip()


def test_one_that_is_missing_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidProcfile, match="Procfile cannot be read: No such file or directory; run this in the folder"
    ):
        read_procfile(tmp_path / "Procfile")
