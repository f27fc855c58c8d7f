"""The whole ingress as an application, on a Redis in memory."""

from collections.abc import Mapping
from typing import Any

from fakeredis import FakeAsyncRedis, FakeServer
from starlette.types import ASGIApp

from ingress.app import create_app
from ingress.spool import codec
from ingress.spool.segments import SUFFIX
from shared.settings import Settings
from shared.wire.receipt import Receipt, unpack
from tests.support.ingress.asgi import Answer, Headers, Messages, call, whole

LANES = ("intake", "intake.statuses", "intake.large")


class Application:
    """The application and what it put into its Redis. `settings` as in Settings, without a Redis address."""

    def __init__(self, **settings: Any) -> None:
        self.server = FakeServer()
        self.redis = FakeAsyncRedis(server=self.server)
        self.settings = Settings.load(redis_url="redis://unused", **settings)
        self.asgi: ASGIApp = create_app(self.settings, self.redis)

    async def post(self, body: bytes, path: str = "/webhooks", headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a body in one piece."""
        return await self.ask("POST", path, whole(body), headers)

    async def get(self, path: str) -> Answer:
        """The answer to a GET."""
        return await self.ask("GET", path, whole(b""))

    async def ask(
        self, method: str, path: str, messages: Messages, headers: Headers | None = None, **scope: Any
    ) -> Answer:
        """The answer, which there must be."""
        answer = await call(self.asgi, method, path, messages, headers, **scope)
        assert answer is not None
        return answer

    async def kept(self) -> list[tuple[str, Receipt]]:
        """Every receipt in Redis with its lane."""
        found: list[tuple[str, Receipt]] = []
        for lane in LANES:
            entries: Any = await self.redis.xrange(f"sluice:lane:{lane}")
            found += [(lane, unpack(fields[b"d"])) for _, fields in entries]
        return found

    def spooled(self) -> list[tuple[str, bytes]]:
        """Lane and body of every webhook in the spool, in order."""
        segments = sorted(self.settings.spool_dir.glob("*" + SUFFIX)) if self.settings.spool_dir.exists() else []
        found = [record for path in segments for record in codec.records(path.read_bytes())]
        return [(record.lane, unpack(record.receipt).body) for record in found]

    def block_spool(self) -> None:
        """From now on, and from the start, the spool cannot be written: there is a file where its folder would be."""
        self.settings.data_dir.write_text("")

    async def one(self) -> tuple[str, Receipt]:
        """The only receipt."""
        [found] = await self.kept()
        return found
