"""One customer's timeline as a chat."""

from itertools import groupby

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import context_of
from workers.console.customer_param import customer_of
from workers.console.forms import text
from workers.store.read.conversation import conversation, recent_conversations
from workers.store.read.keyset import InvalidCursor

_AT_ONCE = 50


async def page(request: Request) -> Response:
    """Who wrote last."""
    here = context_of(request)
    return here.render(request, "conversations.html", recent=await here.run_query(recent_conversations, 30))


async def find(request: Request, fields: FormData) -> Response:
    """Leads to a number's conversation. Posted, so that the number stands in no address."""
    here = context_of(request)
    customer = customer_of(here, text(fields, "customer"))
    if not customer:
        return RedirectResponse(
            here.with_flash("/conversations", {"text": "That is no number: 919800000001 is one."}), 303
        )
    return RedirectResponse(f"/conversations/{here.veil.hide(customer)}", 303)


async def one(request: Request) -> Response:
    """The chat, its newest page last."""
    here = context_of(request)
    customer = here.reveal(request.path_params["token"])
    if customer is None:
        raise HTTPException(404, "There is no such conversation. Links end when the console's password changes.")
    before = request.query_params.get("before") or None
    try:
        found = await here.run_query(conversation, customer, before=before, limit=_AT_ONCE)
    except InvalidCursor:
        raise HTTPException(400, "This address is not one of ours: open the conversation anew.") from None
    days = [(day, list(bubbles)) for day, bubbles in groupby(found.messages, key=lambda bubble: bubble.at.date())]
    return here.render(
        request,
        "conversation.html",
        found=found,
        token=request.path_params["token"],
        days=days,
        is_newest=before is None,
        older=f"{request.url.path}?before={found.older}" if found.older else "",
    )
