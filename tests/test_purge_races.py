"""GET beside purges of renditions: each request gets the right bytes, though rows and objects vanish meanwhile."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from images.storage import ObjectStorage
from tests.conftest import Api, body, make_api
from tests.support import images as made

PNG = made.encoded("png")
ROUNDS = 4


@pytest.mark.django_db(transaction=True)
def test_stress(storage: ObjectStorage, monkeypatch: Any) -> None:
    monkeypatch.setattr(connection.pool, "timeout", 60)
    api = make_api("alice")
    path = api.stored(PNG)
    from accounts.services import create_api_key

    keys = [str(create_api_key(api.account, name=f"key {n}")[1]) for n in range(8)]
    expected = {suffix: body(api.get(path + suffix)) for suffix in ("", ".gif", ".webp?w=30", ".png?w=20")}
    seen: Counter = Counter()
    start = threading.Barrier(22)

    def get(number: int) -> None:
        caller = Api(api.account, keys[number % 8])
        start.wait()
        try:
            for i in range(ROUNDS * 2):
                suffix = list(expected)[(number + i) % 4]
                answer = caller.get(path + suffix)
                if answer.status_code == 200:
                    key = (suffix, 200, body(answer) == expected[suffix])
                else:
                    key = (suffix, answer.status_code, answer.json().get("detail"))
                seen[key] += 1
        finally:
            connections.close_all()

    def purge(number: int) -> None:
        caller = Api(api.account, keys[number % 8])
        start.wait()
        try:
            for _ in range(ROUNDS * 3):
                answer = caller.request("DELETE", f"{path}/renditions")
                seen["purge", answer.status_code, answer.content[:200]] += 1
        finally:
            connections.close_all()

    with ThreadPoolExecutor(22) as threads:
        tasks = [threads.submit(get, n) for n in range(12)] + [threads.submit(purge, n) for n in range(10)]
        for task in tasks:
            task.result()
    for key, count in sorted(seen.items(), key=str):
        print(count, key)
    assert 0
