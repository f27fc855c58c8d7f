"""How long each page of the console takes over a PostgreSQL with a million events.

`python -m tests.programs.bench.pages`.
"""
