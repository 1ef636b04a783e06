"""Temporary files are gone when a request has ended."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


def test_temporary_files_are_gone(api: Api, settings: Any, tmp_path: Any) -> None:
    settings.TEMP_DIR = tmp_path
    api.stored(PNG)
    api.upload(b"no image")
    api.upload_form(file=SimpleUploadedFile("x.png", io.BytesIO(PNG).read()))
    assert list(tmp_path.iterdir()) == []
