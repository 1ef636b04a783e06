"""Text that is not UTF-8: a query is refused everywhere, and so is a charset that is none."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from config.http.text_encoding import TextEncoding
from tests.conftest import Api
from tests.support.problems import MISSING, check_problem

EVERYWHERE = ["/", "/images", MISSING, MISSING + ".webp", "/operations", "/schema", "/docs", "/healthz", "/readyz", "/nothing", "/admin/", "/admin/login/", "/images/"]  # fmt: skip


@pytest.mark.parametrize("path", EVERYWHERE)
def test_query_that_is_not_utf8(path: str) -> None:
    client = Client(raise_request_exception=False)
    for method in ("GET", "HEAD", "POST", "DELETE"):
        answer = client.generic(method, f"{path}?tag=%FF")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), method


@pytest.mark.parametrize(
    "query",
    ["%FF", "a=1&b%C3", "a=%ED%A0%80", "a=%C0%AF", "a=%F5%80%80%80", "caf\xe9", "a=%E2%82"],
    ids=["byte", "half a character in a name", "surrogate", "overlong", "beyond Unicode", "unescaped", "cut"],
)
def test_kinds_of_it(query: str) -> None:
    answer = Client(raise_request_exception=False).get("/operations", QUERY_STRING=query)
    assert "UTF-8" in check_problem(answer, 400, "invalid_parameter")["detail"]


@pytest.mark.parametrize(
    "query", ["tag=caf%C3%A9", "tag=caf\xc3\xa9", "tag=%f0%9f%98%80", "tag=100%", "tag=%zz"]
)
def test_query_that_is(api: Api, query: str) -> None:
    answer = api.request("GET", "/images", QUERY_STRING=query)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "charset",
    ["hex", "base64", "zlib", "bz2", "rot13", "quopri", "uu", "undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "utf-16", "utf-32", "cp037", "hz"],
)  # fmt: skip
def test_charset_that_is_none(api: Api, charset: str) -> None:
    for media_type in ("application/json", "application/x-www-form-urlencoded", "image/png"):
        options: dict[str, Any] = {"data": b"{}", "content_type": f"{media_type}; charset={charset}"}
        problem = check_problem(api.request("POST", "/uploads", **options), 400, "invalid_parameter")
        assert problem["pointer"] == "/Content-Type"


@pytest.mark.parametrize(
    "charset", ["utf-8", "UTF8", "us-ascii", "iso-8859-1", "shift_jis", "binary", "no-such"]
)
def test_charset_that_is_one(api: Api, charset: str) -> None:
    content_type = f"application/json; charset={charset}"
    assert api.request("POST", "/uploads", data=b"{}", content_type=content_type).status_code == 201


def test_query_is_utf8_whatever_the_charset() -> None:
    request = RequestFactory().get("/?a=%C3%A9", headers={"Content-Type": "text/plain; charset=iso-8859-1"})
    request.META["CONTENT_TYPE"] = "text/plain; charset=iso-8859-1"
    request.encoding = "iso-8859-1"
    seen: list[str] = []
    TextEncoding(lambda passed: seen.append(passed.GET["a"]))(request)  # type: ignore[arg-type,return-value]
    assert seen == ["é"]
