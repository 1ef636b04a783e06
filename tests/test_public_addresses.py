"""Addresses that may be fetched from, and those that are refused."""

import csv
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from images.remote import public_addresses
from images.remote.public_addresses import is_allowed, parse_target
from progimage.errors import UrlNotAllowed
from tests.support.corpus import CORPUS
from tests.support.fetching import (
    REFUSED,
    refusal,
)
from tests.support.remote_servers import (
    find_literal,
)

CHARACTERS = "Expected a URL without spaces, backslashes and control characters"
MALFORMED = "Expected a well-formed URL such as https://example.org/a.png, without a user or a password"
SCHEME = "Expected a URL with the scheme http or https but received "
PORT = "Expected port 80 or 443 in the URL but received "
REFUSED_TEXTS = {
    "short loopback": ("http://127.1/", MALFORMED),
    "decimal": ("http://2130706433/", MALFORMED),
    "hexadecimal": ("http://0x7f000001/", MALFORMED),
    "octal": ("http://017700000001/", MALFORMED),
    "mixed": ("http://127.0.0.0x1/", MALFORMED),
    "zero": ("http://0/", MALFORMED),
    "a trailing dot": ("http://localhost./", MALFORMED),
    "a zone": ("http://[fe80::1%25lo]/", MALFORMED),
    "more than an address in brackets": ("http://[2606:4700::1111]x/", MALFORMED),
    "a user": ("http://127.0.0.1@example.com/", MALFORMED),
    "a user and a port": ("http://example.com:80@127.0.0.1:8000/", MALFORMED),
    "a backslash": ("http://example.com\\@127.0.0.1/", CHARACTERS),
    "a backslash in the path": ("http://example.com/\\a", CHARACTERS),
    "an encoded NUL": ("http://127.0.0.1%00.example.com/", MALFORMED),
    "a tab": ("http://exam\tple.com/", CHARACTERS),
    "a line break": ("http://example.com/\r\nX: y", CHARACTERS),
    "a space": ("http://example.com /", CHARACTERS),
    "no-break space": ("http://example.com\xa0/", CHARACTERS),
    "no name in IDNA": ("http://-ü-.example/", MALFORMED),
    "an empty label": ("http://example..com/", MALFORMED),
    "a label of 64": (f"http://{'a' * 64}.example/", MALFORMED),
    "a name of 254": (f"http://{'a.' * 126}aa/", MALFORMED),
    "file": ("file:///etc/passwd", f"{SCHEME}the scheme 'file'"),
    "FILE": ("FILE:///etc/passwd", f"{SCHEME}the scheme 'file'"),
    "gopher": ("gopher://127.0.0.1:6379/_FLUSHALL", f"{SCHEME}the scheme 'gopher'"),
    "data": ("data:image/png;base64,AAAA", f"{SCHEME}the scheme 'data'"),
    "no scheme": ("//127.0.0.1/", f"{SCHEME}none"),
    "a path": ("photos/a.png", f"{SCHEME}none"),
    "no slashes": ("http:127.0.0.1/", MALFORMED),
    "no host": ("http:///etc/passwd", MALFORMED),
    "nothing": ("", f"{SCHEME}none"),
    "port 22": ("http://example.com:22/", f"{PORT}22"),
    "port 0": ("http://example.com:0/", f"{PORT}0"),
    "port 99999": ("http://example.com:99999/", f"{PORT}99999"),
    "no number for a port": ("http://example.com:80a/", MALFORMED),
    "Arabic digits for a port": ("http://example.com:٨٠/", MALFORMED),
    "2,049 characters": (
        f"http://example.com/{'a' * 2_030}",
        "Expected a URL of at most 2048 characters but received 2049",
    ),
    "a broken bracket": ("http://[::1/", MALFORMED),
    "a lone surrogate": ("http://example.com/\udcff", CHARACTERS),
    "a port of another service": ("http://127.0.0.1:8000/a.png", f"{PORT}8000"),
}
"""What is refused as it stands there, wherever it may lead. The answer says what is wrong with the text."""
REFUSED_PLACES = {
    "loopback": "http://127.0.0.1/",
    "loopback and another port": "http://127.0.0.1:443/a.png",
    "IPv6 loopback": "http://[::1]/",
    "mapped": "http://[::ffff:7f00:1]/",
    "compatible": "http://[::127.0.0.1]/",
    "NAT64 of metadata": "http://[64:ff9b::a9fe:a9fe]/",
    "NAT64 of local use": "http://[64:ff9b:1::a00:1]/",
    "6to4": "http://[2002:a9fe:a9fe::]/",
    "Teredo": "http://[2001:0:0:0:0:0:5601:5601]/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "Azure's metadata": "http://168.63.129.16/",
    "private": "http://192.168.0.1/",
    "Unicode digits": "http://①②⑦.⓪.⓪.①/",
    "ideographic dots": "http://127。0。0。1/",
}
CANARY_PORTS = (22, 25, 80, 443, 5432, 6379, 8000)


class Canaries:
    """Listens on loopback wherever the payloads point, as far as this user may and nobody else does."""

    def __init__(self, stack: ExitStack) -> None:
        self.listeners: list[socket.socket] = []
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            for port in CANARY_PORTS:
                with suppress(OSError):
                    listener = socket.create_server((host, port), family=family)
                    self.listeners.append(stack.enter_context(listener))

    def heard(self) -> bool:
        return bool(select.select(self.listeners, [], [], 0)[0])


@pytest.fixture(scope="module")
def canaries() -> Iterator[Canaries]:
    with ExitStack() as stack:
        yield Canaries(stack)


