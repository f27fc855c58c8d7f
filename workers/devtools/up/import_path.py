"""The import path of the processes that `sluice up` starts in a folder with a package named like one of Sluice's.

Python puts the current folder first (`python -m`), and so does Celery's command line. Sluice's packages must come
before it. PYTHONPATH cannot name site-packages for that: it precedes the standard library, which an installed backport
(argparse, dataclasses, …) would then replace. So it names a folder with nothing but links to Sluice's packages.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from workers.operations.hidden_packages import PACKAGE_ROOT, PACKAGES


def packages_first(environment: Mapping[str, str], links: Path) -> dict[str, str]:
    """Return the variables that make a process import Sluice's packages first and the current folder's modules after.

    `links`: the folder for the links, which is created. Raises OSError.
    """
    links = links.resolve()
    links.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        (links / name).unlink(missing_ok=True)
        (links / name).symlink_to(PACKAGE_ROOT / name)
    # Celery adds the current folder in front unless the path has it already.
    entries = [str(links), *filter(None, [environment.get("PYTHONPATH")]), os.getcwd()]  # noqa: PTH109 - as Celery
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(entries)}
