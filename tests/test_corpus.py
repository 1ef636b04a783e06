"""Real images, valid, odd, corrupt and hostile, through the whole service: those of the folder that PROGIMAGE_CORPUS
names. The column `service_expect` of its manifest has the expected result for each file."""

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from images.models import Image
from images.storage import originals, renditions
from tests.conftest import Api, body, make_api
from tests.support.corpus import CORPUS
from transforms.formats.table import FORMATS
from transforms.geometry import Size
from transforms.orientation import upright_size

pytestmark = [
    pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus"),
    pytest.mark.django_db,
    pytest.mark.slow,
]
FETCHED = (".jpg", ".png", ".webp", ".webp?w=64&h=64")
PAYLOADS = (b"<?php", b"<script", b"PK\x03\x04", b"%PDF")
REFUSALS = (400, 411, 413, 415, 422)
FORMAT_NAMES = {
    "heif": "heic",
    "jp2": "jp2",
    "bmp": "bmp",
    "ico": "ico",
    "avif": "avif",
    "tiff": "tiff",
    "gif": "gif",
}
CANNOT_BE_DECODED = {
    "avif_heif/libgd__plum_blossom_12bit.avif",
    "jxl_jp2/Pillow__00r0_gray_l.jp2",
}
"""Valid, of formats that are read, and of kinds that the decoders lack: 422, for they look damaged to them."""


@dataclass
class Seen:
    """The responses of the service to one file."""

    row: dict[str, str]
    answer: Any
    seconds: float
    fetched: dict[str, Any] = field(default_factory=dict)

    @property
    def expected(self) -> str:
        return self.row["service_expect"]

    @property
    def status(self) -> int:
        return int(self.answer.status_code)

    @property
    def image(self) -> dict[str, Any]:
        return dict(self.answer.json())

    @property
    def upright(self) -> Size:
        return upright_size(Size(self.image["width"], self.image["height"]), self.image["orientation"])

    def __str__(self) -> str:
        statuses = {query: answer.status_code for query, answer in self.fetched.items()}
        return f"{self.row['path']}: {self.status} {statuses}, expected {self.expected}"


@pytest.fixture(scope="module")
def seen(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Seen]]:
    with django_db_blocker.unblock(), (Path(CORPUS) / "manifest.csv").open(newline="") as file:
        api = make_api("corpus")
        yield [look(api, row) for row in csv.DictReader(file)]
        for image in Image.objects.filter(account=api.account).prefetch_related("renditions"):
            for rendition in image.renditions.all():
                renditions().delete(rendition.storage_name)
            originals().delete(image.storage_name)
            image.delete()
        api.account.delete()


def look(api: Api, row: dict[str, str]) -> Seen:
    content, start = (Path(CORPUS) / row["path"]).read_bytes(), time.monotonic()
    result = Seen(row, api.upload(content), time.monotonic() - start)
    if result.status == 201:
        path = f"/images/{result.image['id']}"
        result.fetched = {query: api.get(path + query) for query in FETCHED}
    return result


def failures(wrong: list[Seen]) -> list[str]:
    return [str(each) for each in wrong]


def test_what_is_to_be_accepted_is_and_comes_in_every_format(seen: list[Seen]) -> None:
    accepted = [each for each in seen if each.expected.startswith("accept (201)")]
    assert len(accepted) > 200
    assert failures([each for each in accepted if each.status != 201]) == []


def test_what_is_to_be_refused_is(seen: list[Seen]) -> None:
    refused = [each for each in seen if each.expected.startswith(("refuse", "4xx"))]
    assert len(refused) > 90
    assert failures([each for each in refused if each.status not in REFUSALS]) == []


def test_formats_that_are_enabled_are_read_and_others_are_415(seen: list[Seen]) -> None:
    optional = [each for each in seen if each.expected.startswith(("415 unless", "accept if"))]
    assert len(optional) > 55
    for each in optional:
        if each.row["path"] in CANNOT_BE_DECODED:
            assert each.status == 422, str(each)
        else:
            is_read = FORMAT_NAMES.get(each.row["format"]) in FORMATS
            assert each.status == (201 if is_read else 415), str(each)


def test_bombs_are_refused_by_their_limits_at_once(seen: list[Seen]) -> None:
    """IMG-2."""
    bombs = [each for each in seen if each.expected.startswith("refuse 413/422")]
    assert len(bombs) > 20
    assert failures([each for each in bombs if each.seconds > 1]) == []
    for each in bombs:
        is_read = FORMAT_NAMES.get(each.row["format"], each.row["format"]) in FORMATS
        assert each.status == 415 if not is_read else each.status in (413, 422), str(each)


def test_nothing_is_a_server_error_and_all_that_was_accepted_can_be_fetched(seen: list[Seen]) -> None:
    assert failures([each for each in seen if each.status not in (201, *REFUSALS)]) == []
    for each in seen:
        for query, answer in each.fetched.items():
            assert answer.status_code == 200, f"{each} {query}"


def test_nothing_takes_long(seen: list[Seen]) -> None:
    """IMG-1: and refusals by size come from the header alone."""
    times = sorted(each.seconds for each in seen)
    assert times[-1] < 10
    assert times[int(len(times) * 0.99)] < 2


def test_results_have_their_size_and_are_rasters(seen: list[Seen]) -> None:
    for each in seen:
        for query, answer in each.fetched.items():
            if answer.status_code != 200:
                continue
            with PillowImage.open(io.BytesIO(body(answer))) as image:
                wanted = min(64, max(each.upright)) if "w=64" in query else max(each.upright)
                assert max(image.size) == wanted, f"{each} {query} {image.size}"
                assert (image.width >= image.height) == (each.upright.width >= each.upright.height), str(each)
                assert image.get_format_mimetype() in (answer["Content-Type"], "image/apng"), (
                    f"{each} {query}"
                )
            assert answer["X-Content-Type-Options"] == "nosniff"


def test_no_payload_comes_through(seen: list[Seen]) -> None:
    """WEB-2, IMG-7: nor behind the image's end."""
    polyglots = [each for each in seen if each.row["category"] in ("polyglot", "svg", "names", "archives")]
    assert sum(len(each.fetched) for each in polyglots) > 40
    for each in polyglots:
        found = [p for answer in each.fetched.values() for p in PAYLOADS if p in body(answer)]
        assert found == [], str(each)


@pytest.mark.parametrize(
    "series",
    ["image__landscape", "Pillow__hopper_orientation", "Pillow__g4_orientation"],
)
def test_pictures_in_eight_orientations_look_alike(seen: list[Seen], series: str) -> None:
    """IMG-13."""
    alike = [each for each in seen if each.row["path"].startswith(f"orientation/{series}")]
    assert len(alike) >= 5
    small = [thumbnail(body(each.fetched[".webp?w=64&h=64"])) for each in alike]
    for one, other in combinations(small, 2):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9


def thumbnail(content: bytes) -> Any:
    with PillowImage.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB").resize((32, 32)), dtype=float)
