"""Wake-ups: the Celery messages that ask a worker to drain a lane. They carry no data and may be lost or doubled.

The format of such a message is internal to Celery and kombu and may change. So both of them produce it, once, into a
broker in memory, and the lane scripts replace a placeholder in it with a new id. Every wake-up needs an id of its own:
kombu stores unacknowledged messages by delivery tag, and equal tags would overwrite each other.
"""

import json

import celery  # lazy: loads its parts when they are first used

#: Replaced with the id of the wake-up.
PLACEHOLDER = "SLUICE-WAKEUP-ID"

#: Prefix of every Celery queue's key, so that Sluice can share a Redis with other Celery applications.
KEY_PREFIX = "sluice:queue:"


def template(task: str, queue: str) -> str:
    """Return the JSON text that kombu would LPUSH to `queue` for a call of `task` without arguments.

    PLACEHOLDER stands in place of its id.
    """
    with celery.Celery(broker="memory://", set_as_current=False) as app:
        app.conf.task_ignore_result = True
        with app.connection_for_write() as connection:
            channel = connection.default_channel
            app.send_task(task, connection=connection, queue=queue, task_id=PLACEHOLDER)
            message = channel._get(queue)  # type: ignore[attr-defined]  # noqa: SLF001 - the message in its stored form
    properties = message["properties"]
    properties["delivery_tag"] = PLACEHOLDER
    properties["delivery_info"] = {"exchange": "", "routing_key": queue}
    properties.pop("reply_to", None)  # wake-ups have no result
    message["headers"].pop("origin", None)  # names the process that made the template, not the one that wakes
    return json.dumps(message)
