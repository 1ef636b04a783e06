"""Shared caches in front of a server: Squid and Varnish, as Debian packages them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.local.processes import free_ports
from tests.support.programs import find_program, running

_SQUID = """
http_port 127.0.0.1:{port} accel defaultsite=127.0.0.1
cache_peer 127.0.0.1 parent {origin_port} 0 no-query no-digest originserver
http_access allow all
cache_mem 64 MB
maximum_object_size_in_memory 8 MB
access_log none
cache_log /dev/null
pid_filename none
shutdown_lifetime 0 seconds
"""
# A stale object is kept so that it can be revalidated, and is never sent before that.
_VARNISH = """
vcl 4.1;
backend origin {{ .host = "127.0.0.1"; .port = "{origin_port}"; }}
sub vcl_backend_response {{ set beresp.grace = 0s; set beresp.keep = 1h; }}
"""


def _squid(folder: Path, port: int, origin_port: int) -> list[str]:
    path = folder / "squid.conf"
    path.write_text(_SQUID.format(port=port, origin_port=origin_port))
    return ["squid", "-N", "-f", str(path)]


def _varnish(folder: Path, port: int, origin_port: int) -> list[str]:
    path = folder / "origin.vcl"
    path.write_text(_VARNISH.format(origin_port=origin_port))
    address = f"127.0.0.1:{port}"
    storage = "malloc,64m"
    return ["varnishd", "-F", "-j", "none", "-a", address, "-f", str(path), "-s", storage,
            "-n", str(folder / "varnish")]  # fmt: skip


_COMMANDS: dict[str, Callable[[Path, int, int], list[str]]] = {"squid": _squid, "varnishd": _varnish}
CACHES = tuple(_COMMANDS)


@contextmanager
def run_cache(name: str, folder: Path, origin_port: int) -> Iterator[int]:
    """Yield the port of a cache in front of `origin_port`."""
    (port,) = free_ports(1)
    program, *options = _COMMANDS[name](folder, port, origin_port)
    with running([find_program(program), *options], port=port):
        yield port
