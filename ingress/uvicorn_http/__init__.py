"""The HTTP protocol classes for uvicorn: limits, timeouts and the fast path, each a subclass of the one before.

Only this package knows the internals of uvicorn and httptools. tests/unit/ingress/uvicorn_http/test_uvicorn_contract.py
fails when one that it relies on changes.
"""
