"""The supervisor behind `make run`: start the services, the web server and the worker, and end them together.

honcho was measured and not used. It does not check readiness, does not tell which process failed, and leaves
the children of children behind."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import SO_REUSEADDR, SOL_SOCKET, socket
from typing import NoReturn

from . import Refused, embedded_services, say
from .processes import MARK, Process, find_marked
from .server_commands import HOST, ROOT_WARNING, WEB, WORKER
from .state import State

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "images" / "sample.jpg"
READY_TIMEOUT_S = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(state: State, *, port: int, storage: str) -> None:
    """Run ProgImage until it is stopped. Raise Refused if it cannot start or one of its processes ends."""
    url = f"http://{HOST}:{port}"
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _exit)
    with state.locked(url), ExitStack() as running:
        embedded_services.stop_leftovers(state)
        _check_port(port, state)
        running.callback(embedded_services.stop_leftovers, state)
        services = embedded_services.choose(state, storage)
        names = ", ".join(type(service).__name__ for service in services)
        _say(f"starting {names}" if names else "using the services that the environment names")
        embedded_services.start(services, running)
        environment = embedded_services.build_environment(state, url, services)
        environment |= {MARK: state.mark, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": ROOT_WARNING}
        _say("preparing the database")
        _manage(state, environment | {"DATABASE_STATEMENT_TIMEOUT_MS": "0"}, "migrate", "--no-input")
        env_file = state.folder / "env"
        public_url = environment["PUBLIC_URL"].rstrip("/")
        _manage(state, environment, "bootstrap", "--env-file", str(env_file), "--url", public_url)
        _say("starting the web server and the worker")
        schedule = state.private_folder("worker") / "schedule"
        children = [
            _start("web", *WEB, f"--port={port}", environment=environment),
            _start("worker", *WORKER, f"--schedule={schedule}", environment=environment),
        ]
        running.callback(_stop_together, children)
        watched = [*children, *(service.process for service in services if service.process)]
        _wait_until_ready(port, watched)
        _welcome(state, url, _read_lines(env_file))
        _watch(watched)


def stop(state: State) -> None:
    """End the supervisor of this state folder, or the processes that a killed supervisor left."""
    pid = state.find_supervisor()
    if not pid:
        with state.locked(""):
            had_leftovers = embedded_services.stop_leftovers(state)
        _say("stopped the processes of an earlier run" if had_leftovers else "nothing was running")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + READY_TIMEOUT_S
    while state.find_supervisor() == pid:
        if time.monotonic() > deadline:
            raise Refused(f"ProgImage does not stop: run `kill -9 {pid}`, then `{state.command('stop')}`.")
        time.sleep(0.05)
    _say("stopped")


def manage(state: State, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by a management command, with the environment of the running web server.

    Raise Refused if ProgImage does not run."""
    environment = _find_environment(state)
    if environment is None:
        raise Refused(
            f"ProgImage does not run with its state in {state.folder}: first run `{state.command('run')}`."
        )
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "manage.py", *arguments], environment)  # noqa: S606


def _find_environment(state: State) -> dict[str, str] | None:
    """Return the environment of a running process of the server, or None."""
    for process in find_marked(state.mark):
        environment = process.environ()
        if "PUBLIC_URL" in environment:
            return environment
    return None


def _check_port(port: int, state: State) -> None:
    """Raise Refused if the port is taken. granian would share the port without a warning."""
    with socket() as listener:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  # accepts a port whose old connections are closing
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise Refused(
                f"Port {port} cannot be used ({error.strerror}): choose another port with "
                f"`{state.command('run')} PORT={port + 1}`."
            ) from error


def _manage(state: State, environment: dict[str, str], *arguments: str) -> None:
    """Run a management command. If it fails, raise Refused with its output. A traceback goes to a file."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
    )
    if not done.returncode:
        return
    output = done.stdout.strip()
    if "Traceback (most recent call last)" in output:
        log = state.private_folder("log") / "manage.log"
        log.write_text(f"{output}\n")
        output = f"{output.splitlines()[-1]} (the rest is in {log})"
    raise Refused(f"`manage.py {arguments[0]}` failed: {output}")


def _wait_until_ready(port: int, watched: Sequence[Process]) -> None:
    last_response = "none"
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        for process in watched:
            process.check()
        connection = HTTPConnection(HOST, port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            last_response = f"{response.status} {response.read(500).decode(errors='replace')}"
        except (OSError, HTTPException):
            time.sleep(0.1)
            continue
        finally:
            connection.close()
        if response.status == 200:
            return
        time.sleep(0.5)
    raise Refused(
        f"The web server was not ready within {READY_TIMEOUT_S:g} s; /readyz responded: {last_response}"
    )


def _welcome(state: State, url: str, values: dict[str, str]) -> None:
    curl, password = _credentials(state, values)
    public_url = values["PROGIMAGE_URL"]
    image = f"{public_url}/images/{values['PROGIMAGE_SAMPLE_ID']}"
    file_field = shlex.quote(f"file=@{SAMPLE}")
    say(
        f"""
ProgImage listens on {url}, its state is in {state.folder}.
Admin: {public_url}/admin/ (user admin, password {password})
Upload an image, fetch one as WebP, fetch a thumbnail of 300 px:

  {curl} -F {file_field} {public_url}/images
  {curl} -o sample.webp {image}.webp
  {curl} -o thumbnail.jpg '{image}.jpg?w=300&h=300&fit=cover'

Ctrl-C or `{state.command("stop")}` ends it.
"""
    )


def _credentials(state: State, values: dict[str, str]) -> tuple[str, str]:
    """Return curl with the API key, and the password. If others than the user may read the output, as in the
    log of a service, both name the file of the secrets instead."""
    if sys.stdout.isatty():
        header = f"Authorization: Bearer {values['PROGIMAGE_API_KEY']}"
        return f"curl -H '{header}'", values["PROGIMAGE_ADMIN_PASSWORD"]
    env_file = state.folder / "env"
    api_key = f"$(. {shlex.quote(str(env_file))}; echo $PROGIMAGE_API_KEY)"
    return f'curl -H "Authorization: Bearer {api_key}"', f"PROGIMAGE_ADMIN_PASSWORD in {env_file}"


def _watch(watched: Sequence[Process]) -> None:
    while True:
        for process in watched:
            process.check()
        time.sleep(0.2)


def _stop_together(children: Sequence[Process]) -> None:
    _say("stopping")
    for child in children:
        child.send()
    for child in children:
        child.stop()


def _read_lines(env_file: Path) -> dict[str, str]:
    lines = shlex.split(env_file.read_text(), comments=True)
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _start(name: str, *arguments: str, environment: dict[str, str]) -> Process:
    return Process(name=name, argv=[sys.executable, "-m", *arguments], env=environment, cwd=ROOT)


def _exit(*args: object) -> None:
    """Leave `run` by its context managers, once: a second Ctrl-C must not interrupt the shutdown."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


def _say(progress: str) -> None:
    say(f"ProgImage: {progress}")
