"""Which addresses this server may ask: a URL is judged as text, once, and a host by every IP address it has.

Nothing here connects. Whatever is refused, and why, the caller is told the same: answers that differ would
tell which names and hosts exist behind this server."""

import re
import socket
import string
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, unquote, urljoin, urlsplit

import idna
from django.conf import settings
from django.http.request import validate_host

from images.models import MAX_FILENAME
from images.receiving.uploads import plain_name
from progimage.errors import UrlNotAllowed

Address = IPv4Address | IPv6Address
MAX_URL_CHARACTERS = 2_048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:@%]+))(?::(?P<port>[0-9]{0,5}))?")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_UNICAST = ip_network("2000::/3")
"""All of IPv6 that IANA has given out. What embeds IPv4 lies outside, 6to4 and Teredo excepted."""
_NAT64 = ip_network("64:ff9b::/96")
"""RFC 6052: public hosts without IPv6 have such addresses where a network has IPv6 alone."""
_NEVER = [
    ip_network("168.63.129.16"),  # Azure's metadata and agents: a public address in name only
    ip_network("192.0.0.0/24"),  # RFC 6890, protocols; Oracle's metadata were here
    ip_network("192.88.99.0/24"),  # RFC 7526, relays of 6to4
    ip_network("2001::/23"),  # RFC 2928, protocols; Teredo (RFC 4380) with IPv4 inside
    ip_network("2002::/16"),  # 6to4 (RFC 3056) with IPv4 inside
    ip_network("3fff::/20"),  # RFC 9637, documentation
]
"""Public by Python's `is_global`, in some of its versions."""


@dataclass(frozen=True)
class Target:
    """Whom to ask for what: in ASCII, as it is sent. `path` is with its query, `host` without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def filename(self) -> str:
        """The last segment of the path; of a long one its end, which says the format."""
        return plain_name(unquote(self.path.partition("?")[0]))[-MAX_FILENAME:]


def parse_target(url: str, *, base: Target | None = None) -> Target:
    """Return what `url` asks for; `base` is what redirects there. Raises UrlNotAllowed."""
    if len(url) > MAX_URL_CHARACTERS:
        raise refused(f"a URL of {len(url)} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise refused("a space, a backslash or a control character")
    try:
        parts = urlsplit(urljoin(base.url, url) if base else url)
        scheme, (host, port) = parts.scheme, _parse_authority(parts.netloc)
    except ValueError as error:
        raise refused("not a URL with a host") from error
    if scheme not in _DEFAULT_PORTS or (base and (base.scheme, scheme) == ("https", "http")):
        raise refused(f"the scheme {scheme[:20]!r}")
    port = _DEFAULT_PORTS[scheme] if port is None else port
    if port not in settings.FETCH_PORTS:
        raise refused(f"port {port}")
    if _is_own(host):
        raise refused(f"{host} is this service")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, host, port, quote(path, safe=string.punctuation))


def look_up(host: str) -> list[Address]:
    """Return every address of a host, none where it has none. It takes as long as the resolver likes."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(entry[4][0]) for entry in found]


def check_public(addresses: list[Address]) -> None:
    """Raise UrlNotAllowed where there is no address, or one that may not be connected to."""
    if not addresses:
        raise refused("the host has no address")
    for address in addresses:
        if not is_allowed(address):
            raise refused(f"{address} is not public")


def is_allowed(address: Address) -> bool:
    """May this server connect there? Public addresses, and what the operator has opened."""
    address = _unwrap(address)
    if _is_within(address, settings.FETCH_DENIED_NETWORKS):
        return False
    if _is_within(address, settings.FETCH_ALLOWED_NETWORKS):
        return True
    is_unicast = isinstance(address, IPv4Address) or address in _UNICAST
    return is_unicast and address.is_global and not address.is_multicast and not _is_within(address, _NEVER)


def refused(reason: str) -> UrlNotAllowed:
    """The one answer to every address that may not be asked; the reason is a note, for the log."""
    error = UrlNotAllowed("Expected the http or https address of a public host for url", pointer="/url")
    error.add_note(reason)
    return error


def _parse_authority(netloc: str) -> tuple[str, int | None]:
    """Return host and port. Raises ValueError for a user, a zone, or what parsers may read as two hosts."""
    parts = _AUTHORITY.fullmatch(netloc)
    if not parts:
        raise ValueError("not a host and a port")
    port = int(parts["port"]) if parts["port"] else None
    if parts["ipv6"]:
        return str(IPv6Address(parts["ipv6"])), port
    name = parts["name"].lower()
    if not name.isascii():
        name = idna.encode(name, uts46=True).decode()
    if not _NAME.fullmatch(name):
        raise ValueError("not a name")
    if name.rpartition(".")[2][0].isdigit():
        # No top-level domain begins with a digit: 0x7f.1, 017700000001 and 2130706433 are 127.0.0.1 to some.
        return str(IPv4Address(name)), port
    return name, port


def _is_own(host: str) -> bool:
    own = {urlsplit(settings.PUBLIC_URL).hostname or "", *settings.ALLOWED_HOSTS} - {"*"}
    return validate_host(host, [name.strip("[]") for name in own])


def _is_within(address: Address, networks: list[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address that a connection to this IPv6 address reaches, where there is one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
