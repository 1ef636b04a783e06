"""Images on a canvas, and their pixels as whole numbers."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def array(image: Image.Image, mode: str = "RGB") -> NDArray[np.uint8]:
    return np.asarray(image.convert(mode))


def object_on(
    border: str, *, box: tuple[int, int, int, int] = (20, 10, 50, 40), mode: str = "RGB"
) -> Image.Image:
    image = Image.new(mode, (100, 60), border)
    image.paste("#804020", box)
    return image
