"""Wall clocks that jump by hours, there and back: those of our programs, and Redis' own.

By a library that is preloaded (tests/programs/chaos/clock.c), so it needs a C compiler. Redis' monotonic clock and
those of our programs do not jump, as with a clock that is really set. Not covered: the database's clock, for nothing
of ours reads it.
"""

import shutil
import struct
import subprocess
import time
from functools import partial
from pathlib import Path
from random import Random

from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.world import World

_SOURCE = Path(__file__).parent.parent / "clock.c"
_HOUR = 3600
_LIBRARY, _PROGRAMS, _REDIS = "clock.so", "clock-of-programs", "clock-of-redis"


def _lacking(_world: World) -> str | None:
    return None if shutil.which("gcc") else "no gcc to make the library with that shifts clocks"


def _begin(world: World) -> None:
    """Everything is started again under shifted clocks, the shift being nothing yet."""
    if world.added:  # for another kind in the same stretch
        return
    library = world.folder / _LIBRARY
    if not library.exists():
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"], check=True)
    for name in (_PROGRAMS, _REDIS):
        _shift(world, name, 0)
    _restart(world, **{name: _preloaded(world, name) for name in (_PROGRAMS, _REDIS)})


def _end(world: World) -> None:
    """As before."""
    if world.added:
        _restart(world, **{_PROGRAMS: {}, _REDIS: {}})


def _restart(world: World, **added: dict[str, str]) -> None:
    old = [*world.ingresses, *world.workers]
    world.redis.stop()
    world.redis.environment = added[_REDIS]
    world.redis.start()
    world.added = added[_PROGRAMS]
    world.ingresses = [world.new_ingress() for _ in world.ingresses]
    world.workers = [world.new_worker() for _ in world.workers]
    world.use_ports()
    world.retire(old)
    world.wait_ready()


def _preloaded(world: World, name: str) -> dict[str, str]:
    return {"LD_PRELOAD": str(world.folder / _LIBRARY), "CHAOS_CLOCK": str(world.folder / name)}


def _shift(world: World, name: str, seconds: int) -> None:
    # Written in place: it is mapped into the processes.
    with (world.folder / name).open("r+b" if (world.folder / name).exists() else "wb") as file:
        file.write(struct.pack("=q", seconds))


def _jump(name: str, world: World, random: Random) -> None:
    _shift(world, name, random.choice((-1, 1)) * random.randrange(_HOUR, 5 * _HOUR))
    time.sleep(random.uniform(2, 5))
    _shift(world, name, 0)


FAULTS = (
    Fault("clock-of-programs", partial(_jump, _PROGRAMS), 3, _begin, _end, _lacking),
    Fault("clock-of-redis", partial(_jump, _REDIS), 3, _begin, _end, _lacking),
)
