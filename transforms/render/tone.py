"""Rendering of progimage/operations/tone.py."""

from PIL import Image

from progimage.operations.tone import Grayscale

from .dispatch import render


@render.register
def grayscale(operation: Grayscale, image: Image.Image) -> Image.Image:
    grey = image.convert("L")
    if image.mode == "RGBA":
        return Image.merge("RGBA", (grey, grey, grey, image.getchannel("A")))
    return grey
