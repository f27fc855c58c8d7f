"""Connection settings of each database."""

import pytest
from sqlalchemy import text

from workers.store import Store


def test_sqlite_uses_wal_with_full_sync(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.create()
    with store.reading() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert connection.scalar(text("PRAGMA busy_timeout")) == 10_000
    store.close()


def test_postgresql_connections_have_a_name_and_timeouts(postgres_url: str) -> None:
    store = Store(postgres_url, timeout=3)
    with store.reading() as connection:
        assert connection.scalar(text("SHOW application_name")) == "sluice"
        assert connection.scalar(text("SHOW statement_timeout")) == "3s"
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "6s"
        assert connection.scalar(text("SHOW timezone")) == "UTC"
    store.close()


def test_options_in_the_url_take_precedence(postgres_url: str) -> None:
    store = Store(f"{postgres_url}?application_name=nightly")
    with store.reading() as connection:
        assert connection.scalar(text("SHOW application_name")) == "nightly"
    store.close()


def test_postgresql_compares_text_like_python(postgres_url: str) -> None:
    store = Store(postgres_url)
    store.create()
    with store.reading() as connection:
        collations = connection.execute(
            text(
                "SELECT DISTINCT collation_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type = 'text'"
            )
        ).all()
    store.close()
    assert [tuple(row) for row in collations] == [("C",)]


def test_an_unsupported_database_is_refused_without_showing_the_url() -> None:
    with pytest.raises(ValueError, match="SQLite or PostgreSQL") as caught:
        Store("mysql://user:secret@localhost/db")
    assert "secret" not in str(caught.value)
