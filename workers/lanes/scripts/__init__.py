"""The Lua scripts of the workers' side of the lanes; each file's header names its keys, arguments and reply."""

from shared.redis.scripts import read_script


def lane_script(*names: str) -> str:
    """Return these scripts of this package, one after the other, behind the functions that all lane scripts share."""
    return "\n".join([read_script("shared.lanes", "common"), *(read_script(__name__, name) for name in names)])
