"""GET /operations: the catalogue is sent once and kept by its ETag."""

from tests.conftest import Api


def test_is_sent_once(anonymous: Api) -> None:
    first = anonymous.get("/operations")
    again = anonymous.get("/operations", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    assert anonymous.get("/operations?w=3").status_code == 400
    assert anonymous.get("/operations?utm_source=news&fbclid=x").body == first.body
