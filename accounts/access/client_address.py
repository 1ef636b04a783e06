"""The address of the client that sent a request. Everything that counts or logs by address calls this module.

A client may write anything into X-Forwarded-For. A proxy that TRUSTED_PROXIES names appends the address
from which it was called. So the last address in its list that is no trusted proxy is the client's."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = IPv4Address("0.0.0.0")  # noqa: S104 - a value, on which nothing listens
"""The address of a connection that has none, such as one over a Unix socket."""
_CLIENT_PREFIX_V6 = 64


def client_address(request: HttpRequest) -> Address:
    """Return the address of the connection, or the client's if the connection comes from a trusted proxy.

    Return the address of the connection, which nobody can forge, also if the proxy's list has no other
    addresses than those of trusted proxies, or if the entry of the client is malformed."""
    connection = _parse(request.META.get("REMOTE_ADDR", "")) or UNKNOWN
    if not _is_trusted(connection):
        return connection
    # The server joins several header lines with commas, in their order.
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for hop in reversed(hops):
        if not hop.strip():
            continue
        address = _parse(hop)
        if address is None:
            return connection
        if not _is_trusted(address):
            return address
    return connection


def client_network(address: Address) -> Network:
    """Return the network that counts as one client: of IPv6 the /64, which any of its hosts can use whole."""
    if isinstance(address, IPv6Address):
        return ip_network((address, _CLIENT_PREFIX_V6), strict=False)
    return ip_network(address)


def is_forwarded_by_stranger(request: HttpRequest) -> bool:
    """Return whether X-Forwarded-For is passed over, because TRUSTED_PROXIES does not name its sender."""
    connection = _parse(request.META.get("REMOTE_ADDR", "")) or UNKNOWN
    return "HTTP_X_FORWARDED_FOR" in request.META and not _is_trusted(connection)


def _is_trusted(address: Address) -> bool:
    trusted: Iterable[Network] = settings.TRUSTED_PROXIES
    return any(address in network for network in trusted)


def _parse(text: str) -> Address | None:
    """Return the address of a hop as proxies write it, or None: with a port, in brackets, quoted, with a
    zone."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    # The zone of a link-local address names an interface of the proxy.
    host = host.partition("%")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
