"""Anyone who can write to Redis can forge events, but is not given code that workers run."""

from celery import Celery

from workers.runtime.celery.application import configuration


def test_no_message_in_redis_is_unpickled() -> None:
    app = Celery("test")
    app.conf.update(configuration(["intake"], "redis://127.0.0.1:6379/0"))

    assert set(app.conf.accept_content) == {"json"}
    assert app.conf.task_serializer == "json"
