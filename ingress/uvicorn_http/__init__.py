"""HTTP protocol classes for uvicorn: limits, timeouts and the fast path.

Only this package knows uvicorn's internals.
"""
