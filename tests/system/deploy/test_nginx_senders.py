"""The allow-list of networks behind `deploy/nginx.conf`: the real ingress believes nginx, and nginx no sender."""

import json
from pathlib import Path

import pytest

from tests.support.deploy.proxy import nginx
from tests.support.ingress.processes import ingress

_CLAIMS = [{}, {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "203.0.113.9"}]


@pytest.mark.parametrize(("allowed", "status"), [("127.0.0.0/8", 200), ("203.0.113.0/24", 403)])
def test_only_where_nginx_was_reached_from_counts(tmp_path: Path, redis_url: str, allowed: str, status: int) -> None:
    settings = {"redis_url": redis_url, "sender_networks": allowed, "trusted_proxies": "127.0.0.1"}
    proxies, ingresses = tmp_path / "nginx", tmp_path / "ingress"
    proxies.mkdir()
    ingresses.mkdir()
    with ingress(ingresses, **settings) as running, nginx(proxies, [running.port]) as proxy, proxy.client() as client:
        answers = [client.post("/webhooks", content=b"{}", headers=claims).status_code for claims in _CLAIMS]
        assert answers == [status] * len(_CLAIMS)
        assert client.get("/health/live").status_code == 200

    [line] = [json.loads(line) for line in running.program.output.splitlines() if "SENDER_NETWORKS" in line] or [None]
    assert (line is None) == (status == 200)
    assert line is None or (line["sender"], line["rejected"]) == ("127.0.0.0/24", 1)
