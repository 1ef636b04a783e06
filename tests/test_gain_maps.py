"""`hdr=keep`: a JPEG's gain map goes through the same geometry as its picture, and the result is the same HDR."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from progimage.errors import ParameterError, ResultTooLarge, UnprocessableImage
from tests.support import gain_maps as maps
from tests.support import images as made
from tests.support.gain_maps import Parameters, Scene
from tests.support.xmp_packets import packet
from transforms.color.description import BT709, DISPLAY_P3, SRGB_CURVE, ColorDescription
from transforms.color.made_profile import make_profile
from transforms.color.matrices import rgb_to_d50

SCENE = maps.scene()
SMALL = maps.scene(64, 48)
CONTENT = maps.ultra_hdr(SCENE)
THREE = Parameters(least=(-0.1, 0.0, 0.0), most=(3.0, 2.5, 1.5), gamma=(1.0, 1.2, 0.8))


def kept(content: bytes, query: str, folder: Path) -> bytes:
    _, result = made.rendered(content, f"hdr=keep&{query}", folder)
    return result


def reduced(picture: maps.Linear, factor: int) -> maps.Linear:
    height, width, _ = picture.shape
    cells = picture.reshape(height // factor, factor, width // factor, factor, 3)
    result: maps.Linear = cells.mean(axis=(1, 3))
    return result


def assert_same_hdr(result: bytes, right: maps.Linear, parameters: Parameters = maps.USUAL) -> None:
    """Both are in stops. The source's own error, by 8 bits and the map's quarter size, is 0.012 in the mean."""
    distance = maps.stops_apart(maps.recomposed(result, parameters), right)
    assert distance.mean() < 0.03
    assert np.percentile(distance, 95) < 0.08


GEOMETRY = [
    pytest.param("q=90", lambda hdr: hdr, id="as it is"),
    pytest.param("q=90&w=320", lambda hdr: reduced(hdr, 2), id="resize"),
    pytest.param("q=95&w=80", lambda hdr: reduced(hdr, 8), id="resize to less than the map"),
    pytest.param("q=95&transform=crop:left=100,top=60,width=301,height=203", lambda hdr: hdr[60:263, 100:401], id="crop"),
    pytest.param("q=95&transform=crop:left=0.25,top=0.125,width=0.5,height=0.5,unit=ratio/resize:width=160", lambda hdr: reduced(hdr[60:300, 160:480], 2), id="crop and resize"),
    pytest.param("q=95&transform=rotate:angle=90", lambda hdr: np.rot90(hdr, -1), id="90 degrees"),
    pytest.param("q=95&transform=rotate:angle=180", lambda hdr: np.rot90(hdr, 2), id="180 degrees"),
    pytest.param("q=95&transform=rotate:angle=-90", lambda hdr: np.rot90(hdr, 1), id="270 degrees"),
    pytest.param("q=95&transform=flip", lambda hdr: hdr[:, ::-1], id="mirrored"),
    pytest.param("q=95&transform=flip:direction=vertical", lambda hdr: hdr[::-1], id="upside down"),
    pytest.param(
        "q=95&transform=rotate:angle=90/crop:left=40,top=80,width=240,height=320/flip/resize:width=120/rotate:angle=180",
        lambda hdr: np.rot90(reduced(np.rot90(hdr, -1)[80:400, 40:280][:, ::-1], 2), 2),
        id="all together",
    ),
    pytest.param("q=95&w=240&h=240&fit=cover&gravity=west", lambda hdr: reduced(hdr[:, :480], 2), id="cover"),
    pytest.param("q=95&transform=thumbnail:width=240,gravity=north", lambda hdr: reduced(hdr[:, 80:560], 2), id="thumbnail"),
    pytest.param("q=95&w=320&h=240&fit=contain", lambda hdr: reduced(hdr, 2), id="contain without padding"),
]  # fmt: skip


class TestGeometry:
    @pytest.mark.parametrize(("query", "change"), GEOMETRY)
    def test_the_result_is_the_changed_hdr(self, query: str, change: Any, tmp_path: Path) -> None:
        result = kept(CONTENT, query, tmp_path)
        assert_same_hdr(result, change(SCENE.hdr))
        picture, gain_map = maps.split(result)
        assert abs(picture.width * gain_map.height / (picture.height * gain_map.width) - 1) < 0.01

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_with_any_orientation(self, orientation: int, tmp_path: Path) -> None:
        stored = Scene(*(turned_back(part, orientation) for part in (SCENE.sdr, SCENE.hdr)))
        exif = Image.Exif()
        exif[0x0112] = orientation
        content = maps.ultra_hdr(stored, exif=exif)
        result = kept(content, "q=95&transform=crop:left=100,top=40,width=320,height=240", tmp_path)
        assert_same_hdr(result, SCENE.hdr[40:280, 100:420])

    def test_smart_gravity_and_trim_cut_both_alike(self, tmp_path: Path) -> None:
        hdr = np.full((120, 160, 3), 0.05)
        hdr[40:80, 90:130] = 1.6
        content = maps.ultra_hdr(Scene(hdr.clip(0, 0.8), hdr), scale=2)
        for query in (
            "transform=trim:threshold=40",
            "transform=thumbnail:width=40",
            "w=100&h=30&fit=cover&gravity=smart",
        ):
            result = kept(content, query, tmp_path)
            picture, gain_map = maps.split(result)
            lit = np.asarray(picture.convert("L").resize(gain_map.size)) > 128
            gain = np.asarray(gain_map.convert("L")) > 40
            assert (lit == gain).mean() > 0.9, query

    def test_a_map_keeps_its_px_as_far_as_the_result_has_use_for_them(self, tmp_path: Path) -> None:
        sizes = {
            query: maps.split(kept(CONTENT, query, tmp_path))[1].size
            for query in (
                "",
                "w=320",
                "w=160",
                "w=33",
                "transform=crop:width=64,height=48",
                "w=1280&enlarge=true",
            )
        }
        assert sizes == {
            "": (160, 120),
            "w=320": (160, 120),
            "w=160": (80, 60),
            "w=33": (25, 19),
            "transform=crop:width=64,height=48": (16, 12),
            "w=1280&enlarge=true": (160, 120),
        }


def turned_back(part: maps.Linear, orientation: int) -> maps.Linear:
    """Return the rows as they are stored for that orientation."""
    rows = np.arange(part.shape[0])[:, None].repeat(part.shape[1], axis=1).astype(np.int32)
    columns = np.arange(part.shape[1])[None, :].repeat(part.shape[0], axis=0).astype(np.int32)
    places = [
        np.asarray(made.turned_back(orientation, Image.fromarray(each, "I"))) for each in (rows, columns)
    ]
    result: maps.Linear = part[places[0], places[1]]
    return result


class TestSource:
    @pytest.mark.parametrize(
        "kinds", ["xmp mpf", "iso mpf", "xmp container", "iso container", "xmp iso mpf container"]
    )
    def test_any_description_is_read_and_all_are_written(self, kinds: str, tmp_path: Path) -> None:
        result = kept(maps.ultra_hdr(SCENE, kinds=kinds), "w=320", tmp_path)
        assert_same_hdr(result, reduced(SCENE.hdr, 2))
        picture, gain_map = maps.split(result)
        assert b"GainMap" in picture.info["xmp"]
        assert b"hdrgm:GainMapMax" in gain_map.info["xmp"]
        assert result.count(maps.ISO) == 2
        length = re.search(rb'Item:Length="(\d+)"', picture.info["xmp"])
        assert length
        assert int(length[1]) == maps.mpf_entry(result)[1]

    @pytest.mark.parametrize("kinds", ["xmp mpf", "iso mpf"])
    def test_three_channels_with_a_gamma_each(self, kinds: str, tmp_path: Path) -> None:
        colored = maps.scene(colored=True)
        content = maps.ultra_hdr(colored, parameters=THREE, kinds=kinds)
        result = kept(content, "q=95&transform=crop:left=0,width=320", tmp_path)
        assert_same_hdr(result, colored.hdr[:, :320], THREE)
        assert maps.split(result)[1].mode == "RGB"

    @pytest.mark.parametrize("colored", [False, True], ids=["one channel", "three channels"])
    def test_a_base_in_display_p3(self, colored: bool, tmp_path: Path) -> None:
        """The base becomes sRGB, and the gain, which was meant for P3, applies there. It is the same for one
        channel, and nearly so for three."""
        p3 = ColorDescription(primaries=DISPLAY_P3, transfer=SRGB_CURVE)
        to_p3 = np.linalg.inv(np.array(rgb_to_d50(DISPLAY_P3))) @ np.array(rgb_to_d50(BT709))
        scene = maps.scene(320, 240, colored=colored)
        wide = Scene(scene.sdr @ to_p3.T, scene.hdr @ to_p3.T)
        parameters = (
            Parameters(least=(-0.5,) * 3, most=(3.0,) * 3, gamma=(1.0,) * 3) if colored else maps.USUAL
        )
        content = maps.ultra_hdr(wide, parameters=parameters, icc_profile=make_profile(p3))
        assert_same_hdr(kept(content, "q=95", tmp_path), scene.hdr, parameters)

    def test_a_video_behind_the_map_is_left_out(self, tmp_path: Path) -> None:
        for kinds in ("xmp container", "xmp container mpf"):
            content = maps.ultra_hdr(
                SMALL, kinds=kinds, behind=b"\0\0\0\x18ftypmp42" + bytes(900), xmp='GCamera:MotionPhoto="1"'
            )
            result = kept(content, "w=32&metadata=keep", tmp_path)
            assert b"ftyp" not in result
            assert b"MotionPhoto" not in result
            maps.split(result)

    def test_the_packet_of_the_source_stays_beside_the_container(self, tmp_path: Path) -> None:
        content = maps.ultra_hdr(SMALL, xmp="dc:source='a place'")
        for level, is_kept in (("keep", True), ("safe", False), ("copyright", False)):
            result = kept(content, f"metadata={level}", tmp_path)
            assert (b"a place" in result) is is_kept
            packets = re.findall(rb"http://ns.adobe.com/xap/1.0/\0", result)
            assert len(packets) == 2  # one of the picture, one of the map
            assert result.count(b"<Container:Directory>") == 1

    def test_a_long_packet_gives_way(self, tmp_path: Path) -> None:
        text = "s" * (65_450 - len(packet("dc:creator='A' dc:source=''")))
        content = maps.ultra_hdr(SMALL, kinds="xmp mpf", xmp=f"dc:creator='A' dc:source='{text}'")
        result = kept(content, "metadata=keep", tmp_path)
        assert b"<dc:creator>A</dc:creator>" in result
        assert b"<Container:Directory>" in result
        assert b"ssss" not in result

    def test_without_hdr_keep_nothing_is_left(self, tmp_path: Path) -> None:
        for query in ("", "metadata=keep", "metadata=keep&w=32", "hdr=sdr&metadata=copyright"):
            _, result = made.rendered(maps.ultra_hdr(SMALL), query, tmp_path)
            assert not re.search(rb"hdrgm|Container|MPF\0|21496", result), query
            assert result.count(b"\xff\xd8\xff") == 1

    @pytest.mark.parametrize("query", ["w=60", "format=jpeg&w=60"], ids=["own format", "to jpeg"])
    @pytest.mark.parametrize("name", ["jpeg", "png", "webp", "heic"])
    def test_an_image_without_hdr_stays_as_it_is(self, name: str, query: str, tmp_path: Path) -> None:
        content = made.encoded(name)
        plain = made.rendered(content, query, tmp_path)[1]
        assert kept(content, query, tmp_path) == plain


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("format=webp", "format jpeg"),
            ("format=avif", "format jpeg"),
            ("transform=blur:sigma=2", "received blur"),
            ("transform=resize:width=9/grayscale", "received grayscale"),
            ("transform=pad:left=3", "received pad"),
            ("transform=rotate:angle=30", "rotate by 30 degrees"),
            ("transform=rotate:angle=90,expand=false", "expand=false"),
            ("w=60&h=60&fit=contain", "fit=contain"),
            ("transform=flip/resize:width=60,height=60,fit=contain", "fit=contain"),
        ],
    )
    def test_other_operations_and_formats(self, query: str, message: str, tmp_path: Path) -> None:
        for content in (maps.ultra_hdr(SMALL), made.encoded("jpeg"), made.encoded("png")):
            with pytest.raises(ParameterError, match=message) as caught:
                kept(content, query, tmp_path)
            assert caught.value.pointer == "/output/hdr"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            pytest.param(maps.ultra_hdr(SMALL, kinds="apple mpf"), "Apple's own kind", id="Apple's"),
            pytest.param(
                maps.ultra_hdr(SMALL, kinds="iso mpf", parameters=Parameters(capacity=(3.0, 0.0))),
                "base of its gain map is HDR",
                id="HDR base by ISO",
            ),
            pytest.param(
                maps.joined(
                    made.picture(),
                    made.encoded("jpeg", xmp=maps.xmp_parameters(Parameters(), 'hdrgm:BaseRenditionIsHDR="True"')),
                    "mpf",
                ),
                "base of its gain map is HDR",
                id="HDR base by XMP",
            ),
            pytest.param(
                maps.ultra_hdr(SMALL, kinds="iso mpf", parameters=Parameters(gamma=(0.0,))), "damaged", id="gamma of 0"
            ),
            pytest.param(maps.ultra_hdr(SMALL, kinds="iso mpf")[:-300], "damaged", id="cut off"),
        ],
    )  # fmt: skip
    def test_kinds_that_cannot_be_kept(self, content: bytes, message: str, tmp_path: Path) -> None:
        with pytest.raises(UnprocessableImage, match=message):
            kept(content, "w=32", tmp_path)
        assert made.rendered(content, "w=32", tmp_path)[0].width == 32

    def test_hdr_in_the_picture_itself(self, tmp_path: Path) -> None:
        """PQ of BT.2020."""
        content = made.encoded("png")
        code_points = (b"cICP", bytes([9, 16, 0, 1]))
        chunk = made.png(code_points)[33 : 33 + 16]
        with pytest.raises(UnprocessableImage, match="in the picture itself"):
            kept(content[:33] + chunk + content[33:], "format=jpeg", tmp_path)


class TestOutput:
    def test_max_bytes_counts_the_map(self, tmp_path: Path) -> None:
        content = CONTENT
        whole = len(kept(content, "q=90", tmp_path))
        limit = whole * 2 // 3
        result = kept(content, f"max_bytes={limit}", tmp_path)
        assert limit * 0.8 < len(result) <= limit
        assert_same_hdr(result, SCENE.hdr)
        with pytest.raises(ResultTooLarge):
            kept(content, "max_bytes=500", tmp_path)

    def test_the_original_never_stands_for_the_result(self, tmp_path: Path) -> None:
        content = maps.ultra_hdr(SMALL, xmp="dc:source='SECRET'")
        assert b"SECRET" not in kept(content, "q=100", tmp_path)

    @pytest.mark.parametrize("query", ["progressive=true", "subsampling=4:4:4", "q=30", "metadata=keep"])
    def test_options_of_jpeg_hold_for_the_picture(self, query: str, tmp_path: Path) -> None:
        result = kept(CONTENT, query, tmp_path)
        picture, gain_map = maps.split(result)
        assert picture.info.get("progressive", 0) == (1 if "progressive" in query else 0)
        assert "progressive" not in gain_map.info
        plain = made.rendered(CONTENT, query, tmp_path)[1]
        assert made.furthest(picture, Image.open(io.BytesIO(plain))) == 0

    def test_the_same_source_gives_the_same_bytes(self, tmp_path: Path) -> None:
        content = maps.ultra_hdr(SMALL)
        assert kept(content, "w=40", tmp_path) == kept(content, "w=40", tmp_path)
