"""ProgImage as `make run` starts it, on a private folder and a free port, from this or another revision."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from config.local import embedded_services
from config.local.processes import free_ports
from config.local.state import State

from .connection import Connection, Request
from .load import Target
from .processes_cpu import CpuMeter

ROOT = Path(__file__).parents[2]
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
SERVICES = ("DATABASE_URL", "VALKEY_URL", "S3_BUCKET", "PUBLIC_URL", "SECRET_KEY", "STORAGE_ROOT", "TEMP_DIR")
"""Variables that would make the server use something that a benchmark must not touch."""

WITHOUT_OVERVIEWS = {"OVERVIEWS": "false"}
"""For rows that measure work on originals: a revision without overviews does not read it."""


@dataclass(frozen=True)
class Server:
    """A running ProgImage. `pids` are the roots of its trees of processes by their part."""

    target: Target
    pids: dict[str, list[int]]
    folder: Path
    environment: dict[str, str]

    def meter(self) -> CpuMeter:
        return CpuMeter(self.pids)

    def upload(self, photographs: list[Path]) -> list[str]:
        """Store photographs, and return the paths of their images."""
        connection = Connection(self.target.port, self.target.headers)
        paths: list[str] = []
        for photograph in photographs:
            request = Request("/images", "POST", photograph.read_bytes(), "image/jpeg")
            status = connection.ask(request)
            if status != 201:
                raise SystemExit(f"Expected 201 for an upload but received {status}: {connection.content!r}")
            paths.append(f"/images/{json.loads(connection.content)['id']}")
        connection.close()
        return paths


@contextmanager
def running_server(root: Path = ROOT, **settings: str) -> Iterator[Server]:
    """Run services, web server and worker of the revision in `root` during the context."""
    with ExitStack() as running:
        temporary = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="progimage-bench-")))
        temporary.chmod(0o711)  # Postgres may run as another user
        state = State(temporary / "var")
        (port,) = free_ports(1)
        postgres = embedded_services.make_postgres(state)
        running.callback(postgres.remove)
        services = embedded_services.start([postgres, embedded_services.make_valkey(state)], running)
        environment = _environment(state, port, services) | settings
        env_file = state.folder / "env"
        url = environment["PUBLIC_URL"]
        _manage(root, environment, "migrate", "--no-input")
        _manage(root, environment, "bootstrap", "--env-file", str(env_file), "--url", url)
        api_key = _read_key(env_file)
        target = Target(port, {"Authorization": f"Bearer {api_key}"})
        web_command, worker_command = _commands(root)
        schedule = f"--schedule={state.private_folder('worker') / 'schedule'}"
        web = _start(running, root, environment, [*web_command, f"--port={port}"])
        worker = _start(running, root, environment, [*worker_command, schedule])
        pids = {"web": [web.pid], "worker": [worker.pid]}
        if postgres.process:
            pids["postgres"] = [postgres.process._popen.pid]  # noqa: SLF001
        _wait_until_ready(target, web, state.folder)
        yield Server(target, pids, state.folder, environment)


def _environment(state: State, port: int, services: object) -> dict[str, str]:
    for name in SERVICES:
        os.environ.pop(name, None)
    url = f"http://127.0.0.1:{port}"
    return embedded_services.build_environment(state, url, services)  # type: ignore[arg-type]


def _commands(root: Path) -> tuple[list[str], list[str]]:
    """Return the arguments of the web server and of the worker, as that revision starts them."""
    code = (
        "import json; from config.local.server_commands import WEB, WORKER; print(json.dumps([WEB, WORKER]))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    web, worker = json.loads(done.stdout)
    return web, worker


def _manage(root: Path, environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "manage.py", *arguments],
        cwd=root,
        env=environment | {"DATABASE_STATEMENT_TIMEOUT_MS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"manage.py {arguments[0]} failed: {done.stderr or done.stdout}")


def _start(
    running: ExitStack, root: Path, environment: dict[str, str], arguments: list[str]
) -> subprocess.Popen[bytes]:
    """Start a program whose output goes to a file. It ends with the context."""
    log_path = Path(environment["TEMP_DIR"]).parent / "log" / f"{arguments[0]}.log"
    log = running.enter_context(log_path.open("wb"))
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *arguments],
        cwd=root,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    running.callback(end_process, process)
    return process


def end_process(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_key(env_file: Path) -> str:
    for line in shlex.split(env_file.read_text(), comments=True):
        name, _, value = line.partition("=")
        if name == "PROGIMAGE_API_KEY":
            return value
    raise SystemExit(f"Expected an API key in {env_file}")


def _wait_until_ready(target: Target, web: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    connection = Connection(target.port, target.headers)
    while time.monotonic() < deadline and web.poll() is None:
        try:
            if connection.ask(Request("/readyz")) == 200:
                connection.close()
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.1)
    logs = "\n".join(path.read_text()[-2_000:] for path in (folder / "log").glob("config*.log"))
    raise SystemExit(f"The server did not become ready:\n{logs}")
