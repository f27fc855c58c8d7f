"""What the ingress does not start with: it names the setting and ends with 78, so that nothing starts it again."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from ingress import __main__ as command
from ingress.uvicorn_http.fast_path import FastPathProtocol
from tests.support.programs import program, python, run

_OPEN = (
    "sluice: SLUICE_HOST is {host}, which other machines can reach: "
    "set SLUICE_WEBHOOK_TOKEN or SLUICE_HMAC_SECRET (or bind to 127.0.0.1)"
)
_NO_REDIS = "sluice: SLUICE_REDIS_URL is not set, and no `sluice up` runs an embedded server in this data directory"
_REDIS = "redis://:tell-nobody@127.0.0.1:1/0"


def _refusal(folder: Path, arguments: list[str] | None = None, **settings: str) -> list[str]:
    ended = run(arguments or python("-m", "ingress"), folder, **settings)
    assert ended.returncode == 78
    assert ended.stdout == ""
    assert "tell-nobody" not in ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()


def test_it_refuses_to_be_open_to_everybody(tmp_path: Path) -> None:
    assert _refusal(tmp_path, SLUICE_HOST="::", SLUICE_REDIS_URL=_REDIS) == [_OPEN.format(host="::")]


def test_it_refuses_under_uvicorn_s_own_command_too(tmp_path: Path) -> None:
    lines = _refusal(tmp_path, [program("uvicorn"), "ingress.app:app"], SLUICE_HOST="0.0.0.0", SLUICE_REDIS_URL=_REDIS)
    assert lines == [_OPEN.format(host="0.0.0.0")]


def test_a_verify_token_or_a_console_password_is_no_secret_of_webhooks(tmp_path: Path) -> None:
    lines = _refusal(
        tmp_path,
        SLUICE_HOST="0.0.0.0",
        SLUICE_REDIS_URL=_REDIS,
        SLUICE_VERIFY_TOKEN="tell-nobody",
        SLUICE_CONSOLE_PASSWORD="tell-nobody",
    )
    assert lines == [_OPEN.format(host="0.0.0.0")]


def test_it_needs_to_know_a_redis(tmp_path: Path) -> None:
    assert _refusal(tmp_path) == [_NO_REDIS]


def test_wrong_settings_are_named_all_at_once_and_without_their_values(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLUICE_HAMC_SECRET=tell-nobody\nSLUICE_MAX_BACKLOG=tell-nobody\n")
    lines = _refusal(
        tmp_path,
        SLUICE_REDIS_URL="http://tell-nobody",
        SLUICE_PORT="70000",
        SLUICE_WEBHOOK_TOKEN="tell-nobody/really",
        SLUICE_MEDIA_AUTH="tell-nobody",
    )

    assert sorted(name for line in lines for name in re.findall("SLUICE_[A-Z_]+", line)[:1]) == [
        "SLUICE_HAMC_SECRET",
        "SLUICE_MAX_BACKLOG",
        "SLUICE_MEDIA_AUTH",
        "SLUICE_PORT",
        "SLUICE_REDIS_URL",
        "SLUICE_WEBHOOK_TOKEN",
    ]
    assert "sluice: unknown setting SLUICE_HAMC_SECRET; did you mean SLUICE_HMAC_SECRET?" in lines


def test_importing_the_modules_reads_no_settings(tmp_path: Path) -> None:
    ended = run(python("-c", "import ingress.app, ingress.__main__"), tmp_path, SLUICE_PORT="wrong")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_uvicorn_cuts_off_the_slow_and_logs_no_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    used: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: used.update(options, app=app))
    monkeypatch.setattr("shared.observability.logging.configure_logging", lambda: None)
    monkeypatch.setitem(os.environ, "SLUICE_HOST", "127.0.0.2")
    monkeypatch.setitem(os.environ, "SLUICE_PORT", "1234")
    command.main()

    assert (used["app"], used["host"], used["port"]) == ("ingress.app:app", "127.0.0.2", 1234)
    assert used["http"] is FastPathProtocol
    assert used["access_log"] is False
    assert used["proxy_headers"] is False  # nobody's word is taken for where a request comes from
    assert used["server_header"] is False
