"""format=auto: the result has the best format that the Accept header names and that the result fits in."""

from typing import Any

import pytest

from progimage.operations import Output, Resize
from progimage.text_form import parse_query
from progimage.transform import Transform
from transforms.formats.table import FORMATS
from transforms.geometry import Size
from transforms.limits import Limits
from transforms.planning.ceilings import Extent
from transforms.planning.negotiate_format import negotiate
from transforms.planning.resolve import resolve

AUTO = parse_query([("format", "auto")])
PHOTO = Extent(Size(4_000, 3_000), 1)


def negotiated(
    accept: str, *, transform: Transform = AUTO, source: Extent = PHOTO, fallback: str = "jpeg"
) -> str:
    result = negotiate(transform, accept, source=source, fallback=FORMATS[fallback], limits=Limits())
    return str(result.output.format)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "avif", id="Chrome"),
        pytest.param(
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
            "application/signed-exchange;v=b3;q=0.7",
            "avif",
            id="Chrome, a page",
        ),
        pytest.param(
            "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "avif", id="Firefox 128"
        ),
        pytest.param("image/webp,*/*", "webp", id="Firefox 65"),
        pytest.param(
            "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,"
            "image/*;q=0.8,*/*;q=0.5",
            "avif",
            id="Safari 17",
        ),
        pytest.param(
            "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", "webp", id="Safari 14"
        ),
        pytest.param("image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "jpeg", id="Safari 13"),
        pytest.param("*/*", "jpeg", id="curl"),
        pytest.param("image/*", "jpeg", id="image/* promises nothing"),
        pytest.param("", "jpeg", id="no header"),
        pytest.param("image/webp;q=0.9, image/avif;q=0.8", "webp", id="the favourite"),
        pytest.param("image/webp;q=0.8, image/avif;q=0.8", "avif", id="as dear as the other"),
        pytest.param("image/avif;q=0, image/webp", "webp", id="q=0"),
        pytest.param("image/avif;q=0.000, image/webp;q=0.", "jpeg", id="every way to write 0"),
        pytest.param("IMAGE/AVIF ; Q=0.5", "avif", id="case and spaces"),
        pytest.param(", image/webp,,", "webp", id="empty members"),
        pytest.param("image/webp;level=1;q=1.0", "webp", id="a parameter"),
        pytest.param("image/png, image/jpeg;q=0", "jpeg", id="the fallback itself excluded"),
        pytest.param("image/avif;q=2", "jpeg", id="a weight above 1"),
        pytest.param("image/avif;q=0.1234", "jpeg", id="a weight of four digits"),
        pytest.param("image/avif;q=", "jpeg", id="no weight"),
        pytest.param("image/avif, webp", "jpeg", id="no type"),
        pytest.param("image/avif image/webp", "jpeg", id="no comma"),
        pytest.param("image/avif, \0\xff\r\n", "jpeg", id="garbage"),
        pytest.param("image/avif;q=\u0660", "jpeg", id="digits of another script"),
        pytest.param("image/avif" + ", image/x" * 200, "jpeg", id="long"),
        pytest.param("image/avif" + " " * 1_000 + "x", "jpeg", id="many spaces"),
    ],
)
def test_what_accept_names_is_sent(accept: str, expected: str) -> None:
    assert negotiated(accept) == expected


BOTH = "image/avif,image/webp,*/*"
SLOW = [("transform", "sharpen/rotate:angle=3,expand=false")]
LARGE = Extent(Size(6_000, 5_000), 1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"source": Extent(Size(100, 100), 2)}, "webp", id="an animation is too slow as avif"),
        pytest.param({"source": LARGE}, "webp", id="above the ceiling of avif"),
        pytest.param(
            {"source": LARGE, "transform": Transform((Resize(width=3_000),), AUTO.output)},
            "avif",
            id="the result counts, not the source",
        ),
        pytest.param(
            {"source": Extent(Size(6_000, 4_000), 1), "transform": parse_query([*SLOW, ("format", "auto")])},
            "webp",
            id="avif and the operations take too long together",
        ),
        pytest.param({"source": Extent(Size(40_000, 100), 1)}, "jpeg", id="too wide for either"),
        pytest.param({"source": Extent(Size(1_000, 1_000), 101)}, "jpeg", id="too many frames for webp"),
        pytest.param(
            {"transform": Transform((), Output(format="auto", lossless=True))}, "webp", id="avif is lossy here"
        ),
        pytest.param(
            {"source": Extent(Size(8_000, 4_000), 1), "transform": Transform((), Output(format="auto", lossless=True))},
            "jpeg",
            id="above the ceiling of lossless webp",
        ),
        pytest.param({"fallback": "heic", "source": Extent(Size(40_000, 100), 1)}, "jpeg", id="heic is not written"),
        pytest.param({"transform": parse_query([("format", "png")])}, "png", id="a format that was asked for"),
        pytest.param({"transform": Transform()}, "None", id="nothing asked for"),
    ],
)  # fmt: skip
def test_what_the_result_does_not_fit_in_is_passed_over(given: dict[str, Any], expected: str) -> None:
    assert negotiated(BOTH, **given) == expected


def test_all_else_stays_and_can_be_resolved() -> None:
    asked = parse_query([("w", "300"), ("format", "auto"), ("q", "50"), ("metadata", "copyright")])
    result = negotiate(asked, BOTH, source=PHOTO, fallback=FORMATS["jpeg"], limits=Limits())
    assert resolve(result, "jpeg") == resolve(
        parse_query([("w", "300"), ("format", "avif"), ("q", "50"), ("metadata", "copyright")]), "jpeg"
    )


@pytest.mark.parametrize("fallback", ["jpeg", "png"])
def test_hdr_that_is_kept_stays_in_the_sources_format(fallback: str) -> None:
    transform = parse_query([("format", "auto"), ("hdr", "keep")])
    assert negotiated("image/avif,image/webp", transform=transform, fallback=fallback) == fallback
