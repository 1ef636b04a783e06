"""The addresses that this server may connect to. A URL is checked as text, a host by all its IP addresses.

Nothing here connects. The client learns of faults in the text of its URL. It gets the same error for
every host that is refused, and for every redirect: different errors would tell which names and hosts exist
behind this server."""

import re
import socket
import string
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

import idna
from django.conf import settings
from django.http.request import validate_host

from images.receiving.filenames import clean_filename
from progimage.errors import UrlNotAllowed

Address = IPv4Address | IPv6Address
MAX_URL_CHARACTERS = 2_048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:@%]+))(?::(?P<port>[0-9]{0,5}))?")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_UNICAST = ip_network("2000::/3")
"""All of IPv6 that IANA has given out. Addresses that embed IPv4 lie outside, except 6to4 and Teredo."""
_NAT64 = ip_network("64:ff9b::/96")
"""RFC 6052: in a network that has IPv6 alone, public hosts without IPv6 have such addresses."""
_NEVER_ALLOWED = [
    ip_network("168.63.129.16"),  # Azure's metadata and agents: a public address in name only
    ip_network("192.0.0.0/24"),  # RFC 6890, protocols; Oracle's metadata were here
    ip_network("192.88.99.0/24"),  # RFC 7526, relays of 6to4
    ip_network("2001::/23"),  # RFC 2928, protocols; Teredo (RFC 4380) with IPv4 inside
    ip_network("2002::/16"),  # 6to4 (RFC 3056) with IPv4 inside
    ip_network("3fff::/20"),  # RFC 9637, documentation
]
"""Networks that count as public by Python's `is_global`, in some of its versions."""


@dataclass(frozen=True)
class Target:
    """A URL in ASCII, split for a request. `path` includes the query, `host` has no brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port == _DEFAULT_PORTS[self.scheme]:
            return host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def filename(self) -> str:
        """The last segment of the path, decoded. It may be empty, and longer than an image's name may be.

        Raise ParameterError if it contains NUL."""
        path, _, _ = self.path.partition("?")
        return clean_filename(unquote(path), pointer="/url")


def parse_target(url: str, *, base: Target | None = None) -> Target:
    """Return the target of `url`. `base` is the target that redirected to it. Raise UrlNotAllowed."""
    try:
        parts, host, port = _parse_url(url, base)
    except UrlNotAllowed as error:
        if base is None:
            raise
        raise refused(error.message) from error
    if _is_this_service(host):
        raise refused(f"{host} is this service")
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    return Target(parts.scheme, host, port, quote(path, safe=string.punctuation))


def _parse_url(url: str, base: Target | None) -> tuple[SplitResult, str, int]:
    """Return the parts of a URL, its host and its port. Raise UrlNotAllowed with the fault of the text."""
    if len(url) > MAX_URL_CHARACTERS:
        raise _malformed(f"Expected a URL of at most {MAX_URL_CHARACTERS} characters but received {len(url)}")
    if not url.isprintable() or " " in url or "\\" in url:
        raise _malformed("Expected a URL without spaces, backslashes and control characters")
    try:
        parts = urlsplit(urljoin(base.url, url) if base else url)
        _check_scheme(parts.scheme, base)
        host, port = _parse_authority(parts.netloc)
    except ValueError as error:
        raise _malformed(
            "Expected a well-formed URL such as https://example.org/a.png, without a user or a password"
        ) from error
    if port is None:
        port = _DEFAULT_PORTS[parts.scheme]
    if port not in settings.FETCH_PORTS:
        ports = " or ".join(map(str, settings.FETCH_PORTS))
        raise _malformed(f"Expected port {ports} in the URL but received {port}")
    return parts, host, port


def look_up(host: str) -> list[Address]:
    """Return every address of a host, or none. The resolver sets no limit to the time that this takes."""
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(entry[4][0]) for entry in entries]


def check_public(addresses: list[Address]) -> None:
    """Raise UrlNotAllowed if there is no address, or if this server may not connect to one of them."""
    if not addresses:
        raise refused("the host has no address")
    for address in addresses:
        if not is_allowed(address):
            raise refused(f"{address} is not public")


def is_allowed(address: Address) -> bool:
    """Return whether this server may connect to an address: a public one, or one that the operator allows."""
    address = _unwrap(address)
    if _is_within(address, settings.FETCH_DENIED_NETWORKS):
        return False
    if _is_within(address, settings.FETCH_ALLOWED_NETWORKS):
        return True
    is_unicast = isinstance(address, IPv4Address) or address in _UNICAST
    is_public = is_unicast and address.is_global and not address.is_multicast
    return is_public and not _is_within(address, _NEVER_ALLOWED)


def refused(reason: str) -> UrlNotAllowed:
    """Return the error for every host that is refused. Its note has the reason, for the log only."""
    error = UrlNotAllowed(
        "Expected the URL of a public host but this host cannot be found, or its address is not public",
        pointer="/url",
    )
    error.add_note(reason)
    return error


def _malformed(message: str) -> UrlNotAllowed:
    """Return the error of a URL whose text alone says that nothing can be fetched from it."""
    error = UrlNotAllowed(message, pointer="/url")
    error.add_note(message)
    return error


def _check_scheme(scheme: str, base: Target | None) -> None:
    """Raise UrlNotAllowed if the scheme is not http or https, or if a redirect leads from https to http."""
    is_downgrade = base is not None and base.scheme == "https" and scheme == "http"
    if scheme not in _DEFAULT_PORTS or is_downgrade:
        received = f"the scheme {scheme[:20]!r}" if scheme else "none"
        raise _malformed(f"Expected a URL with the scheme http or https but received {received}")


def _parse_authority(netloc: str) -> tuple[str, int | None]:
    """Return host and port. Raise ValueError for a user, a zone, or a host that parsers read differently."""
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
    top_level_domain = name.rpartition(".")[2]
    if top_level_domain[0].isdigit():
        # No top-level domain begins with a digit, so this must be an address. Some parsers read 0x7f.1,
        # 017700000001 and 2130706433 as 127.0.0.1.
        return str(IPv4Address(name)), port
    return name, port


def _is_this_service(host: str) -> bool:
    public_host = urlsplit(settings.PUBLIC_URL).hostname or ""
    hosts = {public_host, *settings.ALLOWED_HOSTS} - {"*"}
    return validate_host(host, [name.strip("[]") for name in hosts])


def _is_within(address: Address, networks: list[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address that a connection to this IPv6 address reaches, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
