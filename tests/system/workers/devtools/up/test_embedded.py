"""The Redis of `sluice up`: its data outlives every way in which it can end."""

import os
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

from tests.support.cli.upping import Up, alive, kill, noting, parent, up
from tests.support.waiting import until
from workers.devtools.up.embedded import socket_in


def _wrote(running: Up, number: int) -> None:
    with running.redis() as client:
        assert client.rpush("numbers", number) == number


def test_its_data_survive_a_restart(tmp_path: Path) -> None:
    for number in (1, 2):
        with up(tmp_path) as running:
            until(running.url_file.exists)
            _wrote(running, number)
            assert running.ends() == 0


def test_it_is_for_this_user_alone_and_keeps_every_write(tmp_path: Path) -> None:
    with up(tmp_path) as running, running.redis() as client:
        assert running.url_file.read_text() == f"unix://{tmp_path}/var/valkey/valkey.sock\n"
        assert running.url_file.stat().st_mode & 0o777 == 0o600
        assert running.url_file.parent.stat().st_mode & 0o777 == 0o700
        asked = {
            name: client.config_get(name)[name] for name in ("port", "appendonly", "appendfsync", "maxmemory-policy")
        }

    assert asked == {"port": "0", "appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["100% 'my' \"data\" #1?", "/".join(["long" * 20] * 3)],  # a Unix socket's path has 107 characters
    ids=["odd", "long"],
)
def test_a_data_folder_may_have_any_path(tmp_path: Path, name: str) -> None:
    data = tmp_path / name
    with TemporaryDirectory() as short, up(tmp_path, {"one": noting("one")}, data, TMPDIR=short) as running:
        running.wait_for("one")
        _wrote(running, 1)
        assert running.ends() == 0
    assert b"numbers" in b"".join(file.read_bytes() for file in (data / "valkey" / "appendonlydir").iterdir())


def test_its_socket_is_in_the_data_folder_or_in_one_of_this_user_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for plain in (tmp_path, tmp_path / "a-b_c.d"):
        assert socket_in(plain) == plain / "valkey.sock"
    places = {socket_in(tmp_path / name) for name in ("with space", "100%", "é", "x" * 100, "y" * 100)}
    assert len(places) == 5
    for place in places:
        assert place.parent.parent == tmp_path
        assert place.parent.stat().st_mode & 0o777 == 0o700
        assert len(str(place)) <= len(str(tmp_path)) + 40
    assert socket_in(tmp_path / "with space") in places


def test_a_folder_that_others_can_enter_is_not_used_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = socket_in(tmp_path / "with space").parent
    place.chmod(0o777)
    with pytest.raises(PermissionError, match="is not a private folder of this user"):
        socket_in(tmp_path / "with space")
    place.rmdir()
    (tmp_path / "theirs").mkdir(mode=0o700)
    place.symlink_to(tmp_path / "theirs")
    with pytest.raises(PermissionError, match="is not a private folder of this user"):
        socket_in(tmp_path / "with space")


@pytest.mark.long
def test_when_it_dies_it_comes_back_with_its_data(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        _wrote(running, 1)
        before = running.valkey_pid()
        kill(before)
        until(lambda: _other_pid(running, before), within=20)

        _wrote(running, 2)
        assert all(map(alive, running.runs("one") + running.runs("two")))
        assert running.ends() == 0


def _other_pid(running: Up, before: int) -> bool:
    try:
        return running.valkey_pid() != before
    except redis.RedisError:
        return False


def test_while_it_cannot_start_it_can_still_be_ended(tmp_path: Path) -> None:
    (tmp_path / "var" / "valkey").mkdir(parents=True)
    (tmp_path / "var" / "valkey" / "appendonlydir").write_text("no folder")
    with up(tmp_path) as running:
        running.program.has_said("the embedded Valkey failed: ")
        began = time.monotonic()
        assert running.ends() == 0

        assert time.monotonic() - began < 10
        assert running.runs("one") == []  # nothing runs without its Redis


@pytest.mark.long
def test_when_it_stalls_for_seconds_it_is_left_alone(tmp_path: Path) -> None:
    # A slow disk can do that, with every write synchronised.
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        valkey = running.valkey_pid()
        end = time.monotonic() + 2.5
        _send(valkey, signal.SIGSTOP)
        while time.monotonic() < end:
            assert alive(valkey), running.program.output
            time.sleep(0.1)
        _send(valkey, signal.SIGCONT)

        assert running.valkey_pid() == valkey
        assert running.ends() == 0


def _send(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)


@pytest.mark.long
def test_when_sluice_up_is_killed_its_commands_end_and_the_next_one_has_the_data(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        _wrote(running, 1)
        processes = [*running.runs("one"), *running.runs("two"), running.valkey_pid()]
        kill(running.program.process.pid)
        with up(tmp_path) as following:  # at once, while the first one's Redis may still be ending
            until(lambda: len(following.runs("one")) == 2, within=30)
            _wrote(following, 2)
            until(lambda: not any(map(alive, processes)))
            assert following.ends() == 0


@pytest.mark.long
def test_a_redis_that_was_left_behind_is_taken_over(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        running.wait_for("one", "two")
        _wrote(running, 1)
        orphan = running.valkey_pid()
        # Its keeper cannot end it any more: nobody is left but the server.
        keeper = parent(orphan)
        _send(keeper, signal.SIGSTOP)
        kill(running.program.process.pid)
        kill(keeper)
        assert alive(orphan)
        with up(tmp_path) as following:
            until(lambda: len(following.runs("one")) == 2, within=30)
            assert not alive(orphan)
            _wrote(following, 2)
            assert following.ends() == 0
