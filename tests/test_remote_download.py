"""Remote images: whom this server asks, whom it refuses, and what it makes of hostile answers."""

import csv
import gzip
import hashlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpcore
import pytest
from django.db import connection

from accounts.models import Account
from images.remote import connections, public_addresses
from images.remote.download import _under_way, download
from images.remote.public_addresses import is_allowed, parse_target
from progimage.errors import BodyTooLarge, FetchFailed, ProgImageError, Unavailable, UrlNotAllowed
from tests.support.images import encoded
from tests.support.remote_servers import (
    LOOPBACK,
    Answer,
    Remote,
    find_literal,
    make_certificate,
    open_the_way,
    redirect,
    respond,
    serve,
)
from tests.test_corpus import CORPUS

ACCOUNT = Account(pk=7, name="alice")
PNG = encoded("png")
REFUSED = (400, "url_not_allowed", "Expected the http or https address of a public host for url", "/url")
FAILED = (422, "fetch_failed", "Expected status 200 and a whole body in time from the address in url", "")


def fetched(url: str, account: Account = ACCOUNT) -> bytes:
    with download(url, account=account) as upload:
        return upload.path.read_bytes()


def refusal(url: str) -> tuple[int, str, str, str | int]:
    """All that the caller learns of an address that is not fetched from."""
    with pytest.raises(ProgImageError) as raised:
        fetched(url)
    error = raised.value
    return error.status, error.code, error.message, error.members().get("pointer", "")


@pytest.fixture
def remote(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """A server that may be fetched from, by any name. Nothing is left behind of what was under way."""
    with serve() as server:
        server.answers["/a.png"] = respond(PNG)
        open_the_way(settings, monkeypatch, server)
        yield server
    wait_until(lambda: not _under_way)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_so()


def log_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.msg for record in caplog.records if record.name == "progimage.fetch"]  # type: ignore[misc]


