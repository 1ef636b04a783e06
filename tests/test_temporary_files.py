"""Temporary files are gone when a request has ended, or an hour after its process was killed."""

import io
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from images import temporary_files
from tests.conftest import Api
from tests.support import images as made
from tests.support.starts import COMPLETE, run

PNG = made.encoded("png")


def test_temporary_files_are_gone(api: Api, settings: Any, tmp_path: Any) -> None:
    settings.TEMP_DIR = tmp_path
    api.stored(PNG)
    api.upload(b"no image")
    api.upload_form(file=SimpleUploadedFile("x.png", io.BytesIO(PNG).read()))
    assert list(tmp_path.iterdir()) == []


def test_files_of_killed_processes_are_swept_again_and_again(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those that are an hour old: another process may use a younger one."""
    settings.TEMP_DIR = tmp_path
    sweeps: list[list[str]] = []

    def pause(seconds: float) -> None:
        if len(sweeps) == 2:
            raise SystemExit
        sweeps.append(sorted(path.name for path in tmp_path.iterdir()))
        leave("progimage-old", age_s=3_700)

    def leave(name: str, *, age_s: float) -> None:
        path = tmp_path / name
        path.touch()
        moment = time.time() - age_s
        os.utime(path, (moment, moment))

    leave("progimage-young", age_s=3_500)
    leave("another's", age_s=9_999)
    monkeypatch.setattr(temporary_files, "time", SimpleNamespace(sleep=pause, time=time.time))
    with pytest.raises(SystemExit):
        temporary_files._sweep_for_ever()
    assert sweeps == [["another's", "progimage-young"]] * 2
    assert not (tmp_path / "progimage-old").exists()


def test_servers_and_workers_keep_it_swept() -> None:
    """Each machine has a folder of its own."""
    code = "import threading; {}; assert [it for it in threading.enumerate() if it.name == 'temporary files']"
    for start in (
        "import config.wsgi",
        "import django; django.setup(); from celery.signals import worker_ready; worker_ready.send(None)",
    ):
        environment = COMPLETE | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        assert run(["-c", code.format(start)], **environment) == (0, "")
