"""Images with facts, and how tests read the list of images."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from accounts.models import Account
from images.ids import uuid7
from images.models import Image, Tag
from tests.conftest import Api

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def id_at(moment: datetime) -> UUID:
    """An id of version 7 as it was made at `moment`."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | uuid7().int & ((1 << 80) - 1))


def add(account: Account, *, minute: float = 0, tags: tuple[str, ...] = (), **facts: Any) -> Image:
    moment = START + timedelta(minutes=minute)
    plain = {"format": "png", "width": 40, "height": 30, "frames": 1, "size_bytes": 1_000, "sha256": "0" * 64}
    defaults = {"has_alpha": False, "orientation": 1, "state": "ready", "created_at": moment}
    image_id = id_at(moment)
    defaults["ready_id"] = image_id
    image = Image.objects.create(id=image_id, account=account, **plain | defaults | facts)
    Tag.objects.bulk_create(
        Tag(account=account, image=image, name=name, ready_id=image.ready_id) for name in tags
    )
    return image


def listed(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.get(f"/images?{urlencode(query, doseq=True)}")
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def ledger(api: Api, path: str, query: str = "") -> Any:
    """Return a page of the list of an image's renditions."""
    answer = api.get(f"{path}/renditions{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def names(page: dict[str, Any]) -> str:
    return "".join(image["filename"] for image in page["images"])


def read_all(api: Api, **query: Any) -> list[str]:
    """The ids of all pages, in their order."""
    ids: list[str] = []
    page = listed(api, **query)
    while page["next"]:
        ids += [image["id"] for image in page["images"]]
        page = listed(api, **query, cursor=page["next"])
    return ids + [image["id"] for image in page["images"]]


@pytest.fixture
def five(api: Api, other_api: Api) -> list[Image]:
    """Images a to e, the oldest first. Images of another account, and those that are not ready, are named x."""
    account = api.account
    facts: list[dict[str, Any]] = [
        {"filename": "a", "format": "jpeg", "width": 4_000, "height": 3_000, "tags": ("cat", "dog")},
        {"filename": "b", "size_bytes": 5_000, "metadata": {"shot": {"lens": 50, "iso": 100}}},
        {"filename": "c", "visibility": "public", "tags": ("cat",), "sha256": "ab" * 32},
        {"filename": "d", "width": 800, "height": 600, "orientation": 6, "metadata": {"list": [1, 2]}},
        {"filename": "e", "size_bytes": 5_001, "tags": ("dog", "cat", "emu")},
    ]
    images = [add(account, minute=minute, **fact) for minute, fact in enumerate(facts)]
    for state in ("pending", "deleted", "purging", "purged"):
        add(account, minute=9, filename="x", state=state, tags=("cat",))
    add(other_api.account, minute=9, filename="x", tags=("cat",), metadata={"list": [1, 2]})
    return images
