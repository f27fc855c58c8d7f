"""Wake-ups: the Celery messages that tell a worker to drain a lane. They carry no data and may be lost or doubled.

What such a message looks like is Celery's and kombu's affair and nobody promises it stable. So both produce it,
once, into a broker in memory; the lanes' scripts put a fresh id in where the placeholder stands. Every wake-up
needs an id of its own: kombu keeps unacknowledged messages by delivery tag, and equal ones erase each other.
"""

import json

import celery  # loads its parts when they are first used, so that the ingress, which makes no template, never does

#: Stands in a template wherever the id belongs.
PLACEHOLDER = "SLUICE-WAKEUP-ID"

#: Put before the name of every Celery queue, so that Sluice can share a Redis with other Celery applications.
KEY_PREFIX = "sluice:queue:"


def template(task: str, queue: str) -> str:
    """The JSON text that kombu would LPUSH to `queue` for a call of `task` without arguments, id left open."""
    with celery.Celery(broker="memory://", set_as_current=False) as app:
        app.conf.task_ignore_result = True
        with app.connection_for_write() as connection:
            channel = connection.default_channel
            app.send_task(task, connection=connection, queue=queue, task_id=PLACEHOLDER)
            message = channel._get(queue)  # type: ignore[attr-defined]  # noqa: SLF001 - as it lies in the queue
    properties = message["properties"]
    properties["delivery_tag"] = PLACEHOLDER
    properties["delivery_info"] = {"exchange": "", "routing_key": queue}
    properties.pop("reply_to", None)  # nobody waits for a result
    message["headers"].pop("origin", None)  # names the process that made the template, not the one that wakes
    return json.dumps(message)
