"""Which parts of a form are files, and how fields may be written."""

import json
from urllib.parse import quote

import pytest

from images.models import Image
from tests.conftest import Api
from tests.support import images as made
from tests.support.forms import field, part, send

PNG, JPEG = made.encoded("png"), made.encoded("jpeg")
NOTHING_CHOSEN = field(b"", filename="", media_type="application/octet-stream")


class TestWhatIsAFile:
    @pytest.mark.parametrize(
        "image",
        [
            pytest.param(field(PNG), id="neither a file name nor a type"),
            pytest.param(field(PNG, media_type="image/png"), id="a type alone"),
            pytest.param(field(PNG, filename="", media_type="image/png"), id="an empty file name"),
            pytest.param(field(PNG, filename="blob", media_type="text/plain"), id="a Blob with a wrong type"),
            pytest.param(NOTHING_CHOSEN + field(PNG), id="beside an empty input"),
            pytest.param(field(PNG) + field(b"", name="other", filename=""), id="beside another empty input"),
        ],
    )
    def test_an_image_is_the_file(self, api: Api, image: bytes) -> None:
        answer = send(api, image, field(b"a", name="tags"))
        assert (answer.status_code, answer.json()["tags"]) == (201, ["a"])
        assert api.get(f"/images/{answer.json()['id']}").body == PNG

    def test_empty_inputs_among_files_are_passed_over(self, api: Api) -> None:
        results = send(api, NOTHING_CHOSEN, part(PNG), NOTHING_CHOSEN, part(JPEG)).json()["results"]
        assert [(result["index"], result["status"]) for result in results] == [(0, 201), (1, 201)]

    @pytest.mark.parametrize("empty", [NOTHING_CHOSEN, field(b""), NOTHING_CHOSEN * 2])
    def test_empty_inputs_alone_bring_no_file(self, api: Api, empty: bytes) -> None:
        answer = send(api, empty)
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/file")

    def test_an_empty_file_says_so(self, api: Api) -> None:
        answer = send(api, part(b""))
        assert (answer.status_code, "0 bytes" in answer.json()["detail"]) == (415, True)

    def test_an_image_of_another_name_is_no_field(self, api: Api) -> None:
        answer = send(api, field(PNG, name="picture", media_type="image/png"), part(PNG))
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/file")

    def test_an_unknown_character_set_is_refused(self, api: Api) -> None:
        wrong = part(PNG).replace(b'filename="a.png"', b"filename*=x-none''a%20b.png")
        answer = send(api, wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


JSON = "application/json"


class TestJsonInParts:
    @pytest.mark.parametrize("filename", [None, "blob", "meta.json"])
    def test_a_part_with_json_is_a_field(self, api: Api, filename: str | None) -> None:
        fields = {"metadata": {"a": [1]}, "tags": ["x", "y,z"], "visibility": "public", "filename": "b.png"}
        parts = [
            field(
                json.dumps(value).encode(), name=name, filename=filename, media_type=f"{JSON}; charset=utf-8"
            )
            for name, value in fields.items()
        ]
        image = send(api, *parts, part(PNG)).json()
        assert {name: image[name] for name in fields} == fields

    def test_a_blob_of_text_is_a_field(self, api: Api) -> None:
        blob = field(b"a,b", name="tags", filename="blob", media_type="text/plain")
        assert send(api, blob, part(PNG)).json()["tags"] == ["a", "b"]

    @pytest.mark.parametrize(
        ("content", "pointer"), [(b"{", "/metadata"), (b'"a"', "/metadata"), (b"[]", "/metadata")]
    )
    def test_wrong_json_is_the_fields_own_fault(self, api: Api, content: bytes, pointer: str) -> None:
        answer = send(api, field(content, name="metadata", filename="blob", media_type=JSON), part(PNG))
        assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)

    def test_a_file_with_json_is_no_image(self, api: Api) -> None:
        assert send(api, field(b"{}", filename="a.json", media_type=JSON)).status_code == 415


class TestTags:
    @pytest.mark.parametrize(
        ("texts", "expected"),
        [
            pytest.param(["a, b ,,c"], ["a", "b", "c"], id="names"),
            pytest.param(['["a","b"]'], ["a", "b"], id="JSON"),
            pytest.param([' ["a, b"] '], ["a, b"], id="JSON with a comma in a name"),
            pytest.param(['\ufeff["a"]\r\n', "\ufeffb"], ["a", "b"], id="from a file with a byte order mark"),
            pytest.param(["[]"], [], id="an empty list"),
            pytest.param(["a,b", '["c"]'], ["a", "b", "c"], id="both"),
            pytest.param(["a[1]", "b]"], ["a[1]", "b]"], id="brackets inside"),
        ],
    )
    def test_read(self, api: Api, texts: list[str], expected: list[str]) -> None:
        parts = [field(text.encode(), name="tags") for text in texts]
        assert send(api, *parts, part(PNG)).json()["tags"] == expected
        query = "&".join(f"tags={quote(text)}" for text in texts)
        assert api.upload(PNG, query=f"?{query}").json()["tags"] == expected

    @pytest.mark.parametrize(
        "text", ["[a,b]", "['a']", '["a"', "[1]", '[["a"]]', '{"a":1}', '"a"', '"a","b"', "[null]"]
    )
    def test_refused(self, api: Api, text: str) -> None:
        for answer in (
            send(api, field(text.encode(), name="tags"), part(PNG)),
            api.upload(PNG, query=f"?tags={quote(text)}"),
        ):
            assert answer.status_code == 400
            assert answer.json()["pointer"].startswith("/tags")
        assert not Image.objects.exists()
