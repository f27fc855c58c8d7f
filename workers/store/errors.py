"""The store's errors, separated by cause.

    SluiceError
    ├── StoreUnavailable    the database is down, locked, full, in recovery, without tables …: try again later
    └── RowRejected         the database will never accept a value: halve the batch to find its event

Confusing the two would either discard good events or retry a bad one endlessly. So the list of errors that a row can
cause is short, and all others count as the database's. No message contains credentials or data.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, TimeoutError  # noqa: A004

from shared.errors import SluiceError, Unavailable

#: SQLSTATE classes that a row can cause: data exception, integrity violation, limit exceeded (size of an index entry).
_ROW_STATES = frozenset({"22", "23", "54"})


class StoreUnavailable(Unavailable):
    """The database can't be reached or can't write now. Nothing of the batch was written; try again later.

    If the connection broke during COMMIT, the batch may have been written; writing it again changes nothing.
    """


class RowRejected(SluiceError):
    """The database will never accept a value of the batch. Nothing of the batch was written."""


@contextmanager
def translate_errors(url: URL) -> Iterator[None]:
    """Convert errors of the database at `url` to StoreUnavailable or RowRejected."""
    try:
        yield
    except DBAPIError as error:
        # `from None`: the driver's own message may name the user or quote the row.
        if _is_row_error(error):
            raise RowRejected(f"the event store rejected a value: {_reason(error, url)}") from None
        raise StoreUnavailable(f"the event store is unavailable: {_reason(error, url)}") from None
    except TimeoutError:
        raise StoreUnavailable("the event store is unavailable: all its connections are in use") from None


def _is_row_error(error: DBAPIError) -> bool:
    state = _sqlstate(error)
    if state is not None:
        return state[:2] in _ROW_STATES
    # Errors without a SQLSTATE come from SQLite, or from psycopg before anything was sent.
    return isinstance(error, (DataError, IntegrityError, ProgrammingError))


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _reason(error: DBAPIError, url: URL) -> str:
    """Return the name of the server's error or the client library's message, for operators.

    The server's message may quote a row. The library's (without a SQLSTATE) is about the connection or a column, and
    may contain the user's name and password, which are masked.
    """
    state = _sqlstate(error)
    if state is not None:
        return f"{type(error.orig).__name__} (SQLSTATE {state})"
    message = " ".join(str(error.orig).split())
    for secret in (url.password, url.username):
        if secret:
            message = message.replace(str(secret), "***")
    return message
