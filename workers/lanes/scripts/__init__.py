"""The workers' Lua scripts for the lanes. Each script's header names its keys, arguments and reply."""

from shared.redis.scripts import read_script


def lane_script(*names: str) -> str:
    """Return common.lua followed by these scripts of this package."""
    return "\n".join([read_script("shared.lanes", "common"), *(read_script(__name__, name) for name in names)])