class TestWhatIsRefused:
    """SSRF-1: one and the same answer for every host, whatever is behind it, and not one connection."""

    @pytest.fixture(autouse=True)
    def _loopback_is_somebody_else(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://images.example", ["images.example"]
        monkeypatch.setattr(public_addresses, "look_up", find_literal)

    @pytest.mark.parametrize(("url", "message"), REFUSED_TEXTS.values(), ids=REFUSED_TEXTS)
    def test_urls(self, url: str, message: str, canaries: Canaries) -> None:
        assert refusal(url) == (400, "url_not_allowed", message, "/url")
        assert not canaries.heard()
        with pytest.raises(UrlNotAllowed):
            parse_target(url)

    @pytest.mark.parametrize("url", REFUSED_PLACES.values(), ids=REFUSED_PLACES)
    def test_addresses_in_urls(self, url: str, canaries: Canaries) -> None:
        assert refusal(url) == REFUSED
        assert not canaries.heard()
        assert not is_allowed(ip_address(parse_target(url).host))

    @pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus")
    def test_urls_of_the_corpus(self, canaries: Canaries) -> None:
        with (Path(CORPUS) / "_payloads/ssrf_urls.csv").open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["needs"] == "static"]
        refusals = {row["id"]: refusal(row["url"]) for row in rows}
        assert {(status, code, pointer) for status, code, _, pointer in refusals.values()} == {
            (400, "url_not_allowed", "/url")
        }
        assert len(rows) > 50
        assert not canaries.heard()

    @pytest.mark.parametrize(
        "found",
        [[], ["127.0.0.1"], ["::1"], ["93.184.215.14", "10.0.0.1"], ["10.0.0.1", "2606:4700::1111"]],
        ids=["none", "A", "AAAA", "SSRF-2: mixed", "mixed families"],
    )
    def test_names_by_every_address(
        self, found: list[str], canaries: Canaries, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(public_addresses, "look_up", lambda _: [ip_address(text) for text in found])
        assert refusal("http://images.test/") == REFUSED
        assert not canaries.heard()

    @pytest.mark.parametrize("host", ["localhost", "no-such-name.invalid"])
    def test_names_by_the_real_resolver(self, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        assert refusal(f"http://{host}/") == REFUSED

    @pytest.mark.parametrize(
        ("allowed_hosts", "host", "is_own"),
        [
            (["shop.example"], "images.example", True),
            (["shop.example"], "SHOP.example", True),
            ([".shop.example"], "any.shop.example", True),
            (["[2606:4700::1111]"], "[2606:4700:0::1111]", True),
            (["*"], "other.example", False),
            (["shop.example"], "other.example", False),
        ],
    )
    def test_this_service_itself(
        self, settings: Any, allowed_hosts: list[str], host: str, is_own: bool
    ) -> None:
        """SSRF-8."""
        settings.ALLOWED_HOSTS = allowed_hosts
        with pytest.raises(UrlNotAllowed) if is_own else nullcontext():
            parse_target(f"http://{host}/images/1.png")


@pytest.mark.parametrize(
    ("url", "sent", "authority"),
    [
        ("HTTP://Images.EXAMPLE", "http://images.example/", "images.example"),
        ("https://images.example:443/a?b=c&d#e", "https://images.example/a?b=c&d", "images.example"),
        ("http://images.example:443/", "http://images.example:443/", "images.example:443"),
        ("http://images.example:/", "http://images.example/", "images.example"),
        (
            "http://bücher.example/ü/%C3%BC?ü",
            "http://xn--bcher-kva.example/%C3%BC/%C3%BC?%C3%BC",
            "xn--bcher-kva.example",
        ),
        ("http://faß.example/", "http://xn--fa-hia.example/", "xn--fa-hia.example"),
        ("http://[2606:4700:0::1111]/", "http://[2606:4700::1111]/", "[2606:4700::1111]"),
        ("http://my_bucket.example/a:b@c", "http://my_bucket.example/a:b@c", "my_bucket.example"),
    ],
)
def test_urls_are_sent_in_ascii(url: str, sent: str, authority: str) -> None:
    target = parse_target(url)
    assert (target.url, target.authority) == (sent, authority)


@pytest.mark.parametrize(
    ("url", "filename"),
    [
        ("http://a.example", ""),
        ("http://a.example/?file=b.png", ""),
        ("http://a.example/b.png?c=/d.png", "b.png"),
        ("http://a.example/b/%E2%98%80.png", "☀.png"),
        ("http://a.example/a%2Fb%5Cc%0A%E2%80%AE.png", "c.png"),
        ("http://a.example/a/..", ""),
    ],
)
def test_filenames(url: str, filename: str) -> None:
    assert parse_target(url).filename == filename


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1111", True),
        ("64:ff9b::5db8:d70e", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::5db8:d70e", False),
        ("::ffff:100.64.0.1", False),
        ("::93.184.215.14", False),
        ("2002:5db8:d70e::", False),
        ("2001::5db8:d70e", False),
        ("0.0.0.0", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("192.0.0.192", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("203.0.113.1", False),
        ("224.0.0.1", False),
        ("233.252.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("100::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_addresses(address: str, expected: bool) -> None:
    assert is_allowed(ip_address(address)) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.1.0.1", True),
        ("::ffff:10.1.0.1", True),
        ("fd00::1", True),
        ("10.2.0.1", False),
        ("93.184.215.14", False),
        ("192.168.0.1", False),
    ],
)
def test_an_operator_opens_and_closes_networks(settings: Any, address: str, expected: bool) -> None:
    settings.FETCH_ALLOWED_NETWORKS = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    settings.FETCH_DENIED_NETWORKS = [ip_network("10.2.0.0/16"), ip_network("93.184.0.0/16")]
    assert is_allowed(ip_address(address)) is expected
