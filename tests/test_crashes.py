"""SIGKILL before each effect of a request, one after the other. An image that was acknowledged is never lost, an image
that was deleted never comes back, and reconcile finds and mends all that was left halfway."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import IdempotentRequest
from images.models import Image, Rendition
from images.services import integrity
from images.storage import originals
from tests.conftest import Api, body, make_api, skip_or_fail, use_disk
from tests.support import images as made
from tests.support.crashing import Crashing, crashing
from tests.support.drift import empty, names_in, no_patience, reconcile
from tests.support.servers import S3_MISSING_REASON, make_storage_root

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PNG = made.encoded("png", made.picture(6, 4))


@pytest.fixture(scope="module")
def process(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Crashing]]:
    """Start the process for a kind of storage, once for all tests; files are below the folder `objects`."""
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    files = {"S3_BUCKET": "", "STORAGE_ROOT": make_storage_root(tmp_path_factory.getbasetemp() / "objects")}
    with ExitStack() as running:

        @cache
        def start(kind: str) -> Crashing:
            environment = os.environ | {"DATABASE_URL": url} | (files if kind == "disk" else {})
            return running.enter_context(crashing(environment))

        yield start


@pytest.fixture
def world(
    settings: Any,
    process: Callable[[str], Crashing],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> "World":
    """An account and a process that may be killed. Storage is on disk, unless the test asks for S3."""
    no_patience(settings)
    kind = getattr(request, "param", "disk")
    if kind == "disk":
        use_disk(settings, tmp_path_factory.getbasetemp() / "objects")
    elif S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    empty(originals())
    return World(make_api("alice"), process(kind))


class World:
    """An account's images, and the states that they may have. `gone` has the images whose deletion was acknowledged
    or stands in a row."""

    def __init__(self, api: Api, process: Crashing) -> None:
        self.api, self.process = api, process
        self.acknowledged: set[str] = set()
        self.gone: set[str] = set()

    def stored(self) -> str:
        path = self.api.stored(PNG)
        self.acknowledged.add(path)
        for extension in ("gif", "png"):
            body(self.api.get(f"{path}.{extension}"))
        return path

    def request(self, before_effect: int, method: str, path: str, **options: Any) -> tuple[int, Any] | None:
        headers = {"Authorization": f"Bearer {self.api.key}"} | options.pop("headers", {})
        return self.process.request(before_effect, method, path, headers=headers, **options)

    def upload(self, before_effect: int, headers: dict[str, str], query: str = "") -> str | None:
        """Return the path of the image, or None if the process was killed before it answered."""
        encoded = base64.b64encode(PNG).decode()
        options = {"body": encoded, "content_type": "image/png", "headers": headers}
        answer = self.request(before_effect, "POST", f"/images{query}", **options)
        if answer is None:
            return None
        assert answer[0] == 201, answer
        path = f"/images/{json.loads(answer[1])['id']}"
        self.acknowledged.add(path)
        return path

    def check(self) -> None:
        """Check the promises that hold at any moment, then let reconcile mend the rest."""
        self._check_promises()
        code, _ = reconcile()
        assert (code == 0) == self._is_consistent(), "a dry run finds what there is to find"
        if code:
            if reconcile("--fix")[0]:
                assert reconcile("--fix")[0] == 0
            assert reconcile() == (0, {})
        assert self._is_consistent()
        self._check_promises()

    def _check_promises(self) -> None:
        for image in Image.objects.filter(state="ready"):
            assert integrity.is_intact(image), "ready without its bytes"
        self.gone |= {
            f"/images/{image.pk}" for image in Image.objects.exclude(state__in=("ready", "pending"))
        }
        for path in self.acknowledged - self.gone:
            assert body(self.api.get(path)) == PNG, "an image that was acknowledged is lost"
        for path in self.gone:
            addresses = (path, f"{path}.gif", f"{path}.json")
            assert {self.api.get(address).status_code for address in addresses} == {404}

    def _is_consistent(self) -> bool:
        """Return whether rows and objects are as they would be without any crash. Does not use reconcile."""
        is_settled = set(Image.objects.values_list("state", flat=True)) <= {"ready", "deleted", "purged"}
        kept = {image.storage_name for image in Image.objects.filter(state__in=("ready", "deleted"))}
        derived = Rendition.objects.filter(state="ready", image__state="ready")
        is_derived = derived.count() == Rendition.objects.count()
        return (
            is_settled and is_derived and names_in(originals()) == kept | {it.storage_name for it in derived}
        )


@pytest.mark.parametrize(
    ("world", "query", "least"),
    [
        pytest.param("disk", "", 6, id="disk: the row, two syncs and a link, the row"),
        pytest.param("s3", "", 3, id="s3: the row, the put, the row"),
        pytest.param("disk", "?tags=a,b&metadata={}", 9, id="disk, in a transaction with tags"),
    ],
    indirect=["world"],
)
def test_upload(world: World, query: str, least: int) -> None:
    kills = 0
    while world.upload(kills + 1, {}, query) is None:
        kills += 1
        world.check()
    world.check()
    assert kills > least
    assert Image.objects.count() == Image.objects.filter(state="ready").count()


def test_upload_that_is_sent_again(world: World) -> None:
    """I-4, F-3: with the same Idempotency-Key it makes one image, whether reconcile came first or not."""
    kills = 0
    while world.upload(kills + 1, {"Idempotency-Key": f"key {kills}"}) is None:
        if kills % 2:
            world.check()
        IdempotentRequest.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
        assert world.upload(0, {"Idempotency-Key": f"key {kills}"})
        world.check()
        kills += 1
        assert Image.objects.count() == kills
    assert kills > 9


@pytest.mark.parametrize(
    ("query", "state", "least"), [("", "deleted", 7), ("?purge=true", "purged", 9)], ids=["delete", "purge"]
)
def test_deletion(world: World, query: str, state: str, least: int) -> None:
    """P-3: an image whose row was marked as deleted stays deleted, and its renditions go."""
    kills = 0
    while (answer := world.request(kills + 1, "DELETE", f"{world.stored()}{query}")) is None:
        kills += 1
        world.check()
    assert (answer[0], kills > least) == (204, True)
    world.check()
    states = list(Image.objects.order_by("pk").values_list("state", flat=True))
    assert states == sorted(states, key=["ready", state].index)
    assert states[-1] == state


def test_purge_of_renditions(world: World) -> None:
    kills = 0
    while (answer := world.request(kills + 1, "DELETE", f"{world.stored()}/renditions")) is None:
        kills += 1
        world.check()
    assert (answer[0], kills > 5) == (204, True)
    assert not Rendition.objects.filter(image=Image.objects.latest("pk")).exists()


def test_render(world: World) -> None:
    """The next request gets the rendition; no request waits for a killed process for longer than its lease."""
    kills, path = 0, world.stored()
    while (answer := world.request(kills + 1, "GET", f"{path}.png?w={kills + 1}")) is None:
        kills += 1
        Rendition.objects.update(lease_until=timezone.now() - timedelta(hours=1))
        if kills % 2:
            assert world.api.get(f"{path}.png?w={kills}").status_code == 200
        world.check()
    assert (answer[0], kills > 7) == (200, True)
