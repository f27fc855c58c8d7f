"""What is taken for JSON, what is not, and that what is kept is what came: byte for byte."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ingress.application import Application
from workers.devtools import samples

_DEEPEST = 200

_ACCEPTED = {
    "an object": b'{"a": 1}',
    "white space around": b' \r\n\t{ "a" :\n1 } \n',
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "half an emoji, escaped": b'{"name": "\\ud83d"}',
    "half an emoji, as bytes": b'{"name": "\xed\xa0\xbd"}',
    "an integer of 30 digits": b'{"n": 123456789012345678901234567890}',
    "an integer of 5,000 digits": b'{"n": ' + b"7" * 5000 + b"}",
    "a number beyond any double": b'{"n": [1e999, -1e999]}',
    "the same name twice": b'{"a": 1, "a": 2}',
    "null": b"null",
    "true": b"true",
    "a number": b"-1.5e3",
    "a long integer alone": b"123456789012345678901234567890",
    "a text": b'"text"',
    "an empty text": b'""',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "nulls everywhere": b'{"messages": null, "statuses": [null], "contacts": {"profile": null}, "entry": null}',
    "NUL, escaped": b'{"a": "\\u0000"}',
    "the deepest": b"[" * _DEEPEST + b"]" * _DEEPEST,
    "escapes that need not be": b'{"\\u0061": "\\/"}',
}
_REFUSED = {
    "nothing": (b"", "Input is a zero-length, empty document: line 1 column 1 (char 0)"),
    "white space": (b" \n", None),
    "a byte order mark alone": (b"\xef\xbb\xbf", None),
    "NaN": (b'{"a": NaN}', ": line 1 column 7 (char 6)"),
    "Infinity": (b"[Infinity]", None),
    "-Infinity": (b"[-Infinity]", None),
    "a truncated object": (b'{"a": {"b": 1}', None),
    "a truncated text": (b'{"a": "b', None),
    "a trailing comma": (b'{"a": 1,}', None),
    "something behind it": (b'{"a": 1} x', None),
    "two documents": (b"{}{}", None),
    "a form": (b"a=1&b=2", None),
    "single quotes": (b"{'a': 1}", None),
    "a comment": (b"{} // ok", None),
    "a leading zero": (b"[01]", None),
    "a raw control character": (b'"a\nb"', None),
    "no UTF-8": (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not UTF-8 at byte 0"),
    "a byte order mark twice": (b"\xef\xbb\xbf\xef\xbb\xbf{}", None),
    "one level too deep": (b"[" * (_DEEPEST + 1) + b"]" * (_DEEPEST + 1), "nested too deeply, more than 200 levels"),
    "objects one level too deep": (b'{"a":' * 201 + b"1" + b"}" * 201, "nested too deeply, more than 200 levels"),
    "a hundred thousand brackets": (b"[" * 100_000, "nested too deeply"),
    "a million brackets": (b"[" * 1_000_000, "more than 250000 values"),
    "a million empty lists": (b"[" + b"[]," * 1_000_000 + b"1]", "more than 250000 values"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("body", _ACCEPTED.values(), ids=_ACCEPTED)
async def test_valid_json_is_taken_and_kept_as_it_came(body: bytes) -> None:
    ingress = Application()

    assert (await ingress.post(body)).status == 200
    _, receipt = await ingress.one()
    assert receipt.body == body


@pytest.mark.anyio
@pytest.mark.parametrize(("body", "reason"), _REFUSED.values(), ids=_REFUSED)
async def test_anything_else_is_refused_with_the_reason(body: bytes, reason: str | None) -> None:
    ingress = Application()
    answer = await ingress.post(body)

    assert answer.status == 400
    code, message = answer.error
    assert code == "not_json"
    assert message.startswith("the body is not valid JSON: ")
    assert message.endswith(reason or "")
    assert len(message) > len("the body is not valid JSON: ")
    assert await ingress.kept() == []


@pytest.mark.anyio
async def test_three_mebibytes_of_text_are_taken() -> None:
    ingress = Application()
    body = json.dumps(
        {"messages": {"text": {"body": "\u00e9" * (3 * 1024 * 1024 // 2 - 40)}}}, ensure_ascii=False
    ).encode()

    assert 3 * 1024 * 1024 - 100 < len(body) <= 3 * 1024 * 1024
    assert (await ingress.post(body)).status == 200
    lane, receipt = await ingress.one()
    assert lane == "intake.large"
    assert receipt.body == body


@pytest.mark.anyio
async def test_every_sample_is_taken_and_kept_as_it_came() -> None:
    ingress = Application()
    for name in samples.names():
        assert (await ingress.post(samples.load(name))).status == 200

    assert sorted(receipt.body for _, receipt in await ingress.kept()) == sorted(map(samples.load, samples.names()))


@pytest.mark.anyio
async def test_the_receipt_tells_when_it_came() -> None:
    ingress = Application()
    before = time.time_ns() // 1_000_000
    await ingress.post(b"{}")

    _, receipt = await ingress.one()
    assert before <= receipt.received_ms <= time.time_ns() // 1_000_000


@pytest.mark.anyio
@given(
    body=st.binary(max_size=60) | st.text(alphabet='[]{}",:0123456789.eE+-truefalsn \\u', max_size=40).map(str.encode)
)
async def test_any_bytes_are_answered_200_or_400_and_never_lead_to_a_fault(body: bytes) -> None:
    ingress = Application()
    answer = await ingress.post(body)

    assert answer.status in {200, 400}
    assert len(await ingress.kept()) == (answer.status == 200)
