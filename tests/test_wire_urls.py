"""URLs that the client makes without asking the server."""

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from progimage import Client, Image, Output, Transform, errors
from progimage.operations import Resize
from progimage.signing import sign_url
from progimage.text_form import parse_query
from tests.conftest import Api
from tests.support.clients import IMAGE, URL, Script, application, client, sample

__all__ = ["client", "sample"]
ID = IMAGE["id"]


class TestUrls:
    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            pytest.param({}, "", id="original"),
            pytest.param({"format": "webp"}, ".webp", id="format"),
            pytest.param({"format": None, "w": None}, "", id="None is not given"),
            pytest.param(
                {"format": "jpeg", "w": 300, "enlarge": True}, ".jpeg?w=300&enlarge=true", id="short"
            ),
            pytest.param({"fm": "png", "background": "#f80"}, ".png?background=%23f80", id="encoded once"),
            pytest.param({"format": "auto", "w": 9}, "?format=auto&w=9", id="negotiated"),
            pytest.param({"download": "a b&c.png", "v": 3}, "?download=a%20b%26c.png&v=3", id="beside"),
            pytest.param(
                {"format": "avif", "transform": "resize:width=300,fit=cover/resize:100", "q": 50},
                ".avif?transform=resize:width=300,fit=cover/resize:100&q=50",
                id="text form stays readable",
            ),
            pytest.param(
                {"transform": Transform((Resize(width=300, dpr=1.5),), Output(format="webp", lossless=True))},
                ".webp?transform=resize:width=300,dpr=1.5&lossless=true",
                id="a Transform",
            ),
        ],
    )
    def test_url(self, asked: dict[str, Any], expected: str) -> None:
        assert Script().client()[0].url(ID, **asked) == f"{URL}/images/{ID}{expected}"

    def test_a_transform_keeps_its_meaning_in_a_url(self) -> None:
        output = Output(format="jp2", quality=7, background="rgba(1, 2, 3, 0.5)", progressive=True)
        transform = Transform((Resize(width=9, height=8, fit="contain"), Resize(height=4, dpr=0.5)), output)
        parts = urlsplit(Script().client()[0].url(ID, transform=transform))
        understood = parse_query([*parse_qsl(parts.query), ("format", parts.path.rpartition(".")[2])])
        assert understood == transform

    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            pytest.param({"format": "webp", "widht": 3}, "/widht", id="unknown parameter"),
            pytest.param({"format": "webp", "w": 0}, "/w", id="out of range"),
            pytest.param({"format": "webp/../x"}, "/format", id="no format"),
            pytest.param({"w": 300}, "/format", id="transform without a format"),
            pytest.param({"transform": "blurred:", "format": "png"}, "/operations/0/op", id="no operation"),
            pytest.param(
                {"transform": Transform(output=Output(format="png")), "format": "webp"},
                "/fm",
                id="two formats",
            ),
            pytest.param(
                {"transform": "resize:3", "w": 4, "format": "png"}, "/w", id="two spellings at once"
            ),
        ],
    )
    def test_a_wrong_transform_is_refused_before_anything_is_sent(
        self, asked: dict[str, Any], pointer: str
    ) -> None:
        client, _ = Script().client()
        for method in (client.url, client.signed_url, client.download):
            with pytest.raises(errors.ParameterError) as raised:
                method(ID, **asked)
            assert raised.value.pointer == pointer

    @pytest.mark.parametrize("image_id", ["", "../admin", ID + "/renditions", f"{ID}?x"])
    def test_nothing_but_a_uuid_gets_into_a_path(self, image_id: str) -> None:
        client, _ = Script().client()
        for method in (client.url, client.get, client.delete, client.update, client.purge_renditions):
            with pytest.raises(errors.ParameterError, match="UUID"):
                method(image_id)

    def test_signed_url_shows_a_private_image_to_anybody(self, client: Client, sample: Image) -> None:
        url = client.signed_url(sample.id, format="webp", w=30, download="a b.webp", expires_in_s=60)
        with httpx.Client(transport=application()) as anybody:
            assert anybody.get(client.url(sample.id, format="webp", w=30)).status_code == 401
            answer = anybody.get(url)
            assert (answer.status_code, answer.content) == (
                200,
                client.download(sample.id, format="webp", w=30),
            )
            assert anybody.get(url.replace("w=30", "w=31")).json()["code"] == "signature_refused"

    def test_a_url_is_signed_as_it_is_sent(self, client: Client, sample: Image, api: Api) -> None:
        url = f"{URL}/images/{sample.id}.webp?w=30&download=a 'ü'|[b]%20%c3%bc 50%.webp"
        signed = sign_url(url, api_key=api.key, expires_at=int(time.time()) + 60)
        with httpx.Client(transport=application()) as anybody:
            answer = anybody.get(signed)
        assert answer.status_code == 200
        assert "filename*=" in answer.headers["Content-Disposition"]

    def test_a_list_of_operations_and_of_numbers(self) -> None:
        client, _ = Script().client()
        url = client.url(ID, transform=[Resize(width=3)], format="png")
        assert url.endswith(".png?transform=resize:width=3")
        assert client.url(ID, w=3, h=3, fit="cover", focal=(0.5, 0.25), format="png").endswith(
            "focal=0.5;0.25"
        )
        with pytest.raises(errors.ParameterError, match="received"):
            client.url(ID, format="png", w=object())  # type: ignore[arg-type]

    @pytest.mark.parametrize("expires_in_s", [0, -1, 7 * 86_400 + 1])
    def test_signed_url_lives_for_a_week_at_most(self, expires_in_s: int) -> None:
        with pytest.raises(errors.ParameterError, match="expires_in_s"):
            Script().client()[0].signed_url(ID, expires_in_s=expires_in_s)
