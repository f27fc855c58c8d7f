"""The parts of a simulated webhook: messages and statuses in Omni's format, made from the samples with new ids."""

from random import Random
from typing import Any

import orjson

from workers.devtools import samples

Json = dict[str, Any]

#: Weights of the samples with one message.
MESSAGE_MIX = {
    "text": 40,
    "text-reply": 8,
    "image": 10,
    "video": 3,
    "audio": 4,
    "voice": 2,
    "document": 4,
    "sticker": 2,
    "location": 3,
    "contacts": 2,
    "reaction": 6,
    "button": 5,
    "interactive-button": 4,
    "interactive-list": 3,
    "interactive-flow": 1,
    "order": 1,
    "system": 1,
    "edit": 1,
    "revoke": 1,
    "ephemeral": 1,
    "request_welcome": 1,
    "unsupported": 1,
    "unknown": 1,
}
_NAMES = ("Asha Rao", "José Núñez", "Ольга", "इमरान खान", "李雷", "Zoë <b>Bold</b>", "O'Brien; DROP TABLE events", "😀")


class SampleFactory:
    """Makes the parts with the generator `random`, so that equal seeds make equal traffic."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._bodies = {name: orjson.loads(samples.load(name))["messages"] for name in MESSAGE_MIX}
        self.customers = [f"9198{random.randrange(10**8):08d}" for _ in range(500)]

    def wamid(self) -> str:
        """Return a new message id."""
        return f"wamid.SIM{self._random.getrandbits(112):028X}"

    def delivery(self) -> str:
        """Return a new id of a webhook."""
        return f"{self._random.getrandbits(128):032x}"

    def message(self, now: int, kind: str = "") -> Json:
        """Return a message of a random customer. `kind` is the name of a sample, by default drawn from MESSAGE_MIX."""
        kind = kind or self._random.choices(list(MESSAGE_MIX), list(MESSAGE_MIX.values()))[0]
        message: Json = orjson.loads(orjson.dumps(self._bodies[kind]))
        message |= {"from": self._random.choice(self.customers), "id": self.wamid(), "timestamp": str(now)}
        content = message.get(message.get("type", ""))
        if isinstance(content, dict) and "mime_type" in content and "id" in content:
            content["id"] = str(self._random.getrandbits(52))
        return message

    def contact(self, customer: str) -> Json:
        """Return the contact that accompanies a message of the customer."""
        return {"profile": {"name": self._random.choice(_NAMES)}, "wa_id": customer}

    def status(self, wamid: str, customer: str, state: str, now: int) -> Json:
        """Return a status (sent, delivered, read or failed) of a sent message."""
        status: Json = {"id": wamid, "status": state, "timestamp": str(now), "recipient_id": customer}
        if state == "failed":
            return status | {"errors": [{"code": 131026, "title": "Message undeliverable"}]}
        category = self._random.choice(("service", "marketing", "utility", "authentication"))
        status["conversation"] = {
            "id": f"{self._random.getrandbits(128):032x}",
            "expiration_timestamp": str(now + 86_400),
            "origin": {"type": category},
        }
        status["pricing"] = {"billable": category != "service", "pricing_model": "CBP", "category": category}
        return status
