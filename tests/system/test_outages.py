"""What becomes of webhooks while something they need is down: each row of the README's table."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis

from tests.support.ingress.processes import Server, killable
from tests.support.media_api import media_api
from tests.support.postgres import Restartable, binaries, restartable_postgres
from tests.support.programs import free_port
from tests.support.stack import Stack, stack
from tests.support.waiting import until
from tests.system.rows import post, rows, wait_for_row

pytestmark = pytest.mark.long  # it waits for what takes its time: `make long`

#: Afterwards everything has to be there; workers may have been started again, which takes a while on a busy machine.
_SECONDS = 60.0
_SPOOL_BYTES = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The Redis of all of it."""
    with killable(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def outages(mortal: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything running, on SQLite."""
    folder = tmp_path_factory.mktemp("outages")
    with stack(folder, SLUICE_REDIS_URL=mortal.url, SLUICE_SPOOL_BYTES=str(_SPOOL_BYTES)) as running:
        assert _rows_follow(running, [_text(running)])
        yield running


def _text(sluice: Stack, padding: int = 0) -> str:
    """Posts a text message, which must be acknowledged; its id."""
    wamid, answer = _try_text(sluice, padding)
    assert answer.status_code == 200, answer.text
    return wamid


def _try_text(sluice: Stack, padding: int = 0) -> tuple[str, httpx.Response]:
    wamid = f"wamid.{uuid4().hex}"
    body = '{"messages": {"id": "%s", "type": "text", "from": "919800000001", "text": {"body": "%s"}}}'
    return wamid, post(sluice, (body % (wamid, "x" * padding)).encode())


def _rows_follow(sluice: Stack, wamids: list[str]) -> bool:
    def all_there() -> bool:
        return {row["wamid"] for row in rows(sluice, "events")} >= set(wamids)

    until(all_there, within=_SECONDS, every=0.1)
    found = [row["wamid"] for row in rows(sluice, "events")]
    return all(found.count(wamid) == 1 for wamid in wamids)


def _spool_is_empty(sluice: Stack) -> bool:
    folder = sluice.folder / "var" / "spool"
    return not folder.exists() or not list(folder.iterdir())


def _dead_letters(sluice: Stack) -> list[Any]:
    found: list[Any] = sluice.sluice("dead", "list")
    return found


@contextmanager
def _configured(mortal: Server, setting: str, value: str, usual: str) -> Iterator[None]:
    with redis.Redis.from_url(mortal.url) as client:
        client.config_set(setting, value)
        try:
            yield
        finally:
            client.config_set(setting, usual)


def test_while_redis_is_down_webhooks_are_acknowledged_and_handled_afterwards(outages: Stack, mortal: Server) -> None:
    mortal.kill()
    try:
        wamids = [_text(outages) for _ in range(20)]
        assert not _spool_is_empty(outages)
    finally:
        mortal.start()
    assert _rows_follow(outages, wamids)
    assert until(lambda: _spool_is_empty(outages))
    assert _dead_letters(outages) == []


def test_while_redis_is_full_webhooks_are_acknowledged_and_what_waits_is_handled(
    outages: Stack, mortal: Server
) -> None:
    with _configured(mortal, "maxmemory", "1", "0"):
        wamids = [_text(outages) for _ in range(20)]
        assert not _spool_is_empty(outages)
    assert _rows_follow(outages, wamids)
    assert _dead_letters(outages) == []


def test_while_redis_is_read_only_webhooks_are_acknowledged_and_handled_afterwards(
    outages: Stack, mortal: Server
) -> None:
    with _configured(mortal, "min-replicas-to-write", "1", "0"):
        wamids = [_text(outages) for _ in range(20)]
    assert _rows_follow(outages, wamids)
    assert _dead_letters(outages) == []


def test_while_redis_hangs_the_first_waits_and_the_others_are_acknowledged_at_once(
    outages: Stack, mortal: Server
) -> None:
    with mortal.paused():
        wamids = [_text(outages)]
        tried = [_try_text(outages) for _ in range(10)]
    assert {answer.status_code for _, answer in tried} == {200}
    assert sorted(answer.elapsed.total_seconds() for _, answer in tried)[5] < 1
    assert _rows_follow(outages, wamids + [wamid for wamid, _ in tried])


def test_with_redis_down_and_the_spool_full_senders_are_asked_to_come_again_and_nothing_acknowledged_is_lost(
    outages: Stack, mortal: Server
) -> None:
    mortal.kill()
    try:
        tried = [_try_text(outages, padding=100_000) for _ in range(40)]
        refused = [answer for _, answer in tried if answer.status_code != 200]
        assert {answer.status_code for answer in refused} == {503}
        assert {answer.headers["retry-after"] for answer in refused} == {"5"}
        assert refused[0].json()["error"]["message"].endswith("it is full")
        assert httpx.get(f"{outages.url}/health/ready", trust_env=False).status_code == 503
    finally:
        mortal.start()
    acknowledged = [wamid for wamid, answer in tried if answer.status_code == 200]
    assert 10 < len(acknowledged) < 30
    assert _rows_follow(outages, acknowledged)
    assert until(lambda: httpx.get(f"{outages.url}/health/ready", trust_env=False).status_code == 200)


def test_while_the_database_is_locked_events_wait_and_none_is_charged_for_it(outages: Stack) -> None:
    holder = sqlite3.connect(outages.sqlite, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        wamids = [_text(outages) for _ in range(20)]
        until(lambda: "is down; the lane waits" in outages.log.read_text(), within=_SECONDS, every=0.1)
        holder.execute("ROLLBACK")
    finally:
        holder.close()
    assert _rows_follow(outages, wamids)
    assert _dead_letters(outages) == []


@pytest.fixture
def mortal_database() -> Iterator[Restartable]:
    """PostgreSQL that can be killed."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with restartable_postgres(free_port()) as running:
        yield running


def test_while_the_database_is_down_events_wait_and_none_is_charged_for_it(
    mortal_database: Restartable, tmp_path: Path
) -> None:
    with stack(tmp_path, SLUICE_DATABASE_URL=mortal_database.url) as sluice:
        wamids = [_text(sluice)]
        assert _rows_follow(sluice, wamids)
        mortal_database.kill()
        wamids += [_text(sluice) for _ in range(20)]
        until(lambda: "is down; the lane waits" in sluice.log.read_text(), within=_SECONDS, every=0.1)
        mortal_database.start()
        assert _rows_follow(sluice, wamids)
        assert _dead_letters(sluice) == []


def test_while_the_media_api_is_down_pictures_wait_and_texts_do_not(tmp_path: Path) -> None:
    port = free_port()
    template = f"http://127.0.0.1:{port}/whatsapp-cloud/media/download/{{media_id}}"
    with stack(tmp_path, SLUICE_MEDIA_URL=template) as sluice:
        picture = f"wamid.{uuid4().hex}"
        body = (
            '{"messages": {"id": "%s", "type": "image", "from": "919800000001", '
            '"image": {"id": "77", "mime_type": "image/png"}}}'
        )
        assert post(sluice, (body % picture).encode()).status_code == 200
        assert _rows_follow(sluice, [_text(sluice)])
        assert rows(sluice, "events", wamid=picture) == []
        with media_api(auth=("Authorization", "Bearer demo"), port=port):
            wait_for_row(sluice, "events", _SECONDS, wamid=picture)
            assert wait_for_row(sluice, "media", _SECONDS, id="77")["error"] is None
