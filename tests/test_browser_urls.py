"""URLs as browsers send them. Node's `new URL()`, which follows the same standard, judges the table."""

import json
import shutil
import subprocess
import time
from urllib.parse import urlsplit

import httpx
import pytest
import urllib3

from progimage import errors
from progimage.signing import check_signature, derive_signing_secret, sign_url
from progimage.wire.browser_urls import as_browsers_send
from tests.conftest import skip_or_fail

ORIGIN = "https://images.example"
KEY = f"pi_k3v9x2mq7d4a.{'s' * 43}"
SECRET = derive_signing_secret("s" * 43)

TABLE = {
    # What a caller writes: what every client sends.
    "/images/a.webp?w=300": "/images/a.webp?w=300",
    "/a b": "/a%20b",
    '/a"b': "/a%22b",
    "/a'b": "/a'b",
    "/a|b": "/a%7Cb",
    "/a[b]": "/a%5Bb%5D",
    "/a{b}": "/a%7Bb%7D",
    "/a<b>": "/a%3Cb%3E",
    "/a^b`c": "/a%5Eb%60c",
    "/a\\b": "/a/b",
    "/Hügel": "/H%C3%BCgel",
    "/u\u0308": "/u%CC%88",
    "/\U0001f600": "/%F0%9F%98%80",
    "/\ud800b": "/%EF%BF%BDb",
    "/a\x01b\x7f": "/a%01b%7F",
    "/a\tb\nc\r": "/abc",
    "/a~b!$&'()*+,;=:@-._c": "/a~b!$&'()*+,;=:@-._c",
    "/a%20b%2Fc": "/a%20b%2Fc",
    "/a%2fb": "/a%2Fb",
    "/100%": "/100%25",
    "/100%25": "/100%25",
    "/a%zz%4": "/a%25zz%254",
    "/a/./b/../c": "/a/c",
    "/a/%2E%2e/b": "/b",
    "/a/..": "/",
    "/a/b/.": "/a/b/",
    "/../..": "/",
    "/a//b": "/a//b",
    "/a..b/...": "/a..b/...",
    "": "/",
    "?w=3": "/?w=3",
    "/a?": "/a",
    "/a#part": "/a",
    "/a?q=b#part": "/a?q=b",
    "/a?download=a b.png": "/a?download=a%20b.png",
    "/a?download=a+b.png": "/a?download=a+b.png",
    "/a?q='\"": "/a?q=%27%22",
    "/a?q=<b>": "/a?q=%3Cb%3E",
    "/a?q=a|b[c]{d}^`": "/a?q=a%7Cb%5Bc%5D%7Bd%7D%5E%60",
    "/a?q=a\\b": "/a?q=a%5Cb",
    "/a?q=ü&ö=%C3%BC": "/a?q=%C3%BC&%C3%B6=%C3%BC",
    "/a?q=a%20b%27": "/a?q=a%20b%27",
    "/a?q=50%&r=%2": "/a?q=50%25&r=%252",
    "/a?q=../b/./c?d:e@f": "/a?q=../b/./c?d:e@f",
    "/a?transform=resize:width=9,fit=cover/blur:2": "/a?transform=resize:width=9,fit=cover/blur:2",
}


def sent(url: str) -> str:
    parts = as_browsers_send(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def signed(target: str) -> str:
    return sign_url(ORIGIN + target, api_key=KEY, expires_at=int(time.time()) + 600)


@pytest.mark.parametrize(("target", "expected"), TABLE.items(), ids=map(ascii, TABLE))
class TestTable:
    def test_as_browsers_send(self, target: str, expected: str) -> None:
        assert sent(ORIGIN + target) == expected

    def test_nothing_is_encoded_twice(self, target: str, expected: str) -> None:
        assert sent(ORIGIN + expected) == expected

    def test_the_signature_is_over_what_is_sent(self, target: str, expected: str) -> None:
        url = signed(target)
        assert url.startswith(ORIGIN + expected)
        assert httpx.URL(url).raw_path.decode() == url.removeprefix(ORIGIN)
        assert urllib3.util.parse_url(url).url == url, "as the library requests sends it"
        path, _, query = url.removeprefix(ORIGIN).partition("?")
        check_signature(SECRET, method="GET", path=path, query=query, now=time.time())


def test_spaces_around_a_url_are_cut_off() -> None:
    assert as_browsers_send(f" \n{ORIGIN}/a \x00").geturl() == f"{ORIGIN}/a"


def test_a_path_alone_is_encoded_too() -> None:
    assert sent("/images/a b?q=ü") == "/images/a%20b?q=%C3%BC"


def test_a_parameter_is_repeated_in_any_spelling() -> None:
    with pytest.raises(errors.ParameterError, match="repeated"):
        signed("/a?ü=1&%c3%bc=2")


def test_a_malformed_url_is_refused() -> None:
    with pytest.raises(errors.ParameterError, match="a URL"):
        sign_url("https://[::1/a", api_key=KEY, expires_at=1)


JUDGE = """
const sent = urls => urls.map(url => new URL(url).href.split("#")[0]);
console.log(JSON.stringify(sent(JSON.parse(require("fs").readFileSync(0, "utf8")))));
"""


def sent_by_node(urls: list[str]) -> list[str]:
    """Return the URLs as Node's `new URL()` writes them."""
    node = shutil.which("node")
    if not node:
        skip_or_fail("node is not installed: apt-get install nodejs")
    command = [node or "node", "-e", JUDGE]
    done = subprocess.run(
        command, input=json.dumps(urls), capture_output=True, text=True, timeout=60, check=True
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
class TestNode:
    def test_sends_exactly_what_was_signed(self) -> None:
        urls = [signed(target) for target in TABLE]
        assert sent_by_node(urls) == urls

    def test_means_the_same_without_a_signature(self) -> None:
        """Node encodes less than the table, and nothing otherwise."""
        urls = sent_by_node([ORIGIN + target for target in TABLE])
        assert [sent(url) for url in urls] == list(TABLE.values())
        assert [urlsplit(url).netloc for url in urls] == ["images.example"] * len(TABLE)
