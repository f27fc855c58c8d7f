"""The Celery application: put together from the settings, and refused in words."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.errors import InvalidSettings
from workers.handlers.registry import Registry
from workers.runtime.celery.application import broker_url, configuration, import_handlers

Module = Callable[[str, str], str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Module]:
    """Writes a module and replies its name; forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    names: list[str] = []

    def write(name: str, text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        names.append(name)
        return name

    yield write
    for name in names:
        sys.modules.pop(name, None)


def test_importing_a_module_registers_its_handlers(module: Module, handlers: Registry) -> None:
    text = "from workers.handlers import handler\n@handler('text')\ndef greet(event): ...\n"
    import_handlers((module("sluice_test_good", text),))
    assert list(handlers.handlers) == ["text.greet"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (
            "from workers.handlers import handler\n@handler('txt')\ndef greet(event): ...",
            "ValueError: unknown event type",
        ),
        (
            "from workers.handlers import handler\n@handler('text')\nasync def greet(event): ...",
            "TypeError: sluice_test_bad.greet: a handler must be a plain function",
        ),
    ],
)
def test_a_module_that_fails_is_named_with_the_reason(
    module: Module, handlers: Registry, text: str, reason: str
) -> None:
    name = module("sluice_test_bad", text)
    with pytest.raises(InvalidSettings) as raised:
        import_handlers((name,))
    [problem] = raised.value.problems
    assert problem.startswith(f"SLUICE_HANDLERS: {name} cannot be imported: {reason}")


def test_all_modules_that_fail_are_named_at_once(module: Module, handlers: Registry) -> None:
    names = (module("sluice_test_bad_a", "1 / 0"), "sluice_test_missing", module("sluice_test_fine", ""))
    with pytest.raises(InvalidSettings) as raised:
        import_handlers(names)
    assert [problem.split()[1] for problem in raised.value.problems] == ["sluice_test_bad_a", "sluice_test_missing"]


def test_without_modules_nothing_is_imported(handlers: Registry) -> None:
    import_handlers(())
    assert handlers.handlers == {}


def test_the_queues_stand_in_the_order_of_their_priority() -> None:
    found = configuration(["intake", "messages", "own", "statuses"], "redis://127.0.0.1:6379/0")
    assert [queue.name for queue in found["task_queues"]] == ["intake", "messages", "own", "statuses"]
    assert found["broker_transport_options"]["queue_order_strategy"] == "priority"


def test_celerys_safety_nets_are_off_as_wakeups_may_be_lost() -> None:
    found = configuration(["intake"], "redis://127.0.0.1:6379/0")
    assert found["task_acks_late"] is False
    assert found["task_ignore_result"] is True
    assert found["worker_disable_prefetch"] is True
    assert found["broker_transport_options"]["ack_emulation"] is False
    assert found["broker_transport_options"]["global_keyprefix"] == "sluice:queue:"


@pytest.mark.parametrize(("url", "keepalive"), [("redis://h/0", True), ("rediss://h/0", True), ("unix:///s", False)])
def test_a_dead_peer_is_noticed_where_there_can_be_one(url: str, keepalive: bool) -> None:
    options = configuration(["intake"], url)["broker_transport_options"]
    assert ("socket_keepalive" in options) is keepalive


@pytest.mark.parametrize(
    ("url", "celerys"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("rediss://:pw@h:1/2", "rediss://:pw@h:1/2"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?db=3"),
        ("unix://user:unix://@/run/redis.sock", "redis+socket://user:unix://@/run/redis.sock"),
    ],
)
def test_the_brokers_address_is_spelt_as_kombu_does(url: str, celerys: str) -> None:
    assert broker_url(url) == celerys
