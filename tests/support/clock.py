"""A clock that only moves when a test moves it."""

import asyncio


class Clock:
    """Call it for the current time in seconds; set `now`, or sleep, to let time pass."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the clock by `seconds` and let other tasks run."""
        self.now += seconds
        await asyncio.sleep(0)
