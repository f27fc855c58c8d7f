"""Interactive messages, typed: what a customer chose or filled in (Meta, "Interactive messages webhook")."""

from typing import Any

from shared.errors import NotJSON
from shared.wire.lenient_json import loads
from workers.events.messages import InteractiveMessage
from workers.parsing.coerce import Json, identifier, record, text
from workers.parsing.common_fields import Fields


def interactive(common: Fields, body: Json) -> InteractiveMessage:
    """`type: interactive`."""
    part = record(body.get("interactive"))
    subtype = text(part.get("type"))
    reply = record(part.get(subtype or ""))
    return InteractiveMessage(
        **common,
        subtype=subtype,
        reply_id=identifier(reply.get("id")),
        title=text(reply.get("title")),
        description=text(reply.get("description")),
        response=_response(part, reply),
    )


def _response(part: Json, reply: Json) -> Any:
    """What was filled in: of a form its answers, of a flow its data, of a call permission the word."""
    answers = reply.get("response_json")
    if answers is not None:
        return _decoded(answers)
    data = part.get("flow_response_data")
    return reply.get("response") if data is None else data


def _decoded(answers: Any) -> Any:
    if not isinstance(answers, str):
        return answers
    try:
        return loads(answers.encode("utf-8", "surrogatepass"))
    except NotJSON:
        return answers
