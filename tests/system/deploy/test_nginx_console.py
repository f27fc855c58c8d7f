"""`deploy/nginx-console.conf`: the real console behind nginx, beside the webhooks' server."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.console.browsing import PASSWORD
from tests.support.console.fixtures import entry
from tests.support.deploy.proxy import Ingress, Proxy, Site, nginx
from tests.support.programs import free_port
from tests.system.workers.console.test_process import console, looks
from workers.lanes import Lanes, LaneSpec

NAME = "console.example.com"
NUMBER = "919800000001"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "nginx", tmp_path / "console"
    for folder in made:
        folder.mkdir()
    return made


@contextmanager
def behind_nginx(folders: tuple[Path, Path], redis_url: str, password: str = PASSWORD) -> Iterator[Proxy]:
    """The console, as the file's head says it is to be set."""
    settings = {"SLUICE_CONSOLE_PASSWORD": password, "SLUICE_TRUSTED_PROXIES": "127.0.0.1,::1"}
    with console(folders[1], redis_url, **settings) as (url, _):
        site = Site(int(url.rpartition(":")[2]))
        with nginx(folders[0], [free_port()], console=site) as proxy:
            yield proxy


@contextmanager
def browser(proxy: Proxy) -> Iterator[httpx.Client]:
    with proxy.client() as client:
        client.headers["host"] = f"{NAME}:{proxy.port}"
        yield client


def sign_in(client: httpx.Client, password: str = PASSWORD) -> httpx.Response:
    """As a browser does, which says where the form came from."""
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/sign-in").text)
    assert token is not None
    form = {"csrf": token[1], "password": password}
    return client.post("/sign-in", data=form, headers={"Origin": f"https://{client.headers['host']}"})


def test_a_person_signs_in_and_sees_the_figures_move(lanes: Lanes, redis_url: str, folders: tuple[Path, Path]) -> None:
    lanes.register([LaneSpec("text.greet", "messages", 10, 60_000)])
    with behind_nginx(folders, redis_url) as proxy, browser(proxy) as client:
        answer = sign_in(client)
        assert answer.status_code == 303
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        with client.stream("GET", "/live/lanes-all") as stream:
            parts = looks(stream.iter_lines())
            assert any('data-label="Waiting">0<' in part for part in parts)
            lanes.push("text.greet", [entry()] * 7)
            assert any('data-label="Waiting">7<' in part for _, part in zip(range(6), parts, strict=False))


def test_who_signs_in_is_known_by_the_own_address_whatever_is_claimed(
    redis_url: str, folders: tuple[Path, Path]
) -> None:
    with behind_nginx(folders, redis_url) as proxy, browser(proxy) as visitor:
        for number in range(5):  # each from elsewhere, if it were believed
            visitor.headers["x-forwarded-for"] = f"203.0.113.{number}"
            assert sign_in(visitor, "wrong").status_code == 403
        visitor.headers["x-forwarded-for"] = "203.0.113.200"
        assert sign_in(visitor).status_code == 429


def test_without_a_password_nobody_is_let_in_through_nginx(redis_url: str, folders: tuple[Path, Path]) -> None:
    with behind_nginx(folders, redis_url, password="") as proxy, browser(proxy) as client:
        assert client.get("/").status_code == 403
        assert "SLUICE_CONSOLE_PASSWORD" in client.get("/").text


def test_only_named_networks_reach_it_and_the_metrics_nobody(tmp_path: Path) -> None:
    for allowed, page in (("127.0.0.0/8", 200), ("203.0.113.0/24", 403)):
        folder = tmp_path / allowed.replace("/", "-")
        folder.mkdir()
        with Ingress().listening() as behind, nginx(folder, [free_port()], console=Site(behind.port, allowed)) as proxy:
            with browser(proxy) as client:
                assert client.get("/lanes").status_code == page
                assert client.get("/metrics").status_code in {403, 404}
            assert [came["path"] for came in behind.seen] == ["/lanes"] * (page == 200)


def test_the_log_names_pages_and_no_customer(redis_url: str, folders: tuple[Path, Path]) -> None:
    with behind_nginx(folders, redis_url) as proxy, browser(proxy) as client:
        sign_in(client)
        client.get(f"/events?customer={NUMBER}", headers={"Referer": f"https://{NAME}/events?customer={NUMBER}"})

    lines = [json.loads(line) for line in (folders[0] / "console.log").read_text().splitlines()]
    assert [line["path"] for line in lines] == ["/sign-in", "/sign-in", "/events"]
    for file in folders[0].rglob("*"):
        assert not file.is_file() or NUMBER.encode() not in file.read_bytes(), f"{file.name} holds the number"


def test_any_other_name_is_the_webhooks(tmp_path: Path) -> None:
    with (
        Ingress().listening() as ingress,
        nginx(tmp_path, [ingress.port], console=Site(free_port())) as proxy,
        proxy.client() as client,
    ):
        assert client.post("/webhooks", content=b"{}").status_code == 200
        assert client.get("/lanes").status_code == 404
