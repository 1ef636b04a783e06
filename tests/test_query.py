"""The query of a request as a value."""

from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.access.authentication import ApiKeyAuthentication, SignedUrlAuthentication
from accounts.models import Account, ApiKey
from images.api.requests.query import Query, pointed, read_flag, refuse_unknown
from progimage.errors import ParameterError, UnprocessableImage

SIGNATURE = "exp=1900000000&kid=pi_abc&sig=xyz"


def request_with(query: str, authenticator: BaseAuthentication | None = None) -> Request:
    """Return a GET that `authenticator` has authenticated."""

    class Accepting(BaseAuthentication):
        def authenticate(self, request: Request) -> tuple[Account, ApiKey]:
            return Account(), ApiKey()

    request = Request(RequestFactory().get(f"/images/x?{query}"), authenticators=[Accepting()])
    assert request.successful_authenticator
    request._authenticator = authenticator  # type: ignore[attr-defined]
    return request


class TestRead:
    def test_parameters(self) -> None:
        query = Query.read(request_with("w=30&format=png&empty=", ApiKeyAuthentication()))
        assert query == Query({"w": "30", "format": "png", "empty": ""})

    @pytest.mark.parametrize(("query", "pointer"), [("w=1&h=2&w=1", "/w"), ("a%2Fb=1&a%2Fb=2", "/a~1b")])
    def test_repeated_name_is_refused(self, query: str, pointer: str) -> None:
        with pytest.raises(ParameterError) as caught:
            Query.read(request_with(query))
        assert caught.value.pointer == pointer

    def test_signature_is_left_out_and_its_end_kept(self) -> None:
        query = Query.read(request_with(f"w=30&{SIGNATURE}", SignedUrlAuthentication()))
        assert query == Query({"w": "30"}, expires_at=1_900_000_000)

    def test_names_of_a_signature_stay_if_a_key_came_instead(self) -> None:
        query = Query.read(request_with(f"w=30&{SIGNATURE}", ApiKeyAuthentication()))
        assert set(query.parameters) == {"w", "exp", "kid", "sig"}
        assert query.expires_at is None

    def test_parameters_of_trackers_are_passed_over(self) -> None:
        query = Query.read(request_with("utm_source=a&w=30&utm_source=b&fbclid=x&_ga=1"))
        assert query.parameters == {"w": "30"}

    @pytest.mark.parametrize("name", ["utm", "xutm_a", "fbclid2", "UTM_SOURCE", "gclid.x"])
    def test_other_names_are_not(self, name: str) -> None:
        assert set(Query.read(request_with(f"{name}=1")).parameters) == {name}

    def test_a_signature_covers_them(self) -> None:
        query = Query.read(request_with(f"utm_source=a&{SIGNATURE}", SignedUrlAuthentication()))
        assert set(query.parameters) == {"utm_source"}

    def test_an_operator_names_them(self, settings: Any) -> None:
        settings.IGNORED_PARAMETERS = ["ref"]
        assert set(Query.read(request_with("utm_source=a&ref=b")).parameters) == {"utm_source"}

    def test_blanks_around_a_transform_are_left_out(self) -> None:
        query = Query.read(request_with("transform=%20resize:30%0A&filename=%20a"))
        assert query.parameters == {"transform": "resize:30", "filename": " a"}


def test_without_names() -> None:
    query = Query({"w": "1", "download": "a.png", "v": "2"})
    assert query.without("download", "v", "missing") == {"w": "1"}
    assert set(query.parameters) == {"w", "download", "v"}


@pytest.mark.parametrize(
    ("query", "pointer", "expected"),
    [
        ({"w": "0"}, "/operations/0/width", "/w"),
        ({"width": "0"}, "/operations/0/width", "/width"),
        ({"w": "0"}, "/output/quality", "/quality"),
        ({"transform": "resize:0"}, "/operations/0/width", "/operations/0/width"),
        ({"transform": "resize:9", "q": "1"}, "/output/quality", "/q"),
        ({"fm": "jp2"}, "/output/format", "/fm"),
    ],
)
def test_pointers_into_a_query(query: dict[str, str], pointer: str, expected: str) -> None:
    assert Query(query).pointer_of(pointer) == expected


@pytest.mark.parametrize(("query", "flag"), [({}, False), ({"all": "false"}, False), ({"all": "true"}, True)])
def test_flag(query: dict[str, str], flag: bool) -> None:
    assert read_flag(query, "all") is flag


@pytest.mark.parametrize("text", ["", "1", "True", "yes"])
def test_flag_is_refused(text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_flag({"all": text}, "all")
    assert caught.value.pointer == "/all"


def test_unknown_names_are_refused() -> None:
    refuse_unknown([], "no query")
    with pytest.raises(ParameterError, match="Expected no query but received 'a~b'") as caught:
        refuse_unknown(["a~b", "c"], "no query")
    assert caught.value.pointer == "/a~0b"


def test_pointers_of_errors_become_the_requests() -> None:
    pointer_of = Query({"w": "1"}).pointer_of
    with pytest.raises(ParameterError) as caught, pointed(pointer_of):
        raise ParameterError("Expected less", pointer="/operations/0/width")
    assert caught.value.pointer == "/w"
    with pytest.raises(UnprocessableImage) as failed, pointed(lambda pointer: f"/transform{pointer}"):
        raise UnprocessableImage("The image could not be decoded")
    assert failed.value.pointer == ""
