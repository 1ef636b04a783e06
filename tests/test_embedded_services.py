"""Which services `make run` starts, and the environment that it makes of them."""

import os
import stat

import pytest

from config.local import embedded_services
from config.local.state import State
from tests.support.embedded_services import elsewhere, state

__all__ = ["elsewhere", "state"]


SETTINGS = ("DATABASE_URL", "VALKEY_URL", "SECRET_KEY", "PUBLIC_URL", "ALLOWED_HOSTS", "STORAGE_ROOT")


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no service."""
    for name in os.environ:
        if name in SETTINGS or name.startswith("S3_"):
            monkeypatch.delenv(name)


def test_given_services_are_used_as_they_are(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "VALKEY_URL", "S3_BUCKET"):
        monkeypatch.setenv(name, "given")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("STORAGE_ROOT", raising=False)
    assert embedded_services.choose(state, "s3") == []
    environment = embedded_services.build_environment(state, "http://127.0.0.1:8000", [])
    assert environment["DATABASE_URL"] == "given"
    assert not {"SECRET_KEY", "STORAGE_ROOT"} & environment.keys()


@pytest.mark.slow
@pytest.mark.usefixtures("bare_environment")
def test_embedded_mode_keeps_its_secrets(state: State) -> None:
    server = embedded_services.make_postgres(state)
    server.start()
    environment = embedded_services.build_environment(state, "http://127.0.0.1:8000", [server])
    server.stop()
    assert environment["SECRET_KEY"] == State(state.folder).get_secret("SECRET_KEY")
    assert environment["STORAGE_ROOT"] == str(state.folder / "files")
    assert stat.S_IMODE((state.folder / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("public_url", "hosts"),
    [
        ("", "127.0.0.1,localhost,[::1]"),
        ("https://images.example.com", "127.0.0.1,localhost,[::1],images.example.com"),
        ("http://[fd00::1]:8000", "127.0.0.1,localhost,[::1],[fd00::1]"),
        ("http://[", "127.0.0.1,localhost,[::1]"),
    ],
)
def test_name_by_which_clients_come_is_allowed(
    state: State, monkeypatch: pytest.MonkeyPatch, public_url: str, hosts: str
) -> None:
    monkeypatch.setenv("PUBLIC_URL", public_url)
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    environment = embedded_services.build_environment(state, "http://127.0.0.1:8000", [])
    assert environment["ALLOWED_HOSTS"] == hosts
    assert environment["PUBLIC_URL"] == (public_url or "http://127.0.0.1:8000")
