"""The lanes' Lua scripts."""

from importlib.resources import files


def source(name: str) -> str:
    """A script of this package that is about lanes, such as `push`, with the common part before it."""
    return text("common") + "\n" + text(name)


def text(name: str) -> str:
    """A script's own text."""
    return (files(__package__) / f"{name}.lua").read_text()
