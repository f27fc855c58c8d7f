"""The messages to and from the customers of the screenshots and the browser tests."""

import time
from typing import Any

import httpx
import orjson

from workers.devtools.simulation import SimulatedTraffic

Json = dict[str, Any]

ASHA, RAVI, EVIL = "919812345678", "919823456789", "919834567890"
#: Names and texts that must be escaped.
HOSTILE_NAME = "<script>document.title='owned'</script></textarea>\u202egnp.exe"
HOSTILE_TEXT = '"><img src=x onerror="document.title=\'owned\'">\x1b[31m{{7*7}}\r\nSTOP'
_DAY = 86_400
_AGO = 5  # seconds: the last status comes a few seconds after the first, and none may be in the future
_OURS = "wamid.HBgMOTE5ODEyMzQ1Njc4FQIAERgSQzE4RTZBRjY0MkYwRjI3OTkA"


def post_story(url: str, now: float | None = None) -> None:
    """Post the complete story, which ends a few seconds before `now`."""
    at = round(now or time.time())
    sent, promo, lost = f"{_OURS}01", f"{_OURS}02", f"{_OURS}03"
    rain = "My parcel is <b>late</b> again \N{UMBRELLA WITH RAIN DROPS}"
    message(url, ASHA, "Asha Rao", at - 7400, text={"body": rain}, id=f"{_OURS}A")
    statuses(url, sent, ASHA, at - 7200, "utility", ("sent", "delivered", "read"))
    message(url, ASHA, "Asha Rao", at - 7000, text={"body": "It is this one:"}, id=f"{_OURS}B", context={"id": sent})
    file = {"caption": "Wet through", "mime_type": "image/jpeg", "sha256": "LACX+w==", "id": "9141420037443803"}
    message(url, ASHA, "Asha Rao", at - 6990, type="image", image=file, id=f"{_OURS}C")
    statuses(url, promo, ASHA, at - 6800, "utility", ("sent", "delivered"))
    reaction = {"message_id": promo, "emoji": "\N{THUMBS UP SIGN}"}
    message(url, ASHA, "Asha Rao", at - 6700, type="reaction", reaction=reaction, id=f"{_OURS}D")
    place = {"latitude": 18.5308, "longitude": 73.8475, "name": "Balgandharva Chowk", "address": "Shivaji Nagar, Pune"}
    message(url, ASHA, "Asha Rao", at - 600, type="location", location=place, id=f"{_OURS}E")
    card = {"name": {"formatted_name": "Sunita Rao"}, "phones": [{"phone": "+91 98000 00011", "wa_id": "919800000011"}]}
    message(url, ASHA, "Asha Rao", at - 580, type="contacts", contacts=[card], id=f"{_OURS}F")
    failed = [{"code": 131047, "title": "Re-engagement message"}]
    statuses(url, lost, ASHA, at - 400, "marketing", ("sent", "failed"), errors=failed)
    message(
        url, ASHA, "Asha Rao", at - 60, text={"body": "Where is my order? Call me at +91 98123 45678"}, id=f"{_OURS}G"
    )
    message(url, RAVI, "इमरान खान", at - 50, text={"body": "שלום, is my order on its way?"}, id=f"{_OURS}H")
    message(url, EVIL, HOSTILE_NAME, at - 40, text={"body": HOSTILE_TEXT}, id=f"{_OURS}I")


def post_simulated(url: str, webhooks: int, seed: int = 7) -> None:
    """Post webhooks of the simulator as fast as one connection can."""
    _send(url, SimulatedTraffic(seed, round(time.time()) - _AGO), webhooks)


def post_week(url: str) -> None:
    """Post messages sent on each of the six days before, for a report."""
    for days in range(6, 0, -1):
        _send(
            url, SimulatedTraffic(100 + days, round(time.time()) - days * _DAY, mix={"sent": 1}), 60 + 25 * (days % 4)
        )


def message(url: str, customer: str, name: str, at: float, **about: Any) -> None:
    """Post one message, by default a text."""
    body = {"from": customer, "timestamp": str(round(at)), "type": "text", **about}
    contact = {"profile": {"name": name}, "wa_id": customer}
    _post(url, {"contacts": [contact], "messages": body, "id": f"story-{body['id']}"})


def statuses(
    url: str, wamid: str, customer: str, at: float, category: str, words: tuple[str, ...], **about: Any
) -> None:
    """Post the statuses of an outgoing message."""
    for n, word in enumerate(words):
        body: Json = {"id": wamid, "status": word, "timestamp": str(round(at) + 4 * n), "recipient_id": customer}
        body["conversation"] = {"id": f"conversation of {wamid}", "origin": {"type": category}}
        body["pricing"] = {"billable": category != "service", "pricing_model": "CBP", "category": category}
        if word == "failed":
            body |= about
        _post(url, {"statuses": [body], "id": f"story-{wamid}-{word}"})


def _send(url: str, traffic: SimulatedTraffic, webhooks: int) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        for webhook in traffic.webhooks(webhooks):
            client.post("/webhooks", content=webhook.body)


def _post(url: str, document: Json) -> None:
    answer = httpx.post(f"{url}/webhooks", content=orjson.dumps(document), trust_env=False, timeout=10)
    answer.raise_for_status()
