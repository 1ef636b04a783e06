"""The embedded services: they start anywhere, admit nobody else, keep what they hold, and leave nothing."""

import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.local import Refused, postgres, s3, services
from config.local.processes import MARK, Process, end_marked, find_marked
from config.local.state import State
from tests.support.servers import S3_MISSING_REASON

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SETTINGS = ("DATABASE_URL", "VALKEY_URL", "SECRET_KEY", "PUBLIC_URL", "ALLOWED_HOSTS", "STORAGE_ROOT")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives Postgres to another user")
needs_s3 = pytest.mark.skipif(S3_MISSING_REASON is not None, reason=str(S3_MISSING_REASON))


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where root's Postgres goes when nobody cannot reach the state folder: pytest's folders are such."""
    folder = Path(tempfile.mkdtemp(prefix="progimage-elsewhere-"))
    folder.chmod(0o711)
    monkeypatch.setattr(postgres, "ELSEWHERE", folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state of mine")
    yield state
    services.stop_leftovers(state)


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no service."""
    for name in os.environ:
        if name in SETTINGS or name.startswith("S3_"):
            monkeypatch.delenv(name)


def connect(server: postgres.Postgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.environment["DATABASE_URL"], autocommit=True)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a b 'c' $d", id="spaces and signs of the shell"),
        pytest.param("/".join(["x" * 60] * 5), id="300 characters"),
    ],
)
def test_postgres_starts_in_any_folder(name: str, tmp_path: Path) -> None:
    server = services.make_postgres(State(tmp_path / name), durable=False)
    server.start()
    with connect(server) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert server.stop()
    assert not server.stop()


def test_postgres_admits_nobody_else(state: State) -> None:
    server = services.make_postgres(state, durable=False)
    server.start()
    folder = (server.home / "socket").resolve()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for url in ("", "wrong@"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgres://progimage:{url or '@'}/progimage", host=str(folder))
    server.stop()
    assert not folder.exists()


def test_left_over_postgres_is_stopped_and_its_rows_stay(state: State) -> None:
    killed = services.make_postgres(state)
    killed.start()
    with connect(killed) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    server = services.make_postgres(state)
    server.start()
    with connect(server) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    assert killed.process
    assert not killed.process.is_running()
    server.stop()


def test_postgres_starts_after_its_own_death(state: State) -> None:
    server = services.make_postgres(state)
    server.start()
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    server.start()
    connect(server).close()
    server.stop()


def test_another_process_with_its_number_is_left_alone(state: State) -> None:
    server = services.make_postgres(state, durable=False)
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    server.start()
    server.stop()


@as_root
def test_root_changes_no_permission_outside_the_state_folder(tmp_path: Path, elsewhere: Path) -> None:
    private = tmp_path / "of root alone"
    private.mkdir(mode=0o700)
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in (private, *private.parents)]
    server = services.make_postgres(State(private / "var"), durable=False)
    server.start()
    assert server.data.stat().st_uid != 0
    assert server.home.is_relative_to(elsewhere)
    assert (private / "var" / "postgres").readlink() == server.home
    server.remove()
    assert not server.home.exists()
    assert before == [(path, path.stat().st_mode, path.stat().st_uid) for path in (private, *private.parents)]


@as_root
def test_programs_that_nobody_cannot_reach_are_copied(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    may_use = postgres.Postgres._may_use
    monkeypatch.setattr(
        postgres.Postgres,
        "_may_use",
        lambda self, path: "site-packages" not in path.parts and may_use(self, path),
    )
    server = services.make_postgres(state, durable=False)
    server.start()
    assert server._programs.is_relative_to(server.home)
    connect(server).close()
    server.stop()


def test_valkey_wants_the_password_and_listens_on_loopback(state: State) -> None:
    server = services.make_valkey(state)
    server.start()
    url = server.environment["VALKEY_URL"]
    with redis.Redis.from_url(url) as client:
        assert client.ping()
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    with (
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    server.stop()
    assert not find_marked(state.mark)


@needs_s3
def test_s3_keeps_its_objects_when_it_is_killed(state: State) -> None:
    server = services.make_s3(state)
    server.start()
    assert server.process
    s3_client(server.environment).put_object(Bucket="progimage", Key="a b/c", Body=b"kept", IfNoneMatch="*")
    server.process._popen.kill()
    server.process.stop()
    again = services.make_s3(state)
    again.start()
    assert s3_client(again.environment).get_object(Bucket="progimage", Key="a b/c")["Body"].read() == b"kept"
    assert stat.S_IMODE((again.home / "s3.json").stat().st_mode) == 0o600
    (weed,) = find_marked(f"{state.mark}{s3.MARK_SUFFIX}")
    assert {each.laddr.ip for each in weed.net_connections("tcp") if not each.raddr} == {"127.0.0.1"}
    again.stop()


def s3_client(environment: Mapping[str, str]) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        region_name=environment["S3_REGION"],
    )


def test_children_of_children_are_ended_by_their_mark(tmp_path: Path) -> None:
    script = "sleep 60 & trap '' TERM; setsid sleep 61 & sleep 62"
    unwilling = Process(
        name="a", argv=["sh", "-c", script], env={MARK: "test-a", "PATH": os.defpath}, cwd=tmp_path
    )
    other = Process(name="b", argv=["sleep", "60"], env={MARK: "test-b", "PATH": os.defpath}, cwd=tmp_path)
    while len(find_marked("test-a")) < 4:
        time.sleep(0.01)
    end_marked("test-a", timeout_s=0.2)
    assert not find_marked("test-a")
    unwilling.stop()
    assert other.is_running()
    other.stop()


def test_given_services_are_used_as_they_are(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "VALKEY_URL", "S3_BUCKET"):
        monkeypatch.setenv(name, "given")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("STORAGE_ROOT", raising=False)
    assert services.choose(state, "s3") == []
    environment = services.build_environment(state, "http://127.0.0.1:8000", [])
    assert environment["DATABASE_URL"] == "given"
    assert not {"SECRET_KEY", "STORAGE_ROOT"} & environment.keys()


@pytest.mark.usefixtures("bare_environment")
def test_embedded_mode_keeps_its_secrets(state: State) -> None:
    server = services.make_postgres(state)
    server.start()
    environment = services.build_environment(state, "http://127.0.0.1:8000", [server])
    server.stop()
    assert environment["SECRET_KEY"] == State(state.folder).get_secret("SECRET_KEY")
    assert environment["STORAGE_ROOT"] == str(state.folder / "files")
    assert stat.S_IMODE((state.folder / "secrets.json").stat().st_mode) == 0o600


def test_a_copy_of_a_state_folder_has_another_mark(state: State, tmp_path: Path) -> None:
    mark = state.mark
    shutil.copytree(state.folder, tmp_path / "copy")
    assert State(tmp_path / "copy").mark != mark


def test_a_folder_that_everybody_writes_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(Refused, match=r"chmod o-w"):
        State(tmp_path)
