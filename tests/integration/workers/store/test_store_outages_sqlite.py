"""The store while its SQLite file is locked, or isn't a database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support.store.samples import status
from workers.store import Store, StoreUnavailable


def test_a_file_that_another_process_has_locked_is_unavailable(sqlite_url: str) -> None:
    store = Store(sqlite_url, timeout=0.05)
    store.create()
    with closing(sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="database is locked"):
            store.write([status("sent")])
        store.check()  # reading needs no lock
        other.execute("ROLLBACK")
    store.write([status("sent")])
    store.close()


def test_a_file_that_is_not_a_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "events.db").write_bytes(b"not a database" * 100)
    store = Store(f"sqlite:///{tmp_path}/events.db")
    with pytest.raises(StoreUnavailable):
        store.create()
    with pytest.raises(StoreUnavailable):
        store.write([status("sent")])


def test_a_folder_that_cannot_be_created_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="folder"):
        Store(f"sqlite:///{tmp_path}/file/below/events.db").create()
