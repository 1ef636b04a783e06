"""Temporary files are gone when a request has ended, or an hour after its process was killed."""

import io
import os
import time
from pathlib import Path
from typing import Any

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


def test_files_of_killed_processes_are_swept(settings: Any, tmp_path: Path) -> None:
    """Only those that are an hour old: another process may use a younger one."""
    settings.TEMP_DIR = tmp_path
    for name, age_s in {"progimage-young": 3_500, "another's": 9_999, "progimage-old": 3_700}.items():
        path = tmp_path / name
        path.touch()
        moment = time.time() - age_s
        os.utime(path, (moment, moment))
    temporary_files._sweep_again()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another's", "progimage-young"]


def test_servers_and_workers_keep_it_swept() -> None:
    """Each machine has a folder of its own."""
    code = "import threading; {}; assert [it for it in threading.enumerate() if it.name == 'temporary files']"
    for start in (
        "import config.wsgi",
        "import django; django.setup(); from celery.signals import worker_ready; worker_ready.send(None)",
    ):
        environment = COMPLETE | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        assert run(["-c", code.format(start)], **environment) == (0, "")
