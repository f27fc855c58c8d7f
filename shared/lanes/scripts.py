"""The lanes' Lua scripts, each with the common part before it."""

from importlib.resources import files


def source(name: str) -> str:
    """The whole text of a script of this package, such as `push`."""
    folder = files(__package__)
    return (folder / "common.lua").read_text() + "\n" + (folder / f"{name}.lua").read_text()
