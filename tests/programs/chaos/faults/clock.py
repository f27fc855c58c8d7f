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

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault

_SOURCE = Path(__file__).parent.parent / "clock.c"
_HOUR = 3600
_LIBRARY, _PROGRAMS, _REDIS = "clock.so", "clock-of-programs", "clock-of-redis"


def _lacking(_world: Environment) -> str | None:
    return None if shutil.which("gcc") else "no gcc to make the library with that shifts clocks"


def _begin(environment: Environment) -> None:
    """Everything is started again under shifted clocks, the shift being nothing yet."""
    if environment.added:  # for another kind in the same stretch
        return
    library = environment.folder / _LIBRARY
    if not library.exists():
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"], check=True)
    for name in (_PROGRAMS, _REDIS):
        _shift(environment, name, 0)
    _restart(environment, **{name: _preloaded(environment, name) for name in (_PROGRAMS, _REDIS)})


def _end(environment: Environment) -> None:
    """As before."""
    if environment.added:
        _restart(environment, **{_PROGRAMS: {}, _REDIS: {}})


def _restart(environment: Environment, **added: dict[str, str]) -> None:
    old = [*environment.ingresses, *environment.workers]
    environment.redis.stop()
    environment.redis.environment = added[_REDIS]
    environment.redis.start()
    environment.added = added[_PROGRAMS]
    environment.ingresses = [environment.new_ingress() for _ in environment.ingresses]
    environment.workers = [environment.new_worker() for _ in environment.workers]
    environment.use_ports()
    environment.retire(old)
    environment.wait_ready()


def _preloaded(environment: Environment, name: str) -> dict[str, str]:
    return {"LD_PRELOAD": str(environment.folder / _LIBRARY), "CHAOS_CLOCK": str(environment.folder / name)}


def _shift(environment: Environment, name: str, seconds: int) -> None:
    # Written in place: it is mapped into the processes.
    with (environment.folder / name).open("r+b" if (environment.folder / name).exists() else "wb") as file:
        file.write(struct.pack("=q", seconds))


def _jump(name: str, environment: Environment, random: Random) -> None:
    _shift(environment, name, random.choice((-1, 1)) * random.randrange(_HOUR, 5 * _HOUR))
    time.sleep(random.uniform(2, 5))
    _shift(environment, name, 0)


FAULTS = (
    Fault("clock-of-programs", partial(_jump, _PROGRAMS), 3, _begin, _end, _lacking),
    Fault("clock-of-redis", partial(_jump, _REDIS), 3, _begin, _end, _lacking),
)
