"""Where settings come from, what is made of them, and what never gives a secret away."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.errors import InvalidSettings
from shared.settings import Settings

_SECRETS: dict[str, Any] = {
    "redis_url": "redis://:tell-nobody@host",
    "database_url": "postgresql+psycopg://u:tell-nobody@host/d",
    "webhook_token": "tell-nobody,tell-nobody-2",
    "hmac_secret": "tell-nobody",
    "verify_token": "tell-nobody",
    "media_auth": "Authorization: tell-nobody",
    "console_password": "tell-nobody",
}


def test_a_file_env_of_the_current_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\nSLUICE_PORT=1234\nexport SLUICE_HOST='::1'\nOTHER=1\n")
    settings = Settings.load()
    assert (settings.port, settings.host) == (1234, "::1")


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SLUICE_PORT=1234\nSLUICE_CONSOLE_PORT=1235\n")
    monkeypatch.setenv("SLUICE_PORT", "4321")
    settings = Settings.load()
    assert (settings.port, settings.console_port) == (4321, 1235)


@pytest.mark.parametrize("content", [b"SLUICE_HMAC_SECRET=\xff\xfe\n", b"\xff\xfeS\0L\0"])
def test_a_file_that_is_not_text_is_reported_like_an_invalid_setting(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(InvalidSettings, match=r"^\.env cannot be read, or is not UTF-8 text$"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("SLUICE_WEBHOK_TOKEN", "unknown setting SLUICE_WEBHOK_TOKEN; did you mean SLUICE_WEBHOOK_TOKEN?"),
        ("SLUICE_HMAC_SECRETS", "unknown setting SLUICE_HMAC_SECRETS; did you mean SLUICE_HMAC_SECRET?"),
        ("sluice_webhok_token", "unknown setting sluice_webhok_token; did you mean SLUICE_WEBHOOK_TOKEN?"),
        ("SLUICE_QQ", "unknown setting SLUICE_QQ"),
        ("SLUICE_", "unknown setting SLUICE_"),
    ],
)
@pytest.mark.parametrize("in_file", [False, True])
def test_a_misspelt_name_is_reported_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str, in_file: bool
) -> None:
    # A misspelt secret would leave the door open without a word.
    if in_file:
        (tmp_path / ".env").write_text(f"{name}=tell-nobody\n")
    else:
        monkeypatch.setenv(name, "tell-nobody")
    with pytest.raises(InvalidSettings) as raised:
        Settings.load()
    assert raised.value.problems == [sentence]


def test_a_name_in_small_letters_is_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("sluice_port", "1234")
    assert Settings.load().port == 1234


def test_no_secret_is_in_any_text_of_the_settings() -> None:
    settings = Settings.load(**_SECRETS)
    for text in (repr(settings), str(settings), f"{settings}", repr(settings.model_dump()), settings.model_dump_json()):
        assert "tell-nobody" not in text
    assert pickle.loads(pickle.dumps(settings)) == settings  # uvicorn's processes are given what they need this way


def test_nor_in_the_error_of_settings_that_are_made_by_hand() -> None:
    for name in ("redis_url", "database_url", "webhook_token", "media_auth"):
        with pytest.raises(ValidationError) as raised:
            Settings.model_validate({name: "tell nobody/"})
        assert "tell nobody" not in str(raised.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings.load().port = 1


def test_the_database_is_a_file_in_the_data_folder_unless_set(tmp_path: Path) -> None:
    assert Settings.load().database == f"sqlite:///{tmp_path}/var/sluice.db"
    assert Settings.load(data_dir="/data").database == "sqlite:////data/sluice.db"
    assert Settings.load(database_url="postgresql+psycopg://h/d").database == "postgresql+psycopg://h/d"
    assert Settings.load(database_url="none").database is None


def test_redis_is_the_one_set_or_the_one_that_sluice_up_runs(tmp_path: Path) -> None:
    assert Settings.load(redis_url="redis://host/1").redis == "redis://host/1"
    settings = Settings.load(data_dir="data")
    assert settings.embedded_url_file == tmp_path / "data" / "valkey" / "url"
    settings.embedded_url_file.parent.mkdir(parents=True)
    settings.embedded_url_file.write_text("unix:///somewhere\n")
    assert settings.redis == "unix:///somewhere"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_without_either_the_problem_is_reported(tmp_path: Path, content: str | None) -> None:
    settings = Settings.load()
    if content is not None:  # it is being written
        settings.embedded_url_file.parent.mkdir(parents=True)
        settings.embedded_url_file.write_text(content)
    with pytest.raises(InvalidSettings, match="SLUICE_REDIS_URL is not set, and no `sluice up` runs"):
        _ = settings.redis


@pytest.mark.parametrize(
    ("line", "header"),
    [
        (None, None),
        ("Authorization: Bearer x", ("Authorization", "Bearer x")),
        ("apikey:x:y ", ("apikey", "x:y")),
    ],
)
def test_the_media_credential_is_a_name_and_a_value(line: str | None, header: tuple[str, str] | None) -> None:
    assert Settings.load(media_auth=line).media_header == header


@pytest.mark.parametrize(
    ("settings", "opens"),
    [
        ({}, True),
        ({"host": "::1"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "webhook_token": "x"}, True),
        ({"host": "0.0.0.0", "hmac_secret": "x"}, True),
        ({"host": "0.0.0.0", "webhook_token": " , "}, False),
        ({"host": "0.0.0.0", "verify_token": "x", "console_password": "x"}, False),
    ],
)
def test_what_others_can_reach_needs_a_secret(settings: dict[str, str], opens: bool) -> None:
    found = Settings.load(**settings)
    if opens:
        found.require_secret_unless_loopback()
        return
    with pytest.raises(
        InvalidSettings, match=r"^SLUICE_HOST is 0\.0\.0\.0, which other machines can reach: set SLUICE_WEBHOOK_"
    ):
        found.require_secret_unless_loopback()
