"""`make run`: start the services, the web server and the worker, watch them, and end them all together.

honcho was measured and left: it knows neither readiness nor which process failed, and leaves children of
children behind."""

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

from . import Refused, say, services
from .processes import MARK, Process, find_marked
from .state import State

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "images" / "sample.jpg"
HOST = "127.0.0.1"
# Twice RENDITION_WAITERS: half of the threads may wait for renders, the other half is always free for hits.
WEB = (
    *("granian", "config.wsgi:application", "--interface=wsgi", f"--host={HOST}", "--no-access-log"),
    *("--workers=2", "--blocking-threads=128", "--respawn-failed-workers", "--workers-kill-timeout=10"),
)
# Threads, because Celery's prefork children may have no children, and rendering has.
WORKER = (
    *("celery", "--app=config", "--quiet", "worker", "--pool=threads", "--beat", "--loglevel=info"),
    *("--without-gossip", "--without-mingle"),  # there is no other worker to talk to
)
# Six lines in front of whoever starts as root, who knows.
QUIET = "ignore:You're running the worker with superuser"
READY_TIMEOUT_S = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(state: State, *, port: int, storage: str) -> None:
    """Run ProgImage until it is stopped. Raises Refused when it cannot start or a process of it ends."""
    url = f"http://{HOST}:{port}"
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, _leave)
    with state.locked(url), ExitStack() as running:
        services.stop_leftovers(state)
        _check_port(port, state)
        running.callback(services.stop_leftovers, state)
        chosen = services.choose(state, storage)
        _say(f"starting {', '.join(type(each).__name__ for each in chosen) or 'no service of its own'}")
        started = services.start(chosen, running)
        environment = services.build_environment(state, url, started)
        environment |= {MARK: state.mark, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": QUIET}
        _say("preparing the database")
        _manage(state, environment | {"DATABASE_STATEMENT_TIMEOUT_MS": "0"}, "migrate", "--no-input")
        env_file = state.folder / "env"
        _manage(state, environment, "bootstrap", "--env-file", str(env_file), "--url", url)
        _say("starting the web server and the worker")
        schedule = state.private_folder("worker") / "schedule"
        children = [
            _start("web", *WEB, f"--port={port}", environment=environment),
            _start("worker", *WORKER, f"--schedule={schedule}", environment=environment),
        ]
        running.callback(_stop_together, children)
        watched = [*children, *(service.process for service in started if service.process)]
        _wait_until_ready(port, watched)
        _welcome(state, url, _read_lines(env_file))
        _watch(watched)


def stop(state: State) -> None:
    """End the supervisor of this state folder, or what a killed one has left."""
    pid = state.find_supervisor()
    if not pid:
        with state.locked("its way to stop"):
            found = services.stop_leftovers(state)
        _say("stopped what an earlier run left" if found else "nothing was running")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + READY_TIMEOUT_S
    while state.find_supervisor() == pid:
        if time.monotonic() > deadline:
            raise Refused(
                f"ProgImage does not stop: end it with `kill -9 {pid}`, then `{state.command('stop')}`."
            )
        time.sleep(0.05)
    _say("stopped")


def manage(state: State, arguments: Sequence[str]) -> NoReturn:
    """Become a management command with the environment of the web server that runs. Raises Refused."""
    found = (process.environ() for process in find_marked(state.mark))
    environment = next((each for each in found if "PUBLIC_URL" in each), None)
    if environment is None:
        raise Refused(f"ProgImage does not run with its state in {state.folder}: `{state.command('run')}`.")
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "manage.py", *arguments], environment)  # noqa: S606


def _check_port(port: int, state: State) -> None:
    """Raise Refused where the port is taken: granian would share it in silence."""
    with socket() as listener:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  # connections that are ending do not count
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise Refused(
                f"Port {port} cannot be used ({error.strerror}): choose another with "
                f"`{state.command('run')} PORT={port + 1}`."
            ) from error


def _manage(state: State, environment: dict[str, str], *arguments: str) -> None:
    """Run a management command. Raises Refused with what it says; a traceback stays in a file."""
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
    said = done.stdout.strip()
    if "Traceback (most recent call last)" in said:
        log = state.private_folder("log") / "manage.log"
        log.write_text(f"{said}\n")
        said = f"{said.splitlines()[-1]} (the rest is in {log})"
    raise Refused(f"`manage.py {arguments[0]}` failed: {said}")


def _wait_until_ready(port: int, watched: Sequence[Process]) -> None:
    answer = "none"
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        for process in watched:
            process.check()
        connection = HTTPConnection(HOST, port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            answer = f"{response.status} {response.read(500).decode(errors='replace')}"
        except (OSError, HTTPException):
            time.sleep(0.1)
            continue
        finally:
            connection.close()
        if response.status == 200:
            return
        time.sleep(0.5)
    raise Refused(f"The web server was not ready within {READY_TIMEOUT_S:g} s; /readyz answered: {answer}")


def _welcome(state: State, url: str, kept: dict[str, str]) -> None:
    key = f"curl -H 'Authorization: Bearer {kept['PROGIMAGE_API_KEY']}'"
    image = f"{url}/images/{kept['PROGIMAGE_SAMPLE_ID']}"
    say(
        f"""
ProgImage listens on {url}, its state is in {state.folder}.
Admin: {url}/admin/ (user admin, password {kept["PROGIMAGE_ADMIN_PASSWORD"]})
Upload an image, fetch one as WebP, make a thumbnail of 300 px:

  {key} -F {shlex.quote(f"file=@{SAMPLE}")} {url}/images
  {key} -o sample.webp {image}.webp
  {key} -o thumbnail.jpg '{image}.jpg?w=300&h=300&fit=cover'

Ctrl-C or `{state.command("stop")}` ends it.
"""
    )


def _watch(watched: Sequence[Process]) -> None:
    while True:
        for process in watched:
            process.check()
        time.sleep(0.2)


def _stop_together(children: Sequence[Process]) -> None:
    _say("stopping")
    for child in children:
        child.ask()
    for child in children:
        child.stop()


def _read_lines(env_file: Path) -> dict[str, str]:
    lines = shlex.split(env_file.read_text(), comments=True)
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _start(name: str, *arguments: str, environment: dict[str, str]) -> Process:
    return Process(name=name, argv=[sys.executable, "-m", *arguments], env=environment, cwd=ROOT)


def _leave(*_: object) -> None:
    """Unwind, once: a second Ctrl-C must not interrupt the stopping."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


def _say(progress: str) -> None:
    say(f"ProgImage: {progress}")
