"""`python -P -m workers worker …`: Celery's command line for Sluice's application.

The same as `celery -A workers …`, except that a package `workers` in the current folder does not take the place of this
one: Celery puts the current folder first on the import path, unless the path has it already.
"""

import os
import runpy
import sys

if __name__ == "__main__":
    sys.path.append(os.getcwd())  # noqa: PTH109 - spelled as Celery does
    sys.argv[1:1] = ["-A", "workers"]
    runpy.run_module("celery", run_name="__main__")
