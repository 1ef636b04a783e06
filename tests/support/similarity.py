"""How alike two pictures are."""

from typing import Any

import numpy as np
from PIL import Image

_SIGMA = 1.5
_REACH = 5
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
_KERNEL = np.exp(-(np.arange(-_REACH, _REACH + 1) ** 2) / (2 * _SIGMA**2))
_KERNEL /= _KERNEL.sum()


def ssim(first: Image.Image, second: Image.Image) -> float:
    """Return the mean structural similarity of the lightness of two pictures of one size; 1 for equal ones.

    Source: Wang et al. 2004, Image Quality Assessment, with its window of 11 px and its constants."""
    a = _lightness(first)
    b = _lightness(second)
    mean_a = _weighed(a)
    mean_b = _weighed(b)
    variance_a = _weighed(a * a) - mean_a**2
    variance_b = _weighed(b * b) - mean_b**2
    covariance = _weighed(a * b) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    bound = (mean_a**2 + mean_b**2 + _C1) * (variance_a + variance_b + _C2)
    return float((likeness / bound).mean())


def _lightness(picture: Image.Image) -> Any:
    return np.asarray(picture.convert("L"), dtype=np.float64)


def _weighed(values: Any) -> Any:
    """Return the means of the windows that lie inside of the picture."""
    windows = np.lib.stride_tricks.sliding_window_view(values, _KERNEL.size, axis=1) @ _KERNEL
    return np.lib.stride_tricks.sliding_window_view(windows, _KERNEL.size, axis=0) @ _KERNEL
