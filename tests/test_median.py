"""The median filter."""

import pytest
from scipy import ndimage

from tests.support.filtering import filtered, shown, step, white_noise


class TestMedian:
    @pytest.mark.parametrize("side", [3, 5])
    @pytest.mark.parametrize("size", [(93, 70), (1, 1), (2, 9), (700, 301)], ids=str)
    def test_is_exact(self, size: tuple[int, int], side: int) -> None:
        image = white_noise(*size)
        expected = ndimage.median_filter(shown(image), size=(side, side, 1), mode="reflect")
        assert (filtered(f"median:size={side}", image) == expected).all()

    def test_removes_specks_and_keeps_edges(self) -> None:
        clean = step(60, 40)
        specked = clean.copy()
        for x in range(5, 60, 10):
            specked.putpixel((x, 20), (255, 0, 255))
        assert (filtered("median", specked) == shown(clean)).all()
