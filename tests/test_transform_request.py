"""POST /transforms: requests that are refused, and the pointer to the parameter at fault."""

from typing import Any

import pytest

from images.models import Rendition
from tests.conftest import Api
from tests.support.transform_requests import (
    LOGO,
    PNG,
    id_of,
    send_form,
    send_json,
    send_raw,
)


class TestRefused:
    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            pytest.param("transform=resize:0", "/operations/0/width", id="in the text form"),
            pytest.param("w=0", "/w", id="by a short name"),
            pytest.param("w=3&w=4", "/w", id="twice"),
            pytest.param("colour=red", "/colour", id="unknown"),
            pytest.param("store=yes", "/store", id="no flag"),
            pytest.param("filename=a.png", "/filename", id="described and not stored"),
            pytest.param("store=true&visibility=x", "/visibility", id="described wrongly"),
            pytest.param("store=true&metadata={}", "/metadata", id="metadata is output's"),
        ],
    )
    def test_raw(self, api: Api, query: str, pointer: str) -> None:
        check_refused(send_raw(api, f"/transforms?{query}"), pointer)

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            pytest.param("w=0", "/w", id="by a short name"),
            pytest.param("w=3&width=3", "/w", id="by both names"),
            pytest.param("", "/width", id="nothing"),
            pytest.param("w=3&transform=grayscale", "/transform", id="a transform"),
            pytest.param("w=3&quality=0", "/quality", id="output"),
            pytest.param("w=3&angle=3", "/angle", id="another operation's"),
        ],
    )
    def test_operation(self, api: Api, query: str, pointer: str) -> None:
        check_refused(send_raw(api, f"/transforms/resize?{query}"), pointer)

    @pytest.mark.parametrize(
        ("members", "pointer"),
        [
            pytest.param(
                {"transform": {"operations": [{"op": "resize", "width": 0}]}},
                "/transform/operations/0/width",
                id="value",
            ),
            pytest.param(
                {"transform": {"operations": [{"op": ["x"]}]}}, "/transform/operations/0/op", id="no name"
            ),
            pytest.param(
                {"transform": {"output": {"format": "svg"}}}, "/transform/output/format", id="output"
            ),
            pytest.param({"transform": []}, "/transform", id="a list"),
            pytest.param({"transform": "resize:0"}, "/transform/operations/0/width", id="in the text form"),
            pytest.param({"store": "true"}, "/store", id="text for a flag"),
            pytest.param({"store": True, "tags": "a,b"}, "/tags", id="text for tags"),
            pytest.param({"tags": ["a"]}, "/tags", id="described and not stored"),
            pytest.param({"width": 3}, "/width", id="unknown"),
            pytest.param({"id": 7}, "/id", id="a number"),
            pytest.param({"id": "{01890000-0000-7000-8000-000000000000}"}, "/id", id="braces"),
            pytest.param({"url": "http://127.0.0.1/a.png"}, None, id="url and id"),
            pytest.param({"id": None, "url": "http://127.0.0.1/a.png"}, None, id="url and null"),
        ],
    )
    def test_json(self, api: Api, members: dict[str, Any], pointer: str | None) -> None:
        check_refused(send_json(api, "/transforms", {"id": id_of(api)} | members), pointer)

    @pytest.mark.parametrize(
        ("files", "fields", "pointer"),
        [
            pytest.param({"logo": LOGO}, {}, "/file", id="no file"),
            pytest.param(
                {"file": PNG, "logo": LOGO},
                {"transform": "grayscale"},
                "/logo",
                id="a part that nothing names",
            ),
            pytest.param({"file": PNG, "a b": LOGO}, {}, "/file", id="a part without a name"),
            pytest.param(
                {"file": PNG}, {"transform": '{"operations": 7}'}, "/transform/operations", id="wrong JSON"
            ),
            pytest.param({"file": PNG}, {"transform": "{"}, "/transform", id="no JSON"),
            pytest.param({"file": PNG}, {"transform": "[]"}, "/transform", id="a list as JSON"),
            pytest.param({"file": PNG}, {"w": "30"}, "/w", id="a query's name"),
            pytest.param({"file": PNG}, {"store": "1"}, "/store", id="no flag"),
        ],
    )
    def test_form(self, api: Api, files: dict[str, bytes], fields: dict[str, str], pointer: str) -> None:
        check_refused(send_form(api, "/transforms", files, **fields), pointer)

    def test_two_files(self, api: Api) -> None:
        content = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + PNG + b"\r\n"
            for _ in "ab"
        )
        answer = api.request(
            "POST", "/transforms", data=content + b"--b--\r\n", content_type="multipart/form-data; boundary=b"
        )
        check_refused(answer, "/file")

    def test_query_beside_a_form_or_json(self, api: Api) -> None:
        check_refused(send_form(api, "/transforms?w=3", {"file": PNG}), "/w")
        check_refused(send_json(api, "/transforms?store=true", {"id": id_of(api)}), "/store")
        check_refused(send_form(api, "/transforms/grayscale", {"file": PNG}, tags="a"), "/tags")
        check_refused(send_json(api, "/transforms/grayscale", {"id": id_of(api), "store": True}), "/store")

    def test_address_that_is_not_public(self, api: Api) -> None:
        answer = send_json(api, "/transforms", {"url": "http://127.0.0.1/a.png"})
        assert (answer.json()["code"], answer.json()["pointer"]) == ("url_not_allowed", "/url")

    @pytest.mark.parametrize(
        ("content", "query", "status", "code"),
        [
            pytest.param(b"<svg/>", "", 415, "unsupported_format", id="no image"),
            pytest.param(PNG[:-40], "", 422, "unprocessable_image", id="half an image"),
            pytest.param(PNG, "w=9000&enlarge=true", 422, "image_too_large", id="too large a result"),
            pytest.param(b"x" * 30_000, "", 413, "body_too_large", id="too large a body"),
        ],
    )
    def test_content(
        self, api: Api, settings: Any, content: bytes, query: str, status: int, code: str
    ) -> None:
        settings.MAX_UPLOAD_BYTES = 20_000
        for answer in (
            send_raw(api, f"/transforms?{query}", content),
            send_raw(api, f"/transforms/resize?{query or 'w=3'}", content),
            send_form(api, f"/transforms/resize?{query or 'w=3'}", {"file": content}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_result_that_is_too_large_has_a_pointer_to_what_asks_for_it(self, api: Api) -> None:
        small, wide = {"format": "jpeg", "max_bytes": 101}, "resize:width=9000,enlarge=true"
        source, steps = id_of(api), f"transform={wide}"
        answers = [
            (api.get(f"/images/{source}.jpg?max_bytes=100"), "/max_bytes"),
            (send_raw(api, "/transforms?format=jpeg&max_bytes=100"), "/max_bytes"),
            (send_raw(api, "/transforms/grayscale?format=jpeg&max_bytes=100"), "/max_bytes"),
            (
                send_json(api, "/transforms", {"id": source, "transform": {"output": small}, "store": True}),
                "/transform/output/max_bytes",
            ),
            (api.get(f"/images/{source}.png?{steps}"), "/operations/0"),
            (send_raw(api, f"/transforms?{steps}"), "/operations/0"),
            (send_form(api, "/transforms", {"file": PNG}, transform=wide), "/transform/operations/0"),
            (send_raw(api, "/transforms?w=9000&enlarge=true"), None),
            (send_form(api, "/transforms", {"file": PNG[:-40]}, transform="grayscale"), None),
        ]
        got = [(answer.status_code, answer.json().get("pointer")) for answer, _ in answers]
        assert got == [(422, pointer) for _, pointer in answers]

    def test_body_that_is_not_what_its_digest_says(self, api: Api) -> None:
        answer = send_raw(api, "/transforms", PNG, **{"Content-Digest": f"sha-256=:{'A' * 43}=:"})
        check_refused(answer, "/Content-Digest")

    def test_media_type_that_is_none(self, api: Api) -> None:
        answer = api.request("POST", "/transforms", data=b"x", content_type="text/plain")
        assert answer.status_code == 415

    def test_unknown_operation_names_those_that_are_known(self, api: Api) -> None:
        answer = send_raw(api, "/transforms/solarize")
        assert (answer.status_code, "grayscale, " in answer.json()["detail"]) == (404, True)

    def test_signature_does_not_reach_a_post(self, anonymous: Api) -> None:
        answer = send_raw(anonymous, "/transforms?exp=9999999999&kid=pi_aaaaaaaaaaaa&sig=x")
        assert answer.status_code == 401

    def test_public_image_of_another_may_be_a_source_and_a_private_one_not(
        self, api: Api, other_api: Api
    ) -> None:
        public, private = id_of(api, query="?visibility=public"), id_of(api)
        for path in ("/transforms", "/transforms/plan", "/transforms/grayscale"):
            assert send_json(other_api, path, {"id": public}).status_code == 200
            answer = send_json(other_api, path, {"id": private})
            assert (answer.status_code, answer.json()["pointer"]) == (404, "/id")


def check_refused(answer: Any, pointer: str | None) -> None:
    problem = answer.json()
    assert (answer.status_code, problem.get("pointer")) == (400, pointer), problem
    assert problem["detail"].startswith("Expected ")
    assert not Rendition.objects.exists()
