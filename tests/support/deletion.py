"""Helpers of tests that delete images and sweep."""

import uuid
from datetime import timedelta
from typing import Any

from images import tasks
from images.storage import originals
from progimage.errors import Unavailable
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")
LONG_AGO = timedelta(days=30)


def delete(api: Api, path: str, query: str = "") -> int:
    status: int = api.request("DELETE", f"{path}{query}").status_code
    return status


def statuses(api: Api, path: str) -> set[int]:
    """Return the statuses that the owner of an image receives at every address of it."""
    addresses = (path, f"{path}.json", f"{path}.png", f"{path}.webp?w=9", f"{path}/renditions")
    return {api.get(address).status_code for address in addresses}


def is_there(name: str) -> bool:
    return originals().find_object(name) is not None


def id_of(path: str) -> uuid.UUID:
    return uuid.UUID(path.rpartition("/")[2])


def sweep(name: str) -> int:
    return tasks.sweep().get(name, 0)


def refuse(*_: Any) -> None:
    raise Unavailable("away")
