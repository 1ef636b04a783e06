"""Renditions ahead of their first visitor: requests for them, and a worker in this process."""

import json
from typing import Any

from images import tasks
from images.services.worker_messages import outbox
from tests.conftest import Api

WEBP = "w=30&h=20&fit=cover&format=webp"


def ask_ahead(api: Api, path: str, *transforms: object) -> Any:
    """POST a request for renditions of an image."""
    content = json.dumps({"transforms": transforms}).encode()
    return api.request("POST", f"{path}/renditions", data=content, content_type="application/json")


def told() -> list[int]:
    """Return the ids of the renditions that workers are told of, and forget them."""
    return outbox.take_ids()


def work() -> None:
    """Do what the workers are told."""
    tasks.make_renditions(told())
