"""Animations as Chromium plays them: its ImageDecoder gives each frame, its time, and the number of repeats."""

import base64
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.conftest import skip_or_fail
from tests.support import images as made
from tests.support.animations import GifPart, Part, apng, gif, loop_count
from tests.support.chromium import CHROMIUM_FLAGS
from transforms.formats.table import FORMATS

pytestmark = pytest.mark.slow

DECODE = """async ([base64, type]) => {
    const data = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
    const decoder = new ImageDecoder({data, type, colorSpaceConversion: "none", premultiplyAlpha: "none"});
    await decoder.tracks.ready;
    await decoder.completed;
    const track = decoder.tracks.selectedTrack;
    const frames = [];
    for (let index = 0; index < track.frameCount; index++) {
        const {image} = await decoder.decode({frameIndex: index});
        const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
        frames.push([image.duration, canvas.width, canvas.height, Array.from(pixels)]);
    }
    return [track.repetitionCount === Infinity ? 0 : track.repetitionCount + 1, frames];
}"""


class Played(NamedTuple):
    plays: int
    durations_ms: list[float]
    frames: list[Any]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        # only a page of a secure origin has an ImageDecoder
        page.route("**/*", lambda route: route.fulfill(body="<html></html>", content_type="text/html"))
        page.goto("https://localhost/")
        yield page
        browser.close()


def played(page: Page, content: bytes, name: str) -> Played:
    data = base64.b64encode(content).decode()
    plays, frames = page.evaluate(DECODE, [data, FORMATS[name].media_type])
    arrays = [np.array(pixels, float).reshape(height, width, 4) for _, width, height, pixels in frames]
    return Played(plays, [duration / 1_000 for duration, *_ in frames], arrays)


def premultiplied(pixels: Any) -> Any:
    return np.dstack([pixels[..., :3] * pixels[..., 3:] / 255, pixels[..., 3]])


def random_apng(random: Random) -> bytes:
    parts = []
    for index in range(8):
        left, top = (random.randrange(7), random.randrange(7)) if index else (0, 0)
        width, height = (random.randint(1, 8 - left), random.randint(1, 8 - top)) if index else (8, 8)
        values = (0, 128, 255, random.randrange(256))
        rows = b"".join(b"\0" + bytes(random.choices(values, k=4 * width)) for _ in range(height))
        delay = (random.randint(2, 99), random.randint(1, 100))
        part = Part((left, top, width, height), rows, delay, random.randrange(3), random.randrange(2))
        parts.append(part)
    return apng((8, 8), parts, plays=random.randrange(4))


def random_gif(random: Random) -> bytes:
    parts = []
    for _ in range(8):
        left, top, width, height = (random.randrange(9) for _ in range(4))
        indices = [random.randrange(4) for _ in range((width + 1) * (height + 1))]
        transparent = random.choice([None, 0, 1, 3])
        palette = random.choice([b"", bytes(random.randrange(256) for _ in range(12))])
        part = GifPart(
            (left, top, width + 1, height + 1),
            indices,
            delay_cs=random.randint(2, 50),
            disposal=random.randrange(5),
            transparent=transparent,
            palette=palette,
        )
        parts.append(part)
    return gif((10, 10), parts, before=random.choice([b"", loop_count(0), loop_count(2)]))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("name", "make"), [("png", random_apng), ("gif", random_gif)])
def test_each_frame_is_as_in_the_browser(name: str, make: Any, seed: int, page: Page, tmp_path: Path) -> None:
    content = make(Random(seed))
    browser = played(page, content, name)
    own = made.frames_of(content, tmp_path)
    assert len(browser.frames) == len(own)
    for pixels, frame in zip(browser.frames, own, strict=True):
        expected = premultiplied(made.pixels(frame.image, "RGBA"))
        assert np.abs(premultiplied(pixels) - expected).max() <= 1.01
    for shown_ms, frame in zip(browser.durations_ms, own, strict=True):
        # Chromium cuts milliseconds off
        assert shown_ms == int(frame.duration_ms)


@pytest.mark.parametrize("plays", [0, 1, 3])
@pytest.mark.parametrize("name", made.ANIMATED)
def test_results_play_as_often_and_as_long(name: str, plays: int, page: Page, tmp_path: Path) -> None:
    parts = [
        Part((0, 0, 8, 8), (b"\0" + bytes((shade, 0, 0, 255)) * 8) * 8, delay=(1, 30))
        for shade in range(0, 250, 25)
    ]
    _, result = made.rendered(apng((8, 8), parts, plays=plays), f"format={name}", tmp_path)
    browser = played(page, result, name)
    total_ms = {"png": 330, "gif": 330}.get(name, 333)
    assert (browser.plays, sum(browser.durations_ms)) == (plays, total_ms)
    assert Fraction(10_000, 30) == sum(
        frame.duration_ms for frame in made.frames_of(apng((8, 8), parts), tmp_path)
    )
