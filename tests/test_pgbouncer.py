"""Behind PgBouncer with pooled transactions, as docs/deploying.md describes it: the service works, and limits that do not
hold are reported."""

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.db import connection

from config.local.processes import free_ports
from config.local.supervisor import ROOT
from images.delivery.change_listener import ChangeListener
from images.delivery.invalidation import Changes
from tests.conftest import make_api
from tests.support import images as made
from tests.support.granian_server import run_granian
from tests.support.programs import find_program, running
from tests.support.servers import make_storage_root
from tests.support.starts import COMPLETE, run
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PNG = made.encoded("png")


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of the tests' database through PgBouncer, with the settings of docs/deploying.md."""
    program = find_program("pgbouncer")
    direct = urlsplit(os.environ["DATABASE_URL"])
    (port,) = free_ports(1)
    # root's PgBouncer runs as nobody, who must get there
    folder = Path("/tmp") / f"progimage-pgbouncer-{port}"
    folder.mkdir(mode=0o755)
    users = folder / "users.txt"
    users.write_text(f'"{direct.username}" "{direct.password}"\n')
    lines = documented_lines() if getattr(request, "param", True) else ["pool_mode = transaction"]
    settings = [
        "[databases]",
        f"* = host={parse_qs(direct.query)['host'][0]} port=5432",
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = plain",
        f"auth_file = {users}",
        f"admin_users = {direct.username}",
        "default_pool_size = 2",
        *lines,
    ]
    (folder / "pgbouncer.ini").write_text("\n".join(settings) + "\n")
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.enter_context(running([program, *user, str(folder / "pgbouncer.ini")], port=port))
        name = connection.settings_dict["NAME"]
        yield f"postgres://{direct.username}:{direct.password}@127.0.0.1:{port}/{name}"


def documented_lines() -> list[str]:
    """The lines of docs/deploying.md that are settings of PgBouncer."""
    text = (ROOT / "docs" / "deploying.md").read_text()
    names = ("pool_mode", "ignore_startup_parameters")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith(names)]
    assert len(lines) == len(names)
    return lines


def documented_statement(role: str) -> str:
    text = (ROOT / "docs" / "deploying.md").read_text()
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("ALTER ROLE progimage ")]
    assert len(lines) == 3
    return " ".join(lines).replace("ALTER ROLE progimage ", f'ALTER ROLE "{role}" ')


def reconnect(url: str) -> None:
    """Let PgBouncer make its connections to Postgres anew."""
    console = urlsplit(url)._replace(path="/pgbouncer").geturl()
    # The console knows simple queries alone.
    with psycopg.connect(console, autocommit=True, cursor_factory=psycopg.ClientCursor) as administrator:
        administrator.execute("RECONNECT")


def test_service_works(url: str, tmp_path: Path) -> None:
    """More requests at once than PgBouncer has connections, and dates as psycopg reads them."""
    key = make_api("alice").key
    environment = os.environ | {
        "DATABASE_URL": url,
        "S3_BUCKET": "",
        "STORAGE_ROOT": make_storage_root(tmp_path / "files"),
        "TEMP_DIR": str(tmp_path),
    }
    set_date_style("SQL, DMY")
    try:
        with run_granian(tmp_path, environment, key) as server, ThreadPoolExecutor(8) as threads:

            def use(_number: int) -> tuple[int, int]:
                status, _, answer = server.request("POST", "/images", PNG, **{"Content-Type": "image/png"})
                assert status == 201, answer
                path = f"/images/{json.loads(answer)['id']}"
                assert server.request("GET", path)[2] == PNG
                return server.request("GET", f"{path}.webp")[0], server.request("DELETE", path)[0]

            assert set(threads.map(use, range(24))) == {(200, 204)}
            assert server.request("GET", "/images")[0] == 200
    finally:
        set_date_style("ISO, MDY")


def set_date_style(style: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET DateStyle TO {style}')


def test_limits_that_do_not_hold_are_reported(url: str) -> None:
    """The statement of docs/deploying.md sets them."""
    role = urlsplit(url).username or ""
    command = ["manage.py", "check", "--database", "default", "--fail-level", "WARNING"]
    environment = COMPLETE | {"DATABASE_URL": url}
    code, text = run(command, **environment)
    assert code == 1
    assert "run without statement_timeout, lock_timeout, idle_in_transaction_session_timeout" in text
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as direct:
        for statement in documented_statement(role).split(";"):
            direct.execute(statement.encode())
        reconnect(url)
        try:
            assert run(command, **environment)[0] == 0
        finally:
            direct.execute(f'ALTER ROLE "{role}" RESET ALL'.encode())


def test_nothing_is_remembered_without_notifications(
    url: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Pooled transactions deliver none, also not by chance on the session that sends them."""
    settings.DATABASE_LISTEN_URL = url
    changes = Changes()
    listener = ChangeListener(changes)
    listener.start()
    try:
        wait_until(lambda: bool(caplog.records), within_s=10)
        assert "set DATABASE_LISTEN_URL" in caplog.records[0].getMessage()
        assert changes.stamp() is None
    finally:
        listener.stop()


@pytest.mark.parametrize("url", [False], indirect=True)
def test_options_that_it_refuses_are_named(url: str) -> None:
    code, text = run(["manage.py", "migrate", "--check"], **COMPLETE | {"DATABASE_URL": url})
    assert code == 1
    assert text.startswith("PgBouncer refuses our options: add options to its ignore_startup_parameters. (")
