"""What an operator asks the console for, as addresses; and which of it may be rare, or of very many."""

from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from tests.programs.bench.pages.lanes import LANE, LETTERS
from tests.support.store.many import BUSY, CUSTOMER, DAYS, END, NUMBER, wamid
from tests.support.store.many import customer as customer_of
from workers.console.auth.url_tokens import UrlTokenCipher
from workers.store.read.keyset import Cursor


class Asked(NamedTuple):
    """One page."""

    name: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()  # posted, if there are any


def asked(url_tokens: UrlTokenCipher, letter: str, events: int) -> list[Asked]:
    """Every page, and every search that is paid for differently. `letter`: LANE/ID of a dead letter."""
    sent = events // 5 + 1  # the number of a message of ours
    keys = {"event, a message": f"m:text:{wamid(1)}", "event, a status": f"s:{wamid(sent)}:sent:{customer_of(sent)}"}
    single = [Asked(name, f"/events/{url_tokens.hide(key)}") for name, key in keys.items()]
    return [
        *_lanes(url_tokens, letter),
        *_events(url_tokens),
        *single,
        *_conversations(url_tokens),
        *_reports(),
        Asked("audit", "/audit"),
    ]


def _lanes(url_tokens: UrlTokenCipher, letter: str) -> list[Asked]:
    everything = (("action", "discard"), ("scope", "all"), ("next", "/dead"))
    return [
        Asked("overview", "/"),
        Asked("lanes", "/lanes?all=1"),
        Asked("lane", f"/lanes/{LANE}"),
        Asked(f"dead letters, {LETTERS:,}", "/dead"),
        Asked("dead letters, by error", "/dead?error=order+17"),
        Asked("dead letters, of a customer", f"/dead?customer={url_tokens.hide(CUSTOMER)}"),
        Asked("dead letter", f"/dead/{letter}"),
        Asked("dead letters, count of all", "/dead/confirm", everything),
    ]


def _events(url_tokens: UrlTokenCipher) -> list[Asked]:
    customer, busy = url_tokens.hide(CUSTOMER), url_tokens.hide(BUSY)
    middle, day = END - timedelta(days=DAYS // 2), timedelta(days=1)
    searches: list[tuple[str, dict[str, str]]] = [
        ("newest", {}),
        ("page in the middle", {"before": str(Cursor(middle, "m:"))}),
        ("of one day", {"since": _text(middle), "until": _text(middle + day)}),
        ("all messages", {"type": "message"}),
        ("of a type", {"type": "text"}),
        ("of a rare type", {"type": "order"}),
        ("of a type that never came", {"type": "sticker"}),
        ("that are now delivered", {"status": "delivered"}),
        ("that failed", {"status": "failed"}),
        ("that are still sent", {"status": "sent"}),
        ("of a customer", {"customer": customer}),
        ("of the busiest customer", {"customer": busy}),
        ("of a customer and a rare type", {"customer": busy, "type": "order"}),
        ("of a message id", {"wamid": wamid(1)}),
        ("with common words", {"text": "has not come"}),
        ("with rare words", {"text": "order 17777 "}),
        ("with words nobody wrote", {"text": "zebra"}),
        ("with words, of a customer", {"text": "zebra", "customer": busy}),
        ("with words, of one day", {"text": "zebra", "since": _text(middle), "until": _text(middle + day)}),
    ]
    return [Asked(f"events, {name}", f"/events?{urlencode(query)}") for name, query in searches]


def _conversations(url_tokens: UrlTokenCipher) -> list[Asked]:
    older = Cursor(END - timedelta(days=DAYS // 2), "m:")
    return [
        Asked("conversations", "/conversations"),
        Asked("conversation", f"/conversations/{url_tokens.hide(CUSTOMER)}"),
        Asked("conversation, the busiest", f"/conversations/{url_tokens.hide(BUSY)}"),
        Asked("conversation, an older page", f"/conversations/{url_tokens.hide(BUSY)}?before={older}"),
    ]


def _reports() -> list[Asked]:
    week = {"since": (END - timedelta(days=7)).date().isoformat(), "until": END.date().isoformat()}
    month = week | {"since": (END - timedelta(days=DAYS)).date().isoformat()}
    return [
        Asked("report, 7 days", f"/report?{urlencode(week)}"),
        Asked("report, 30 days", f"/report?{urlencode(month)}"),
        Asked("report, 30 days of a number", f"/report?{urlencode(month | {'number': NUMBER})}"),
        Asked("report, billing of 7 days", f"/report/billing?{urlencode(week)}"),
        Asked("report, billing of 30 days", f"/report/billing?{urlencode(month)}"),
        Asked("report, CSV by day", f"/report/days.csv?{urlencode(week)}"),
    ]


def _text(at: object) -> str:
    return str(at)[:16].replace(" ", "T")
