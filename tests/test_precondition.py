"""If-Match on PATCH and DELETE: it names the ETag of the image's JSON, and is checked while the row is locked."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from images.models import Image
from tests.conftest import Api
from tests.support import images as made
from tests.support.changes import patch
from tests.support.problems import check_problem

PNG = made.encoded("png")


def change(api: Api, path: str, method: str, **headers: str) -> Any:
    if method == "PATCH":
        return patch(api, path, {"filename": "new"}, headers=headers)
    return api.request("DELETE", path, headers=headers)


@pytest.mark.parametrize(("method", "status"), [("PATCH", 200), ("DELETE", 204)])
class TestIfMatch:
    @pytest.mark.parametrize("condition", ["{}", "*", '"other", {}'])
    def test_that_names_it(self, api: Api, method: str, status: int, condition: str) -> None:
        path = api.stored(PNG)
        etag = api.get(f"{path}.json")["ETag"]
        answer = change(api, path, method, **{"If-Match": condition.format(etag)})
        assert answer.status_code == status

    @pytest.mark.parametrize("condition", ['"other"', "W/{}", "other", ""])
    def test_that_names_another(self, api: Api, method: str, status: int, condition: str) -> None:
        path = api.stored(PNG)
        before = api.get(f"{path}.json")
        answer = change(api, path, method, **{"If-Match": condition.format(before["ETag"])})
        check_problem(answer, 412, "precondition_failed")
        assert api.get(f"{path}.json").content == before.content

    def test_of_the_pixels_is_another(self, api: Api, method: str, status: int) -> None:
        """The ETag of the original never changes, so it says nothing of the description."""
        path = api.stored(PNG)
        assert change(api, path, method, **{"If-Match": api.get(path)["ETag"]}).status_code == 412

    def test_that_was_right_before_a_change(self, api: Api, method: str, status: int) -> None:
        path = api.stored(PNG)
        etag = api.get(f"{path}.json")["ETag"]
        newer = patch(api, path, {"tags": ["x"]})["ETag"]
        assert change(api, path, method, **{"If-Match": etag}).status_code == 412
        assert change(api, path, method, **{"If-Match": newer}).status_code == status

    def test_on_a_missing_image_is_404(self, api: Api, method: str, status: int) -> None:
        missing = "/images/01890000-0000-7000-8000-000000000000"
        assert change(api, missing, method, **{"If-Match": "*"}).status_code == 404

    def test_if_none_match(self, api: Api, method: str, status: int) -> None:
        path = api.stored(PNG)
        assert change(api, path, method, **{"If-None-Match": "*"}).status_code == 412
        assert change(api, path, method, **{"If-None-Match": '"other"'}).status_code == status


def test_purge_of_a_deleted_image_fulfils_no_condition(api: Api) -> None:
    path = api.stored(PNG)
    api.request("DELETE", path)
    assert api.request("DELETE", f"{path}?purge=true", headers={"If-Match": "*"}).status_code == 412
    assert api.request("DELETE", f"{path}?purge=true").status_code == 204


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("methods", [("PATCH", "PATCH"), ("PATCH", "DELETE")], ids=" and ".join)
def test_of_two_requests_at_once_one_wins(api: Api, methods: tuple[str, str]) -> None:
    for _ in range(4):
        path = api.stored(PNG)
        etag = api.get(f"{path}.json")["ETag"]
        ready = Barrier(2)

        def run(numbered: tuple[int, str], path: str = path, etag: str = etag, ready: Barrier = ready) -> int:
            number, method = numbered
            caller = Api(api.account, api.key)
            condition = {"If-Match": etag}
            try:
                ready.wait(10)
                if method == "DELETE":
                    answer = caller.request("DELETE", path, headers=condition)
                else:
                    answer = patch(caller, path, {"filename": f"of {number}"}, headers=condition)
                return int(answer.status_code)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(run, enumerate(methods)))
        # A change that comes after a deletion finds no image.
        refused = {"PATCH": {412}, "DELETE": {412, 404}}[methods[1]]
        assert len([status for status in statuses if status < 300]) == 1
        assert {status for status in statuses if status >= 300} <= refused
        if statuses[0] == 200 and methods[1] == "PATCH":
            assert Image.objects.get(pk=path.rpartition("/")[2]).filename == "of 0"
