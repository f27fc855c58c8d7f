"""Each way to do harm, by name."""

from tests.programs.chaos.faults import (
    clock,
    connections,
    deploying,
    handlers,
    killing,
    spool,
    stopping,
    together,
    wakeups,
)
from tests.programs.chaos.strikes import Fault

_MODULES = (killing, deploying, stopping, wakeups, spool, handlers, connections, clock, together)
FAULTS: dict[str, Fault] = {fault.name: fault for module in _MODULES for fault in module.FAULTS}
