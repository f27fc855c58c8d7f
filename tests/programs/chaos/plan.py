"""Which faults share a stretch. Pure."""

from collections.abc import Sequence

from tests.programs.chaos.faults import FAULTS
from tests.programs.chaos.options import Options
from tests.programs.chaos.strikes import Fault

_TOGETHER = 20  # kinds that share a stretch in a short run


def stretches(options: Options, database: str) -> list[Sequence[Fault]]:
    """The kinds of each stretch on that database. In a short run the databases share the kinds out."""
    chosen = [FAULTS[name] for name in options.faults]
    if not options.short:
        return [[fault] for fault in chosen]
    mine = chosen[options.databases.index(database) :: len(options.databases)]
    # Those that take longest to become quiet stand together, for then they take it at the same time.
    mixed = sorted((fault for fault in mine if not fault.alone), key=lambda fault: -fault.patience)
    groups: list[Sequence[Fault]] = [mixed[at : at + _TOGETHER] for at in range(0, len(mixed), _TOGETHER)]
    return groups + [[fault] for fault in mine if fault.alone]
