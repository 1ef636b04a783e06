"""Starts of the server and of manage.py, in an environment that a test gives."""

import os
import subprocess
import sys

SERVER = ["-c", "import config.wsgi"]
CHECK = ["manage.py", "check"]
COMPLETE = {
    "SECRET_KEY": "x" * 40,
    "DATABASE_URL": "postgres://u:p@127.0.0.1:1/x",
    "VALKEY_URL": "redis://127.0.0.1:1/0",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1",
    "STORAGE_ROOT": "/nowhere",
}
_KEPT = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")


def run(code: list[str], **environment: str) -> tuple[int, str]:
    """Run Python in this environment alone, and return its exit code and all that it printed."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    done = subprocess.run(
        [sys.executable, *code],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
