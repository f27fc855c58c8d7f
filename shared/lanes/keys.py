"""The Redis key of a lane, into which the ingress pushes and from which the workers take."""


def stream_key(lane: str) -> str:
    """Return the key of the lane's stream. All other keys of the lane begin with it (see common.lua)."""
    return f"sluice:lane:{lane}"
