"""The errors of images: the bytes, or the result that a transform of them would have."""

import re

from .root_error import ProgImageError


class UnprocessableImage(ProgImageError):
    """An image is damaged, or exceeds a limit."""

    code = "unprocessable_image"
    status = 422
    summary = "The image cannot be processed"

    def __init__(self, message: str, *, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class ImageTooLarge(UnprocessableImage):
    code = "image_too_large"
    summary = "The image is too large"


class ResultTooLarge(UnprocessableImage):
    """No quality gives a result within max_bytes. The message ends with the smallest result's size."""

    code = "result_too_large"
    summary = "The result cannot be made small enough"

    @property
    def smallest_bytes(self) -> int | None:
        """The size of the smallest result, read from the message: the server remembers nothing else."""
        match = re.search(r"([0-9]+) bytes$", self.message)
        return int(match[1]) if match else None

    def members(self) -> dict[str, str | int]:
        members = super().members()
        if self.smallest_bytes:
            members["smallest_bytes"] = self.smallest_bytes
        return members


class TakesTooLong(UnprocessableImage):
    """A decode or a render needs more CPU time than one may have. Other limits of a server may suffice."""

    code = "takes_too_long"
    summary = "The image takes too much CPU time"
    is_lasting = False


class RendererEnded(UnprocessableImage):
    """The process that handled the image was ended twice: by a fault in a decoder, or for want of memory."""

    code = "renderer_ended"
    summary = "The image ended its renderer"
    is_lasting = False
