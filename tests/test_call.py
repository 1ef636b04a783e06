"""A call that is sent again: a DELETE that finds nothing at the second try is done."""

import httpx
import pytest

from progimage import errors
from tests.support.clients import IMAGE, Script, answering

ID = IMAGE["id"]


class TestDelete:
    """An answer that is lost does not make a deletion a failure."""

    def test_what_is_not_found_at_the_second_try_is_deleted(self) -> None:
        script = Script(
            httpx.ReadError("the answer was lost"),
            answering(404, {"code": "not_found"}, Content_Type="application/problem+json"),
        )
        script.client()[0].delete(ID)
        assert [request.method for request in script.requests] == ["DELETE", "DELETE"]

    def test_what_is_not_found_at_the_first_try_was_never_there(self) -> None:
        with pytest.raises(errors.NotFound):
            Script(answering(404, {"code": "not_found"})).client()[0].delete(ID)

    def test_other_methods_are_told(self) -> None:
        with pytest.raises(errors.NotFound):
            Script(httpx.ReadError("lost"), answering(404, {"code": "not_found"})).client()[0].get(ID)
