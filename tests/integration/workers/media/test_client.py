"""What the client asks and what it makes of the answers, also of a server that is none."""

import socket
import threading
from collections.abc import Sequence

import pytest

from tests.support.media.fixtures import NOW, hurried
from tests.support.media_api import MediaApi, media_api
from workers.media import Fetched, MediaAddress, MediaClient, Permanent, Transient


def test_each_id_gets_its_own_answer(media: MediaClient) -> None:
    answers = media.fetch(["1", "meta-2", "gone-3", "busy-4", "broken-5", "html-6", "huge-7", "..", ""])

    kinds = {media_id: type(answer) for media_id, answer in answers.items()}
    assert kinds == {
        "1": Fetched, "meta-2": Fetched, "gone-3": Permanent, "busy-4": Transient, "broken-5": Transient,
        "html-6": Permanent, "huge-7": Permanent, "..": Permanent, "": Permanent,
    }  # fmt: skip
    assert answers["busy-4"] == Transient("429 Too Many Requests: Too many requests", 7.0)
    assert not answers[".."].was_asked


def test_metadata_is_what_the_api_said_with_the_id_and_the_time(media: MediaClient) -> None:
    answer = media.fetch(["meta-2"])["meta-2"]

    assert isinstance(answer, Fetched)
    assert (answer.metadata.id, answer.metadata.file_size, answer.metadata.fetched_at) == ("meta-2", 81920, NOW)


def test_an_id_that_is_wanted_twice_is_asked_for_once(media: MediaClient, api: MediaApi) -> None:
    assert list(media.fetch(["1", "2", "1"])) == ["1", "2"]
    assert sorted(asked.media_id for asked in api.requests) == ["1", "2"]


def test_no_ids_are_no_work(media: MediaClient, api: MediaApi) -> None:
    assert media.fetch([]) == {}
    assert api.requests == []


def test_a_strange_id_arrives_at_the_same_path_and_as_it_is(media: MediaClient, api: MediaApi) -> None:
    ids = ["../../admin", "%2e%2e", "//evil.example/x", "1?x=1", "1#2", "\\..\\x", "日本", "u@evil.example"]

    assert all(isinstance(answer, Fetched) for answer in media.fetch(ids).values())
    assert sorted(asked.media_id for asked in api.requests) == sorted(ids)
    assert {asked.path.count("/") for asked in api.requests} == {4}
    assert {asked.query for asked in api.requests} == {""}


def test_a_redirect_is_not_followed(media: MediaClient, api: MediaApi) -> None:
    assert isinstance(media.fetch(["redirect-1"])["redirect-1"], Permanent)
    assert [asked.media_id for asked in api.requests] == ["redirect-1"]


def test_a_proxy_of_the_environment_is_not_used(api: MediaApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = hurried(api)

    assert isinstance(client.fetch(["1"])["1"], Fetched)
    client.close()


def test_a_server_that_is_not_there_means_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = MediaClient(MediaAddress(f"http://127.0.0.1:{port}/{{media_id}}"), None)

    answer = client.fetch(["1"])["1"]
    assert isinstance(answer, Transient)
    assert answer.reason.startswith("the connection failed")
    client.close()


@pytest.mark.parametrize("raw", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"])
def test_a_server_that_speaks_no_proper_http_means_later(raw: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_once, args=(listener, raw)).start()
        client = MediaClient(MediaAddress(f"http://127.0.0.1:{listener.getsockname()[1]}/{{media_id}}"), None)

        assert isinstance(client.fetch(["1"])["1"], Transient)
        client.close()


def _answer_once(listener: socket.socket, raw: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(raw)


def test_an_id_that_fails_twice_is_found_the_third_time(media: MediaClient) -> None:
    kinds: Sequence[type] = [type(media.fetch(["flaky-1"])["flaky-1"]) for _ in range(3)]

    assert kinds == [Transient, Transient, Fetched]


def test_a_client_that_is_closed_says_so(api: MediaApi) -> None:
    client = hurried(api)
    client.close()
    client.close()

    with pytest.raises(RuntimeError, match="closed"):
        client.fetch(["1"])


def test_a_client_ends_its_thread_and_connections(api: MediaApi) -> None:
    before = threading.active_count()
    client = hurried(api)
    client.fetch(["1"])
    client.close()

    assert threading.active_count() == before


def test_without_a_credential_none_is_sent() -> None:
    with media_api() as open_api:
        client = MediaClient(MediaAddress(open_api.url_template), None)
        client.fetch(["1"])
        client.close()

        assert "authorization" not in open_api.requests[0].headers
