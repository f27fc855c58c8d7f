"""Recent conversations, and one customer's conversation as a chat."""

from itertools import groupby

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workers.console.context import context_of
from workers.console.customer_param import customer_of
from workers.console.forms import field_value
from workers.store.read.conversation import conversation, recent_conversations
from workers.store.read.keyset import InvalidCursor

_PAGE_SIZE = 50
_MAX_RECENT = 30


async def conversations_page(request: Request) -> Response:
    """Show the customers who wrote last."""
    console = context_of(request)
    recent = await console.run_query(recent_conversations, _MAX_RECENT)
    return console.render(request, "conversations.html", recent=recent)


async def open_conversation(request: Request, fields: FormData) -> Response:
    """Redirect to a number's conversation. The form is posted so that the number isn't part of any URL."""
    console = context_of(request)
    customer = customer_of(console, field_value(fields, "customer"))
    if not customer:
        message = {"text": "Invalid phone number (use digits with the country code, such as 919800000001)."}
        return RedirectResponse(console.with_flash("/conversations", message), 303)
    return RedirectResponse(f"/conversations/{console.url_tokens.hide(customer)}", 303)


async def conversation_page(request: Request) -> Response:
    """Show the chat: the newest page, or the one before a cursor."""
    console = context_of(request)
    customer = console.reveal(request.path_params["token"])
    if customer is None:
        raise HTTPException(404, "Conversation not found. Links expire when the console's password changes.")
    before = request.query_params.get("before") or None
    try:
        chat = await console.run_query(conversation, customer, before=before, limit=_PAGE_SIZE)
    except InvalidCursor:
        raise HTTPException(400, "This link is invalid. Open the conversation again.") from None
    days = [(day, list(messages)) for day, messages in groupby(chat.messages, key=lambda message: message.at.date())]
    return console.render(
        request,
        "conversation.html",
        chat=chat,
        token=request.path_params["token"],
        days=days,
        is_newest=before is None,
        older=f"{request.url.path}?before={chat.older}" if chat.older else "",
    )
