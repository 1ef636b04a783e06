"""Reads beside purges, deletions, changes, sweeps and reconciliations: no request gets a server error or wrong bytes."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, connections

from accounts.services import create_api_key
from images import tasks, worker_pool
from images.ids import uuid7
from images.models import Image
from images.services import deleting
from images.services import renditions as rows
from images.storage import ObjectStorage
from images.upkeep.reconciliation import DAMAGED, Coverage, Reconciliation
from images.upkeep.sweeps import SWEEPS
from progimage.errors import NotFound
from tests.conftest import Api, body, make_api
from tests.support import images as made

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PNG = made.encoded("png")
SUFFIXES = ("", ".gif", ".webp?w=30", ".png?w=20")
KEYS = 8
GIF = {"output": {"format": "gif"}}
Act = Callable[[Api, random.Random], Any]


@pytest.fixture(autouse=True)
def patience(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is refused because the machine is busy."""
    settings.RENDER_TIMEOUT_S = 60
    monkeypatch.setattr(connection.pool, "timeout", 60)  # type: ignore[attr-defined]
    worker_pool.configure()
    yield
    settings.RENDER_TIMEOUT_S = 10
    worker_pool.configure()


@pytest.fixture
def hesitant(storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> ObjectStorage:
    """A storage, and changes of rows, that take a random time before and after: every order of steps happens."""
    chance = random.Random(7)

    def hesitate(owner: Any, name: str) -> None:
        go_on = getattr(owner, name)

        def hesitating(*args: Any, **options: Any) -> Any:
            time.sleep(chance.choice((0, 0, 0.002, 0.02)))
            result = go_on(*args, **options)
            time.sleep(chance.choice((0, 0, 0.002, 0.02)))
            return result

        monkeypatch.setattr(owner, name, hesitating)

    for name in ("put", "delete", "open_range"):
        hesitate(type(storage), name)
    for name in ("find", "claim", "mark_ready", "forget", "has_row"):
        hesitate(rows, name)
    return storage


class Crowd:
    """Threads that each act several times, at once. `seen` counts the outcomes that `act` returns."""

    def __init__(self) -> None:
        self.api = make_api("alice")
        account = self.api.account
        # at most four requests with a key are authenticated at once
        self.keys = [str(create_api_key(account, name=f"key {number}")[1]) for number in range(KEYS)]
        self.seen: Counter[Any] = Counter()

    def run(self, *acts: tuple[int, int, Act]) -> None:
        """Let so many threads act so many times."""
        workers = [(times, act) for threads, times, act in acts for _ in range(threads)]
        start = threading.Barrier(len(workers))

        def work(number: int, times: int, act: Act) -> None:
            api = Api(self.api.account, self.keys[number % KEYS])
            chance = random.Random(number)
            start.wait()
            try:
                for _ in range(times):
                    self.seen[act(api, chance)] += 1
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(workers)) as threads:
            for done in [threads.submit(work, number, *worker) for number, worker in enumerate(workers)]:
                done.result()


def outcome(name: str, answer: Any, *, is_right: bool = True) -> tuple[str, int, str]:
    """Return the kind of request, its status, and the trouble that it had."""
    if answer.status_code >= 400:
        return name, answer.status_code, answer.json()["detail"]
    return name, answer.status_code, "" if is_right else "other bytes"


