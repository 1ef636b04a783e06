"""`make run` and `make stop` as users meet them: lines that work when pasted, one sentence per refusal."""

import json
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import psutil
import pytest

import progimage
from config.local import embedded_services, supervisor
from config.local.processes import find_marked, free_ports
from config.local.state import State

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / "config" / "local" / "venv.sh"
SETTINGS = ("DATABASE_URL", "VALKEY_URL", "SECRET_KEY", "PUBLIC_URL", "ALLOWED_HOSTS", "STORAGE_ROOT")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state of mine")
    yield state
    embedded_services.stop_leftovers(state)
    embedded_services.make_postgres(state).remove()


def run_local(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m config.local` to its end, in an environment that names no service."""
    argv = [sys.executable, "-m", "config.local", *map(str, arguments)]
    return subprocess.run(
        argv, cwd=ROOT, env=bare() | environment, capture_output=True, text=True, timeout=90, check=False
    )


def bare() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in SETTINGS and not name.startswith(("S3_", "DJANGO_"))
    }


def assert_one_sentence(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert done.returncode == 1, done
    assert done.stderr.startswith("ProgImage: ")
    assert done.stderr.count("\n") == 1
    for part in parts:
        assert part in done.stderr


def test_a_taken_port_is_named_with_the_next_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_local("run", "--port", str(port), "--var", tmp_path / "a b")
    assert_one_sentence(done, f"Port {port} ", f"`make run VAR='{tmp_path}/a b' PORT={port + 1}`")


def test_a_second_start_says_where_the_first_runs(state: State) -> None:
    with state.locked("http://127.0.0.1:1234"):
        done = run_local("run", "--port", str(free_ports(1)[0]), "--var", state.folder)
    assert_one_sentence(done, "already runs on http://127.0.0.1:1234", f"`make stop VAR='{state.folder}'`")


def test_stop_where_nothing_runs(state: State, tmp_path: Path) -> None:
    for folder in (state.folder, tmp_path / "missing"):
        done = run_local("stop", "--var", folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert "nothing was running" in done.stdout
    assert not (tmp_path / "missing").exists()


def test_manage_where_nothing_runs(state: State) -> None:
    done = run_local("manage", "--var", state.folder, "reconcile", "--fix")
    assert_one_sentence(done, "does not run", f"`make run VAR='{state.folder}'`")


def run_venv(tmp_path: Path, **pythons: str) -> subprocess.CompletedProcess[str]:
    """Run venv.sh with these shell scripts as the only interpreters."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, script in pythons.items():
        (tools / name.replace("_", ".")).write_text(f"#!/bin/sh\n{script}\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (tools / "cat").symlink_to(shutil.which("cat") or "/bin/cat")
    return subprocess.run(
        ["/bin/sh", VENV, "local"],
        cwd=tmp_path,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("pythons", "parts"),
    [
        pytest.param({}, ["no Python 3 was found", "`apt-get install python3 python3-venv`"], id="no python"),
        pytest.param(
            {"python3": "case $1 in -V) echo Python 3.9.2;; *) exit 1;; esac", "python3_13": "exit 127"},
            ["3.11 or later is needed but Python 3.9.2 was found", "PYTHON="],
            id="old python",
        ),
        pytest.param(
            {"python3_12": "case $2 in *ensurepip*) exit 1;; esac; case $1 in -V) echo Python 3.12.1;; esac"},
            ["Python 3.12.1 has no venv module", "`apt-get install python3-venv`"],
            id="no venv module",
        ),
    ],
)
def test_venv_refuses_in_one_sentence(tmp_path: Path, pythons: dict[str, str], parts: list[str]) -> None:
    assert_one_sentence(run_venv(tmp_path, **pythons), *parts)
    assert not (tmp_path / ".venv").exists()


@pytest.mark.slow
def test_the_environment_has_the_client_in_any_directory(tmp_path: Path) -> None:
    checkout = tmp_path / "a checkout"
    (checkout / "requirements").mkdir(parents=True)
    (checkout / "requirements" / "none.txt").touch()
    (checkout / "progimage").symlink_to(ROOT / "progimage")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for _ in range(2):
        subprocess.run(
            ["/bin/sh", VENV, "none"],
            cwd=checkout,
            env=os.environ | {"PYTHON": sys.executable},
            check=True,
        )
    code = "import sys; from progimage import Transform, __version__; print(__version__); print(*sys.path, sep=chr(10))"
    done = subprocess.run(
        [checkout / ".venv" / "bin" / "python", "-c", code],
        cwd=elsewhere,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    version, *folders = done.stdout.splitlines()
    assert version == progimage.__version__
    assert folders.count(str(checkout)) == 1


def test_printed_lines_use_the_address_of_the_clients(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {
        "PROGIMAGE_URL": "https://images.example.com",
        "PROGIMAGE_API_KEY": "pi_key",
        "PROGIMAGE_ADMIN_PASSWORD": "password",
        "PROGIMAGE_SAMPLE_ID": "0",
    }
    supervisor._welcome(state, "http://127.0.0.1:8000", values)
    printed = capsys.readouterr().out
    assert "ProgImage listens on http://127.0.0.1:8000," in printed
    assert "Admin: https://images.example.com/admin/" in printed
    curls = [line for line in printed.splitlines() if line.startswith("  curl ")]
    assert len(curls) == 3
    assert all("https://images.example.com/images" in line for line in curls)


class Run:
    """`make run` as a user sees it: its lines, until it is ready."""

    def __init__(self, folder: Path, *, port: int) -> None:
        argv = [sys.executable, "-m", "config.local", "run", "--port", str(port), "--var", str(folder)]
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env=bare(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._reader = Thread(target=self._read)
        self._reader.start()
        while not any("ends it" in line for line in self.lines):
            assert self._reader.is_alive(), "".join(self.lines)
            time.sleep(0.05)

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            self.lines.extend(output)

    @property
    def curls(self) -> list[str]:
        return [line.strip() for line in self.lines if line.startswith("  curl ")]

    def paste(self, number: int, *, cwd: Path) -> None:
        """Run one of the three lines as it was printed, with its errors shown."""
        line = self.curls[number].replace("curl ", "curl -sS --fail-with-body ", 1)
        done = subprocess.run(line, shell=True, cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}\n{''.join(self.lines)}"

    def wait(self) -> int:
        """Return the exit code, once everything that it started has closed its output."""
        code = self.process.wait(30)
        self._reader.join(30)
        return code


@pytest.fixture
def run(state: State) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(port: int) -> Run:
        runs.append(Run(state.folder, port=port))
        return runs[-1]

    yield start
    embedded_services.stop_leftovers(state)
    for each in runs:
        each.process.terminate()
        each.wait()


@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
def test_secrets_are_printed_to_a_terminal_alone(
    state: State, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    values = {
        "PROGIMAGE_URL": "http://127.0.0.1:8000",
        "PROGIMAGE_API_KEY": "pi_key.secret",
        "PROGIMAGE_ADMIN_PASSWORD": "swordfish",
        "PROGIMAGE_SAMPLE_ID": "an-id",
    }
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    supervisor._welcome(state, "http://127.0.0.1:8000", values)
    printed = capsys.readouterr().out
    assert [secret in printed for secret in ("pi_key.secret", "swordfish")] == [is_terminal, is_terminal]
    assert (f"PROGIMAGE_ADMIN_PASSWORD in {state.folder}/env" in printed) != is_terminal


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="curl pastes the lines")
def test_make_run_end_to_end(state: State, run: Callable[..., Run], tmp_path: Path) -> None:
    """The printed lines work, SIGKILL loses nothing and leaves nothing, and a stop leaves no process."""
    (port,) = free_ports(1)
    first = run(port)
    for number in range(3):
        first.paste(number, cwd=tmp_path)
    assert (tmp_path / "sample.webp").read_bytes()[8:12] == b"WEBP"
    assert (tmp_path / "thumbnail.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    assert stat.S_IMODE((state.folder / "env").stat().st_mode) == 0o600
    secrets = shlex.split((state.folder / "env").read_text())
    values = dict(word.split("=", 1) for word in secrets)
    for name in ("PROGIMAGE_ADMIN_PASSWORD", "PROGIMAGE_API_KEY"):
        assert values[name] not in "".join(first.lines), f"{name} went into a pipe"

    done = run_local("manage", "--var", state.folder, "reconcile", "--json", "--sample", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["checks"]["originals that are missing from storage"]["found"] == 0
    assert run_local("manage", "--var", state.folder, "reconcile", "--account", "nobody").returncode == 2

    left = find_marked(state.mark)
    first.process.kill()
    second = run(port)
    assert first.wait() == -signal.SIGKILL
    assert not any(process.is_running() for process in left)
    assert second.curls == first.curls
    second.paste(1, cwd=tmp_path)

    assert run_local("stop", "--var", state.folder).returncode == 0
    assert second.wait() == 0
    assert not find_marked(state.mark)
    assert not embedded_services.stop_leftovers(state)


@pytest.mark.slow
def test_a_child_that_dies_ends_all(state: State, run: Callable[..., Run]) -> None:
    started = run(free_ports(1)[0])
    children = psutil.Process(started.process.pid).children()
    (worker,) = [child for child in children if "celery" in child.cmdline()]
    worker.kill()
    assert started.wait() == 1
    assert started.lines[-1].startswith("ProgImage: worker ended unexpectedly with exit code -9")
    assert not find_marked(state.mark)


@pytest.mark.slow
def test_a_missing_setting_stops_the_start_with_its_name(state: State, tmp_path: Path) -> None:
    server = embedded_services.make_postgres(state)
    server.start()
    done = run_local(
        "run", "--port", str(free_ports(1)[0]), "--var", state.folder.parent / "other", **server.environment
    )
    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr
    assert server.process
    assert server.process.is_running()
    server.stop()
