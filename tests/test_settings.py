"""A wrong or missing setting stops the start with a sentence that names it."""

import os
import subprocess
import sys

import pytest

NAMES = ("SECRET_KEY", "DATABASE_URL", "VALKEY_URL", "PUBLIC_URL", "ALLOWED_HOSTS", "STORAGE_ROOT")
COMPLETE = {
    "SECRET_KEY": "x" * 40,
    "DATABASE_URL": "postgres://u:p@127.0.0.1:1/x",
    "VALKEY_URL": "redis://127.0.0.1:1/0",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1",
    "STORAGE_ROOT": "/nowhere",
}


def run(code: list[str], **environment: str) -> tuple[int, str]:
    kept = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        [sys.executable, *code], env=kept | environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


SERVER = ["-c", "import config.wsgi"]
CHECK = ["manage.py", "check"]


@pytest.mark.parametrize("code", [SERVER, CHECK], ids=["server", "check"])
def test_complete_environment(code: list[str]) -> None:
    assert run(code, **COMPLETE)[0] == 0


@pytest.mark.parametrize("code", [SERVER, CHECK], ids=["server", "check"])
def test_every_missing_setting_is_named_at_once(code: list[str]) -> None:
    status, text = run(code)
    assert status == 1
    assert all(f"{name}: Environment variable not set." in text for name in NAMES)
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://x/y"),
        ("VALKEY_URL", "localhost:6379"),
        ("PUBLIC_URL", "images.example.com"),
        ("MAX_UPLOAD_BYTES", "25MB"),
        ("MAX_IMAGE_PIXELS", "200000000"),
        ("RENDER_TIMEOUT_S", "0"),
        ("DEBUG", "perhaps"),
        ("LOG_LEVEL", "info"),
        ("DATABASE_URL", "postgres://u:p@h:notaport/x"),
        ("VALKEY_URL", "redis://h:nope/0"),
        ("STORAGE_ROOT", "relative"),
        ("ALLOWED_HOSTS", ""),
        ("RENDER_PROCESSES", "0"),
        ("RENDER_QUEUE", "-5"),
        ("RENDER_SPARE_PROCESSES", "-1"),
        ("TEMP_DIR", "/nowhere"),
        ("FETCH_PORTS", "http"),
        ("FETCH_PORTS", "80,0"),
        ("FETCH_ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("FETCH_DENIED_NETWORKS", "10.0.0.0/8,private"),
    ],
)
def test_wrong_setting_is_named(name: str, value: str) -> None:
    status, text = run(SERVER, **COMPLETE | {name: value})
    assert status == 1
    assert text.startswith(f"{name}: ")
    assert text.count("\n") == 1


def test_half_a_pair_of_s3_keys() -> None:
    status, text = run(SERVER, **COMPLETE | {"S3_BUCKET": "b", "S3_ACCESS_KEY_ID": "x"})
    assert (status, text) == (1, "S3_SECRET_ACCESS_KEY: Environment variable not set.\n")


def test_deploy_checks_are_clean() -> None:
    """AD-2."""
    secure = COMPLETE | {
        "PUBLIC_URL": "https://images.example.com",
        "ALLOWED_HOSTS": "images.example.com",
        "SECRET_KEY": "kJ8s0fLq2mNv4bXc6zAw1eRt3yUi5oPa7sDf9gHj_klZxCvBnM-qWe",
    }
    status, text = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], **secure)
    assert (status, text) == (0, "System check identified no issues (2 silenced).\n")
