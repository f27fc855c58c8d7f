"""What can go wrong with the store, told apart by whose fault it is.

    SluiceError
    ├── StoreUnavailable    the database's: down, locked, full, in recovery, lacking tables … try again later
    └── RowRejected          a row's: the database will never take that value … halve the batch to find it

To take the one for the other would either throw good events away or try a bad one for ever; hence the list of
what a row can cause is short, and everything else is the database's. No message holds credentials or data.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, TimeoutError  # noqa: A004

from shared.errors import SluiceError, Unavailable

#: Classes of SQLSTATE a row can cause: data exception, integrity violation, limit exceeded (an index entry's size).
_ROW_STATES = frozenset({"22", "23", "54"})


class StoreUnavailable(Unavailable):
    """The database cannot be reached or cannot write now. Nothing of the batch was written; try again later.

    (When the connection breaks during COMMIT it may have been written after all; then again changes nothing.)
    """


class RowRejected(SluiceError):
    """The database refuses a value of the batch for good. Nothing of the batch was written."""


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn the errors of the database at `url` into StoreUnavailable or RowRejected."""
    try:
        yield
    except DBAPIError as error:
        # `from None`: the driver's own message may name the user or quote the row.
        if _is_of_a_row(error):
            raise RowRejected(f"the event store refuses a value: {_reason(error, url)}") from None
        raise StoreUnavailable(f"the event store is unavailable: {_reason(error, url)}") from None
    except TimeoutError:
        raise StoreUnavailable("the event store is unavailable: all its connections are in use") from None


def _is_of_a_row(error: DBAPIError) -> bool:
    state = _sqlstate(error)
    if state is not None:
        return state[:2] in _ROW_STATES
    # Without a SQLSTATE it comes from SQLite, or from psycopg before anything was sent.
    return isinstance(error, (DataError, IntegrityError, ProgrammingError))


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _reason(error: DBAPIError, url: URL) -> str:
    """What to tell an operator: the name of the server's error, or the client library's words.

    The server's words may quote a row; the library's (those without SQLSTATE) speak of the connection or of a
    column, and of the user, who is masked.
    """
    state = _sqlstate(error)
    if state is not None:
        return f"{type(error.orig).__name__} (SQLSTATE {state})"
    words = " ".join(str(error.orig).split())
    for secret in (url.password, url.username):
        if secret:
            words = words.replace(str(secret), "***")
    return words
