"""POST /transforms: bytes, addresses and stored images, one meaning however it is spelled."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from images.models import Image, Rendition
from images.services import hit_counts
from progimage.operations import operations
from progimage.text_form import spell_text
from tests.conftest import Api
from tests.support import images as made
from tests.support.remote_servers import Remote
from tests.support.transform_requests import (
    LOGO,
    PNG,
    example,
    id_of,
    query_of,
    remote,
    send_form,
    send_json,
    send_raw,
)

__all__ = ["remote"]
SMALL = {"operations": [{"op": "resize", "width": 30}], "output": {"format": "webp"}}


@pytest.mark.parametrize("name", sorted(operations()))
def test_one_meaning_gives_the_same_bytes_however_it_is_asked(api: Api, remote: Remote, name: str) -> None:
    operation = example(name, id_of(api, LOGO))
    stored = id_of(api)
    transform = {"operations": [{"op": name} | operation.as_dict()], "output": {"format": "png"}}
    text = urlencode({"transform": spell_text([operation])})
    answers = [
        send_raw(api, f"/transforms?format=png&{text}"),
        send_raw(api, f"/transforms/{name}?{query_of(operation, format='png')}"),
        send_form(api, "/transforms", {"file": PNG}, transform=json.dumps(transform)),
        send_json(api, "/transforms", {"url": remote.url("/a.png"), "transform": transform}),
        send_json(api, "/transforms", {"id": stored, "transform": transform}),
        api.get(f"/images/{stored}.png?{text}"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 6, [answer.body for answer in answers]
    assert len({(answer.body, answer["ETag"], answer["Transform-Key"]) for answer in answers}) == 1
    assert Rendition.objects.count() == 1


class TestBytes:
    def test_answer_says_what_they_are(self, api: Api) -> None:
        """WEB-1: with all the headers that a stored image has, and kept by nobody."""
        answer = send_raw(api, "/transforms?w=30&format=webp")
        sha256 = hashlib.sha256(answer.body)
        headers = dict(answer.items())
        assert made.pixels(answer.body).shape == (20, 30, 3)
        assert len(headers.pop("Transform-Key")) == 64
        expected = {
            "Content-Type": "image/webp",
            "Content-Length": str(len(answer.body)),
            "ETag": f'"{sha256.hexdigest()}"',
            "Repr-Digest": f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Image-Width": "30",
            "Image-Height": "20",
            "Image-Frames": "1",
        }
        assert expected.items() <= headers.items()
        assert "Vary" not in headers
        assert not Image.objects.exists()

    @pytest.mark.parametrize(
        "path", ["/transforms?format=png", "/transforms/plan", "/transforms/blur?sigma=1"]
    )
    def test_changed_on_the_way_are_refused(self, api: Api, path: str) -> None:
        behind_the_checksum_of_the_pixels = -12
        content = bytearray(made.png())
        content[behind_the_checksum_of_the_pixels - 1] ^= 1
        answer = send_raw(api, path, bytes(content))
        assert (answer.status_code, answer.json()["code"]) == (422, "unprocessable_image")

    def test_of_an_animation_say_how_many_frames(self, api: Api) -> None:
        answer = send_raw(api, "/transforms/resize?w=10&format=gif", made.encoded_animation("gif"))
        assert (answer["Image-Width"], answer["Image-Frames"]) == ("10", "3")

    def test_of_a_stored_image_are_its_rendition(self, api: Api) -> None:
        stored = id_of(api)
        for _ in range(2):
            answer = send_json(api, "/transforms", {"id": stored.upper(), "transform": SMALL})
        hit_counts.flush()
        row = Rendition.objects.get()
        assert (row.hits, row.cache_key, row.sha256) == (
            2,
            answer["Transform-Key"],
            answer["ETag"].strip('"'),
        )
        assert answer["Cache-Control"] == "no-store"
        got = api.get(f"/images/{stored}.webp?w=30")
        assert [got[name] for name in ("Image-Width", "Image-Height", "Image-Frames", "Transform-Key")] == [
            answer[name] for name in ("Image-Width", "Image-Height", "Image-Frames", "Transform-Key")
        ]

    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [("image/webp,*/*", "image/webp"), ("*/*", "image/png")],
        ids=["named", "any"],
    )
    def test_have_the_format_that_accept_names_where_it_is_auto(
        self, api: Api, accept: str, media_type: str
    ) -> None:
        transform = {"output": {"format": "auto"}}
        for answer in (
            send_raw(api, "/transforms?format=auto", Accept=accept),
            send_json(api, "/transforms", {"id": id_of(api), "transform": transform}, Accept=accept),
        ):
            assert (answer["Content-Type"], answer["Vary"]) == (media_type, "Accept")

    def test_transform_may_be_text_or_a_file_of_the_form(self, api: Api) -> None:
        text = send_form(api, "/transforms", {"file": PNG}, transform="resize:30")
        file = send_form(
            api, "/transforms", {"file": PNG, "transform": b'{"operations":[{"op":"resize","width":30}]}'}
        )
        json_text = send_json(api, "/transforms", {"id": id_of(api), "transform": "resize:30"})
        assert text.body == file.body == json_text.body
        assert text["Image-Width"] == "30"

    @pytest.mark.parametrize("blank", [" ", "\r\n", "\ufeff"], ids=["space", "line", "byte order mark"])
    def test_blanks_around_a_transform_mean_nothing(self, api: Api, blank: str) -> None:
        for text in ('{"operations": [{"op": "resize", "width": 30}]}', "resize:30"):
            answer = send_form(api, "/transforms", {"file": PNG}, transform=blank + text + blank)
            assert answer["Image-Width"] == "30"
        query = urlencode({"transform": f"{blank}resize:30{blank}"})
        assert send_raw(api, f"/transforms?{query}")["Image-Width"] == "30"

    def test_an_operations_own_name_goes_before_outputs(self, api: Api) -> None:
        """pad has a background of its own, which is seen in a format that could be transparent too."""
        answer = send_raw(api, "/transforms/pad?left=20&background=ff0000&format=png")
        assert made.pixels(answer.body)[0, 0].tolist() == [255, 0, 0]

    def test_focal_point_moves_what_is_kept(self, api: Api) -> None:
        stored = id_of(api)
        url, got = f"/images/{stored}.png?transform=resize:width=40,height=80,fit=cover,gravity=smart", []
        for x in (0, 1):
            point = json.dumps({"focal_point": {"x": x, "y": 0.5}})
            api.request("PATCH", f"/images/{stored}", data=point.encode(), content_type="application/json")
            got.append(api.get(url))
        left, right = (made.pixels(answer.body)[..., 0].mean() for answer in got)
        assert (left < 60, right > 190) == (True, True)
        assert got[0]["Transform-Key"] != got[1]["Transform-Key"]


class TestStored:
    def test_result_is_an_image_that_knows_where_it_comes_from(self, api: Api) -> None:
        stored, said = id_of(api), {"tags": ["a", "b"], "filename": "small.webp", "metadata": {"n": 1}}
        answer = send_json(api, "/transforms", {"id": stored, "transform": SMALL, "store": True} | said)
        image = answer.json()
        assert (answer.status_code, answer["Location"]) == (201, image["urls"]["original"])
        assert {name: image[name] for name in said} == said
        assert (image["format"], image["width"], image["height"]) == ("webp", 30, 20)
        assert image["parent"] == stored
        assert (
            image["transform"]["operations"][0] | {"width": 30, "fit": "inside"}
            == image["transform"]["operations"][0]
        )
        assert image["transform"]["output"]["quality"] == 79
        assert api.get(f"/images/{image['id']}.json").json() == image
        assert api.get(f"/images/{image['id']}").body == api.get(f"/images/{stored}.webp?w=30").body

    @pytest.mark.parametrize("how", ["raw", "form", "url", "operation"])
    def test_what_was_not_stored_is_no_parent(self, api: Api, remote: Remote, how: str) -> None:
        ways: dict[str, Any] = {
            "raw": lambda: send_raw(api, "/transforms?w=30&store=true&tags=a,b&visibility=public"),
            "form": lambda: send_form(
                api,
                "/transforms",
                {"file": PNG},
                transform="resize:30",
                store="true",
                tags="a,b",
                visibility="public",
            ),
            "url": lambda: send_json(
                api,
                "/transforms",
                {"url": remote.url("/a.png"), "transform": "resize:30", "store": True}
                | {"tags": ["a", "b"], "visibility": "public"},
            ),
            "operation": lambda: send_form(
                api, "/transforms/resize?w=30&store=true&tags=a,b&visibility=public", {"file": PNG}
            ),
        }
        image = ways[how]().json()
        assert (image["parent"], image["width"], image["tags"]) == (None, 30, ["a", "b"])
        assert image["visibility"] == "public"

    def test_sent_again_with_its_key_it_is_the_same_image(self, api: Api, remote: Remote) -> None:
        body = {"url": remote.url("/a.png"), "transform": SMALL, "store": True}
        first, again = (send_json(api, "/transforms", body, **{"Idempotency-Key": "k"}) for _ in range(2))
        assert (first.content, again["Idempotency-Replayed"]) == (again.content, "true")
        assert Image.objects.count() == len(remote.requests) == 1
        other = send_json(api, "/transforms", body | {"tags": ["x"]}, **{"Idempotency-Key": "k"})
        assert other.json()["code"] == "idempotency_mismatch"

    @pytest.mark.parametrize("files", [{"file": LOGO}, {"file": PNG, "logo": PNG}], ids=["source", "part"])
    def test_other_bytes_with_the_same_key_are_another_request(
        self, api: Api, files: dict[str, bytes]
    ) -> None:
        path = "/transforms/composite?image=part:logo&store=true"
        whole = {"file": PNG, "logo": LOGO}
        assert send_form(api, path, whole, key="k").status_code == 201
        assert send_form(api, path, whole | files, key="k").json()["code"] == "idempotency_mismatch"

    def test_result_that_is_too_large_to_store_is_refused(self, api: Api, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = 5_000
        answer = send_raw(api, "/transforms?format=bmp&store=true")
        assert (answer.status_code, answer.json()["code"]) == (422, "image_too_large")
        assert not Image.objects.exists()

    def test_stored_source_is_rendered_once(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        order = {"id": id_of(api), "transform": SMALL}
        sent = send_json(api, "/transforms", order)
        monkeypatch.setattr(
            "images.renditions.rendering.render_source", lambda *_, **__: pytest.fail("rendered again")
        )
        image = send_json(api, "/transforms", order | {"store": True}).json()
        assert api.get(f"/images/{image['id']}").body == sent.body

    def test_purge_leaves_nothing_of_how_it_was_made(self, api: Api) -> None:
        made_of = send_json(api, "/transforms", {"id": id_of(api), "transform": SMALL, "store": True}).json()
        api.request("DELETE", f"/images/{made_of['id']}?purge=true")
        row = Image.objects.get(pk=made_of["id"])
        assert (row.state, row.parent, row.transform) == ("purged", None, None)
