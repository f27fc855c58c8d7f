"""What a stranger writes, from the signed POST to the row, the log and the command line: it stays what it is, text."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, inspect

from tests.support.programs import program, run
from tests.support.stack import Stack, stack
from tests.support.waiting import until
from tests.system.rows import rows, wait_for_row

_KEY, _TOKEN = "the-app-secret", "the-token"
_SECONDS = 30.0
_CUSTOMER = "919800000001"
_HOSTILE = {
    "sql": "'; DROP TABLE messages; -- \" OR 1=1; \\'; %s :name {0} ?",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;",
    "terminal": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \rback\n2026-01-01 [info] forged",
    "markup": "[bold red]x[/] [/nothing] {{7*7}} ${7*7} %n",
    "characters": "\u202egpj.exe \u2028 \ufeff \U0001f600",
}


@pytest.fixture(scope="module")
def sluice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("hostile")
    settings = {
        "SLUICE_HMAC_SECRET": _KEY,
        "SLUICE_WEBHOOK_TOKEN": _TOKEN,
        "SLUICE_MAX_BODY_BYTES": str(16 * 1024 * 1024),
    }
    with stack(folder, **settings) as running:
        yield running


def _post(sluice: Stack, body: bytes, signature: str = "") -> httpx.Response:
    stated = signature or "sha256=" + hmac.new(_KEY.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Webhook-Token": _TOKEN, "X-Hub-Signature-256": stated}
    return httpx.post(f"{sluice.url}/webhooks", content=body, headers=headers, timeout=30, trust_env=False)


def _text(wamid: str, text: str, name: str = "Ann", customer: str = _CUSTOMER, **more: Any) -> bytes:
    message = {"from": customer, "id": wamid, "timestamp": "1760000000", "type": "text", "text": {"body": text}}
    contact = {"wa_id": customer, "profile": {"name": name}}
    return json.dumps({"messages": {**message, **more}, "contacts": [contact]}).encode()


@pytest.mark.parametrize("kind", _HOSTILE)
def test_it_is_kept_as_it_was_written(sluice: Stack, kind: str) -> None:
    hostile = _HOSTILE[kind]
    wamid, customer = f"wamid.{kind}", f"91980000001{list(_HOSTILE).index(kind)}"
    webhook = _text(wamid, hostile, name=hostile, customer=customer, extra={hostile: hostile})
    assert _post(sluice, webhook).status_code == 200

    assert wait_for_row(sluice, "messages", _SECONDS, wamid=wamid)["text"] == hostile
    payload = json.loads(wait_for_row(sluice, "events", _SECONDS, wamid=wamid)["payload"])
    assert payload["extra"] == {hostile: hostile}
    assert wait_for_row(sluice, "customers", _SECONDS, id=customer)["name"] == hostile


def test_as_an_id_it_harms_nothing_either(sluice: Stack) -> None:
    for hostile in _HOSTILE.values():
        body = json.dumps({"messages": {"from": hostile, "id": hostile, "type": hostile, hostile: {"id": hostile}}})
        status = json.dumps({"statuses": [{"id": hostile, "status": hostile, "recipient_id": hostile}]})
        media = json.dumps(
            {"messages": {"from": "1", "id": f"wamid.m{hostile}", "type": "image", "image": {"id": hostile}}}
        )
        assert [_post(sluice, each.encode()).status_code for each in (body, status, media)] == [200] * 3
        until(lambda: rows(sluice, "events", wamid=hostile, kind="message"), within=_SECONDS)  # noqa: B023
        until(lambda: rows(sluice, "events", wamid=hostile, kind="status"), within=_SECONDS)  # noqa: B023
        until(lambda: rows(sluice, "media", id=hostile), within=_SECONDS)  # noqa: B023


def test_what_no_database_holds_is_replaced_and_kept_in_the_payload(sluice: Stack) -> None:
    assert _post(sluice, _text("wamid.nul", "a\0b\ud83dc")).status_code == 200

    assert wait_for_row(sluice, "messages", _SECONDS, wamid="wamid.nul")["text"] == "a\ufffdb\ufffdc"
    assert json.loads(wait_for_row(sluice, "events", _SECONDS, wamid="wamid.nul")["payload"])["text"] == {
        "body": "a\0b\ud83dc"
    }


def test_ten_megabytes_of_text_are_a_text(sluice: Stack) -> None:
    text = "'; DROP TABLE messages; -- " * 390_000
    assert len(text) > 10_000_000
    assert _post(sluice, _text("wamid.long", text)).status_code == 200
    assert wait_for_row(sluice, "messages", _SECONDS, wamid="wamid.long")["text"] == text


def test_a_signed_webhook_that_is_sent_again_is_a_repetition(sluice: Stack) -> None:
    body = _text("wamid.again", "pay 100")
    answers = [_post(sluice, body) for _ in range(5)]
    assert _post(sluice, _text("wamid.after", "later")).status_code == 200

    assert [answer.status_code for answer in answers] == [200] * 5
    wait_for_row(sluice, "events", _SECONDS, wamid="wamid.after")
    until(lambda: not sluice.sluice("status")["totals"]["waiting"], within=_SECONDS)
    assert len(rows(sluice, "events", wamid="wamid.again")) == 1
    assert len(rows(sluice, "messages", wamid="wamid.again")) == 1
    counts = {lane["lane"]: lane["counts"] for lane in sluice.sluice("status")["lanes"]}
    assert sum(count.get("duplicates", 0) for count in counts.values()) == 4


def test_a_signature_is_good_for_its_own_body_only(sluice: Stack) -> None:
    body = _text("wamid.signed", "pay 100")
    signature = _post(sluice, body).request.headers["x-hub-signature-256"]

    assert _post(sluice, _text("wamid.signed2", "pay 999"), signature).status_code == 401
    assert _post(sluice, body + b" ", signature).status_code == 401


def test_after_all_this_the_tables_are_there_and_the_log_is_plain(sluice: Stack) -> None:
    engine = create_engine(sluice.database)
    tables = set(inspect(engine).get_table_names())
    engine.dispose()
    assert {"events", "messages", "deliveries", "media", "customers"} <= tables

    log = sluice.log.read_text()
    assert re.search(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]|\x1b\]", log) is None
    assert not any(line.startswith("2026-01-01") for line in log.splitlines())
    assert [word for word in (_KEY, _TOKEN, _CUSTOMER, "DROP TABLE", "<script>") if word in log] == []
    shown = run([program("sluice"), "status", "--all"], Path(sluice.folder), **_settings(sluice)).stdout
    assert "store" in shown
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown) is None


def _settings(sluice: Stack) -> dict[str, str]:
    return {name: value for name, value in sluice.environment.items() if name.startswith("SLUICE_")}
