"""The client's address: the connection's, or what trusted proxies say of it."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from accounts.access.client_address import (
    UNKNOWN,
    client_address,
    client_network,
    is_forwarded_by_stranger,
)
from tests.support.granian_server import serving

PROXIES = ["10.0.0.0/8", "fd00::/8", "2001:db8:1::7/128"]


@pytest.mark.parametrize(
    ("connection", "forwarded", "client"),
    [
        pytest.param("203.0.113.9", None, "203.0.113.9", id="direct"),
        pytest.param("203.0.113.9", "198.51.100.1", "203.0.113.9", id="a stranger forwards"),
        pytest.param("10.0.0.1", None, "10.0.0.1", id="a proxy asks for itself"),
        pytest.param("10.0.0.1", "198.51.100.1", "198.51.100.1", id="one proxy"),
        pytest.param("10.0.0.1", "198.51.100.1, 10.2.3.4,fd00::1", "198.51.100.1", id="three proxies"),
        pytest.param("10.0.0.1", "1.1.1.1, 2.2.2.2, 198.51.100.1", "198.51.100.1", id="a client lies"),
        pytest.param("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9", "198.51.100.1", id="it lies before two"),
        pytest.param("10.0.0.1", "<script>, 198.51.100.1", "198.51.100.1", id="it writes nonsense"),
        pytest.param("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1", id="the proxy does not know"),
        pytest.param(
            "10.0.0.1", "198.51.100.1, 10.1.1.1, nonsense, 10.2.2.2", "10.0.0.1", id="nonsense inside"
        ),
        pytest.param("10.0.0.1", "10.5.5.5", "10.0.0.1", id="proxies alone"),
        pytest.param("10.0.0.1", "", "10.0.0.1", id="empty"),
        pytest.param("10.0.0.1", " , 198.51.100.1 ,, ", "198.51.100.1", id="empty elements"),
        pytest.param("10.0.0.1", "198.51.100.1:4711", "198.51.100.1", id="port"),
        pytest.param("10.0.0.1", "2001:db8::5", "2001:db8::5", id="IPv6"),
        pytest.param("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5", id="IPv6 in brackets with a port"),
        pytest.param("10.0.0.1", '"[2001:db8::5]"', "2001:db8::5", id="quoted"),
        pytest.param("10.0.0.1", "fe80::5%eth0", "fe80::5", id="zone"),
        pytest.param("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1", id="mapped IPv4"),
        pytest.param("10.0.0.1", "010.1.1.1", "10.0.0.1", id="leading zero"),
        pytest.param("10.0.0.1", "3325256705", "10.0.0.1", id="a number"),
        pytest.param("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1", id="the connection is mapped"),
        pytest.param("2001:db8:1::7", "198.51.100.1", "198.51.100.1", id="IPv6 proxy"),
        pytest.param("fd00::1%eth0", "198.51.100.1", "198.51.100.1", id="proxy with a zone"),
        pytest.param("", "198.51.100.1", str(UNKNOWN), id="a Unix socket"),
    ],
)
def test_client(settings: Any, connection: str, forwarded: str | None, client: str) -> None:
    settings.TRUSTED_PROXIES = [ip_network(text) for text in PROXIES]
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=connection)
    assert client_address(request) == ip_address(client)


def test_nobody_is_trusted_unless_named() -> None:
    headers = {"X-Forwarded-For": "198.51.100.1"}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="127.0.0.1")
    assert client_address(request) == ip_address("127.0.0.1")
    assert is_forwarded_by_stranger(request)
    assert not is_forwarded_by_stranger(RequestFactory().get("/"))


@pytest.mark.parametrize(
    ("address", "network"),
    [("198.51.100.1", "198.51.100.1/32"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")],
)
def test_network_of_one_client(address: str, network: str) -> None:
    assert str(client_network(ip_address(address))) == network


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_lines_of_a_real_server(tmp_path: Path) -> None:
    """granian hands several lines of the header over as one value, in their order."""
    with serving(tmp_path, {"TRUSTED_PROXIES": "127.0.0.0/8"}) as server:
        lines = ["X-Forwarded-For: 203.0.113.1, 198.51.100.77", "X-Forwarded-For: 127.0.0.9"]
        form = b"username=nobody&password=wrong-wrong&csrfmiddlewaretoken=" + b"a" * 32
        head = "\r\n".join(
            [
                "POST /admin/login/ HTTP/1.1",
                *lines,
                "Cookie: csrftoken=" + "a" * 32,
                "Content-Type: application/x-www-form-urlencoded",
                f"Content-Length: {len(form)}",
                "Connection: close",
            ]
        )
        with server.raw(head, form) as connection:
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
    log = (tmp_path / "log").read_text()
    assert '"address": "198.51.100.77"' in log
