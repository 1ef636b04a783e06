"""hdr and color_space: what an image's JSON says of its colours, wherever that JSON is shown."""

import struct
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow
from PIL import ImageCms

from images.models import Image
from tests.conftest import Api
from tests.support import images as made
from tests.support.changes import patch
from tests.support.icc_profiles import rgb_profile
from tests.support.listing import listed
from tests.support.transform_requests import send_json, send_raw

CICP = {"pq": 16, "hlg": 18, "srgb": 13}
BT2020 = 9
DISPLAY_P3 = 12
NOTHING = {"transfer": None, "primaries": None, "bit_depth": 8, "profile_name": None}
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def png(primaries: int, transfer: str) -> bytes:
    return made.png((b"cICP", bytes((primaries, CICP[transfer], 0, 1))))


def renamed(text: str) -> bytes:
    """Return a profile that calls itself so, in ASCII (ICC.1:2001-04, 6.5.17)."""
    profile = bytearray(
        rgb_profile([(0.436, 0.222, 0.014), (0.385, 0.717, 0.097), (0.143, 0.061, 0.714)], 2.2)
    )
    content = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text.encode("latin-1") + b"\0" * 80
    entry = profile.index(b"desc", 128)
    profile[entry + 4 : entry + 12] = struct.pack(">II", len(profile), len(content))
    profile += content
    profile[:4] = struct.pack(">I", len(profile))
    return bytes(profile)


def tagged(profile: bytes, name: str = "jpeg") -> bytes:
    return made.encoded(name, icc_profile=profile)


def colors(image: Any) -> tuple[Any, Any]:
    return image["hdr"], image["color_space"]


@pytest.mark.parametrize(
    ("content", "is_hdr", "expected"),
    [
        pytest.param(made.encoded("jpeg"), False, {}, id="not described"),
        pytest.param(png(BT2020, "pq"), True, {"transfer": "pq", "primaries": "bt2020"}, id="PQ"),
        pytest.param(png(DISPLAY_P3, "hlg"), True, {"transfer": "hlg", "primaries": "display-p3"}, id="HLG"),
        pytest.param(png(1, "srgb"), False, {"transfer": "srgb", "primaries": "bt709"}, id="sRGB"),
        pytest.param(
            tagged(SRGB_PROFILE),
            False,
            {"transfer": "srgb", "primaries": "bt709", "profile_name": "sRGB built-in"},
            id="ICC profile",
        ),
        pytest.param(made.encoded("png", Pillow.new("I;16", (2, 2))), False, {"bit_depth": 16}, id="16 bits"),
        pytest.param(made.encoded("png", Pillow.new("1", (9, 9))), False, {"bit_depth": 1}, id="1 bit"),
    ],
)
def test_facts(api: Api, content: bytes, is_hdr: bool, expected: dict[str, Any]) -> None:
    image = api.upload(content).json()
    assert colors(image) == (is_hdr, NOTHING | expected)
    assert list(image["color_space"]) == list(NOTHING)
    row = Image.objects.get()
    assert (row.is_hdr, row.color_space) == colors(image)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("P" * 300, "P" * 100, id="long"),
        pytest.param("\x07Screen\x1b[2J\r\n", "Screen[2J", id="control characters"),
        pytest.param("<script>", "<script>", id="markup"),
        pytest.param("Bildschirm f\xfcr B\xfcro", "Bildschirm für Büro", id="letters with accents"),
        pytest.param("", None, id="empty"),
        pytest.param("\x01\x02", None, id="nothing printable"),
    ],
)
def test_profile_name_is_of_printable_characters(api: Api, name: str, shown: str | None) -> None:
    image = api.upload(tagged(renamed(name))).json()
    assert image["color_space"]["profile_name"] == shown


@pytest.mark.parametrize("name", made.READABLE)
def test_every_format_has_them(api: Api, name: str) -> None:
    image = api.upload(made.encoded(name)).json()
    assert image["hdr"] is False
    assert image["color_space"].keys() == NOTHING.keys()
    assert image["color_space"]["bit_depth"] == 8


class TestWhereTheyAreShown:
    """Every answer with an image has the same members, with the same values."""

    @pytest.fixture
    def image(self, api: Api) -> Any:
        return api.upload(png(BT2020, "pq")).json()

    def test_json_and_list(self, api: Api, image: Any) -> None:
        assert image["hdr"] is True
        assert api.get(f"/images/{image['id']}.json").json() == image
        assert listed(api)["images"] == [image]

    def test_change(self, api: Api, image: Any) -> None:
        answer = patch(api, f"/images/{image['id']}", {"tags": ["x"]})
        assert answer.json() == image | {"tags": ["x"]}

    def test_form_with_several_files(self, api: Api, image: Any) -> None:
        files = [SimpleUploadedFile(f"{index}.png", png(BT2020, "pq")) for index in range(2)]
        results = api.upload_form(file=files).json()["results"]
        assert [colors(result["image"]) for result in results] == [colors(image)] * 2

    def test_stored_result_has_its_own(self, api: Api, image: Any) -> None:
        body = {
            "id": image["id"],
            "store": True,
            "transform": {"operations": [], "output": {"format": "jpeg"}},
        }
        assert colors(send_json(api, "/transforms", body).json()) == (False, NOTHING)

    def test_plan(self, api: Api, image: Any) -> None:
        by_bytes = send_raw(api, "/transforms/plan", png(BT2020, "pq")).json()
        by_id = send_json(
            api, "/transforms/plan", {"id": image["id"], "transform": {"operations": []}}
        ).json()
        assert colors(by_bytes["source"]) == colors(by_id["source"]) == colors(image)


def test_rows_of_another_release_may_have_other_parts(api: Api) -> None:
    """Servers of two releases share them during an upgrade."""
    image = api.upload(made.encoded("png")).json()
    Image.objects.update(color_space={"transfer": "srgb", "white_nits": 203})
    shown = api.get(f"/images/{image['id']}.json").json()
    assert shown["color_space"] == NOTHING | {"transfer": "srgb", "bit_depth": None}
    plan = send_json(api, "/transforms/plan", {"id": image["id"], "transform": {"operations": []}}).json()
    assert plan["source"]["color_space"] == shown["color_space"]


class TestImagesFromBefore:
    """Images that an earlier release stored, which read no colours."""

    @pytest.fixture
    def image(self, api: Api) -> Any:
        image = api.upload(made.encoded("png")).json()
        Image.objects.update(is_hdr=None, color_space=None)
        return image

    def test_have_null(self, api: Api, image: Any) -> None:
        shown = api.get(f"/images/{image['id']}.json").json()
        assert shown == image | {"hdr": None, "color_space": None}
        assert listed(api)["images"] == [shown]

    def test_plan_has_null(self, api: Api, image: Any) -> None:
        plan = send_json(api, "/transforms/plan", {"id": image["id"], "transform": {"operations": []}}).json()
        assert colors(plan["source"]) == (None, None)

    def test_are_served_as_before(self, api: Api, image: Any) -> None:
        assert api.get(f"/images/{image['id']}.webp?w=9").status_code == 200


def test_tombstone_has_none(api: Api) -> None:
    """The name of a profile may say whose it is."""
    image = api.upload(tagged(SRGB_PROFILE)).json()
    api.request("DELETE", f"/images/{image['id']}?purge=true")
    row = Image.objects.get()
    assert (row.state, row.is_hdr, row.color_space) == ("purged", None, None)
