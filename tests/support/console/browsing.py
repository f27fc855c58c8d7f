"""A minimal browser: keeps cookies, and sends the CSRF token of the last page with each form."""

import asyncio
import re
from collections.abc import Iterable
from html import unescape
from typing import Any

import httpx
from starlette.types import ASGIApp

HOST = "http://127.0.0.1:8001"
PASSWORD = "correct horse"
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_TAG = re.compile(r"<[^>]+>")


class Visitor:
    """One browser at one address. It doesn't follow redirects."""

    def __init__(self, app: ASGIApp, address: str = "127.0.0.1", **headers: str) -> None:
        self._loop = asyncio.new_event_loop()
        transport = httpx.ASGITransport(app, client=(address, 50_000), raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers)
        self.csrf_token = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Request a page."""
        return self._noted(self._loop.run_until_complete(self.http.get(path, headers=headers)))

    def post(self, path: str, fields: Any = None, **headers: str) -> httpx.Response:
        """Submit a form without a token."""
        return self._noted(self._loop.run_until_complete(self.http.post(path, data=fields, headers=headers)))

    def submit(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Submit a form with the token of the last page."""
        return self.post(path, {"csrf": self.csrf_token} | (fields or {}), **headers)

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Request the page that a response redirects to."""
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])

    def sign_in(self, password: str = PASSWORD, target: str = "/") -> httpx.Response:
        """Sign in with the password."""
        self.get("/sign-in")
        return self.submit("/sign-in", {"password": password, "next": target})

    def close(self) -> None:
        """Close the browser."""
        self._loop.run_until_complete(self.http.aclose())
        self._loop.close()

    def _noted(self, answer: httpx.Response) -> httpx.Response:
        if found := _TOKEN.search(answer.text):
            self.csrf_token = found[1]
        return answer


def words(answer: httpx.Response) -> str:
    """Return the visible text of a page."""
    return " ".join(unescape(_TAG.sub(" ", answer.text)).replace("\u202f", " ").split())


def links(answer: httpx.Response, beginning: str) -> list[str]:
    """Return the links of a page that start with a prefix."""
    found: Iterable[str] = re.findall(r'href="([^"]+)"', answer.text)
    return [unescape(link) for link in found if unescape(link).startswith(beginning)]
