"""The media type of JSON is not negotiated."""

from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")
MISSING = "/images/01890000-0000-7000-8000-000000000000.png"


def test_negotiation_is_not_needed(api: Api) -> None:
    answer = api.get(api.stored(PNG) + ".webp", Accept="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")


def test_an_error_is_json_for_a_client_that_accepts_images(api: Api) -> None:
    answer = api.get(MISSING, Accept="image/*")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