class Scene:
    """Two images of an account. One stays, the other is deleted and restored. Each method is an act."""

    def __init__(self, api: Api) -> None:
        self.stays, self.fleeting = (api.stored(PNG) for _ in range(2))
        self.fleeting_id = Image.objects.exclude(pk=_id_of(self.stays)).get().pk
        self.whole = {suffix: body(api.get(self.stays + suffix)) for suffix in SUFFIXES}

    def read(self, api: Api, chance: random.Random) -> Any:
        suffix = chance.choice(SUFFIXES)
        answer = api.get(self.stays + suffix)
        return outcome("read", answer, is_right=body(answer) == self.whole[suffix])

    def read_part(self, api: Api, chance: random.Random) -> Any:
        suffix = chance.choice(SUFFIXES)
        answer = api.get(self.stays + suffix, Range="bytes=5-20")
        return outcome("part", answer, is_right=body(answer) == self.whole[suffix][5:21])

    def transform(self, api: Api, chance: random.Random) -> Any:
        answer = _post(api, "/transforms", {"id": _id_of(self.stays), "transform": GIF})
        return outcome("transform", answer, is_right=body(answer) == self.whole[".gif"])

    def archive(self, api: Api, chance: random.Random) -> Any:
        answer = _post(api, "/images/archive", {"ids": [_id_of(self.stays)], "transform": GIF})
        return outcome("archive", answer, is_right=self.whole[".gif"] in body(answer))

    def read_fleeting(self, api: Api, chance: random.Random) -> Any:
        suffix = chance.choice(SUFFIXES)
        answer = api.get(self.fleeting + suffix)
        is_right = answer.status_code == 404 or body(answer) == self.whole[suffix]
        return outcome("fleeting", answer, is_right=is_right)

    def compose(self, api: Api, chance: random.Random) -> Any:
        return outcome("composite", api.get(f"{self.stays}.png?transform=composite:image={self.fleeting_id}"))

    def describe(self, api: Api, chance: random.Random) -> Any:
        paths = (f"{self.stays}.json", f"{self.stays}/renditions", "/images")
        return outcome("describe", api.get(chance.choice(paths)))

    def change(self, api: Api, chance: random.Random) -> Any:
        focal_point = {"x": chance.random(), "y": chance.random()}
        changes = json.dumps({"tags": [str(uuid7())], "focal_point": focal_point})
        return outcome(
            "change", api.request("PATCH", self.stays, data=changes, content_type="application/json")
        )

    def purge(self, api: Api, chance: random.Random) -> Any:
        return outcome("purge", api.request("DELETE", f"{self.stays}/renditions"))

    def delete(self, api: Api, chance: random.Random) -> Any:
        answer = api.request("DELETE", self.fleeting)
        with suppress(NotFound):  # another thread has restored it
            deleting.restore(self.fleeting_id)
        return outcome("delete", answer)

    def sweep(self, api: Api, chance: random.Random) -> Any:
        return "sweep", len(tasks.sweep()), ""

    def reconcile(self, api: Api, chance: random.Random) -> Any:
        reconciliation = Reconciliation(Coverage(), fix=True, sample=1)
        for step in reconciliation.steps():
            step()
        return "reconcile", reconciliation.findings[DAMAGED].count, ""


def _id_of(path: str) -> str:
    return path.rpartition("/")[2]


def _post(api: Api, path: str, document: dict[str, Any]) -> Any:
    return api.request("POST", path, data=json.dumps(document), content_type="application/json")


@pytest.mark.usefixtures("hesitant")
def test_reads_beside_purges_of_renditions() -> None:
    crowd = Crowd()
    scene = Scene(crowd.api)
    crowd.run((8, 8, scene.read), (2, 8, scene.read_part), (2, 8, scene.transform), (10, 8, scene.purge))
    assert crowd.seen == {
        ("read", 200, ""): 64,
        ("part", 206, ""): 16,
        ("transform", 200, ""): 16,
        ("purge", 204, ""): 80,
    }


@pytest.mark.usefixtures("hesitant")
def test_everything_at_once() -> None:
    crowd = Crowd()
    scene = Scene(crowd.api)
    crowd.run(
        (4, 10, scene.read),
        (2, 10, scene.read_fleeting),
        (1, 6, scene.compose),
        (2, 10, scene.describe),
        (2, 10, scene.change),
        (2, 8, scene.delete),
        (3, 8, scene.purge),
        (1, 5, scene.archive),
        (1, 4, scene.sweep),
        (1, 1, scene.reconcile),
    )
    gone = {key for key in crowd.seen if key[0] in ("fleeting", "composite", "delete") and key[1] == 404}
    assert crowd.seen.keys() - gone <= {
        ("read", 200, ""),
        ("fleeting", 200, ""),
        ("composite", 200, ""),
        ("describe", 200, ""),
        ("change", 200, ""),
        ("delete", 204, ""),
        ("purge", 204, ""),
        ("archive", 200, ""),
        ("sweep", len(SWEEPS), ""),
        ("reconcile", 0, ""),
    }
    assert not Image.objects.exclude(missing_at=None).exists()
