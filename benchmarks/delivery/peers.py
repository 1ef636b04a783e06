"""Other servers, if their programs are on the PATH: imgproxy 4, imagor, and nginx for files that exist."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from config.local.processes import free_ports

from .connection import Connection, Request
from .load import Target
from .processes_cpu import CpuMeter
from .server import end_process

START_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Peer:
    """A running peer, and how it spells a thumbnail of a file by its name, width and height."""

    name: str
    target: Target
    pid: int
    spell: Callable[[str, int, int], str]

    def meter(self) -> CpuMeter:
        return CpuMeter({"web": [self.pid]})


def find_missing() -> dict[str, str]:
    """Return a reason for each peer that cannot be compared."""
    return {name: f"{name} is not on the PATH" for name in ("imgproxy", "imagor") if not shutil.which(name)}


@contextmanager
def running_imgproxy(folder: Path) -> Iterator[Peer]:
    (port,) = free_ports(1)
    environment = {
        "IMGPROXY_BIND": f"127.0.0.1:{port}",
        "IMGPROXY_LOCAL_FILESYSTEM_ROOT": str(folder),
        "IMGPROXY_LOG_LEVEL": "error",
        "IMGPROXY_MAX_SRC_RESOLUTION": "50",
    }

    def spell(name: str, width: int, height: int) -> str:
        return f"/insecure/rs:fill:{width}:{height}/q:80/plain/local:///{name}@jpg"

    with _running("imgproxy", ["imgproxy"], port, environment) as pid:
        yield Peer("imgproxy", Target(port), pid, spell)


@contextmanager
def running_imagor(folder: Path) -> Iterator[Peer]:
    (port,) = free_ports(1)
    command = ["imagor", "-bind", f"127.0.0.1:{port}", "-imagor-unsafe", "-file-loader-base-dir", str(folder)]

    def spell(name: str, width: int, height: int) -> str:
        return f"/unsafe/{width}x{height}/filters:quality(80):format(jpeg)/{name}"

    with _running("imagor", command, port, {}) as pid:
        yield Peer("imagor", Target(port), pid, spell)


RUNNERS = {"imgproxy": running_imgproxy, "imagor": running_imagor}


@contextmanager
def running_nginx(files: Path) -> Iterator[dict[str, Peer]]:
    """Serve files statically, with and without a log line for each answer."""
    logging_port, silent_port = free_ports(2)
    home = files.parent / "nginx"
    home.mkdir()
    log = home / "access.log"
    configuration = home / "nginx.conf"
    configuration.write_text(
        NGINX.format(
            home=home,
            files=files,
            user="user root;" if os.geteuid() == 0 else "",
            servers=_server(logging_port, f"{log} combined buffer=64k flush=1s")
            + _server(silent_port, "off"),
        )
    )
    command = ["nginx", "-p", str(home), "-c", str(configuration), "-e", str(home / "error.log")]
    with _running("nginx", command, silent_port, {}) as pid:
        yield {
            "access_log on": Peer("nginx, access_log on", Target(logging_port), pid, _spell_file),
            "access_log off": Peer("nginx, access_log off", Target(silent_port), pid, _spell_file),
        }


def _spell_file(name: str, width: int, height: int) -> str:
    return f"/{name}"


def _server(port: int, access_log: str) -> str:
    return f"server {{ listen 127.0.0.1:{port}; access_log {access_log}; }}\n"


NGINX = """daemon off;
{user}
worker_processes auto;
pid {home}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  root {files};
  types {{ image/jpeg jpg; }}
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max=2000 inactive=60s;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  {servers}
}}
"""


@contextmanager
def _running(name: str, command: list[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(  # noqa: S603
        command,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_it_answers(name, process, port)
        yield process.pid
    finally:
        end_process(process)


def _wait_until_it_answers(name: str, process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            Connection(port, {}).ask(Request("/"))
        except HTTPException as error:
            if "refused" not in str(error).lower():
                return  # it answers, if not to this
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{name} did not start")
