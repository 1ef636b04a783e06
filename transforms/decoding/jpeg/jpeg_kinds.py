"""Kinds of JPEG that no decoder here reads, each refused by a sentence that names it."""

from typing import IO

from progimage.errors import UnprocessableImage
from transforms.decoding.failures import DAMAGED

from .jpeg_structure import Frame, find_frame

_DEPTH = 8
_COMPONENTS = (1, 3, 4)
_HIERARCHICAL = frozenset({0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF})
_LOSSLESS_ARITHMETIC = 0xCB


def check_kind(file: IO[bytes]) -> None:
    """Raise UnprocessableImage if the frame header names a kind that cannot be decoded, or if none is found.

    Pillow would look for it through millions of segments."""
    frame = find_frame(file)
    reason = _find_reason(frame) if frame else DAMAGED
    if reason:
        raise UnprocessableImage(reason)


def _find_reason(frame: Frame) -> str | None:
    if frame.bits != _DEPTH:
        return f"Expected a JPEG of {_DEPTH} bits per sample but received one of {frame.bits}"
    if len(frame.components) not in _COMPONENTS:
        return f"Expected a JPEG of 1, 3 or 4 components but received one of {len(frame.components)}"
    if frame.marker in _HIERARCHICAL:
        return "A hierarchical JPEG, which holds a picture in several sizes, cannot be decoded"
    if frame.marker == _LOSSLESS_ARITHMETIC:
        return "A lossless JPEG with arithmetic coding cannot be decoded"
    if not frame.size.height:
        return "A JPEG that tells its height behind its pixels (DNL) cannot be decoded"
    return None
