"""Each setting: its default, the values that it allows, and the message for an invalid one."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.errors import InvalidSettings
from shared.networks import is_loopback
from shared.settings import Settings

_SECRET = "tell-nobody-4711"


def _problems(monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[str]:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as raised:
        Settings.load()
    assert str(raised.value) == "; ".join(raised.value.problems)
    assert _SECRET not in repr(raised.value)
    return raised.value.problems


def _loaded(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> Any:
    monkeypatch.setenv(f"SLUICE_{name.upper()}", value)
    return getattr(Settings.load(), name)


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def test_nothing_need_be_set(tmp_path: Path) -> None:
    assert Settings.load().model_dump() == {
        "redis_url": None,
        "database_url": None,
        "data_dir": Path("var"),
        "host": "127.0.0.1",
        "port": 8000,
        "console_port": 8001,
        "webhook_token": (),
        "hmac_secret": None,
        "verify_token": None,
        "sender_networks": (),
        "trusted_proxies": (),
        "max_body_bytes": 3 * 1024 * 1024,
        "max_backlog": 0,
        "spool_bytes": 1024 * 1024 * 1024,
        "spool_rate": 5000,
        "dedupe_seconds": 86_400,
        "min_replicas": 0,
        "media_url": None,
        "media_auth": None,
        "handlers": (),
        "console_password": None,
    }


_PROXIES = ("127.0.0.1", "::1", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("redis_url", "redis://localhost", "redis://localhost"),
        ("redis_url", "rediss://user:p%2Fw@host:6380/3", "rediss://user:p%2Fw@host:6380/3"),
        ("redis_url", "unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
        ("database_url", "sqlite:////data/x.db", "sqlite:////data/x.db"),
        ("database_url", "postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("database_url", "none", "none"),
        ("data_dir", "/data", Path("/data")),
        ("host", "::1", "::1"),
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("console_port", "9001", 9001),
        ("webhook_token", "one", ("one",)),
        ("webhook_token", " new.To-ken_~1 , old ,", ("new.To-ken_~1", "old")),
        ("webhook_token", "messages2,xstatuses", ("messages2", "xstatuses")),
        ("webhook_token", " , ", ()),
        ("hmac_secret", "any thing, at all", "any thing, at all"),
        ("verify_token", "any thing", "any thing"),
        ("sender_networks", "203.0.113.0/24", (ip_network("203.0.113.0/24"),)),
        ("sender_networks", " 203.0.113.7 ,2001:db8::/32,", (ip_network("203.0.113.7"), ip_network("2001:db8::/32"))),
        ("sender_networks", "0.0.0.0/0", (ip_network("0.0.0.0/0"),)),
        ("trusted_proxies", "127.0.0.1,::1,10.0.0.0/255.0.0.0", tuple(map(ip_network, _PROXIES))),
        ("max_body_bytes", "1024", 1024),
        ("max_body_bytes", "67108864", 67_108_864),
        ("max_backlog", "1000000", 1_000_000),
        ("spool_bytes", "1048576", 1_048_576),
        ("spool_rate", "1", 1),
        ("dedupe_seconds", "1", 1),
        ("min_replicas", "2", 2),
        ("media_url", "https://h/media/{media_id}/x?a=b", "https://h/media/{media_id}/x?a=b"),
        ("media_auth", "Authorization: Bearer x:y", "Authorization: Bearer x:y"),
        ("handlers", "one", ("one",)),
        ("handlers", "one.two, three_4 ,", ("one.two", "three_4")),
        ("console_password", "any thing", "any thing"),
    ],
)
def test_each_setting_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any
) -> None:
    assert _plain(_loaded(monkeypatch, name, text)) == value


@pytest.mark.parametrize("name", Settings.model_fields)
def test_one_that_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # Compose and systemd set what is left blank to nothing.
    assert _loaded(monkeypatch, name, "") == getattr(Settings(), name)


_TOKEN = "a token is part of a URL: use letters, digits and . _ ~ - (not `messages` or `statuses`)"
_NO_REDIS = "is not a URL such as redis://:password@host:6379/0 (a / in a password is %2F)"
_USE_NETWORK = "(use 203.0.113.0/24 or 2001:db8::/32, without bits behind the mask)"
_ALL_PROXIES = "must not trust every address: any sender could then forge its own in X-Forwarded-For"
_MEDIA = "must be an http(s) URL that contains {media_id} once"
_HEADER = "must be a complete header line such as `Authorization: Bearer \u2026`"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("redis_url", f"http://:{_SECRET}@host", "must begin with redis://, rediss:// or unix://"),
        ("redis_url", _SECRET, "must begin with redis://, rediss:// or unix://"),
        ("redis_url", f"redis://:{_SECRET}/more@host:6379", _NO_REDIS),
        ("redis_url", f"redis://:{_SECRET}@host:port", _NO_REDIS),
        ("redis_url", f"redis://:{_SECRET}@host:99999", _NO_REDIS),
        ("redis_url", f"redis://:[{_SECRET}@host", _NO_REDIS),
        ("redis_url", f"redis://:{_SECRET}@host?socket_timeout=soon", _NO_REDIS),
        ("database_url", f"mysql://u:{_SECRET}@h/d", "must begin with sqlite: or postgresql+psycopg:, or be none"),
        ("database_url", f"postgresql://u:{_SECRET}@h", "must begin with sqlite: or postgresql+psycopg:, or be none"),
        ("database_url", "none of it", "must begin with sqlite: or postgresql+psycopg:, or be none"),
        ("port", "-1", "Input should be greater than or equal to 0"),
        ("port", "65536", "Input should be less than or equal to 65535"),
        ("port", _SECRET, "Input should be a valid integer, unable to parse string as an integer"),
        ("console_port", "8001.5", "Input should be a valid integer, unable to parse string as an integer"),
        ("webhook_token", f"{_SECRET}/x", _TOKEN),
        ("webhook_token", f"{_SECRET} x", _TOKEN),
        ("webhook_token", f"good,{_SECRET}%20", _TOKEN),
        ("webhook_token", f"{_SECRET}\u00e9", _TOKEN),
        ("webhook_token", "messages", _TOKEN),
        ("webhook_token", "good,statuses", _TOKEN),
        ("sender_networks", "203.0.113.1/24, 10.0.0.0/8, x", f"invalid network '203.0.113.1/24', 'x' {_USE_NETWORK}"),
        ("sender_networks", "203.0.113.0-203.0.113.9", f"invalid network '203.0.113.0-203.0.113.9' {_USE_NETWORK}"),
        ("sender_networks", "10.0.0.0/33", f"invalid network '10.0.0.0/33' {_USE_NETWORK}"),
        ("sender_networks", "::ffff:10.0.0.0/104", f"invalid network '::ffff:10.0.0.0/104' {_USE_NETWORK}"),
        ("trusted_proxies", "nginx", f"invalid network 'nginx' {_USE_NETWORK}"),
        ("trusted_proxies", "127.0.0.1, 0.0.0.0/0", _ALL_PROXIES),
        ("trusted_proxies", "::/0", _ALL_PROXIES),
        ("max_body_bytes", "1023", "Input should be greater than or equal to 1024"),
        ("max_body_bytes", "67108865", "Input should be less than or equal to 67108864"),
        ("max_backlog", "-1", "Input should be greater than or equal to 0"),
        ("spool_bytes", "1000", "Input should be greater than or equal to 1048576"),
        ("spool_rate", "0", "Input should be greater than or equal to 1"),
        ("dedupe_seconds", "0", "Input should be greater than or equal to 1"),
        ("min_replicas", "-1", "Input should be greater than or equal to 0"),
        ("media_url", "https://host/media", _MEDIA),
        ("media_url", "https://host/{media_id}/{media_id}", _MEDIA),
        ("media_url", "ftp://host/{media_id}", _MEDIA),
        ("media_url", "host/{media_id}", _MEDIA),
        ("media_auth", _SECRET, _HEADER),
        ("media_auth", f": {_SECRET}", _HEADER),
        ("media_auth", "Authorization: ", _HEADER),
        ("media_auth", f"Authorization: {_SECRET}\r\nX: y", _HEADER),
        ("handlers", "my-handlers", "'my-handlers' is not a valid module name"),
        ("handlers", "good,./handlers.py", "'./handlers.py' is not a valid module name"),
        ("handlers", "a..b", "'a..b' is not a valid module name"),
    ],
)
def test_an_invalid_one_is_reported_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    assert _problems(monkeypatch, **{f"SLUICE_{name.upper()}": value}) == [f"SLUICE_{name.upper()}: {message}"]


def test_all_invalid_ones_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = _problems(
        monkeypatch, SLUICE_PORT="x", SLUICE_REDIS_URL="x", SLUICE_HANDLERS="-", SLUICE_MEDIA_AUTH="x", SLUICE_PROT="1"
    )
    assert [re.findall("SLUICE_[A-Z_]+", problem)[0] for problem in problems] == [
        "SLUICE_PROT",
        "SLUICE_REDIS_URL",
        "SLUICE_PORT",
        "SLUICE_MEDIA_AUTH",
        "SLUICE_HANDLERS",
    ]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.1", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("0", False),
    ],
)
def test_only_what_this_machine_alone_can_reach_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
