"""Lookups at once: concurrent but bounded, on kept connections, and all within their time."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.media.fixtures import CREDENTIAL, hurried
from tests.support.media_api import MediaApi
from tests.support.waiting import until
from workers.media import Fetched, MediaAddress, MediaClient, Transient


def test_lookups_run_at_once_and_never_more_than_the_bound(media: MediaClient, api: MediaApi) -> None:
    began = time.monotonic()
    media.fetch([f"slow-{n}" for n in range(16)])

    assert api.most_at_once == 8
    assert 1.0 <= time.monotonic() - began < 8.0  # two rounds of half a second; one at a time would be 8 s


def test_the_bound_holds_for_all_threads_together(media: MediaClient, api: MediaApi) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda batch: media.fetch([f"slow-{batch}-{n}" for n in range(4)]), range(4)))

    assert sum(isinstance(each, Fetched) for batch in answers for each in batch.values()) == 16
    assert api.most_at_once == 8


def test_connections_are_kept_from_call_to_call(media: MediaClient, api: MediaApi) -> None:
    for call in range(5):
        media.fetch([f"{call}-{n}" for n in range(20)])

    assert len(api.requests) == 100
    assert len({asked.port for asked in api.requests}) <= 8


@pytest.mark.parametrize("media_id", ["hang-1", "drip-1"])
def test_an_api_that_stalls_or_trickles_is_left_in_time(api: MediaApi, media_id: str) -> None:
    client = hurried(api)

    assert client.fetch([media_id, "2"])[media_id] == Transient("no answer within 0.3 s")
    client.close()


def test_lookups_that_were_cut_short_leave_their_places_to_others(api: MediaApi) -> None:
    client = hurried(api, concurrency=2)
    client.fetch(["hang-1", "hang-2", "drip-3", "drip-4"])

    # On a machine that is busy 0.3 s may be too short for a lookup or two. Places that are not given back stay away.
    until(lambda: all(isinstance(answer, Fetched) for answer in client.fetch(["1", "2", "3", "4"]).values()))
    client.close()


def test_a_call_ends_at_its_deadline(api: MediaApi) -> None:
    client = MediaClient(MediaAddress(api.url_template), CREDENTIAL, concurrency=2)
    began = time.monotonic()
    answers = client.fetch(["1", "hang-2", "hang-3", "4"], within=1.0)

    assert time.monotonic() - began < 4.0  # an answer may take 5 s
    assert isinstance(answers["1"], Fetched)
    assert answers["hang-2"] == Transient("no answer in time")
    assert answers["4"] == Transient("not reached in time", was_asked=False)
    client.close()


@pytest.mark.parametrize(("concurrency", "timeout", "deadline"), [(0, 1.0, 1.0), (1, 0.0, 1.0), (1, 1.0, 0.0)])
def test_bounds_must_be_above_zero(concurrency: int, timeout: float, deadline: float) -> None:
    address = MediaAddress("http://127.0.0.1:9/{media_id}")
    with pytest.raises(ValueError, match="above zero"):
        MediaClient(address, None, concurrency=concurrency, timeout=timeout, deadline=deadline)


class _SoftTimeLimit(Exception):
    """As Celery raises it: in the middle of whatever the main thread does."""


def _raise(*_: object) -> None:
    raise _SoftTimeLimit


def test_an_exception_in_the_waiting_caller_ends_the_lookups(api: MediaApi) -> None:
    client = MediaClient(MediaAddress(api.url_template), CREDENTIAL, concurrency=1)
    before = signal.signal(signal.SIGUSR1, _raise)
    timer = threading.Timer(0.2, signal.pthread_kill, (threading.main_thread().ident, signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(_SoftTimeLimit):
            client.fetch(["hang-1", "hang-2"])
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)

    assert isinstance(client.fetch(["3"], within=3.0)["3"], Fetched)  # the one place is free again
    client.close()
