"""The credential goes to the media API and nowhere else: no answer, error, log or representation shows it."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.support.media.fixtures import CREDENTIAL
from tests.support.media_api import MediaApi
from tests.support.programs import ROOT
from workers.media import Fetched, MediaAddress, MediaClient, Permanent
from workers.media.lookup import MediaLookup

SECRET = CREDENTIAL[1].split()[1]


@pytest.fixture
def media(api: MediaApi) -> Iterator[MediaClient]:
    client = MediaClient(MediaAddress(api.url_template + "?apikey=" + SECRET), CREDENTIAL, timeout=0.3)
    yield client
    client.close()


def test_the_credential_is_sent_in_its_header(media: MediaClient, api: MediaApi) -> None:
    assert isinstance(media.fetch(["1"])["1"], Fetched)
    assert api.requests[0].headers["authorization"] == CREDENTIAL[1]


def test_a_wrong_credential_is_final(api: MediaApi) -> None:
    client = MediaClient(MediaAddress(api.url_template), ("authorization", "Bearer wrong"))

    assert client.fetch(["1"])["1"] == Permanent("401 Unauthorized: Invalid OAuth access token")
    client.close()


def test_no_answer_repeats_the_credential(media: MediaClient) -> None:
    answers = media.fetch(["1", "gone-2", "echo-3", "redirect-4", "hang-5", "broken-6", ".."])

    assert SECRET not in repr(answers)
    assert answers["echo-3"] == Permanent("400 Bad Request: Malformed access token …")


def test_no_log_shows_the_credential_even_at_the_lowest_level(
    media: MediaClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        media.fetch(["1", "gone-2", "echo-3", "redirect-4", "hang-5"])

    # An API that repeats the credential in a header would be logged by httpcore; one that does so in a body is not.
    assert SECRET not in caplog.text


def test_no_representation_shows_the_credential(media: MediaClient) -> None:
    lookup = MediaLookup(CREDENTIAL, connections=1, timeout=1.0)

    assert SECRET not in repr(media) + repr(vars(media)) + repr(lookup)


@pytest.mark.parametrize(
    "auth",
    [
        ("authorization", f"Bearer {SECRET}\r\nX: y"),
        ("authorization", f"Bearer {SECRET}\n"),
        ("authorization", f"Bearer {SECRET}é"),
        ("authorization", f" {SECRET}"),
        ("authorization", ""),
        ("two words", SECRET),
        ("", SECRET),
    ],
)
def test_a_credential_that_cannot_be_a_header_is_refused_without_showing_it(auth: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="plain ASCII") as refused:
        MediaClient(MediaAddress("http://127.0.0.1:9/{media_id}"), auth)

    assert SECRET not in str(refused.value)


def test_a_client_from_before_a_fork_refuses_rather_than_waits_for_ever(
    media: MediaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -1)

    with pytest.raises(RuntimeError, match="before the fork"):
        media.fetch(["1"])


def test_a_client_made_after_a_fork_works(api: MediaApi) -> None:
    code = (
        "import os, sys\n"
        "from workers.media import Fetched, MediaAddress, MediaClient\n"
        "child = os.fork()\n"
        "if child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "client = MediaClient(MediaAddress(sys.argv[1]), (sys.argv[2], sys.argv[3]))\n"
        "os._exit(0 if isinstance(client.fetch(['1'])['1'], Fetched) else 1)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, api.url_template, *CREDENTIAL], timeout=20).returncode == 0


def test_the_stand_in_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.support.media_api", "--port", "0", "--auth", "apikey: k"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        template = process.stdout.readline().strip()
        try:
            with httpx.Client(trust_env=False) as http:
                assert http.get(MediaAddress(template).url("1")).status_code == 401
                assert http.get(MediaAddress(template).url("1"), headers={"apikey": "k"}).json()["mime_type"]
        finally:
            process.terminate()
