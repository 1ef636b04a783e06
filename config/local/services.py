"""Which services of its own a run needs, and the environment in which the server finds them.

What the environment names already (DATABASE_URL, VALKEY_URL, S3_BUCKET) is used as it is."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Protocol

from . import s3
from .postgres import Postgres
from .processes import Process, end_marked
from .s3 import S3
from .state import State
from .valkey import Valkey


class Service(Protocol):
    process: Process | None

    @property
    def environment(self) -> dict[str, str]: ...

    def start(self) -> None: ...

    def stop(self) -> object: ...


def choose(state: State, storage: str) -> list[Service]:
    """Return the services that the environment does not name."""
    candidates = (
        ("DATABASE_URL", True, make_postgres),
        ("VALKEY_URL", True, make_valkey),
        ("S3_BUCKET", storage == "s3", make_s3),
    )
    return [make(state) for name, wanted, make in candidates if wanted and not os.environ.get(name)]


def start(services: Sequence[Service], running: ExitStack) -> Sequence[Service]:
    """Start all at once; `running` stops them, also those that are half started when one fails."""
    for service in services:
        running.callback(service.stop)
    with ThreadPoolExecutor() as pool:
        for started in [pool.submit(service.start) for service in services]:
            started.result()
    return services


def stop_leftovers(state: State) -> bool:
    """End what a killed supervisor has left running, and say whether there was anything."""
    found = end_marked(state.mark) + end_marked(f"{state.mark}{s3.MARK_SUFFIX}", timeout_s=s3.STOP_TIMEOUT_S)
    return make_postgres(state).stop() or found > 0


def build_environment(state: State, url: str, services: Sequence[Service]) -> dict[str, str]:
    """Return the server's environment. Secrets are made for an embedded Postgres alone."""
    given = {name: value for name, value in os.environ.items() if value}
    found = {name: value for service in services for name, value in service.environment.items()}
    defaults = {
        "PUBLIC_URL": url,
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
        "TEMP_DIR": str(state.private_folder("tmp")),
    }
    if "S3_BUCKET" not in given | found:
        defaults["STORAGE_ROOT"] = str(state.private_folder("files"))
    if "DATABASE_URL" in found:
        defaults["SECRET_KEY"] = state.get_secret("SECRET_KEY")
    return defaults | given | found


def make_postgres(state: State, *, durable: bool = True) -> Postgres:
    log = state.private_folder("log") / "postgres.log"
    return Postgres(state=state.folder, password=state.get_secret("postgres"), log=log, durable=durable)


def make_valkey(state: State) -> Valkey:
    log = state.private_folder("log") / "valkey.log"
    password = state.get_secret("valkey")
    return Valkey(home=state.private_folder("valkey"), password=password, mark=state.mark, log=log)


def make_s3(state: State, *, bucket: str = "progimage") -> S3:
    log = state.private_folder("log") / "s3.log"
    secret = state.get_secret("s3")
    return S3(home=state.private_folder("s3"), bucket=bucket, secret=secret, mark=state.mark, log=log)
