"""Refusals of large bodies behind nginx: the client gets the problem, over HTTP/1.1 and HTTP/2, and never a 502."""

import getpass
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.local.processes import free_ports
from tests.support.granian_server import Server, serving
from tests.support.programs import find_program, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MB = 1_000_000
CONFIGURATION = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 102m;
    upstream progimage {{
        server 127.0.0.1:{port};
        keepalive 4;
    }}
    server {{
        listen 127.0.0.1:{http1};
        listen 127.0.0.1:{http2} http2;
        location / {{
            proxy_pass http://progimage;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_request_buffering {buffering};
        }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, port: int, *, buffering: str) -> Iterator[dict[str, int]]:
    """Run nginx in front of a port. Yield its own ports, by the version of HTTP that each one speaks."""
    program = find_program("nginx")
    find_program("curl")
    http1, http2 = free_ports(2)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            user=getpass.getuser(), folder=folder, port=port, http1=http1, http2=http2, buffering=buffering
        )
    )
    command = [program, "-e", str(folder / "nginx.log"), "-c", str(configuration)]
    with running(command, port=http1):
        yield {"--http1.1": http1, "--http2-prior-knowledge": http2}


def post(version: str, port: int, body: Path, path: str, media_type: str, key: str) -> tuple[int, str]:
    """Send a file with curl, which waits for no 100 Continue. Return the status, and the code of the problem."""
    command = ["curl", "--silent", "--show-error", version, "--max-time", "60", "--header", "Expect:"]
    command += ["--header", f"Authorization: Bearer {key}", "--header", f"Content-Type: {media_type}"]
    command += ["--data-binary", f"@{body}", "--write-out", "\n%{http_code}"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=False
    )
    content, _, status = done.stdout.rpartition("\n")
    try:
        code = json.loads(content)["code"]
    except ValueError:
        code = content[:200] + done.stderr
    return int(status), code


@pytest.fixture
def server(tmp_path: Path, db: None) -> Iterator[Server]:
    with serving(tmp_path, {}) as server:
        yield server


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_the_client_gets_the_refusal(server: Server, tmp_path: Path, buffering: str) -> None:
    bodies = {}
    for size_mb in (20, 26, 28, 30, 60, 103):
        bodies[size_mb] = tmp_path / f"{size_mb}.bin"
        with bodies[size_mb].open("wb") as file:
            os.truncate(file.fileno(), size_mb * MB)
    refusals = [
        (26, "/images", "image/png", server.key, (413, "body_too_large")),
        (28, "/transforms?q=80", "image/png", server.key, (413, "body_too_large")),
        (30, "/images", "image/png", server.key, (413, "body_too_large")),
        (60, "/images", "image/png", server.key, (413, "body_too_large")),
        (103, "/images", "image/png", server.key, (413, "body_too_large")),
        (20, "/images", "text/plain; charset*=none''x", server.key, (400, "invalid_parameter")),
        (20, "/images", "text/plain", server.key, (415, "unsupported_format")),
        (20, "/images?bogus=1", "image/png", server.key, (400, "invalid_parameter")),
        (20, "/images", "image/png", "wrong.key", (401, "not_authenticated")),
        (20, "/nothing", "image/png", server.key, (404, "not_found")),
        (20, "/images", "image/png", server.key, (415, "unsupported_format")),
    ]
    with nginx(tmp_path, server.port, buffering=buffering) as ports:
        for version, port in ports.items():
            for size_mb, path, media_type, key, expected in refusals:
                answer = post(version, port, bodies[size_mb], path, media_type, key)
                assert answer == expected, (version, size_mb, path)
