"""Scopes limit the requests that an API key may make."""

import pytest

from accounts import services
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [(["read"], 200, 403), (["write"], 403, 201), (["read", "write"], 200, 201), (["admin"], 403, 403)],
)
def test_reading_and_writing(api: Api, scopes: list[str], read: int, write: int) -> None:
    path = api.stored(PNG)
    limited = Api(api.account, str(services.create_api_key(api.account, name="limited", scopes=scopes)[1]))
    answers = [limited.get(path + suffix) for suffix in ("", ".png", ".json")]
    assert {answer.status_code for answer in answers} == {read}
    refused = limited.upload(PNG)
    assert refused.status_code == write
    if write == 403:
        assert refused.json()["code"] == "permission_denied"