class TestWhatIsFetched:
    def test_the_bytes_with_their_hash_and_name(self, remote: Remote) -> None:
        remote.answers["/holiday/sunny%20hills.png?size=9"] = respond(PNG)
        with download(remote.url("/holiday/sunny%20hills.png?size=9#top"), account=ACCOUNT) as upload:
            assert upload.path.read_bytes() == PNG
            assert (upload.size_bytes, upload.filename) == (len(PNG), "sunny hills.png")
            assert upload.sha256 == hashlib.sha256(PNG).hexdigest()
        assert not upload.path.exists()

    def test_what_it_says_about_itself_does_not_count(self, remote: Remote) -> None:
        """SSRF-9: the decoder decides what is an image, later."""
        remote.answers["/a.png"] = respond(b"<html>", "Content-Type: image/png")
        assert fetched(remote.url("/a.png")) == b"<html>"

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            b"HTTP/1.0 200 OK\r\n\r\nabcd",
            respond(b"abcdef and more", length=4),
            respond(b"abcd", "Content-Encoding: identity"),
            b"HTTP/1.1 100 Continue\r\n\r\n" + respond(b"abcd"),
        ],
        ids=["chunked", "until it closes", "no more than it said", "identity", "after 100"],
    )
    def test_bodies_end_where_http_says(self, remote: Remote, answer: bytes) -> None:
        remote.answers["/a"] = answer
        assert fetched(remote.url("/a")) == b"abcd"

    def test_the_request_holds_nothing_of_this_server(self, remote: Remote) -> None:
        fetched(remote.url("/a.png"))
        (request,) = remote.requests
        assert request.splitlines() == [
            "GET /a.png HTTP/1.1",
            f"Host: images.test:{remote.port}",
            "User-Agent: ProgImage/0.1.0",
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
            "",
        ]

    def test_neither_proxies_nor_netrc_of_the_environment(
        self, remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """SSRF-5."""
        (tmp_path / ".netrc").write_text("default login me password secret\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        with serve() as proxy:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            assert fetched(remote.url("/a.png")) == PNG
        assert proxy.requests == []
        assert "Authorization" not in remote.requests[0]

    @pytest.mark.django_db(transaction=True)
    def test_no_database_connection_is_held(self, remote: Remote) -> None:
        Account.objects.count()
        assert connection.connection is not None
        with download(remote.url("/a.png"), account=ACCOUNT):
            assert connection.connection is None

    def test_one_line_in_the_log_without_path_and_query(
        self, remote: Remote, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        remote.answers["/s3cret?sig=s3cret"] = redirect("/other?sig=s3cret", "Set-Cookie: s3cret")
        remote.answers["/other?sig=s3cret"] = respond(PNG)
        fetched(remote.url("/s3cret?sig=s3cret"))
        (line,) = log_lines(caplog)
        assert (line["event"], line["account"], line["host"]) == ("fetch", 7, "images.test")
        assert (line["outcome"], line["status"], line["bytes"]) == ("fetched", 200, len(PNG))
        assert "s3cret" not in caplog.text

    def test_the_log_alone_knows_why(self, remote: Remote, caplog: pytest.LogCaptureFixture) -> None:
        refusal(remote.url("/missing"))
        refusal("http://10.1.2.3/")
        refusal("http://me:s3cret@images.test/")
        outcomes = [(line["outcome"], line["reason"]) for line in log_lines(caplog)]
        assert outcomes == [
            ("fetch_failed", "status 404"),
            ("url_not_allowed", "10.1.2.3 is not public"),
            ("url_not_allowed", "not a URL with a host"),
        ]


REFUSED_TEXTS = {
    "short loopback": "http://127.1/",
    "decimal": "http://2130706433/",
    "hexadecimal": "http://0x7f000001/",
    "octal": "http://017700000001/",
    "mixed": "http://127.0.0.0x1/",
    "zero": "http://0/",
    "a trailing dot": "http://localhost./",
    "a zone": "http://[fe80::1%25lo]/",
    "more than an address in brackets": "http://[2606:4700::1111]x/",
    "a user": "http://127.0.0.1@example.com/",
    "a user and a port": "http://example.com:80@127.0.0.1:8000/",
    "a backslash": "http://example.com\\@127.0.0.1/",
    "a backslash in the path": "http://example.com/\\a",
    "an encoded NUL": "http://127.0.0.1%00.example.com/",
    "a tab": "http://exam\tple.com/",
    "a line break": "http://example.com/\r\nX: y",
    "a space": "http://example.com /",
    "no-break space": "http://example.com\xa0/",
    "no name in IDNA": "http://-ü-.example/",
    "an empty label": "http://example..com/",
    "a label of 64": f"http://{'a' * 64}.example/",
    "a name of 254": f"http://{'a.' * 126}aa/",
    "file": "file:///etc/passwd",
    "FILE": "FILE:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "data": "data:image/png;base64,AAAA",
    "no scheme": "//127.0.0.1/",
    "no slashes": "http:127.0.0.1/",
    "no host": "http:///etc/passwd",
    "nothing": "",
    "port 22": "http://example.com:22/",
    "port 0": "http://example.com:0/",
    "port 99999": "http://example.com:99999/",
    "no number for a port": "http://example.com:80a/",
    "Arabic digits for a port": "http://example.com:٨٠/",
    "2,049 characters": f"http://example.com/{'a' * 2_030}",
    "a broken bracket": "http://[::1/",
    "a lone surrogate": "http://example.com/\udcff",
    "a port of another service": "http://127.0.0.1:8000/a.png",
}
"""What is refused as it stands there, wherever it may lead."""
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
    """SSRF-1: one and the same answer, and not one connection."""

    @pytest.fixture(autouse=True)
    def _loopback_is_somebody_else(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://images.example", ["images.example"]
        monkeypatch.setattr(public_addresses, "look_up", find_literal)

    @pytest.mark.parametrize("url", REFUSED_TEXTS.values(), ids=REFUSED_TEXTS)
    def test_urls(self, url: str, canaries: Canaries) -> None:
        assert refusal(url) == REFUSED
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
        assert {row["id"]: refusal(row["url"]) for row in rows} == {row["id"]: REFUSED for row in rows}
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
        ("http://a.example/a%2Fb%5Cc%00%0A.png", "c.png"),
        ("http://a.example/a/..", ""),
        (f"http://a.example/{'a' * 300}.png", "a" * 251 + ".png"),
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


class TestConnections:
    def test_a_host_is_resolved_once_and_asked_there(
        self, remote: Remote, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SSRF-3: what the name leads to afterwards is never asked for."""
        answers = iter([[LOOPBACK], [ip_address("10.0.0.1")]])
        monkeypatch.setattr(public_addresses, "look_up", lambda _: next(answers))
        assert fetched(remote.url("/a.png", host="rebind.test")) == PNG
        assert f"Host: rebind.test:{remote.port}" in remote.requests[0]
        assert next(answers) == [ip_address("10.0.0.1")]

    def test_the_next_address_where_the_first_does_not_answer(
        self, remote: Remote, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.FETCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
        monkeypatch.setattr(public_addresses, "look_up", lambda _: [ip_address("127.0.0.2"), LOOPBACK])
        assert fetched(remote.url("/a.png")) == PNG

    def test_nothing_is_sent_to_another_peer(
        self, remote: Remote, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.FETCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
        real = httpcore.SyncBackend.connect_tcp
        monkeypatch.setattr(public_addresses, "look_up", lambda _: [ip_address("127.0.0.2")])
        monkeypatch.setattr(
            httpcore.SyncBackend,
            "connect_tcp",
            lambda self, _, port, timeout: real(self, "127.0.0.1", port, timeout),
        )
        assert refusal(remote.url("/a.png")) == FAILED
        assert remote.requests == []

    def test_a_resolver_that_does_not_answer(
        self, remote: Remote, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The lookup that is left behind counts for its account until it ends."""
        settings.FETCH_TIMEOUT_S, settings.FETCH_MAX_PER_ACCOUNT = 0.2, 1
        answered = threading.Event()
        monkeypatch.setattr(public_addresses, "look_up", lambda _: [LOOPBACK] if answered.wait(5) else [])
        assert refusal(remote.url("/a.png")) == REFUSED
        with pytest.raises(Unavailable):
            fetched(remote.url("/a.png"))
        answered.set()
        wait_until(lambda: not _under_way)
        assert fetched(remote.url("/a.png")) == PNG


class TestRedirects:
    """SSRF-4."""

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_are_followed(self, remote: Remote, status: int) -> None:
        remote.answers["/old.png"] = redirect("a.png", status=status)
        with download(remote.url("/old.png"), account=ACCOUNT) as upload:
            assert (upload.path.read_bytes(), upload.filename) == (PNG, "old.png")

    def test_three_and_no_more(self, remote: Remote) -> None:
        remote.answers |= {f"/{left}": redirect(f"/{left - 1}") for left in range(1, 5)}
        remote.answers["/0"] = respond(PNG)
        assert fetched(remote.url("/3")) == PNG
        assert refusal(remote.url("/4")) == FAILED
        assert len(remote.requests) == 8

    def test_every_host_is_judged(
        self, remote: Remote, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        remote.answers["/a"] = redirect(remote.url("/b", host="private.test"))
        monkeypatch.setattr(
            public_addresses,
            "look_up",
            lambda host: [ip_address("10.0.0.1")] if host == "private.test" else [LOOPBACK],
        )
        assert refusal(remote.url("/a")) == REFUSED
        assert log_lines(caplog)[0]["host"] == "private.test"

    @pytest.mark.parametrize(
        ("location", "expected"),
        [
            ("/loop", FAILED),
            ("", FAILED),
            ("http://127.0.0.9/", REFUSED),
            ("//127.0.0.9/", REFUSED),
            ("http://testserver/images/1", REFUSED),
            ("file:///etc/passwd", REFUSED),
            ("http://images.test:22/", REFUSED),
            ("http://me@images.test/", REFUSED),
            ("/a\tb", REFUSED),
            ("/a b", REFUSED),
            ("\\\\127.0.0.9\\a", REFUSED),
            ("/\xff", REFUSED),
            ("/" + "a" * 2_048, REFUSED),
        ],
        ids=lambda value: value[:30] if isinstance(value, str) else "",
    )
    def test_each_is_parsed_again(self, remote: Remote, location: str, expected: Any) -> None:
        remote.answers["/loop"] = redirect(location).decode().encode("latin-1")
        assert refusal(remote.url("/loop")) == expected

    def test_nothing_is_carried_along(self, remote: Remote) -> None:
        other = remote.url("/a.png", host="other.test")
        remote.answers["/a"] = redirect(other, "Set-Cookie: session=1", "WWW-Authenticate: Basic")
        fetched(remote.url("/a"))
        names = {line.partition(":")[0] for line in remote.requests[1].splitlines()[1:] if line}
        assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
        assert f"Host: other.test:{remote.port}" in remote.requests[1]


def drip(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def send(peer: socket.socket) -> None:
        peer.sendall(start)
        for _ in range(100):
            peer.sendall(piece)
            time.sleep(0.05)

    return send


def flood(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def send(peer: socket.socket) -> None:
        peer.sendall(start)
        while True:
            peer.sendall(piece)

    return send


def stop_after(start: bytes) -> Callable[[socket.socket], None]:
    """Send no more, and wait until the other side hangs up."""

    def send(peer: socket.socket) -> None:
        peer.sendall(start)
        peer.recv(1)

    return send


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HOSTILE: dict[str, Answer] = {
    "404": respond(PNG, status="404 Not Found"),
    "500": respond(PNG, status="500 Oops"),
    "206": respond(PNG, status="206 Partial Content"),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "redirect to nowhere": respond(status="302 Found"),
    "gzip bomb": respond(gzip.compress(b"\0" * 1_000_000), "Content-Encoding: gzip"),
    "two encodings": respond(PNG, "Content-Encoding: identity", "Content-Encoding: br"),
    "gzip as a transfer": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "shorter than it said": respond(PNG, length=len(PNG) + 1),
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "no number for a length": OK + b"Content-Length: -1\r\n\r\n",
    "chunks that end early": CHUNKED + b"4\r\nabcd\r\n",
    "chunks that are none": CHUNKED + b"xyz\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "hangs up": lambda peer: peer.close(),
    "silence": stop_after(b""),
    "one huge header": OK + b"X: " + b"x" * 300_000 + b"\r\n\r\n",
    "endless headers": flood(OK, b"X: y\r\n" * 1_000),
    "endless interim responses": flood(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
    "slow headers": drip(b"", b"H"),
    "slow body": drip(respond(length=100), b"a"),
    "slow chunks": drip(CHUNKED, b"1\r\na\r\n"),
}


class TestHostileServers:
    @pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
    def test_one_answer_within_the_deadline(self, remote: Remote, settings: Any, answer: Answer) -> None:
        """SSRF-6 and SSRF-7."""
        settings.FETCH_TIMEOUT_S = 0.4
        remote.answers["/a"] = answer
        start = time.monotonic()
        assert refusal(remote.url("/a")) == FAILED
        assert time.monotonic() - start < 1

    def test_a_closed_port_is_no_different(self, remote: Remote, settings: Any) -> None:
        with socket.create_server((str(LOOPBACK), 0)) as listener:
            port = listener.getsockname()[1]
        settings.FETCH_PORTS = [port]
        assert refusal(f"http://images.test:{port}/") == FAILED

    def test_a_filtered_port_is_no_different(self, remote: Remote, settings: Any) -> None:
        settings.FETCH_CONNECT_TIMEOUT_S = 0.2
        with ExitStack() as stack:
            # A full backlog drops what comes, as a filter does.
            listener = stack.enter_context(socket.create_server((str(LOOPBACK), 0), backlog=0))
            settings.FETCH_PORTS = [listener.getsockname()[1]]
            for _ in range(2):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(listener.getsockname())
            assert refusal(f"http://images.test:{settings.FETCH_PORTS[0]}/") == FAILED

    @pytest.mark.parametrize(
        "answer",
        [
            respond(length=10_001),
            stop_after(respond(length=10_001)),
            flood(OK + b"\r\n", b"\0" * 4_096),
            flood(CHUNKED, b"400\r\n" + b"\0" * 1_024 + b"\r\n"),
            flood(respond(length=9_999_999), b"\0" * 4_096),
        ],
        ids=["by its length", "before its body", "without length", "chunks", "length and body"],
    )
    def test_bytes_are_counted(self, remote: Remote, settings: Any, answer: Answer) -> None:
        settings.MAX_UPLOAD_BYTES = 10_000
        remote.answers["/a"] = answer
        with pytest.raises(BodyTooLarge):
            fetched(remote.url("/a"))

    def test_as_many_bytes_as_an_upload_may_have(self, remote: Remote, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = len(PNG)
        assert fetched(remote.url("/a.png")) == PNG


class TestHttps:
    @pytest.fixture
    def secure(self, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Remote]:
        self.certificate = tmp_path / "images.test.pem"
        tls = make_certificate(self.certificate, "images.test")
        self.asked_for: list[str | None] = []
        tls.sni_callback = lambda _, name, __: self.asked_for.append(name)
        with serve(tls) as server:
            server.answers["/a.png"] = respond(PNG)
            open_the_way(settings, monkeypatch, server)
            yield server

    @pytest.fixture
    def trusted(self, secure: Remote, monkeypatch: pytest.MonkeyPatch) -> Remote:
        trusting = ssl.create_default_context(cafile=self.certificate)
        monkeypatch.setattr(connections, "ssl_context", lambda: trusting)
        return secure

    def test_the_certificate_is_checked_by_name(self, trusted: Remote) -> None:
        assert fetched(trusted.url("/a.png")) == PNG
        assert refusal(trusted.url("/a.png", host="other.test")) == FAILED
        assert self.asked_for == ["images.test", "other.test"]
        assert len(trusted.requests) == 1

    def test_who_vouches_for_himself_is_not_trusted(self, secure: Remote) -> None:
        assert refusal(secure.url("/a.png")) == FAILED
        assert secure.requests == []

    def test_no_redirect_leaves_it(self, trusted: Remote, remote: Remote, settings: Any) -> None:
        settings.FETCH_PORTS = [trusted.port, remote.port]
        trusted.answers["/down"] = redirect(remote.url("/a.png"))
        remote.answers["/up"] = redirect(trusted.url("/a.png"))
        assert refusal(trusted.url("/down")) == REFUSED
        assert remote.requests == []
        assert fetched(remote.url("/up")) == PNG

    def test_a_handshake_has_no_more_time_than_the_rest(self, remote: Remote, settings: Any) -> None:
        settings.FETCH_TIMEOUT_S = 0.3
        with socket.create_server((str(LOOPBACK), 0)) as listener:
            settings.FETCH_PORTS = [listener.getsockname()[1]]
            start = time.monotonic()
            assert refusal(f"https://images.test:{settings.FETCH_PORTS[0]}/") == FAILED
        assert time.monotonic() - start < 1


class TestHowManyAtOnce:
    """SSRF-10."""

    @pytest.fixture
    def busy(self, remote: Remote, settings: Any) -> Iterator[Remote]:
        """One fetch of account 7 from images.test is under way, and a second one is too much."""
        settings.FETCH_MAX_PER_HOST, settings.FETCH_MAX_PER_ACCOUNT = 1, 2
        is_over = threading.Event()

        def hold(peer: socket.socket) -> None:
            is_over.wait(5)
            peer.sendall(respond(PNG))

        remote.answers["/slow"] = hold
        results: list[bytes] = []
        thread = threading.Thread(target=lambda: results.append(fetched(remote.url("/slow"))))
        thread.start()
        wait_until(lambda: bool(remote.requests))
        yield remote
        is_over.set()
        thread.join()
        assert results == [PNG]

    def test_of_one_host(self, busy: Remote) -> None:
        with pytest.raises(Unavailable) as raised:
            fetched(busy.url("/a.png"), Account(pk=8))
        assert raised.value.headers() == {"Retry-After": "2"}
        assert fetched(busy.url("/a.png", host="other.test")) == PNG

    def test_of_one_host_by_a_redirect(self, busy: Remote) -> None:
        busy.answers["/a"] = redirect(busy.url("/a.png"))
        with pytest.raises(Unavailable):
            fetched(busy.url("/a", host="other.test"))

    def test_of_one_account(self, busy: Remote, settings: Any) -> None:
        settings.FETCH_MAX_PER_ACCOUNT = 1
        with pytest.raises(Unavailable):
            fetched(busy.url("/a.png", host="other.test"))
        assert fetched(busy.url("/a.png", host="other.test"), Account(pk=8)) == PNG

    def test_who_failed_is_not_under_way(self, remote: Remote, settings: Any) -> None:
        settings.FETCH_MAX_PER_HOST = settings.FETCH_MAX_PER_ACCOUNT = 1
        for _ in range(2):
            with pytest.raises(FetchFailed):
                fetched(remote.url("/missing"))
            with pytest.raises(UrlNotAllowed):
                fetched("http://10.0.0.1/")
        assert fetched(remote.url("/a.png")) == PNG
