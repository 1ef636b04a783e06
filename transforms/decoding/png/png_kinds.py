"""Kinds of PNG that are none, each refused by a sentence that names it."""

from typing import IO

from progimage.errors import UnprocessableImage

_APPLE = b"CgBI"
_HEAD_BYTES = 16
"""Of the signature, and of the first chunk's size and kind."""


def check_kind(file: IO[bytes]) -> None:
    """Raise UnprocessableImage if Xcode has changed the PNG for iOS. Leave the file at its start."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if head.endswith(_APPLE):
        raise UnprocessableImage("Expected a PNG but received one that Xcode has changed for iOS (CgBI)")
