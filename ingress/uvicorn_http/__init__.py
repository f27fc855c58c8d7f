"""The HTTP protocol classes for uvicorn: limits, timeouts and the fast path, each a subclass of the one before.

Only this package knows the internals of uvicorn and httptools. Its contract test fails when one of them changes:
tests/unit/ingress/uvicorn_http/test_contract_with_uvicorn.py.
"""
