"""A media id is a stranger's text: whatever it is, it stays one part of one path."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.media import InvalidMediaId, MediaAddress

OMNI = "https://wb.omni.example/whatsapp-cloud/media/download/{media_id}"

TRICKS = [
    "../../admin",
    "%2e%2e/%2e%2e/admin",
    "%2e%2e",
    "..%2f..",
    "a/../../b",
    "...",
    ".hidden",
    "?x=1",
    "1?x=1&y=2",
    "1#fragment",
    "//evil.example/x",
    "https://evil.example/",
    "\\\\evil.example\\x",
    "..\\..\\admin",
    "@evil.example",
    "user:password@evil.example",
    ":8080",
    ";jsessionid=1",
    "a b",
    "a+b",
    "日本語",
    "\u202egpj.exe",
    "٣",
    "%",
    "%00",
    "{media_id}",
    "media-id-mark",
]


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("template", [OMNI, "http://h:81/x/{media_id}/info?a=b", "https://h/get?id={media_id}&a=b"])
def test_a_media_id_cannot_leave_the_path(template: str, trick: str) -> None:
    asked = httpx.URL(MediaAddress(template).url(trick))
    plain = httpx.URL(MediaAddress(template).url("1234"))

    assert (asked.scheme, asked.netloc, asked.userinfo, asked.fragment) == (plain.scheme, plain.netloc, b"", "")
    assert asked.raw_path.count(b"/") == plain.raw_path.count(b"/")
    assert set(dict(asked.params)) == set(dict(plain.params))


@pytest.mark.parametrize("trick", TRICKS)
def test_a_strange_id_is_asked_for_exactly_as_it_is(trick: str) -> None:
    segment = httpx.URL(MediaAddress(OMNI).url(trick)).raw_path.split(b"/")[-1].decode()

    assert httpx.QueryParams("id=" + segment.replace("+", "%2B"))["id"] == trick


@given(st.text(max_size=600))
def test_any_text_is_asked_for_at_the_same_path_or_refused(text: str) -> None:
    try:
        url = MediaAddress(OMNI).url(text)
    except InvalidMediaId:
        return
    head, slash, tail = url.rpartition("/")
    assert (head, slash) == ("https://wb.omni.example/whatsapp-cloud/media/download", "/")
    assert tail.isascii()
    assert httpx.URL(url).raw_path.decode() == f"/whatsapp-cloud/media/download/{tail}"


@pytest.mark.parametrize(
    ("media_id", "reason"),
    [
        ("", "empty"),
        ("1" * 513, "513 characters"),
        (".", "change the path"),
        ("..", "change the path"),
        ("1\r\nHost: evil.example", "control character"),
        ("1\x00", "control character"),
        ("1\x7f", "control character"),
        ("1\x85", "control character"),
        ("\ud83d", "lone surrogate"),
    ],
)
def test_an_id_that_cannot_be_one_is_refused_with_the_reason(media_id: str, reason: str) -> None:
    with pytest.raises(InvalidMediaId, match=reason):
        MediaAddress(OMNI).url(media_id)


def test_an_id_of_512_characters_is_asked_for() -> None:
    assert MediaAddress(OMNI).url("1" * 512).endswith("/" + "1" * 512)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("https://h/media", "exactly once"),
        ("https://h/{media_id}/{media_id}", "exactly once"),
        ("https://h/{account}/{media_id}", "no other braces"),
        ("https://{media_id}/x", "in its path or query"),
        ("https://{media_id}.example/x", "in its path or query"),
        ("https://h/x#{media_id}", "without spaces, backslashes or #"),
        ("https://h/{media_id}/..", "in its path or query"),
        ("ftp://h/{media_id}", "http:// or https://"),
        ("//h/{media_id}", "http:// or https://"),
        ("h/{media_id}", "http:// or https://"),
        ("", "exactly once"),
        ("https:///{media_id}", "must name a host"),
        ("https://user:secret@h/{media_id}", "not contain a user name or password"),
        ("https://@h/{media_id}", "not contain a user name or password"),
        ("https://h\\@evil.example/{media_id}", "backslashes"),
        ("https://h/a b/{media_id}", "without spaces"),
        ("https://h/{media_id}\r\nX: y", "without spaces"),
        ("https://h:99999/{media_id}", "must name a host, and a port"),
        ("https://h:0/{media_id}", "must name a host, and a port"),
        ("https://h:port/{media_id}", "is not a valid URL"),
        ("https://h%2fx/{media_id}", "must name a host"),
    ],
)
def test_a_template_that_cannot_be_one_is_refused_in_one_sentence(template: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        MediaAddress(template)

    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_template_may_name_an_ipv6_address_a_port_and_a_key() -> None:
    assert MediaAddress("http://[::1]:8080/{media_id}?k=v").url("7") == "http://[::1]:8080/7?k=v"


def test_an_address_shows_its_host_and_no_key() -> None:
    assert repr(MediaAddress("https://h:81/x/{media_id}?apikey=secret")) == "<MediaAddress https://h:81>"
