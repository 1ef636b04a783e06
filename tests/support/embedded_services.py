"""Embedded services in a state folder of one test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.local import embedded_services, postgres
from config.local.state import State
from tests.support.servers import S3_MISSING_REASON

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives Postgres to another user")
needs_s3 = pytest.mark.skipif(S3_MISSING_REASON is not None, reason=str(S3_MISSING_REASON))


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make the folder of root's Postgres for state folders that the user nobody cannot reach, as pytest's are."""
    folder = Path(tempfile.mkdtemp(prefix="progimage-elsewhere-"))
    folder.chmod(0o711)
    monkeypatch.setattr(postgres, "FALLBACK_FOLDER", folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "state of mine")
    yield state
    embedded_services.stop_leftovers(state)


def connect(server: postgres.Postgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.environment["DATABASE_URL"], autocommit=True)
