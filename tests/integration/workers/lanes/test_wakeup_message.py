"""Wake-ups are Celery messages made from Celery's own template, and a real worker accepts them."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
import redis
from celery import Celery, Task
from celery.worker.request import Request
from kombu import Consumer
from kombu.message import Message

from tests.support.lanes import looking
from workers.lanes import Lanes, wakeup_message
from workers.runtime.celery.application import broker_url, configuration

GOLDEN = {
    "content-type": "application/json",
    "content-encoding": "utf-8",
    "headers": {
        "lang": "py",
        "task": "text.greet",
        "id": "SLUICE-WAKEUP-ID",
        "root_id": "SLUICE-WAKEUP-ID",
        "parent_id": None,
        "eta": None,
        "expires": None,
        "retries": 0,
        "group": None,
        "timelimit": [None, None],
        "argsrepr": "()",
        "kwargsrepr": "{}",
    },
    "properties": {
        "correlation_id": "SLUICE-WAKEUP-ID",
        "delivery_tag": "SLUICE-WAKEUP-ID",
        "delivery_info": {"exchange": "", "routing_key": "messages"},
        "body_encoding": "base64",
        "priority": 0,
    },
}


def _chosen(value: Any, like: Any) -> Any:
    """The parts of `value` that `like` has too."""
    return {key: _chosen(value[key], inner) for key, inner in like.items()} if isinstance(like, dict) else value


def test_the_template_contains_what_a_worker_reads() -> None:
    message = json.loads(wakeup_message.template("text.greet", "messages"))
    assert _chosen(message, GOLDEN) == GOLDEN
    body = json.loads(base64.b64decode(message["body"]))
    assert body == [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]


def test_the_template_names_no_process_and_no_reply_queue() -> None:
    message = json.loads(wakeup_message.template("text.greet", "messages"))
    assert "origin" not in message["headers"]
    assert "reply_to" not in message["properties"]


def test_two_templates_differ_only_in_the_placeholder() -> None:
    assert wakeup_message.template("text.greet", "messages") == wakeup_message.template("text.greet", "messages")


def test_every_wakeup_has_an_id_and_a_delivery_tag_of_its_own(lanes: Lanes, client: redis.Redis) -> None:
    names = ("text.a", "text.b", "image.a")
    lanes.register([looking.spec(name, grain=1) for name in names])
    for name in names:
        lanes.push(name, [b"x"] * 8)
    messages = looking.wakeups(client)
    ids = {message["headers"]["id"] for message in messages}
    assert len(messages) == len(ids) == 24
    for message in messages:
        identity = message["headers"]["id"]
        assert message["headers"]["root_id"] == message["properties"]["correlation_id"] == identity
        assert message["properties"]["delivery_tag"] == identity
    assert wakeup_message.PLACEHOLDER not in json.dumps(messages)


@pytest.fixture
def worker(redis_url: str) -> Iterator[Celery]:
    """The application as a worker has it, with one task."""
    with Celery("sluice", broker=broker_url(redis_url), set_as_current=False) as app:
        app.conf.update(configuration(["intake", "messages"], redis_url))

        class Greet(Task):  # type: ignore[type-arg]  # celery.Task takes no parameters at run time
            name = "text.greet"
            time_limit = 41

            def run(self) -> str:
                return str(self.request.id)

        app.register_task(Greet())
        yield app


def _received(app: Celery) -> list[Message]:
    """What a worker's consumer is given: by way of BRPOP, kombu's decoding and acknowledgement."""
    received: list[Message] = []
    with app.connection_for_read() as connection, _consumer(app, connection, received):
        connection.drain_events(timeout=5)
        received[0].ack()
    return received


def _consumer(app: Celery, connection: Any, received: list[Message]) -> Consumer:
    return app.amqp.TaskConsumer(connection, on_message=received.append, accept=["json"])


def test_a_worker_takes_a_wakeup_for_a_call_of_the_lanes_task(
    worker: Celery, lanes: Lanes, client: redis.Redis
) -> None:
    lanes.register([looking.spec("text.greet", "messages")])
    lanes.push("text.greet", [b"x"])
    [message] = _received(worker)
    assert message.decode() == [[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    request = Request(message, app=worker, task=worker.tasks["text.greet"])
    assert (request.name, request.id, request.args, request.kwargs) == ("text.greet", "text.greet-1", [], {})
    assert not request.revoked()
    assert client.lrange("sluice:queue:messages", 0, -1) == []


def test_the_pool_uses_the_tasks_own_time_limit(worker: Celery, lanes: Lanes) -> None:
    lanes.register([looking.spec("text.greet", "messages")])
    lanes.push("text.greet", [b"x"])
    [message] = _received(worker)
    pool: Any = Mock()
    Request(message, app=worker, task=worker.tasks["text.greet"]).execute_using_pool(pool)
    assert pool.apply_async.call_args.kwargs["timeout"] == 41


def test_the_task_sees_the_wakeups_id(worker: Celery, lanes: Lanes) -> None:
    lanes.register([looking.spec("text.greet", "messages")])
    lanes.push("text.greet", [b"x"])
    [message] = _received(worker)
    assert Request(message, app=worker, task=worker.tasks["text.greet"]).execute() == "text.greet-1"


def test_a_full_redis_still_delivers_wakeups(worker: Celery, lanes: Lanes, client: redis.Redis) -> None:
    lanes.register([looking.spec("text.greet", "messages")])
    received: list[Message] = []
    with worker.connection_for_read() as connection, _consumer(worker, connection, received):
        lanes.push("text.greet", [b"x"])
        client.config_set("maxmemory", 1)
        connection.drain_events(timeout=5)
        received[0].ack()
    assert [message.headers["task"] for message in received] == ["text.greet"]
