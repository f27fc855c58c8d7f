"""Read Lua scripts that are shipped beside the Python code."""

from importlib.resources import files


def read_script(package: str, name: str) -> str:
    """Return the text of `name`.lua in `package`.

    Example:
        read_script("shared.lanes", "push")
    """
    return (files(package) / f"{name}.lua").read_text()
