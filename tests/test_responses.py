"""GET of originals and renditions: exact bytes, conditions, ranges, headers."""

import hashlib
import io

import pytest
from PIL import Image as Pillow

from images.models import Rendition
from images.storage import ObjectStorage
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
    "Content-Disposition": "inline",
}


@pytest.fixture
def path(api: Api, storage: ObjectStorage) -> str:
    return api.stored(PNG)


class TestOriginal:
    def test_exact_bytes_and_headers(self, api: Api, path: str) -> None:
        answer = api.get(path)
        assert body(answer) == PNG
        expected = SAFE | {
            "Content-Type": "image/png",
            "Content-Length": str(len(PNG)),
            "ETag": f'"{hashlib.sha256(PNG).hexdigest()}"',
            "Cache-Control": "private, max-age=31536000, immutable",
            "Vary": "Authorization",
        }
        assert {name: answer[name] for name in expected} == expected

    def test_takes_no_transform(self, api: Api, path: str) -> None:
        answer = api.get(f"{path}?w=10")
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/w")


class TestRendition:
    def test_format_and_headers(self, api: Api, path: str) -> None:
        answer = api.get(f"{path}.webp")
        content = body(answer)
        assert Pillow.open(io.BytesIO(content)).format == "WEBP"
        expected = SAFE | {
            "Content-Type": "image/webp",
            "Content-Length": str(len(content)),
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "Cache-Control": "private, max-age=3600",
            "Vary": "Authorization",
        }
        assert {name: answer[name] for name in expected} == expected

    def test_second_request_has_the_same_bytes_and_one_row(self, api: Api, path: str) -> None:
        first, second = (body(api.get(f"{path}.jpg?w=20")) for _ in range(2))
        assert first == second
        assert Rendition.objects.count() == 1

    @pytest.mark.parametrize(
        "query", ["w=20&h=10&fit=fill", "h=10&fit=fill&w=20", "transform=resize:width=20,height=10,fit=fill",
                  "transform=resize:20,fit=fill,height=10", "transform=resize%3Awidth%3D20%2Cheight%3D10%2Cfit%3Dfill",
                  "width=20&height=10&fit=fill", "w=20&h=10&fit=fill&dpr=1&gravity=center&v=2&download=x.png"]
    )  # fmt: skip
    def test_spellings_of_one_transform_share_a_rendition(self, api: Api, query: str) -> None:
        path = api.stored(PNG)
        api.get(f"{path}.png?w=20&h=10&fit=fill")
        answer = api.get(f"{path}.png?{query}")
        assert Pillow.open(io.BytesIO(body(answer))).size == (20, 10)
        assert Rendition.objects.count() == 1

    def test_extensions_of_one_format_share_a_rendition(self, api: Api, path: str) -> None:
        contents = {body(api.get(f"{path}.{extension}")) for extension in ("jpg", "jpeg", "JPG")}
        assert len(contents) == Rendition.objects.count() == 1

    def test_version_in_the_url_makes_it_immutable(self, api: Api, path: str) -> None:
        assert api.get(f"{path}.png?v=1")["Cache-Control"] == "private, max-age=31536000, immutable"

    def test_lost_object_is_rendered_again(self, api: Api, path: str, storage: ObjectStorage) -> None:
        first = body(api.get(f"{path}.png?w=8"))
        storage.delete(Rendition.objects.get().storage_name)
        assert body(api.get(f"{path}.png?w=8")) == first


@pytest.mark.parametrize("suffix", ["", ".jpg?w=16"], ids=["original", "rendition"])
class TestHttp:
    def test_head(self, api: Api, path: str, suffix: str) -> None:
        head = api.request("HEAD", path + suffix)
        answer = api.get(path + suffix)
        assert (head.status_code, body(head)) == (200, b"")
        assert int(head["Content-Length"]) == len(body(answer))
        assert {**head.headers} | {"X-Request-ID": ""} == {**answer.headers} | {"X-Request-ID": ""}

    def test_not_modified(self, api: Api, path: str, suffix: str) -> None:
        etag = api.get(path + suffix)["ETag"]
        for given in (etag, "*", f'"other", {etag}', f"W/{etag}"):
            answer = api.get(path + suffix, **{"If-None-Match": given})
            assert (answer.status_code, body(answer), answer["ETag"]) == (304, b"", etag)
            assert answer["Cache-Control"].startswith("private, max-age=")
        assert api.get(path + suffix, **{"If-None-Match": '"other"'}).status_code == 200

    @pytest.mark.parametrize("header", ["If-Modified-Since", "If-Unmodified-Since"])
    def test_conditions_by_date_are_ignored(self, api: Api, path: str, suffix: str, header: str) -> None:
        """No modification date is kept."""
        for date in ("Sat, 01 Jan 2000 00:00:00 GMT", "Tue, 01 Jan 2036 00:00:00 GMT"):
            assert api.get(path + suffix, **{header: date}).status_code == 200

    def test_precondition_failed(self, api: Api, path: str, suffix: str) -> None:
        answer = api.get(path + suffix, **{"If-Match": '"other"'})
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")

    @pytest.mark.parametrize(
        ("name", "header"),
        [
            ("cat.png", 'attachment; filename="cat.png"'),
            ("", "attachment"),
            ("kätzchen.png", "attachment; filename*=utf-8''k%C3%A4tzchen.png"),
            ('a"b.png', 'attachment; filename="a\\"b.png"'),
            ("a/b\\c\r\nSet-Cookie: x.png", 'attachment; filename="cSet-Cookie: x.png"'),
        ],
    )
    def test_download(self, api: Api, path: str, suffix: str, name: str, header: str) -> None:
        from urllib.parse import quote

        separator = "&" if "?" in suffix else "?"
        answer = api.get(f"{path}{suffix}{separator}download={quote(name)}")
        assert answer["Content-Disposition"] == header

    @pytest.mark.parametrize("name", ["a%00.png", "%00", "x" * 256])
    def test_refused_download_names(self, api: Api, path: str, suffix: str, name: str) -> None:
        separator = "&" if "?" in suffix else "?"
        answer = api.get(f"{path}{suffix}{separator}download={name}")
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/download")


def test_amplification_is_refused(api: Api) -> None:
    """IMG-15."""
    path = api.stored(made.encoded_flat("png", 1, 1))
    answer = api.get(f"{path}.png?w=16383&h=16383&enlarge=true&fit=fill")
    assert (answer.status_code, answer.json()["code"]) == (422, "image_too_large")
