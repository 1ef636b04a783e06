"""Hits of renditions: which responses count, and when they are written."""

import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.models import Rendition
from images.services import hit_counts
from tests.conftest import Api, body, make_api
from tests.support import images as made

PNG = made.encoded("png")


def ledger(api: Api, path: str, query: str = "") -> Any:
    answer = api.get(f"{path}/renditions{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


class TestHits:
    @pytest.mark.parametrize(
        ("method", "headers", "status", "counted"),
        [
            ("GET", {}, 200, 1),
            ("GET", {"Range": "bytes=0-3"}, 206, 1),
            ("GET", {"If-None-Match": "*"}, 304, 0),
            ("HEAD", {}, 200, 0),
            ("GET", {"Range": "bytes=9999999-"}, 416, 0),
            ("GET", {"If-Match": '"x"'}, 412, 0),
        ],
    )
    def test_count_what_was_delivered(
        self, api: Api, method: str, headers: dict[str, str], status: int, counted: int
    ) -> None:
        path = api.stored(PNG)
        api.request("HEAD", f"{path}.png")
        assert api.request(method, f"{path}.png", headers=headers).status_code == status
        (kept,) = ledger(api, path)["renditions"]
        assert kept["hits"] == counted
        assert (kept["last_accessed_at"] is None) == (counted == 0)

    def test_are_written_by_one_statement(self, api: Api) -> None:
        path = api.stored(PNG)
        for width in (3, 4, 3):
            body(api.get(f"{path}.png?w={width}"))
        with CaptureQueriesContext(
            connection,
        ) as sent:
            hit_counts.flush()
            hit_counts.flush()
        assert len(sent) == 1
        assert list(Rendition.objects.values_list("width", "hits")) == [(3, 2), (4, 1)]

    def test_of_rows_that_are_gone_are_no_trouble(self, api: Api) -> None:
        path = api.stored(PNG)
        body(api.get(f"{path}.png"))
        Rendition.objects.all().delete()
        hit_counts.flush()
        assert ledger(api, path)["renditions"] == []

    def test_are_kept_while_the_database_is_away(self, api: Api) -> None:
        path = api.stored(PNG)
        body(api.get(f"{path}.png"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "cursor", _away)
            hit_counts.flush()
        hit_counts.flush()
        assert Rendition.objects.get().hits == 1


def _away() -> None:
    from django.db import OperationalError

    raise OperationalError("the database is away")


_PROCESS = """
import os, sys, time
from multiprocessing import util
import django; django.setup()
from images.services import hit_counts as hits
from images.models import Rendition
row = Rendition.objects.get()
hits._writer.every_s = 0.05
hits.count(row)
while not Rendition.objects.get().hits:
    time.sleep(0.01)
hits._writer.every_s = 1_000
time.sleep(0.1)
hits.count(row)
from django.db import connection; connection.close_pool()
if child := os.fork():
    os.waitpid(child, 0)
else:
    hits.count(row)
    hits._writer.every_s = 1_000
    util._exit_function()
    os._exit(0)
"""


@pytest.mark.django_db(transaction=True)
def test_hits_are_written_by_a_thread_and_at_the_end_of_a_process_and_its_forks() -> None:
    api = make_api("alice")
    api.request("HEAD", f"{api.stored(PNG)}.png")
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = os.environ | {"DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-c", _PROCESS], env=environment, check=False, timeout=30)
    assert (done.returncode, Rendition.objects.get().hits) == (0, 3)
