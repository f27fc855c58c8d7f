"""What a line of the log holds, and what it must not: phone numbers, forged lines, local variables."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.observability.logging import mask_phone_numbers
from tests.support.programs import clean_environment, python, run


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("919812345678", "9198\u2026678"),
        ("+919812345678", "9198\u2026678"),
        ("no customer 919812345678.", "no customer 9198\u2026678."),
        ("919812345678, 14155552671; (447911123456)", "9198\u2026678, 1415\u2026671; (4479\u2026456)"),
        ('{"from":"919812345678"}', '{"from":"9198\u2026678"}'),
        ("customer_919812345678:x", "customer_9198\u2026678:x"),
        ("m:text:919812345678", "m:text:9198\u2026678"),
        ("tel:+91 98123 45678", "tel:9198\u2026678"),
        ("+1 (415) 555-2671 called", "1415\u2026671 called"),
        ("9812345678", "9812\u2026678"),
        ("998901234567890", "9989\u2026890"),
        ("00919812345678", "0091\u2026678"),
    ],
)
def test_the_middle_of_a_phone_number_is_left_out(text: str, masked: str) -> None:
    assert mask_phone_numbers(text) == masked
    assert mask_phone_numbers(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wamid.HBgMOTE5ODEyMzQ1Njc4FQIAERgS",
        "wamid.HBgM919812345678FQ",
        "6f1c2a33-9d2e-4a6c-8b1e-0c9d8e7f6a5b",
        "1760000000",  # seconds since 1970
        "1760000000123",  # milliseconds
        "text.greet/1760000000123-0",  # a dead letter, as `sluice dead show` wants it
        "0.123456789012",
        "127.0.0.1:6379",
        "2026-05-01T12:00:00.123456Z",
        "error 131051 after 12345 ms",
        "123456789",
        "1234567890123456",
        "+1 2",
        "a - b (1) - 2",
    ],
)
def test_what_an_operator_looks_up_stays_readable(text: str) -> None:
    assert mask_phone_numbers(text) == text


@given(
    number=st.from_regex(r"[2-9][0-9]{9,14}", fullmatch=True),
    before=st.sampled_from(["", " ", "=", "'", ": ", "+", "(", "_", "\u00e9"]),
    after=st.sampled_from(["", ".", ",", "'", ")", " x", "\n", "_", "?"]),
)
def test_no_number_is_ever_whole(number: str, before: str, after: str) -> None:
    assert number not in mask_phone_numbers(before + number + after)


_SCRIPT = r"""
import logging
from shared.observability import logging as logs
logs.configure_logging()
log = logs.get_logger("shared.test")
phone = "919812345678"
log.info("for " + phone, customer=phone, number=919812345678, error=ValueError("no " + phone), parts=[phone, "x\ny"])
log.error("two\nlines", forged="x\r\n2026-01-01 [info] all is well", colour="\x1b[31mred", none=None, yes=True, n=7)
log.warning("placed %s", phone)
try:
    local = "a-secret-in-a-local-variable"
    raise ValueError("of +919812345678.\n\x1b[31mforged")
except ValueError:
    log.exception("it failed", at=1760000000.5)
logging.getLogger("foreign").warning("from %s\nelsewhere", phone)
logging.getLogger("httpx").info("one line per request")
logging.getLogger("uvicorn.access").info("GET /webhooks/token")
log.debug("nobody asked")
"""


_ABOUT = r"""
import asyncio
import logging
from shared.observability import logging as logs
logs.configure_logging()
log = logs.get_logger("shared.test")

async def elsewhere():
    log.info("in a loop")

with logs.log_context(lane="text.f", attempt=1):
    try:
        with logs.log_context(attempt=2, event_key="m:text:919812345678"):
            logging.getLogger("foreign").warning("inner")
            asyncio.run(elsewhere())
            log.info("own", attempt=3)
            raise ValueError
    except ValueError:
        log.info("outer")
log.info("outside")
"""


def _json(folder: Path, script: str = _SCRIPT, **settings: str) -> list[dict[str, Any]]:
    ended = run(python("-c", script), folder, **settings)
    assert (ended.returncode, ended.stdout) == (0, "")
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_where_no_terminal_is_each_line_is_json(tmp_path: Path) -> None:
    first, second, third, fourth, fifth = _json(tmp_path)
    for line in (first, second, third, fourth, fifth):
        assert line.pop("timestamp").endswith("Z")

    assert first == {
        "event": "for 9198\u2026678",
        "level": "info",
        "logger": "shared.test",
        "customer": "9198\u2026678",
        "number": "9198\u2026678",
        "error": "ValueError('no 9198\u2026678')",
        "parts": "['9198\u2026678', 'x\\ny']",
    }
    assert (second["event"], second["level"]) == ("two\\nlines", "error")
    assert second["forged"] == "x\\r\\n2026-01-01 [info] all is well"
    assert (second["none"], second["yes"], second["n"]) == (None, True, 7)
    assert third["event"] == "placed 9198\u2026678"
    assert (fourth["event"], fourth["at"]) == ("it failed", 1760000000.5)
    assert fourth["exception"].startswith("Traceback (most recent call last):\n")
    assert fourth["exception"].endswith("ValueError: of 9198\u2026678.\n\\x1b[31mforged")
    assert (fifth["event"], fifth["logger"]) == ("from 9198\u2026678\\nelsewhere", "foreign")


def test_what_lines_are_about_is_on_each_of_them_and_ends_with_its_block(tmp_path: Path) -> None:
    names = ("event", "lane", "attempt", "event_key")
    assert [tuple(line.get(name) for name in names) for line in _json(tmp_path, _ABOUT)] == [
        ("inner", "text.f", 2, "m:text:9198\u2026678"),
        ("in a loop", "text.f", 2, "m:text:9198\u2026678"),
        ("own", "text.f", 3, "m:text:9198\u2026678"),
        ("outer", "text.f", 1, None),
        ("outside", None, None, None),
    ]


def _assert_for_people(text: str) -> None:
    assert "919812345678" not in text
    assert "9198\u2026678" in text
    assert "a-secret-in-a-local-variable" not in text
    assert "\x1b[31mred" not in text
    assert "\x1b[31mforged" not in text
    lines = text.splitlines()
    assert not any(line.startswith("2026-01-01") for line in lines)
    assert len(lines) == 5 + 4  # five records, one with a traceback: its head, a place, the error in two lines
    assert "Traceback (most recent call last):" in text


@pytest.mark.parametrize("settings", [{"FORCE_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_where_a_terminal_is_said_to_be_lines_are_for_people(tmp_path: Path, settings: dict[str, str]) -> None:
    _assert_for_people(run(python("-c", _SCRIPT), tmp_path, **settings).stderr)


def test_on_a_terminal_lines_are_for_people(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(python("-c", _SCRIPT), cwd=tmp_path, env=clean_environment(), stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while piece := _read(ours):
            seen += piece
        assert process.wait(20) == 0
    os.close(ours)
    _assert_for_people(seen.decode().replace("\r\n", "\n"))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""
