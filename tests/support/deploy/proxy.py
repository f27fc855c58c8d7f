"""Debian's nginx with `deploy/nginx.conf`, and a server behind it that notes what arrives."""

import http.client
import json
import os
import pwd
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.deploy.programs import DEPLOY, program, render, running
from tests.support.programs import free_port
from tests.support.waiting import until

_METHODS = ["GET", "POST", "PUT", "DELETE"]


@dataclass
class Ingress:
    """Stands for the ingress: takes every path, notes what came, answers with it (or with `refusal`)."""

    refusal: Response | None = None
    port: int = 0
    seen: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator["Ingress"]:
        """Serves in a thread."""
        app = Starlette(routes=[Route("/{path:path}", self._note, methods=_METHODS)])
        config = uvicorn.Config(app, ws="none", loop="asyncio", lifespan="off", log_config=None, proxy_headers=False)
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                until(lambda: server.started)
                yield self
            finally:
                server.should_exit = True
                thread.join(10)

    async def _note(self, request: Request) -> Response:
        body = await request.body()
        came = {"method": request.method, "path": request.url.path, "size": len(body), "headers": dict(request.headers)}
        self.seen.append(came)
        return self.refusal or JSONResponse(came)


@dataclass
class Site:
    """What `deploy/nginx-console.conf` is to stand before, and who may use it."""

    port: int
    allowed: str = "127.0.0.1"


@dataclass
class Proxy:
    """A running nginx."""

    folder: Path
    port: int
    tls: ssl.SSLContext  # trusts its certificate

    def client(self) -> httpx.Client:
        """For requests as any sender makes them."""
        return httpx.Client(base_url=f"https://127.0.0.1:{self.port}", verify=self.tls, trust_env=False, timeout=10)

    def connect(self) -> ssl.SSLSocket:
        """A bare connection."""
        bare = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return self.tls.wrap_socket(bare, server_hostname="127.0.0.1")

    def get(self, target: str) -> tuple[int, Any]:
        """Status and JSON of a GET whose target is sent verbatim."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=10)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def log(self) -> list[dict[str, Any]]:
        """The access log's lines so far."""
        return [json.loads(line) for line in (self.folder / "access.log").read_text().splitlines()]

    def count(self, status: int) -> int:
        """How many of the access log's lines have that status."""
        return [line["status"] for line in self.log()].count(status)


@contextmanager
def nginx(
    folder: Path, upstreams: Sequence[int], changes: Mapping[str, str] | None = None, console: Site | None = None
) -> Iterator[Proxy]:
    """nginx in front of these ports. `changes`: further texts of the configuration to be replaced."""
    binary = program("nginx", "nginx")
    port = free_port()
    _make_certificate(folder)
    if console:
        _write_site(folder, port, console)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    servers = "\n".join(f"server 127.0.0.1:{upstream} max_fails=3 fail_timeout=2s;" for upstream in upstreams)
    text = render(
        DEPLOY / "nginx.conf",
        {
            "user www-data;": f"user {pwd.getpwuid(os.getuid()).pw_name};",
            "worker_processes auto;": "worker_processes 1;",
            "worker_rlimit_nofile 65536;": "",
            "worker_connections 16384;": "worker_connections 256;",
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/var/log/nginx/error.log": f"{folder}/error.log",
            "/var/log/nginx/access.log": f"{folder}/access.log",
            " sluice buffer=64k flush=1s;": " sluice;",
            "/etc/sluice/tls/fullchain.pem": f"{folder}/fullchain.pem",
            "/etc/sluice/tls/privkey.pem": f"{folder}/privkey.pem",
            "http {\n": "http {\n" + temporary,
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "listen [::]:443 ssl http2 default_server;": "",
            "/etc/nginx/sluice/": f"{folder}/sites/",
            "server 127.0.0.1:8000 max_fails=3 fail_timeout=2s;": servers,
            **(changes or {}),
        },
    )
    (folder / "nginx.conf").write_text(text)
    trusted = ssl.create_default_context(cafile=folder / "fullchain.pem")
    command: list[str | Path] = [binary, "-c", folder / "nginx.conf", "-p", folder, "-g", "daemon off;"]
    with running(command, folder / "output.log", port):
        yield Proxy(folder, port, trusted)


def _write_site(folder: Path, port: int, console: Site) -> None:
    (folder / "sites").mkdir()
    places = {
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "listen [::]:443 ssl http2;": "",
        "/etc/sluice/tls/console/fullchain.pem": f"{folder}/fullchain.pem",
        "/etc/sluice/tls/console/privkey.pem": f"{folder}/privkey.pem",
        "/var/log/nginx/console.log": f"{folder}/console.log",
        "allow 127.0.0.1;": f"allow {console.allowed};",
    }
    text = render(DEPLOY / "nginx-console.conf", places).replace("127.0.0.1:8001", f"127.0.0.1:{console.port}")
    (folder / "sites" / "console.conf").write_text(text)


def _make_certificate(folder: Path) -> None:
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "privkey.pem"]
    command = [program("openssl", "openssl"), "req", "-x509", "-days", "1", *key, "-out", "fullchain.pem", *names]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
