"""One trace from POST to each handler, as a collector sees it: real ingress, real Redis, real worker processes.

All spans but the first few hundred are sent when the processes stop: the time between two exports is longer than these
tests. So each of them shows, too, that no process of a worker's pool takes its last spans with it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.support.stack import Stack, stack
from tests.support.tracing.collector import Collector, Seen, collector
from tests.support.waiting import until

pytestmark = pytest.mark.long  # it waits until the processes end: `make long`

TOKEN = "geheimes-token"
NUMBER = "919812345678"
#: The traces of two senders, each with the span that the webhook is sent from.
FIRST, SENDER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECOND = "11111111111111111111111111111111"
SILENT = "33333333333333333333333333333333"
TEXT = {"id": "wamid.text", "type": "text", "from": NUMBER, "text": {"body": "streng geheim"}}
IMAGE = {"id": "wamid.image", "type": "image", "from": NUMBER, "image": {"id": "77", "mime_type": "image/jpeg"}}


class Story(NamedTuple):
    """What came in, and the receipts of the webhooks by their senders' traces."""

    collector: Collector
    receipts: dict[str, str]

    def named(self, name: str, trace: str = FIRST) -> list[Seen]:
        return self.collector.named(name, trace)

    def one(self, name: str, trace: str = FIRST) -> Seen:
        [found] = self.named(name, trace)
        return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    receipts = {}
    settings = {
        "SLUICE_HANDLERS": "tests.support.tracing.handlers",
        "SLUICE_WEBHOOK_TOKEN": TOKEN,
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=geheimer-schluessel",
    }
    folder = tmp_path_factory.mktemp("tracing")
    with collector() as seen:
        with stack(folder, OTEL_EXPORTER_OTLP_ENDPOINT=seen.url, **settings) as sluice:
            until(lambda: "sent.count" in {lane["lane"] for lane in sluice.sluice("status", "--all")["lanes"]})
            sluice.sluice("pause", "sent.count")
            receipts[FIRST] = _post(sluice, f"00-{FIRST}-{SENDER}-01", messages=[TEXT, IMAGE], statuses=[_sent(1)])
            receipts[SECOND] = _post(sluice, f"00-{SECOND}-{SENDER}-01", statuses=[_sent(2)])
            receipts[SILENT] = _post(sluice, f"00-{SILENT}-{SENDER}-00", statuses=[_sent(3)])
            until(lambda: _waiting(sluice) == {"sent.count": 3}, within=30)
            sluice.sluice("resume", "sent.count")
            until(lambda: _waiting(sluice) == {}, within=30)
        yield Story(seen, receipts)


def _sent(number: int) -> dict[str, str]:
    return {"id": f"wamid.sent.{number}", "status": "sent", "recipient_id": NUMBER}


def _post(sluice: Stack, context: str, **body: Any) -> str:
    url = f"{sluice.url}/webhooks/messages/{TOKEN}"
    answer = httpx.post(url, json=body, headers={"traceparent": context}, timeout=10, trust_env=False)
    return str(answer.json()["receipt"])


def _waiting(sluice: Stack) -> dict[str, int]:
    lanes = sluice.sluice("status", "--all")["lanes"]
    counts = {lane["lane"]: lane["waiting"] + lane["in_flight"] + lane["retries"] for lane in lanes}
    return {lane: count for lane, count in counts.items() if count}


def test_a_webhook_is_a_part_of_its_senders_trace(story: Story) -> None:
    post = story.one("POST /webhooks/messages/{token}")
    assert (post.service, post.kind, post.parent, post.failed) == ("sluice-ingress", "SERVER", SENDER, False)
    assert post.attributes["messaging.message.id"] == story.receipts[FIRST]
    assert post.attributes["http.response.status_code"] == 200


def test_its_classification_follows_from_it_and_its_events_from_that(story: Story) -> None:
    post, intake = story.one("POST /webhooks/messages/{token}"), story.one("process intake")
    assert (intake.service, intake.kind, intake.parent) == ("sluice-worker", "CONSUMER", post.id)
    media, looked = story.one("process media"), story.one("process image.look")
    assert (media.parent, looked.parent) == (intake.id, media.id)
    assert {story.one(f"process {lane}").parent for lane in ("text.store", "sent.store", "sent.count")} == {intake.id}


def test_a_handler_that_fails_first_has_a_span_for_each_attempt(story: Story) -> None:
    intake, attempts = story.one("process intake"), story.named("process text.greet")
    assert [span.parent for span in attempts] == [intake.id] * 2
    assert [span.attributes["sluice.attempt"] for span in attempts] == [1, 2]
    assert [(span.failed, span.attributes.get("error.type")) for span in attempts] == [
        (True, "ConnectionError"),
        (False, None),
    ]
    assert attempts[0].ended <= attempts[1].began


def test_a_batch_is_linked_to_the_events_that_came_in_different_traces(story: Story) -> None:
    [common] = [span for span in story.collector.named("process sent.count") if not span.parent]
    single = [story.one("process sent.count", trace) for trace in (FIRST, SECOND)]
    assert {(span.trace, span.parent) for span in single} == set(common.links)
    assert [span.links for span in single] == [[(common.trace, common.id)]] * 2
    assert common.attributes["messaging.batch.message_count"] == 3  # one of them is recorded by nobody
    [settle] = [span for span in story.collector.named("settle sent.count") if not span.parent]
    assert set(settle.links) == set(common.links)


def test_what_takes_part_in_one_trace_alone_is_in_that_trace(story: Story) -> None:
    assert story.one("send intake").parent == story.one("POST /webhooks/messages/{token}").id
    assert {span.parent for span in story.named("settle text.greet")} == {story.one("process intake").id}


def test_what_its_sender_does_not_record_is_nowhere(story: Story) -> None:
    assert [span for span in story.collector.spans if span.trace == SILENT] == []


def test_nothing_secret_and_nothing_personal_is_sent_to_the_collector(story: Story) -> None:
    sent = b"".join(story.collector.bodies)
    words = (TOKEN, NUMBER, "geheim", "wamid")
    assert b"process text.greet" in sent  # it is not compressed
    assert [word for word in words if word.encode() in sent] == []
    assert {headers.get("x-api-key") for headers in story.collector.headers} == {"geheimer-schluessel"}
