"""Storing an upload when the storage fails."""

from typing import Any

import pytest

from images.models import Image
from images.storage import ObjectStorage
from progimage.errors import Unavailable
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


def test_storage_that_fails_leaves_a_pending_row_and_no_image(
    api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-1: never 201, never ready without bytes."""

    def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable("The storage does not answer", retry_after_s=5)

    monkeypatch.setattr(type(storage), "put", refuse)
    answer = api.upload(PNG)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    pending = Image.objects.get()
    assert pending.state == Image.State.PENDING
    assert api.get(f"/images/{pending.id}").status_code == 404
